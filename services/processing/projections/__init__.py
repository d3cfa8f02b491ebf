"""Step 7 of 8, projections: the register of cases, and what processing needs to know of intake's catalogue and dossiers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args
from uuid import uuid5

from contracts.intake import DossierAccepted, DossierSubmitted, ProcedurePublished
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
    CaseStopped,
    CaseTimerCancelled,
    CaseTimerFired,
    CaseTimerSet,
    OpenStep,
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
from contracts.processing_coordination import CaseConsultationAnswered, CaseConsultationOverdue, CaseConsultationRequested
from contracts.processing_organisation import ControlledDocumentIssued, ControlledDocumentWithdrawn
from contracts.vocabulary import Deadline
from kernel.edge.wall import walled
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl
from kernel.legalclock import late_from
from services.processing.domain.alarms import answer_rings_at, first_alarm_at, soon

HERE: Final = Path(__file__).parent

CaseFact = (
    CaseOpened
    | CaseStepClaimed
    | CaseStepAssigned
    | CaseStepCompleted
    | CaseStepReopened
    | CaseClockPaused
    | CaseClockResumed
    | CaseDecided
    | CaseDecisionCorrected
    | CaseResultIssued
    | CaseStopped
    | CaseSupplementReminded
    | CaseReappointed
    | CaseProlonged
    | CaseRestated
    | CaseTimeExcluded
    | CaseMoved
    | CaseAlarmRaised
)

TimerFact = CaseTimerSet | CaseTimerFired | CaseTimerCancelled
ConsultationFact = CaseConsultationRequested | CaseConsultationAnswered | CaseConsultationOverdue


def case_key(event: Recorded) -> Any:
    """Each case has one row."""
    return event.fact.case_id


def case_columns(event: Recorded) -> Columns:
    """Say which columns an event of a case sets."""
    match event.fact:
        case CaseOpened() as fact:
            return {
                "dossier_id": fact.dossier_id,
                "code": fact.code,
                "agency": fact.agency,
                "procedure": fact.procedure,
                "workflow_hash": fact.workflow_hash,
                "field": fact.field,
                **open_step(fact.step, fact.unit, fact.role),
                "opened_at": fact.opened_at,
                **due(fact.deadline),
                "alarm_at": first_alarm_at(fact.deadline),
            }
        case (
            CaseStepClaimed(open=(_, *_) as found)
            | CaseStepAssigned(open=(_, *_) as found)
            | CaseStepCompleted(open=(_, *_) as found)
            | CaseStepReopened(open=found)
        ):
            return open_steps(found)
        case CaseStepClaimed(officer=officer) | CaseStepAssigned(officer=officer):
            return {"state": "claimed", "officer": officer}
        case CaseStepCompleted(next_step=None):
            return {"step": None, "unit": None, "role": None, "officer": None, "beside": None}
        case CaseStepCompleted() as fact:
            return open_step(fact.next_step, fact.next_unit, fact.next_role)
        case CaseClockPaused() as fact:
            mine = {} if fact.step or fact.legal_basis else {"officer": fact.officer}
            return {"state": "paused", "paused_at": fact.paused_at, "remind_at": fact.remind_at, "supplements": fact.round, **mine}
        case CaseClockResumed(deadline=deadline) as fact:
            # A limit that had run out before the pause has said what it had to say, or is about to.
            again = {} if deadline.due_at == fact.due_before_at else {"alarm_at": first_alarm_at(deadline)}
            return {"state": "claimed", "paused_at": None, "remind_at": None, **due(deadline), **again}
        case CaseSupplementReminded():
            return {"remind_at": None}
        case CaseReappointed() as fact:
            return {
                "new_due_at": fact.new_due_at,
                "reappointed_at": fact.reappointed_at,
                "alarm_at": soon(fact.new_due_at, fact.reappointed_at),
            }
        case (CaseProlonged(deadline=deadline) | CaseRestated(deadline=deadline) | CaseTimeExcluded(deadline=deadline)) as fact:
            return {**due(deadline), "alarm_at": fact.next_at}
        case CaseMoved() as fact:
            return {"workflow_hash": fact.workflow_hash, **open_steps(fact.open)}
        case CaseAlarmRaised() as fact:
            return {"alarm": fact.kind, "alarm_raised_at": fact.raised_at, "alarm_at": fact.next_at}
        case CaseDecided() as fact:
            return {"outcome": fact.outcome, "decided_at": fact.decided_at}
        case CaseDecisionCorrected() as fact:
            return {"outcome": fact.outcome, **open_steps(fact.open)}
        case CaseResultIssued() as fact:
            return {"state": "issued", "result_number": fact.result_number, "issued_at": fact.issued_at}
        case CaseStopped(stopped_at=stopped_at):
            ended = {"step": None, "unit": None, "role": None, "officer": None, "beside": None}
            return {"state": "stopped", "stopped_at": stopped_at, "remind_at": None, **ended}
        case _:
            return {}


def open_step(step: str | None, unit: str | None, role: str | None) -> Columns:
    """Give the columns of a step that waits for somebody to take it."""
    return {"state": "waiting", "step": step, "unit": unit, "role": role, "officer": None, "beside": None}


def open_steps(found: Sequence[OpenStep]) -> Columns:
    """Give the columns of steps that are open beside each other: the first, and the others as they are."""
    first, *others = found
    return {
        "state": "waiting" if any(step.officer is None for step in found) else "claimed",
        "step": first.step,
        "unit": first.unit,
        "role": first.role,
        "officer": first.officer,
        "beside": json.dumps([step.model_dump() for step in others]) if others else None,
    }


def due(deadline: Deadline | None) -> Columns:
    """Give the columns of a deadline."""
    if deadline is None:
        return {"due_at": None, "due_on": None, "late_from": None}
    return {"due_at": deadline.due_at, "due_on": deadline.due_on, "late_from": late_from(deadline)}


def timer_key(event: Recorded) -> Any:
    """Each step of a case has one timer, which may be set again."""
    return uuid5(event.fact.case_id, f"timer:{event.fact.step}")


def timer_columns(event: Recorded) -> Columns:
    """Say when a step passes by itself."""
    match event.fact:
        case CaseTimerSet() as fact:
            return {"case_id": fact.case_id, "agency": fact.agency, "step": fact.step, "fires_at": fact.fires_at}
        case CaseTimerFired() | CaseTimerCancelled():
            return {"fires_at": None}
        case _:
            return {}


def consultation_key(event: Recorded) -> Any:
    """Each question to another agency has one row."""
    return uuid5(event.fact.case_id, f"consultation:{event.fact.number}")


def consultation_columns(event: Recorded) -> Columns:
    """Say what another agency was asked, until when, and whether it answered."""
    match event.fact:
        case CaseConsultationRequested(deadline=deadline) as fact:
            asked = fact.model_dump(include={"case_id", "agency", "number", "partner", "requested_at"})
            return {**asked, **due(deadline), "rings_at": answer_rings_at(deadline)}
        case CaseConsultationAnswered() as fact:
            return {"answered_at": fact.answered_at, "opinion": fact.opinion}
        case CaseConsultationOverdue() as fact:
            return {"reminded_at": fact.raised_at}
        case _:
            return {}


def procedure_key(event: Recorded) -> Any:
    """Each version of a procedure has one row."""
    return event.fact.content_hash


def procedure_columns(event: Recorded) -> Columns:
    """Say what a version of a procedure leads to."""
    match event.fact:
        case ProcedurePublished() as fact:
            return {
                "procedure": fact.code,
                "name": fact.name,
                "result": fact.result,
                "validity_months": fact.validity_months,
                "notice_days": fact.notice_days,
                "components": json.dumps({one.code: one.name for one in fact.components}, ensure_ascii=False),
            }
        case _:
            return {}


def dossier_key(event: Recorded) -> Any:
    """Each dossier has one row."""
    return event.fact.dossier_id


def dossier_columns(event: Recorded) -> Columns:
    """Say whose dossier it is, if it is an enterprise's, and under which version of its procedure it was accepted."""
    match event.fact:
        case DossierSubmitted(enterprise=enterprise):
            return {"holder": enterprise.name if enterprise else None, "tax_code": enterprise.tax_code if enterprise else None}
        case DossierAccepted(procedure_hash=procedure_hash):
            return {"procedure_hash": procedure_hash}
        case _:
            return {}


def issue_key(event: Recorded) -> Any:
    """Each issue of a controlled document has one row."""
    return f"{event.fact.code}/{event.fact.issue}"


def issue_columns(event: Recorded) -> Columns:
    """Say what an issue is, and since when it is withdrawn."""
    match event.fact:
        case ControlledDocumentIssued() as fact:
            return fact.model_dump(exclude={"agency", "procedures"}) | {"procedures": json.dumps(fact.procedures)}
        case ControlledDocumentWithdrawn() as fact:
            return {"withdrawn_on": fact.from_on, "withdrawn_at": fact.withdrawn_at}
        case _:
            return {}


CASES: Final = ReadModel(
    name="cases",
    version=7,
    sources=("processing",),
    ddl=walled(read_ddl(HERE / "tables.sql")),
    projections=(
        Projection(table="case_register", key_column="case_id", key=case_key, columns=case_columns, facts=get_args(CaseFact)),
        Projection(table="step_timer", key_column="timer_id", key=timer_key, columns=timer_columns, facts=get_args(TimerFact)),
        Projection(
            table="consultation_register",
            key_column="consultation_id",
            key=consultation_key,
            columns=consultation_columns,
            facts=get_args(ConsultationFact),
        ),
    ),
)

PROCEDURES: Final = ReadModel(
    name="procedures",
    version=4,
    sources=("intake",),
    ddl=read_ddl(HERE / "procedures.sql"),
    projections=(
        Projection(
            table="procedure_result", key_column="content_hash", key=procedure_key, columns=procedure_columns, facts=(ProcedurePublished,)
        ),
        Projection(
            table="dossier_procedure",
            key_column="dossier_id",
            key=dossier_key,
            columns=dossier_columns,
            facts=(DossierSubmitted, DossierAccepted),
        ),
    ),
)

REGISTERS: Final = ReadModel(
    name="registers",
    version=1,
    sources=("processing",),
    ddl=read_ddl(HERE / "registers.sql"),
    projections=(
        Projection(
            table="document_issue",
            key_column="id",
            key=issue_key,
            columns=issue_columns,
            facts=(ControlledDocumentIssued, ControlledDocumentWithdrawn),
        ),
    ),
)
