"""A late dossier stays late, whatever is tried; and limits ring at instants that can be read off them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest

from contracts.processing import CaseResultIssued
from contracts.processing_clock import CaseAlarmRaised, CaseReappointed
from contracts.processing_coordination import CaseConsultationOverdue
from contracts.vocabulary import Limit
from kernel.eventlog.verify import Verdict, verify_read_model
from kernel.legalclock import VIETNAM, day_of, is_late, late_from, load_calendar, near
from services.processing.domain.alarms import first_alarm_at
from services.processing.domain.case_commands import Correct, Decide, OpenCase, PutDownCouncil, Remind, Ring, Stop
from services.processing.main import SERVICE
from services.processing.projections import CASES
from tests.services.processing.department import BASIS, Department
from tests.services.processing.dossiers import PROMOTION, WINE, accepted, due, roster
from tests.services.processing.test_case import (
    BROUGHT,
    CASE,
    DOSSIER,
    DUE,
    LATER,
    NEW_DAY,
    TO_B3,
    TO_B5,
    TOO_LATE,
    after,
    answer,
    by,
    consult,
    following,
    grant,
    issue,
    once_more,
    pause,
    reappoint,
    refuse,
    resume,
)
from tests.services.processing.test_conditions import TEAM, act, done
from tests.services.processing.winding import SHORT
from tests.services.rig import MONDAY
from tests.specification import Given

MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}
CALENDAR: Final = load_calendar()
NEXT_MORNING: Final = datetime(2026, 3, 6, 0, 30, tzinfo=UTC)
"""After three working days from that Monday have run out."""


# By the rules. ----------------------------------------------------------------------------------------------------------


def test_an_apology_is_in_time_a_day_before_the_limit_and_late_on_its_last_day() -> None:
    last_day = datetime.combine(DUE, LATER.timetz())
    for at, in_time in ((last_day - timedelta(days=1), True), (last_day, False), (TOO_LATE, False)):
        *_, fact = after().when(reappoint("B1", at=at)).facts
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
    rings_at = first_alarm_at(deadline)
    assert rings_at is not None
    assert found <= rings_at < deadline.due_at < late_from(deadline)
    assert CALENDAR.next_opening(rings_at) == rings_at, "somebody is there to hear it"
    assert is_late(deadline, late_from(deadline))
    assert not is_late(deadline, late_from(deadline) - timedelta.resolution)


def test_a_deadline_that_was_recorded_without_its_derivation_rings_when_it_has_run_out() -> None:
    deadline = due(Limit(amount=3, unit="working-days"), MONDAY)
    assert deadline is not None
    bare = deadline.model_copy(update={"segments": ()})
    assert (near(bare), first_alarm_at(bare), first_alarm_at(None)) == (None, NEXT_MORNING, None)


# On days of work. -------------------------------------------------------------------------------------------------------


def rung(history: Given, at: datetime) -> list[tuple[str, str]]:
    """Raise what is due by an instant; say what, and when it rang by the clocks of the department."""
    found: list[tuple[str, str]] = []
    while facts := history.when(Ring(at=at)).facts:
        found += [(fact.kind, f"{fact.raised_at.astimezone(VIETNAM):%a %d/%m %H:%M}") for fact in facts]
        history = following(history.facts, Ring(at=at))
    return found


def test_a_limit_that_ends_on_a_friday_is_told_on_monday_morning_and_escalated_on_tuesday() -> None:
    friday = due(Limit(amount=4, unit="working-days"), MONDAY)
    assert friday is not None
    assert f"{friday.due_on:%a}" == "Fri"
    assert rung(after(deadline=friday), MONDAY + timedelta(days=60)) == [
        ("due-soon", "Fri 06/03 07:30"),
        ("overdue", "Mon 09/03 07:30"),
        ("escalated", "Tue 10/03 07:30"),
    ]


def test_an_escalation_waits_for_the_end_of_a_holiday_and_comes_on_a_saturday_that_is_worked() -> None:
    tet = due(Limit(amount=3, unit="working-days"), datetime(2026, 2, 10, 1, 30, tzinfo=UTC))
    swapped = due(Limit(amount=1, unit="working-days"), datetime(2026, 8, 20, 1, 30, tzinfo=UTC))
    assert rung(after(deadline=tet), MONDAY)[1:] == [("overdue", "Mon 23/02 07:30"), ("escalated", "Tue 24/02 07:30")]
    assert rung(after(deadline=swapped), MONDAY + timedelta(days=300))[1:2] == [("overdue", "Sat 22/08 07:30")]


def test_the_new_day_of_an_apology_is_near_on_the_working_day_before() -> None:
    sorry = following(after().facts, reappoint("B1", day=NEW_DAY))
    assert f"{NEW_DAY:%a}" == "Mon"
    assert rung(sorry, MONDAY + timedelta(days=60)) == [
        ("due-soon", "Fri 27/03 07:30"),
        ("overdue", "Tue 31/03 07:30"),
        ("escalated", "Wed 01/04 07:30"),
    ]


def test_what_a_worker_that_was_down_had_not_said_is_said_before_the_clock_stops_or_a_new_day_is_named() -> None:
    three_weeks_on = MONDAY + timedelta(days=23)
    for silencing in (replace(pause("B1"), at=three_weeks_on), reappoint("B1", day=date(2026, 4, 6), at=three_weeks_on)):
        *alarms, last = after().when(silencing).facts
        assert [fact.kind for fact in alarms] == ["due-soon", "overdue", "escalated"]
        assert not isinstance(last, CaseAlarmRaised)
        looked = following(after().facts, *[Ring(at=three_weeks_on)] * 3, silencing)
        assert looked.facts == following(after().facts, silencing).facts, "as if a worker had looked in time"
    # Withdrawn just as late: the fact that nobody answered for it in time stays.
    *alarms, _ = after().when(Stop(at=three_weeks_on)).facts
    assert len(alarms) == 3


def test_an_agency_that_lets_its_limit_run_out_is_reported_once_when_somebody_is_there_though_the_applicant_is_waited_for() -> None:
    asked = following(after().facts, consult("B1"))
    for history in (asked, following(asked.facts, pause("B1"))):
        (fact,) = history.when(Remind(at=MONDAY + timedelta(days=60))).facts
        assert (fact.partner, fact.unit, fact.to_role) == ("cong-an-tinh", "bo-phan-mot-cua", "truong-phong")
        assert f"{fact.raised_at.astimezone(VIETNAM):%a %d/%m %H:%M}" == "Tue 10/03 07:30"
        history.when(Remind(at=fact.raised_at - timedelta.resolution)).then_nothing()
        following(history.facts, Remind(at=fact.raised_at)).when(Remind(at=MONDAY + timedelta(days=90))).then_nothing()


def test_a_late_answer_leaves_its_lateness_behind_though_no_worker_had_looked() -> None:
    asked = following(after().facts, consult("B1"))
    overdue, answered = asked.when(answer("B1", MONDAY + timedelta(days=20))).facts
    assert isinstance(overdue, CaseConsultationOverdue)
    assert (answered.late, overdue.raised_at < answered.answered_at) == (True, True)
    assert len(asked.when(answer("B1", MONDAY + timedelta(days=2))).facts) == 1


# Against the rules. -----------------------------------------------------------------------------------------------------


TRIED: Final[dict[str, Any]] = {
    "claim": {},
    "pause": MISSING,
    "reappointment": {"new_due_on": "2026-04-06", "reason": "workload"},
    "extension": {"amount": 30, "legal_basis": BASIS, "reason": "complicated"},
    "assignment": {"step": "B3", "officer": "nv-tm-04", "reason": "leave"},
    "return": {"step": "B3", "to": "B1", "reason": "new-facts"},
    "undo": {"step": "B2", "reason": "by-mistake"},
    "consultation": {"partner": "cong-an-tinh"},
    "consultations/{consultation}/receipt": {},
    "consultations/{consultation}/answer": {"opinion": "agrees"},
    "site-check": {"step": "B3", "held_on": "2026-03-05", "members": [{"role": "chair", "officer": "nv-at-03"}], "finding": "meets"},
    "council": {"step": "B3", "held_on": "2026-03-05", "members": [{"role": "chair", "officer": "nv-at-03"}], "finding": "approves"},
    "permit-draft": {"terms": {}},
    "completion": {"step": "B3", "due_at": "2027-01-01T00:00:00Z"},
    "decision": {"outcome": "refused", "legal_basis": BASIS},
    "correction": {"outcome": "refused", "legal_basis": BASIS, "reason": "wrong-outcome"},
    "deadline": {"due_at": "2027-01-01T00:00:00Z"},
}
"""What is asked of a case; that no address is missing is read off the OpenAPI document."""
ELSEWHERE: Final[dict[str, Any]] = {
    "/v1/calendar/restatement": {"watermark": 1_000_000},
    "/v1/time-exclusions": {
        "decision": "Quyết định 45/QĐ-SCT",
        "cause": "force-majeure",
        "since": "2026-03-02T00:00:00+07:00",
        "until": "2026-03-31T00:00:00+07:00",
        "watermark": 1_000_000,
    },
    "/v1/workflows/{procedure}/move": {"watermark": 1_000_000},
    "/v1/reassignments": {"officer": "nv-tm-03", "to": "nv-tm-04", "reason": "leave", "watermark": 1_000_000},
    "/v1/alarms": {},
    "/v1/expiries": {},
}
"""What is asked of many cases at once."""
APART: Final = ("/v1/organisation", "/v1/agreements", "/v1/controlled-documents", "/v1/blanks", "/v1/permits")
"""What these write is in other streams than a case's."""


async def test_no_route_and_no_role_makes_a_late_dossier_look_as_if_it_were_on_time(dept: Department) -> None:
    case_id = await dept.opened(PROMOTION)
    standing = await dept.advanced(case_id, to="B3")
    dept.running.moment = MONDAY + timedelta(days=30)
    await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}")
    paths = (await dept.running.get("/openapi.json")).json()["paths"]
    writing = {path for path, routes in paths.items() if set(routes) - {"get"} and not path.startswith(APART)}
    tried = {f"/v1/cases/{{id}}/{what}" for what in TRIED} - {"/v1/cases/{id}/deadline"}  # what is only read cannot be written
    assert writing == tried | ELSEWHERE.keys(), "every route that writes of cases is tried here"
    named = {"id": case_id, "consultation": 1, "procedure": PROMOTION}
    bodies = {f"/v1/cases/{{id}}/{what}": body for what, body in TRIED.items()} | ELSEWHERE
    for officer in ("nv-tm-03", "nv-tm-01", "nv-bgd-01", "nv-mc-01", "nv-vt-01", "nobody"):
        for roles in (("officer",), ("leader", "officer"), ("admin",), ("desk",), ("analyst",)):
            for path, body in bodies.items():
                await dept.running.post(path.format_map(named), body, dept.running.token(*roles, sub=officer))
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
    said = [event.fact.kind for event in await dept.running.events(CaseAlarmRaised)]
    assert said[:3] == ["due-soon", "overdue", "escalated"], "and whoever had to know was told"


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


async def test_a_day_that_the_services_own_role_changes_in_a_read_table_is_named_by_whoever_verifies(dept: Department) -> None:
    case_id = await dept.opened(PROMOTION)
    await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}")
    async with dept.running.connected() as connection:

        async def findings() -> list[str]:
            verdict = Verdict("processing")
            await verify_read_model(connection, CASES, SERVICE.codec, {"processing": connection}, verdict)
            return verdict.findings

        assert await findings() == []
        await connection.execute("UPDATE read.case_register SET due_on = due_on + 300 WHERE case_id = $1", case_id)
        (found,) = await findings()
    assert found.endswith(f"case_register: row {case_id} differs in due_on")


def test_every_officer_leads_what_the_organisation_says() -> None:
    leads = {officer.id: officer.leads for officer in roster().values()}
    assert leads["nv-tm-01"] == leads["nv-tm-02"] == {"phong-quan-ly-thuong-mai"}
    assert leads["nv-vp-01"] == {"van-phong", "bo-phan-mot-cua", "van-thu"}
    assert leads["nv-tm-03"] == leads["nv-vt-01"] == frozenset()
    assert "phong-quan-ly-thuong-mai" in leads["nv-bgd-02"]
    assert len(leads["nv-bgd-01"]) == 10


# No way round a limit. --------------------------------------------------------------------------------------------------


def resumed_once() -> Given:
    return after(*TO_B3, pause("B3"), resume())


def test_a_second_supplement_is_refused_though_it_would_make_the_limit_begin_again() -> None:
    refused = resumed_once().when(replace(pause("B3"), at=BROUGHT)).then_refused("supplement-asked-already")
    assert (refused.detail["asked"], refused.detail["allowed"]) == (1, 1)


def test_once_more_takes_a_law_that_lets_it_and_the_head_of_the_unit_who_asks_and_that_stays_to_be_seen() -> None:
    history = resumed_once()
    history.when(replace(once_more(BROUGHT), officer=pause("B3").officer)).then_refused("leader-needed")
    history.when(once_more(BROUGHT, basis=None)).then_refused("not-your-step")
    (fact,) = history.when(once_more(BROUGHT)).facts
    assert (fact.round, fact.legal_basis, fact.officer) == (2, BASIS, "nv-tm-01")
    # The work stays with the officer who has it.
    assert following(history.facts, once_more(BROUGHT)).state.held.open[0].officer == pause("B3").officer.id


def test_a_supplement_that_is_asked_for_after_the_days_to_ask_in_is_recorded_as_against_the_law() -> None:
    calendar = load_calendar()
    for days, notice_days, late in ((3, None, None), (4, None, date(2026, 3, 5)), (4, 7, None), (10, 7, date(2026, 3, 11))):
        asked = replace(pause("B1"), at=MONDAY + timedelta(days=days), calendar=calendar, notice_days=notice_days)
        (fact,) = after().when(asked).facts
        assert (fact.after_notice, fact.legal_basis) == (late, None)


# A decision that was wrong. ---------------------------------------------------------------------------------------------


def correct(outcome: Any = "granted", basis: str | None = None, **more: Any) -> Correct:
    who: dict[str, Any] = {"officer": by("B5"), "steps": grant().steps, "at": LATER}
    return Correct(outcome=outcome, legal_basis=basis, reason="wrong-outcome", **(who | more))


def test_a_signed_decision_is_corrected_before_its_result_goes_out_and_the_former_one_stays_beside_it() -> None:
    refused = after(*TO_B5, refuse())
    (fact,) = refused.when(correct()).facts
    assert (fact.outcome_before, fact.legal_basis_before, fact.outcome) == ("refused", BASIS, "granted")
    corrected = following(refused.facts, correct())
    assert corrected.state.verdict == "granted"
    assert corrected.facts[: len(refused.facts)] == refused.facts, "nothing is taken out of the history"
    *_, issued = corrected.when(issue()).facts
    assert issued.outcome == "granted"


def test_who_may_not_sign_may_not_correct_and_there_must_be_something_to_correct() -> None:
    signed = after(*TO_B5, grant())
    signed.when(correct()).then_nothing()
    signed.when(correct("refused", BASIS, officer=by("B6"))).then_refused("not-your-step")
    signed.when(correct("refused", "  ")).then_refused("legal-basis-needed")
    after(*TO_B5).when(correct()).then_refused("not-decided-yet")
    following(signed.facts, issue()).when(correct("refused", BASIS)).then_refused("case-ended")


def test_what_was_done_on_the_ground_of_a_decision_keeps_its_outcome_but_not_its_legal_basis() -> None:
    held = act(PutDownCouncil, "B2", SHORT, step="B2", held_on=day_of(MONDAY), members=TEAM, finding="approves")
    begun = OpenCase(case_id=CASE, dossier=accepted(DOSSIER, WINE), workflow_hash="d" * 64, steps=SHORT)
    way = (begun, *done("B1", steps=SHORT), held, *done("B2", steps=SHORT), act(Decide, "B3", SHORT, outcome="granted", legal_basis=None))
    signed = following((), *way)
    director: dict[str, Any] = {"steps": SHORT, "officer": act(Decide, "B3", SHORT, outcome="granted", legal_basis=None).officer}
    # B4 is there only for what is granted: it goes away with the correction, and comes back with the next.
    (fact,) = signed.when(correct("refused", BASIS, **director)).facts
    assert ([step.step for step in fact.open], fact.skipped) == (["B5"], ("B4",))
    back = following(signed.facts, correct("refused", BASIS, **director), correct("granted", None, **director))
    assert ([step.code for step in back.state.open], back.state.skipped) == (["B4"], ())
    printed = following(signed.facts, *done("B4", steps=SHORT))
    printed.when(correct("refused", BASIS, **director)).then_refused("already-followed")
    assert len(printed.when(correct("granted", BASIS, **director)).facts) == 1
