"""Facts of processing, the department: workflows published, cases opened, worked, paused, decided, permits issued."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import LEFT_OUT, Fact, Value
from contracts.processing_clock import ClockFact
from contracts.processing_coordination import CoordinationFact
from contracts.processing_organisation import AgreementFact, ControlledDocumentFact, OrganisationFact
from contracts.processing_permits import PermitFact
from contracts.vocabulary import (
    AgencyCode,
    CaseId,
    Channel,
    ContentHash,
    Deadline,
    DossierCode,
    DossierId,
    FieldCode,
    Limit,
    Outcome,
    PartnerCode,
    PermitId,
    PrincipalId,
    ProcedureCode,
    SupplementMode,
)

AssignmentReason: TypeAlias = Literal["assigned", "leave", "transfer", "reorganisation", "conflict-of-interest", "workload"]
ReopeningReason: TypeAlias = Literal["incomplete", "wrong-contents", "wrong-form", "wrong-legal-basis", "new-facts", "by-mistake"]
RecordKind: TypeAlias = Literal["site-check", "council"]
CorrectionReason: TypeAlias = Literal["clerical", "wrong-legal-basis", "wrong-outcome", "new-facts"]


class RecordNeeded(Value):
    """The record (biên bản) that a step is not completed without; `members`: at least and at most so many sit there (None: one will do)."""

    kind: RecordKind
    members: Annotated[tuple[int, int] | None, LEFT_OUT] = None


class Step(Value):
    """One step of an internal procedure (quy trình nội bộ): who does it, in how many working hours, and where it stands among the others.

    `after` are the steps that must be done before it (None: the one above it), so two steps after the same one run beside each other;
    `when` is the guard under which it is to be done at all, `requires` the one under which it may be completed, `consults` whom it asks
    for an opinion, `record` what it puts down, `returns_to` the earlier steps that it may be sent back to. A step that nobody has finished
    `passes_after` so many working days passes by itself: silence means consent.
    """

    code: str
    name: str
    unit: str
    role: str
    hours: Annotated[int, Field(ge=0)]
    after: Annotated[tuple[str, ...] | None, LEFT_OUT] = None
    when: Annotated[str | None, LEFT_OUT] = None
    requires: Annotated[str | None, LEFT_OUT] = None
    consults: Annotated[tuple[PartnerCode, ...], LEFT_OUT] = ()
    record: Annotated[RecordNeeded | None, LEFT_OUT] = None
    passes_after: Annotated[int | None, Field(ge=1), LEFT_OUT] = None
    returns_to: Annotated[tuple[str, ...], LEFT_OUT] = ()


class WorkflowPublished(Fact, type="processing.workflow.published.v1"):
    """A version of the internal procedure of one procedure; a case is pinned to `content_hash` (TT 01/2018, Điều 8)."""

    procedure: ProcedureCode
    content_hash: ContentHash
    steps: tuple[Step, ...]
    published_at: datetime


class CaseOpened(Fact, type="processing.case.opened.v1"):
    """The department took over an accepted dossier. By which channel it came is what the guards of a workflow may ask.

    `extension_max` is by how much of its unit a law lets the limit be made longer (None: not at all). `limit_by_law` is what the law allows
    where less was promised: `deadline` and all that follows go by the promise.
    """

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
    channel: Annotated[Channel | None, LEFT_OUT] = None
    extension_max: Annotated[int | None, LEFT_OUT] = None
    limit_by_law: Annotated[Limit | None, LEFT_OUT] = None
    opened_at: datetime


class OpenStep(Value):
    """A step that is to be done now, whose work it is, and who has taken it (None: nobody)."""

    step: str
    unit: str
    role: str
    officer: PrincipalId | None


class CaseStepClaimed(Fact, type="processing.case.step-claimed.v1"):
    """An officer took an open step. `open` lists every open step where more than one is."""

    case_id: CaseId
    dossier_id: DossierId
    step: str
    officer: PrincipalId
    open: Annotated[tuple[OpenStep, ...], LEFT_OUT] = ()
    claimed_at: datetime


class CaseStepAssigned(Fact, type="processing.case.step-assigned.v1"):
    """The head of a unit gave an open step to an officer, or took it from another (`before`) for a reason; its hours run on."""

    case_id: CaseId
    dossier_id: DossierId
    step: str
    officer: PrincipalId
    before: PrincipalId | None
    assigned_by: PrincipalId
    reason: AssignmentReason
    open: tuple[OpenStep, ...]
    assigned_at: datetime


class CaseStepCompleted(Fact, type="processing.case.step-completed.v1"):
    """An officer finished a step; `next_step` with its unit and role is open now, or none is left before the decision.

    `open` lists every open step, where that is not `next_step` alone: branches run beside each other.
    """

    case_id: CaseId
    dossier_id: DossierId
    step: str
    officer: PrincipalId
    next_step: str | None
    next_unit: str | None
    next_role: str | None
    open: Annotated[tuple[OpenStep, ...], LEFT_OUT] = ()
    completed_at: datetime


class CaseStepReopened(Fact, type="processing.case.step-reopened.v1"):
    """A finished step is open again, with the officer who had finished it: a later step sent it back, or he took it back himself.

    What was done stays recorded; `undone` are the steps that must be done once more, `judged_anew` those that were skipped and may be
    due this time, `open` those that are open now.
    """

    case_id: CaseId
    dossier_id: DossierId
    step: str
    officer: PrincipalId
    how: Literal["returned", "undone"]
    reason: ReopeningReason
    by: PrincipalId
    undone: tuple[str, ...]
    judged_anew: Annotated[tuple[str, ...], LEFT_OUT] = ()
    open: tuple[OpenStep, ...]
    reopened_at: datetime


class CaseStepSkipped(Fact, type="processing.case.step-skipped.v1"):
    """A step need not be done, for its condition `when` was not true when its turn came; what comes after it goes on."""

    case_id: CaseId
    dossier_id: DossierId
    step: str
    when: str
    skipped_at: datetime


class CaseTimerSet(Fact, type="processing.case.timer-set.v1"):
    """An open step will pass by itself at `fires_at`, unless somebody finishes it before: `days` working days, as `deadline` derives."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    step: str
    days: Annotated[int, Field(ge=1)]
    deadline: Deadline
    fires_at: datetime
    set_at: datetime


class CaseTimerFired(Fact, type="processing.case.timer-fired.v1"):
    """Nobody finished the step in its time, so it passes. `fired_at` is the instant that was set, whenever somebody looked."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    step: str
    fired_at: datetime


class CaseTimerCancelled(Fact, type="processing.case.timer-cancelled.v1"):
    """The step will not pass by itself: it is done, or no longer open, or the clock stands still or has ended."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    step: str
    cause: Literal["done", "reopened", "paused", "moved", "ended"]
    cancelled_at: datetime


class SignedFor(Value):
    """By whose leave somebody else signs (thừa ủy quyền, TUQ.): who delegated it, by which paper, and what the signer is himself."""

    by: PrincipalId
    basis: str
    title: str


class CaseDecided(Fact, type="processing.case.decided.v1"):
    """The decision is signed. A refusal is a resolution too and can be in time or late.

    `signed_for` is set where it was signed by delegation, `day_off` where nobody works on that day: such a signature is to be asked about.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    outcome: Outcome
    legal_basis: str | None
    officer: PrincipalId
    signed_for: Annotated[SignedFor | None, LEFT_OUT] = None
    day_off: Annotated[bool, LEFT_OUT] = False
    decided_at: datetime


class CaseDecisionCorrected(Fact, type="processing.case.decision-corrected.v1"):
    """A signed decision was corrected before its result was issued. What was signed before stands beside it and stays readable.

    `open` are the steps that are open now, `skipped` those that need not be done after this decision.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    outcome_before: Outcome
    legal_basis_before: str | None
    outcome: Outcome
    legal_basis: str | None
    reason: CorrectionReason
    open: tuple[OpenStep, ...]
    skipped: Annotated[tuple[str, ...], LEFT_OUT] = ()
    officer: PrincipalId
    signed_for: Annotated[SignedFor | None, LEFT_OUT] = None
    day_off: Annotated[bool, LEFT_OUT] = False
    corrected_at: datetime


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


class CaseMoved(Fact, type="processing.case.moved.v1"):
    """A running case goes on by another version of its workflow; what is done stays done.

    `open` are the steps that are open now, `skipped` those that need not be done.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    from_hash: ContentHash
    workflow_hash: ContentHash
    open: tuple[OpenStep, ...]
    skipped: Annotated[tuple[str, ...], LEFT_OUT] = ()
    moved_at: datetime


class BookNumberAllotted(Fact, type="processing.book.number-allotted.v1"):
    """A number of the year's book was given to one result; numbers run from 1 on 1 January (NĐ 30/2020, Điều 15).

    `permit_id` where it was given to a permit that was issued again.
    """

    agency: AgencyCode
    year: int
    serial: Annotated[int, Field(ge=1)]
    number: str
    case_id: CaseId
    permit_id: Annotated[PermitId | None, LEFT_OUT] = None


ProcessingFact: TypeAlias = (
    WorkflowPublished
    | CaseOpened
    | CaseStepClaimed
    | CaseStepAssigned
    | CaseStepCompleted
    | CaseStepReopened
    | CaseStepSkipped
    | CaseTimerSet
    | CaseTimerFired
    | CaseTimerCancelled
    | CaseDecided
    | CaseDecisionCorrected
    | CaseResultIssued
    | CaseStopped
    | ClockFact
    | CaseMoved
    | BookNumberAllotted
    | CoordinationFact
    | OrganisationFact
    | AgreementFact
    | ControlledDocumentFact
    | PermitFact
)
