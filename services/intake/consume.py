"""Step 6 of 8, consume: what intake records when the department has done something."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from contracts.processing import CaseResultIssued
from contracts.processing_clock import (
    CaseClockPaused,
    CaseClockResumed,
    CaseProlonged,
    CaseReappointed,
    CaseRestated,
    CaseSupplementReminded,
    CaseTimeExcluded,
)
from kernel.eventlog import Reaction, Reactor, Recorded
from services.intake.domain import commands, dossier


def react(event: Recorded) -> Reaction | None:
    """Ask the applicant for a supplement, move the appointment, take the result; all else is not intake's business."""
    match event.fact:
        case CaseClockPaused() as paused:
            command = commands.RequestSupplementAtAppraisal(
                round=paused.round, missing=paused.missing, at=paused.paused_at, by=paused.officer
            )
            return _on(paused.dossier_id, command)
        case CaseSupplementReminded(round=round_, raised_at=at) as waits:
            return _on(waits.dossier_id, commands.RemindOfSupplement(round=round_, at=at))
        case CaseClockResumed() as resumed:
            command = commands.Reschedule(
                round=resumed.round, due_before_at=resumed.due_before_at, deadline=resumed.deadline, at=resumed.resumed_at
            )
            return _on(resumed.dossier_id, command)
        case CaseProlonged(deadline=deadline) as longer:
            move = commands.MoveDue(due_before_at=longer.due_before_at, deadline=deadline, reason="extension", at=longer.prolonged_at)
            return _on(longer.dossier_id, move)
        case CaseTimeExcluded(deadline=deadline) as left_out:
            move = commands.MoveDue(due_before_at=left_out.due_before_at, deadline=deadline, reason="decision", at=left_out.excluded_at)
            return _on(left_out.dossier_id, move)
        # What the law puts later than the applicant was told leaves the appointment where it is: nobody waits longer for a holiday's sake.
        case CaseRestated(deadline=deadline) as restated if restated.promised_at == deadline.due_at:
            move = commands.MoveDue(due_before_at=restated.due_before_at, deadline=deadline, reason="calendar", at=restated.restated_at)
            return _on(restated.dossier_id, move)
        case CaseReappointed() as late:
            reappoint = commands.Reappoint(
                due_at=late.due_at,
                new_due_on=late.new_due_on,
                new_due_at=late.new_due_at,
                reason=late.reason,
                at=late.reappointed_at,
            )
            return _on(late.dossier_id, reappoint)
        case CaseResultIssued() as issued:
            return _on(
                issued.dossier_id,
                commands.TakeResult(outcome=issued.outcome, result_number=issued.result_number, at=issued.issued_at),
            )
        case _:
            return None


def _on(stream: UUID, command: commands.Command) -> Reaction:
    return Reaction(stream, dossier.DECIDER, command)


HEARD: Final = (
    CaseClockPaused,
    CaseSupplementReminded,
    CaseClockResumed,
    CaseProlonged,
    CaseRestated,
    CaseTimeExcluded,
    CaseReappointed,
    CaseResultIssued,
)

REACTOR: Final = Reactor("intake-processing", "processing", react, facts=HEARD)
