"""Facts of intake, the door: procedures published, dossiers received, supplemented, refused, withdrawn, returned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import LEFT_OUT, Fact, Value
from contracts.intake_erasure import DossierPersonalDataErased
from contracts.intake_fees import DossierFeePaid, DossierFeeRefunded, DossierFeeWaived, PaymentTaken, ReceiptNumberAllotted
from contracts.intake_files import DossierFileAttached, DossierFileScanned
from contracts.intake_originals import OriginalFact
from contracts.vocabulary import (
    AgencyCode,
    ApplicantKind,
    Channel,
    Confidence,
    ContentHash,
    Deadline,
    DossierCode,
    DossierId,
    FieldCode,
    LatenessReason,
    Limit,
    MissingComponent,
    Outcome,
    PrincipalId,
    ProcedureCode,
    StartRule,
    SupplementMode,
    SupplementStage,
    VaultRef,
)

LaterDate: TypeAlias = Annotated[date | None, Field(exclude_if=lambda given: given is None)]
"""A date that this version of an event gained after it was first published: where there is none, nothing is written, as before."""

LaterAmount: TypeAlias = Annotated[int | None, Field(gt=0, exclude_if=lambda given: given is None)]
"""An amount, likewise."""

LaterText: TypeAlias = Annotated[str | None, Field(min_length=1, max_length=200, exclude_if=lambda given: given is None)]
"""A text, likewise."""

LaterDeadline: TypeAlias = Annotated[Deadline | None, Field(exclude_if=lambda given: given is None)]
"""A deadline, likewise."""

LaterFlag: TypeAlias = Annotated[bool, Field(exclude_if=lambda given: not given)]
"""What is so or not, likewise: where it is not so, nothing is written."""

MoveReason: TypeAlias = Literal["extension", "calendar", "decision"]


class Component(Value):
    """One paper of a dossier (thành phần hồ sơ)."""

    code: str
    name: str
    required: bool = True


class Fee(Value):
    """One line of the fee table, in đồng; `case` names when it applies, the two dates (both inclusive) the days of acceptance.

    `case_code` is set where the desk says at acceptance which case a dossier is; `per_place`: the amount is for each place of business.
    """

    case: str
    case_code: LaterText = None
    per_place: LaterFlag = False
    applicant_kind: ApplicantKind | None = None
    channel: Channel | None = None
    amount_vnd: Annotated[int, Field(ge=0)]
    valid_from: LaterDate = None
    valid_until: LaterDate = None


class LimitLine(Value):
    """One line of the table of limits: for a case and a channel (None: any), what the law allows, and what was promised if that is less."""

    case_code: str | None = None
    channel: Channel | None = None
    limit: Limit
    committed: Limit | None = None


class ProcedurePublished(Fact, type="intake.procedure.published.v1"):
    """A version of a procedure entered the catalogue; a dossier is pinned to `content_hash` (NĐ 63/2010, Điều 8.2).

    `extension_max` is by how much of the limit's unit its law lets the limit be made longer (None: not at all). A line of `limits` goes
    before `limit`, which is the law's. `fee_before_result`: no result is handed over before the fee is paid. `decision` is by which paper
    this version came.
    """

    code: ProcedureCode
    content_hash: ContentHash
    name: str
    field: FieldCode
    field_name: str
    agency: AgencyCode
    agency_name: str
    limit: Limit | None
    limits: Annotated[tuple[LimitLine, ...], Field(exclude_if=lambda given: not given)] = ()
    start_rule: StartRule
    supplement_mode: SupplementMode
    notice_days: int | None
    extension_max: LaterAmount = None
    components: tuple[Component, ...]
    fees: tuple[Fee, ...]
    fee_before_result: LaterFlag = False
    result: str | None
    validity_months: int | None
    legal_basis: tuple[str, ...]
    confidence: Confidence
    decision: LaterText = None
    published_at: datetime


class VersionInForce(Value):
    """A procedure, its new version, and the one before it (None: it is new)."""

    code: ProcedureCode
    content_hash: ContentHash
    before: ContentHash | None


class CatalogueRevised(Fact, type="intake.catalogue.revised.v1"):
    """One decision brought new versions of several procedures into force, all at once; a dossier keeps the one it was submitted under."""

    agency: AgencyCode
    decision: Annotated[str, Field(min_length=1, max_length=200)]
    signed_on: date
    versions: Annotated[tuple[VersionInForce, ...], Field(min_length=1)]
    revised_at: datetime


class Enterprise(Value):
    """An enterprise's public identity: name and tax code (mã số thuế)."""

    name: str
    tax_code: str


class DossierSubmitted(Fact, type="intake.dossier.submitted.v1"):
    """A dossier arrived at the door (NĐ 61/2018, Điều 16). The personal part stays in the vault under `personal_ref`.

    `by_representative`: somebody handed it in for the applicant (Bộ luật Dân sự 2015, Điều 134); who that is stands in the vault.
    """

    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    procedure_hash: ContentHash
    field: FieldCode
    channel: Channel
    applicant_kind: ApplicantKind
    enterprise: Enterprise | None
    personal_ref: VaultRef
    commitment: ContentHash
    components: tuple[str, ...]
    submitted_at: datetime
    arrived_at: datetime
    by_representative: LaterFlag = False


class DossierSupplementRequested(Fact, type="intake.dossier.supplement-requested.v1"):
    """The applicant was asked to complete the dossier, form SUPPLEMENT_REQUEST (NĐ 61/2018, Điều 17.2.a and 19.4)."""

    dossier_id: DossierId
    agency: AgencyCode
    procedure: Annotated[ProcedureCode | None, LEFT_OUT] = None
    field: Annotated[FieldCode | None, LEFT_OUT] = None
    stage: SupplementStage
    round: Annotated[int, Field(ge=1)]
    missing: tuple[MissingComponent, ...]
    requested_at: datetime
    requested_by: PrincipalId


class DossierSupplemented(Fact, type="intake.dossier.supplemented.v1"):
    """The applicant brought what was asked for; `stage` tells whose request it answers."""

    dossier_id: DossierId
    agency: AgencyCode
    stage: SupplementStage
    round: Annotated[int, Field(ge=1)]
    components: tuple[str, ...]
    received_at: datetime


class DossierAccepted(Fact, type="intake.dossier.accepted.v1"):
    """The dossier is complete and received: code, appointment and its derivation, form RECEIPT (NĐ 61/2018, Điều 17.2.c).

    `deadline` is what was promised. Where that is less than the law allows, `by_law` is the law's own. `case_code` is which of the
    procedure's cases the dossier is; limit and fee go by it. `fee_vnd` is for all of its `places` of business (None: one, or not by place).
    """

    dossier_id: DossierId
    agency: AgencyCode
    code: DossierCode
    procedure: ProcedureCode
    procedure_hash: ContentHash
    field: FieldCode
    channel: Channel
    applicant_kind: ApplicantKind
    arrived_at: datetime
    accepted_at: datetime
    accepted_by: PrincipalId
    supplement_mode: SupplementMode
    extension_max: LaterAmount = None
    deadline: Deadline | None
    by_law: LaterDeadline = None
    case_code: LaterText = None
    places: LaterAmount = None
    fee_vnd: Annotated[int, Field(ge=0)] | None
    fee_before_result: LaterFlag = False


class DossierRefused(Fact, type="intake.dossier.refused.v1"):
    """The desk did not receive the dossier, form REFUSAL; the clock never ran (NĐ 61/2018, Điều 17.2.b)."""

    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    channel: Channel
    reason: Literal["out-of-competence", "conditions-not-met", "supplement-not-given", "duplicate"]
    legal_basis: str
    refused_at: datetime
    refused_by: PrincipalId


class DossierWithdrawn(Fact, type="intake.dossier.withdrawn.v1"):
    """The applicant took the dossier back before a decision."""

    dossier_id: DossierId
    agency: AgencyCode
    reason: Literal["no-longer-needed", "will-resubmit", "procedure-abolished", "other"]
    withdrawn_at: datetime


class DossierRescheduled(Fact, type="intake.dossier.rescheduled.v1"):
    """The appointment moved because the clock restarted or resumed after a supplement (NĐ 61/2018, Điều 19.4), or for the reason given."""

    dossier_id: DossierId
    agency: AgencyCode
    due_before_at: datetime
    deadline: Deadline
    reason: Annotated[MoveReason | None, Field(exclude_if=lambda given: given is None)] = None
    rescheduled_at: datetime


class DossierReappointed(Fact, type="intake.dossier.reappointed.v1"):
    """The department apologised for being late, and the applicant has a new day (NĐ 61/2018, Điều 19.9).

    The limit stays what it was: `due_at`, by which punctuality is judged.
    """

    dossier_id: DossierId
    agency: AgencyCode
    due_at: datetime
    new_due_on: date
    new_due_at: datetime
    reason: LatenessReason
    reappointed_at: datetime


class DossierSupplementReminded(Fact, type="intake.dossier.supplement-reminded.v1"):
    """The applicant was reminded of what appraisal asked for and he has not brought. The dossier waits on; nothing ends by it."""

    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    reminded_at: datetime


class DossierResultReady(Fact, type="intake.dossier.result-ready.v1"):
    """The result lies at the desk: the instant by which punctuality is judged (national status 9)."""

    dossier_id: DossierId
    agency: AgencyCode
    outcome: Outcome
    result_number: str | None
    ready_at: datetime


class DossierReturned(Fact, type="intake.dossier.returned.v1"):
    """The applicant has the result (national status 10; NĐ 61/2018, Điều 20)."""

    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    code: DossierCode
    channel: Channel
    returned_at: datetime
    returned_by: PrincipalId


class RegisterNumberAllotted(Fact, type="intake.register.number-allotted.v1"):
    """A serial of the day's register was given to one dossier; the stream's version is the serial, so none is given twice."""

    agency: AgencyCode
    day: date
    serial: Annotated[int, Field(ge=1)]
    code: DossierCode
    dossier_id: DossierId


IntakeFact: TypeAlias = (
    ProcedurePublished
    | CatalogueRevised
    | DossierSubmitted
    | DossierSupplementRequested
    | DossierSupplemented
    | DossierAccepted
    | DossierRefused
    | DossierWithdrawn
    | DossierRescheduled
    | DossierReappointed
    | DossierSupplementReminded
    | DossierResultReady
    | DossierReturned
    | RegisterNumberAllotted
    | DossierFeePaid
    | DossierFeeWaived
    | DossierFeeRefunded
    | PaymentTaken
    | ReceiptNumberAllotted
    | OriginalFact
    | DossierFileAttached
    | DossierFileScanned
    | DossierPersonalDataErased
)
