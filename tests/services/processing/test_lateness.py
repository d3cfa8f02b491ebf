"""A late dossier stays late, whatever is tried; and limits ring at instants that can be read off them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest

from contracts.processing import CaseReappointed, CaseResultIssued
from contracts.vocabulary import Limit
from kernel.legalclock import is_late
from services.processing.domain.alarms import first_alarm_at, late_from, near
from tests.services.processing.department import BASIS, Department
from tests.services.processing.dossiers import PROMOTION, due, roster
from tests.services.processing.test_case import DUE, LATER, NEW_DAY, TO_B5, TOO_LATE, after, following, grant, issue, reappoint
from tests.services.rig import MONDAY

MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}


# By the rules. ----------------------------------------------------------------------------------------------------------


def test_an_apology_is_in_time_a_day_before_the_limit_and_late_on_its_last_day() -> None:
    last_day = datetime.combine(DUE, LATER.timetz())
    for at, in_time in ((last_day - timedelta(days=1), True), (last_day, False), (TOO_LATE, False)):
        (fact,) = after().when(reappoint("B1", at=at)).facts
        assert (fact.in_time, fact.new_due_on, fact.due_at.date()) == (in_time, NEW_DAY, DUE)


def test_a_result_on_the_last_day_needs_no_apology_and_the_next_morning_it_does() -> None:
    signed = after(*TO_B5, grant())
    on_time = issue_at(datetime.combine(DUE, LATER.timetz()))
    assert isinstance(signed.when(on_time).facts[-1], CaseResultIssued)
    refused = signed.when(issue_at(TOO_LATE)).then_refused("apology-needed")
    assert refused.detail["legal"] == ["claim", "assignment", "reappointment"]
    sorry = following(signed.facts, reappoint("B6", at=TOO_LATE))
    assert isinstance(sorry.when(issue_at(TOO_LATE)).facts[-1], CaseResultIssued)
    # However much later it gets: one apology, and one new day.
    assert isinstance(sorry.when(issue_at(TOO_LATE + timedelta(days=90))).facts[-1], CaseResultIssued)
    sorry.when(reappoint("B6", day=NEW_DAY + timedelta(days=7), at=TOO_LATE)).then_refused("already-reappointed")


def issue_at(at: datetime) -> Any:
    return type(issue())(step="B6", serial=12, result=None, officer=issue().officer, steps=issue().steps, at=at)


@pytest.mark.parametrize(
    ("limit", "rings"),
    [
        (Limit(amount=15, unit="working-days"), "2026-03-18T17:00:00+00:00"),  # the morning of Thursday 19, three days before the end
        (Limit(amount=3, unit="working-days"), "2026-03-04T17:00:00+00:00"),  # of the last day, Thursday 5
        (Limit(amount=30, unit="calendar-days"), "2026-03-26T17:00:00+00:00"),  # six days before the end of Wednesday 1 April
        (Limit(amount=10, unit="working-hours"), "2026-03-03T01:30:00+00:00"),  # two hours of office before the end
    ],
)
def test_a_limit_is_near_when_a_fifth_of_it_is_left(limit: Limit, rings: str) -> None:
    deadline = due(limit, MONDAY)
    assert deadline is not None
    assert (found := near(deadline)) is not None
    assert found.isoformat() == rings
    assert first_alarm_at(deadline) == found < deadline.due_at < late_from(deadline)
    assert is_late(deadline, late_from(deadline))
    assert not is_late(deadline, late_from(deadline) - timedelta.resolution)


def test_a_deadline_that_was_recorded_without_its_derivation_rings_when_it_has_run_out() -> None:
    deadline = due(Limit(amount=3, unit="working-days"), MONDAY)
    assert deadline is not None
    bare = deadline.model_copy(update={"segments": ()})
    assert (near(bare), first_alarm_at(bare), first_alarm_at(None)) == (None, late_from(deadline), None)


# Against the rules. -----------------------------------------------------------------------------------------------------


async def test_no_route_and_no_role_makes_a_late_dossier_look_as_if_it_were_on_time(dept: Department) -> None:
    case_id = await dept.opened(PROMOTION)
    standing = await dept.advanced(case_id, to="B3")
    dept.running.moment = MONDAY + timedelta(days=30)
    bodies: dict[str, Any] = {
        "claim": {},
        "pause": MISSING,
        "reappointment": {"new_due_on": "2026-04-06", "reason": "workload"},
        "assignment": {"step": "B3", "officer": "nv-tm-04", "reason": "leave"},
        "return": {"step": "B3", "to": "B1", "reason": "new-facts"},
        "undo": {"step": "B2", "reason": "by-mistake"},
        "consultation": {"partner": "cong-an-tinh"},
        "consultations/1/answer": {"opinion": "agrees"},
        "completion": {"step": "B3", "due_at": "2027-01-01T00:00:00Z"},
        "decision": {"outcome": "refused", "legal_basis": BASIS},
        "deadline": {"due_at": "2027-01-01T00:00:00Z"},
    }
    for officer in ("nv-tm-03", "nv-tm-01", "nv-bgd-01", "nv-mc-01", "nv-vt-01", "nobody"):
        for roles in (("officer",), ("leader", "officer"), ("admin",), ("desk",), ("analyst",)):
            for what, body in bodies.items():
                token = dept.running.token(*roles, sub=officer)
                await dept.running.post(f"/v1/cases/{case_id}/{what}", body, token)
    # It was paused; the applicant brings what is missing, and a limit that had run out stays run out.
    now = await dept.see(case_id)
    assert now["state"] == "paused"
    await dept.supplemented(case_id, dept.running.later(days=1))
    after_all = await dept.see(case_id)
    assert (after_all["due_at"], after_all["due_on"]) == (standing["due_at"], standing["due_on"])
    answer = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}", overdue=True)
    assert [row["case_id"] for row in answer.json()["items"]] == [str(case_id)]
    issued = await dept.advanced(case_id)
    assert (issued["state"], issued["due_at"]) == ("issued", standing["due_at"])
    assert len(await dept.running.events(CaseReappointed)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log.event SET body = convert_to(replace(convert_from(body, 'UTF8'), '2026-03-09', '2027-03-09'), 'UTF8')",
        "DELETE FROM log.event WHERE version > 1",
        "TRUNCATE log.event",
        "ALTER TABLE log.event DISABLE TRIGGER ALL",
        "DROP TABLE log.event",
    ],
)
async def test_the_services_own_role_cannot_change_what_was_recorded_of_a_late_case(dept: Department, statement: str) -> None:
    case_id = await dept.opened(PROMOTION)
    before = await dept.running.bodies()
    async with dept.running.connected() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    assert await dept.running.bodies() == before
    assert (await dept.see(case_id))["due_on"] == "2026-03-09"


def test_every_officer_leads_what_the_organisation_says() -> None:
    leads = {officer.id: officer.leads for officer in roster().values()}
    assert leads["nv-tm-01"] == leads["nv-tm-02"] == {"phong-quan-ly-thuong-mai"}
    assert leads["nv-vp-01"] == {"van-phong", "bo-phan-mot-cua", "van-thu"}
    assert leads["nv-tm-03"] == leads["nv-vt-01"] == frozenset()
    assert "phong-quan-ly-thuong-mai" in leads["nv-bgd-02"]
    assert len(leads["nv-bgd-01"]) == 10
