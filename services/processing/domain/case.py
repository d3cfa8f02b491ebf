"""Step 3 of 8, decide: the department's work on one dossier, from its acceptance to the issue of the result."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, TypeAlias
from uuid import uuid5

from contracts.processing import (
    CaseClockPaused,
    CaseClockResumed,
    CaseDecided,
    CaseOpened,
    CaseResultIssued,
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStopped,
)
from contracts.vocabulary import CaseId, Deadline, DossierId, Outcome
from kernel.eventlog import Decider, Refused
from kernel.legalclock import resume
from services.processing.domain import NAMESPACE
from services.processing.domain.book import number_of
from services.processing.domain.case_commands import Act, Claim, Command, Complete, Decide, Issue, OpenCase, Pause, Resume, Stop
from services.processing.domain.case_states import Absent, Case, Claimed, Issued, OpenStep, Paused, State, Stopped, Waiting, legal_in
from services.processing.domain.workflow import Steps, signing_step, step_after

Event: TypeAlias = (
    CaseOpened | CaseStepClaimed | CaseStepCompleted | CaseClockPaused | CaseClockResumed | CaseDecided | CaseResultIssued | CaseStopped
)

Reason: TypeAlias = Literal[
    "no-such-case",
    "case-paused",
    "case-ended",
    "step-not-open",
    "not-your-step",
    "claimed-by-another",
    "decision-needed",
    "not-the-signing-step",
    "already-decided",
    "legal-basis-needed",
    "no-clock",
    "number-needed",
]

INITIAL: Final[State] = Absent()


def stream_of(dossier: DossierId) -> CaseId:
    """Give the case, and the stream, of a dossier."""
    return CaseId(uuid5(NAMESPACE, f"case:{dossier}"))


def decide(command: Command, state: State) -> list[Event]:
    """Say what a command leads to.

    Raises:
        Refused: with one of `Reason`, and `legal`, what may be done instead.
    """
    match command, state:
        case OpenCase(), Absent():
            return [_opened(command)]
        case Resume(round=round_), Paused() if round_ == state.case.rounds:
            return _resumed(command, state)
        case Stop(at=at), Waiting(case=case, verdict="pending") | Claimed(case=case, verdict="pending") | Paused(case=case):
            return [CaseStopped(case_id=case.id, dossier_id=case.dossier, agency=case.agency, cause="withdrawn", stopped_at=at)]
        case Claim() | Complete() | Pause() | Decide() | Issue(), Waiting() | Claimed():
            return _work(command, state)

        # Facts of intake that no longer apply, or come twice: whoever was first has won, and there is nothing left to record.
        case ((OpenCase() | Resume() | Stop()), _):
            return []

        case _, Absent():
            raise Refused("no-such-case")
        case _, Paused():
            raise Refused("case-paused", legal=[])
        case _, Issued() | Stopped():
            raise Refused("case-ended", legal=[])


def _work(command: Act, state: Waiting | Claimed) -> list[Event]:
    """Say what an officer's act on the open step leads to."""
    case, step, steps, officer = state.case, state.step, command.steps, command.officer
    if isinstance(command, Complete | Issue) and command.step != step.code:
        raise _refused("step-not-open", state, steps)
    if not officer.may_do(step):
        raise _refused("not-your-step", state, steps)
    if isinstance(state, Claimed) and state.officer != officer.id:
        raise _refused("claimed-by-another", state, steps)
    signing = step.code == signing_step(steps).code
    match command:
        case Claim():
            if isinstance(state, Claimed):
                return []
            return [CaseStepClaimed(case_id=case.id, dossier_id=case.dossier, step=step.code, officer=officer.id, claimed_at=command.at)]
        case Complete() if signing and state.verdict == "pending":
            raise _refused("decision-needed", state, steps)
        case Complete() if step_after(steps, step.code) is None:
            raise _refused("number-needed", state, steps)
        case Complete():
            return [_completed(command, case, step)]
        case Pause() if state.verdict != "pending":
            raise _refused("already-decided", state, steps)
        case Pause() if case.deadline is None:
            raise _refused("no-clock", state, steps)
        case Pause():
            return [_paused(command, case)]
        case Decide() if state.verdict != "pending":
            raise _refused("already-decided", state, steps)
        case Decide() if not signing:
            raise _refused("not-the-signing-step", state, steps)
        case Decide(outcome="refused", legal_basis=basis) if basis is None or not basis.strip():
            raise _refused("legal-basis-needed", state, steps)
        case Decide():
            return _decided(command, case, step)
        case Issue():
            if state.verdict == "pending":
                raise _refused("decision-needed", state, steps)
            if step_after(steps, step.code) is not None:
                raise _refused("step-not-open", state, steps)  # the one that issues comes later
            number = number_of(command.serial, state.verdict, command.result)
            return [_completed(command, case, step), _issued(command, case, state.verdict, number)]


def evolve(state: State, event: Event) -> State:
    """Say where a case stands after an event. Never refuses: history cannot be wrong."""
    match event, state:
        case CaseOpened(), _:
            step = OpenStep(code=event.step, unit=event.unit, role=event.role)
            return Waiting(case=_case(event), step=step, verdict="pending")
        case CaseStepClaimed(officer=officer), Waiting(case=case, step=step, verdict=verdict):
            return Claimed(case=case, step=step, verdict=verdict, officer=officer)
        case CaseDecided(outcome=outcome), Waiting() | Claimed():
            return replace(state, verdict=outcome)
        case (
            CaseStepCompleted(next_step=str() as code, next_unit=str() as unit, next_role=str() as role),
            Waiting(case=case, verdict=verdict) | Claimed(case=case, verdict=verdict),
        ):
            return Waiting(case=case, step=OpenStep(code=code, unit=unit, role=role), verdict=verdict)
        case CaseClockPaused(), Waiting(case=case, step=step) | Claimed(case=case, step=step):
            held = Claimed(case=replace(case, rounds=event.round), step=step, verdict="pending", officer=event.officer)
            return Paused(held=held, paused_at=event.paused_at)
        case CaseClockResumed(deadline=deadline), Paused(held=held):
            return replace(held, case=replace(held.case, deadline=deadline))
        case CaseResultIssued(), Waiting(case=case) | Claimed(case=case):
            return Issued(case=case, outcome=event.outcome, number=event.result_number)
        case CaseStopped(), Waiting(case=case) | Claimed(case=case) | Paused(case=case):
            return Stopped(case=case)
        case _:
            return state


DECIDER: Final = Decider[Command, State](INITIAL, decide, evolve)


def _refused(reason: Reason, state: State, steps: Steps) -> Refused:
    return Refused(reason, legal=legal_in(state, steps))


# How facts are made of commands and states. -----------------------------------------------------------------------------


def _case(event: CaseOpened) -> Case:
    return Case(
        id=event.case_id,
        dossier=event.dossier_id,
        agency=event.agency,
        code=event.code,
        procedure=event.procedure,
        workflow_hash=event.workflow_hash,
        supplement_mode=event.supplement_mode,
        deadline=event.deadline,
    )


def _opened(command: OpenCase) -> CaseOpened:
    dossier, first = command.dossier, command.steps[0]
    return CaseOpened(
        case_id=command.case_id,
        dossier_id=dossier.dossier_id,
        agency=dossier.agency,
        code=dossier.code,
        procedure=dossier.procedure,
        field=dossier.field,
        workflow_hash=command.workflow_hash,
        step=first.code,
        unit=first.unit,
        role=first.role,
        supplement_mode=dossier.supplement_mode,
        deadline=dossier.deadline,
        opened_at=dossier.accepted_at,
    )


def _completed(command: Complete | Decide | Issue, case: Case, step: OpenStep) -> CaseStepCompleted:
    after = step_after(command.steps, step.code)
    return CaseStepCompleted(
        case_id=case.id,
        dossier_id=case.dossier,
        step=step.code,
        officer=command.officer.id,
        next_step=after.code if after else None,
        next_unit=after.unit if after else None,
        next_role=after.role if after else None,
        completed_at=command.at,
    )


def _paused(command: Pause, case: Case) -> CaseClockPaused:
    return CaseClockPaused(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        round=case.rounds + 1,
        missing=command.missing,
        officer=command.officer.id,
        paused_at=command.at,
    )


def _resumed(command: Resume, state: Paused) -> list[Event]:
    case = state.case
    if (before := case.deadline) is None:
        return []
    # Two services, two clocks: an instant that is a little too early must not stop the case for ever.
    paused_at = max(state.paused_at, before.segments[0].start_at)
    resumed_at = max(command.resumed_at, paused_at)
    deadline = Deadline.model_validate(resume(before, paused_at, resumed_at, case.supplement_mode, command.calendar))
    return [
        CaseClockResumed(
            case_id=case.id,
            dossier_id=case.dossier,
            agency=case.agency,
            round=case.rounds,
            due_before_at=before.due_at,
            deadline=deadline,
            resumed_at=resumed_at,
        )
    ]


def _decided(command: Decide, case: Case, step: OpenStep) -> list[Event]:
    decided = CaseDecided(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        outcome=command.outcome,
        legal_basis=command.legal_basis,
        officer=command.officer.id,
        decided_at=command.at,
    )
    completed = _completed(command, case, step)
    if completed.next_step is not None:
        return [decided, completed]
    # A notice ends with its confirmation: no paper goes out that would take a number, so it keeps the dossier's own code.
    return [decided, completed, _issued(command, case, command.outcome, case.code)]


def _issued(command: Decide | Issue, case: Case, outcome: Outcome, number: str) -> CaseResultIssued:
    return CaseResultIssued(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        outcome=outcome,
        result_number=number,
        officer=command.officer.id,
        issued_at=command.at,
    )
