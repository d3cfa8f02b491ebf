"""Step 1 of 8, http_api: what is answered about the catalogue, and to those who follow a dossier from outside."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.intake import Component, Fee, LimitLine
from contracts.vocabulary import Confidence, Limit, StartRule, SupplementMode
from kernel.edge.openapi import Answer
from services.intake.domain.public_view import PublicEvent, PublicKind


class ProcedureRow(Answer):
    """A procedure in the list."""

    code: str
    name: str
    field: str
    field_name: str
    limit: Limit | None
    result: str | None
    content_hash: str


class ProcedureList(Answer):
    """What a department offers."""

    agency: str
    items: list[ProcedureRow]


class ProcedureTold(ProcedureRow):
    """A version of a procedure. `limits`, `extension_max` and `fee_before_result` are left out where it does not say them."""

    agency: str
    agency_name: str
    limits: list[LimitLine] | None = None
    start_rule: StartRule
    supplement_mode: SupplementMode
    notice_days: int | None
    extension_max: int | None = None
    components: list[Component]
    fees: list[Fee]
    fee_before_result: bool | None = None
    validity_months: int | None
    legal_basis: list[str]
    confidence: Confidence


class VersionTold(Answer):
    """A version of a procedure, and the decision that it came by."""

    content_hash: str
    published_at: datetime
    decision: str | None


class VersionList(Answer):
    """The versions of a procedure, the oldest first."""

    code: str
    items: list[VersionTold]


class ChangeTold(Answer):
    """One thing that a version says otherwise; what was not said before, or is no longer, is null."""

    field: str
    line: str | None
    label: str
    label_en: str
    before: Any
    after: Any


class Differences(Answer):
    """What a version says otherwise than another."""

    code: str
    from_: Annotated[VersionTold, Field(alias="from")]
    to: VersionTold
    changes: list[ChangeTold]


class LegalDocumentTold(Answer):
    """A legal document, and the procedures that rest on it; of one that stands in no register nothing more is known."""

    number: str
    name: str | None
    effective_from: date | None
    expires_on: date | None
    replaced_by: str | None
    standing: Literal["not-yet", "in-force", "ends-soon", "ended", "unknown"]
    procedures: list[str]


class LegalDocumentList(Answer):
    """The legal documents as they stand on a day."""

    on: date
    items: list[LegalDocumentTold]


class Degree(Answer):
    """How far a dossier is: `done` of `of` steps, in words."""

    code: str
    done: int
    of: int
    words: str
    words_en: str


class TimelineItem(Answer):
    """One thing that happened, in plain words."""

    cursor: str
    kind: PublicKind
    at: datetime
    words: str
    words_en: str


class Timeline(Answer):
    """The applicant's story of a dossier."""

    id: UUID
    version: int
    items: list[TimelineItem]


class SecretTold(Answer):
    """The secret that is printed on the receipt."""

    id: UUID
    code: str | None
    secret: str


class NoticeTold(Answer):
    """What became of a notice."""

    channel: str
    cursor: str
    state: Literal["held", "waiting", "done", "parked"]
    attempts: int
    error: str | None
    at: datetime


class NoticeList(Answer):
    """The notices about a dossier, in order."""

    items: list[NoticeTold]


class EventTold(Answer):
    """A public event, the same on every way (thin, after Standard Webhooks)."""

    type: str
    timestamp: datetime
    cursor: str
    data: PublicEvent


class EventPage(Answer):
    """Public events, the oldest first, and the cursor to go on from; null: there is none yet."""

    items: list[EventTold]
    cursor: str | None
    more: bool
