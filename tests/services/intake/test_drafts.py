"""A submission that is begun today and handed in tomorrow: its owner's alone, sealed, bounded, and in no fact."""

from __future__ import annotations

import asyncio
import io
import unicodedata
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest

from contracts.intake import DossierSubmitted
from kernel.edge import logs
from services.intake.domain.retention import DraftRule, draft_days_on
from services.intake.main import SERVICE
from services.intake.retention import load_draft_rules
from services.intake.settings import RETENTION
from tests.services.intake.desk import CITIZEN, ENTERPRISE, PETROL, Desk, pointers, submission
from tests.services.intake.test_erasure import DEMAND, MARKS, PERSON, found, places
from tests.services.rig import Rig, Running, eventually, problem

PART: Final[dict[str, Any]] = {"procedure": PETROL, "applicant": {"name": "Đặng Thị Huỳnh Nga", "phone": "09"}}
"""What somebody has written before the telephone rang."""
LEAVING: Final = {"reason": "no-longer-needed"}


@pytest.fixture
async def sweeping(rig: Rig) -> AsyncGenerator[Running]:
    async with rig.running(SERVICE, drafts_look_seconds=0.05, drafts_max=3) as running:
        yield running


def owner(intake: Running, sub: str = "nga") -> str:
    return intake.token("portal", sub=sub)


async def begin(intake: Running, content: dict[str, Any], sub: str = "nga", **of: Any) -> dict[str, Any]:
    return Desk.done(await intake.post("/v1/drafts", content, owner(intake, sub), **of))


async def save(intake: Running, id: str, content: dict[str, Any], tag: str | None, **of: Any) -> httpx2.Response:
    headers = {**({} if tag is None else {"If-Match": tag}), **of}
    return await intake.ask("PUT", f"/v1/drafts/{id}", owner(intake), headers, json=content)


async def hand_in(intake: Running, id: str, sub: str = "nga", **of: Any) -> httpx2.Response:
    return await intake.post(f"/v1/drafts/{id}/submission", {}, owner(intake, sub), **of)


async def kept(intake: Running) -> tuple[int, int]:
    """Count drafts, and entries of the vault that are theirs."""
    async with intake.connected() as connection:
        drafts = await connection.fetchval("SELECT count(*) FROM drafts.draft")
        return drafts, await connection.fetchval("SELECT count(*) FROM vault.entry WHERE stream NOT IN (SELECT stream FROM log.event)")


async def test_what_was_begun_is_resumed_saved_and_handed_in_and_is_the_dossiers_first_fact(intake: Running) -> None:
    before = len(await intake.events())
    begun = await begin(intake, PART)
    answer = await intake.get(f"/v1/drafts/{begun['id']}", owner(intake))
    assert (answer.json()["content"], answer.headers["etag"]) == (PART, '"1"')
    saved = Desk.done(await save(intake, begun["id"], submission(), answer.headers["etag"]))
    assert (saved["version"], saved["faults"], saved["missing"]) == (2, [], [])
    assert len(await intake.events()) == before, "a draft stands in no fact"
    answer = await hand_in(intake, begun["id"])
    dossier = Desk.done(answer)["id"]
    assert (answer.status_code, answer.headers["location"], answer.headers["etag"]) == (201, f"/v1/dossiers/{dossier}", '"1"')
    (event,) = await intake.events(stream=dossier)
    assert isinstance(event.fact, DossierSubmitted)
    assert await kept(intake) == (0, 0)


async def test_a_draft_says_what_keeps_it_from_being_handed_in_as_a_submission_would(intake: Running) -> None:
    begun = await begin(intake, PART)
    assert sorted(fault["pointer"] for fault in begun["faults"]) == [
        "/applicant/address",
        "/applicant/kind",
        "/applicant/phone",
        "/channel",
        "/components",
    ]
    assert begun["missing"] == sorted(submission()["components"])
    refused = problem(await hand_in(intake, begun["id"]), 422, "invalid-input")
    assert refused["errors"] == begun["faults"]
    unknown = await begin(intake, submission() | {"procedure": "3.999999"})
    assert [fault["pointer"] for fault in unknown["faults"]] == ["/procedure"]
    lacking = await begin(intake, submission(without={"don-de-nghi"}))
    assert (lacking["faults"], lacking["missing"]) == ([], ["don-de-nghi"])


async def test_what_is_written_is_checked_for_unknown_fields_size_and_spelling(intake: Running, subtests: pytest.Subtests) -> None:
    before = await intake.kept()
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "a field that is misspelt": ({"chanel": "desk"}, "/chanel"),
        "a field of the applicant that is misspelt": ({"applicant": {"adress": "Thủ Dầu Một"}}, "/applicant/adress"),
        "a name of 200 kB": ({"applicant": {"name": "Á" * 100_000}}, "/applicant/name"),
        "a name that no database can show": ({"applicant": {"name": "Nga\u0000"}}, "/applicant/name"),
        "more components than any procedure has": ({"components": ["don-de-nghi"] * 51}, "/components"),
    }
    for name, (content, pointer) in wrong.items():
        with subtests.test(name):
            assert pointers(problem(await intake.post("/v1/drafts", content, owner(intake)), 422, "invalid-input")) == [pointer]
    assert await intake.kept() == before
    apart = unicodedata.normalize("NFD", "Nguyễn Thị Ánh")
    begun = await begin(intake, {"applicant": {"name": apart}})
    content = (await intake.get(f"/v1/drafts/{begun['id']}", owner(intake))).json()["content"]
    assert content == {"applicant": {"name": unicodedata.normalize("NFC", apart)}} != {"applicant": {"name": apart}}


async def test_nobody_but_its_owner_sees_saves_deletes_or_hands_in_a_draft(intake: Running) -> None:
    begun = await begin(intake, submission())
    for sub, role in (("other", "portal"), ("desk", "desk")):
        token = intake.token(role, sub=sub)
        problem(await intake.get(f"/v1/drafts/{begun['id']}", token), 404, "not-found")
        tagged = {"If-Match": '"1"'}
        problem(await intake.ask("PUT", f"/v1/drafts/{begun['id']}", token, tagged, json=PART), 404, "not-found")
        problem(await intake.post(f"/v1/drafts/{begun['id']}/submission", {}, token), 404, "not-found")
        assert (await intake.ask("DELETE", f"/v1/drafts/{begun['id']}", token)).status_code == 204
        assert (await intake.get("/v1/drafts", token)).json() == {"items": []}
    assert [one["id"] for one in (await intake.get("/v1/drafts", owner(intake))).json()["items"]] == [begun["id"]]
    problem(await intake.get("/v1/drafts", intake.token("officer", sub="nga")), 403, "not-allowed")
    Desk.done(await hand_in(intake, begun["id"]))
    token = intake.token("portal", sub="other")
    problem(await intake.post(f"/v1/drafts/{begun['id']}/submission", {}, token), 404, "not-found")


async def test_nobody_writes_over_what_he_has_not_seen(intake: Running) -> None:
    begun = await begin(intake, PART)
    problem(await save(intake, begun["id"], submission(), None), 428, "if-match-missing")
    Desk.done(await save(intake, begun["id"], submission(), '"1"'))
    problem(await save(intake, begun["id"], PART, '"1"'), 412, "changed-meanwhile")
    problem(await hand_in(intake, begun["id"], If_Match='"1"'), 412, "changed-meanwhile")
    gone = await intake.ask("DELETE", f"/v1/drafts/{begun['id']}", owner(intake), {"If-Match": '"1"'})
    problem(gone, 412, "changed-meanwhile")
    assert (await intake.get(f"/v1/drafts/{begun['id']}", owner(intake))).json()["faults"] == []
    Desk.done(await hand_in(intake, begun["id"], If_Match='"2"'))


async def test_beginning_saving_and_deleting_twice_is_once(intake: Running) -> None:
    first, again = [await begin(intake, PART, key="k") for _ in range(2)]
    assert first == again
    problem(await intake.post("/v1/drafts", submission(), owner(intake), key="k"), 422, "idempotency-key-reused")
    key = {"Idempotency-Key": uuid4().hex}
    once, twice = [Desk.done(await save(intake, first["id"], submission(), '"1"', **key)) for _ in range(2)]
    assert once == twice
    assert once["version"] == 2
    assert await kept(intake) == (1, 1)
    for _ in range(2):
        assert (await intake.ask("DELETE", f"/v1/drafts/{first['id']}", owner(intake))).status_code == 204
    assert await kept(intake) == (0, 0)


async def test_handing_in_twice_is_once(intake: Running) -> None:
    begun = await begin(intake, submission(), key="first")
    first, again = [await hand_in(intake, begun["id"], key="k") for _ in range(2)]
    assert (first.json(), again.headers["idempotency-replayed"]) == (again.json(), "true")
    told = problem(await hand_in(intake, begun["id"]), 409, "draft-handed-in")
    assert told["dossier_id"] == first.json()["id"]
    problem(await intake.post("/v1/drafts", submission(), owner(intake), key="first"), 409, "draft-handed-in")
    assert len(await intake.events(DossierSubmitted)) == 1


async def test_of_many_who_hand_one_draft_in_at_once_one_is_first_and_no_other_dossier_comes_of_it(intake: Running) -> None:
    begun = await begin(intake, submission())
    answers = await asyncio.gather(*(hand_in(intake, begun["id"]) for _ in range(12)))
    (first,) = [answer for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer is not first:
            assert problem(answer, 409, "draft-handed-in")["dossier_id"] == first.json()["id"]
    assert len(await intake.events(DossierSubmitted)) == 1
    assert await kept(intake) == (0, 0)


async def test_what_is_saved_while_it_is_handed_in_is_either_in_the_dossier_or_still_a_draft(intake: Running) -> None:
    for _ in range(8):
        begun = await begin(intake, submission())
        other = submission(applicant=CITIZEN | {"name": "Lê Thị Hòa"})
        saved, handed = await asyncio.gather(save(intake, begun["id"], other, '"1"'), hand_in(intake, begun["id"]))
        drafts, _ = await kept(intake)
        match (saved.status_code, handed.status_code):
            case (200, 412):
                assert drafts == 1
            case (200, 201):
                assert drafts == 0
            case (409, 201):
                assert drafts == 0
            case other_answers:
                raise AssertionError(other_answers)
        await intake.ask("DELETE", f"/v1/drafts/{begun['id']}", owner(intake))


async def test_an_account_has_so_many_drafts_and_no_more_even_when_they_come_at_once(sweeping: Running) -> None:
    answers = await asyncio.gather(*(sweeping.post("/v1/drafts", PART, owner(sweeping)) for _ in range(8)))
    assert await kept(sweeping) == (3, 3)
    for answer in answers:
        if answer.status_code not in {201, 503}:
            problem(answer, 409, "too-many-drafts")
    assert sum(answer.status_code == 201 for answer in answers) == 3
    await begin(sweeping, PART, "somebody-else")
    (one, *_) = (await sweeping.get("/v1/drafts", owner(sweeping))).json()["items"]
    await sweeping.ask("DELETE", f"/v1/drafts/{one['id']}", owner(sweeping))
    await begin(sweeping, PART)


async def test_a_draft_that_nobody_went_on_with_is_swept_with_what_the_vault_has_of_it(sweeping: Running) -> None:
    old, new = await begin(sweeping, PART), await begin(sweeping, PART)
    days = (datetime.fromisoformat(old["expires_at"]) - datetime.fromisoformat(old["saved_at"])).days
    handed = Desk.done(await hand_in(sweeping, (await begin(sweeping, submission()))["id"]))
    async with sweeping.connected() as connection:
        aged = "UPDATE drafts.draft SET saved_at = saved_at - make_interval(days => $1) WHERE id = $2"
        await connection.execute(aged, days, old["id"])
    problem(await sweeping.get(f"/v1/drafts/{old['id']}", owner(sweeping)), 404, "not-found")
    await eventually(lambda: kept(sweeping), lambda left: left == (1, 1))
    assert [one["id"] for one in (await sweeping.get("/v1/drafts", owner(sweeping))).json()["items"]] == [new["id"]]
    assert (await sweeping.get(f"/v1/dossiers/{handed['id']}", owner(sweeping))).status_code == 200


async def test_who_asks_to_be_forgotten_leaves_no_draft_and_an_old_dossiers_end_of_term_takes_none(intake: Running, desk: Desk) -> None:
    officer = intake.token("data-protection")
    over = [await desk.submit(applicant=PERSON) for _ in range(2)]
    for id in over:
        await desk.do(id, "withdrawal", LEAVING)
    draft = await begin(intake, submission(applicant=PERSON))
    other = await begin(intake, submission(applicant=ENTERPRISE), "somebody-else")
    intake.later(days=100)
    Desk.done(await desk.ask(over[0], "erasure", {"ground": "retention-over"}, officer))
    assert (await intake.get(f"/v1/drafts/{draft['id']}", owner(intake))).status_code == 200
    Desk.done(await desk.ask(over[1], "erasure", DEMAND, officer))
    problem(await intake.get(f"/v1/drafts/{draft['id']}", owner(intake)), 404, "not-found")
    assert (await intake.get(f"/v1/drafts/{other['id']}", owner(intake, "somebody-else"))).status_code == 200
    assert (await intake.readings())[-1] == ("somebody-else", "own-draft")


async def test_what_is_written_lies_sealed_and_stands_in_no_other_table_no_stream_and_no_log_line(rig: Rig, intake: Running) -> None:
    lines = io.StringIO()
    logs.configure("intake", "DEBUG", out=lines)
    begun = await begin(intake, submission(applicant=PERSON))
    Desk.done(await save(intake, begun["id"], submission(applicant=PERSON), '"1"'))
    misplaced = await begin(intake, {"procedure": PERSON["name"], "channel": PERSON["phone"], "components": [PERSON["email"]]})
    before = await places(rig, intake, lines)
    assert all(found(before, PERSON[mark]) == {"vault, opened"} for mark in MARKS)
    for draft in (begun, misplaced):
        await intake.ask("DELETE", f"/v1/drafts/{draft['id']}", owner(intake))
    after = await places(rig, intake, lines)
    assert all(found(after, PERSON[mark]) == set() for mark in MARKS)


async def test_a_desk_officer_keeps_drafts_for_others_and_hands_them_in(intake: Running, desk: Desk) -> None:
    begun = Desk.done(await intake.post("/v1/drafts", submission(channel="post"), desk.officer))
    dossier = Desk.done(await intake.post(f"/v1/drafts/{begun['id']}/submission", {}, desk.officer))["id"]
    assert (await desk.dossier(dossier))["channel"] == "post"


def test_the_rule_of_the_day_says_how_long_a_draft_is_kept() -> None:
    early = DraftRule(from_on=date(2026, 1, 1), keep_days=30, legal_basis="Luật 91/2025/QH15")
    late = DraftRule(from_on=date(2027, 1, 1), keep_days=10, legal_basis="Luật 91/2025/QH15")
    days = [draft_days_on((late, early), day) for day in (date(2025, 5, 1), date(2026, 12, 31), datetime(2027, 1, 1, tzinfo=UTC).date())]
    assert days == [30, 30, 10]


def test_where_the_rules_on_file_say_nothing_of_drafts_those_that_come_with_the_code_hold(tmp_path: Path) -> None:
    file = tmp_path / "retention.yaml"
    file.write_text("confidence: L\nsource: Luật Lưu trữ\nrules: []\n", encoding="utf-8")
    assert load_draft_rules(file) == load_draft_rules(RETENTION) != ()
