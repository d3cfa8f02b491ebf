"""A stream is read from its beginning, and every event handed to a handler as bytes.

Ours is the FastStream subscriber of `kernel/eventlog/subscriber.py`, which reads the stream as a log: nothing is acknowledged, sequence
must follow sequence. The peers read the same stream through durable consumers, as a queue; nobody parses the events.

* nats-py: `fetch(500)` of a pull subscription, each message acknowledged.
* FastStream, per message: `PullSub(batch_size=500)`, its default acknowledgement, a decoder that leaves the bytes alone.
* FastStream, per batch: the same with `batch=True`.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from faststream.nats import JStream, NatsBroker, PullSub
from nats.js.api import AckPolicy, ConsumerConfig

from kernel.eventlog.relay import stream_name
from kernel.eventlog.subscriber import Carried, subscribe
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Measure, Size, Target, interleaved
from tests.benchmarks.payload import CODEC, fill, mirror

NAME: Final = "consume"
SOURCE: Final = "intake"
FETCH: Final = 500


@dataclass
class Count:
    """What a handler counts, and the moment at which it has seen enough."""

    wanted: int
    since: float = field(default_factory=time.perf_counter)
    seen: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    took: float = 0.0

    def add(self, events: int) -> None:
        """Count; the first that completes it stops the watch."""
        self.seen += events
        if self.seen >= self.wanted and not self.done.is_set():
            self.took = time.perf_counter() - self.since
            self.done.set()


async def counted(broker: NatsBroker, count: Count) -> float:
    """Let a broker's subscribers run until enough was seen; give events a second."""
    async with broker:
        count.since = time.perf_counter()
        await broker.start()
        await asyncio.wait_for(count.done.wait(), 60)
    return count.seen / count.took


async def ours(url: str, events: int) -> float:
    """Read through our subscriber."""
    broker, count = NatsBroker(url, logger=None), Count(events)

    async def begin() -> int:
        return 0

    async def apply(carried: Carried) -> None:
        count.add(len(carried.events))

    subscribe(broker, SOURCE, "bench", begin, apply)
    return await counted(broker, count)


async def fetch_and_ack(machine: Machine, events: int) -> float:
    """Read by nats-py."""
    async with machine.client() as client:
        jetstream = client.jetstream()
        config = ConsumerConfig(ack_policy=AckPolicy.EXPLICIT)
        subscription = await jetstream.pull_subscribe(f"{SOURCE}.>", f"fetch-{uuid4()}", stream=stream_name(SOURCE), config=config)
        count = Count(events)
        while count.seen < events:
            messages = await subscription.fetch(FETCH)
            for message in messages:
                await message.ack()
            count.add(len(messages))
        return count.seen / count.took


async def faststream(url: str, events: int, *, batch: bool) -> float:
    """Read by FastStream as it comes."""
    broker, count = NatsBroker(url, logger=None), Count(events)

    async def as_it_is(message: Any) -> Any:
        return message.body

    subscriber: Any = broker.subscriber(
        f"{SOURCE}.>",
        stream=JStream(stream_name(SOURCE), declare=False),
        durable=f"faststream-{uuid4()}",
        pull_sub=PullSub(batch_size=FETCH, batch=batch),
        decoder=as_it_is,
    )

    @subscriber
    async def handle(body: Any) -> None:
        count.add(len(body) if batch else 1)

    return await counted(broker, count)


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Read one stream again and again."""
    events, url = size.of(40_000, 20_000), machine.nats.url
    async with machine.log(SOURCE, CODEC) as log, machine.client() as client:
        await fill(log, events)
        await mirror(log, client)
    fetch, each, batches = "nats-py fetch + ack", "FastStream per message", "FastStream per batch"
    peers = {
        fetch: lambda: fetch_and_ack(machine, events // 2),
        each: lambda: faststream(url, events // 4, batch=False),
        batches: lambda: faststream(url, events // 4, batch=True),
    }
    mine, theirs = await interleaved(size.rounds, lambda: ours(url, events), peers)
    return [Measure(NAME, "stream to handler", "events/s", "more", mine, theirs, [Target(fetch, 1.5), Target(each, 6)])]
