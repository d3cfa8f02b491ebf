"""What is stored and carried in every row: a dossier's first fact, as an enterprise's submission makes it (about 1 kB)."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from nats.aio.client import Client

from contracts.catalogue import FACTS
from contracts.intake import DossierSubmitted
from kernel.eventlog import Codec, History, Log, Meta, Slice
from kernel.eventlog.event import Row, rows_of
from kernel.eventlog.relay import Relay
from tests.benchmarks.measure import until
from tests.contracts.golden import golden

AGENCY: Final = "H09.13"
CODEC: Final = Codec(FACTS)
SUBMITTED: Final = DossierSubmitted.model_validate(golden(DossierSubmitted.TYPE)["data"])
NUMBERS: Final = itertools.count(1)
FILL_BATCH: Final = 500
TRACEPARENT: Final = "00-f67cbcae7c7c99515dcfcc69bf24dd62-1b2451a9c4ab4001-01"


def meta() -> Meta:
    """Give what a new command brings."""
    return Meta(f"01694642-6430-71c9-8f49-{next(NUMBERS):012x}", "portal", datetime.now(UTC), traceparent=TRACEPARENT)


def first_fact(stream: UUID) -> Slice:
    """Give a new dossier's first fact, not yet written."""
    return Slice(History(stream), AGENCY, (SUBMITTED,))


def written(count: int) -> list[Row]:
    """Give first facts of new dossiers as they are stored: the same bytes for ours and for every peer."""
    return [rows_of("intake", first_fact(uuid4()), meta(), datetime.now(UTC), first=0)[0] for _ in range(count)]


async def fill(log: Log, count: int) -> None:
    """Put first facts of that many new dossiers into a log."""
    for n in range(0, count, FILL_BATCH):
        await log.append([first_fact(uuid4()) for _ in range(min(FILL_BATCH, count - n))], meta())


async def mirror(log: Log, client: Client) -> None:
    """Carry a log to its stream, to the last event."""
    relay, head = Relay(log, client), await log.head()
    running = asyncio.create_task(relay.run())
    await until(lambda: relay.acked >= head)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
