"""Step 3 of 8, decide: the book of outgoing documents of one agency and year. Its stream's version is the last number given."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from contracts.processing import BookNumberAllotted
from contracts.vocabulary import AgencyCode, CaseId, Outcome, PermitId
from services.processing.domain import NAMESPACE
from services.processing.domain.permit import abbreviation_of

ISSUER: Final = "SCT"
"""How the department, Sở Công Thương, abbreviates itself on what it issues."""

NOTICE: Final = "TB"
"""Thông báo: what is sent where no permit is given."""


def stream_of(agency: AgencyCode, year: int) -> UUID:
    """Give the stream of an agency's book of one year."""
    return uuid5(NAMESPACE, f"book:{agency}:{year}")


def number_of(serial: int, outcome: Outcome, result: str | None) -> str:
    """Write number and sign of a result, `12/GP-SCT`; numbers begin again each year, so the date belongs to it (NĐ 30/2020, Điều 15)."""
    kind = abbreviation_of(result) if outcome == "granted" else None
    return f"{serial}/{kind or NOTICE}-{ISSUER}"


def allot(
    agency: AgencyCode, year: int, serial: int, number: str, case_id: CaseId, permit_id: PermitId | None = None
) -> BookNumberAllotted:
    """Enter a number into the book; `permit_id` if a permit that there was already gets it."""
    return BookNumberAllotted(agency=agency, year=year, serial=serial, number=number, case_id=case_id, permit_id=permit_id)
