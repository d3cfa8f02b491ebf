"""`./motcua rebuild`: a read model is folded anew from the logs beside the shown one, compared with it row by row, and shown instead.

As the service's own user at both servers, while everything runs. What the database lost, or somebody changed by hand, is found and mended;
another definition needs another version of the model (ADR 8).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Collection
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import nats

from deploy.local.stack import Stack, supervisor_of
from deploy.local.verify import service_of
from kernel.eventlog.errors import Doubt
from kernel.eventlog.project import SCHEMA, Projector, ReadModel
from kernel.eventlog.rebuild import INDEX_SECONDS, INSTALL_LOCK, SWITCH_LOCK_TIMEOUT, SWITCH_RETRY_SECONDS
from kernel.eventlog.sql import QUERY
from kernel.eventlog.tail import BATCH_MAX, sequence_of, through

if TYPE_CHECKING:
    from pathlib import Path

    from nats.aio.client import Client

    from kernel.edge.service import Service

NOT_RUNNING: Final = 3
WAS: Final = "was"
ANEW: Final = "anew"
PARKED: Final = "SELECT source, pos FROM log.parked WHERE consumer = $1"


@dataclass
class Table:
    """How a table that was shown and the rebuilt one compare: rows of the rebuilt one, and rows that only one of the two has."""

    rows: int
    only_shown: int
    only_rebuilt: int


@dataclass
class Rebuilt:
    """What came of it."""

    events: int = 0
    tables: dict[str, Table] = field(default_factory=dict[str, Table])
    switched: bool = False

    @property
    def differ(self) -> int:
        """Rows that only one of the two has: one that was changed counts twice."""
        return sum(table.only_shown + table.only_rebuilt for table in self.tables.values())


def main(data: Path, service: str, name: str, *, only_compare: bool, as_json: bool) -> int:
    """Rebuild one read model, and say what differed. 0 if it is shown, or nothing differs; 1 if not; 3 if nothing runs."""
    stack = Stack(data)
    if supervisor_of(data) is None:
        print("Motcua không chạy ở đó · Motcua is not running there; start it first: ./motcua up", file=sys.stderr)
        return NOT_RUNNING
    models = {model.name: model for model in service_of(service).models} if service in stack.services else {}
    if name not in models:
        known = ", ".join(models or stack.services)
        print(f"không có {service} {name} · no such service or read model; one of: {known}", file=sys.stderr)
        return 2
    try:
        found = asyncio.run(_rebuild(stack, service_of(service), models[name], only_compare=only_compare))
    except Doubt as doubt:
        print(f"{name}: dừng, không có gì thay đổi · stopped, nothing has changed: {doubt}", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps({**asdict(found), "differ": found.differ}))
    else:
        show(found)
    return 1 if found.differ and not found.switched else 0


async def _rebuild(stack: Stack, service: Service[Any], model: ReadModel, *, only_compare: bool) -> Rebuilt:
    async with asyncpg.create_pool(stack.dsn(service.name), min_size=1, max_size=1) as pool:
        broker = await nats.connect(stack.nats_url(service.name).split(","))
        try:
            return await Rebuilding(pool, broker, service, model).run(only_compare=only_compare)
        finally:
            await broker.close()


class Rebuilding:
    """Rebuilds one read model of a service that runs.

    Args:
        pool: the service's database, as the service itself.
        broker: has the other services' facts.
        service: whose model it is.
        model: in the version that is shown.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], broker: Client, service: Service[Any], model: ReadModel) -> None:
        """Keep what it works with."""
        self.pool, self.broker, self.service, self.model = pool, broker, service, model
        self.shadow = replace(model, name=f"{model.name}_{ANEW}")
        self.was = replace(model, name=f"{model.name}_{WAS}")
        self.projector = Projector(self.shadow, pool, service.codec)
        self.passed_by = service.codec.all_but(model.facts) if model.facts is not None else frozenset[str]()
        self.positions = dict.fromkeys(model.sources, 0)
        self.found = Rebuilt()

    async def run(self, *, only_compare: bool) -> Rebuilt:
        """Fold, compare, and show what was folded, unless it is only to be compared.

        Raises:
            Doubt: if another version is shown, or facts that were parked were applied meanwhile; nothing has changed then.
        """
        async with self.pool.acquire() as connection:
            await self._make(connection)
            try:
                parked = await self._parked(connection)
                await self._fill(connection, parked)
                transaction = connection.transaction()
                await transaction.start()
                try:
                    await self._compare(connection, parked)
                    if not only_compare:
                        await self._show(connection)
                except BaseException:
                    await transaction.rollback()
                    raise
                await (transaction.rollback() if only_compare else transaction.commit())
                self.found.switched = not only_compare
            finally:
                await connection.execute(f"DROP SCHEMA IF EXISTS {self.shadow.consumer} CASCADE")
        return self.found

    async def _make(self, connection: Any) -> None:
        if await connection.fetchval(QUERY["live_version"], self.model.name) != self.model.version:
            message = f"{self.model.name} shows another version than {self.model.version}, which is filling"
            raise Doubt(message)
        await connection.execute(f"DROP SCHEMA IF EXISTS {self.shadow.consumer} CASCADE; CREATE SCHEMA {self.shadow.consumer}")
        await connection.execute(f"SET search_path = {self.shadow.consumer}, public; {self.model.bare_ddl}; RESET search_path")

    async def _parked(self, connection: Any) -> set[tuple[str, int]]:
        return {(row["source"], row["pos"]) for row in await connection.fetch(PARKED, self.model.consumer)}

    async def _fill(self, connection: Any, parked: Collection[tuple[str, int]]) -> None:
        """Fold the logs up to where the shown version stands; what it has parked stays parked."""
        for row in await connection.fetch(QUERY["live_positions"], self.model.name):
            source, last = row["source"], row["pos"]
            async for batch in self._log(connection, source, last):
                events = [
                    self.service.codec.decode(source, pos, body, self.passed_by) for pos, body in batch if (source, pos) not in parked
                ]
                await self.projector.write(connection, source, [event for event in events if event.fact is not None])
                self.found.events += len(batch)
            self.positions[source] = last

    async def _log(self, connection: Any, source: str, last: int) -> AsyncIterator[list[tuple[int, bytes]]]:
        after = self.positions[source]
        if source != self.service.name:
            async for messages in through(self.broker, source, after, last):
                yield [(sequence_of(message), message.data) for message in messages]
            return
        while after < last:
            rows = await connection.fetch(QUERY["read"], after, min(BATCH_MAX, last - after))
            yield [(row["pos"], row["body"]) for row in rows]
            after = rows[-1]["pos"]

    async def _compare(self, connection: Any, parked: Collection[tuple[str, int]]) -> None:
        """Fold the rest while the reader waits, so that both stand at the same positions; then everything that follows from the rows."""
        shown = [f"{self.model.consumer}.{projection.table}" for projection in self.model.projections]
        await connection.execute("SELECT pg_advisory_xact_lock($1)", INSTALL_LOCK)
        # In the order in which the projector writes them. Readers go on; it waits with its next write, and then its statement is read anew.
        await connection.execute(f"LOCK TABLE {', '.join(shown)} IN SHARE MODE")
        now = await self._parked(connection)
        if not now.issuperset(parked):
            raise Doubt("parked facts were applied meanwhile: run it again")
        await self._fill(connection, now)
        # What the database keeps by itself remembers the name of its schema: it gets the name first.
        await connection.execute(
            f"ALTER SCHEMA {self.model.consumer} RENAME TO {self.was.consumer};"
            f"ALTER SCHEMA {self.shadow.consumer} RENAME TO {self.model.consumer};"
            f"SET LOCAL search_path = {self.model.consumer}, public; SET LOCAL statement_timeout = '{INDEX_SECONDS}s'"
        )
        for statement in self.model.when_full:
            await connection.execute(statement)
        await connection.execute("SET LOCAL search_path TO DEFAULT")
        for table in self.model.tables:
            old, new = f"{self.was.consumer}.{table}", f"{self.model.consumer}.{table}"
            counts = await connection.fetchrow(
                f"SELECT (SELECT count(*) FROM {new}), (SELECT count(*) FROM (TABLE {old} EXCEPT ALL TABLE {new}) AS a),"  # noqa: S608 - names are the program's own
                f" (SELECT count(*) FROM (TABLE {new} EXCEPT ALL TABLE {old}) AS b)"
            )
            self.found.tables[table] = Table(*counts)

    async def _show(self, connection: Any) -> None:
        """Let the views show the rebuilt tables, and drop the others: whoever waited to write there finds the new ones by their name."""
        views = "".join(
            f"CREATE OR REPLACE VIEW {SCHEMA}.{table} AS SELECT * FROM {self.model.consumer}.{table};"  # noqa: S608 - names are the program's own
            for table in self.model.tables
        )
        while True:
            try:
                async with connection.transaction():
                    # A reader may hold one view and want another: we give way to it, as `switch` does.
                    await connection.execute(f"SET LOCAL lock_timeout = '{SWITCH_LOCK_TIMEOUT}'")
                    await connection.execute(f"{views} DROP SCHEMA {self.was.consumer} CASCADE")
            except asyncpg.LockNotAvailableError:
                await asyncio.sleep(SWITCH_RETRY_SECONDS)
            else:
                return


def show(found: Rebuilt) -> None:
    """Print for a person what was compared, and what is shown now."""
    for name, table in found.tables.items():
        differ = f"{table.only_shown} chỉ ở bảng cũ · only shown, {table.only_rebuilt} chỉ ở bảng mới · only rebuilt"
        print(f"{name:<18}{table.rows:>10} rows  {differ if table.only_shown or table.only_rebuilt else 'giống nhau · the same'}")
    print(f"{found.events} sự kiện · events, {found.differ} dòng khác nhau · rows differ, ", end="")
    print("đã chuyển sang bảng mới · switched" if found.switched else "giữ bảng cũ · not switched")
