"""Step 3 of 8, decide: the permit that a granted case leads to. It has a stream of its own, because it outlives the dossier."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from typing import Final
from uuid import uuid5

from contracts.processing import PermitIssued
from contracts.vocabulary import CaseId, PermitId
from kernel.legalclock import day_of
from services.processing.domain import NAMESPACE
from services.processing.domain.case_states import Case

ABBREVIATIONS: Final = {"Giấy phép": "GP", "Giấy chứng nhận": "GCN", "Giấy xác nhận": "GXN", "Thẻ": "THE"}
"""Results that let their holder do something, by the words that they begin with. Every other result is a letter."""


def stream_of(case_id: CaseId) -> PermitId:
    """Give the permit, and the stream, that a case may lead to."""
    return PermitId(uuid5(NAMESPACE, f"permit:{case_id}"))


def abbreviation_of(result: str | None) -> str | None:
    """Give the sign of a permit's kind; None if a procedure's result is no permit."""
    return next((sign for words, sign in ABBREVIATIONS.items() if result is not None and result.startswith(words)), None)


def expiry(issued_on: date, validity_months: int | None) -> date | None:
    """Give the last day of validity: the same day so many months later, or the last day of a month that is too short."""
    if validity_months is None:
        return None
    year, month = divmod(issued_on.year * 12 + issued_on.month - 1 + validity_months, 12)
    return date(year, month + 1, min(issued_on.day, monthrange(year, month + 1)[1]))


def issue(case: Case, kind: str, number: str, validity_months: int | None, at: datetime) -> PermitIssued:
    """Issue the permit that a granted case leads to; it is dated with the local day."""
    issued_on = day_of(at)
    return PermitIssued(
        permit_id=stream_of(case.id),
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        procedure=case.procedure,
        kind=kind,
        number=number,
        issued_on=issued_on,
        expires_on=expiry(issued_on, validity_months),
        issued_at=at,
    )
