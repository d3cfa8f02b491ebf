"""Step 3 of 8, decide: paying the fee of a dossier, sparing it, giving it back."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.intake_fees import DossierFeePaid, DossierFeeRefunded, DossierFeeWaived
from kernel.eventlog import Refused
from services.intake.domain.commands import PayFee, RefundFee, WaiveFee
from services.intake.domain.money import FeeFact
from services.intake.domain.states import Absent, Dossier, State


def fee_facts(state: State, command: PayFee | WaiveFee | RefundFee) -> Sequence[FeeFact]:
    """Say what a command does to the money of a dossier, wherever that stands: money that came is never turned away for the dossier's sake.

    Raises:
        Refused: if there is no such dossier or payment, nothing is due, or the amount is not the right one.
    """
    if isinstance(state, Absent):
        raise Refused("no-such-dossier")
    dossier = state.dossier
    if not dossier.money.fee_vnd:
        raise Refused("fee-not-due")
    match command:
        case PayFee():
            return _paid(dossier, command)
        case WaiveFee():
            return _waived(dossier, command)
        case RefundFee():
            return _refunded(dossier, command)


def _paid(dossier: Dossier, command: PayFee) -> list[FeeFact]:
    money = dossier.money
    before = money.payment(command.payment)
    expected = money.expected_vnd if before is None else before.amount_vnd
    if command.amount_vnd != expected:
        raise Refused("fee-amount-differs", expected_vnd=expected)
    if before is not None:
        return []
    if not money.owed_vnd and command.method != "online":
        # Who stands at the desk can be told so. What a gateway tells of has been paid already, and must be known to be given back.
        raise Refused("fee-settled")
    return [
        DossierFeePaid(
            dossier_id=dossier.id,
            agency=dossier.agency,
            payment=command.payment,
            method=command.method,
            amount_vnd=command.amount_vnd,
            receipt=command.receipt,
            paid_at=command.paid_at,
            recorded_at=command.at,
            recorded_by=command.by,
        )
    ]


def _waived(dossier: Dossier, command: WaiveFee) -> list[FeeFact]:
    owed = dossier.money.owed_vnd
    if not owed:
        raise Refused("fee-settled")
    if command.amount_vnd is not None and command.amount_vnd > owed:
        raise Refused("fee-amount-too-high", at_most_vnd=owed)
    return [
        DossierFeeWaived(
            dossier_id=dossier.id,
            agency=dossier.agency,
            amount_vnd=command.amount_vnd or owed,
            legal_basis=command.legal_basis,
            waived_at=command.at,
            waived_by=command.by,
        )
    ]


def _refunded(dossier: Dossier, command: RefundFee) -> list[FeeFact]:
    payment = dossier.money.payment(command.payment)
    if payment is None:
        raise Refused("no-such-payment")
    left = payment.amount_vnd - payment.refunded_vnd
    if command.amount_vnd > left:
        raise Refused("fee-amount-too-high", at_most_vnd=left)
    return [
        DossierFeeRefunded(
            dossier_id=dossier.id,
            agency=dossier.agency,
            payment=command.payment,
            amount_vnd=command.amount_vnd,
            reason=command.reason,
            refunded_at=command.at,
            refunded_by=command.by,
        )
    ]
