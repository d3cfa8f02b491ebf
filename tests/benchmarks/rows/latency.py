"""From commit to visible: how long after its append returned a fact of intake shows in the read tables of reporting.

In between are the relay, the broker, reporting's reader and the transaction that writes its read model. Log and relay run in the
benchmark's process, as they do in intake's; reporting is a process of its own; both databases and the broker are durable. Facts
are appended one by one at a steady pace, whatever has arrived. The read model's checkpoint moves in the transaction that writes its
rows, so a fact is visible when the checkpoint has passed it; it is looked at every millisecond, which is part of every figure.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import asyncpg

from deploy.local.issuer import AUDIENCE, ISSUER, Issuer
from kernel.eventlog import Log, Worker
from kernel.eventlog.sql import Connection
from services.intake.main import SERVICE as INTAKE
from services.reporting.main import SERVICE as REPORTING
from services.reporting.projections import MIRROR
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import AtMost, Measure, Size
from tests.benchmarks.payload import CODEC, first_fact, meta
from tests.benchmarks.rows.http import served
from tests.benchmarks.users import percentile

NAME: Final = "latency"
RATES: Final = (100, 1000, 5000)
JUDGED: Final = 1000
P50_MS_MAX: Final = 3.0
P99_MS_MAX: Final = 20.0
TICK_SECONDS: Final = 0.002
LOOK_SECONDS: Final = 0.001
WARM_SECONDS: Final = 1.0
ARRIVED_SECONDS: Final = 60.0
SHOWN: Final = "SELECT pos FROM log.checkpoint WHERE consumer = $1 AND source = 'intake'"


@dataclass
class Watched:
    """The facts on their way: when each was durable, and how long it took to show."""

    durable_at: dict[int, float] = field(default_factory=dict[int, float])
    took_ms: list[float] = field(default_factory=list[float])
    shown: int = 0

    async def append(self, log: Log) -> None:
        """Append one fact."""
        appended = await log.append([first_fact(uuid4())], meta())
        self.durable_at[appended.pos] = time.perf_counter()

    async def look(self, connection: Connection) -> None:
        """See again and again how far the read model has got."""
        while True:
            pos = await connection.fetchval(SHOWN, MIRROR.consumer) or 0
            now = time.perf_counter()
            for shown in range(self.shown + 1, pos + 1):
                # A fact may show before its own append has returned: then nobody has waited for it.
                self.took_ms.append((now - self.durable_at.pop(shown, now)) * 1000)
            self.shown = max(self.shown, pos)
            await asyncio.sleep(LOOK_SECONDS)


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Append at each pace for some seconds, several times."""
    took: dict[int, list[list[float]]] = {rate: [] for rate in RATES}
    issuer = Issuer(machine.folder / "issuer")
    issuer.prepare()
    database = await machine.database("reporting", REPORTING.migrations)
    told = {
        "REPORTING_DATABASE_URL": database.runtime_dsn,
        "REPORTING_NATS_URL": machine.nats.url,
        "REPORTING_HOST": "127.0.0.1",
        "REPORTING_ISSUER": ISSUER,
        "REPORTING_AUDIENCE": AUDIENCE,
        "REPORTING_JWKS_FILE": str(issuer.jwks),
        "REPORTING_CURSOR_SECRET": "of the benchmark",
    }
    log = await Log((await machine.database("intake", INTAKE.migrations)).runtime_dsn, "intake", CODEC).open()
    worker = asyncio.create_task(Worker(log, machine.nats.url).run())
    looking = await asyncpg.connect(database.runtime_dsn)
    watched = Watched()
    try:
        async with served(machine, "services.reporting", "worker", told, "REPORTING_PORT"):
            watcher = asyncio.create_task(watched.look(looking))
            for _ in range(size.rounds):
                for rate in RATES:
                    await paced(log, watched, rate, WARM_SECONDS)
                    watched.took_ms.clear()
                    await paced(log, watched, rate, size.of(10, 3))
                    took[rate].append(list(watched.took_ms))
                    p50, p99 = percentile(watched.took_ms, 0.5), percentile(watched.took_ms, 0.99)
                    print(f"  {rate} events/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await looking.close()
        await log.close()
    return [measure(rate, share, took[rate]) for rate in RATES for share in (0.5, 0.99)]


async def paced(log: Log, watched: Watched, rate: int, seconds: float) -> None:
    """Append `rate` facts a second, each when its time has come, and return when all are shown."""
    since, sent, tasks = time.perf_counter(), 0, set[asyncio.Task[None]]()
    while (passed := time.perf_counter() - since) < seconds:
        while sent < passed * rate:
            task = asyncio.create_task(watched.append(log))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        await asyncio.sleep(TICK_SECONDS)
    await asyncio.gather(*tasks)
    head = await log.head()
    async with asyncio.timeout(ARRIVED_SECONDS):
        while watched.shown < head:  # noqa: ASYNC110 - it is another process that moves
            await asyncio.sleep(TICK_SECONDS)


def measure(rate: int, share: float, took: list[list[float]]) -> Measure:
    """Make the row of one pace and percentile."""
    targets = (AtMost(P50_MS_MAX if share == 0.5 else P99_MS_MAX),) if rate == JUDGED else ()
    ours = [percentile(values, share) for values in took]
    return Measure(NAME, f"{rate:,} events/s, p{share * 100:.0f}", "ms", "less", ours, {}, targets, gated=False)
