"""Step 7 of 8, projections: money that came, was waived or went back: one row per fact, for the quarter's settlement."""

from __future__ import annotations

from typing import Final

from contracts.intake_fees import DossierFeePaid, DossierFeeRefunded, DossierFeeWaived
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of


def key(event: Recorded) -> int:
    """Each fact has one row."""
    return event.pos


def columns(event: Recorded) -> Columns:
    """Say which columns an event sets."""
    match event.fact:
        case DossierFeePaid() as fact:
            paid = {"kind": "paid", "on_day": day_of(fact.recorded_at), "method": fact.method, "receipt": fact.receipt}
            return paid | {"agency": fact.agency, "amount_vnd": fact.amount_vnd, "officer": fact.recorded_by}
        case DossierFeeWaived() as fact:
            waived = {"kind": "waived", "on_day": day_of(fact.waived_at), "agency": fact.agency}
            return waived | {"amount_vnd": fact.amount_vnd, "officer": fact.waived_by}
        case DossierFeeRefunded() as fact:
            refunded = {"kind": "refunded", "on_day": day_of(fact.refunded_at), "agency": fact.agency}
            return refunded | {"amount_vnd": fact.amount_vnd, "officer": fact.refunded_by}
        case _:
            return {}


FEES: Final = Projection(
    table="fee_entry", key_column="entry", key=key, columns=columns, facts=(DossierFeePaid, DossierFeeWaived, DossierFeeRefunded)
)
