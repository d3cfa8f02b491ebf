"""Facts of processing, the department: workflows published, cases opened, worked, paused, decided, permits issued."""

from __future__ import annotations

from datetime import date, datetime
from operator import not_
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact, Value
from contracts.processing_clock import ClockFact
from contracts.processing_organisation import AgreementCode, AgreementFact, ControlledDocumentFact, OrganisationFact
from contracts.vocabulary import (
    AgencyCode,
    CaseId,
    Channel,
    ContentHash,
    Deadline,
    DossierCode,
    DossierId,
    FieldCode,
    LatenessReason,
    MissingComponent,
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
SiteFinding: TypeAlias = Literal["meets", "meets-after-remedy", "does-not-meet"]
CouncilFinding: TypeAlias = Literal["approves", "approves-after-changes", "rejects"]
SeatRole: TypeAlias = Literal["chair", "secretary", "member", "reviewer"]
CorrectionReason: TypeAlias = Literal["clerical", "wrong-legal-basis", "wrong-outcome", "new-facts"]

LEFT_OUT: Final = Field(exclude_if=not_)
"""A field that a later version of the program added: where it says nothing it is not written, so older facts keep their bytes."""


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
    passes_after: Annotated[int | None, Field(ge=1, exclude_if=not_)] = None
    returns_to: Annotated[tuple[str, ...], LEFT_OUT] = ()


class WorkflowPublished(Fact, type="processing.workflow.published.v1"):
    """A version of the internal procedure of one procedure; a case is pinned to `content_hash` (TT 01/2018, Điều 8)."""

    procedure: ProcedureCode
    content_hash: ContentHash
    steps: tuple[Step, ...]
    published_at: datetime


class CaseOpened(Fact, type="processing.case.opened.v1"):
    """The department took over an accepted dossier. By which channel it came is what the guards of a workflow may ask.

    `extension_max` is by how much of its unit a law lets the limit be made longer (None: not at all).
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


class Seat(Value):
    """Who was there, and as what: an officer of the department by account, or somebody sent by another agency. Never a name."""

    role: SeatRole
    officer: Annotated[PrincipalId | None, LEFT_OUT] = None
    partner: Annotated[PartnerCode | None, LEFT_OUT] = None


class CaseSiteChecked(Fact, type="processing.case.site-checked.v1"):
    """A team was on site and put down what it found (biên bản thẩm định thực tế; NĐ 61/2018, Điều 19.3)."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    step: str
    held_on: date
    members: tuple[Seat, ...]
    finding: SiteFinding
    officer: PrincipalId
    recorded_at: datetime


class CaseCouncilHeld(Fact, type="processing.case.council-held.v1"):
    """An appraisal council sat and put down what it concluded (biên bản họp hội đồng thẩm định)."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    step: str
    held_on: date
    members: tuple[Seat, ...]
    finding: CouncilFinding
    officer: PrincipalId
    recorded_at: datetime


class CaseConsultationRequested(Fact, type="processing.case.consultation-requested.v1"):
    """Another agency was asked for its opinion, with a limit of its own; the case's own clock runs on (NĐ 61/2018, Điều 19.5).

    `agreement` is the coordination agreement that the limit comes from (None: from before agreements were facts).
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    partner: PartnerCode
    agreement: Annotated[AgreementCode | None, LEFT_OUT] = None
    step: str
    deadline: Deadline
    officer: PrincipalId
    requested_at: datetime


class CaseConsultationReceived(Fact, type="processing.case.consultation-received.v1"):
    """The other agency confirmed that it has the papers (giao, nhận hồ sơ liên thông). Its limit has run since it was asked."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    partner: PartnerCode
    officer: PrincipalId
    received_at: datetime


class CaseConsultationAnswered(Fact, type="processing.case.consultation-answered.v1"):
    """The other agency answered; `late` says that its own limit had run out."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    partner: PartnerCode
    opinion: Literal["agrees", "disagrees", "agrees-with-changes", "not-competent"]
    late: bool
    officer: PrincipalId
    answered_at: datetime


class CaseConsultationOverdue(Fact, type="processing.case.consultation-overdue.v1"):
    """Another agency let its limit run out without an answer; the head of the unit that asked must know (NĐ 61/2018, Điều 19.5).

    `raised_at` is the instant that the limit gives, whenever somebody looked.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    partner: PartnerCode
    unit: str
    to_role: str
    due_at: datetime
    raised_at: datetime


class CaseClockPaused(Fact, type="processing.case.clock-paused.v1"):
    """Appraisal found the dossier wanting: the clock stops and intake asks the applicant (NĐ 61/2018, Điều 19.4).

    `step` is the one that stays with the officer (None: the only one that is open). Asked for more often than the rules allow, it names
    the law that lets it (`legal_basis`) and was asked for by who leads the unit. `after_notice` is set where it came after the days within
    which a supplement must be asked for: that is against the law though the result may be in time.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    missing: tuple[MissingComponent, ...]
    step: Annotated[str | None, LEFT_OUT] = None
    legal_basis: Annotated[str | None, LEFT_OUT] = None
    after_notice: Annotated[date | None, LEFT_OUT] = None
    remind_at: Annotated[datetime | None, LEFT_OUT] = None
    officer: PrincipalId
    paused_at: datetime


class CaseSupplementReminded(Fact, type="processing.case.supplement-reminded.v1"):
    """The applicant has not brought what he was asked for: he is reminded, once a round, and the head of the unit knows.

    Nothing ends by it. `raised_at` is the instant that was set when the clock stopped (`remind_at`), whenever somebody looked.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    to_role: str
    raised_at: datetime


class CaseClockResumed(Fact, type="processing.case.clock-resumed.v1"):
    """The supplement is here: the limit counts from zero again, or goes on where it stopped, as the procedure says."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    due_before_at: datetime
    deadline: Deadline
    resumed_at: datetime


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


class Holder(Value):
    """An enterprise that holds a permit: its name and tax code are public. A person's name stays in the vault of whoever received it."""

    name: str
    tax_code: str


class Placeholder(Value):
    """A place in a permit template, and what may be put there. `lines` is a list, one paragraph each."""

    name: str
    kind: Literal["text", "lines", "date", "number"]
    label: str
    required: bool = True


class Term(Value):
    """What stands in one place of a permit, a date as `2026-03-05`; nothing personal of an individual may."""

    name: str
    value: str | int | tuple[str, ...]


class Blank(Value):
    """A numbered sheet of secure paper (phôi): series and number are printed on it, `AB 000123`."""

    series: Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")]
    number: Annotated[int, Field(ge=1, le=999_999)]


class TemplatePublished(Fact, type="processing.template.published.v1"):
    """A version of a permit template; a permit is pinned to `content_hash`. `blank` says that it is printed on numbered blanks."""

    code: str
    version: Annotated[int, Field(ge=1)]
    content_hash: ContentHash
    title: str
    placeholders: tuple[Placeholder, ...]
    legal_basis: tuple[str, ...]
    blank: bool
    effective_from: date
    published_at: datetime


class PermitDrafted(Fact, type="processing.permit.drafted.v1"):
    """What the permit shall say; a later draft takes the place of an earlier one until the permit is published."""

    permit_id: PermitId
    case_id: CaseId
    agency: AgencyCode
    template: str
    template_hash: ContentHash
    terms: tuple[Term, ...]
    officer: PrincipalId
    drafted_at: datetime


class PermitIssued(Fact, type="processing.permit.issued.v1"):
    """A permit with its number; it outlives the dossier. `holder` is left out where it is an individual."""

    permit_id: PermitId
    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    kind: str
    number: str
    issued_on: date
    expires_on: date | None
    holder: Annotated[Holder | None, LEFT_OUT] = None
    issued_at: datetime


class PermitPublished(Fact, type="processing.permit.published.v1"):
    """The permit went out: on which blank, with which claims in its QR code, and the hash of the signed page as it is kept.

    `page_hash` is that of the page before it was signed: the same facts make it again. `trial` says that the certificate binds nobody.
    `spoiled` is the blank that this page replaces, if printing failed.
    """

    permit_id: PermitId
    agency: AgencyCode
    number: str
    edition: Annotated[int, Field(ge=1)]
    template_hash: ContentHash
    blank: Blank | None
    spoiled: Annotated[Blank | None, LEFT_OUT] = None
    token: str
    page_hash: ContentHash
    document_hash: ContentHash
    certificate_hash: ContentHash
    trial: bool
    officer: PrincipalId
    published_at: datetime


class PermitAmended(Fact, type="processing.permit.amended.v1"):
    """What the permit says has changed; number and expiry stay, and a new edition is to be published (sửa đổi, bổ sung; đính chính)."""

    permit_id: PermitId
    agency: AgencyCode
    number: str
    edition: Annotated[int, Field(ge=2)]
    kind: Literal["amendment", "correction"]
    template: str
    template_hash: ContentHash
    terms: tuple[Term, ...]
    legal_basis: str
    officer: PrincipalId
    amended_at: datetime


class PermitReissued(Fact, type="processing.permit.reissued.v1"):
    """The permit was given again under a new number because the paper is gone; `replaces` is void, and the expiry stays what it was."""

    permit_id: PermitId
    agency: AgencyCode
    number: str
    replaces: str
    edition: Annotated[int, Field(ge=2)]
    reason: Literal["paper-lost", "paper-damaged"]
    issued_on: date
    expires_on: date | None
    officer: PrincipalId
    reissued_at: datetime


class PermitRevoked(Fact, type="processing.permit.revoked.v1"):
    """The permit was taken back by a decision; until `return_by` its holder brings the paper."""

    permit_id: PermitId
    agency: AgencyCode
    number: str
    reason: Literal["conditions-lost", "obtained-by-fraud", "business-ended", "issued-wrongly", "sanction"]
    legal_basis: str
    return_by: date
    officer: PrincipalId
    revoked_at: datetime


class PermitExpired(Fact, type="processing.permit.expired.v1"):
    """The last day of validity is over. `expired_at` is the instant that the date gives, whenever somebody looked."""

    permit_id: PermitId
    agency: AgencyCode
    number: str
    expires_on: date
    expired_at: datetime


class BlanksReceived(Fact, type="processing.blank.received.v1"):
    """Blanks came into the stock, numbers `first` to `last` of a series."""

    agency: AgencyCode
    series: str
    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    officer: PrincipalId
    received_at: datetime


class BlankIssued(Fact, type="processing.blank.issued.v1"):
    """A permit was printed on a blank; blanks are taken in the order of their numbers."""

    agency: AgencyCode
    series: str
    number: Annotated[int, Field(ge=1)]
    permit_id: PermitId
    permit_number: str
    officer: PrincipalId
    issued_at: datetime


class BlankSpoiled(Fact, type="processing.blank.spoiled.v1"):
    """A blank is no good any more and was cancelled; `permit_id` if a permit had been printed on it."""

    agency: AgencyCode
    series: str
    number: Annotated[int, Field(ge=1)]
    reason: Literal["misprint", "torn", "soiled", "misprint-by-maker"]
    permit_id: PermitId | None
    officer: PrincipalId
    spoiled_at: datetime


class BlankReturned(Fact, type="processing.blank.returned.v1"):
    """An unused blank went back to whoever supplies them."""

    agency: AgencyCode
    series: str
    number: Annotated[int, Field(ge=1)]
    officer: PrincipalId
    returned_at: datetime


class BlankLost(Fact, type="processing.blank.lost.v1"):
    """A blank that should be in the stock is not; `record` is the number of the record that was made of it (biên bản)."""

    agency: AgencyCode
    series: str
    number: Annotated[int, Field(ge=1)]
    record: str
    officer: PrincipalId
    lost_at: datetime


class CaseReappointed(Fact, type="processing.case.reappointed.v1"):
    """The department apologised for being late and named a new day, form APOLOGY, once at most (NĐ 61/2018, Điều 19.9).

    The legal limit stays what it was, for every figure: `due_at`. `in_time` says that the apology went out at least a day before.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    reason: LatenessReason
    due_at: datetime
    new_due_on: date
    new_due_at: datetime
    in_time: bool
    officer: PrincipalId
    reappointed_at: datetime


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


class CaseAlarmRaised(Fact, type="processing.case.alarm-raised.v1"):
    """A limit is near, has run out, or has run out for so long that the director must know.

    `raised_at` is the instant that the limit gives, whenever somebody looked: the same history raises the same alarms. `next_at` is
    when the next one is due if nothing happens.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    kind: Literal["due-soon", "overdue", "escalated"]
    to_role: str
    due_at: datetime
    next_at: datetime | None
    raised_at: datetime


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
    | CaseSiteChecked
    | CaseCouncilHeld
    | CaseConsultationRequested
    | CaseConsultationReceived
    | CaseConsultationAnswered
    | CaseConsultationOverdue
    | CaseClockPaused
    | CaseSupplementReminded
    | CaseClockResumed
    | CaseDecided
    | CaseDecisionCorrected
    | CaseResultIssued
    | CaseStopped
    | CaseReappointed
    | ClockFact
    | CaseMoved
    | CaseAlarmRaised
    | PermitIssued
    | BookNumberAllotted
    | OrganisationFact
    | AgreementFact
    | ControlledDocumentFact
    | TemplatePublished
    | PermitDrafted
    | PermitPublished
    | PermitAmended
    | PermitReissued
    | PermitRevoked
    | PermitExpired
    | BlanksReceived
    | BlankIssued
    | BlankSpoiled
    | BlankReturned
    | BlankLost
)
