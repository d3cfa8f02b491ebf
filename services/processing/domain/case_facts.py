"""Step 3 of 8, decide: how facts of a case are made of commands and states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from contracts import processing
from contracts.processing import CaseDecided, CaseOpened, CaseResultIssued, CaseStepCompleted, CaseStepReopened, CaseStepSkipped
from contracts.processing_clock import CaseClockPaused, CaseClockResumed
from contracts.vocabulary import Deadline, Outcome, PrincipalId
from kernel.legalclock import Resumed, day_of, reckon, rule_pack
from services.processing.domain.case_commands import Correct, Decide, Issue, OpenCase, Pause, Resume, Return, Undo
from services.processing.domain.case_states import Case, OpenStep, Paused, Working, facts_of, supplements_max
from services.processing.domain.workflow import Steps, beyond, index_of, onward

BY_ITSELF: Final = "system:timer"
"""Who finished a step that passed by itself."""


def in_order(steps: Steps, found: Iterable[OpenStep]) -> tuple[OpenStep, ...]:
    """Put open steps into the order of the workflow."""
    return tuple(sorted(found, key=lambda step: index_of(steps, step.code)))


def listed(found: Sequence[OpenStep]) -> tuple[processing.OpenStep, ...]:
    """Write open steps down as facts do."""
    return tuple(processing.OpenStep(step=step.code, unit=step.unit, role=step.role, officer=step.officer) for step in found)


def beside(found: Sequence[OpenStep]) -> tuple[processing.OpenStep, ...]:
    """Write open steps down where more than one is."""
    return listed(found) if len(found) > 1 else ()


def read(found: Sequence[processing.OpenStep], before: Sequence[OpenStep], at: datetime) -> tuple[OpenStep, ...]:
    """Read open steps from a fact; those that were open before have been so since then, the others since the fact."""
    since = {step.code: step.since for step in before}
    return tuple(
        OpenStep(code=step.step, unit=step.unit, role=step.role, since=since.get(step.step, at), officer=step.officer) for step in found
    )


def case_of(event: CaseOpened) -> Case:
    """Say what a case is about."""
    return Case(
        id=event.case_id,
        dossier=event.dossier_id,
        agency=event.agency,
        code=event.code,
        procedure=event.procedure,
        workflow_hash=event.workflow_hash,
        supplement_mode=event.supplement_mode,
        deadline=event.deadline,
        opened_at=event.opened_at,
        channel=event.channel,
        extension_max=event.extension_max,
    )


def opened(command: OpenCase) -> CaseOpened:
    """Open a case at the first step of its workflow."""
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
        channel=dossier.channel,
        extension_max=dossier.extension_max,
        limit_by_law=dossier.by_law.limit if dossier.by_law else None,
        opened_at=dossier.accepted_at,
    )


def completed(
    steps: Steps, state: Working, step: OpenStep, officer: PrincipalId, at: datetime
) -> list[CaseStepCompleted | CaseStepSkipped]:
    """Finish a step and open those that have waited for it alone; of those, skip what need not be done."""
    case = state.case
    others = [one for one in state.open if one.code != step.code]
    known = {one.code for one in others}
    now, skipped = onward(steps, state.passed | {step.code}, known, facts_of(state, at))
    new = [OpenStep(code=one.code, unit=one.unit, role=one.role, since=at) for one in now if one.code not in known]
    following = new[0] if new else None
    done = CaseStepCompleted(
        case_id=case.id,
        dossier_id=case.dossier,
        step=step.code,
        officer=officer,
        next_step=following.code if following else None,
        next_unit=following.unit if following else None,
        next_role=following.role if following else None,
        open=listed(in_order(steps, [*others, *new])) if others or len(new) > 1 else (),
        completed_at=at,
    )
    away = [CaseStepSkipped(case_id=case.id, dossier_id=case.dossier, step=one.code, when=one.when or "", skipped_at=at) for one in skipped]
    return [done, *away]


def reopened(command: Return | Undo, state: Working, step: OpenStep) -> CaseStepReopened:
    """Open a finished step again for whoever finished it; what came after it is to be done once more."""
    away = beyond(command.steps, step.code) | {step.code}
    still_open = [one for one in state.open if one.code not in away]
    # A step that passed by itself has nobody to go back to: whoever it belongs to takes it.
    again = replace(step, officer=None) if step.officer == BY_ITSELF else step
    return CaseStepReopened(
        case_id=state.case.id,
        dossier_id=state.case.dossier,
        step=step.code,
        officer=step.officer or command.officer.id,
        how="returned" if isinstance(command, Return) else "undone",
        reason=command.reason,
        by=command.officer.id,
        undone=tuple(one.code for one in state.done if one.code in away),
        judged_anew=tuple(code for code in state.skipped if code in away),
        open=listed(in_order(command.steps, [*still_open, again])),
        reopened_at=command.at,
    )


def paused(command: Pause, state: Working, step: OpenStep) -> CaseClockPaused:
    """Ask for what is missing."""
    case = state.case
    more = case.rounds >= supplements_max(case)
    return CaseClockPaused(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        round=case.rounds + 1,
        missing=command.missing,
        step=step.code if len(state.open) > 1 else None,
        legal_basis=command.legal_basis if more else None,
        after_notice=None if more else _missed_notice(command, case),
        remind_at=_reminder(command),
        officer=command.officer.id,
        paused_at=command.at,
    )


def _missed_notice(command: Pause, case: Case) -> date | None:
    """Give the last day on which it should have been asked for, if that is past: days of work from the day of receipt (Điều 19.4)."""
    if case.deadline is None or command.calendar is None:
        return None
    days = command.notice_days or rule_pack(case.deadline.rule_pack).supplement_notice_days
    last = command.calendar.add_working_days(day_of(case.opened_at), days)
    return last if day_of(command.at) > last else None


def _reminder(command: Pause) -> datetime | None:
    """Give when the applicant is to be reminded: when office opens, so many working days on."""
    if not command.reminder_days or command.calendar is None:
        return None
    day = command.calendar.add_working_days(day_of(command.at), command.reminder_days)
    return command.calendar.windows(day)[0][0]


def resumed(command: Resume, state: Paused) -> list[CaseClockResumed]:
    """Compute the deadline that the supplement leads to."""
    case = state.case
    if (before := case.deadline) is None:
        return []
    # Two services, two clocks: an instant that is a little too early must not stop the case for ever.
    resumed_at = max(command.resumed_at, state.paused_at, before.starts_at)
    moment = Resumed(at=resumed_at, cause="", mode=case.supplement_mode)
    deadline = Deadline.model_validate(reckon((*case.clock, moment), command.calendar).deadline)
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


def decided(command: Decide, state: Working, step: OpenStep) -> list[CaseDecided | CaseStepCompleted | CaseStepSkipped | CaseResultIssued]:
    """Sign the decision; where that is the last step, it is the result too."""
    case = state.case
    signed = CaseDecided(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        outcome=command.outcome,
        legal_basis=command.legal_basis,
        officer=command.officer.id,
        signed_for=command.officer.signed_for(step),
        day_off=signed_on_a_day_off(command),
        decided_at=command.at,
    )
    done = completed(command.steps, replace(state, verdict=command.outcome), step, command.officer.id, command.at)
    if step.code != command.steps[-1].code:
        return [signed, *done]
    # A notice ends with its confirmation: no paper goes out that would take a number, so it keeps the dossier's own code.
    return [signed, *done, issued(command, case, command.outcome, case.code)]


def signed_on_a_day_off(command: Decide | Correct) -> bool:
    """Tell whether nobody works on the day of a signature (E-27): it holds, and is to be asked about."""
    return command.calendar is not None and not command.calendar.is_working(day_of(command.at))


def issued(command: Decide | Issue, case: Case, outcome: Outcome, number: str) -> CaseResultIssued:
    """Pass the result to the desk."""
    return CaseResultIssued(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        outcome=outcome,
        result_number=number,
        officer=command.officer.id,
        issued_at=command.at,
    )
