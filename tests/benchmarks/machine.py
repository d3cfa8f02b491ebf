"""Where benchmarks run: durable servers of their own, fresh databases, an empty broker, and what must be told of the machine.

The servers are those of `./motcua up` (deploy/local), with fsync on; the tests' servers have it off.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Final

import nats
from nats.aio.client import Client

from deploy.local.broker import Broker
from deploy.local.postgres import Postgres, installed_binaries, run_sql
from deploy.local.processes import ROOT, free_port
from kernel.eventlog import Codec, Log, Table
from kernel.eventlog.migrate import migrate
from kernel.eventlog.worker import CONNECTION
from tests.servers import PASSWORD, Database, NatsServer, PostgresServer, Program, throw_away_folder

MIGRATIONS: Final = ROOT / "kernel" / "eventlog" / "migrations"
IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
FLUSHES: Final = 200
WAL_SEGMENTS: Final = 16
WARM: Final = f"""
    ALTER SYSTEM SET min_wal_size = '1GB';
    SELECT pg_reload_conf();
    {"SELECT pg_logical_emit_message(true, 'bench', 'x'); SELECT pg_switch_wal();" * WAL_SEGMENTS}
    CHECKPOINT;"""
"""A server that has run for an hour reuses its WAL files; a new one makes each of them first, a twentieth of a second for 16 MB."""


@dataclass
class Machine:
    """Servers that start when a benchmark first asks for them, in a folder on a real disk that is thrown away."""

    folder: Path
    running: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def postgres(self) -> PostgresServer:
        """A durable PostgreSQL, as warm as one that has been in use."""
        server = Postgres(self.folder / "postgres", free_port(), PASSWORD, self.folder / "postgres.log")
        program = self.running.enter_context(Program(server))
        run_sql(server.admin_dsn, WARM)
        return PostgresServer(server.admin_dsn, program)

    @cached_property
    def nats(self) -> NatsServer:
        """A nats-server with file storage, as `./motcua up` has it."""
        port = free_port()
        server = Broker(self.folder / "nats", port, free_port(frozenset({port})), self.folder / "nats.log")
        return NatsServer(server.url(), self.running.enter_context(Program(server)), server.store)

    async def database(self, service: str, migrations: Path = MIGRATIONS) -> Database:
        """Give a fresh, migrated database."""
        database = self.postgres.create_database(service)
        await migrate(database.owner_dsn, service, migrations)
        return database

    @asynccontextmanager
    async def log(self, source: str, codec: Codec, tables: tuple[Table, ...] = ()) -> AsyncGenerator[Log]:
        """Open a log on a fresh database."""
        log = await Log((await self.database(source)).runtime_dsn, source, codec, tables).open()
        try:
            yield log
        finally:
            await log.close()

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        """Connect to the broker."""
        client = await nats.connect(self.nats.url, **CONNECTION)
        try:
            yield client
        finally:
            await client.close()

    async def empty_broker(self) -> None:
        """Delete every stream."""
        async with self.client() as client:
            for stream in await client.jetstream().streams_info():
                await client.jetstream().delete_stream(stream.config.name or "")


@contextmanager
def machine() -> Generator[Machine]:
    """Give a machine whose servers end with the benchmark.

    Raises:
        RuntimeError: if the folder for temporary files is in memory, where nothing is durable.
    """
    with throw_away_folder() as folder:
        if (kind := file_system(folder)) in IN_MEMORY:
            message = f"the folder for temporary files is a {kind}, where nothing is durable: set TMPDIR to a folder on a disk"
            raise RuntimeError(message)
        made = Machine(folder)
        with made.running:
            yield made


def file_system(folder: Path) -> str:
    """Name the kind of file system that a folder is on."""
    return subprocess.run(["stat", "-f", "-c", "%T", folder], check=True, capture_output=True, text=True).stdout.strip()


def description() -> dict[str, str | int | float]:
    """Say what a reader must know of the machine to compare; not whose it is."""
    with throw_away_folder() as folder:
        flush = flush_ms(folder / "flushed")
    return {
        "cores": os.cpu_count() or 0,
        "cpu": cpu_model(),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "postgresql": answer(installed_binaries() / "postgres", "--version").split()[-1],
        "nats-server": answer(Path(sys.executable).with_name("nats-server"), "--version").split()[-1],
        "flush_ms": round(flush, 3),
    }


def cpu_model() -> str:
    """Name the processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def answer(*command: str | Path) -> str:
    """Give what a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def flush_ms(file: Path) -> float:
    """Measure what one durable write costs here: the median of some writes of 8 kB, each with fdatasync."""
    took: list[float] = []
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        for _ in range(FLUSHES):
            since = time.perf_counter()
            os.pwrite(descriptor, bytes(8192), 0)
            os.fdatasync(descriptor)
            took.append((time.perf_counter() - since) * 1000)
    finally:
        os.close(descriptor)
    return median(took)
