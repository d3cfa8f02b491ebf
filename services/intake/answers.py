"""Step 1 of 8, http_api: what is answered about dossiers, their fees and the applicant's originals; see `kernel/edge/openapi.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.intake_fees import PaymentMethod
from contracts.vocabulary import ApplicantKind, Channel, Outcome
from kernel.edge.openapi import Answer, ListPage, Receipt
from services.intake.domain.likeness import LikenessReason
from services.intake.domain.money import FeeState

StateName = Literal["submitted", "awaiting-supplement", "accepted", "result-ready", "returned", "refused", "withdrawn"]
OriginalState = Literal["held", "given-back", "lost"]


class DossierReceipt(Receipt):
    """A dossier after a command: where it stands, its code and appointment once it has them. `due_on` stays the limit after an apology."""

    state: StateName
    code: str | None
    due_on: date | None
    due_at: datetime | None
    new_due_on: date | None


class ErasureReceipt(DossierReceipt):
    """A dossier whose person was forgotten."""

    erased: Literal[True]


class FeeStanding(Answer):
    """How the money of a dossier stands, in đồng; `fee_vnd` is null while nothing is known to be due."""

    state: FeeState
    fee_vnd: int | None
    waived_vnd: int
    paid_vnd: int
    refunded_vnd: int
    owed_vnd: int
    before_result: bool


class PaymentTold(Answer):
    """A payment with its receipt."""

    payment: str
    method: PaymentMethod
    amount_vnd: int
    receipt: str
    refunded_vnd: int


class FeeTold(FeeStanding):
    """What is due for a dossier, and what came of it."""

    id: UUID
    version: int
    payments: list[PaymentTold]


class FeeReceipt(Receipt):
    """A dossier's money after a command."""

    fee: FeeStanding
    payments: list[PaymentTold]


class PaymentTaken(PaymentTold):
    """What a gateway is told of a payment that it told of."""

    dossier: UUID
    version: int
    fee: FeeStanding


class Counted(Answer):
    """So many, and so much in đồng."""

    count: int
    amount_vnd: int


class SettlementTotals(Answer):
    """All of a quarter."""

    paid: Counted
    waived: Counted
    refunded: Counted


class SettlementLine(Counted):
    """What one officer took by one method; null where nobody was at the desk, or nothing was paid."""

    kind: Literal["paid", "waived", "refunded"]
    agency: str
    method: PaymentMethod | None
    officer: str | None
    first_receipt: str | None
    last_receipt: str | None


class Settlement(Answer):
    """The money of a quarter, and how far the table that it was counted in was."""

    year: int
    quarter: int
    totals: SettlementTotals
    lines: list[SettlementLine]
    positions: dict[str, int]
    lag: dict[str, int]


class DossierRow(Answer):
    """A dossier in the list."""

    dossier_id: UUID
    code: str | None
    state: StateName
    agency: str
    procedure: str
    field: str
    channel: Channel
    applicant_kind: ApplicantKind
    submitted_at: datetime
    accepted_at: datetime | None
    due_on: date | None
    new_due_on: date | None
    ready_at: datetime | None
    outcome: Outcome | None
    result_number: str | None
    ended_at: datetime | None


class DossierPage(ListPage):
    """A page of dossiers, the newest first."""

    items: list[DossierRow]


class DossierTold(Answer):
    """A dossier as it is now; `legal` is what may be done with it, `why` the derivation of its appointment in words."""

    id: UUID
    version: int
    position: str
    state: StateName
    legal: list[str]
    agency: str
    procedure: str
    channel: Channel
    components: list[str]
    code: str | None
    due_on: date | None
    due_at: datetime | None
    new_due_on: date | None
    case_code: str | None
    due_by_law_on: date | None
    fee: FeeStanding
    originals_held: list[int]
    why: str | None
    why_en: str | None


class RepresentativeTold(Answer):
    """Who handed in for the applicant, by authorisation or by law."""

    name: str
    identity_number: str
    phone: str | None = None
    address: str | None = None
    authority: Literal["authorisation", "law"]
    paper: str | None = None


class Personal(Answer):
    """The applicant's particulars, and those of who handed in for him; what was not given is left out."""

    kind: ApplicantKind
    name: str
    identity_number: str | None = None
    tax_code: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str
    representative: RepresentativeTold | None = None


class LikenessTold(Answer):
    """One thing that speaks for two dossiers being one; `n` is what the words count."""

    reason: LikenessReason
    n: int | None
    words: str
    words_en: str


class Likely(Answer):
    """A dossier that may be the same."""

    dossier_id: UUID
    code: str | None
    state: StateName
    submitted_at: datetime
    reasons: list[LikenessTold]


class LikelyList(Answer):
    """Dossiers that may be the same, the nearest first."""

    items: list[Likely]


class OriginalTold(Answer):
    """An original of a dossier: where it is and since when, and who has it or had it last."""

    number: int
    component: str
    state: OriginalState
    holder: str
    since: datetime


class OriginalList(Answer):
    """The originals of a dossier, in the order in which they were taken."""

    items: list[OriginalTold]


class OriginalsReceipt(Receipt):
    """A dossier's originals after a command."""

    originals: list[OriginalTold]


class HeldOriginal(OriginalTold):
    """An original that is not back with its owner."""

    dossier_id: UUID
    code: str | None
    dossier_state: Annotated[StateName | None, Field(description="Null while the dossier itself is not in the table yet.")]
    agency: str


class HeldOriginals(Answer):
    """Originals that are held or lost, the oldest first."""

    items: list[HeldOriginal]
    positions: dict[str, int]
    lag: dict[str, int]
