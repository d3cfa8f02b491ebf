"""A person is forgotten: nothing of theirs can be read anywhere any more, and facts, chain, seals and counts stay as they were."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import nats
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.js.errors import NotFoundError

from contracts.intake_erasure import DossierPersonalDataErased
from deploy.local import national_portal as simulator
from kernel.edge import logs
from kernel.eventlog import Refused
from kernel.eventlog.relay import stream_name
from kernel.eventlog.seal import key_id_of, seal_next
from kernel.eventlog.verify import Verdict, verify_log
from kernel.vault import KeyRing, Vault
from services.intake.domain import dossier
from services.intake.domain.commands import Erase
from services.intake.domain.retention import Rule, kept_until, rule_on
from services.intake.file_store import unseal
from services.intake.forget import QUERY as RETIRING
from services.intake.http_dossiers import PURPOSES
from services.intake.main import SERVICE
from services.intake.retention import is_compared, load_retention
from services.intake.settings import RETENTION
from tests.services.intake.desk import CITIZEN, ENTERPRISE, Desk
from tests.services.intake.papers import PDF_BYTES, Papers, judged, kept_in
from tests.services.intake.test_dossier import accepted, submitted, withdrawn
from tests.services.intake.test_outgoing import compare, national
from tests.services.rig import MONDAY, VAULT_KEYS, Rig, Running, eventually, problem
from tests.specification import given
from tests.traces import folded, found, in_tables, in_vault, readable

LAW: Final = Rule(from_on=date(2018, 5, 21), ending="withdrawn", keep_months=3, legal_basis="Luật Khiếu nại 02/2011/QH13, Điều 9")
PERSON: Final = CITIZEN | {"name": "Đặng Thị Huỳnh Nga", "email": "huynh.nga@hop-thu.example"}
MARKS: Final = ("name", "identity_number", "phone", "email", "address")
SCAN: Final = "Giấy khai sinh của Huỳnh Nga"
SAID: Final = "Cha: Đặng Văn Tới, thường trú tại ấp Bến Sắn"
PAPER: Final = PDF_BYTES + SAID.encode()
"""A file whose name and words are the person's. A neighbour has the same paper, under another name, and keeps it."""
PUBLIC: Final[str] = ENTERPRISE["name"]
"""Stands in a fact and is found before and after: the search finds what there is."""
LEAVING: Final = {"reason": "no-longer-needed"}
DEMAND: Final = {"ground": "on-demand"}


def ask(*, months: int = 3, rules: tuple[Rule, ...] = (LAW,)) -> Erase:
    """Demand erasure so many months after the withdrawal."""
    at = withdrawn.withdrawn_at
    month = at.month - 1 + months
    return Erase(ground="on-demand", rules=rules, at=at.replace(year=at.year + month // 12, month=month % 12 + 1), by="dpo")


def test_a_person_is_forgotten_when_the_law_lets_go() -> None:
    command = ask()
    given(dossier.DECIDER, submitted, withdrawn).when(command).then(
        DossierPersonalDataErased(
            dossier_id=submitted.dossier_id,
            agency=submitted.agency,
            ground="on-demand",
            legal_basis=LAW.legal_basis,
            erased_at=command.at,
            erased_by="dpo",
        )
    )


def test_a_demand_shortens_no_term_of_the_law() -> None:
    early = ask()
    given(dossier.DECIDER, submitted, withdrawn).when(replace(early, at=early.at - timedelta(days=1))).then_refused("retention-runs")


def test_what_no_rule_speaks_of_is_kept() -> None:
    given(dossier.DECIDER, submitted, withdrawn).when(ask(rules=())).then_refused("retention-unknown")


def test_a_dossier_that_is_open_is_not_erased() -> None:
    given(dossier.DECIDER, submitted).when(ask()).then_refused("not-now")
    given(dossier.DECIDER, submitted, accepted).when(ask()).then_refused("not-now")


def test_erasing_twice_records_nothing_new() -> None:
    (fact,) = dossier.decide(ask(), dossier.DECIDER.fold([submitted, withdrawn]))
    given(dossier.DECIDER, submitted, withdrawn, fact).when(ask()).then_nothing()


def test_the_rule_in_force_on_the_day_of_erasing_decides() -> None:
    later = replace(LAW, from_on=date(2026, 7, 1), keep_months=6)
    assert rule_on((later, LAW), "withdrawn", date(2026, 6, 30)) == LAW
    assert rule_on((later, LAW), "withdrawn", date(2026, 7, 1)) == later
    assert rule_on((later, LAW), "withdrawn", date(2018, 5, 20)) is None
    assert rule_on((later, LAW), "refused", date(2026, 7, 1)) is None


@pytest.mark.parametrize(
    ("ended", "months", "until"),
    [("2026-03-02", 3, "2026-06-02"), ("2026-11-30", 3, "2027-02-28"), ("2023-11-30", 3, "2024-02-29"), ("2024-02-29", 12, "2025-02-28")],
)
def test_a_term_in_months_ends_on_the_same_day_or_the_last_of_the_month(ended: str, months: int, until: str) -> None:
    at = datetime.combine(date.fromisoformat(ended), MONDAY.timetz())
    assert kept_until(replace(LAW, keep_months=months), at) == date.fromisoformat(until)


def test_there_is_a_rule_for_every_way_in_which_a_dossier_ends() -> None:
    rules = load_retention(RETENTION)
    assert all(rule_on(rules, ending, date(2026, 3, 2)) for ending in ("returned", "refused", "withdrawn"))


async def in_stream(rig: Rig, intake: Running) -> str:
    """Give every message of the mirror, once it is level with the log."""
    client = await nats.connect(rig.nats.url)
    try:
        context = client.jetstream()

        async def last() -> int:
            with contextlib.suppress(NotFoundError):  # the relay has not made it yet
                return (await context.stream_info(stream_name("intake"))).state.last_seq
            return 0

        events = len(await intake.events())
        await eventually(last, lambda at: at >= events)
        messages = [await context.get_msg(stream_name("intake"), at) for at in range(1, await last() + 1)]
    finally:
        await client.close()
    return " ".join(readable((one.subject or "").encode() + (one.data or b"")) for one in messages)


async def in_files(intake: Running, folder: Path) -> tuple[str, str]:
    """Give the names and bytes in the store of files, as they lie there and as the holder of the vault's keys can read them."""
    vault = Vault(KeyRing.parse(VAULT_KEYS), PURPOSES)
    async with intake.connected(intake.database.owner_dsn) as connection:
        rows = await connection.fetch("SELECT o.id, e.ref, e.stream, e.key_id, e.body FROM vault.entry e JOIN files.object o USING (ref)")
    keys = {str(row["id"]): b64decode(vault._open(*row[1:]).document["key"]) for row in rows}
    lying = kept_in(folder)
    opened = [unseal(name, content, key) for name, content in lying.items() if (key := keys.get(name.split("/")[1]))]
    return " ".join(name + readable(content) for name, content in lying.items()), " ".join(map(readable, opened))


async def places(rig: Rig, intake: Running, lines: io.StringIO) -> dict[str, str]:
    """Give everything that is kept, by where."""
    files, opened = await in_files(intake, rig.folder / "files")
    async with intake.connected(f"{rig.postgres.admin_dsn.rpartition('/')[0]}/{intake.database.name}") as everything:
        tables, vault = await in_tables(everything), await in_vault(everything, VAULT_KEYS)
    return tables | {
        "files": files,
        "files, opened": opened,
        "vault, opened": vault,
        "stream": await in_stream(rig, intake),
        "log lines": folded(lines.getvalue()),
    }


async def seal(intake: Running, key: Ed25519PrivateKey) -> None:
    """Seal all that was recorded so far."""
    async with asyncpg.create_pool(intake.database.runtime_dsn, min_size=1, max_size=1) as pool:
        assert await seal_next(pool, "intake", key)


async def verdict(intake: Running, key: Ed25519PrivateKey) -> Verdict:
    """Check the log's chains and seals."""
    public = key.public_key()
    async with intake.connected() as connection:
        checked = await verify_log(connection, "intake", {key_id_of(public): public})
    assert checked.good
    return checked


async def test_whoever_was_forgotten_is_found_in_no_table_stream_or_log_line(rig: Rig, intake: Running, desk: Desk) -> None:
    lines = io.StringIO()
    logs.configure("intake", "DEBUG", out=lines)
    id, other = await desk.submit(applicant=PERSON), await desk.submit(applicant=ENTERPRISE)
    personal, papers = f"/v1/dossiers/{id}/personal", Papers(desk)
    file, on_its_way = await papers.attach(id, PAPER, file_name=f"{SCAN}.pdf"), await papers.declare(id, PAPER, file_name=f"{SCAN}.pdf")
    await papers.patch(on_its_way, 0, PAPER[:-5])
    neighbours = await papers.attach(other, PAPER)
    await judged(papers, other)
    assert (await intake.get(f"/v1/dossiers/{id}/files/{file}", desk.officer, purpose="contact")).content == PAPER
    assert (await intake.get(personal, desk.officer, purpose="contact")).json() == PERSON
    problem(await desk.ask(id, "erasure", DEMAND, intake.token("data-protection", sub="dpo")), 409, "not-now")
    await desk.do(id, "withdrawal", LEAVING)
    key = Ed25519PrivateKey.generate()
    await seal(intake, key)
    before, bodies, kept = await places(rig, intake, lines), await intake.bodies(), await desk.kept()
    for mark in MARKS:
        assert found(before, PERSON[mark]) == {"vault, opened"}, mark
    assert {"log.event", "stream"} <= found(before, PUBLIC)
    assert found(before, SCAN) == {"vault, opened"}
    assert found(before, SAID) == {"files, opened"}
    assert found(before, hashlib.sha256(PAPER).hexdigest()) == {"vault, opened"}

    intake.later(days=92)
    answer = (await intake.post(f"/v1/dossiers/{id}/erasure", DEMAND, intake.token("data-protection", sub="dpo"))).json()
    assert (answer["state"], answer["erased"]) == ("withdrawn", True)
    await intake.get("/v1/dossiers", desk.officer, after=answer["position"])

    after = await places(rig, intake, lines)
    for mark in MARKS:
        assert found(after, PERSON[mark]) == set(), mark
    assert found(after, SCAN) == set()
    assert list(kept_in(rig.folder / "files")) == [f"files/{neighbours}"]
    problem(await intake.get(f"/v1/dossiers/{id}/files/{file}", desk.officer, purpose="contact"), 404, "erased")
    problem(await intake.get(f"/v1/dossiers/{id}/file-names", desk.officer, purpose="contact"), 404, "erased")
    assert (await intake.get(f"/v1/dossiers/{other}/files/{neighbours}", desk.officer, purpose="contact")).content == PAPER
    assert {"log.event", "stream"} <= found(after, PUBLIC)
    assert lines.getvalue()
    problem(await intake.get(personal, desk.officer, purpose="contact"), 404, "erased")
    assert (await intake.get(f"/v1/dossiers/{other}/personal", desk.officer, purpose="contact")).json() == ENTERPRISE
    assert (await intake.bodies()).startswith(bodies)
    assert await desk.kept() == {"log.event": kept["log.event"] + 1, "vault.entry": 2, "edge.command": kept["edge.command"] + 1}
    await seal(intake, key)
    checked = await verdict(intake, key)
    assert (checked.events, checked.sealed_upto, checked.seals) == (kept["log.event"] + 1, kept["log.event"] + 1, 2)
    assert ("dpo", "erasure") in await desk.readings()


async def test_an_erasure_that_the_law_forbids_says_until_when_and_leaves_everything(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    officer = intake.token("data-protection")
    problem(await desk.ask(id, "erasure", DEMAND, officer), 409, "not-now")
    await desk.do(id, "withdrawal", LEAVING)
    kept = await desk.kept()
    body = problem(await desk.ask(id, "erasure", DEMAND, officer), 409, "retention-runs")
    assert (body["until"], body["legal_basis"]) == ("2026-06-02", LAW.legal_basis)
    assert await desk.kept() == kept
    problem(await desk.ask(id, "erasure", DEMAND | {"ground": "whim"}, officer), 422, "invalid-input")


async def test_what_a_crash_left_in_the_vault_is_given_to_nobody_and_erased_by_the_worker(rig: Rig) -> None:
    async with rig.running(SERVICE, erasure_look_seconds=0.7) as intake:
        desk = Desk(intake)
        id, other = await desk.submit(), await desk.submit()
        await desk.do(id, "withdrawal", LEAVING)
        intake.later(days=92)
        async with intake.connected(intake.database.owner_dsn) as connection:
            left = await connection.fetchrow("SELECT ref, stream, key_id, body FROM vault.entry WHERE stream = $1", UUID(id))
            Desk.done(await desk.ask(id, "erasure", DEMAND, intake.token("data-protection")))
            assert left is not None
            # Whoever dies between the fact and the vault leaves the entry as it was.
            await connection.execute("INSERT INTO vault.entry (ref, stream, key_id, body) VALUES ($1, $2, $3, $4)", *left)
        problem(await intake.get(f"/v1/dossiers/{id}/personal", desk.officer, purpose="contact"), 404, "erased")

        async def entries() -> int:
            return (await desk.kept())["vault.entry"]

        await eventually(entries, lambda count: count == 1)
        assert (await intake.get(f"/v1/dossiers/{other}/personal", desk.officer, purpose="contact")).json() == CITIZEN


COMPARED: Final = """
confidence: H
source: compared with the law by a test
rules:
  - {from_on: 2018-05-21, ending: withdrawn, keep_months: 3, legal_basis: "Luật Khiếu nại 02/2011/QH13, Điều 9"}
"""


async def gone(desk: Desk, *, days: float) -> str:
    """Give a dossier that was withdrawn so many days ago, by the real clock."""
    desk.intake.moment = datetime.now(UTC) - timedelta(days=days)
    id = await desk.submit()
    await desk.do(id, "withdrawal", LEAVING)
    return id


async def test_whose_term_is_over_is_forgotten_without_being_asked_for_and_nobody_else(rig: Rig, tmp_path: Path) -> None:
    file = tmp_path / "retention.yaml"
    file.write_text(COMPARED, encoding="utf-8")
    async with rig.running(SERVICE, retention=file, retention_look_seconds=0.2) as intake:
        desk = Desk(intake)
        over, lately = await gone(desk, days=100), await gone(desk, days=80)
        intake.moment = datetime.now(UTC) - timedelta(days=200)
        open_ = await desk.submit()
        (erased,) = await eventually(lambda: intake.events(DossierPersonalDataErased))
        assert (str(erased.stream), erased.fact.ground, erased.fact.erased_by) == (over, "retention-over", "system:intake")

        async def left() -> int:
            return (await desk.kept())["vault.entry"]

        await eventually(left, lambda count: count == 2)
        problem(await intake.get(f"/v1/dossiers/{over}/personal", desk.officer, purpose="contact"), 404, "erased")
        for id in (lately, open_):
            assert (await intake.get(f"/v1/dossiers/{id}/personal", desk.officer, purpose="contact")).json() == CITIZEN
        async with intake.connected() as connection:
            asked = await connection.fetch(RETIRING["retention_over"], "withdrawn", datetime.now(UTC), 3, 10)
        assert asked == [], "it is not looked at again"
        assert len(await intake.events(DossierPersonalDataErased)) == 1


async def test_by_terms_that_nobody_has_compared_with_the_law_nothing_is_erased_unless_asked_for(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    assert not is_compared(RETENTION)
    async with rig.running(SERVICE, retention_look_seconds=0.01) as intake:
        desk = Desk(intake)
        id = await gone(desk, days=400)

        async def warned() -> bool:
            return "nothing is erased unless asked for" in caplog.text

        await eventually(warned)
        assert (await intake.get(f"/v1/dossiers/{id}/personal", desk.officer, purpose="contact")).json() == CITIZEN
        assert await intake.events(DossierPersonalDataErased) == []


NOT_TOLD_YET: Final = """
UPDATE portal.delivery SET state = 'waiting', attempts = 0, due_at = now() + interval '1 hour'
WHERE id = (SELECT max(id) FROM portal.delivery WHERE receiver = 'national' AND stream = $1 AND state = 'done')
RETURNING pos
"""


async def test_a_comparison_gives_no_name_back_that_was_taken_away_before_the_portal_was_told_why(rig: Rig) -> None:
    portal = simulator.Portal()
    async with national(rig, portal) as intake:
        desk = Desk(intake)
        id = await desk.submit(applicant=PERSON)
        await desk.do(id, "withdrawal", LEAVING)
        intake.later(days=92)
        async with intake.connected(intake.database.owner_dsn) as owner:
            left = await owner.fetchrow("SELECT ref, stream, key_id, body FROM vault.entry WHERE stream = $1", UUID(id))
            Desk.done(await desk.ask(id, "erasure", DEMAND, intake.token("data-protection")))
            (erased,) = [event for event in await intake.events() if isinstance(event.fact, DossierPersonalDataErased)]

            async def told() -> int:
                done = "SELECT max(pos) FROM portal.delivery WHERE receiver = 'national' AND stream = $1 AND state = 'done'"
                return await owner.fetchval(done, UUID(id)) or 0

            await eventually(told, lambda pos: pos == erased.pos)
            # As if an earlier fact had gone late, told with no name, and this one were still to be told; and the vault not empty yet.
            assert await owner.fetchval(NOT_TOLD_YET, UUID(id)) == erased.pos
            assert left is not None
            await owner.execute("INSERT INTO vault.entry (ref, stream, key_id, body) VALUES ($1, $2, $3, $4)", *left)
        assert [day["mended"] for day in await compare(intake)] == [[]]
        assert [one["ChuHoSo"] for one in portal.dossiers.values()] == [""]


async def test_who_is_forgotten_is_forgotten_by_the_national_portal_too_and_before_the_vault_is_empty(rig: Rig) -> None:
    portal = simulator.Portal()
    async with national(rig, portal) as intake:
        desk = Desk(intake)
        id, other = await desk.submit(applicant=PERSON), await desk.submit()
        for one in (id, other):
            await desk.do(one, "withdrawal", LEAVING)

        async def names() -> list[str]:
            return sorted(one["ChuHoSo"] for one in portal.dossiers.values())

        await eventually(names, lambda found: found == [CITIZEN["name"], PERSON["name"]])
        intake.later(days=92)
        async with intake.connected(intake.database.owner_dsn) as owner:
            left = await owner.fetchrow("SELECT ref, stream, key_id, body FROM vault.entry WHERE stream = $1", UUID(id))
            Desk.done(await desk.ask(id, "erasure", DEMAND, intake.token("data-protection")))
            assert left is not None
            await owner.execute("INSERT INTO vault.entry (ref, stream, key_id, body) VALUES ($1, $2, $3, $4)", *left)
        await eventually(names, lambda found: found == ["", CITIZEN["name"]])
        (forgotten,) = (one for one in portal.dossiers.values() if not one["ChuHoSo"])
        assert not [mark for mark in MARKS if PERSON[mark] in json.dumps(forgotten, ensure_ascii=False)]
        assert (forgotten["TrangThaiHoSo"], len(portal.lines[forgotten["MaHoSo"]])) == ("7", 2), "all else stays"
        assert [day["mended"] for day in await compare(intake)] == [[]], "and so it is to be"


def test_a_refusal_of_erasure_names_no_person() -> None:
    with pytest.raises(Refused) as caught:
        dossier.decide(ask(months=1), dossier.DECIDER.fold([submitted, withdrawn]))
    assert set(caught.value.detail) == {"legal", "until", "legal_basis"}


async def test_who_has_read_a_persons_data_is_told_to_whoever_answers_for_it_also_after_it_is_gone(rig: Rig) -> None:
    async with rig.running(SERVICE) as intake:
        desk = Desk(intake)
        id, officer = await desk.submit(applicant=PERSON), intake.token("officer", sub="nv-tm-03")
        (await intake.get(f"/v1/dossiers/{id}/personal", officer, purpose="contact")).raise_for_status()
        (await intake.get(f"/v1/dossiers/{id}/personal", officer, purpose="appraisal")).raise_for_status()
        dpo, at = intake.token("data-protection", sub="dpo"), f"/v1/dossiers/{id}/readings"

        async def told() -> list[tuple[str, str, str]]:
            return [(one["by"], one["purpose"], one["of"]) for one in (await intake.get(at, dpo)).json()["items"]]

        read = [("nv-tm-03", "appraisal", "personal"), ("nv-tm-03", "contact", "personal")]
        assert [one for one in await told() if one[0] == "nv-tm-03"] == read
        assert "Huỳnh" not in (await intake.get(at, dpo)).text
        problem(await intake.get(at, officer), 403, "not-allowed")
        problem(await intake.get(at, intake.token("data-protection", sub="dpo", agencies=("H10.5",))), 403, "other-agency")
        problem(await intake.get(f"/v1/dossiers/{UUID(int=9)}/readings", dpo), 404, "not-found")
        await intake.forget(PURPOSES, id)
        assert (await told())[0] == ("dpo", "erasure", "personal")
        assert read == [one for one in await told() if one[0] == "nv-tm-03"]
