"""Lifecycles and reads with 10,000, 100,000 and 1,000,000 dossiers in the logs and read tables, beside the same system when empty.

The dossiers are written in bulk by the real append path (see `fill`); then the real relays, readers and projectors catch up. A
thousand dossiers make a day, so more of them are a longer past, and reading's questions are about its last day. Each read is asked
by 16 callers at once; its figure is answers per second. Figures and registers of an empty system are about nothing, so what has a
day to count is compared with the smallest filling. `rebuild` lets reporting make its read model anew from all streams, beside the
one that is shown, until it is shown itself. Memory is that of each service's process after the load of that size; it must not grow
with the log.

A million dossiers are nine million events and about 25 GB in the folder for temporary files.

Figures and summary of a period are sums of counts that are kept by day and by month (ADR 24), so they grow with the months since the
first dossier and the kinds of dossiers, not with dossiers. The bound of a rebuild: an event costs Python about 25 µs, a third of it
nats-py's, a third JSON and the check of the facts that reporting has a use for; and PostgreSQL's upserts by random ids grow dearer with the
table. To lift it: a process for each log, for what fills is shown to nobody.
Reporting's process grows once, by the batch that it holds while it catches up, and then no more.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from services.processing.domain.case import stream_of
from services.reporting.projections import MIRROR, SOURCES
from tests.benchmarks.department import Department, department
from tests.benchmarks.fill import FIRST_DAY, PER_DAY, fill
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import AtLeast, Measure, Size, Target
from tests.benchmarks.users import generate

NAME: Final = "scale"
SIZES: Final = (10_000, 100_000, 1_000_000)
USERS: Final = 50
READERS: Final = 16
KEPT: Final = 0.9
EVENTS_PER_SECOND: Final = 40_000.0
CAUGHT_UP_SECONDS: Final = 3600.0
EMPTY: Final = "when empty"
REBUILT: Final = f"SELECT coalesce(sum(pos), 0) FROM log.checkpoint WHERE consumer = '{MIRROR.consumer}'"
SHOWN: Final = f"SELECT version FROM log.read_model WHERE name = '{MIRROR.name}'"


@dataclass
class At:
    """What was measured at one size: rates by name, memory by service."""

    rates: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    memory: dict[str, float] = field(default_factory=dict[str, float])


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Measure empty, then fill and measure, size by size."""
    sizes = SIZES[:1] if size.quick else SIZES
    found: dict[int, At] = {}
    async with department(machine.folder / "department") as motcua:
        await motcua.settled()
        found[0] = await measured(motcua, size, 0, [])
        filled, caught_up, some = 0, list[float](), list[UUID]()
        for dossiers in sizes:
            some += await fill(motcua, filled, dossiers)
            before, since = filled, time.monotonic()
            await motcua.settled(CAUGHT_UP_SECONDS)
            caught_up.append((dossiers - before) / (time.monotonic() - since))
            print(f"  {dossiers:,} dossiers: caught up at {caught_up[-1]:,.0f} dossiers/s", flush=True)
            filled = dossiers
            found[dossiers] = await measured(motcua, size, dossiers, some)
        rebuilt = await rebuild(motcua)
    rows = [row for dossiers in sizes for row in compared(dossiers, found, sizes[0])]
    return [
        *rows,
        Measure(NAME, f"rebuild at {sizes[-1]:,}", "events/s", "more", [rebuilt], {}, (AtLeast(EVENTS_PER_SECOND),), gated=False),
    ]


def compared(dossiers: int, found: dict[int, At], smallest: int) -> list[Measure]:
    """Make the rows of one size."""
    at, largest = found[dossiers], max(found)
    rows: list[Measure] = []
    for name, rates in at.rates.items():
        peer, base = (EMPTY, found[0]) if name in found[0].rates else (f"at {smallest:,}", found[smallest])
        if base is at:
            continue
        targets = (Target(peer, KEPT),) if dossiers == largest else ()
        unit = "lifecycles/s" if name == "lifecycle" else "answers/s"
        rows.append(Measure(NAME, f"{name} at {dossiers:,}", unit, "more", rates, {peer: base.rates[name]}, targets, gated=False))
    for service, megabytes in at.memory.items():
        base, targets = found[smallest].memory[service], (Target(f"at {smallest:,}", KEPT),) if dossiers == largest else ()
        case = f"memory of {service} at {dossiers:,}"
        rows.append(Measure(NAME, case, "MB", "less", [megabytes], {f"at {smallest:,}": [base]}, targets, gated=False))
    return rows


async def measured(motcua: Department, size: Size, dossiers: int, some: list[UUID]) -> At:
    """Load the system as it is: lifecycles, then each read."""
    at, seconds = At(), size.of(8, 3)
    for n in range(size.rounds):
        seen = await generate(motcua.job("lifecycle", USERS, 2.0 if n == 0 else 0.5, seconds))
        await motcua.settled()
        at.rates.setdefault("lifecycle", []).append(seen["rate"])
        for name, (service, paths) in (await reads(motcua, dossiers, some)).items():
            job = motcua.job("get", READERS, 0.3, size.of(3, 1)) | {"service": service, "paths": paths}
            seen = await generate(job)
            if seen["failures"]:
                raise RuntimeError(seen["failures"][0])
            at.rates.setdefault(name, []).append(seen["rate"])
    at.memory = motcua.memory_mb()
    shown = ", ".join(f"{name} {max(rates):,.0f}/s" for name, rates in at.rates.items())
    print(f"  {dossiers:,} dossiers: {shown}; " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in at.memory.items()), flush=True)
    return at


async def reads(motcua: Department, dossiers: int, some: list[UUID]) -> dict[str, tuple[str, list[str]]]:
    """Give the questions: a service and addresses for each name. Without dossiers of the filling, those of the load are asked for."""
    ids = some or [row["dossier_id"] for row in await motcua.fetch("intake", "SELECT dossier_id FROM read.dossier LIMIT 50")]
    cases: list[Any] = [stream_of(one) for one in ids]  # pyright: ignore[reportArgumentType] - the driver's own class of UUID
    asked: dict[str, tuple[str, list[str]]] = {
        "dossier by id": ("intake", [f"/v1/dossiers/{id}" for id in ids]),
        "dossiers, newest": ("intake", ["/v1/dossiers"]),
        "dossiers with a result": ("intake", ["/v1/dossiers?state=result-ready"]),
        "case by id": ("processing", [f"/v1/cases/{case}" for case in cases]),
        "case of a dossier": ("processing", [f"/v1/cases?dossier={id}" for id in ids]),
        "cases of a desk": ("processing", ["/v1/cases?state=issued"]),
    }
    if dossiers:
        day = (FIRST_DAY + timedelta(days=dossiers // PER_DAY - 1)).isoformat()
        period = f"from={day}&to={day}"
        asked |= {
            "figures of a day": ("reporting", [f"/v1/figures?{period}"]),
            "register of a day": ("reporting", [f"/v1/register?{period}"]),
            "summary of a day": ("reporting", [f"/v1/summary?{period}"]),
            "page": ("reporting", ["/", "/?lang=en"]),
        }
    return asked


async def rebuild(motcua: Department) -> float:
    """Call the version of reporting's read model that is shown an older one: the service makes its own beside it, and shows it."""
    heads = sum([await motcua.ask(source, "SELECT pos FROM log.head") for source in SOURCES])
    older = f"{MIRROR.name}_v{MIRROR.version - 1}"
    motcua.stack.hold("reporting")
    # As the database's superuser: the service may neither forget which version is shown nor anything else of this.
    owner = await asyncpg.connect(urlsplit(motcua.stack.postgres.admin_dsn)._replace(path="/reporting").geturl())
    await owner.execute(f"""
        DROP SCHEMA IF EXISTS {older} CASCADE;
        ALTER SCHEMA {MIRROR.consumer} RENAME TO {older};
        DELETE FROM log.checkpoint WHERE consumer = '{older}';
        UPDATE log.checkpoint SET consumer = '{older}' WHERE consumer = '{MIRROR.consumer}';
        UPDATE log.read_model SET version = {MIRROR.version - 1} WHERE name = '{MIRROR.name}'""")
    await owner.close()
    motcua.stack.release("reporting")
    await asyncio.to_thread(motcua.stack.wait_ready)
    begun, since = await motcua.ask("reporting", REBUILT), time.monotonic()
    async with asyncio.timeout(CAUGHT_UP_SECONDS):
        while (now := await motcua.ask("reporting", REBUILT)) < heads:  # noqa: ASYNC110 - it is another process that moves
            await asyncio.sleep(0.05)
        read = time.monotonic() - since
        while await motcua.ask("reporting", SHOWN) != MIRROR.version:  # noqa: ASYNC110 - it is another process that moves
            await asyncio.sleep(0.05)
    rate = float(now - begun) / (time.monotonic() - since)
    # Nobody reads into the older one any more: whoever waits for all readers must not wait for it.
    owner = await asyncpg.connect(urlsplit(motcua.stack.postgres.admin_dsn)._replace(path="/reporting").geturl())
    await owner.execute(f"DROP SCHEMA {older} CASCADE; DELETE FROM log.checkpoint WHERE consumer = '{older}'")
    await owner.close()
    print(f"  rebuilt {now - begun:,} events at {rate:,.0f}/s, read at {float(now - begun) / read:,.0f}/s", flush=True)
    return rate
