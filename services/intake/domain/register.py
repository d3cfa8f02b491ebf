"""Step 3 of 8, decide: the register of one agency and day. Its stream's version is the last serial given."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID, uuid5

from contracts.intake import RegisterNumberAllotted
from contracts.vocabulary import AgencyCode, DossierCode, DossierId

NAMESPACE: Final = UUID("1e0a2f62-7f57-5a55-9b1c-0a8d3f7c2b90")
SERIAL_DIGITS: Final = 4


def stream_of(agency: AgencyCode, day: date) -> UUID:
    """Give the stream of an agency's register of one local day."""
    return uuid5(NAMESPACE, f"register:{agency}:{day.isoformat()}")


def code_of(agency: AgencyCode, day: date, serial: int) -> DossierCode:
    """Write a dossier code, `H09.13-181005-0001`; a serial beyond 9999 widens, it never wraps (TT 01/2018, Điều 19)."""
    return f"{agency}-{day:%y%m%d}-{serial:0{SERIAL_DIGITS}d}"


def allot(agency: AgencyCode, day: date, given: int, dossier: DossierId) -> RegisterNumberAllotted:
    """Give the serial after the last one given to a dossier."""
    serial = given + 1
    return RegisterNumberAllotted(agency=agency, day=day, serial=serial, code=code_of(agency, day, serial), dossier_id=dossier)
