"""Step 8 of 8, query: cases by the page, permits by their number, and what a dossier's procedure leads to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from contracts.vocabulary import AgencyCode, ContentHash, DossierId, PrincipalId, ProcedureCode
from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.edge.service import Runtime
from kernel.eventlog import Busy
from kernel.eventlog.sql import read_queries
from services.processing.settings import ProcessingSettings

ALARMS_MAX: Final = 500
"""So many cases are looked at in one go; the others are still due the next time."""

MOVES_MAX: Final = 1000
"""So many cases are moved in one go; a second go takes the next ones."""

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases; None = all. `overdue` is judged at `now`: an open case whose limit has run out, while no pause stops it."""

    now: datetime
    dossier: UUID | None = None
    unit: str | None = None
    role: str | None = None
    state: str | None = None
    overdue: bool | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """Answers from the read tables."""

    runtime: Runtime[ProcessingSettings]

    async def cases(self, principal: Principal, wanted: Wanted, page: Page) -> Sequence[asyncpg.Record]:
        """Give a page of the cases that the caller may see, the newest first."""
        opened_at, case_id = (datetime.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else (None, None)
        filters = (wanted.dossier, wanted.unit, wanted.role, wanted.state, wanted.overdue, wanted.now)
        return await self.runtime.log.pool.fetch(QUERY["cases"], principal.scope, *filters, opened_at, case_id, page.fetch)

    async def alarms_due(self, now: datetime) -> list[tuple[UUID, AgencyCode, datetime]]:
        """Give running cases with an alarm that is due, the longest due first: case, agency, since when."""
        found = await self.runtime.log.pool.fetch(QUERY["alarms_due"], now, ALARMS_MAX)
        return [(row["case_id"], row["agency"], row["alarm_at"]) for row in found]

    async def timers_due(self, now: datetime) -> list[tuple[UUID, AgencyCode]]:
        """Give cases with an open step that should have passed by itself, the longest due first: case, agency."""
        found = await self.runtime.log.pool.fetch(QUERY["timers_due"], now, ALARMS_MAX)
        return [(row["case_id"], row["agency"]) for row in found]

    async def answers_owed(self, now: datetime) -> list[tuple[UUID, AgencyCode, datetime]]:
        """Give cases in which another agency owes an answer and nobody was told, the longest ago first: case, agency, since when."""
        found = await self.runtime.log.pool.fetch(QUERY["answers_owed"], now, ALARMS_MAX)
        return [(row["case_id"], row["agency"], row["rings_at"]) for row in found]

    async def lateness(
        self, principal: Principal, asked_from: datetime | None, asked_until: datetime | None, now: datetime
    ) -> Sequence[asyncpg.Record]:
        """Count, for every agency that was asked in a time, its answers, the late ones, and those that it owes beyond its limit."""
        return await self.runtime.log.pool.fetch(QUERY["lateness_by_partner"], principal.scope, asked_from, asked_until, now)

    async def work_of(self, principal: Principal, officer: PrincipalId) -> list[tuple[UUID, AgencyCode]]:
        """Give running cases that the caller may see in which an officer has an open step, the oldest first: case, agency."""
        found = await self.runtime.log.pool.fetch(QUERY["work_of"], principal.scope, officer, MOVES_MAX)
        return [(row["case_id"], row["agency"]) for row in found]

    async def of_older_workflow(self, principal: Principal, procedure: ProcedureCode, newest: ContentHash) -> Sequence[asyncpg.Record]:
        """Give running cases that the caller may see and that another version of their workflow leads."""
        return await self.runtime.log.pool.fetch(QUERY["of_older_workflow"], principal.scope, procedure, newest, MOVES_MAX)

    async def permit(self, number: str, year: int | None, agency: AgencyCode | None) -> asyncpg.Record | None:
        """Give a permit, the newest of that number unless a year or an agency is named."""
        found = await self.runtime.log.pool.fetch(QUERY["permit"], number, year, agency)
        return found[0] if found else None

    async def notice_days(self, dossier: DossierId) -> int | None:
        """Give the working days within which a dossier's procedure lets a supplement be asked for; None where that is not known here."""
        found = await self.runtime.log.pool.fetch(QUERY["result"], dossier)
        return found[0]["notice_days"] if found else None

    async def result_of(self, dossier: DossierId) -> tuple[str | None, int | None]:
        """Give what a dossier's procedure leads to (None = nothing on paper), and for how many months it is valid.

        It is the version that was in force when the dossier was accepted (NQ 66.18/2026, Điều 6.1), not the newest.

        Raises:
            Busy: if intake's log has not been read as far as that.
        """
        found = await self.runtime.log.pool.fetch(QUERY["result"], dossier)
        if not found:
            raise Busy("procedure-not-read-yet")
        return found[0]["result"], found[0]["validity_months"]


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """Give a row of the list; branches that run beside each other as the facts tell them."""
    return {**row, "beside": json.loads(row["beside"] or "[]")}


def sort_key(row: asyncpg.Record) -> tuple[Any, ...]:
    """Give what `cases` sorts by."""
    return (row["opened_at"].isoformat(), str(row["case_id"]))
