"""The list of dossiers: by the page, by state and agency, for whom it may concern, and as far as the caller has seen already."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.services.intake.desk import NOT_COMPLETE, NOTICE, PETROL, Desk, pointers, submission
from tests.services.rig import AGENCY, MONDAY, Running, problem


async def listed(intake: Running, token: str | None = None, **query: Any) -> dict[str, Any]:
    """List, as the desk unless a token is given."""
    return Desk.done(await intake.get("/v1/dossiers", token or intake.token("desk"), **query))


async def level(intake: Running, id: str) -> None:
    """Wait until the list knows the newest of a dossier."""
    found = await intake.get(f"/v1/dossiers/{id}", intake.token("desk"))
    await listed(intake, after=found.json()["position"])


async def test_pages_hold_every_dossier_once_the_newest_first_also_while_others_arrive(intake: Running, desk: Desk) -> None:
    ids = list[str]()
    for n in range(7):
        intake.moment = MONDAY + timedelta(minutes=n // 2)  # two by two at the same instant
        ids.append(await desk.submit())
    await level(intake, ids[-1])
    seen, page = list[dict[str, Any]](), await listed(intake, limit=3)
    while True:
        seen += page["items"]
        if page["next"] is None:
            break
        intake.later(minutes=1)
        await level(intake, await desk.submit())
        page = await listed(intake, limit=3, cursor=page["next"])
    assert sorted(item["dossier_id"] for item in seen) == sorted(ids)
    keys = [(datetime.fromisoformat(item["submitted_at"]), item["dossier_id"]) for item in seen]
    assert keys == sorted(keys, reverse=True)


async def test_the_next_page_is_linked_and_a_cursor_serves_its_own_list_only(intake: Running, desk: Desk) -> None:
    ids = [await desk.submit() for _ in range(2)]
    await level(intake, ids[-1])
    answer = await intake.get("/v1/dossiers", desk.officer, limit=1)
    cursor = answer.json()["next"]
    assert 'rel="next"' in answer.headers["link"]
    assert cursor in answer.headers["link"]
    for query in ({"cursor": cursor, "state": "submitted"}, {"cursor": cursor[:-2] + "xx"}, {"cursor": "x"}):
        assert pointers(problem(await intake.get("/v1/dossiers", desk.officer, **query), 422, "invalid-input")) == ["/cursor"]


async def test_a_row_follows_its_dossier_through_every_state(intake: Running, desk: Desk) -> None:
    refusal = {"reason": "duplicate", "legal_basis": "Nghị định 61/2018/NĐ-CP"}
    ids = {name: await desk.submit(without={"don-de-nghi"} if name == "awaiting-supplement" else set()) for name in STATES}
    await desk.do(ids["awaiting-supplement"], "supplement-request", NOT_COMPLETE)
    await desk.do(ids["accepted"], "acceptance")
    await desk.do(ids["refused"], "refusal", refusal)
    receipt = await desk.do(ids["withdrawn"], "withdrawal", {"reason": "will-resubmit"})
    await listed(intake, after=receipt["position"])
    for state, id in ids.items():
        (row,) = (await listed(intake, state=state))["items"]
        assert (row["dossier_id"], row["state"], row["agency"]) == (id, state, AGENCY)
        assert (row["procedure"], row["channel"], row["applicant_kind"]) == (PETROL, "desk", "individual")
        assert (row["code"] is not None) == (row["due_on"] is not None) == (row["accepted_at"] is not None) == (state == "accepted")
        assert (row["ended_at"] is not None) == (state in {"refused", "withdrawn"})


STATES = ("submitted", "awaiting-supplement", "accepted", "refused", "withdrawn")


async def test_a_list_holds_nothing_personal(intake: Running, desk: Desk) -> None:
    await level(intake, await desk.submit())
    text = (await intake.get("/v1/dossiers", desk.officer)).text
    applicant = submission()["applicant"]
    assert not [value for name, value in applicant.items() if name != "kind" and value in text]


async def test_everybody_sees_the_dossiers_of_his_own_agencies_and_of_those_below_them(intake: Running, desk: Desk) -> None:
    await level(intake, await desk.submit(NOTICE))
    for agencies, count in (
        (("H09",), 1),
        ((AGENCY,), 1),
        (("*",), 1),
        (("H09.1",), 0),
        (("H09.13.01",), 0),
        (("H10", AGENCY), 1),
        ((), 0),
    ):
        found = await listed(intake, intake.token("leader", agencies=agencies))
        assert len(found["items"]) == count, agencies
    assert (await listed(intake, agency="H10"))["items"] == []
    assert len((await listed(intake, agency=AGENCY))["items"]) == 1


async def test_who_names_a_position_sees_at_least_that_or_is_asked_to_come_again(intake: Running, desk: Desk) -> None:
    for _ in range(5):
        receipt = Desk.done(await intake.post("/v1/dossiers", submission(), desk.officer))
        found = await listed(intake, after=receipt["position"])
        assert receipt["id"] in [item["dossier_id"] for item in found["items"]]
    answer = await intake.get("/v1/dossiers", desk.officer, after="intake/999999")
    problem(answer, 503, "not-there-yet")
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": 201}, "/limit"),
        ({"limit": "ten"}, "/limit"),
        ({"state": "Đã nhận"}, "/state"),
        ({"after": "intake"}, "/after"),
        ({"after": "elsewhere/1"}, "/after"),
        ({"agency": "x" * 36}, "/agency"),
    ],
)
async def test_a_bad_question_is_told_what_is_wrong_with_it(intake: Running, query: dict[str, Any], pointer: str) -> None:
    answer = await intake.get("/v1/dossiers", intake.token("desk"), **query)
    assert pointers(problem(answer, 422, "invalid-input")) == [pointer]


async def test_one_dossier_is_read_as_it_is_now_and_not_sent_again_to_who_has_it(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    first = await intake.get(f"/v1/dossiers/{id}", desk.officer)
    headers = {"Authorization": f"Bearer {desk.officer}", "If-None-Match": first.headers["etag"]}
    assert (await intake.client.get(f"/v1/dossiers/{id}", headers=headers)).status_code == 304
    await desk.do(id, "acceptance")
    again = await intake.client.get(f"/v1/dossiers/{id}", headers=headers)
    assert (again.status_code, again.json()["state"], again.json()["version"]) == (200, "accepted", 2)
