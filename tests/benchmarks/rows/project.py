"""A stream is read from its beginning into a read table: one row per dossier, eight columns, a fact to each row.

Ours is a `Projector` behind our subscriber: a batch becomes one upsert, in one transaction with the checkpoint. That commit need not wait
for the disk, for a crash takes rows and checkpoint back together and the log is read again from there.

The peer is the usual design: a FastStream handler per message (pull, 500 at a time), and in one transaction an inbox row that makes the
second delivery harmless, then the upsert; acknowledged after the commit, which therefore must be durable. It reads the facts by our codec.

The bound: Python needs about 25 µs for an event (receive 4, decode and check 8, fold and write 10, the rest in FastStream and asyncpg),
and reads the next events while PostgreSQL writes these; the peer's transaction costs little more than a flush, so that the faster the
disk, the smaller the ratio. To lift it: check a fact only when somebody asks for it, and Python 3.13.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from uuid import uuid4

import asyncpg
from faststream.nats import JStream, NatsBroker, PullSub

from contracts.intake import DossierSubmitted
from kernel.eventlog import Columns, Projection, ReadModel, Recorded
from kernel.eventlog.project import Projector
from kernel.eventlog.rebuild import install
from kernel.eventlog.relay import stream_name
from kernel.eventlog.sql import Pool
from kernel.eventlog.subscriber import Carried, subscribe
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Measure, Size, Target, interleaved
from tests.benchmarks.payload import CODEC, fill, mirror
from tests.benchmarks.rows.consume import FETCH, SOURCE, Count, counted

NAME: Final = "project"
POOL_MAX: Final = 8
DDL: Final = f"""
    CREATE TABLE register (dossier_id uuid PRIMARY KEY, agency text, procedure text, field text, channel text, applicant_kind text,
                           submitted_at timestamptz, arrived_at timestamptz, pos_{SOURCE} bigint)"""
PEER_DDL: Final = "CREATE TABLE inbox (event_id text PRIMARY KEY)"
UPSERT: Final = """
    INSERT INTO register (dossier_id, agency, procedure, field, channel, applicant_kind, submitted_at, arrived_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (dossier_id) DO UPDATE SET agency = excluded.agency,
        procedure = excluded.procedure, field = excluded.field, channel = excluded.channel, applicant_kind = excluded.applicant_kind,
        submitted_at = excluded.submitted_at, arrived_at = excluded.arrived_at"""
SEEN: Final = "INSERT INTO inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true"


def columns(event: Recorded) -> Columns:
    """Give what a dossier's first fact says in the register."""
    fact: DossierSubmitted = event.fact
    return {
        "agency": fact.agency,
        "procedure": fact.procedure,
        "field": fact.field,
        "channel": fact.channel,
        "applicant_kind": fact.applicant_kind,
        "submitted_at": fact.submitted_at,
        "arrived_at": fact.arrived_at,
    }


def key(event: Recorded) -> Any:
    """Give the dossier that a fact is about."""
    return event.stream


MODEL: Final = ReadModel("register", 1, (SOURCE,), DDL, (Projection("register", "dossier_id", key, columns),))


async def ours(machine: Machine, events: int) -> float:
    """Project everything into a new database; give events a second."""
    database = await machine.database("reporting")
    broker, count = NatsBroker(machine.nats.url, logger=None), Count(events)
    async with asyncpg.create_pool(database.runtime_dsn, min_size=1, max_size=POOL_MAX) as pool:
        await install(pool, MODEL)
        projector = Projector(MODEL, pool, CODEC)

        async def apply(carried: Carried) -> None:
            await projector.apply(carried)
            count.add(len(carried.events))

        subscribe(broker, SOURCE, projector.name, partial(projector.begin, SOURCE), apply)
        rate = await counted(broker, count)
        await insist_on(pool, "SELECT count(*) FROM read.register", count.seen)
    return rate


async def naive(machine: Machine, events: int) -> float:
    """Do the same message by message; give events a second."""
    database = await machine.database("reporting")
    broker, count = NatsBroker(machine.nats.url, logger=None), Count(events)
    async with asyncpg.create_pool(database.owner_dsn, min_size=1, max_size=POOL_MAX) as pool:
        await pool.execute(DDL)
        await pool.execute(PEER_DDL)

        async def handle(body: bytes) -> None:
            event = CODEC.decode(SOURCE, 0, body)
            async with pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(SEEN, event.id):
                    await connection.execute(UPSERT, key(event), *columns(event).values())
            count.add(1)

        per_message(broker, handle)
        rate = await counted(broker, count)
        await insist_on(pool, "SELECT count(*) FROM register", count.seen)
    return rate


def per_message(broker: NatsBroker, handle: Any) -> None:
    """Subscribe as FastStream's documentation does: a durable pull consumer, each message acknowledged when its handler is done."""

    async def as_it_is(message: Any) -> bytes:
        return message.body

    broker.subscriber(
        f"{SOURCE}.>",
        stream=JStream(stream_name(SOURCE), declare=False),
        durable=f"naive-{uuid4()}",
        pull_sub=PullSub(batch_size=FETCH),
        decoder=as_it_is,
    )(handle)


async def insist_on(pool: Pool, query: str, at_least: int) -> None:
    """Look whether the work was done.

    Raises:
        RuntimeError: if it was not.
    """
    if (found := await pool.fetchval(query)) < at_least:
        message = f"{found} rows of {at_least}"
        raise RuntimeError(message)


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Project one stream again and again."""
    events, peer = size.of(40_000, 20_000), "FastStream per message"
    async with machine.log(SOURCE, CODEC) as log, machine.client() as client:
        await fill(log, events)
        await mirror(log, client)
    few = size.of(1_500, 700)
    mine, theirs = await interleaved(size.rounds, lambda: ours(machine, events), {peer: lambda: naive(machine, few)})
    return [Measure(NAME, "stream to read table", "events/s", "more", mine, theirs, [Target(peer, 30)])]
