"""The life of a case, as sentences: which command leads to which facts in which state, and why others are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final, get_args

import pytest

from contracts.processing import (
    CaseDecided,
    CaseOpened,
    CaseResultIssued,
    CaseStepAssigned,
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStopped,
)
from contracts.processing_clock import CaseAlarmRaised, CaseClockPaused, CaseClockResumed, CaseReappointed
from contracts.processing_coordination import CaseConsultationRequested
from contracts.vocabulary import Deadline, MissingComponent, Outcome, ProcedureCode
from kernel.legalclock import load_calendar
from services.processing.domain import agreements, blank, case, controlled_documents, organisation, permit
from services.processing.domain.case_commands import (
    Answer,
    Assign,
    Claim,
    Command,
    Complete,
    Consult,
    Decide,
    Issue,
    OpenCase,
    Pause,
    Reappoint,
    Resume,
    Return,
    Ring,
    Stop,
    Undo,
)
from services.processing.domain.case_refusals import Reason
from services.processing.domain.case_states import Issued, Paused, State, Stopped, Working, legal_in
from services.processing.domain.officer import Officer
from services.processing.http_api import WORDS
from tests.services.processing.dossiers import (
    ADVANCE,
    BLASTERS,
    CHEMICALS,
    LIMITS,
    NOTICE,
    WINE,
    accepted,
    due,
    new_dossier,
    officer_for,
    workflow,
)
from tests.services.rig import AGENCY, MONDAY
from tests.specification import Given, given

DOSSIER: Final = new_dossier()
CASE: Final = case.stream_of(DOSSIER)
MISSING: Final = (MissingComponent(component="ban-sao-giay-chung-nhan", reason="absent"),)
BASIS: Final = "Nghị định 105/2017/NĐ-CP, Điều 12"
RESULT: Final = "Giấy phép bán buôn rượu"
LATER: Final = MONDAY + timedelta(hours=1)
BROUGHT: Final = MONDAY + timedelta(days=7)
STEPS: Final = workflow(WINE).steps
DUE: Final = date(2026, 3, 23)
"""The last day for a dossier of `WINE` that was accepted on that Monday."""
NEW_DAY: Final = date(2026, 3, 30)
TOO_LATE: Final = MONDAY + timedelta(days=22)
"""The morning after."""


def opening(procedure: ProcedureCode = WINE, **changes: Any) -> OpenCase:
    """Take over a dossier of a procedure."""
    found = workflow(procedure)
    dossier = accepted(DOSSIER, procedure, **changes)
    return OpenCase(case_id=CASE, dossier=dossier, workflow_hash=found.content_hash, steps=found.steps)


def by(step: str, procedure: ProcedureCode = WINE) -> Officer:
    """Give whoever does a step."""
    return officer_for(procedure, step)


def claim(step: str, procedure: ProcedureCode = WINE) -> Claim:
    return Claim(officer=by(step, procedure), steps=workflow(procedure).steps, at=LATER)


def complete(step: str, procedure: ProcedureCode = WINE) -> Complete:
    return Complete(step=step, officer=by(step, procedure), steps=workflow(procedure).steps, at=LATER)


def pause(step: str, procedure: ProcedureCode = WINE) -> Pause:
    return Pause(missing=MISSING, officer=by(step, procedure), steps=workflow(procedure).steps, at=LATER)


def grant(step: str = "B5", procedure: ProcedureCode = WINE) -> Decide:
    return Decide(outcome="granted", legal_basis=None, officer=by(step, procedure), steps=workflow(procedure).steps, at=LATER)


def refuse(basis: str | None = BASIS) -> Decide:
    return Decide(outcome="refused", legal_basis=basis, officer=by("B5"), steps=STEPS, at=LATER)


def issue(step: str = "B6", procedure: ProcedureCode = WINE, serial: int = 12) -> Issue:
    steps = workflow(procedure).steps
    return Issue(step=step, serial=serial, result=RESULT, officer=by(step, procedure), steps=steps, at=LATER)


def assign(step: str, to: Officer | None = None) -> Assign:
    """Let the director give a step to somebody of its unit and role."""
    return Assign(step=step, to=to or replace(by(step), id="nv-xx-98"), reason="leave", officer=by("B5"), steps=STEPS, at=LATER)


def send_back(step: str, to: str = "B3") -> Return:
    return Return(step=step, to=to, reason="incomplete", officer=by(step), steps=STEPS, at=LATER)


def undo(step: str) -> Undo:
    return Undo(step=step, reason="by-mistake", officer=by(step), steps=STEPS, at=LATER)


def consult(step: str, partner: str = "cong-an-tinh", at: datetime = LATER) -> Consult:
    return Consult(partner=partner, days=5, calendar=load_calendar().as_known_at(at), officer=by(step), steps=STEPS, at=at)


def answer(step: str, at: datetime, number: int = 1) -> Answer:
    return Answer(number=number, opinion="agrees", officer=by(step), steps=STEPS, at=at)


def reappoint(step: str, day: date = NEW_DAY, at: datetime = LATER) -> Reappoint:
    calendar = load_calendar().as_known_at(at)
    return Reappoint(new_due_on=day, reason="workload", calendar=calendar, officer=by(step), steps=STEPS, at=at)


def once_more(at: datetime, basis: str | None = BASIS) -> Pause:
    """Let the head of the unit ask for a supplement once more, by a law that lets him."""
    return replace(pause("B3"), at=at, officer=by("B2"), legal_basis=basis)


def resume(round_: int = 1) -> Resume:
    return Resume(round=round_, resumed_at=BROUGHT, calendar=load_calendar().as_known_at(BROUGHT))


def deadline_from(procedure: ProcedureCode, at: datetime) -> Deadline:
    """Compute the deadline of a dossier that is accepted at an instant."""
    found = due(LIMITS[procedure], at)
    assert found is not None
    return found


STOP: Final = Stop(at=BROUGHT)


def after(*commands: Command, procedure: ProcedureCode = WINE, **changes: Any) -> Given:
    """Begin a sentence with the history that some commands made of an opened case."""
    return following((), opening(procedure, **changes), *commands)


def following(facts: tuple[Any, ...], *commands: Command) -> Given:
    """Add what commands lead to, to a history."""
    for command in commands:
        outcome = given(case.DECIDER, *facts).when(command)
        assert outcome.refused is None, outcome.refused
        facts += outcome.facts
    return given(case.DECIDER, *facts)


def as_far_as(step: str, procedure: ProcedureCode = WINE) -> tuple[Command, ...]:
    """Give the completions that lead to a step before the signing step, or to it."""
    codes = [one.code for one in workflow(procedure).steps]
    return tuple(complete(code, procedure) for code in codes[: codes.index(step)])


ALWAYS: Final = ["assignment", "consultation", "reappointment"]
"""What may be done at any step before the decision, though nothing is special about it."""

TO_B3: Final = as_far_as("B3")
TO_B5: Final = as_far_as("B5")

# Every pair of a state and a command. ------------------------------------------------------------------------------------

HISTORIES: Final[Mapping[str, tuple[str, Given]]] = {
    "absent": ("B1", given(case.DECIDER)),
    "waiting": ("B1", after()),
    "claimed": ("B3", after(*TO_B3, claim("B3"))),
    "waiting to be signed": ("B5", after(*TO_B5)),
    "claimed to be signed": ("B5", after(*TO_B5, claim("B5"))),
    "waiting for a number": ("B6", after(*TO_B5, grant())),
    "claimed for a number": ("B6", after(*TO_B5, refuse(), claim("B6"))),
    "paused": ("B3", after(*TO_B3, pause("B3"))),
    "issued": ("B6", after(*TO_B5, grant(), issue())),
    "stopped": ("B1", after(STOP)),
}
"""How a case comes to stand there, and the step whose officer then asks."""

NOTHING: Final = ()
OPENED: Final = (CaseOpened,)
CLAIMED: Final = (CaseStepClaimed,)
COMPLETED: Final = (CaseStepCompleted,)
PAUSED: Final = (CaseClockPaused,)
RESUMED: Final = (CaseClockResumed,)
SIGNED: Final = (CaseDecided, CaseStepCompleted)
ISSUED: Final = (CaseStepCompleted, CaseResultIssued)
ASSIGNED: Final = (CaseStepAssigned,)
REOPENED: Final = (CaseStepReopened,)
ASKED: Final = (CaseConsultationRequested,)
NEW_DATE: Final = (CaseReappointed,)
RUNG: Final = (CaseAlarmRaised,)
NO_RETURN, NO_UNDO, NOT_ASKED = "cannot-return-there", "nothing-to-undo", "no-such-consultation"
STOPPED: Final = (CaseStopped,)
NO_CASE, HELD, ENDED = "no-such-case", "case-paused", "case-ended"
NOT_SIGNING, DECIDED, UNDECIDED, NO_NUMBER = "not-the-signing-step", "already-decided", "decision-needed", "number-needed"

COMMANDS: Final = (
    "open", "claim", "complete", "pause", "decide", "issue",
    "assign", "return", "undo", "consult", "answer", "reappoint", "ring",
    "resume", "stop",
)  # fmt: skip
MATRIX: Final[Mapping[str, tuple[Any, ...]]] = {
    # state: open, claim, complete, pause, decide, issue; assign, return, undo, consult, answer, reappoint, ring; resume, stop
    "absent": (
        OPENED, NO_CASE, NO_CASE, NO_CASE, NO_CASE, NO_CASE,
        NO_CASE, NO_CASE, NO_CASE, NO_CASE, NO_CASE, NO_CASE, NOTHING,
        NOTHING, NOTHING),
    "waiting": (
        NOTHING, CLAIMED, COMPLETED, PAUSED, NOT_SIGNING, UNDECIDED,
        ASSIGNED, NO_RETURN, NO_UNDO, ASKED, NOT_ASKED, NEW_DATE, RUNG,
        NOTHING, STOPPED),
    "claimed": (
        NOTHING, NOTHING, COMPLETED, PAUSED, NOT_SIGNING, UNDECIDED,
        ASSIGNED, NO_RETURN, NO_UNDO, ASKED, NOT_ASKED, NEW_DATE, RUNG,
        NOTHING, STOPPED),
    "waiting to be signed": (
        NOTHING, CLAIMED, UNDECIDED, PAUSED, SIGNED, UNDECIDED,
        ASSIGNED, REOPENED, REOPENED, ASKED, NOT_ASKED, NEW_DATE, RUNG,
        NOTHING, STOPPED),
    "claimed to be signed": (
        NOTHING, NOTHING, UNDECIDED, PAUSED, SIGNED, UNDECIDED,
        ASSIGNED, REOPENED, NO_UNDO, ASKED, NOT_ASKED, NEW_DATE, RUNG,
        NOTHING, STOPPED),
    "waiting for a number": (
        NOTHING, CLAIMED, NO_NUMBER, DECIDED, DECIDED, ISSUED,
        ASSIGNED, NO_RETURN, NO_UNDO, DECIDED, NOT_ASKED, NEW_DATE, RUNG,
        NOTHING, NOTHING),
    "claimed for a number": (
        NOTHING, NOTHING, NO_NUMBER, DECIDED, DECIDED, ISSUED,
        ASSIGNED, NO_RETURN, NO_UNDO, DECIDED, NOT_ASKED, NEW_DATE, RUNG,
        NOTHING, NOTHING),
    "paused": (
        NOTHING, HELD, HELD, HELD, HELD, HELD,
        HELD, HELD, HELD, HELD, NOT_ASKED, HELD, NOTHING,
        RESUMED, STOPPED),
    "issued": (
        NOTHING, ENDED, ENDED, ENDED, ENDED, ENDED,
        ENDED, ENDED, ENDED, ENDED, ENDED, ENDED, NOTHING,
        NOTHING, NOTHING),
    "stopped": (
        NOTHING, ENDED, ENDED, ENDED, ENDED, ENDED,
        ENDED, ENDED, ENDED, ENDED, ENDED, ENDED, NOTHING,
        NOTHING, NOTHING),
}  # fmt: skip


def step_before(step: str) -> str:
    codes = [one.code for one in STEPS]
    return codes[max(0, codes.index(step) - 1)]


def command_of(name: str, step: str) -> Command:
    """Make a command as the officer of a step would give it."""
    match name:
        case "open":
            return opening()
        case "claim":
            return claim(step)
        case "complete":
            return complete(step)
        case "pause":
            return pause(step)
        case "decide":
            return replace(refuse(), officer=by(step))
        case "issue":
            return issue(step)
        case "assign":
            return assign(step)
        case "return":
            return send_back(step)
        case "undo":
            return undo(step_before(step))
        case "consult":
            return consult(step)
        case "answer":
            return answer(step, LATER)
        case "reappoint":
            return reappoint(step)
        case "ring":
            return Ring(at=TOO_LATE)
        case "resume":
            return resume()
        case _:
            return STOP


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("state", HISTORIES)
def test_every_command_in_every_state_leads_to_these_facts_or_this_refusal(state: str, name: str) -> None:
    step, history = HISTORIES[state]
    expected = MATRIX[state][COMMANDS.index(name)]
    outcome = history.when(command_of(name, step))
    if isinstance(expected, str):
        outcome.then_refused(expected)
    else:
        assert outcome.refused is None, outcome.refused
        assert tuple(type(fact) for fact in outcome.facts) == expected


def test_the_matrix_knows_every_state() -> None:
    assert MATRIX.keys() == HISTORIES.keys()
    kinds = {type(history.state) for _, history in HISTORIES.values()}
    assert kinds == set(get_args(State))


# What the facts say. -----------------------------------------------------------------------------------------------------


def test_an_accepted_dossier_becomes_a_case_that_is_pinned_to_its_workflow_and_waits_at_the_first_step() -> None:
    dossier = accepted(DOSSIER)
    given(case.DECIDER).when(opening()).then(
        CaseOpened(
            case_id=CASE,
            dossier_id=DOSSIER,
            agency=AGENCY,
            code=dossier.code,
            procedure=WINE,
            field=dossier.field,
            workflow_hash=workflow(WINE).content_hash,
            step="B1",
            unit="bo-phan-mot-cua",
            role="cong-chuc-mot-cua",
            supplement_mode="restart",
            deadline=dossier.deadline,
            channel="desk",
            opened_at=dossier.accepted_at,
        )
    )


def test_an_officer_takes_the_open_step_and_then_it_is_his() -> None:
    officer = by("B1").id
    outcome = after().when(claim("B1"))
    outcome.then(CaseStepClaimed(case_id=CASE, dossier_id=DOSSIER, step="B1", officer=officer, claimed_at=LATER))
    assert outcome.state.open[0].officer == officer


def test_a_completed_step_opens_the_next_for_its_own_unit_and_role() -> None:
    outcome = after().when(complete("B1"))
    outcome.then(
        CaseStepCompleted(
            case_id=CASE,
            dossier_id=DOSSIER,
            step="B1",
            officer=by("B1").id,
            next_step="B2",
            next_unit="phong-quan-ly-thuong-mai",
            next_role="truong-phong",
            completed_at=LATER,
        )
    )
    assert [(step.code, step.officer) for step in outcome.state.open] == [("B2", None)]


def test_a_refusal_names_its_legal_basis_and_completes_the_signing_step() -> None:
    after(*TO_B5).when(refuse()).then(
        CaseDecided(
            case_id=CASE,
            dossier_id=DOSSIER,
            agency=AGENCY,
            outcome="refused",
            legal_basis=BASIS,
            officer=by("B5").id,
            decided_at=LATER,
        ),
        CaseStepCompleted(
            case_id=CASE,
            dossier_id=DOSSIER,
            step="B5",
            officer=by("B5").id,
            next_step="B6",
            next_unit="van-thu",
            next_role="van-thu",
            completed_at=LATER,
        ),
    )


@pytest.mark.parametrize("basis", [None, "", "  "])
def test_a_refusal_with_no_legal_basis_is_no_decision(basis: str | None) -> None:
    after(*TO_B5).when(refuse(basis)).then_refused("legal-basis-needed")


@pytest.mark.parametrize(("outcome", "number"), [("granted", "12/GP-SCT"), ("refused", "12/TB-SCT")])
def test_the_last_step_gives_the_result_its_number_a_permit_by_its_kind_and_a_refusal_as_a_notice(outcome: Outcome, number: str) -> None:
    decision = grant() if outcome == "granted" else refuse()
    _, issued = after(*TO_B5, decision).when(issue()).facts
    assert issued == CaseResultIssued(
        case_id=CASE,
        dossier_id=DOSSIER,
        agency=AGENCY,
        outcome=outcome,
        result_number=number,
        officer=by("B6").id,
        issued_at=LATER,
    )


def test_only_the_last_step_takes_a_number_though_the_decision_is_signed() -> None:
    # The advance is paid and settled after the director has signed.
    history = after(*as_far_as("B4", ADVANCE), grant("B4", ADVANCE), procedure=ADVANCE)
    history.when(issue("B5", ADVANCE)).then_refused("step-not-open")
    outcome = following(history.facts, complete("B5", ADVANCE)).when(issue("B6", ADVANCE))
    assert tuple(type(fact) for fact in outcome.facts) == ISSUED


def test_a_notice_ends_with_the_confirmation_of_its_last_officer_under_its_own_code() -> None:
    history = after(*as_far_as("B4", NOTICE), procedure=NOTICE)
    history.when(complete("B4", NOTICE)).then_refused("decision-needed")
    decided, completed, issued = history.when(grant("B4", NOTICE)).facts
    assert (decided.outcome, completed.next_step) == ("granted", None)
    assert issued.result_number == accepted(DOSSIER, NOTICE).code


# Whose work it is. -------------------------------------------------------------------------------------------------------


def test_of_two_officers_who_claim_a_step_the_first_has_it_and_the_second_learns_so() -> None:
    second = replace(claim("B3"), officer=replace(by("B3"), id="nv-tm-05"))
    refused = after(*TO_B3, claim("B3")).when(second).then_refused("claimed-by-another")
    assert refused.detail["legal"] == ["completion", "pause", *ALWAYS]


@pytest.mark.parametrize("name", ["claim", "complete", "pause", "decide", "issue"])
def test_nobody_works_on_a_step_that_another_has_claimed(name: str) -> None:
    colleague = replace(by("B3"), id="nv-tm-05")
    asked: Any = command_of(name, "B3")
    after(*TO_B3, claim("B3")).when(replace(asked, officer=colleague)).then_refused("claimed-by-another")


@pytest.mark.parametrize("name", ["claim", "complete", "pause", "decide", "issue"])
@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(
            Officer(id="nv-cn-03", unit="phong-quan-ly-cong-nghiep", roles=frozenset({"chuyen-vien"})), id="same role, other unit"
        ),
        pytest.param(
            Officer(id="nv-tm-01", unit="phong-quan-ly-thuong-mai", roles=frozenset({"truong-phong"})), id="same unit, other role"
        ),
    ],
)
def test_unit_and_role_must_both_be_those_of_the_step(name: str, stranger: Officer) -> None:
    asked: Any = command_of(name, "B3")
    after(*TO_B3).when(replace(asked, officer=stranger)).then_refused("not-your-step")


def test_a_deputy_director_signs_for_the_director() -> None:
    deputy = Officer(id="nv-bgd-02", unit="ban-giam-doc", roles=frozenset({"pho-giam-doc", "giam-doc"}))
    assert after(*TO_B5).when(replace(grant(), officer=deputy)).facts[0].officer == "nv-bgd-02"


def test_a_step_that_is_not_the_open_one_cannot_be_completed() -> None:
    after().when(complete("B2")).then_refused("step-not-open")
    after(complete("B1")).when(complete("B1")).then_refused("step-not-open")


def test_a_refusal_says_what_may_be_done_instead() -> None:
    assert after().when(complete("B2")).then_refused("step-not-open").detail["legal"] == ["claim", "completion", "pause", *ALWAYS]
    signing = ["claim", "decision", "pause", "assignment", "return", "undo", "consultation", "reappointment"]
    assert after(*TO_B5).when(complete("B5")).then_refused("decision-needed").detail["legal"] == signing
    assert after(STOP).when(claim("B1")).then_refused("case-ended").detail["legal"] == []


# The clock. --------------------------------------------------------------------------------------------------------------


def test_a_case_with_no_limit_has_no_clock_to_pause() -> None:
    refused = after(*as_far_as("B3", BLASTERS), procedure=BLASTERS).when(pause("B3", BLASTERS)).then_refused("no-clock")
    assert refused.detail["legal"] == ["claim", "completion", "assignment", "undo", "consultation"]


def test_a_pause_asks_for_what_is_missing_and_the_step_stays_with_who_asked() -> None:
    outcome = after(*TO_B3).when(pause("B3"))
    outcome.then(
        CaseClockPaused(case_id=CASE, dossier_id=DOSSIER, agency=AGENCY, round=1, missing=MISSING, officer=by("B3").id, paused_at=LATER)
    )
    assert isinstance(outcome.state, Paused)
    assert outcome.state.held.open[0].officer == by("B3").id


def test_a_restart_gives_the_whole_limit_again_from_the_supplement_on() -> None:
    before, anew = deadline_from(WINE, MONDAY), deadline_from(WINE, BROUGHT)
    (resumed,) = after(*TO_B3, pause("B3")).when(resume()).facts
    assert (resumed.deadline.due_at, resumed.due_before_at, resumed.resumed_at) == (anew.due_at, before.due_at, BROUGHT)


def test_an_interruption_gives_only_what_was_left() -> None:
    whole = deadline_from(CHEMICALS, BROUGHT)
    (resumed,) = after(*as_far_as("B3", CHEMICALS), pause("B3", CHEMICALS), procedure=CHEMICALS).when(resume()).facts
    # Monday was the first day and is not counted, and the officer asked on that same day: nothing is used.
    assert resumed.deadline.due_at == whole.due_at
    later = replace(pause("B3", CHEMICALS), at=MONDAY + timedelta(days=2))
    (resumed,) = after(*as_far_as("B3", CHEMICALS), later, procedure=CHEMICALS).when(resume()).facts
    assert resumed.deadline.due_on == whole.due_on - timedelta(days=2)  # Tuesday and Wednesday are used


def test_the_supplement_of_another_round_does_not_resume() -> None:
    held = after(*TO_B3, pause("B3"))
    held.when(resume(2)).then_nothing()
    again = following(held.facts, resume(), once_more(BROUGHT + timedelta(hours=1)))
    assert again.facts[-1].round == 2
    again.when(resume(1)).then_nothing()
    late = replace(resume(2), resumed_at=BROUGHT + timedelta(days=2))
    assert tuple(type(fact) for fact in again.when(late).facts) == RESUMED


def test_a_supplement_that_comes_twice_resumes_once() -> None:
    after(*TO_B3, pause("B3"), resume()).when(resume()).then_nothing()


def test_after_the_pause_the_step_is_still_with_the_officer_who_asked() -> None:
    resumed = after(*TO_B3, pause("B3"), resume())
    assert isinstance(resumed.state, Working)
    resumed.when(replace(complete("B3"), officer=replace(by("B3"), id="nv-tm-05"))).then_refused("claimed-by-another")


def test_a_supplement_whose_clock_is_a_little_behind_resumes_at_the_pause() -> None:
    early = replace(resume(), resumed_at=LATER - timedelta(minutes=1))
    (resumed,) = after(*TO_B3, pause("B3")).when(early).facts
    assert resumed.resumed_at == LATER


def test_a_limit_that_had_run_out_before_the_pause_stays_run_out() -> None:
    late = replace(pause("B3"), at=MONDAY + timedelta(days=60))
    (resumed,) = after(*TO_B3, late).when(replace(resume(), resumed_at=MONDAY + timedelta(days=61))).facts
    assert resumed.deadline.due_at == resumed.due_before_at


# The end. ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["waiting", "claimed", "waiting to be signed", "claimed to be signed", "paused"])
def test_a_withdrawal_before_the_decision_stops_the_case(state: str) -> None:
    outcome = HISTORIES[state][1].when(STOP)
    outcome.then(CaseStopped(case_id=CASE, dossier_id=DOSSIER, agency=AGENCY, cause="withdrawn", stopped_at=BROUGHT))
    assert isinstance(outcome.state, Stopped)


def test_a_result_is_never_issued_twice() -> None:
    issued = after(*TO_B5, grant(), issue())
    issued.when(issue(serial=13)).then_refused("case-ended")
    assert isinstance(issued.state, Issued)
    assert issued.state.number == "12/GP-SCT"


def test_history_cannot_be_wrong_so_facts_out_of_place_change_nothing() -> None:
    everything = HISTORIES["issued"][1].facts
    for _, history in HISTORIES.values():
        for fact in everything[1:]:
            case.evolve(history.state, fact)
    assert isinstance(given(case.DECIDER, *everything, *everything[1:]).state, Issued)


def test_every_reason_is_said_in_both_languages() -> None:
    reasons = {*get_args(Reason), "not-in-roster", "on-leave", "not-your-task"}
    for aggregate in (organisation, agreements, controlled_documents, permit, blank):
        reasons |= set(get_args(aggregate.Reason))
    assert WORDS.refusals.keys() == reasons
    for kind in WORDS.refusals.values():
        assert all((kind.title.vi, kind.title.en, kind.detail.vi, kind.detail.en))
        assert kind.detail.vi != kind.detail.en


def test_what_is_legal_is_what_the_matrix_says() -> None:
    doors = {
        "claim": ("claim",),
        "completion": ("complete", "issue"),
        "decision": ("decide",),
        "pause": ("pause",),
        "assignment": ("assign",),
        "return": ("return",),
        "undo": ("undo",),
        "consultation": ("consult",),
        "answer": ("answer",),
        "reappointment": ("reappoint",),
    }
    for state, (_, history) in HISTORIES.items():
        accepted_here = {name for name, outcome in zip(COMMANDS, MATRIX[state], strict=True) if isinstance(outcome, tuple) and outcome}
        assert set(legal_in(history.state, STEPS, LATER)) == {door for door, names in doors.items() if accepted_here & set(names)}, state
