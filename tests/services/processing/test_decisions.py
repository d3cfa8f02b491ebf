"""Corrections, supplements once more and work that changes hands in bulk, over HTTP; and nobody writes over what he has not seen."""

from __future__ import annotations

from typing import Any, Final

from contracts.processing import CaseStepAssigned
from contracts.processing_clock import CaseClockPaused
from tests.services.processing.department import BASIS, LEADER, Department
from tests.services.processing.dossiers import COORDINATED, WINE
from tests.services.rig import problem

MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}


async def test_every_wording_of_a_decision_stays_readable_and_the_result_follows_the_last(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B5")
    problem(await dept.ask(case_id, "correction", {"outcome": "granted", "reason": "clerical"}, LEADER), 409, "not-decided-yet")
    assert (await dept.ask(case_id, "decision", {"outcome": "refused", "legal_basis": BASIS}, LEADER)).status_code == 200
    problem(await dept.ask(case_id, "correction", {"outcome": "refused", "reason": "clerical"}, LEADER), 422, "invalid-input")
    answer = await dept.ask(case_id, "correction", {"outcome": "granted", "reason": "wrong-outcome"}, LEADER)
    assert (answer.status_code, answer.json()["outcome"], answer.json()["step"]) == (200, "granted", "B6")
    found = (await dept.running.get(f"/v1/cases/{case_id}/decisions", dept.token())).json()["decisions"]
    assert [(one["outcome"], one["legal_basis"], one["reason"]) for one in found] == [
        ("refused", BASIS, None),
        ("granted", None, "wrong-outcome"),
    ]
    listed = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}")
    assert [row["outcome"] for row in listed.json()["items"]] == ["granted"]
    issued = await dept.advanced(case_id)
    assert (issued["outcome"], issued["result_number"]) == ("granted", "1/GP-SCT")
    problem(await dept.ask(case_id, "correction", {"outcome": "granted", "reason": "clerical"}, LEADER), 409, "case-ended")


async def test_a_supplement_is_asked_for_once_and_again_only_by_a_law_that_the_head_of_the_unit_names(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    assert (await dept.ask(case_id, "pause", MISSING, "nv-tm-03")).status_code == 200
    await dept.supplemented(case_id, dept.running.later(days=2))
    problem(await dept.ask(case_id, "pause", MISSING, "nv-tm-03"), 409, "supplement-asked-already")
    problem(await dept.ask(case_id, "pause", MISSING | {"legal_basis": BASIS}, "nv-tm-03"), 403, "leader-needed")
    assert (await dept.ask(case_id, "pause", MISSING | {"legal_basis": BASIS}, "nv-tm-01")).status_code == 200
    await dept.supplemented(case_id, dept.running.later(days=2), round_=2)
    first, second = await dept.running.events(CaseClockPaused)
    assert (first.fact.legal_basis, second.fact.legal_basis) == (None, BASIS)
    standing = await dept.see(case_id)
    assert (standing["state"], standing["officer"], standing["supplements"]) == ("claimed", "nv-tm-03", 2)
    assert (await dept.advanced(case_id))["state"] == "issued"


async def test_all_the_open_work_of_an_officer_who_leaves_goes_to_another_as_the_dry_run_said(dept: Department) -> None:
    alone, beside, others = await dept.opened(WINE), await dept.opened(COORDINATED), await dept.opened(WINE)
    for case_id in (alone, beside, others):
        await dept.advanced(case_id, to="B3")
    await dept.ask(alone, "claim", {"step": "B3"}, "nv-tm-03")
    await dept.ask(beside, "claim", {"step": "B5"}, "nv-tm-03")
    await dept.ask(others, "claim", {"step": "B3"}, "nv-tm-04")
    await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}")
    asked = {"officer": "nv-tm-03", "to": "nv-tm-05", "reason": "transfer"}
    head = dept.token("nv-tm-01")
    problem(await dept.running.post("/v1/reassignments", asked, dept.token("nv-xx-99")), 403, "not-in-roster")
    specialist = (await dept.running.post("/v1/reassignments", asked, dept.token("nv-tm-04"))).json()
    assert {one["why"] for one in specialist["steps"]} == {"not-yours-to-assign"}
    nobody = (await dept.running.post("/v1/reassignments", asked | {"to": "nv-at-03"}, head)).json()
    assert {one["why"] for one in nobody["steps"]} == {"cannot-take-step"}
    dry = (await dept.running.post("/v1/reassignments", asked, head)).json()
    both = {(str(alone), "B3"), (str(beside), "B5")}
    assert dry["dry_run"]
    assert {(one["case_id"], one["step"]) for one in dry["steps"] if one["moves"]} == both
    assert await dept.running.events(CaseStepAssigned) == []
    # Meanwhile he finishes one of them himself: that case has gone on, and is left alone.
    assert (await dept.ask(alone, "completion", {"step": "B3"}, "nv-tm-03")).status_code == 200
    done = (await dept.running.post("/v1/reassignments", asked | {"watermark": dry["watermark"]}, head)).json()
    assert {(one["case_id"], one["step"]) for one in done["steps"] if one["moves"]} == {(str(beside), "B5")}
    (event,) = await dept.running.events(CaseStepAssigned)
    assert (event.fact.before, event.fact.officer, event.fact.reason) == ("nv-tm-03", "nv-tm-05", "transfer")
    again = (await dept.running.post("/v1/reassignments", asked | {"watermark": dry["watermark"]}, head)).json()
    assert [one for one in again["steps"] if one["moves"]] == []


async def test_an_officer_who_says_which_version_he_saw_does_not_write_over_what_he_has_not_seen(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    seen = await dept.running.get(f"/v1/cases/{case_id}", dept.token())
    assert (await dept.ask(case_id, "claim", {}, "nv-mc-02")).status_code == 200
    for what, body in (("completion", {"step": "B1"}), ("pause", MISSING), ("consultation", {"partner": "cong-an-tinh"})):
        problem(await dept.ask(case_id, what, body, "nv-mc-02", If_Match=seen.headers["etag"]), 412, "changed-meanwhile")
    now = await dept.running.get(f"/v1/cases/{case_id}", dept.token())
    answer = await dept.ask(case_id, "completion", {"step": "B1"}, "nv-mc-02", If_Match=now.headers["etag"])
    assert answer.status_code == 200, answer.text
