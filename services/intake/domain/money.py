"""Step 3 of 8, decide: the money of one dossier, an axis of its own: a dossier may be withdrawn and paid for, or returned and owing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from contracts.intake_fees import DossierFeePaid, DossierFeeRefunded, DossierFeeWaived, PaymentCode, PaymentMethod, ReceiptNumber

FeeState: TypeAlias = Literal["unset", "free", "due", "lapsed", "paid", "overpaid", "waived", "refunded"]
FeeFact: TypeAlias = DossierFeePaid | DossierFeeWaived | DossierFeeRefunded


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that came, and how much of it went back."""

    code: PaymentCode
    method: PaymentMethod
    amount_vnd: int
    receipt: ReceiptNumber
    refunded_vnd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What the fee table says (None: nothing, or the dossier is not received yet), what was waived of it, and what was paid."""

    fee_vnd: int | None = None
    before_result: bool = False
    waived_vnd: int = 0
    payments: tuple[Payment, ...] = ()

    @property
    def expected_vnd(self) -> int:
        """What is to be paid in all."""
        return (self.fee_vnd or 0) - self.waived_vnd

    @property
    def paid_vnd(self) -> int:
        """What came in."""
        return sum(payment.amount_vnd for payment in self.payments)

    @property
    def refunded_vnd(self) -> int:
        """What went back."""
        return sum(payment.refunded_vnd for payment in self.payments)

    @property
    def owed_vnd(self) -> int:
        """What is to be paid still; money that went back is owed by nobody."""
        return max(self.expected_vnd - self.paid_vnd, 0)

    def payment(self, code: PaymentCode) -> Payment | None:
        """Find a payment."""
        return next((payment for payment in self.payments if payment.code == code), None)

    def after(self, event: FeeFact) -> Money:
        """Give the money after one more fact."""
        match event:
            case DossierFeePaid():
                came = Payment(code=event.payment, method=event.method, amount_vnd=event.amount_vnd, receipt=event.receipt)
                return replace(self, payments=(*self.payments, came))
            case DossierFeeWaived():
                return replace(self, waived_vnd=self.waived_vnd + event.amount_vnd)
            case DossierFeeRefunded(payment=code, amount_vnd=amount):
                went = [replace(it, refunded_vnd=it.refunded_vnd + amount) if it.code == code else it for it in self.payments]
                return replace(self, payments=tuple(went))

    def state(self, *, is_over: bool) -> FeeState:
        """Name where it stands; what nobody paid of a dossier that was refused or taken back is not asked for any more."""
        if self.fee_vnd is None:
            return "unset"
        if self.fee_vnd == 0:
            return "free"
        if self.owed_vnd:
            return "lapsed" if is_over else "due"
        if not self.payments:
            return "waived"
        if self.refunded_vnd == self.paid_vnd:
            return "refunded"
        return "overpaid" if self.paid_vnd - self.refunded_vnd > self.expected_vnd else "paid"


NONE_YET: Final = Money()
"""Before a dossier is received nothing is due."""
