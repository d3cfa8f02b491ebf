"""A log that is behind is carried to an empty JetStream stream: read from the table, publish, hear that it is stored.

Ours publishes each event under the condition that it follows the stream's last one, so nothing can stand there twice or be missing.
The peers read the same rows in the same windows and publish by nats-py, without a message id, so with nothing against duplicates.

* js.publish: waits for each confirmation, as an outbox that must keep the order does.
* js.publish_async: nats-py's window of unconfirmed messages; one that fails leaves a gap.

The bound: what nats-server takes into a file, on the other core; ours spends about 8 µs of Python on an event.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from nats.aio.client import Client
from nats.js import JetStreamContext

from kernel.eventlog import Log
from kernel.eventlog.relay import WINDOW, stream_config, stream_name
from kernel.eventlog.sql import QUERY
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Measure, Size, Target, interleaved
from tests.benchmarks.payload import CODEC, fill, mirror

NAME: Final = "relay"


@dataclass(frozen=True)
class Carrying:
    """A filled log, and the ways to an empty stream."""

    machine: Machine
    log: Log

    @asynccontextmanager
    async def empty_stream(self) -> AsyncGenerator[Client]:
        """Connect, with no stream there."""
        await self.machine.empty_broker()
        async with self.machine.client() as client:
            yield client

    async def ours(self, events: int) -> float:
        """Carry everything by our relay; give events a second."""
        async with self.empty_stream() as client:
            since = time.perf_counter()
            await mirror(self.log, client)
            return events / (time.perf_counter() - since)

    async def peer(self, events: int, publish: Callable[[JetStreamContext, list[asyncpg.Record]], Any]) -> float:
        """Carry the first events by nats-py; give events a second."""
        async with self.empty_stream() as client:
            jetstream = client.jetstream()
            await jetstream.add_stream(stream_config(self.log.source, "none", 1))
            since = time.perf_counter()
            for after in range(0, events, WINDOW):
                await publish(jetstream, await self.log.pool.fetch(QUERY["read"], after, min(WINDOW, events - after)))
            if publish is publish_async:
                await jetstream.publish_async_completed()
            took = time.perf_counter() - since
            stored = (await jetstream.stream_info(stream_name(self.log.source))).state.messages
            if stored != events:
                message = f"{stored} of {events} arrived"
                raise RuntimeError(message)
            return events / took


async def publish_each(jetstream: JetStreamContext, rows: list[asyncpg.Record]) -> None:
    """Publish one after the other."""
    for row in rows:
        await jetstream.publish(row["subject"], row["body"])


async def publish_async(jetstream: JetStreamContext, rows: list[asyncpg.Record]) -> None:
    """Publish without waiting, within nats-py's own bound of unconfirmed messages."""
    for row in rows:
        await jetstream.publish_async(row["subject"], row["body"])


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Carry one log again and again."""
    events = size.of(40_000, 15_000)
    async with machine.log("intake", CODEC) as log:
        await fill(log, events)
        carrying = Carrying(machine, log)
        peers = {
            "js.publish": lambda: carrying.peer(events // 10, publish_each),
            "js.publish_async": lambda: carrying.peer(events, publish_async),
        }
        mine, theirs = await interleaved(size.rounds, lambda: carrying.ours(events), peers)
    return [Measure(NAME, "table to stream", "events/s", "more", mine, theirs, [Target("js.publish", 10), Target("js.publish_async", 2)])]
