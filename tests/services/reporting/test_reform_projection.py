"""The read model of reform: every fact that it is for has its place in it, and facts that come again in other batches change nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

import asyncpg
import orjson
import pytest

from contracts.catalogue import FACTS
from kernel.eventlog import Codec
from kernel.eventlog.consume import Carried
from kernel.eventlog.project import Projector
from kernel.eventlog.rebuild import install
from services.reporting.main import SERVICE
from services.reporting.projections.reform import REFORM
from tests.contracts.golden import golden
from tests.servers import NatsServer, PostgresServer
from tests.services.rig import Rig

Rows = dict[str, list[tuple[Any, ...]]]


def told(source: str) -> list[bytes]:
    """Give the golden facts of a source that the model reads, in the order of their streams; none waits for another service's."""
    events = [golden(type_) for type_, fact in FACTS.items() if type_.startswith(f"{source}.") and fact in (REFORM.facts or ())]
    events.sort(key=lambda event: (event["subject"], int(event["sequence"])))
    return [orjson.dumps({name: value for name, value in event.items() if name != "cause"}) for event in events]


STREAMS: Final = {source: told(source) for source in REFORM.sources}


class Filling:
    """The tables in a database of their own."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self.projector = Projector(REFORM, pool, Codec(FACTS))

    async def tell(self, batch: int) -> None:
        """Tell every stream from its beginning, so many facts at a time."""
        await self.pool.execute("UPDATE log.checkpoint SET pos = 0")
        for source, bodies in STREAMS.items():
            await self.projector.begin(source)
            for first in range(0, len(bodies), batch):
                run = tuple(enumerate(bodies[first : first + batch], first + 1))
                await self.projector.apply(Carried(source, run))

    async def rows(self) -> Rows:
        """Give everything that the tables hold."""
        return {table: [tuple(row) for row in await self.pool.fetch(f"SELECT * FROM read.{table} ORDER BY 1")] for table in REFORM.tables}  # noqa: S608 - the model's own names


@pytest.fixture
async def filling(postgres: PostgresServer, nats: NatsServer, tmp_path: Any) -> AsyncGenerator[Filling]:
    database = await Rig(postgres, nats, tmp_path).database("reporting", SERVICE.migrations)
    async with asyncpg.create_pool(database.runtime_dsn, min_size=1, max_size=2) as pool:
        await install(pool, REFORM)
        yield Filling(pool)


async def test_every_fact_has_its_place_and_every_table_its_facts(filling: Filling) -> None:
    await filling.tell(1)
    assert await filling.pool.fetchval("SELECT count(*) FROM log.parked") == 0
    rows = await filling.rows()
    assert [table for table, found in rows.items() if not found] == []


async def test_facts_that_come_again_in_other_batches_change_nothing(filling: Filling) -> None:
    await filling.tell(1)
    first = await filling.rows()
    for batch in (3, 100):
        await filling.tell(batch)
        assert await filling.rows() == first
    await filling.pool.execute(f"TRUNCATE {', '.join(f'{REFORM.consumer}.{table}' for table in REFORM.tables)}")
    await filling.tell(100)
    assert await filling.rows() == first, "all at once is the same as one by one"
