"""Step 4 of 8, append: one durable commit for many callers.

Callers put their requests into a queue; a writer takes whatever has gathered while its previous commit was under way and
stores it in one statement. An idle log adds no waiting, a busy one shares each flush among hundreds of callers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, cast
from uuid import UUID
from weakref import WeakValueDictionary

import asyncpg

from kernel.eventlog.endless import end_if_cancelled
from kernel.eventlog.errors import UNAVAILABLE, Busy, Conflict
from kernel.eventlog.event import Codec, History, Meta, Row, Slice, event_id, rows_of
from kernel.eventlog.metrics import APPEND_BATCH, APPEND_SECONDS, APPENDED, HEAD
from kernel.eventlog.recent import Recent
from kernel.eventlog.request import Appended, Asked, Beside, Request, Table, Tip, append_arguments, append_statement
from kernel.eventlog.sql import QUERY, Connection, Pool
from kernel.eventlog.trace import span
from kernel.eventlog.waiting import Watch, Where

BATCH_MAX: Final = 512
QUEUE_MAX: Final = 4096
WRITERS: Final = 1
"""More would wait for each other at the head row, and connections that take turns are slower than one: a quarter for a lone caller."""
RECONNECT_SECONDS: Final = 0.2
RECONNECT_TRIES_MAX: Final = 15
CLOSE_SECONDS: Final = 2.0
HALTED: Final = "head_is_halted"
HALTED_SECONDS: Final = 30
PATIENCE: Final[dict[str, Any]] = {"timeout": 5, "command_timeout": 15}
"""Seconds for a connection to be made, and for a statement."""
POOL_MAX: Final = 8
READ_BATCH_MAX: Final = 64
READS_AT_ONCE: Final = 2
READ_TRIES_MAX: Final = 4
READ_RETRY_SECONDS: Final = 0.2
VERSION_KEY: Final = "event_stream_version_key"

PLANNED_ONCE: Final = {"plan_cache_mode": "force_generic_plan"}
"""Left to itself, PostgreSQL plans the append anew each time, for it then knows how long the arrays are: twice the work for one event."""

LOGGER: Final = logging.getLogger(__name__)


@dataclass
class Log:
    """The log of one service: histories out, facts in.

    Args:
        dsn: the running service's own database, as a role that may insert and select.
        source: the service's name; positions are known to others as `<source>/<pos>`.
        codec: how bodies become facts.
        tables: tables that may take rows beside events.
    """

    dsn: str
    source: str
    codec: Codec
    tables: tuple[Table, ...] = ()
    writers: int = WRITERS
    queue_max: int = QUEUE_MAX
    recent: Recent = field(default_factory=Recent, init=False)
    turns: WeakValueDictionary[UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary[UUID, asyncio.Lock], init=False)
    _under_way: dict[UUID, Request] = field(default_factory=dict[UUID, Request], init=False)
    _queue: deque[Request] = field(default_factory=deque[Request], init=False)
    _waiting: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _idle: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]], init=False)
    _busy: int = field(default=0, init=False)
    _closing: bool = field(default=False, init=False)
    _listeners: list[asyncio.Event] = field(default_factory=list[asyncio.Event], init=False)
    _watches: WeakValueDictionary[tuple[str, str], Watch] = field(default_factory=WeakValueDictionary[tuple[str, str], Watch], init=False)
    _asked: deque[Asked] = field(default_factory=deque[Asked], init=False)
    _reads: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False)
    pool: Pool = field(init=False)

    async def open(self) -> Log:
        """Connect and start the writers.

        Raises:
            OSError, asyncpg.PostgresError: if the database cannot be reached.
        """
        self.pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=POOL_MAX, reset=leave_as_it_is, **PATIENCE)
        self._statement = append_statement(self.tables)
        self._tasks = [asyncio.create_task(self._write(), name=f"append-{n}") for n in range(self.writers)]
        return self

    async def close(self) -> None:
        """Store what was taken on, then disconnect."""
        self._closing = True
        while self._queue or self._busy:
            self._idle.clear()
            await self._idle.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.pool.close()
        except TimeoutError:
            # A connection whose query was cancelled a moment ago may never say goodbye; everything accepted is stored by now.
            self.pool.terminate()

    @property
    def alive(self) -> bool:
        """Whether the writers run."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def listen(self) -> asyncio.Event:
        """Give an event that is set after every commit; the relay and the log's own readers wait for it."""
        event = asyncio.Event()
        self._listeners.append(event)
        return event

    def committed(self) -> None:
        """Wake those who listen; also for a commit that went past this object's writers (a reactor's)."""
        for event in self._listeners:
            event.set()

    def watch(self, consumer: str, source: str, where: Where) -> Watch:
        """Give the one that waits for a consumer's place in a log; `where` says it, the same for all who ask."""
        return self._watches.setdefault((consumer, source), Watch(where))

    async def head(self) -> int:
        """Give the last position."""
        return (await self._ask("head"))[0]["pos"]

    async def epoch(self) -> UUID:
        """Give the identity of this history."""
        return (await self._ask("epoch"))[0]["epoch"]

    async def _ask(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Read, and read again where a connection of the pool turns out to be dead."""
        for attempt in range(READ_TRIES_MAX):
            try:
                return await self.pool.fetch(QUERY[query], *arguments)
            except UNAVAILABLE as error:
                if attempt == READ_TRIES_MAX - 1:
                    raise Busy("database-away") from error
                await asyncio.sleep(READ_RETRY_SECONDS)
        raise AssertionError

    async def load(self, stream: UUID) -> History:
        """Read the whole history of a stream. Whoever comes while reads are under way shares the next one, as appends share a commit.

        Raises:
            Busy: if the database is away.
            Unreadable: if a stored event cannot be read.
        """
        asked = Asked(stream, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        if len(self._reads) < READS_AT_ONCE:
            self._reads.add(asyncio.create_task(self._read(), name="load"))
        return history_of(self.source, self.codec, stream, await asked.rows)

    async def _read(self) -> None:
        """Read for those who have asked, until nobody has; a read that is under way takes nobody on, for it may miss what he stored."""
        try:
            while self._asked:
                await self._answer([self._asked.popleft() for _ in range(min(READ_BATCH_MAX, len(self._asked)))])
        finally:
            # Here and not when the task is seen to be done: who asks in between would wait for a reader that is there no more.
            self._reads.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _answer(self, batch: Sequence[Asked]) -> None:
        """Read some histories with one statement and hand them over."""
        try:
            found = await self._ask("load_many", list({asked.stream for asked in batch}))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who asked
            end_if_cancelled()
            for asked in batch:
                asked.fail(error)
            return
        rows = {stream: list(of_stream) for stream, of_stream in groupby(found, key=itemgetter("stream"))}
        for asked in batch:
            asked.answer(rows.get(asked.stream, []))

    async def tip(self, stream: UUID) -> Tip:
        """Say where a stream stands, without its events, counting what is on its way there.

        What is built on that is stored with it or not at all, so nobody has to wait for a commit before he can go on.

        Raises:
            Busy: if the database is away.
        """
        if (before := self._under_way.get(stream)) is not None and before.stored is not False:
            last = before.last_of(stream)
            return Tip(stream, last.version, 0, last.hash, awaits=before)
        found = await self._ask("tip", stream)
        return Tip(stream, *found[0]) if found else Tip(stream)

    async def append(self, slices: Sequence[Slice], meta: Meta, beside: Beside | None = None) -> Appended:
        """Store facts for one or several streams, all or none, and rows beside them.

        Returns when they are durable. The same command again (same event ids at the same versions) is a success.
        Facts on top of others that are still on their way (see `tip`) are stored after those, or in conflict.

        Raises:
            Conflict: if a stream has moved on, or a row beside the events is there already.
            Busy: if the queue is full, the log is halted, or the database is away; asking again is safe, also where the outcome is unknown.
            ValueError: if rows beside do not fit the tables of this log.
        """
        if self._closing or len(self._queue) >= self.queue_max:
            raise Busy("queue-full")
        for table, given in (beside or {}).items():
            # Found here, it is the caller's error alone; later it would spoil the whole batch, or lose the rows in silence.
            if table not in self.tables or any(len(values) != len(table.columns) for values in given):
                message = f"{table.name}: not a table of this log, or not its columns"
                raise ValueError(message)
        recorded_at, rows = datetime.now(UTC), list[Row]()
        for slice_ in slices:
            rows += rows_of(self.source, slice_, meta, recorded_at, first=len(rows))
        tips = [slice_.history for slice_ in slices if isinstance(slice_.history, Tip)]
        follows = [tip.awaits for tip in tips if tip.awaits is not None]
        request = Request(rows, beside or {}, asyncio.get_running_loop().create_future(), follows)
        if request.in_vain:
            raise Conflict(VERSION_KEY)
        self._queue.append(request)
        self._under_way.update(dict.fromkeys(request.streams, request))
        self._waiting.set()
        for tip in tips:
            tip.taken.set()
        appended = await request.done
        for slice_ in slices:
            if slice_.after is not None and request.stored:
                last = request.last_of(slice_.history.stream)
                self.recent.keep(History(last.stream, last.version, appended.pos, last.hash), slice_.after)
        return appended

    def _take(self) -> list[Request]:
        """Take a batch in which two requests touch the same stream only if one builds on the other; else the second would only conflict."""
        batch, streams, later = dict[Request, None](), set[UUID](), list[Request]()
        while self._queue and len(batch) < BATCH_MAX:
            request = self._queue.popleft()
            own = request.streams.difference(*(before.streams for before in request.follows))
            if request.in_vain:
                self._settle(request, Conflict(VERSION_KEY))
            elif streams.isdisjoint(own) and all(before.stored or before in batch for before in request.follows):
                streams |= request.streams
                batch[request] = None
            else:
                later.append(request)
        self._queue.extendleft(reversed(later))
        return list(batch)

    def _settle(self, request: Request, error: Exception | None = None) -> None:
        """Let nobody build on a request any more: it is stored, or `error` is why it is not."""
        if error is not None:
            request.fail(error)
        request.follows.clear()
        for stream in request.streams:
            if self._under_way.get(stream) is request:
                del self._under_way[stream]

    async def _write(self) -> None:
        """Take, store, answer, for as long as the process lives."""
        connection: Connection | None = None
        try:
            while True:
                if not (batch := self._take()):
                    # Nothing is there, or only what builds on a commit of another writer, who will say when it is done.
                    self._idle.set()
                    self._waiting.clear()
                    await self._waiting.wait()
                    continue
                self._busy += 1
                try:
                    connection = await self._store(connection, batch)
                except Exception as error:
                    end_if_cancelled()
                    LOGGER.exception("append failed")
                    for request in batch:
                        request.fail(error)
                finally:
                    self._busy -= 1
                    for request in batch:
                        self._settle(request)
                    self._waiting.set()
                    self._idle.set()
        finally:
            if connection is not None:
                with contextlib.suppress(Exception):
                    await connection.close(timeout=CLOSE_SECONDS)

    async def _store(self, connection: Connection | None, batch: list[Request]) -> Connection | None:
        """Store a batch; what the loss of the connection left unknown is looked up and tried again."""
        for _ in range(RECONNECT_TRIES_MAX):
            try:
                if connection is None or connection.is_closed():
                    connection = await asyncpg.connect(self.dsn, server_settings=PLANNED_ONCE, **PATIENCE)
                # Of a batch that was broken off half-way some may have got their answer, which must stay true.
                await self._commit(connection, [request for request in batch if request.stored is None])
            except UNAVAILABLE:
                end_if_cancelled()
                # The commit may have happened. The next try finds our own event ids and takes that for success.
                LOGGER.warning("the database is away", exc_info=True)
                if connection is not None:
                    with contextlib.suppress(Exception):
                        connection.terminate()
                connection = None
                await asyncio.sleep(RECONNECT_SECONDS)
                continue
            self.committed()
            return connection
        for request in batch:
            request.fail(Busy("database-away"))
        return connection

    async def _commit(self, connection: Connection, batch: list[Request]) -> None:
        """One statement for all; if one request spoils it, each alone, so that only the guilty is told."""
        try:
            await self._execute(connection, batch)
        except UNAVAILABLE:
            raise
        except asyncpg.PostgresError as error:
            if isinstance(error, asyncpg.CheckViolationError) and error.constraint_name == HALTED:
                # A relay has found this log to be an older copy of itself, or another one: what it took on now would be lost.
                for request in batch:
                    request.fail(Busy("halted", HALTED_SECONDS))
            elif len(batch) > 1:
                for request in batch:
                    if request.in_vain:
                        request.fail(Conflict(VERSION_KEY))
                    else:
                        await self._commit(connection, [request])
            elif not isinstance(error, asyncpg.UniqueViolationError):
                batch[0].fail(error)
            elif (ours := await self._ours(connection, batch[0])) is not None:
                batch[0].succeed(ours[0], as_written=ours[1])
            else:
                batch[0].fail(Conflict(error.constraint_name or ""))

    async def _execute(self, connection: Connection, batch: list[Request]) -> None:
        rows = [row for request in batch for row in request.rows]
        arguments = append_arguments(rows, self.tables, (request.beside for request in batch))
        with span("append", events=len(rows), requests=len(batch)), APPEND_SECONDS.time():
            pos: int = await connection.fetchval(self._statement, *arguments)
        APPEND_BATCH.observe(len(batch))
        APPENDED.inc(len(rows))
        for request in batch:
            pos += len(request.rows)
            request.succeed(pos)
        HEAD.set(pos)

    async def _ours(self, connection: Connection, request: Request) -> tuple[int, bool] | None:
        """Give where an earlier try of the same command stored the request's last event and all beside it, and whether in these very bytes.

        The same command decided a second time may have taken another number of a book: that is not what is stored.
        """
        pos, as_written = 0, True
        for last in [request.last_of(stream) for stream in request.streams - {request.rows[-1].stream}] + request.rows[-1:]:
            found = await connection.fetchrow(QUERY["stored"], last.stream, last.version)
            if found is None or event_id(found["body"]) != last.id:
                return None
            pos, as_written = found["pos"], as_written and found["body"] == last.body
        return pos, as_written


async def leave_as_it_is(_: Connection) -> None:
    """Give a connection back without a round trip: nothing here sets, locks or listens on a pooled one.

    A transaction left open is rolled back all the same.
    """


def history_of(source: str, codec: Codec, stream: UUID, found: Sequence[asyncpg.Record]) -> History:
    """Turn stored rows (pos, version, body, hash in order of version) into a history."""
    if not found:
        return History(stream)
    last = found[-1]
    events = tuple(codec.decode(source, row["pos"], row["body"]) for row in found)
    return History(stream, last["version"], last["pos"], last["hash"], events)
