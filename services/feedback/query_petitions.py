"""Step 8 of 8, query: petitions by the page, one with its words, what its petitioner may see, what is public, and what a period counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import asyncpg

from contracts.feedback_petitions import (
    PetitionAnswered,
    PetitionExtended,
    PetitionJudged,
    PetitionMessageSent,
    PetitionPublished,
    PetitionReceived,
    PetitionRefused,
    PetitionReopened,
)
from contracts.vocabulary import PetitionId
from kernel.edge.identity import PUBLIC, Principal
from kernel.edge.pages import Page
from kernel.edge.service import Runtime
from kernel.edge.wall import fetch_for
from kernel.eventlog import History
from kernel.eventlog.sql import read_queries
from kernel.legalclock import day_of, explain
from kernel.vault import Erased
from services.feedback.domain import petition
from services.feedback.domain.follow_up import code_hash_of
from services.feedback.domain.petition_facts import refused
from services.feedback.domain.petition_states import Absent, Answered, Closed, Open, State
from services.feedback.settings import FeedbackSettings

QUERY: Final = read_queries(Path(__file__).with_name("petitions.sql"))

PetitionPurpose: TypeAlias = Literal["answering", "supervision", "inspection"]
"""For what a petition's words are read. Who petitions is shown to those who answer, and of a denunciation to inspectors alone."""

FOLLOW_UP: Final = "follow-up"
"""For what the petitioner himself reads them."""
PUBLICATION: Final = "publication"
"""For what everybody reads what was published."""

ALARMS_MAX: Final = 500
"""Petitions that are looked at together."""
LISTS: Final = frozenset({"partners", "enterprises", "members"})
NOT_SHOWN: Final = frozenset({"code_hash", "received_event", "answered_event", "alarm_at", "pos_feedback"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPetitions:
    """Which petitions; None = all. `protected`: denunciations too."""

    protected: bool
    kind: str | None = None
    open: bool | None = None
    unit: str | None = None
    dossier: UUID | None = None
    overdue_on: date | None = None


@dataclass(frozen=True, slots=True)
class PetitionRegister:
    """Answers from the register, and for one petition from its stream and the vault."""

    runtime: Runtime[FeedbackSettings]

    async def petitions(self, principal: Principal, wanted: WantedPetitions, page: Page) -> list[dict[str, Any]]:
        """List a page of petitions, newest first, without their words."""
        filters = (wanted.protected, wanted.kind, wanted.open, wanted.unit, wanted.dossier, wanted.overdue_on)
        rows = await self._fetch_for(principal, "petitions", *filters, *after(page), page.fetch)
        return [row_of(row) for row in rows]

    async def petition(self, id: UUID, principal: Principal, purpose: PetitionPurpose) -> tuple[int, dict[str, Any]]:
        """Give a petition's version, and all that was written; null for what was erased, or is not for this purpose.

        That the words were read, by whom and for what, is recorded.
        """
        history = await self.runtime.log.load(id)
        facts = [event.fact for event in history.events]
        first: PetitionReceived = facts[0]
        said = await self._words(first.text_ref, principal.sub, purpose)
        state = petition.DECIDER.state_of(history)
        return history.version, {
            **standing(state),
            "channel": first.channel,
            "party": first.party,
            "received_at": first.received_at,
            "sort_by_on": first.sort_by.due_on,
            "text": said.get("text"),
            "contact": said.get("contact") if purpose in {"answering", "inspection"} else None,
            "written": await self._written(history, principal.sub, purpose),
        }

    async def alarms_due(self, now: datetime) -> list[tuple[PetitionId, datetime]]:
        """List petitions that have an alarm due by an instant, the longest due first, and since when."""
        rows = await self.runtime.log.pool.fetch(QUERY["alarms_due"], now, ALARMS_MAX)
        return [(row["petition_id"], row["alarm_at"]) for row in rows]

    async def of_code(self, code: str) -> UUID:
        """Find the petition of a code.

        Raises:
            Refused: "no-such-petition".
        """
        found = await self.runtime.log.pool.fetchval(QUERY["petition_of_code"], code_hash_of(code))
        if found is None:
            raise refused("no-such-petition")
        return found

    async def followed(self, id: UUID, survivor: UUID) -> dict[str, Any]:
        """Give what a petitioner may see: where it stands, until when, and what was written to and by him; not who works on it.

        Through the code of a duplicate one sees how the other one is answered, and nothing that was written to or by another petitioner.
        """
        own = await self.runtime.log.load(id)
        other = own if survivor == id else await self.runtime.log.load(survivor)
        first: PetitionReceived = own.events[0].fact
        state = standing(petition.DECIDER.state_of(other))
        shown = {name: state[name] for name in ("state", "kind", "due_on", "deadline", "reopen_until", "may", "duplicates")}
        written = await self._written(other, PUBLIC.sub, FOLLOW_UP)
        merged = survivor != id
        return {
            **shown,
            "received_at": first.received_at,
            "merged": merged,
            **({"may": []} if merged else {}),
            "written": [one for one in written if not merged or one["what"] in {"answer", "extension"}],
        }

    async def published(self, page: Page) -> list[dict[str, Any]]:
        """List what is public, newest first."""
        rows = await self.runtime.log.pool.fetch(QUERY["published"], *after(page), page.fetch)
        return [{"id": row["petition_id"], **{n: row[n] for n in ("topic", "received_on", "answered_on", "published_at")}} for row in rows]

    async def public(self, id: UUID) -> dict[str, Any]:
        """Give question and answer as they were published.

        Raises:
            Refused: "no-such-petition", for one that was not.
        """
        history = await self.runtime.log.load(id)
        fact = next((event.fact for event in reversed(history.events) if isinstance(event.fact, PetitionPublished)), None)
        if fact is None:
            raise refused("no-such-petition")
        words = await self._words(fact.public_ref, PUBLIC.sub, PUBLICATION)
        return {"id": id, "question": words.get("question"), "answer": words.get("answer"), "published_at": fact.published_at}

    async def engagements(self, principal: Principal, from_on: date | None, to_on: date | None, page: Page) -> list[dict[str, Any]]:
        """List a page of meetings with enterprises, newest first."""
        key = (date.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else (None, None)
        rows = await self._fetch_for(principal, "engagements", from_on, to_on, *key, page.fetch)
        return [renamed(row, "engagement_id", frozenset({"held_event", "pos_feedback"})) for row in rows]

    async def support_groups(self, principal: Principal) -> list[dict[str, Any]]:
        """List the groups, with how many meetings each held."""
        rows = await self._fetch_for(principal, "support_groups")
        return [renamed(row, "group_id", frozenset({"pos_feedback"})) for row in rows]

    async def figures(self, principal: Principal, from_on: date, to_on: date) -> list[dict[str, Any]]:
        """Count a period; each figure names the events that it counts."""
        rows = await self._fetch_for(principal, "figures", from_on, to_on)
        return [{"name": row["name"], "count": len(row["events"]), "events": row["events"]} for row in rows]

    async def _fetch_for(self, principal: Principal, query: str, *arguments: Any) -> list[asyncpg.Record]:
        return await fetch_for(principal, self.runtime.log.pool, QUERY[query], principal.scope, *arguments)

    async def _written(self, history: History, reader: str, purpose: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for fact in (event.fact for event in history.events):
            if (written := told(fact)) is not None:
                what, by, at, ref = written
                words = await self._words(ref, reader, purpose)
                found.append({"what": what, "by": by, "at": at, "text": words.get("text")})
            elif isinstance(fact, PetitionJudged):
                found.append({"what": fact.verdict, "by": "petitioner", "at": fact.judged_at, "text": None})
        return found

    async def _words(self, ref: UUID, reader: str, purpose: str) -> dict[str, Any]:
        try:
            return await self.runtime.vault.read(self.runtime.log.pool, ref, reader, purpose)
        except Erased:
            return {}


def told(fact: Any) -> tuple[str, str, datetime, UUID] | None:
    """Give what a fact has words for: what it is, whose, when, and where they are; None for a fact without."""
    match fact:
        case PetitionRefused():
            return "refusal", "department", fact.refused_at, fact.explanation_ref
        case PetitionExtended():
            return "extension", "department", fact.extended_at, fact.explanation_ref
        case PetitionAnswered():
            return "answer", "department", fact.answered_at, fact.answer_ref
        case PetitionReopened():
            return "reopening", "petitioner", fact.reopened_at, fact.reason_ref
        case PetitionMessageSent():
            return "message", "department" if fact.direction == "to-petitioner" else "petitioner", fact.sent_at, fact.words_ref
        case _:
            return None


def standing(state: State) -> dict[str, Any]:
    """Say where a petition stands, what may be done with it, and until when.

    Raises:
        Refused: "no-such-petition".
    """
    if isinstance(state, Absent):
        raise refused("no-such-petition")
    found = state.petition
    match state:
        case Open():
            name, may, end = "open", ["message", "withdraw"], None
        case Answered(reopen_until=end):
            again = ["reopen"] if found.dissatisfied else []
            name, may = "answered", [*(() if found.round in found.judged else ("judge",)), *again, "message"]
        case Closed(how=how):
            name, may, end = how, [], None
    return {
        "id": found.id,
        "agency": found.agency,
        "state": name,
        "kind": found.kind,
        "topic": found.topic,
        "unit": found.unit,
        "partners": found.partners,
        "round": found.round,
        "extended": found.extended,
        "published": found.published,
        "duplicates": len(found.duplicates),
        "due_on": found.deadline.due_on,
        "deadline": {"vi": explain(found.deadline, "vi"), "en": explain(found.deadline, "en")},
        "reopen_until": end,
        "may": may,
    }


def after(page: Page) -> tuple[datetime | None, UUID | None]:
    """Give the sort key after which a page begins."""
    return (datetime.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else (None, None)


def renamed(row: asyncpg.Record, key: str, not_shown: frozenset[str]) -> dict[str, Any]:
    """Make the view of a row; its key is called id, and lists of codes are lists."""
    found = {name: value for name, value in row.items() if name not in not_shown and name != key}
    lists = {name: (value or "").split() for name, value in found.items() if name in LISTS}
    return {"id": row[key], **found, **lists}


def row_of(row: asyncpg.Record) -> dict[str, Any]:
    """Make the view of a row of the register."""
    state = row["ended_how"] or ("answered" if row["answered_at"] else "open")
    return {**renamed(row, "petition_id", NOT_SHOWN | {"ended_how"}), "state": state}


def is_overdue_on(now: datetime) -> date:
    """Give the local day before which what is due is overdue."""
    return day_of(now)
