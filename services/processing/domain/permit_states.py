"""Step 3 of 8, decide: where a permit can stand, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from contracts.processing_permits import Blank, Holder, Placeholder, Term
from contracts.vocabulary import AgencyCode, CaseId, ContentHash, DossierId, PermitId, PrincipalId, ProcedureCode

Value: TypeAlias = str | int | tuple[str, ...]
Terms: TypeAlias = tuple[Term, ...]
RevocationReason: TypeAlias = Literal["conditions-lost", "obtained-by-fraud", "business-ended", "issued-wrongly", "sanction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A version of a permit template: its places, and whether it is printed on numbered blanks."""

    code: str
    content_hash: ContentHash
    placeholders: tuple[Placeholder, ...]
    blank: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a permit shall say, by which template."""

    template: str
    template_hash: ContentHash
    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What went out: the blank (None: no paper), the hash of the signed page, the edition, and when."""

    edition: int
    blank: Blank | None
    document_hash: ContentHash
    trial: bool
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A permit with its number. `void` are numbers that it had before; `page` is what went out last (None: nothing yet)."""

    id: PermitId
    case: CaseId
    dossier: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    kind: str
    number: str
    issued_on: date
    expires_on: date | None
    holder: Holder | None
    edition: int = 1
    reissues: int = 0
    draft: Draft | None = None
    page: Page | None = None
    void: tuple[str, ...] = ()

    @property
    def is_out(self) -> bool:
        """Whether the edition in force has been published."""
        return self.page is not None and self.page.edition == self.edition


@dataclass(frozen=True, slots=True)
class Absent:
    """No permit; perhaps a case leads to one."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What it shall say is written down; it has no number yet."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class InForce:
    """It has its number. Whether the paper has gone out is another matter."""

    permit: Permit


@dataclass(frozen=True, slots=True)
class Revoked:
    """It was taken back."""

    permit: Permit
    revoked_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Its last day is over."""

    permit: Permit


State: TypeAlias = Absent | Drafted | InForce | Revoked | Expired
Known: TypeAlias = InForce | Revoked | Expired


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write down what a permit shall say. `personal` says that its holder is an individual: then no words may be written."""

    permit: PermitId
    case: CaseId
    agency: AgencyCode
    template: Template
    values: Mapping[str, Value]
    personal: bool
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Let the page go out that was made of `edition` and `template`. `spoiled` says that the blank of the page before is no good."""

    edition: int
    template: Template
    blank: Blank | None
    spoiled: bool
    token: str
    page_hash: ContentHash
    document_hash: ContentHash
    certificate_hash: ContentHash
    trial: bool
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """Change what it says."""

    kind: Literal["amendment", "correction"]
    template: Template
    values: Mapping[str, Value]
    legal_basis: str
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissue:
    """Give it again, under the next number of the book."""

    number: str
    reason: Literal["paper-lost", "paper-damaged"]
    issued_on: date
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """Take it back."""

    reason: RevocationReason
    legal_basis: str
    return_by: date
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """Note that its last day is over; asked for too early, nothing happens."""

    today: date
    at: datetime


Command: TypeAlias = Write | Publish | Amend | Reissue | Revoke | Expire
