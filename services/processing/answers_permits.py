"""Step 1 of 8, http_api: what is answered about permits, blanks and books, for the OpenAPI document."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.processing_permits import Holder
from kernel.edge.openapi import Answer, Receipt

Fate = Literal["issued", "spoiled", "returned", "lost"]
Stood = Literal["not-published", "in-force", "expired", "revoked", "replaced"]


class PermitStanding(Answer):
    """What everybody may know of a permit."""

    number: str
    kind: str
    agency: str
    issued_on: date
    expires_on: date | None
    holder: Annotated[Holder | None, Field(description="An enterprise; null where it is an individual.")]
    edition: int
    blank: str | None
    document_hash: Annotated[str | None, Field(description="SHA-256 of the PDF of the edition in force; null: none has gone out.")]
    void: Annotated[list[str], Field(description="Numbers that it had before.")]
    state: Stood


class PermitReceipt(Receipt, PermitStanding):
    """How a permit stands after a command."""


class DraftReceipt(Receipt):
    """What is written down of a permit to be."""

    state: Literal["drafted", "not-published", "in-force", "expired", "revoked"]
    template: str | None = None


class SignatureAnswer(Answer):
    """What the QR code says (null: none was given, or it is not ours), and what that is worth."""

    claims: dict[str, Any] | None
    says: Literal["in-force", "of-another-edition", "not-ours"] | None
    certificate_hash: str
    trial: bool


class Verification(PermitStanding):
    """How a permit stands, and whether a code is ours."""

    replaced_by: str | None
    signature: SignatureAnswer


class PermitRow(Answer):
    """A permit, by a number that it has or had."""

    permit_id: UUID
    agency: str
    procedure: str
    kind: str
    number: str
    issued_on: date
    expires_on: date | None
    state: Stood


class KeySet(Answer):
    """Public keys (RFC 7517)."""

    keys: list[dict[str, Any]]


class Expired(Answer):
    """How many permits were noted as expired."""

    expired: int


class StockReceipt(Receipt):
    """How many blanks are left."""

    left: int


class Gone(Answer):
    """A blank that is not there any more, and what it was used for."""

    number: int
    fate: Fate
    permit_id: UUID | None


class StockAnswer(Answer):
    """Every blank of a series."""

    series: str
    received: int
    issued: int
    spoiled: int
    returned: int
    lost: int
    left: int
    next: int | None
    gone: list[Gone]


class BookEntry(Answer):
    """A number of a book, and what it was given to."""

    serial: int
    number: str
    case_id: UUID
    permit_id: UUID | None
    state: Literal["letter"] | Stood
    replaced_by: str | None


class BookPage(Answer):
    """A page of a book; `next` is the serial that the next one begins with."""

    year: int
    entries: list[BookEntry]
    next: int | None
