"""One event made durable: many callers, each of whom waits for its own event before it brings the next.

Ours writes the CloudEvent, chains its hash and guards the dossier's version (`Log.append`). The peers get the
finished bytes, and a table with the same unique (stream, version), but neither hash nor dense positions.

* asyncpg: a prepared `INSERT … RETURNING pos`, each in its own transaction, one connection per caller, at most 32: more are slower here.
* pgbench: the same INSERT by PostgreSQL's own client in C, `-M prepared`, one client per caller, at most 32.
* eventsourcing: inserting by its PostgreSQL recorder, the layer below its applications, in its safe mode (the default, which locks
  the table so that no reader can miss an event), in one thread: with more it is slower.

The bound: positions are handed out by one row, which stays locked until its commit is on the disk, so that nobody sees an event that may
still be lost. So one commit follows the other, and each carries what came meanwhile. With few callers and a fast disk
that is the time of a flush and of a statement, shared by few; with many it is what PostgreSQL needs for an event with two indexes, about
10 µs, and Python for a CloudEvent, its hash and its caller, about 15 µs. To lift it: let the row go before the flush and answer after it,
with a relay that reads only what is flushed; or several logs.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from deploy.local.postgres import installed_binaries
from kernel.eventlog import Log
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Measure, Size, Target, interleaved
from tests.benchmarks.payload import CODEC, first_fact, meta, written
from tests.servers import Database

NAME: Final = "append"
CONNECTIONS_MAX: Final = 32
SECONDS: Final = 2
PEER_TABLE: Final = """
    CREATE TABLE event (pos bigserial PRIMARY KEY, stream uuid NOT NULL, version int NOT NULL, subject text NOT NULL, body bytea NOT NULL,
                        UNIQUE (stream, version))"""
INSERT: Final = "INSERT INTO event (stream, version, subject, body) VALUES ($1, 1, $2, $3) RETURNING pos"
TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


@dataclass
class Peers:
    """The peers' ways of storing one event, on a database of their own."""

    database: Database
    folder: Path
    seconds: int
    recorder: PostgresApplicationRecorder

    async def asyncpg(self, callers: int) -> float:
        """Insert by asyncpg for a while; give events a second."""
        async with AsyncExitStack() as stack:
            connections = [await asyncpg.connect(self.database.owner_dsn) for _ in range(min(callers, CONNECTIONS_MAX))]
            for connection in connections:
                stack.push_async_callback(connection.close)
            insert = [await connection.prepare(INSERT) for connection in connections]
            [row] = written(1)

            async def store(caller: int) -> None:
                await insert[caller].fetchval(uuid4(), row.subject, row.body)

            return await rate(len(connections), self.seconds, store)

    async def pgbench(self, callers: int) -> float:
        """Insert by pgbench for a while; give what it calls tps."""
        [row] = written(1)
        script, dsn = self.folder / "insert.sql", urlsplit(self.database.owner_dsn)
        script.write_text(
            f"INSERT INTO event (stream, version, subject, body) VALUES (gen_random_uuid(), 1, '{row.subject}', '\\x{row.body.hex()}')"
        )
        clients = min(callers, CONNECTIONS_MAX)
        command = [
            installed_binaries() / "pgbench",
            "-n",
            "-M",
            "prepared",
            "-c",
            clients,
            "-j",
            min(clients, 2),
            "-T",
            self.seconds,
            "-f",
            script,
        ]
        command += ["-h", dsn.hostname, "-p", dsn.port, "-U", dsn.username, dsn.path[1:]]
        process = await asyncio.create_subprocess_exec(
            *map(str, command), env={"PGPASSWORD": dsn.password or ""}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said = (await process.communicate())[0].decode()
        if (found := TPS.search(said)) is None:
            raise RuntimeError(said)
        return float(found[1])

    async def eventsourcing(self) -> float:
        """Insert by eventsourcing for a while, in one thread; give events a second."""
        [row] = written(1)

        def store() -> float:
            count, since = 0, time.perf_counter()
            while (took := time.perf_counter() - since) < self.seconds:
                self.recorder.insert_events([StoredEvent(uuid4(), 1, row.subject, row.body)])
                count += 1
            return count / took

        return await asyncio.to_thread(store)


async def rate(callers: int, seconds: float, store: Callable[[int], Awaitable[object]]) -> float:
    """Let every caller store one event after the other for a while; give events a second."""
    since = time.perf_counter()
    counts = [0] * callers

    async def call(caller: int) -> None:
        while time.perf_counter() - since < seconds:
            await store(caller)
            counts[caller] += 1

    await asyncio.gather(*(call(n) for n in range(callers)))
    return sum(counts) / (time.perf_counter() - since)


async def ours(log: Log, callers: int, seconds: float) -> float:
    """Append for a while; give events a second."""
    return await rate(callers, seconds, lambda _: log.append([first_fact(uuid4())], meta()))


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Run every number of callers in turn with every peer."""
    database = await machine.database("peer")
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(PEER_TABLE)
    await owner.execute("CREATE SCHEMA es")
    await owner.close()
    dsn = urlsplit(database.owner_dsn)
    datastore = PostgresDatastore(dsn.path[1:], dsn.hostname or "", dsn.port or 0, dsn.username or "", dsn.password or "", schema="es")
    try:
        recorder = PostgresApplicationRecorder(datastore)
        await asyncio.to_thread(recorder.create_table)
        peers = Peers(database, machine.folder, SECONDS, recorder)
        async with machine.log("intake", CODEC) as log:
            return [await measure(log, peers, size, callers) for callers in (1, 16, 64, 256) if callers < 256 or not size.quick]
    finally:
        datastore.close()


async def measure(log: Log, peers: Peers, size: Size, callers: int) -> Measure:
    """Measure one number of callers. A quick run asks only the peers of which something is wanted."""
    clients = min(callers, CONNECTIONS_MAX)
    named = {
        f"asyncpg INSERT, {clients} connections": lambda: peers.asyncpg(callers),
        f"pgbench, {clients} clients": lambda: peers.pgbench(callers),
        "eventsourcing": peers.eventsourcing,
    }
    asyncpg_, pgbench, eventsourcing = named
    targets = {
        1: [Target(asyncpg_, 0.6)],
        16: [Target(pgbench, 3)],
        64: [Target(pgbench, 4), Target(eventsourcing, 40)],
        256: list[Target](),
    }[callers]
    if size.quick:
        named = {name: work for name, work in named.items() if name in {target.peer for target in targets}}
    mine, theirs = await interleaved(size.rounds, lambda: ours(log, callers, peers.seconds), named)
    unit = "events/s"
    return Measure(NAME, f"{callers} caller{'s' * (callers > 1)}", unit, "more", mine, theirs, targets)
