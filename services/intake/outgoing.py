"""Beside step 5: what goes out to whom, kept as data: in order per dossier, resumed where it stopped, nothing forgotten.

A receiver (a webhook, the national portal, a channel of notices) has a list of deliveries. The list is written behind its place in the
log, in the transaction that moves the place. A delivery is tried until it arrives or is parked; what stands behind it waits, the other
dossiers go on. Leadership spares double work: what keeps two processes from delivering twice at once is the lock of the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg

from kernel.edge.service import Runtime
from kernel.eventlog import Recorded
from kernel.eventlog.endless import end_if_cancelled
from kernel.eventlog.errors import UNAVAILABLE
from kernel.eventlog.sql import QUERY as LOG_QUERY
from kernel.eventlog.sql import Connection, read_queries
from kernel.eventlog.worker import LEASE
from services.intake.settings import IntakeSettings

QUERY: Final = read_queries(Path(__file__).with_name("outgoing.sql"))
LOCK: Final = 0x6F7574676F696E67  # "outgoing"
AHEAD_MAX: Final = 1000
"""Deliveries that are written down at once."""
AT_ONCE_MAX: Final = 8
"""Deliveries to one receiver under way at a time, each of another dossier."""
ROUNDS_MAX: Final = 50
POLL_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.02
"""What is committed within so long goes out together: who is told was asked of the database after every commit."""
LEADER_SECONDS: Final = 1.0
JITTER: Final = 0.1
DICE: Final = random.SystemRandom()
"""Spreads the tries; dice of its own, for the program's may be somebody's who wants the same throws again."""
ERROR_MAX: Final = 500
TRIM_MAX: Final = 1000
TRIM_SECONDS: Final = 3600.0

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to deliver; `attempts` were made before this one, and may have arrived though nobody knows."""

    id: int
    receiver: str
    source: str
    pos: int
    stream: UUID
    attempts: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try came to. `final`: not to be tried again; `gone`: nobody is there any more."""

    arrived: bool
    status: int | None = None
    error: str | None = None
    final: bool = False
    gone: bool = False


class Receiver(Protocol):
    """Whoever gets something. `pauses`: seconds before each try after the first. Behind the last one: parked, or (`patient`) tried on."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def pauses(self) -> Sequence[float]:
        """Seconds before each try after the first."""
        ...

    @property
    def patient(self) -> bool:
        """Whether it is tried for ever."""
        ...

    async def fill(self) -> None:
        """Write down what is new."""
        ...

    async def deliver(self, delivery: Delivery) -> Tried:
        """Try to deliver."""
        ...

    async def gone(self) -> None:
        """Hear that nobody is there."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The lists of deliveries."""

    runtime: Runtime[IntakeSettings]

    async def fill_from_own(self, receiver: str, wanted: Callable[[Recorded], bool], since: int = 0) -> None:
        """Write down the events of our own log that a receiver wants, from its place on."""
        log = self.runtime.log
        while True:
            pos = await self.place(receiver, log.source, since)
            rows = await log.pool.fetch(LOG_QUERY["read"], pos, AHEAD_MAX)
            if not rows:
                return
            events = [log.codec.decode(log.source, row["pos"], row["body"]) for row in rows]
            async with log.pool.acquire() as connection, connection.transaction():
                await self.write(connection, receiver, [e for e in events if wanted(e)])
                await self.move(connection, receiver, log.source, pos, rows[-1]["pos"])

    async def place(self, receiver: str, source: str, since: int = 0) -> int:
        """Give how far the list is written; a new receiver begins behind `since`."""
        pool = self.runtime.log.pool
        if (pos := await pool.fetchval(QUERY["place"], receiver, source)) is None:
            await pool.execute(QUERY["begin"], receiver, source, since)
            pos = await pool.fetchval(QUERY["place"], receiver, source)
        return int(pos)

    async def write(self, connection: Connection, receiver: str, items: Sequence[Any], state: str = "waiting") -> None:
        """Write deliveries down in order; each item has `source`, `pos` and `stream`."""
        columns = [list(column) for column in zip(*((one.source, one.pos, one.stream) for one in items), strict=True)] or [[], [], []]
        await connection.execute(QUERY["list"], receiver, *columns, state)

    async def move(self, connection: Connection, receiver: str, source: str, here: int, there: int) -> None:
        """Move the place on.

        Raises:
            asyncpg.InterfaceError: if another process has moved it: what was written with it is undone.
        """
        if await connection.execute(QUERY["move"], receiver, source, here, there) != "UPDATE 1":
            raise asyncpg.InterfaceError("another process writes this list")

    async def try_due(self, receiver: Receiver) -> int:
        """Try what is due, each stream's first; give how many were tried."""
        rows = await self.runtime.log.pool.fetch(QUERY["due"], receiver.name, AT_ONCE_MAX)
        await asyncio.gather(*(self._try(receiver, Delivery(**row)) for row in rows))
        return len(rows)

    async def _try(self, receiver: Receiver, delivery: Delivery) -> None:
        pool = self.runtime.log.pool
        if await pool.execute(QUERY["try"], delivery.id) != "UPDATE 1":
            return
        try:
            tried = await receiver.deliver(delivery)
        except UNAVAILABLE:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in one delivery must not hold up the other dossiers
            end_if_cancelled()
            LOGGER.error("delivery %d to %s: %s", delivery.id, receiver.name, type(error).__name__)  # noqa: TRY400 - it may hold personal data
            tried = Tried(arrived=False, error=type(error).__name__)
        error = (tried.error or "")[:ERROR_MAX] or None
        if tried.arrived:
            await pool.execute(QUERY["done"], delivery.id, tried.status, error)
        elif tried.final or tried.gone or (not receiver.patient and delivery.attempts >= len(receiver.pauses)):
            await pool.execute(QUERY["park"], delivery.id, tried.status, error)
            if tried.gone:
                await receiver.gone()
        else:
            pause = receiver.pauses[min(delivery.attempts, len(receiver.pauses) - 1)]
            later = pause * DICE.uniform(1, 1 + JITTER)
            await pool.execute(QUERY["later"], delivery.id, tried.status, error, later)


async def keep_trimming(outgoing: Outgoing) -> None:
    """Throw away, every hour, what was delivered to webhooks long ago; never ends."""
    pool, seconds = outgoing.runtime.log.pool, outgoing.runtime.settings.deliveries_days * 86400
    while True:
        if await pool.execute(QUERY["trim"], seconds, TRIM_MAX) != f"DELETE {TRIM_MAX}":
            await asyncio.sleep(TRIM_SECONDS)


async def go_out(outgoing: Outgoing, receivers: Callable[[], Awaitable[Sequence[Receiver]]]) -> None:
    """Fill and deliver for as long as this process leads; never ends."""
    log = outgoing.runtime.log
    connection = await asyncpg.connect(log.dsn, timeout=5, command_timeout=5, server_settings=LEASE)
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110 - the lock is another process's
            await asyncio.sleep(LEADER_SECONDS)
        work = asyncio.create_task(_deliver(outgoing, receivers))
        try:
            while not work.done():
                await asyncio.wait([work], timeout=LEADER_SECONDS)
                await connection.fetchval("SELECT 1")
            work.result()
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
    finally:
        connection.terminate()


async def _deliver(outgoing: Outgoing, receivers: Callable[[], Awaitable[Sequence[Receiver]]]) -> None:
    committed, lanes = outgoing.runtime.log.listen(), dict[str, asyncio.Task[None]]()
    try:
        while True:
            await asyncio.sleep(GATHER_SECONDS)
            committed.clear()
            for receiver in await receivers():
                # Each receiver has a lane of its own: one that is slow holds up nobody else.
                if (lane := lanes.get(receiver.name)) is None or lane.done():
                    if lane is not None and not lane.cancelled() and (error := lane.exception()) is not None:
                        LOGGER.warning("%s: %s", receiver.name, type(error).__name__)
                    lanes[receiver.name] = asyncio.create_task(_serve(outgoing, receiver), name=receiver.name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS if not any(not lane.done() for lane in lanes.values()) else POLL_SECONDS / 10):
                    await committed.wait()
    finally:
        for lane in lanes.values():
            lane.cancel()
        await asyncio.gather(*lanes.values(), return_exceptions=True)


async def _serve(outgoing: Outgoing, receiver: Receiver) -> None:
    """Fill, and try a good many of those that are due; then the receiver is looked at anew, its keys among other things."""
    await receiver.fill()
    for _ in range(ROUNDS_MAX):
        if not await outgoing.try_due(receiver):
            break
