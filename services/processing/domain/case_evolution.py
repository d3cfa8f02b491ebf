"""Step 3 of 8, decide: where a case stands after each of its facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

from contracts.processing import (
    CaseDecided,
    CaseDecisionCorrected,
    CaseMoved,
    CaseOpened,
    CaseResultIssued,
    CaseStepAssigned,
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStepSkipped,
    CaseStopped,
    CaseTimerCancelled,
    CaseTimerFired,
    CaseTimerSet,
)
from contracts.processing_clock import (
    CaseAlarmRaised,
    CaseClockPaused,
    CaseClockResumed,
    CaseProlonged,
    CaseReappointed,
    CaseRestated,
    CaseSupplementReminded,
    CaseTimeExcluded,
)
from contracts.processing_coordination import (
    CaseConsultationAnswered,
    CaseConsultationOverdue,
    CaseConsultationReceived,
    CaseConsultationRequested,
    CaseCouncilHeld,
    CaseSiteChecked,
)
from kernel.legalclock import Told
from services.processing.domain import case_facts as facts
from services.processing.domain.case_limit import kept_of, timed
from services.processing.domain.case_outside import consultation
from services.processing.domain.case_records import noted
from services.processing.domain.case_states import Case, Issued, OpenStep, Paused, State, Stopped, Timer, Working
from services.processing.domain.case_timers import Timed
from services.processing.domain.case_work import Worked, taken

Event: TypeAlias = (
    CaseOpened
    | Worked
    | CaseClockResumed
    | CaseRestated
    | CaseTimeExcluded
    | CaseStopped
    | CaseMoved
    | CaseAlarmRaised
    | CaseConsultationOverdue
    | CaseSupplementReminded
    | Timed
)


def evolve(state: State, event: Event) -> State:
    """Say where a case stands after an event. Never refuses: history cannot be wrong."""
    match event, state:
        case CaseOpened(), _:
            first = OpenStep(code=event.step, unit=event.unit, role=event.role, since=event.opened_at)
            return Working(case=timed(facts.case_of(event), event, state), verdict="pending", open=(first,))
        case CaseClockPaused(), Working(case=case):
            step = event.step or state.open[0].code
            held = replace(
                state,
                case=replace(timed(case, event, state), rounds=event.round),
                open=state.open if event.legal_basis else taken(state.open, step, event.officer),
            )
            return Paused(held=held, paused_at=event.paused_at, remind_at=event.remind_at)
        case CaseSupplementReminded(), Paused():
            return replace(state, remind_at=None)
        case CaseClockResumed(deadline=deadline), Paused(held=held):
            again = tuple(replace(step, since=event.resumed_at) for step in held.open)
            return replace(held, case=replace(timed(held.case, event, state), deadline=deadline, kept=None), open=again)
        case ((CaseConsultationAnswered() | CaseConsultationReceived() | CaseConsultationOverdue()), Paused(held=held)):
            return replace(state, held=replace(held, case=_answered(held.case, event)))
        case CaseResultIssued(), Working(case=case):
            return Issued(case=case, outcome=event.outcome, number=event.result_number)
        case CaseStopped(), Working(case=case) | Paused(case=case):
            return Stopped(case=case)
        case _, Working():
            return _after_work(state, event)
        case _:
            return state


def _after_work(state: Working, event: Event) -> Working:
    """Say where the open steps stand after an event."""
    case = state.case
    match event:
        case CaseStepClaimed(step=step, officer=officer) | CaseStepAssigned(step=step, officer=officer):
            return replace(state, open=taken(state.open, step, officer))
        case CaseStepCompleted():
            return _after_completion(state, event)
        case CaseStepReopened():
            return _after_reopening(state, event)
        case CaseStepSkipped(step=step):
            return replace(state, skipped=(*state.skipped, step))
        case CaseTimerSet(step=step, days=days, fires_at=fires_at):
            return replace(state, timers=(*_but(state, step), Timer(step=step, days=days, fires_at=fires_at)))
        case CaseTimerFired(step=step) | CaseTimerCancelled(step=step):
            return replace(state, timers=_but(state, step))
        case CaseSiteChecked() | CaseCouncilHeld():
            return replace(state, records=noted(state, event), numbered=event.number)
        case CaseConsultationRequested():
            return replace(state, case=replace(case, consultations=(*case.consultations, consultation(event, state.open))))
        case CaseConsultationAnswered() | CaseConsultationReceived() | CaseConsultationOverdue():
            return replace(state, case=_answered(case, event))
        case CaseDecided(outcome=outcome, legal_basis=legal_basis):
            return replace(state, verdict=outcome, legal_basis=legal_basis)
        case CaseDecisionCorrected(outcome=outcome, legal_basis=legal_basis):
            found = facts.read(event.open, state.open, event.corrected_at)
            return replace(state, verdict=outcome, legal_basis=legal_basis, open=found, skipped=event.skipped)
        case CaseReappointed(new_due_at=new_due_at, reappointed_at=at):
            return replace(state, case=replace(timed(case, event, state), new_due_at=new_due_at, promised_at=at))
        case CaseProlonged(deadline=deadline) | CaseTimeExcluded(deadline=deadline):
            return replace(state, case=replace(timed(case, event, state), deadline=deadline, kept=None))
        case CaseRestated(deadline=deadline):
            told = Told(event.restated_at, "", event.promised_at, event.promised_on)
            return replace(state, case=replace(timed(case, event, state), deadline=deadline, kept=kept_of(deadline, told)))
        case CaseMoved(workflow_hash=workflow_hash):
            return replace(
                state,
                case=replace(case, workflow_hash=workflow_hash),
                open=facts.read(event.open, state.open, event.moved_at),
                skipped=event.skipped,
            )
        case CaseAlarmRaised(kind=kind, due_at=due_at):
            return replace(state, case=replace(case, rung=case.rung | {(kind, due_at)}))
        case _:
            return state


def _after_completion(state: Working, event: CaseStepCompleted) -> Working:
    """Close a step and open what the fact says; a step that nobody had taken was done by whoever finished it."""
    found = [step for step in state.open if step.code == event.step]
    done = (*state.done, *(replace(step, officer=event.officer) for step in found))
    if event.open:
        return replace(state, open=facts.read(event.open, state.open, event.completed_at), done=done)
    if event.next_step is None or event.next_unit is None or event.next_role is None:
        return replace(state, done=done) if found else state
    following = OpenStep(code=event.next_step, unit=event.next_unit, role=event.next_role, since=event.completed_at)
    return replace(state, open=(following,), done=done)


def _after_reopening(state: Working, event: CaseStepReopened) -> Working:
    """Take back what is to be done once more; what was put down in it is to be put down once more too."""
    again = {event.step, *event.undone}
    return replace(
        state,
        open=facts.read(event.open, state.open, event.reopened_at),
        done=tuple(step for step in state.done if step.code not in event.undone),
        skipped=tuple(code for code in state.skipped if code not in event.judged_anew),
        records=tuple(one for one in state.records if one.step not in again),
    )


def _but(state: Working, step: str) -> tuple[Timer, ...]:
    return tuple(one for one in state.timers if one.step != step)


def _answered(case: Case, event: CaseConsultationAnswered | CaseConsultationReceived | CaseConsultationOverdue) -> Case:
    """Note an answer, that the papers are there, or that an answer is owed beyond its limit."""
    changes: dict[str, Any]
    match event:
        case CaseConsultationOverdue():
            changes = {"is_reminded": True}
        case CaseConsultationReceived(received_at=received_at):
            changes = {"received_at": received_at}
        case CaseConsultationAnswered():
            changes = {"answered_at": event.answered_at, "opinion": event.opinion}
    found = tuple(replace(one, **changes) if one.number == event.number else one for one in case.consultations)
    return replace(case, consultations=found)
