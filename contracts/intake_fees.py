"""Facts of intake about money: what was paid for a dossier, waived, given back. What is due stands in its acceptance."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.fact import Fact
from contracts.vocabulary import AgencyCode, DossierId, PrincipalId

Amount: TypeAlias = Annotated[int, Field(gt=0)]
"""In đồng, which have no decimals."""

PaymentCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
"""What the gateway, the bank or the desk calls one payment; nothing of who paid."""

ReceiptNumber: TypeAlias = Annotated[str, StringConstraints(pattern=r"^BL-\d{4}-\d{6,}$")]
"""Number of a receipt of money (biên lai): year, and a serial of that year with no gap."""

PaymentMethod: TypeAlias = Literal["online", "cash", "transfer"]
RefundReason: TypeAlias = Literal["withdrawn", "paid-twice", "not-owed"]


class DossierFeePaid(Fact, type="intake.dossier.fee-paid.v1"):
    """The fee was paid and a receipt given (NĐ 61/2018, Điều 22). Paid twice, there are two of them, until one is given back."""

    dossier_id: DossierId
    agency: AgencyCode
    payment: PaymentCode
    method: PaymentMethod
    amount_vnd: Amount
    receipt: ReceiptNumber
    paid_at: datetime
    recorded_at: datetime
    recorded_by: PrincipalId


class DossierFeeWaived(Fact, type="intake.dossier.fee-waived.v1"):
    """A law spares the applicant the fee, or a part of it."""

    dossier_id: DossierId
    agency: AgencyCode
    amount_vnd: Amount
    legal_basis: str
    waived_at: datetime
    waived_by: PrincipalId


class DossierFeeRefunded(Fact, type="intake.dossier.fee-refunded.v1"):
    """Money of one payment was given back, at most what it was. Its receipt keeps its number."""

    dossier_id: DossierId
    agency: AgencyCode
    payment: PaymentCode
    amount_vnd: Amount
    reason: RefundReason
    refunded_at: datetime
    refunded_by: PrincipalId


class ReceiptNumberAllotted(Fact, type="intake.receipt.number-allotted.v1"):
    """A serial of the year's receipts was given to one payment; the stream's version is the serial, so none is given twice."""

    agency: AgencyCode
    year: Annotated[int, Field(ge=2000, le=9999)]
    serial: Annotated[int, Field(ge=1)]
    number: ReceiptNumber
    dossier_id: DossierId
    amount_vnd: Amount


class PaymentTaken(Fact, type="intake.payment.taken.v1"):
    """One payment was taken, for one dossier. Its stream is the payment's own, so it is taken for no other: one payment settles one due."""

    payment: PaymentCode
    method: PaymentMethod
    dossier_id: DossierId
    agency: AgencyCode
    amount_vnd: Amount
