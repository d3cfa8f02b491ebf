"""Step 8 of 8, query: invitations of a dossier, opinions by the page, one opinion with its words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import asyncpg

from contracts.feedback import OpinionAnswered, OpinionReceived
from contracts.feedback_surveys import Occasion
from contracts.vocabulary import AgencyCode, ContentHash, DossierId, InvitationId, OpinionId, PrincipalId
from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.edge.service import Runtime
from kernel.edge.wall import fetch_for
from kernel.eventlog import History
from kernel.eventlog.sql import read_queries
from kernel.vault import Erased
from services.feedback.domain import opinion
from services.feedback.domain.opinion import OpinionChannel, Topic
from services.feedback.domain.survey_class import Told
from services.feedback.domain.token import hash_of, same_hash, token_of
from services.feedback.settings import FeedbackSettings

RATING_PAGE: Final = "/ratings"
POLL_SECONDS: Final = 0.01

Purpose: TypeAlias = Literal["answering", "supervision"]
"""For what an opinion's words are read; who left them is shown to those who answer, and to nobody else."""

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation as the desk and the portal see it; `link` and `token` only while it may be answered."""

    id: InvitationId
    dossier: DossierId
    occasion: Occasion
    state: Literal["open", "used", "expired"]
    issued_at: datetime
    expires_at: datetime
    link: str | None
    token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """An opinion without its words."""

    id: OpinionId
    agency: AgencyCode
    channel: OpinionChannel
    topic: Topic
    anonymous: bool
    state: Literal["open", "answered"]
    received_at: datetime
    answered_at: datetime | None
    answered_by: PrincipalId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which opinions; None = all."""

    state: Literal["open", "answered"] | None = None
    channel: OpinionChannel | None = None
    topic: Topic | None = None


@dataclass(frozen=True, slots=True)
class Voices:
    """Answers from the read tables, and for one opinion from its stream and the vault."""

    runtime: Runtime[FeedbackSettings]

    async def invitations(self, dossier_id: UUID, principal: Principal, now: datetime) -> list[Invitation]:
        """List the invitations of a dossier as they are at `now`, those of agencies in the caller's scope."""
        secret = self.runtime.settings.token_secret.get_secret_value().encode()
        rows = await fetch_for(principal, self.runtime.log.pool, QUERY["invitations_of_dossier"], dossier_id)
        return [invitation_of(row, secret, now) for row in rows if principal.may_touch(row["agency"])]

    async def way(self, dossier_id: UUID) -> list[Told]:
        """Give what processing has told of the way of a dossier."""
        rows = await self.runtime.log.pool.fetch(QUERY["walk_of_dossier"], dossier_id)
        return [Told(row["at"], row["done"], dict(one.split(":") for one in row["open"].split())) for row in rows]

    async def opinions(self, principal: Principal, wanted: Wanted, page: Page) -> list[Opinion]:
        """List a page of opinions, newest first."""
        answered = None if wanted.state is None else wanted.state == "answered"
        received_at, opinion_id = (datetime.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else (None, None)
        asked = (principal.scope, answered, wanted.channel, wanted.topic, received_at, opinion_id, page.fetch)
        return [opinion_of(row) for row in await fetch_for(principal, self.runtime.log.pool, QUERY["opinions"], *asked)]

    async def opinion(self, opinion_id: UUID, principal: Principal, purpose: Purpose) -> tuple[int, dict[str, Any]]:
        """Give one opinion's version, and its view with text, contact and answer; null for what was erased or is not for this purpose.

        Always current: it is made from the stream. That the words were read, by whom and for what, is recorded.

        Raises:
            Refused: if there is no such opinion.
            Problem: 403, if it is another agency's.
        """
        history = await self.runtime.log.load(opinion_id)
        received, answered = told(history)
        principal.require(received.agency)
        said = await self._words(received.text_ref, principal, purpose)
        answer = await self._words(answered.answer_ref, principal, purpose) if answered else {}
        return history.version, {
            "id": received.opinion_id,
            "agency": received.agency,
            "channel": received.channel,
            "topic": received.topic,
            "anonymous": received.anonymous,
            "state": "answered" if answered else "open",
            "received_at": received.received_at,
            "text": said.get("text"),
            "contact": said.get("contact") if purpose == "answering" else None,
            "answer": answer.get("text"),
            "answered_at": answered.answered_at if answered else None,
            "answered_by": answered.answered_by if answered else None,
        }

    async def _words(self, ref: UUID, principal: Principal, purpose: Purpose) -> dict[str, Any]:
        try:
            return await self.runtime.vault.read(self.runtime.log.pool, ref, principal.sub, purpose)
        except Erased:
            return {}


def invitation_of(row: asyncpg.Record, secret: bytes, now: datetime) -> Invitation:
    """Make the view; the token is made again from the secret, and shown only if it is the one that was issued."""
    state = "used" if row["used"] else "expired" if now >= row["expires_at"] else "open"
    token = token_of(secret, row["invitation_id"])
    issued: ContentHash = row["token_hash"]
    known = state == "open" and same_hash(hash_of(token), issued)
    return Invitation(
        id=row["invitation_id"],
        dossier=row["dossier_id"],
        occasion=row["occasion"],
        state=state,
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        # Behind the number sign, because a browser tells that part to nobody: not to a server's log, not to the next page.
        link=f"{RATING_PAGE}#{token}" if known else None,
        token=token if known else None,
    )


def opinion_of(row: asyncpg.Record) -> Opinion:
    """Make the view of a row."""
    return Opinion(
        id=row["opinion_id"],
        agency=row["agency"],
        channel=row["channel"],
        topic=row["topic"],
        anonymous=row["anonymous"],
        state="open" if row["answered_at"] is None else "answered",
        received_at=row["received_at"],
        answered_at=row["answered_at"],
        answered_by=row["answered_by"],
    )


def sort_key(row: Opinion) -> tuple[datetime, UUID]:
    """Give what `opinions` sorts by."""
    return row.received_at, row.id


def told(history: History) -> tuple[OpinionReceived, OpinionAnswered | None]:
    """Find what a stream says: an opinion and perhaps its answer.

    Raises:
        Refused: if it is no opinion's.
    """
    facts = [event.fact for event in history.events]
    if not facts or not isinstance(facts[0], OpinionReceived):
        raise opinion.refused("no-such-opinion")
    return facts[0], next((fact for fact in facts if isinstance(fact, OpinionAnswered)), None)
