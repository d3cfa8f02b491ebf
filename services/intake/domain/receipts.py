"""Step 3 of 8, decide: the receipts of one agency and year. Their stream's version is the last serial given."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from contracts.intake_fees import ReceiptNumberAllotted
from contracts.vocabulary import AgencyCode, DossierId

NAMESPACE: Final = UUID("5a1c7f5e-0f0b-5d0f-8d6e-3f1f0a6b2c44")


def stream_of(agency: AgencyCode, year: int) -> UUID:
    """Give the stream of an agency's receipts of one year."""
    return uuid5(NAMESPACE, f"receipts:{agency}:{year}")


def allot(agency: AgencyCode, year: int, given: int, dossier: DossierId, amount_vnd: int) -> ReceiptNumberAllotted:
    """Give the serial after the last one given to a payment, `BL-2026-000001`; beyond six digits it widens."""
    serial = given + 1
    return ReceiptNumberAllotted(
        agency=agency, year=year, serial=serial, number=f"BL-{year}-{serial:06d}", dossier_id=dossier, amount_vnd=amount_vnd
    )
