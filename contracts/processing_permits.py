"""Facts of processing about permits: their templates, the life of each one, and the numbered blanks they are printed on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import LEFT_OUT, Fact, Value
from contracts.vocabulary import AgencyCode, CaseId, ContentHash, DossierId, PermitId, PrincipalId, ProcedureCode


class Holder(Value):
    """An enterprise that holds a permit: its name and tax code are public. A person's name stays in the vault of whoever received it."""

    name: str
    tax_code: str


class Placeholder(Value):
    """A place in a permit template, and what may be put there. `lines` is a list, one paragraph each."""

    name: str
    kind: Literal["text", "lines", "date", "number"]
    label: str
    required: bool = True


class Term(Value):
    """What stands in one place of a permit, a date as `2026-03-05`; nothing personal of an individual may."""

    name: str
    value: str | int | tuple[str, ...]


class Blank(Value):
    """A numbered sheet of secure paper (phôi): series and number are printed on it, `AB 000123`."""

    series: Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")]
    number: Annotated[int, Field(ge=1, le=999_999)]


class TemplatePublished(Fact, type="processing.template.published.v1"):
    """A version of a permit template; a permit is pinned to `content_hash`. `blank` says that it is printed on numbered blanks."""

    code: str
    version: Annotated[int, Field(ge=1)]
    content_hash: ContentHash
    title: str
    placeholders: tuple[Placeholder, ...]
    legal_basis: tuple[str, ...]
    blank: bool
    effective_from: date
    published_at: datetime


class PermitDrafted(Fact, type="processing.permit.drafted.v1"):
    """What the permit shall say; a later draft takes the place of an earlier one until the permit is published."""

    permit_id: PermitId
    case_id: CaseId
    agency: AgencyCode
    template: str
    template_hash: ContentHash
    terms: tuple[Term, ...]
    officer: PrincipalId
    drafted_at: datetime


class PermitIssued(Fact, type="processing.permit.issued.v1"):
    """A permit with its number; it outlives the dossier. `holder` is left out where it is an individual."""

    permit_id: PermitId
    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    kind: str
    number: str
    issued_on: date
    expires_on: date | None
    holder: Annotated[Holder | None, LEFT_OUT] = None
    issued_at: datetime


class PermitPublished(Fact, type="processing.permit.published.v1"):
    """The permit went out: on which blank, with which claims in its QR code, and the hash of the signed page as it is kept.

    `page_hash` is that of the page before it was signed: the same facts make it again. `trial` says that the certificate binds nobody.
    `spoiled` is the blank that this page replaces, if printing failed.
    """

    permit_id: PermitId
    agency: AgencyCode
    number: str
    edition: Annotated[int, Field(ge=1)]
    template_hash: ContentHash
    blank: Blank | None
    spoiled: Annotated[Blank | None, LEFT_OUT] = None
    token: str
    page_hash: ContentHash
    document_hash: ContentHash
    certificate_hash: ContentHash
    trial: bool
    officer: PrincipalId
    published_at: datetime


class PermitAmended(Fact, type="processing.permit.amended.v1"):
    """What the permit says has changed; number and expiry stay, and a new edition is to be published (sửa đổi, bổ sung; đính chính)."""

    permit_id: PermitId
    agency: AgencyCode
    number: str
    edition: Annotated[int, Field(ge=2)]
    kind: Literal["amendment", "correction"]
    template: str
    template_hash: ContentHash
    terms: tuple[Term, ...]
    legal_basis: str
    officer: PrincipalId
    amended_at: datetime


class PermitReissued(Fact, type="processing.permit.reissued.v1"):
    """The permit was given again under a new number because the paper is gone; `replaces` is void, and the expiry stays what it was."""

    permit_id: PermitId
    agency: AgencyCode
    number: str
    replaces: str
    edition: Annotated[int, Field(ge=2)]
    reason: Literal["paper-lost", "paper-damaged"]
    issued_on: date
    expires_on: date | None
    officer: PrincipalId
    reissued_at: datetime


class PermitRevoked(Fact, type="processing.permit.revoked.v1"):
    """The permit was taken back by a decision; until `return_by` its holder brings the paper."""

    permit_id: PermitId
    agency: AgencyCode
    number: str
    reason: Literal["conditions-lost", "obtained-by-fraud", "business-ended", "issued-wrongly", "sanction"]
    legal_basis: str
    return_by: date
    officer: PrincipalId
    revoked_at: datetime


class PermitExpired(Fact, type="processing.permit.expired.v1"):
    """The last day of validity is over. `expired_at` is the instant that the date gives, whenever somebody looked."""

    permit_id: PermitId
    agency: AgencyCode
    number: str
    expires_on: date
    expired_at: datetime


class BlanksReceived(Fact, type="processing.blank.received.v1"):
    """Blanks came into the stock, numbers `first` to `last` of a series."""

    agency: AgencyCode
    series: str
    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    officer: PrincipalId
    received_at: datetime


class BlankIssued(Fact, type="processing.blank.issued.v1"):
    """A permit was printed on a blank; blanks are taken in the order of their numbers."""

    agency: AgencyCode
    series: str
    number: Annotated[int, Field(ge=1)]
    permit_id: PermitId
    permit_number: str
    officer: PrincipalId
    issued_at: datetime


class BlankSpoiled(Fact, type="processing.blank.spoiled.v1"):
    """A blank is no good any more and was cancelled; `permit_id` if a permit had been printed on it."""

    agency: AgencyCode
    series: str
    number: Annotated[int, Field(ge=1)]
    reason: Literal["misprint", "torn", "soiled", "misprint-by-maker"]
    permit_id: PermitId | None
    officer: PrincipalId
    spoiled_at: datetime


class BlankReturned(Fact, type="processing.blank.returned.v1"):
    """An unused blank went back to whoever supplies them."""

    agency: AgencyCode
    series: str
    number: Annotated[int, Field(ge=1)]
    officer: PrincipalId
    returned_at: datetime


class BlankLost(Fact, type="processing.blank.lost.v1"):
    """A blank that should be in the stock is not; `record` is the number of the record that was made of it (biên bản)."""

    agency: AgencyCode
    series: str
    number: Annotated[int, Field(ge=1)]
    record: str
    officer: PrincipalId
    lost_at: datetime


PermitFact: TypeAlias = (
    TemplatePublished
    | PermitDrafted
    | PermitIssued
    | PermitPublished
    | PermitAmended
    | PermitReissued
    | PermitRevoked
    | PermitExpired
    | BlanksReceived
    | BlankIssued
    | BlankSpoiled
    | BlankReturned
    | BlankLost
)
