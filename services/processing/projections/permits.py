"""Step 7 of 8, projections: the register of permits, the numbers that they have and had, and the book that numbers come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, get_args

from contracts.processing import BookNumberAllotted
from contracts.processing_permits import PermitAmended, PermitExpired, PermitIssued, PermitPublished, PermitReissued, PermitRevoked
from kernel.edge.wall import walled
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl
from services.processing.domain.permit_page import written

HERE: Final = Path(__file__).parent

PermitFact = PermitIssued | PermitPublished | PermitAmended | PermitReissued | PermitRevoked | PermitExpired


def permit_key(event: Recorded) -> Any:
    """Each permit has one row."""
    return event.fact.permit_id


def permit_columns(event: Recorded) -> Columns:
    """Say what is known of a permit."""
    match event.fact:
        case PermitIssued(holder=holder) as fact:
            held = {"holder": holder.name, "tax_code": holder.tax_code} if holder else {}
            return {**fact.model_dump(exclude={"permit_id", "holder"}), "state": "not-published", "edition": 1, **held}
        case PermitPublished(blank=blank) as fact:
            paper = written(blank) if blank else None
            return {"state": "in-force", "edition": fact.edition, "published_at": fact.published_at, "blank": paper}
        case PermitAmended(edition=edition):
            return {"state": "not-published", "edition": edition}
        case PermitReissued() as fact:
            return {"state": "not-published", "edition": fact.edition, "number": fact.number, "issued_on": fact.issued_on}
        case PermitRevoked(revoked_at=revoked_at):
            return {"state": "revoked", "revoked_at": revoked_at}
        case PermitExpired():
            return {"state": "expired"}
        case _:
            return {}


def number_key(event: Recorded) -> Any:
    """Each number of an agency's year has one row; one that is void keeps it."""
    return f"{event.fact.agency}/{event.fact.issued_on.year}/{event.fact.number}"


def number_columns(event: Recorded) -> Columns:
    """Say whose number it is."""
    match event.fact:
        case (PermitIssued() | PermitReissued()) as fact:
            return {
                "permit_id": fact.permit_id,
                "agency": fact.agency,
                "year": fact.issued_on.year,
                "number": fact.number,
                "given_on": fact.issued_on,
            }
        case _:
            return {}


def entry_key(event: Recorded) -> Any:
    """Each serial of a year's book has one row."""
    return f"{event.fact.agency}/{event.fact.year}/{event.fact.serial}"


def entry_columns(event: Recorded) -> Columns:
    """Say what a serial was given to."""
    match event.fact:
        case BookNumberAllotted() as fact:
            return {
                "agency": fact.agency,
                "year": fact.year,
                "serial": fact.serial,
                "number": fact.number,
                "case_id": fact.case_id,
                "permit_id": fact.permit_id,
            }
        case _:
            return {}


PERMITS: Final = ReadModel(
    name="permits",
    version=2,
    sources=("processing",),
    ddl=walled(read_ddl(HERE / "permits.sql")),
    projections=(
        Projection(table="permit_standing", key_column="permit_id", key=permit_key, columns=permit_columns, facts=get_args(PermitFact)),
        Projection(table="permit_number", key_column="id", key=number_key, columns=number_columns, facts=(PermitIssued, PermitReissued)),
        Projection(table="book_entry", key_column="id", key=entry_key, columns=entry_columns, facts=(BookNumberAllotted,)),
    ),
)
