"""Step 8 of 8, query: how cases really went, beside the workflow that they were pinned to and beside each other.

The rows are read in one snapshot and judged by the pure functions of the domain: what an answer says of a case is what anybody finds who
folds its facts.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from contracts.catalogue import FACTS
from contracts.processing import Step
from contracts.vocabulary import CaseId
from kernel.edge.pages import Page
from kernel.edge.wall import fetch_within
from kernel.eventlog.sql import QUERY as LOG_QUERY
from kernel.eventlog.sql import Connection, read_queries
from services.reporting.domain import conformance, fairness
from services.reporting.domain.conformance import Deviation
from services.reporting.domain.fairness import Jump
from services.reporting.domain.period import Period
from services.reporting.domain.staff import Staff
from services.reporting.domain.walk import Steps, Turn
from services.reporting.projections.ways import WAYS
from services.reporting.query import NOTHING, Asked, Line, Mirror, Scope

QUERY: Final = read_queries(Path(__file__).parent / "ways.sql")
LOOKED_AT_MAX: Final = 1000
"""How many cases are judged for one page at most; the next page goes on behind them."""
QUEUE_MAX: Final = 5000
"""How many cases one answer about queues is made of at most."""
STEPS: Final = TypeAdapter(tuple[Step, ...])

Workflows: TypeAlias = Mapping[str, tuple[str, Steps]]


class TooMany(Exception):  # noqa: N818 - says what the question asks for
    """More cases than one answer is made of."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways of cases at one moment."""

    connection: Connection
    freshness: Line
    workflows: Workflows

    async def period(self, asked: Asked) -> Period:
        """Give the period that is meant: where no day was said, the first or the last that is known."""
        row: Any = await self.connection.fetchrow(QUERY["days"])
        first, last = (row["first"] or NOTHING.first, row["last"] or NOTHING.last)
        return Period(asked.first or min(first, asked.last or last), asked.last or max(last, asked.first or NOTHING.last))

    async def staff(self) -> Staff:
        """Fold what was said of the department."""
        rows = await self.connection.fetch(QUERY["staffing"])
        return Staff.of(FACTS[row["type"]].model_validate_json(row["said"]) for row in rows)

    async def turns(self, cases: Sequence[UUID]) -> dict[UUID, list[Turn]]:
        """Give what happened to each of some cases."""
        found: dict[UUID, list[Turn]] = {case: [] for case in cases}
        for row in await self.connection.fetch(QUERY["turns"], list(cases)):
            found[row["case_id"]].append(turn_of(row))
        return found

    async def of_dossier(self, dossier: UUID) -> Line | None:
        """Give the case of a dossier with its deviations; None where there is none."""
        row = await self.connection.fetchrow(QUERY["of_dossier"], dossier)
        return None if row is None else (await self.judged([dict(row)]))[0]

    async def judged(self, cases: Sequence[Line]) -> list[Line]:
        """Put beside each case where it left its workflow."""
        staff, turns = await self.staff(), await self.turns([case["case_id"] for case in cases])
        return [
            {**case, "deviations": [shown(one) for one in conformance.deviations(turns[case["case_id"]], self.workflows, staff)]}
            for case in cases
        ]

    async def ended(self, period: Period, scope: Scope, procedure: str | None, page: Page, *, all_: bool) -> tuple[list[Line], Line | None]:
        """Give a page of the cases that ended in a period and deviated (or `all_`), and the last that was looked at, if there are more."""
        ended_on, case_id = (date.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else (None, None)
        wanted = page.fetch if all_ else LOOKED_AT_MAX + 1
        asked = (period.first, period.last, scope, procedure, ended_on, case_id, wanted)
        rows = [dict(row) for row in await fetch_within(self.connection, scope, QUERY["ended"], *asked)]
        looked, more = rows[: wanted - 1], len(rows) == wanted
        found = [case for case in await self.judged(rows if all_ else looked) if all_ or case["deviations"]]
        return found[: page.fetch], looked[-1] if more and looked else None

    async def jumps(self, period: Period, scope: Scope, procedure: str) -> tuple[list[Jump], dict[CaseId, Line]]:
        """Give who was taken in a period before others of the same queue, and the cases by id.

        Raises:
            TooMany: if more cases were open then than one answer is made of.
        """
        asked = (period.first, period.last, scope, procedure, QUEUE_MAX + 1)
        rows = [dict(row) for row in await fetch_within(self.connection, scope, QUERY["alive"], *asked)]
        if len(rows) > QUEUE_MAX:
            raise TooMany
        turns = await self.turns([row["case_id"] for row in rows])
        waits = [wait for row in rows for wait in fairness.waits(row["agency"], turns[row["case_id"]], self.workflows)]
        found = [jump for jump in fairness.jumps(waits) if period.first <= fairness.day_of(jump.taken) <= period.last]
        return found, {row["case_id"]: row for row in rows}


@asynccontextmanager
async def ways(mirror: Mirror, definition: str) -> AsyncGenerator[Ways]:
    """Read in one snapshot, which knows how far it is and by which definition it judges."""
    heads = await mirror.heads.now()
    async with mirror.runtime.log.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(LOG_QUERY["live_positions"], WAYS.name)
        positions: dict[str, int] = {row["source"]: row["pos"] for row in rows}
        freshness = {
            "positions": positions,
            "lag": {source: None if (end := heads.get(source)) is None else max(0, end - pos) for source, pos in positions.items()},
            "parked": await connection.fetchval(QUERY["parked"], WAYS.name),
            "definition_hash": definition,
        }
        versions = await connection.fetch(QUERY["workflows"])
        known = {row["content_hash"]: (row["procedure"], STEPS.validate_python(orjson.loads(row["steps"])["steps"])) for row in versions}
        yield Ways(connection, freshness, known)


def turn_of(row: Any) -> Turn:
    """Read a row as a turn."""
    return Turn(
        pos=row["turn_pos"],
        case_id=CaseId(row["case_id"]),
        at=row["happened_at"],
        what=row["what"],
        step=row["step"],
        officer=row["officer"],
        word=row["word"],
        undone=tuple((row["undone"] or "").split()),
        due_on=row["due_on"],
    )


def shown(one: Deviation) -> Line:
    """Give a deviation as an answer has it: which fact, what, in which step, and in words. Who it was stands in the fact."""
    vi, en = conformance.IN_WORDS[one.kind]
    return {
        "position": f"processing/{one.pos}",
        "kind": one.kind,
        "step": one.step,
        "beside": one.beside,
        "at": one.at,
        "what": vi,
        "what_en": en,
    }
