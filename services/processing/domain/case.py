"""Step 3 of 8, decide: the department's work on one dossier, from its acceptance to the issue of the result."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias
from uuid import uuid5

from contracts.processing import (
    CaseAlarmRaised,
    CaseClockPaused,
    CaseClockResumed,
    CaseConsultationAnswered,
    CaseConsultationRequested,
    CaseDecided,
    CaseMoved,
    CaseOpened,
    CaseReappointed,
    CaseResultIssued,
    CaseStepAssigned,
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStopped,
)
from contracts.vocabulary import CaseId, DossierId
from kernel.eventlog import Decider, Refused
from services.processing.domain import NAMESPACE
from services.processing.domain import case_facts as facts
from services.processing.domain.alarms import ROLES, alarms, next_alarm_at
from services.processing.domain.case_commands import (
    Answer,
    Assign,
    Claim,
    Command,
    Complete,
    Consult,
    Decide,
    Issue,
    Move,
    OpenCase,
    Pause,
    Reappoint,
    Resume,
    Return,
    Ring,
    Stop,
    Undo,
)
from services.processing.domain.case_moves import moved
from services.processing.domain.case_outside import answered, consultation
from services.processing.domain.case_states import Absent, Case, Issued, OpenStep, Paused, State, Stopped, Working, legal_in
from services.processing.domain.case_work import Worked, taken, work

Event: TypeAlias = CaseOpened | Worked | CaseClockResumed | CaseStopped | CaseMoved | CaseAlarmRaised

INITIAL: Final[State] = Absent()


def stream_of(dossier: DossierId) -> CaseId:
    """Give the case, and the stream, of a dossier."""
    return CaseId(uuid5(NAMESPACE, f"case:{dossier}"))


def decide(command: Command, state: State) -> list[Event]:
    """Say what a command leads to.

    Raises:
        Refused: with one of `case_refusals.Reason`, and `legal`, what may be done instead.
    """
    match command, state:
        case OpenCase(), Absent():
            return [facts.opened(command)]
        case Resume(round=round_), Paused() if round_ == state.case.rounds:
            return [*facts.resumed(command, state)]
        case Stop(at=at), Working(case=case, verdict="pending") | Paused(case=case):
            return [CaseStopped(case_id=case.id, dossier_id=case.dossier, agency=case.agency, cause="withdrawn", stopped_at=at)]
        case Ring(), Working(case=case):
            return _rung(command, case)
        case Move(workflow_hash=workflow_hash), Working(case=case) if workflow_hash != case.workflow_hash:
            return [moved(command, state)]
        case Answer(), Paused():
            return [answered(command, state)]
        case (
            Claim() | Assign() | Complete() | Return() | Undo() | Consult() | Answer() | Pause() | Decide() | Issue() | Reappoint(),
            Working(),
        ):
            return [*work(command, state)]

        # Facts of intake that no longer apply, or come twice: whoever was first has won, and there is nothing left to record.
        case ((OpenCase() | Resume() | Stop() | Ring() | Move()), _):
            return []

        case _, Absent():
            raise Refused("no-such-case")
        case _, Paused():
            raise Refused("case-paused", legal=legal_in(state, command.steps, command.at))
        case _, Issued() | Stopped():
            raise Refused("case-ended", legal=[])


def _rung(command: Ring, case: Case) -> list[Event]:
    """Raise the earliest alarm that is due; the next one is asked for by itself, so that each has its own time."""
    for kind, due_at, at in alarms(case)[:1]:
        if at <= command.at:
            after = replace(case, rung=case.rung | {(kind, due_at)})
            return [
                CaseAlarmRaised(
                    case_id=case.id,
                    dossier_id=case.dossier,
                    agency=case.agency,
                    kind=kind,
                    to_role=ROLES[kind],
                    due_at=due_at,
                    next_at=next_alarm_at(after),
                    raised_at=at,
                )
            ]
    return []


def evolve(state: State, event: Event) -> State:
    """Say where a case stands after an event. Never refuses: history cannot be wrong."""
    match event, state:
        case CaseOpened(), _:
            first = OpenStep(code=event.step, unit=event.unit, role=event.role, since=event.opened_at)
            return Working(case=facts.case_of(event), verdict="pending", open=(first,))
        case CaseClockPaused(), Working(case=case):
            step = event.step or state.open[0].code
            held = replace(state, case=replace(case, rounds=event.round), open=taken(state.open, step, event.officer))
            return Paused(held=held, paused_at=event.paused_at)
        case CaseClockResumed(deadline=deadline), Paused(held=held):
            again = tuple(replace(step, since=event.resumed_at) for step in held.open)
            return replace(held, case=replace(held.case, deadline=deadline), open=again)
        case CaseConsultationAnswered(), Paused(held=held):
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
        case CaseStepReopened(undone=undone):
            done = tuple(step for step in state.done if step.code not in undone)
            return replace(state, open=facts.read(event.open, state.open, event.reopened_at), done=done)
        case CaseConsultationRequested():
            return replace(state, case=replace(case, consultations=(*case.consultations, consultation(event, state.open))))
        case CaseConsultationAnswered():
            return replace(state, case=_answered(case, event))
        case CaseDecided(outcome=outcome):
            return replace(state, verdict=outcome)
        case CaseReappointed(new_due_at=new_due_at):
            return replace(state, case=replace(case, new_due_at=new_due_at))
        case CaseMoved(workflow_hash=workflow_hash):
            return replace(
                state,
                case=replace(case, workflow_hash=workflow_hash),
                open=facts.read(event.open, state.open, event.moved_at),
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


def _answered(case: Case, event: CaseConsultationAnswered) -> Case:
    consultations = tuple(replace(one, answered_at=event.answered_at) if one.number == event.number else one for one in case.consultations)
    return replace(case, consultations=consultations)


DECIDER: Final = Decider[Command, State](INITIAL, decide, evolve)
