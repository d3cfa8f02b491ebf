"""Step 6 of 8, consume: apply a batch and move the checkpoint, in one transaction or not at all.

What follows from that one rule: a batch read twice is applied once; a crash between two steps leaves nothing; a second
consumer of the same name finds the checkpoint moved and stops (it is fenced).

A fact that nobody can apply is parked with the later facts of its stream; the other streams go on.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import Any, ClassVar, Final
from uuid import UUID

from kernel.eventlog.endless import end_if_cancelled
from kernel.eventlog.errors import UNAVAILABLE, Busy, Conflict, Doubt, Fenced
from kernel.eventlog.event import Codec, Fact, Recorded, Unreadable, stream_of
from kernel.eventlog.metrics import CHECKPOINT, FENCED
from kernel.eventlog.sql import QUERY, Connection, Pool
from kernel.eventlog.subscriber import Carried
from kernel.eventlog.trace import span

CAUSE_SECONDS: Final = 5.0
ERROR_MAX: Final = 2000
AT_ONCE_MAX: Final = 1000
"""Events per commit at most."""
PACE: Final = 100
"""Events that are read between two looks at what else there is to do: a millisecond."""

MOVE_PARAMETERS: Final = 7
"""Those of the statement that moves a checkpoint; those of an effect follow."""

LOGGER: Final = logging.getLogger(__name__)
RETRIED: Final = (*UNAVAILABLE, Busy, Conflict, Doubt)
"""Errors that another try may not meet; every other is the fact's own fault, or its handler's."""


class Consumer(ABC):
    """Something that reads logs and keeps its place: a read model or a reactor.

    Args:
        name: the checkpoint's name; one process at a time moves it.
        sources: the services whose logs it reads.
        pool: the service's own database.
        codec: how bodies become facts.
        facts: the types of facts that it has a use for; None = all. The others pass by unread.

    Attributes:
        positions: how far it has read each log; known after `begin`.
        turn: whoever holds it is the only one of this process who writes.
    """

    durable: ClassVar[bool] = True
    """Whether a commit waits for the disk."""

    def __init__(self, name: str, sources: Sequence[str], pool: Pool, codec: Codec, facts: Collection[type[Fact]] | None = None) -> None:
        """Keep what it works with."""
        self.name = name
        self.sources = tuple(sources)
        self.pool = pool
        self.codec = codec
        self._passed_by = frozenset[str]() if facts is None else codec.all_but(facts)
        self.positions: dict[str, int] = {}
        self._parked: set[UUID] = set()
        self.turn = asyncio.Lock()
        self._moved = asyncio.Condition()

    @abstractmethod
    async def write(self, connection: Connection, source: str, events: Sequence[Recorded]) -> None:
        """Write the effect of some events within the caller's transaction."""

    async def write_late(self, connection: Connection, source: str, events: Sequence[Recorded]) -> None:
        """Write the effect of facts that were parked, while later ones of other streams have gone by."""
        await self.write(connection, source, events)

    async def begin(self, source: str) -> int:
        """Give the position to read `source` from, and forget everything remembered about it."""
        # In turn with the other sources, one of which may be parking something at this moment.
        async with self.turn, self.pool.acquire() as connection:
            await connection.execute(QUERY["begin_checkpoint"], self.name, source)
            pos = await connection.fetchval(QUERY["checkpoint"], self.name, source)
            self._parked = {row["stream"] for row in await connection.fetch(QUERY["parked_streams"], self.name)}
            await self._stand_at(source, pos)
            for other in self.positions.keys() - {source}:
                # A database that crashed may have lost the last of what was not durable, of every log that is read here.
                if (there := await connection.fetchval(QUERY["checkpoint"], self.name, other)) < self.positions[other]:
                    await self._stand_at(other, there)
        return pos

    async def apply(self, carried: Carried) -> None:
        """Apply a contiguous batch.

        Raises:
            Fenced: if another consumer of the same name has moved the checkpoint.
            Doubt: if the batch does not follow the checkpoint, or its causes do not arrive.
        """
        ready, rest = await self._ready(carried.source, carried.events)
        while rest:
            # What comes next is read while the database writes.
            writing = asyncio.create_task(self._apply_in_turn(carried.source, ready))
            try:
                ready, rest = await self._ready(carried.source, rest)
            except asyncio.CancelledError:
                writing.cancel()
                raise
            finally:
                await writing
        await self._apply_in_turn(carried.source, ready)

    async def _apply_in_turn(self, source: str, ready: Sequence[Read]) -> None:
        traceparents = (event.traceparent for _, _, event in ready if isinstance(event, Recorded))
        with span(f"apply {self.name}", traceparents, source=source, events=len(ready)):
            async with self.turn:
                await self._apply(source, ready)

    async def _ready(self, source: str, events: Sequence[tuple[int, bytes]]) -> tuple[list[Read], Sequence[tuple[int, bytes]]]:
        """Read some events. Cut before the first whose cause, in another log that is read here, is not applied yet.

        So nothing is ever shown before what led to it. Causes are acyclic in time: waiting for one cannot deadlock.
        """
        ready: list[Read] = []
        for n, (pos, body) in enumerate(events):
            if n == AT_ONCE_MAX:
                return ready, events[n:]
            if n % PACE == 0:
                await asyncio.sleep(0)
            try:
                event = self.codec.decode(source, pos, body, self._passed_by)
            except Unreadable as error:
                ready.append((pos, body, error))
                continue
            if (cause := self._missing(source, event)) is not None:
                if ready:
                    return ready, events[n:]
                await self._wait_for(*cause)
            ready.append((pos, body, event))
        return ready, ()

    def _missing(self, source: str, event: Recorded) -> tuple[str, int] | None:
        if event.cause is None:
            return None
        of, _, pos = event.cause.partition("/")
        return (of, int(pos)) if of != source and of in self.sources and self.positions.get(of, 0) < int(pos) else None

    async def _wait_for(self, source: str, pos: int) -> None:
        async with self._moved:
            try:
                async with asyncio.timeout(CAUSE_SECONDS):
                    await self._moved.wait_for(lambda: self.positions.get(source, 0) >= pos)
            except TimeoutError as error:
                message = f"{self.name} waits for {source}/{pos}"
                raise Doubt(message) from error

    async def _apply(self, source: str, batch: Sequence[Read]) -> None:
        """Apply run by run; on an error that is not passing, apply each half, and park the one that cannot be applied."""
        while batch:
            waits = self._must_wait(batch[0])
            run = list(takewhile(self._must_wait if waits else self._may_go, batch))
            batch = batch[len(run) :]
            if waits:
                for read in run:
                    await self._park(source, read, read[2] if isinstance(read[2], Unreadable) else Waiting())
                continue
            try:
                await self._commit(source, run)
            except RETRIED:
                raise
            except Exception as error:  # noqa: BLE001 - a bug in a handler must not stop the other streams
                end_if_cancelled()
                if len(run) == 1:
                    await self._park(source, run[0], error)
                    continue
                await self._apply(source, run[: len(run) // 2])
                await self._apply(source, run[len(run) // 2 :])

    def _must_wait(self, read: Read) -> bool:
        """Whether a fact is to be parked without trying: it cannot be read, or an earlier one of its stream is parked."""
        event = read[2]
        return isinstance(event, Unreadable) or event.stream in self._parked

    def _may_go(self, read: Read) -> bool:
        return not self._must_wait(read)

    async def _commit(self, source: str, batch: Sequence[Read]) -> None:
        events = [event for _, _, event in batch if isinstance(event, Recorded) and event.fact is not None]
        if not events:
            # Nothing follows from them: one statement moves on, and to read them again after a power cut does no harm.
            await self._move(self.pool, source, batch, durable=False)
            await self._stand_at(source, batch[-1][0])
            return
        async with self.pool.acquire() as connection:
            await self._move_and_write(connection, source, batch, events)
        await self._stand_at(source, batch[-1][0])
        self.committed()

    async def _move_and_write(self, connection: Connection, source: str, batch: Sequence[Read], events: Sequence[Recorded]) -> None:
        """Move the checkpoint and write the effect of the batch's events, both or neither."""
        async with connection.transaction():
            await self._move(connection, source, batch, durable=self.durable)
            await self.write(connection, source, events)

    def committed(self) -> None:  # noqa: B027 - doing nothing is a good answer
        """Do what is to follow a commit; nothing, unless a subclass says so."""

    async def _move(
        self,
        connection: Connection | Pool,
        source: str,
        batch: Sequence[Read],
        effect: str = "",
        values: Sequence[Any] = (),
        *,
        durable: bool,
    ) -> None:
        """Move the checkpoint; an `effect`, a statement that does nothing unless that has `moved`, happens in the same round trip."""
        here, there = self.positions[source], batch[-1][0]
        if batch[0][0] != here + 1:
            message = f"{self.name}: {source}/{batch[0][0]} does not follow {here}"
            raise Doubt(message)
        move = QUERY["move_checkpoint"]
        statement = f"WITH moved AS ({move}), effect AS ({effect}) TABLE moved" if effect else move
        known = {other: pos for other, pos in self.positions.items() if other != source}
        own = (self.name, source, here, there, durable, list(known), list(known.values()))
        if not await connection.fetch(statement, *own, *values):
            FENCED.labels(self.name).inc()
            message = f"{self.name}: somebody else moved the checkpoint of {source}, or the database forgot what it had not flushed"
            raise Fenced(message)

    async def _park(self, source: str, read: Read, error: Exception) -> None:
        """Keep the fact with its error and go on; the later facts of its stream will follow it here."""
        pos, body, _ = read
        stream = stream_or_none(body)
        why = f"{type(error).__name__}: {error}"[:ERROR_MAX]
        async with self.pool.acquire() as connection, connection.transaction():
            await self._move(connection, source, [read], durable=True)
            if isinstance(error, Waiting) and not await connection.fetchval(QUERY["is_parked"], self.name, stream):
                message = f"{self.name}: what {source}/{pos} waits for was unparked meanwhile"
                raise Doubt(message)
            await connection.execute(QUERY["park"], self.name, source, pos, stream, body, why)
        self._parked.add(stream)
        LOGGER.error("%s parked %s/%d: %s", self.name, source, pos, type(error).__name__)
        await self._stand_at(source, pos)

    async def unpark(self, stream: UUID) -> int:
        """Apply the parked facts of a stream, in order, after the handler has been mended; give how many.

        Raises:
            Exception: what the handler raised, with everything left parked.
        """
        count = 0
        async with self.turn, self.pool.acquire() as connection, connection.transaction():
            for source in self.sources:
                await connection.fetchval(QUERY["lock_checkpoint"], self.name, source)
                rows = await connection.fetch(QUERY["parked_of_stream"], self.name, stream, source)
                if rows:
                    late = [self.codec.decode(source, row["pos"], row["body"], self._passed_by) for row in rows]
                    await self.write_late(connection, source, [event for event in late if event.fact is not None])
                    await connection.execute(QUERY["unpark"], self.name, stream, source)
                    count += len(rows)
        self._parked.discard(stream)
        return count

    async def _stand_at(self, source: str, pos: int) -> None:
        async with self._moved:
            self.positions[source] = pos
            self._moved.notify_all()
        CHECKPOINT.labels(self.name, source).set(pos)


Read = tuple[int, bytes, Recorded | Unreadable]
"""Position, bytes, and the event, or why the bytes are none."""


class Waiting(Exception):  # noqa: N818 - the reason a fact is parked for
    """An earlier fact of the same stream is parked."""

    def __str__(self) -> str:
        return "an earlier fact of this stream is parked"


def stream_or_none(body: bytes) -> UUID:
    """Give the stream of a body, or the nil UUID for bytes that are no event at all."""
    try:
        return stream_of(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return UUID(int=0)
