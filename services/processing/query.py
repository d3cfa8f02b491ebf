"""Step 8 of 8, query: cases by the page, permits by their number, and waiting for what followed from another service's fact."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from contracts.vocabulary import ProcedureCode
from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.edge.position import WAIT_SECONDS, Position, wait_for
from kernel.edge.problem import NOT_THERE_YET, retry_later
from kernel.edge.service import Runtime
from kernel.eventlog import Busy, positions
from kernel.eventlog.errors import UNAVAILABLE
from kernel.eventlog.sql import read_queries
from services.processing import consume
from services.processing.projections import CASES
from services.processing.settings import ProcessingSettings

POLL_SECONDS: Final = 0.005
POLL_SECONDS_MAX: Final = 0.05

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
        return await self._ask("cases", principal.scope, *filters, opened_at, case_id, page.fetch)

    async def permit(self, number: str, year: int | None) -> asyncpg.Record | None:
        """Give a permit, the newest of that number unless a year is named."""
        found = await self._ask("permit", number, year)
        return found[0] if found else None

    async def result_of(self, procedure: ProcedureCode) -> tuple[str | None, int | None]:
        """Give what a procedure leads to (None = nothing on paper), and for how many months it is valid.

        Raises:
            Busy: if intake's catalogue has not been read as far as that procedure.
        """
        found = await self._ask("result", procedure)
        if not found:
            raise Busy("procedure-not-read-yet")
        return found[0]["result"], found[0]["validity_months"]

    async def wait_for_reactions(self, after: str | None) -> None:
        """Return when what followed here from intake's facts up to `after` is recorded; at once for a position of our own log.

        Raises:
            Problem: 503 with Retry-After, if it is not within the bound.
        """
        if after is None or (position := Position.parse(after)).source != consume.SOURCE:
            return
        loop, delay = asyncio.get_running_loop(), POLL_SECONDS
        give_up_at = loop.time() + WAIT_SECONDS
        while await self._reacted() < position.pos:
            if loop.time() >= give_up_at:
                raise retry_later(NOT_THERE_YET)
            await asyncio.sleep(delay)
            delay = min(delay * 2, POLL_SECONDS_MAX)

    async def wait_for_list(self, after: str | None) -> None:
        """Return when the register shows what followed from `after`, be it a position of intake's log or of our own.

        Raises:
            Problem: 503 with Retry-After, if it does not within the bound.
        """
        log = self.runtime.log
        if after is not None and Position.parse(after).source == consume.SOURCE:
            await self.wait_for_reactions(after)
            # Which of our events answers that fact is not asked: whatever it is, it is in our log by now.
            after = str(Position(log.source, await log.head()))
        await wait_for(log, CASES.name, after)

    async def freshness(self) -> dict[str, dict[str, int]]:
        """Tell how far the register is, and how far behind the log that is."""
        log = self.runtime.log
        shown, head = await positions(log.pool, CASES.name), await log.head()
        return {"positions": shown, "lag": {source: max(0, head - pos) for source, pos in shown.items()}}

    async def _reacted(self) -> int:
        found = await self._ask("reacted", consume.NAME, consume.SOURCE)
        return int(found[0]["pos"]) if found else 0

    async def _ask(self, query: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """Read.

        Raises:
            Busy: if the database is away, or its read tables are being made for the first time.
        """
        try:
            return await self.runtime.log.pool.fetch(QUERY[query], *arguments)
        except UNAVAILABLE as error:
            raise Busy("database-away") from error
        except asyncpg.UndefinedTableError as error:
            raise Busy("no-read-tables-yet") from error


def sort_key(row: asyncpg.Record) -> tuple[Any, ...]:
    """Give what `cases` sorts by."""
    return (row["opened_at"].isoformat(), str(row["case_id"]))
