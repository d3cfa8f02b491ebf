"""Step 3 of 8, decide: what may be asked of a dossier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from contracts.intake import (
    DossierSubmitted,
    MoveReason,
)
from contracts.intake_erasure import ErasureGround
from contracts.intake_fees import PaymentCode, PaymentMethod, ReceiptNumber, RefundReason
from contracts.intake_files import MediaType, Verdict
from contracts.intake_originals import OriginalNumber
from contracts.vocabulary import (
    ContentHash,
    Deadline,
    DossierCode,
    FileId,
    LatenessReason,
    MissingComponent,
    Outcome,
    PrincipalId,
    SupplementMode,
    VaultRef,
)
from services.intake.domain.retention import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSupplement:
    """Ask the applicant, once, for everything that is missing (NĐ 61/2018, Điều 17.2.a)."""

    missing: tuple[MissingComponent, ...]
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSupplementAtAppraisal:
    """The department found the dossier wanting; the request goes out through the desk (Điều 19.4)."""

    round: int
    missing: tuple[MissingComponent, ...]
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """Bring what was asked for."""

    components: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Receive a complete dossier: its code and its appointment were made by the caller (Điều 17.2.c)."""

    code: DossierCode
    required: frozenset[str]
    supplement_mode: SupplementMode
    deadline: Deadline | None
    fee_vnd: int | None
    at: datetime
    by: PrincipalId
    extension_max: int | None = None
    by_law: Deadline | None = None
    case_code: str | None = None
    places: int | None = None
    fee_before_result: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Do not receive the dossier (Điều 17.2.b)."""

    reason: Literal["out-of-competence", "conditions-not-met", "supplement-not-given", "duplicate"]
    legal_basis: str
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take the dossier back before its result is there."""

    reason: Literal["no-longer-needed", "will-resubmit", "procedure-abolished", "other"]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOfSupplement:
    """Appraisal has waited for the supplement of a round; the applicant is reminded of it."""

    round: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reschedule:
    """The department's clock restarted or resumed after a round of supplement: the appointment moves, or stays where it was missed."""

    round: int
    due_before_at: datetime
    deadline: Deadline
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDue:
    """The department's limit was made longer, by law or a decision, or news of the calendar made it end earlier."""

    due_before_at: datetime
    deadline: Deadline
    reason: MoveReason
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reappoint:
    """The department is late, apologises and names a new day (Điều 19.9)."""

    due_at: datetime
    new_due_on: date
    new_due_at: datetime
    reason: LatenessReason
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeResult:
    """The result has come to the desk."""

    outcome: Outcome
    result_number: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Hand the result over (Điều 20)."""

    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class PayFee:
    """Take the fee; the receipt's number was made by the caller (Điều 22)."""

    payment: PaymentCode
    method: PaymentMethod
    amount_vnd: int
    receipt: ReceiptNumber
    paid_at: datetime
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiveFee:
    """Spare the applicant the fee, or a part of it (None: all that is owed), because a law does."""

    amount_vnd: int | None
    legal_basis: str
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFee:
    """Give money of a payment back."""

    payment: PaymentCode
    amount_vnd: int
    reason: RefundReason
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOriginal:
    """Take the original of a component, to compare a copy with it."""

    component: str
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOriginalOn:
    """Give an original to somebody else in the department."""

    original: OriginalNumber
    to: PrincipalId
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveOriginalBack:
    """Give an original back to the applicant (Điều 20)."""

    original: OriginalNumber
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOriginalLost:
    """Say that an original cannot be found."""

    original: OriginalNumber
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """Add a file, which lies in the store by now; a dossier has at most `files_max` of them."""

    file_id: FileId
    component: str
    media_type: MediaType
    size_bytes: int
    personal_ref: VaultRef
    commitment: ContentHash
    files_max: int
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Take what a scanner says of a file."""

    file_id: FileId
    verdict: Verdict
    scanner: str
    finding: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """Forget the person, if the rules of retention let it."""

    ground: ErasureGround
    rules: tuple[Rule, ...]
    at: datetime
    by: PrincipalId


Command: TypeAlias = (
    DossierSubmitted
    | RequestSupplement
    | RequestSupplementAtAppraisal
    | Supplement
    | Accept
    | Refuse
    | Withdraw
    | Reschedule
    | RemindOfSupplement
    | MoveDue
    | Reappoint
    | TakeResult
    | Return
    | PayFee
    | WaiveFee
    | RefundFee
    | TakeOriginal
    | PassOriginalOn
    | GiveOriginalBack
    | ReportOriginalLost
    | Attach
    | Judge
    | Erase
)
"""A submission is the fact itself: everything in it is the caller's to say."""
