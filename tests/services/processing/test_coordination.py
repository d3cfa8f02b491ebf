"""Work that is shared: branches beside each other, steps that change hands and come back, other agencies, late results, alarms."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from contracts.processing import CaseDecided, CaseResultIssued, CaseStepClaimed, CaseStepCompleted, CaseStepReopened
from contracts.processing_clock import CaseAlarmRaised, CaseReappointed, CaseSupplementReminded
from contracts.processing_coordination import CaseConsultationReceived
from tests.services.processing.department import LEADER, Department, department
from tests.services.processing.dossiers import COORDINATED, NOTICE, PROMOTION, WINE
from tests.services.rig import MONDAY, Rig, eventually, problem

TRADE, SAFETY = "phong-quan-ly-thuong-mai", "phong-ky-thuat-an-toan-moi-truong"
AFTER_TRADE: Final = "nv-tm-01"
"""The head of the trade division."""


async def begun(dept: Department) -> UUID:
    """Open a case whose three branches are open, each in the hands of somebody."""
    case_id = await dept.opened(COORDINATED)
    await dept.advanced(case_id, to="B3")
    for step, officer in (("B3", "nv-tm-03"), ("B4", "nv-at-03"), ("B5", "nv-tm-04")):
        assert (await dept.ask(case_id, "claim", {"step": step}, officer)).status_code == 200
    return case_id


async def done(dept: Department, case_id: UUID, step: str, officer: str) -> Any:
    if step == "B4":
        assert (await dept.ask(case_id, "site-check", dept.site_check(step, officer), officer)).status_code == 200
    answer = await dept.ask(case_id, "completion", {"step": step}, officer)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def at_desk(dept: Department, unit: str, role: str | None = None) -> list[str]:
    query = {"unit": unit} | ({"role": role} if role else {})
    answer = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}", **query)
    assert answer.status_code == 200, answer.text
    return [row["case_id"] for row in answer.json()["items"]]


# Branches. ---------------------------------------------------------------------------------------------------------------


async def test_three_steps_run_beside_each_other_in_two_units_and_meet_when_all_are_done(dept: Department) -> None:
    case_id = await begun(dept)
    standing = await dept.see(case_id)
    assert [(step["step"], step["unit"], step["officer"]) for step in standing["open"]] == [
        ("B3", TRADE, "nv-tm-03"),
        ("B4", SAFETY, "nv-at-03"),
        ("B5", TRADE, "nv-tm-04"),
    ]
    assert (standing["state"], standing["step"]) == ("claimed", "B3")
    problem(await dept.ask(case_id, "completion", {"step": "B4"}, "nv-tm-03"), 403, "not-your-step")
    problem(await dept.ask(case_id, "completion", {"step": "B5"}, "nv-tm-03"), 409, "claimed-by-another")
    await done(dept, case_id, "B3", "nv-tm-03")
    await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh"}, "nv-tm-04")
    await dept.ask(case_id, "consultations/1/answer", {"opinion": "agrees"}, "nv-tm-04")
    assert [step["step"] for step in (await done(dept, case_id, "B5", "nv-tm-04"))["open"]] == ["B4"]
    assert (await done(dept, case_id, "B4", "nv-at-03"))["step"] == "B6"
    assert (await dept.advanced(case_id))["state"] == "issued"


async def test_a_branch_is_found_at_its_own_desk_though_another_comes_first(dept: Department) -> None:
    case_id = str(await begun(dept))
    for unit in (TRADE, SAFETY):
        assert await at_desk(dept, unit) == await at_desk(dept, unit, "chuyen-vien") == [case_id]
    assert await at_desk(dept, SAFETY, "truong-phong") == []
    await done(dept, UUID(case_id), "B4", "nv-at-03")
    assert await at_desk(dept, SAFETY) == []
    assert await at_desk(dept, TRADE) == [case_id]


async def test_two_branches_that_end_at_once_are_both_done_and_open_the_next_step_once(dept: Department) -> None:
    case_id = await begun(dept)
    await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh"}, "nv-tm-04")
    await dept.ask(case_id, "consultations/1/answer", {"opinion": "agrees"}, "nv-tm-04")
    await asyncio.gather(*(done(dept, case_id, *each) for each in (("B3", "nv-tm-03"), ("B4", "nv-at-03"), ("B5", "nv-tm-04"))))
    assert [step["step"] for step in (await dept.see(case_id))["open"]] == ["B6"]
    completed = [event.fact for event in await dept.running.events(CaseStepCompleted)]
    assert [fact.next_step for fact in completed[-3:]] == [None, None, "B6"]


# At once. ----------------------------------------------------------------------------------------------------------------


async def test_of_two_who_decide_at_once_one_has_decided_and_the_other_learns_what_is_legal_now(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B5")
    grant, refuse = {"outcome": "granted"}, {"outcome": "refused", "legal_basis": "Nghị định 105/2017/NĐ-CP, Điều 12"}
    answers = await asyncio.gather(dept.ask(case_id, "decision", grant, LEADER), dept.ask(case_id, "decision", refuse, "nv-bgd-02"))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (decided,) = [event.fact for event in await dept.running.events(CaseDecided)]
    (winner,) = [answer.json()["outcome"] for answer in answers if answer.status_code == 200]
    assert decided.outcome == winner
    (loser,) = [answer.json() for answer in answers if answer.status_code != 200]
    assert loser["legal"] == ["claim", "completion", "assignment", "reappointment"]


async def test_of_two_who_claim_at_once_one_has_it_and_the_other_learns_what_is_legal_now(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    answers = await asyncio.gather(*(dept.ask(case_id, "claim", {}, officer) for officer in ("nv-tm-03", "nv-tm-04")))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (loser,) = [answer.json() for answer in answers if answer.status_code == 409]
    assert loser["legal"] == ["completion", "pause", "assignment", "consultation", "reappointment"]
    assert len(await dept.running.events(CaseStepClaimed)) == 1


# Hands. ------------------------------------------------------------------------------------------------------------------


async def test_the_head_gives_a_step_to_an_officer_and_to_another_only_for_a_reason(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")

    async def assigned(officer: str, by: str = AFTER_TRADE, **reason: str) -> Any:
        return await dept.ask(case_id, "assignment", {"step": "B3", "officer": officer, **reason}, by)

    problem(await assigned("nv-tm-03", by="nv-tm-04"), 403, "not-yours-to-assign")
    problem(await assigned("nv-tm-03", by="nv-cn-01"), 403, "not-yours-to-assign")
    problem(await assigned("nv-cn-03"), 409, "cannot-take-step")
    problem(await assigned("nv-xx-99"), 409, "cannot-take-step")
    assert (await assigned("nv-tm-03")).json()["officer"] == "nv-tm-03"
    problem(await assigned("nv-tm-04"), 409, "assignment-needs-reason")
    assert (await assigned("nv-tm-04", by=LEADER, reason="leave")).json()["officer"] == "nv-tm-04"
    problem(await dept.ask(case_id, "completion", {"step": "B3"}, "nv-tm-03"), 409, "claimed-by-another")
    await done(dept, case_id, "B3", "nv-tm-04")


async def test_work_that_is_sent_back_goes_to_the_officer_who_did_it(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    await done(dept, case_id, "B3", "nv-tm-05")
    body = {"step": "B4", "to": "B3", "reason": "incomplete"}
    refused = problem(await dept.ask(case_id, "return", body | {"to": "B1"}, AFTER_TRADE), 409, "cannot-return-there")
    assert refused["may"] == ["B3"]
    back = (await dept.ask(case_id, "return", body, AFTER_TRADE)).json()
    assert (back["state"], back["step"], back["officer"]) == ("claimed", "B3", "nv-tm-05")
    (row,) = (await dept.running.get("/v1/cases", dept.token(), after=back["position"])).json()["items"]
    assert (row["state"], row["step"], row["officer"], row["beside"]) == ("claimed", "B3", "nv-tm-05", [])
    assert (await done(dept, case_id, "B3", "nv-tm-05"))["step"] == "B4"
    (reopened,) = [event.fact for event in await dept.running.events(CaseStepReopened)]
    assert (reopened.how, reopened.by, reopened.undone) == ("returned", AFTER_TRADE, ("B3",))
    assert (await dept.advanced(case_id))["state"] == "issued"


async def test_a_step_is_taken_back_by_whoever_finished_it_until_somebody_works_on_the_next(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await done(dept, case_id, "B1", "nv-mc-01")
    body = {"step": "B1", "reason": "by-mistake"}
    problem(await dept.ask(case_id, "undo", body, "nv-mc-02"), 409, "nothing-to-undo")
    back = (await dept.ask(case_id, "undo", body, "nv-mc-01")).json()
    assert (back["step"], back["officer"]) == ("B1", "nv-mc-01")
    # Nothing was taken out of the history: that it was done, and that it was taken back, both stay.
    kinds = [type(event.fact) for event in await dept.running.events(stream=case_id)]
    assert kinds[-2:] == [CaseStepCompleted, CaseStepReopened]
    await done(dept, case_id, "B1", "nv-mc-01")
    await dept.ask(case_id, "claim", {}, AFTER_TRADE)
    refused = problem(await dept.ask(case_id, "undo", body, "nv-mc-01"), 409, "nothing-to-undo")
    assert "undo" not in refused["legal"]


async def test_the_hours_of_a_step_run_beside_the_limit_and_do_not_begin_again_with_another_officer(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    (first,) = (await dept.see(case_id))["open"]
    # Four hours from 08:30 on, with the lunch between.
    assert (first["since"], first["due_at"], first["late"]) == ("2026-03-02T01:30:00Z", "2026-03-02T07:00:00Z", False)
    await dept.advanced(case_id, to="B3")
    (before,) = (await dept.see(case_id))["open"]
    dept.running.later(days=12)
    for officer, reason in (("nv-tm-03", "assigned"), ("nv-tm-04", "leave")):
        await dept.ask(case_id, "assignment", {"step": "B3", "officer": officer, "reason": reason}, AFTER_TRADE)
    standing = await dept.see(case_id)
    (after,) = standing["open"]
    assert (after["since"], after["due_at"], after["officer"]) == (before["since"], before["due_at"], "nv-tm-04")
    dept.running.later(days=5)
    standing = await dept.see(case_id)
    # The step has used its hours up; the dossier is in time all the same.
    assert (standing["open"][0]["late"], standing["due_on"]) == (True, "2026-03-23")
    assert await found_overdue(dept) == []


async def found_overdue(dept: Department) -> list[str]:
    answer = await dept.running.get("/v1/cases", dept.token(), overdue=True)
    return [row["case_id"] for row in answer.json()["items"]]


# Other agencies. ---------------------------------------------------------------------------------------------------------


async def test_e_20_another_agency_has_a_limit_of_its_own_and_its_lateness_stays_to_be_seen(dept: Department) -> None:
    case_id = await begun(dept)
    before = await dept.see(case_id)
    assert problem(await dept.ask(case_id, "completion", {"step": "B5"}, "nv-tm-04"), 409, "partner-not-asked")["partners"] == [
        "cong-an-tinh"
    ]
    assert (await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh"}, "nv-tm-04")).status_code == 200
    problem(await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh"}, "nv-tm-04"), 409, "already-asked")
    refused = problem(await dept.ask(case_id, "completion", {"step": "B5"}, "nv-tm-04"), 409, "guard-not-met")
    assert refused["why_en"] == ["open-consultations is 1, and must be = 0"]
    assert refused["why"] == ["số ý kiến chưa trả lời là 1, phải = 0"]
    (asked,) = (await dept.see(case_id))["consultations"]
    assert (asked["partner"], asked["due_on"], asked["answered_at"], asked["late"]) == ("cong-an-tinh", "2026-03-09", None, False)

    # It confirms that it has the papers, once; they are with it, and its limit goes on from when it was asked.
    assert "receipt" in (await dept.see(case_id))["legal"]
    problem(await dept.ask(case_id, "consultations/1/receipt", {}, "nv-at-03"), 403, "not-your-step")
    dept.running.later(hours=2)
    for _ in range(2):
        assert (await dept.ask(case_id, "consultations/1/receipt", {}, "nv-tm-04")).status_code == 200
    (receipt,) = await dept.running.events(CaseConsultationReceived)
    standing = await dept.see(case_id)
    assert "receipt" not in standing["legal"]
    (there,) = standing["consultations"]
    assert datetime.fromisoformat(there["received_at"]) == receipt.fact.received_at == dept.running.moment
    assert there["due_on"] == asked["due_on"]

    # The partner lets its day pass. The step need not wait for ever; the case's own clock has run all the while.
    dept.running.moment = MONDAY + timedelta(days=8)
    (asked,) = (await dept.see(case_id))["consultations"]
    assert (asked["answered_at"], asked["late"]) == (None, True)
    await done(dept, case_id, "B5", "nv-tm-04")
    problem(await dept.ask(case_id, "consultations/1/answer", {"opinion": "agrees"}, "nv-at-03"), 403, "not-your-step")
    assert (await dept.ask(case_id, "consultations/1/answer", {"opinion": "agrees"}, "nv-tm-04")).status_code == 200
    problem(await dept.ask(case_id, "consultations/1/answer", {"opinion": "agrees"}, "nv-tm-04"), 409, "no-such-consultation")
    after = await dept.see(case_id)
    assert (after["consultations"][0]["late"], after["due_at"]) == (True, before["due_at"])


# Lateness. ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("procedure", [PROMOTION, WINE])
async def test_a_late_result_goes_out_only_after_an_apology_with_a_new_day_once(dept: Department, procedure: str) -> None:
    case_id = await dept.opened(procedure)
    standing = await dept.advanced(case_id, to="B6")
    dept.running.moment = MONDAY + timedelta(days=23)
    refused = problem(await dept.ask(case_id, "completion", {"step": "B6"}, "nv-vt-01"), 409, "apology-needed")
    assert "reappointment" in refused["legal"]
    new_day: dict[str, Any] = {"new_due_on": "2026-03-27", "reason": "workload"}
    problem(await dept.ask(case_id, "reappointment", new_day | {"new_due_on": standing["due_on"]}, "nv-vt-01"), 409, "new-day-too-early")
    problem(await dept.ask(case_id, "reappointment", new_day | {"new_due_on": "2026-03-28"}, "nv-vt-01"), 409, "new-day-too-early")
    problem(await dept.ask(case_id, "reappointment", new_day, "nv-tm-03"), 403, "not-your-step")
    apology = (await dept.ask(case_id, "reappointment", new_day, "nv-vt-01")).json()
    assert (apology["due_at"], apology["new_due_at"]) == (standing["due_at"], "2026-03-27T10:00:00Z")
    problem(await dept.ask(case_id, "reappointment", new_day | {"new_due_on": "2026-03-30"}, "nv-vt-01"), 409, "already-reappointed")
    issued = (await dept.ask(case_id, "completion", {"step": "B6"}, "nv-vt-01")).json()
    assert (issued["state"], issued["due_at"]) == ("issued", standing["due_at"])
    (fact,) = [event.fact for event in await dept.running.events(CaseReappointed)]
    assert not fact.in_time
    assert len(await dept.running.events(CaseResultIssued)) == 1


async def test_a_result_with_no_limit_needs_no_apology(dept: Department) -> None:
    case_id = await dept.opened(NOTICE)
    dept.running.moment = MONDAY + timedelta(days=300)
    problem(await dept.ask(case_id, "reappointment", {"new_due_on": "2027-01-04", "reason": "workload"}, "nv-mc-01"), 409, "no-clock")
    assert (await dept.advanced(case_id))["state"] == "issued"


async def ring(dept: Department) -> int:
    """Raise what is due; what is recorded has been read first, as it is after a moment."""
    await at_desk(dept, TRADE)
    answer = await dept.running.post("/v1/alarms", {}, dept.running.token("admin"))
    assert answer.status_code == 200, answer.text
    return answer.json()["raised"]


async def test_a_limit_that_is_near_runs_out_and_is_escalated_rings_three_times_at_the_instants_that_it_gives(dept: Department) -> None:
    case_id = await dept.opened(PROMOTION)
    await dept.opened(NOTICE)
    assert await ring(dept) == 0
    dept.running.moment = MONDAY + timedelta(days=6, hours=23)  # Monday 9 March, the last day
    assert (await ring(dept), await ring(dept)) == (1, 0)
    dept.running.moment = MONDAY + timedelta(days=30)
    assert (await ring(dept), await ring(dept)) == (2, 0)
    found = await dept.running.events(CaseAlarmRaised)
    assert {event.stream for event in found} == {case_id}
    assert [(event.fact.kind, event.fact.to_role, event.fact.raised_at.isoformat()) for event in found] == [
        ("due-soon", "chuyen-vien", "2026-03-09T00:30:00+00:00"),
        ("overdue", "truong-phong", "2026-03-10T00:30:00+00:00"),
        ("escalated", "giam-doc", "2026-03-11T00:30:00+00:00"),
    ]
    assert [event.time for event in found] == [event.fact.raised_at for event in found]
    answer = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}", state="waiting")
    assert {row["case_id"]: row["alarm"] for row in answer.json()["items"]}[str(case_id)] == "escalated"


async def test_an_applicant_who_brings_nothing_is_reminded_once_at_the_instant_set_when_the_clock_stopped(
    dept: Department,
) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    await dept.ask(case_id, "pause", {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}, "nv-tm-03")
    dept.running.moment = MONDAY + timedelta(days=20)
    await ring(dept)
    assert await dept.running.events(CaseSupplementReminded) == []
    dept.running.later(days=60)
    await ring(dept)
    await ring(dept)
    (reminder,) = await dept.running.events(CaseSupplementReminded)
    assert (reminder.stream, reminder.time.isoformat(), reminder.fact.to_role) == (case_id, "2026-03-23T00:30:00+00:00", "truong-phong")
    assert (await dept.see(case_id))["state"] == "paused"


async def test_nothing_rings_while_the_clock_stands_still_and_the_new_limit_rings_anew(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    await dept.ask(case_id, "pause", {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}, "nv-tm-03")
    dept.running.moment = MONDAY + timedelta(days=60)
    assert await ring(dept) == 0
    await dept.supplemented(case_id, dept.running.later(days=1))
    assert await ring(dept) == 0
    dept.running.later(days=60)
    assert await ring(dept) == len(("due-soon", "overdue", "escalated"))


async def test_a_worker_raises_the_alarms_by_itself(rig: Rig) -> None:
    # Without the demonstration's clock it is today, and a limit of March 2026 has long run out.
    async with department(rig, demo_clock=False, alarms_seconds=0.1) as dept:
        await dept.opened(PROMOTION, at=MONDAY)
        found = await eventually(lambda: dept.running.events(CaseAlarmRaised), lambda events: len(events) > 2)
        assert [event.fact.kind for event in found] == ["due-soon", "overdue", "escalated"]
