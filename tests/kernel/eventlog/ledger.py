"""A consumer for the tests that shows everything: it writes down each fact that it applies, as often as it applies it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from kernel.eventlog import Log, Recorded
from kernel.eventlog.consume import Consumer
from kernel.eventlog.sql import Connection
from tests.kernel.eventlog.rig import Rig, connected

DDL = """
    CREATE TABLE public.ledger (n bigserial PRIMARY KEY, source text, pos bigint, stream uuid);
    GRANT ALL ON ALL TABLES IN SCHEMA public TO audit;
    GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO audit
"""


class Ledger(Consumer):
    """Writes a line per fact. `faulty` says which facts it breaks on, `before` runs in its transaction before the first line."""

    def __init__(self, log: Log, sources: Sequence[str] = ("bank",), name: str = "ledger") -> None:
        super().__init__(name, sources, log.pool, log.codec)
        self.faulty: Callable[[Any], bool] = lambda _: False
        self.before: Callable[[Connection], Awaitable[Any]] | None = None

    async def write(self, connection: Connection, source: str, events: Sequence[Recorded]) -> None:
        if self.before is not None:
            await self.before(connection)
        for event in events:
            if self.faulty(event.fact):
                message = f"cannot apply {event.pos}"
                raise ZeroDivisionError(message)
            await connection.execute("INSERT INTO ledger (source, pos, stream) VALUES ($1, $2, $3)", source, event.pos, event.stream)


async def audit_log(rig: Rig) -> Log:
    """Open an audit log whose database has the ledger's table."""
    log = await rig.log("audit")
    async with connected(rig.owner(log)) as owner:
        await owner.execute(DDL)
    return log


async def lines(log: Log, stream: UUID | None = None) -> list[str]:
    """Give what the ledger holds, as `source/pos`, in the order in which it was written."""
    rows = await log.pool.fetch("SELECT source || '/' || pos AS line FROM ledger WHERE $1::uuid IS NULL OR stream = $1 ORDER BY n", stream)
    return [row["line"] for row in rows]


async def parked(log: Log) -> list[tuple[str, str]]:
    """Give what is parked, as `source/pos` and the error, in order."""
    rows = await log.pool.fetch("SELECT source || '/' || pos AS line, error FROM log.parked ORDER BY source, pos")
    return [(row["line"], row["error"]) for row in rows]
