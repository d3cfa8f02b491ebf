"""A stream is read from its beginning, and every fact answered by a fact in the own log, decided on the answering stream's history.

Ours is a `Reacting` reactor behind our subscriber, and exactly once: the histories of a batch are read with one statement, its answers
appended with one more, in one durable transaction with the checkpoint.

The peer is the usual design: a FastStream handler per message, and in one durable transaction an inbox row, the history, the decision,
the event's INSERT; acknowledged after the commit. It decides with the same functions and writes the same bytes, with no order over all.

The bound is that of project, and the writing of an event on top of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import uuid5

import asyncpg
from faststream.nats import NatsBroker

from contracts.intake import DossierSubmitted
from contracts.processing import CaseStopped
from contracts.vocabulary import CaseId
from kernel.eventlog import Decider, Meta, Reaction, Reactor, Recorded, Slice
from kernel.eventlog.append import history_of
from kernel.eventlog.event import rows_of
from kernel.eventlog.react import Reacting
from kernel.eventlog.sql import Connection
from kernel.eventlog.subscriber import Carried, subscribe
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Measure, Size, Target, interleaved
from tests.benchmarks.payload import CODEC, fill, mirror
from tests.benchmarks.rows.append import PEER_TABLE
from tests.benchmarks.rows.consume import SOURCE, Count, counted
from tests.benchmarks.rows.project import PEER_DDL, POOL_MAX, SEEN, insist_on, per_message

NAME: Final = "react"
HISTORY: Final = "SELECT pos, version, body, NULL::bytea AS hash FROM event WHERE stream = $1 ORDER BY version"
INSERT: Final = "INSERT INTO event (stream, version, subject, body) VALUES ($1, $2, $3, $4)"


def decide(command: CaseStopped, state: object) -> list[CaseStopped]:
    """Record it the first time."""
    return [command] if state is None else []


def evolve(_: object, fact: CaseStopped) -> object:
    """Remember it."""
    return fact


def react(event: Recorded) -> Reaction:
    """Answer a dossier's first fact with one about a case of its own."""
    fact: DossierSubmitted = event.fact
    stream = uuid5(event.stream, "case")
    stopped = CaseStopped(
        case_id=CaseId(stream), dossier_id=fact.dossier_id, agency=fact.agency, cause="withdrawn", stopped_at=fact.submitted_at
    )
    return Reaction(stream, Decider(None, decide, evolve), stopped)


async def ours(machine: Machine, events: int) -> float:
    """Answer everything into a new log; give events a second."""
    broker, count = NatsBroker(machine.nats.url, logger=None), Count(events)
    async with machine.log("processing", CODEC) as log:
        reacting = Reacting(Reactor("bench", SOURCE, react), log)

        async def apply(carried: Carried) -> None:
            await reacting.apply(carried)
            count.add(len(carried.events))

        subscribe(broker, SOURCE, reacting.name, partial(reacting.begin, SOURCE), apply)
        rate = await counted(broker, count)
        await insist_on(log.pool, "SELECT count(*) FROM log.event", count.seen)
    return rate


async def naive(machine: Machine, events: int) -> float:
    """Do the same message by message; give events a second."""
    database = await machine.database("processing")
    broker, count = NatsBroker(machine.nats.url, logger=None), Count(events)
    async with asyncpg.create_pool(database.owner_dsn, min_size=1, max_size=POOL_MAX) as pool:
        await pool.execute(PEER_TABLE)
        await pool.execute(PEER_DDL)

        async def handle(body: bytes) -> None:
            event = CODEC.decode(SOURCE, 0, body)
            async with pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(SEEN, event.id):
                    await answer(connection, event)
            count.add(1)

        per_message(broker, handle)
        rate = await counted(broker, count)
        await insist_on(pool, "SELECT count(*) FROM event", count.seen)
    return rate


async def answer(connection: Connection, event: Recorded) -> None:
    """Load, decide, insert."""
    reaction = react(event)
    history = history_of("processing", CODEC, reaction.stream, await connection.fetch(HISTORY, reaction.stream))
    facts = reaction.decider.decide(reaction.command, reaction.decider.state_of(history))
    meta = Meta(f"bench:{event.id}", "system:processing", event.time, cause=f"{SOURCE}/{event.pos}", traceparent=event.traceparent)
    for row in rows_of("processing", Slice(history, event.agency, facts), meta, datetime.now(UTC), first=0):
        await connection.execute(INSERT, row.stream, row.version, row.subject, row.body)


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Answer one stream again and again."""
    events, peer = size.of(30_000, 15_000), "FastStream per message"
    async with machine.log(SOURCE, CODEC) as log, machine.client() as client:
        await fill(log, events)
        await mirror(log, client)
    few = size.of(1_500, 700)
    mine, theirs = await interleaved(size.rounds, lambda: ours(machine, events), {peer: lambda: naive(machine, few)})
    return [Measure(NAME, "consume, decide, append", "events/s", "more", mine, theirs, [Target(peer, 15)])]
