"""The mirror's tables in a real database, filled by its own projector, with no broker and no process around."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from contracts.fact import Fact
from kernel.eventlog import Meta, Slice
from kernel.eventlog.event import History, rows_of
from kernel.eventlog.project import Projector
from kernel.eventlog.rebuild import install
from kernel.eventlog.subscriber import Carried
from services.reporting.domain.period import Period
from services.reporting.projections import MIRROR, SOURCES
from services.reporting.query import Reading
from tests.services.rig import AGENCY, CODEC, Rig

RECORDED: Final = datetime(2026, 6, 1, tzinfo=UTC)
STREAM_OF: Final = (
    "dossier_id",
    "invitation_id",
    "rating_id",
    "answer_id",
    "opinion_id",
    "petition_id",
    "engagement_id",
    "report_id",
    "score_id",
)


def source_of(fact: Fact) -> str:
    """Give the service whose fact it is."""
    return fact.TYPE.partition(".")[0]


def stream_of(fact: Fact) -> UUID:
    """Give the stream that a fact would stand in."""
    found = (getattr(fact, name) for name in STREAM_OF if hasattr(fact, name))
    return next(found, UUID(int=1))


@dataclass
class Tables:
    """The tables, and the logs that they are filled from."""

    pool: Any
    projector: Projector
    heads: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    histories: dict[UUID, History] = field(default_factory=dict[UUID, History])

    async def clear(self) -> None:
        """Forget everything."""
        names = ", ".join(f"{MIRROR.consumer}.{table}" for table in MIRROR.tables)
        await self.pool.execute(f"TRUNCATE {names}")
        await self.pool.execute("UPDATE log.checkpoint SET pos = 0")
        self.heads.clear()
        self.histories.clear()
        for source in SOURCES:
            await self.projector.begin(source)

    def body(self, fact: Fact, command: str | None) -> bytes:
        """Write a fact as its service would store it, as the next of its stream."""
        stream = stream_of(fact)
        history = self.histories.get(stream, History(stream))
        (row,) = rows_of(
            source_of(fact),
            Slice(history, AGENCY, [fact]),
            Meta(command or f"test:{stream}:{history.version}", "test", RECORDED),
            RECORDED,
            0,
        )
        self.histories[stream] = History(stream, row.version, 0, row.hash)
        return row.body

    async def tell(self, *facts: Fact, command: str | None = None) -> None:
        """Let the projector apply facts in this order, neighbours of one source at once; each of a command of its own, or all of one."""
        run: list[tuple[int, bytes]] = []
        for n, fact in enumerate(facts):
            source = source_of(fact)
            self.heads[source] += 1
            run.append((self.heads[source], self.body(fact, command)))
            if n + 1 == len(facts) or source_of(facts[n + 1]) != source:
                await self.projector.apply(Carried(source, tuple(run)))
                run = []

    async def kept_wrong(self) -> list[str]:
        """Give the rows of kept tables that are not what the tables beside them amount to, as `./motcua verify` would."""
        found = [await self.pool.fetch(f"SELECT t::text FROM {MIRROR.consumer}.{table}_wrong AS t") for table in MIRROR.kept]  # noqa: S608 - the model's own names
        return [row["t"] for rows in found for row in rows]

    @asynccontextmanager
    async def reading(self, then: tuple[int, int] | None = None) -> AsyncGenerator[Reading]:
        """Read the tables as the service does."""
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            yield Reading(connection, {}, then=then)

    async def lines(
        self, period: Period, scope: Sequence[str] | None = None, then: tuple[int, int] | None = None
    ) -> dict[tuple[str, str, str], dict[str, int]]:
        """Give the form's lines as SQL counts them, in the shape of the definition's; as of positions `then` of intake and processing."""
        async with self.reading(then) as reading:
            found = await reading.figures(period, None if scope is None else list(scope))
        return {(line.pop("month"), line.pop("agency"), line.pop("field")): line for line in found}


@asynccontextmanager
async def tables(rig: Rig, migrations: Any) -> AsyncGenerator[Tables]:
    """Make the tables in a database of their own."""
    database = await rig.database("reporting", migrations)
    async with asyncpg.create_pool(database.runtime_dsn, min_size=1, max_size=2) as pool:
        await install(pool, MIRROR)
        made = Tables(pool, Projector(MIRROR, pool, CODEC))
        await made.clear()
        yield made
