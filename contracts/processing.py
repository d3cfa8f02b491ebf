"""Facts of processing, the department: workflows published, cases opened, worked, paused, decided, permits issued."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact, Value
from contracts.vocabulary import (
    AgencyCode,
    CaseId,
    ContentHash,
    Deadline,
    DossierCode,
    DossierId,
    FieldCode,
    MissingComponent,
    Outcome,
    PartnerCode,
    PermitId,
    PrincipalId,
    ProcedureCode,
    SupplementMode,
)


class Step(Value):
    """One step of an internal procedure (quy trình nội bộ): who does it, in how many working hours, and where it stands among the others.

    `after` are the steps that must be done before it (None: the one above it), so two steps after the same one run beside each other;
    `requires` is the guard under which it may be completed, `consults` whom it asks for an opinion, `returns_to` the earlier steps
    that it may be sent back to.
    """

    code: str
    name: str
    unit: str
    role: str
    hours: Annotated[int, Field(ge=0)]
    after: tuple[str, ...] | None = None
    requires: str | None = None
    consults: tuple[PartnerCode, ...] = ()
    returns_to: tuple[str, ...] = ()


class WorkflowPublished(Fact, type="processing.workflow.published.v1"):
    """A version of the internal procedure of one procedure; a case is pinned to `content_hash` (TT 01/2018, Điều 8)."""

    procedure: ProcedureCode
    content_hash: ContentHash
    steps: tuple[Step, ...]
    published_at: datetime


class CaseOpened(Fact, type="processing.case.opened.v1"):
    """The department took over an accepted dossier."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    code: DossierCode
    procedure: ProcedureCode
    field: FieldCode
    workflow_hash: ContentHash
    step: str
    unit: str
    role: str
    supplement_mode: SupplementMode
    deadline: Deadline | None
    opened_at: datetime


class CaseStepClaimed(Fact, type="processing.case.step-claimed.v1"):
    """An officer took the open step."""

    case_id: CaseId
    dossier_id: DossierId
    step: str
    officer: PrincipalId
    claimed_at: datetime


class CaseStepCompleted(Fact, type="processing.case.step-completed.v1"):
    """An officer finished a step; `next_step` with its unit and role is open now, or none is left before the decision."""

    case_id: CaseId
    dossier_id: DossierId
    step: str
    officer: PrincipalId
    next_step: str | None
    next_unit: str | None
    next_role: str | None
    completed_at: datetime


class CaseClockPaused(Fact, type="processing.case.clock-paused.v1"):
    """Appraisal found the dossier wanting: the clock stops and intake asks the applicant (NĐ 61/2018, Điều 19.4)."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    missing: tuple[MissingComponent, ...]
    officer: PrincipalId
    paused_at: datetime


class CaseClockResumed(Fact, type="processing.case.clock-resumed.v1"):
    """The supplement is here: the limit counts from zero again, or goes on where it stopped, as the procedure says."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    due_before_at: datetime
    deadline: Deadline
    resumed_at: datetime


class CaseDecided(Fact, type="processing.case.decided.v1"):
    """The decision is signed. A refusal is a resolution too and can be in time or late."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    outcome: Outcome
    legal_basis: str | None
    officer: PrincipalId
    decided_at: datetime


class CaseResultIssued(Fact, type="processing.case.result-issued.v1"):
    """The signed result is numbered, stamped and on its way to the desk (NĐ 30/2020, Điều 15: the number follows the signature)."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    outcome: Outcome
    result_number: str
    officer: PrincipalId
    issued_at: datetime


class CaseStopped(Fact, type="processing.case.stopped.v1"):
    """The case ended with no decision."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    cause: Literal["withdrawn"]
    stopped_at: datetime


class PermitIssued(Fact, type="processing.permit.issued.v1"):
    """A permit with its number; it outlives the dossier."""

    permit_id: PermitId
    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    kind: str
    number: str
    issued_on: date
    expires_on: date | None
    issued_at: datetime


class BookNumberAllotted(Fact, type="processing.book.number-allotted.v1"):
    """A number of the year's book was given to one result; numbers run from 1 on 1 January (NĐ 30/2020, Điều 15)."""

    agency: AgencyCode
    year: int
    serial: Annotated[int, Field(ge=1)]
    number: str
    case_id: CaseId


ProcessingFact: TypeAlias = (
    WorkflowPublished
    | CaseOpened
    | CaseStepClaimed
    | CaseStepCompleted
    | CaseClockPaused
    | CaseClockResumed
    | CaseDecided
    | CaseResultIssued
    | CaseStopped
    | PermitIssued
    | BookNumberAllotted
)
