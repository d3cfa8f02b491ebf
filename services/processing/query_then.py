"""Step 8 of 8, query: lists of cases, and the book, as they were at an instant, made from the facts of what there was.

The register says how cases are, and no older row of it is kept. A row is nothing but what the facts of its case amount to
(`projections.case_columns`), so the rows of an instant are folded from the facts up to it, and the very statements that list the register
list them too. What a case can have been is not known before its facts are read: they are read batch by batch until a page is full.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Any, Final
from uuid import UUID

import asyncpg

from contracts.vocabulary import AgencyCode
from kernel.edge.answer import encode
from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.edge.problem import INVALID, Fault, Problem, Sentence
from kernel.edge.service import Runtime
from kernel.edge.wall import fetch_for
from kernel.eventlog import History, Log
from services.processing import query_cases
from services.processing.domain import book, permit
from services.processing.domain.permit_states import Absent, Drafted
from services.processing.handle_case import as_it_was
from services.processing.projections import CASES
from services.processing.query_cases import Found, Wanted, sort_key
from services.processing.settings import ProcessingSettings

BATCH: Final = 200
"""So many cases have their facts read at once."""

BATCHES_MAX: Final = 10
"""So many times for one page; the page then ends where the search has come to, be it full or not."""

OPEN_MAX: Final = 5_000
"""So many open cases are counted as they were."""

TOO_MANY: Final = Fault(
    "query",
    "/as_of",
    Sentence(
        "Khi đó có quá nhiều hồ sơ đang giải quyết để đếm lại trong một lần hỏi.",
        "Too many cases were open then to be counted anew in one answer.",
    ),
)

(_REGISTER,) = [projection for projection in CASES.projections if projection.table == "case_register"]


@dataclass(frozen=True, slots=True)
class Then:
    """The register as it was at `wanted.now`."""

    runtime: Runtime[ProcessingSettings]

    async def cases(self, principal: Principal, wanted: Wanted, page: Page) -> Found:
        """Give a page of the cases that there were, the newest first."""
        return await self._page(principal, wanted, page, oldest_first=False)

    async def worklist(self, principal: Principal, wanted: Wanted, page: Page) -> Found:
        """Give a page of the cases that were open, the oldest first."""
        return await self._page(principal, wanted, page, oldest_first=True)

    async def load(self, principal: Principal, wanted: Wanted, soon: datetime) -> Sequence[asyncpg.Record]:
        """Count the open steps that a unit had, by officer and state.

        Raises:
            Problem: 422, if more than `OPEN_MAX` cases were open.
        """
        there = await self._ask(principal, query_cases.there_were(principal, wanted, None, OPEN_MAX + 1, oldest_first=True))
        if len(there) > OPEN_MAX:
            raise Problem(INVALID, faults=[TOO_MANY])
        folded = [row for at in range(0, len(there), BATCH) for row in await self._folded(there[at : at + BATCH], wanted.now)]
        return await self._ask(principal, query_cases.load(principal, with_rows(wanted, folded), soon))

    async def _page(self, principal: Principal, wanted: Wanted, page: Page, *, oldest_first: bool) -> Found:
        listed = query_cases.worklist if oldest_first else query_cases.cases
        rows, last = list[asyncpg.Record](), page.after
        for _ in range(BATCHES_MAX):
            there = await self._ask(principal, query_cases.there_were(principal, wanted, last, BATCH, oldest_first=oldest_first))
            folded = with_rows(wanted, await self._folded(there, wanted.now))
            rows += await self._ask(principal, listed(principal, folded, Page(last, page.fetch - len(rows) - 1)))
            if len(rows) == page.fetch or len(there) < BATCH:
                return Found(rows)
            last = sort_key(there[-1])
        return Found(rows, last)

    async def _folded(self, there: Sequence[asyncpg.Record], instant: datetime) -> list[Mapping[str, Any]]:
        """Fold the facts of cases up to an instant into the rows that they had."""
        histories = await asyncio.gather(*(self.runtime.log.load(UUID(str(row["case_id"]))) for row in there))
        return [row for history in histories if "opened_at" in (row := row_at(history, instant))]

    async def _ask(self, principal: Principal, asked: query_cases.Statement) -> Sequence[asyncpg.Record]:
        return await fetch_for(principal, self.runtime.log.pool, asked.text, *asked.arguments)


def row_at(history: History, instant: datetime) -> Mapping[str, Any]:
    """Give the row of the register that a case had at an instant, from its facts alone."""
    row: dict[str, Any] = {"case_id": history.stream}
    for event in takewhile(lambda event: event.time <= instant, history.events):
        if (effect := _REGISTER.effect_of(event)) is not None:
            row |= effect[1]
    return row


def with_rows(wanted: Wanted, rows: Sequence[Mapping[str, Any]]) -> Wanted:
    """Ask these rows instead of the register."""
    return replace(wanted, folded=encode(rows).decode())


async def book_then(log: Log, agency: AgencyCode, year: int, first: int, count: int, instant: datetime) -> list[dict[str, Any]]:
    """Give `count` numbers of an agency's book of a year, from the serial `first` on, each as what it was given to stood at an instant."""
    entries = [event.fact for event in as_it_was(await log.load(book.stream_of(agency, year)), instant, None).events]
    page = [entry for entry in entries if entry.serial >= first][:count]
    ids = [entry.permit_id or permit.stream_of(entry.case_id) for entry in page]
    found = [history for at in range(0, len(ids), BATCH) for history in await asyncio.gather(*map(log.load, ids[at : at + BATCH]))]
    return [
        {"serial": entry.serial, "number": entry.number, "case_id": entry.case_id, **_given_to(entry.number, history, instant)}
        for entry, history in zip(page, found, strict=True)
    ]


def _given_to(number: str, history: History, instant: datetime) -> dict[str, Any]:
    """Say what a number had been given to at an instant, and how that stood."""
    state = permit.DECIDER.state_of(as_it_was(history, instant, None))
    if isinstance(state, Absent | Drafted):
        return {"permit_id": None, "state": "letter", "replaced_by": None}
    of = state.permit
    is_old = number != of.number
    return {
        "permit_id": of.id,
        "state": "replaced" if is_old else permit.name_of(state, instant),
        "replaced_by": of.number if is_old else None,
    }
