"""Step 6 of 8, consume: the log reader as a FastStream subscriber.

FastStream's own batch subscriber swallows a handler's error and fetches the next batch, which for a log would be a skipped
one. This one re-raises, goes back to the checkpoint, and keeps the rest of FastStream: dependency injection, middlewares,
AsyncAPI, the test broker. It uses two classes below FastStream's public surface; a contract test watches them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.message import NatsBatchMessage
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from kernel.eventlog.endless import end_if_cancelled
from kernel.eventlog.errors import UNAVAILABLE, Busy, Doubt
from kernel.eventlog.metrics import REWINDS
from kernel.eventlog.relay import stream_name
from kernel.eventlog.rest import resting_after
from kernel.eventlog.tail import BATCH_MAX, Tail, sequence_of

BACKOFF_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Carried:
    """Events as they came: position and bytes, in order, none missing."""

    source: str
    events: tuple[tuple[int, bytes], ...]


Apply = Callable[[Carried], Awaitable[None]]
Checkpoint = Callable[[], Awaitable[int]]


class LogSubscriber(BatchPullStreamSubscriber):
    """Reads a stream from the consumer's checkpoint on and hands contiguous batches to the handler."""

    source: str
    consumer: str
    checkpoint: Checkpoint

    async def _create_subscription(self) -> None:
        self.add_task(self._consume_pull)

    async def _consume_pull(self) -> None:
        """Read until stopped; after any doubt or error go back to the checkpoint, later and later while it lasts."""
        failures = 0
        while self.running:
            try:
                async with Tail(self.connection, self.source, await self.checkpoint()) as tail:
                    while self.running:
                        batch = await tail.next()
                        async with resting_after(len(batch)):
                            await self.process_message(batch)
                        failures = 0
            except NotFoundError:
                # Its owner has not made the stream yet, or is about to make it again.
                await asyncio.sleep(BACKOFF_SECONDS[3])
            except (Doubt, Busy, NatsError, JetStreamError, *UNAVAILABLE) as doubt:
                end_if_cancelled()
                REWINDS.labels(self.consumer, self.source, type(doubt).__name__).inc()
                LOGGER.info("%s rewinds %s: %s: %s", self.consumer, self.source, type(doubt).__name__, doubt)
                await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
                failures += 1
            except Exception:
                end_if_cancelled()
                REWINDS.labels(self.consumer, self.source, "error").inc()
                LOGGER.exception("%s rewinds %s", self.consumer, self.source)
                await asyncio.sleep(BACKOFF_SECONDS[-1])


def subscribe(broker: NatsBroker, source: str, consumer: str, checkpoint: Checkpoint, apply: Apply) -> LogSubscriber:
    """Let `consumer` read the log of `source` through `broker`; `apply` gets each batch and moves the checkpoint."""
    subscriber: Any = broker.subscriber(
        f"{source}.>",
        stream=JStream(stream_name(source), declare=False),
        pull_sub=PullSub(batch_size=BATCH_MAX, batch=True),
        ack_policy=AckPolicy.MANUAL,
        title=f"{consumer}-{source}",
        no_reply=True,
    )

    async def parse(messages: list[Msg]) -> NatsBatchMessage:
        return NatsBatchMessage(raw_message=messages, body=[], headers={}, batch_headers=[])

    async def decode(message: NatsBatchMessage) -> Carried:
        first = sequence_of(message.raw_message[0])  # and the others follow it, see Tail
        return Carried(source, tuple(enumerate((m.data for m in message.raw_message), first)))

    subscriber.__class__ = LogSubscriber
    subscriber._parser, subscriber._decoder = parse, decode  # noqa: SLF001 - per-event parsing would cost more than the work
    subscriber.source, subscriber.consumer, subscriber.checkpoint = source, consumer, checkpoint

    @subscriber
    async def handle(carried: Any) -> None:
        await apply(carried)

    return subscriber
