"""What the log's tests stand on: fresh databases, logs, relays that run for as long as a test looks at them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from kernel.eventlog import Busy, Codec, Log, Table, Worker
from kernel.eventlog.migrate import migrate
from kernel.eventlog.relay import Relay, stream_name
from kernel.eventlog.sql import Connection
from kernel.eventlog.subscriber import Carried
from kernel.eventlog.worker import CONNECTION
from tests.kernel.eventlog.bank import CODEC
from tests.servers import Database, NatsServer, PostgresServer

MIGRATIONS: Final = Path(__file__).parents[3] / "kernel" / "eventlog" / "migrations"
WITHIN_SECONDS: Final = 45.0

Result = TypeVar("Result")


async def eventually(ask: Callable[[], Awaitable[Result]], is_good: Callable[[Result], bool] = bool) -> Result:
    """Ask again and again until the answer is good.

    Raises:
        AssertionError: if it is not within the deadline.
    """
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        answer = await ask()
        if is_good(answer):
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {WITHIN_SECONDS} s"
        await asyncio.sleep(0.01)


async def patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """Ask again while the log is busy, as a client of ours would."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            return await work()
        except Busy:
            assert time.monotonic() < deadline


@asynccontextmanager
async def running(*works: Awaitable[Any]) -> AsyncGenerator[list[asyncio.Future[Any]]]:
    """Let something run beside the test, and stop it at the end whatever happens."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[Connection]:
    """Open one connection to a database."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@dataclass
class Rig:
    """One test's databases, logs and broker connection."""

    postgres: PostgresServer
    nats: NatsServer
    templates: dict[str, str]
    client: Client | None = None
    logs: list[Log] = field(default_factory=list[Log])

    async def database(self, service: str = "bank") -> Database:
        """Give a fresh, migrated database."""
        if service not in self.templates:
            template = self.postgres.create_database(service)
            await migrate(template.owner_dsn, service, MIGRATIONS)
            self.templates[service] = template.name
        return self.postgres.create_database(service, self.templates[service])

    async def log(self, source: str = "bank", *, codec: Codec = CODEC, tables: tuple[Table, ...] = ()) -> Log:
        """Open the log of a service on a fresh database."""
        return await self.open((await self.database(source)).runtime_dsn, source, codec=codec, tables=tables)

    async def open(
        self, dsn: str, source: str = "bank", *, codec: Codec = CODEC, tables: tuple[Table, ...] = (), queue_max: int = 4096
    ) -> Log:
        """Open the log of a service on a database that is there."""
        log = await Log(dsn, source, codec, tables, queue_max=queue_max).open()
        self.logs.append(log)
        return log

    def owner(self, log: Log) -> str:
        """Give the DSN of the owner of a log's database."""
        return self.postgres.dsn(f"{log.source}_owner", log.dsn.rpartition("/")[2])

    def superuser(self, log: Log) -> str:
        """Give the DSN of somebody whom no privilege stops, for a log's database."""
        return self.postgres.dsn(None, log.dsn.rpartition("/")[2])

    async def broker(self) -> Client:
        """Connect to the broker, without any stream of an earlier test."""
        if self.client is None:
            self.client = await connect(self.nats)
            for stream in await self.client.jetstream().streams_info():
                await self.client.jetstream().delete_stream(stream.config.name or "")
        return self.client

    @asynccontextmanager
    async def relaying(self, log: Log) -> AsyncGenerator[Relay]:
        """Run a relay of a log, on a connection of its own."""
        await self.broker()
        own = await connect(self.nats)
        relay = Relay(log, own)
        try:
            async with running(relay.run()):
                yield relay
        finally:
            await own.close()

    @asynccontextmanager
    async def working(self, worker: Worker) -> AsyncGenerator[Worker]:
        """Run a worker."""
        await self.broker()
        async with running(worker.run()):
            yield worker

    async def last_in_stream(self, source: str = "bank") -> int:
        """Give the last sequence of the stream, 0 where there is none."""
        try:
            return (await (await self.broker()).jetstream().stream_info(stream_name(source))).state.last_seq
        except NotFoundError:
            return 0

    async def mirrored(self, log: Log) -> None:
        """Wait until the stream has as many events as the log."""
        head = await log.head()
        await eventually(lambda: self.last_in_stream(log.source), lambda last: last >= head)

    async def close(self) -> None:
        """Close what was opened."""
        for log in self.logs:
            await log.close()
        if self.client is not None:
            await self.client.close()


async def connect(server: NatsServer) -> Client:
    """Connect to the broker as the programs do: patiently, and with nothing to say when it goes away."""
    return await nats.connect(server.url, error_cb=say_nothing, **CONNECTION)


async def say_nothing(_: Exception) -> None:
    """Take an error of a broker that the test itself has killed."""


async def stored(log: Log) -> list[tuple[int, str, bytes]]:
    """Give position, subject and body of every event of a log."""
    return [
        (row["pos"], row["subject"], row["body"]) for row in await log.pool.fetch("SELECT pos, subject, body FROM log.event ORDER BY pos")
    ]


async def published(client: Client, source: str = "bank") -> list[tuple[int, str, bytes]]:
    """Give sequence, subject and data of every message of a stream, asked for one by one."""
    jetstream, name = client.jetstream(), stream_name(source)
    state = (await jetstream.stream_info(name)).state
    messages = [await jetstream.get_msg(name, sequence, direct=True) for sequence in range(1, state.last_seq + 1)]
    return [(message.seq or 0, message.subject or "", message.data or b"") for message in messages]


async def carried(log: Log, after: int = 0, upto: int | None = None) -> Carried:
    """Give events of a log as a reader gets them."""
    events = [(pos, body) for pos, _, body in await stored(log) if pos > after and (upto is None or pos <= upto)]
    return Carried(log.source, tuple(events))


async def positions_are_dense(log: Log) -> bool:
    """Whether the positions are 1, 2, 3, … up to the head."""
    return [pos for pos, _, _ in await stored(log)] == list(range(1, await log.head() + 1))
