"""Step 6 of 8, consume: a stream read as a log, from a position on and with nothing missing.

The broker keeps no state for us that matters: an ephemeral consumer that acknowledges nothing starts behind our own
checkpoint. Sequence must follow sequence. Whatever else happens (a gap, a silence, an error) is a doubt, and the
remedy is always the same: throw the reader away and start again from the checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import Error as JetStreamError

from kernel.eventlog.endless import end_if_cancelled
from kernel.eventlog.errors import Doubt
from kernel.eventlog.relay import stream_name

BATCH_MAX: Final = 2000
EXPIRES_SECONDS: Final = 30
HEARTBEAT_SECONDS: Final = 1
SILENCE_SECONDS: Final = HEARTBEAT_SECONDS * 2.5
INACTIVE_SECONDS: Final = 30.0
NANOSECONDS: Final = 1_000_000_000
LAST_SENT: Final = "Nats-Last-Stream"
REQUEST_EXPIRED: Final = ("408", "409")
PAUSES_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 4.0)

LOGGER: Final = logging.getLogger(__name__)


def sequence_of(message: Msg) -> int:
    """Give the stream sequence from the reply subject `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>…`."""
    return int(message.reply.split(".", 6)[5])


@dataclass
class Tail:
    """Reads the mirror of `source` from `after` + 1 on; use as an async context manager.

    Args:
        nats: a connection.
        source: whose log.
        after: the position that is already known.
        batch_max: how many events `next` gives at most.
    """

    nats: Client
    source: str
    after: int
    batch_max: int = BATCH_MAX
    _seen: int = field(init=False)
    _asked: int = field(default=0, init=False)
    _ready: deque[Msg] = field(default_factory=deque[Msg], init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _doubt: str | None = field(default=None, init=False)
    _subscription: Subscription = field(init=False)
    _consumer: str = field(init=False)

    async def __aenter__(self) -> Self:
        """Open the reader.

        Raises:
            nats.js.errors.NotFoundError: if the stream is not there (yet).
        """
        self._seen = self.after
        info = await self.nats.jetstream().add_consumer(
            stream_name(self.source),
            ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self.after + 1,
                inactive_threshold=INACTIVE_SECONDS,
                mem_storage=True,
                num_replicas=1,
            ),
        )
        self._consumer = info.name
        self._inbox = self.nats.new_inbox()
        self._subscription = await self.nats.subscribe(self._inbox, cb=self._hear, pending_msgs_limit=0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        """Close the reader; the broker forgets its consumer by itself."""
        # Not only when connected: a client that comes back subscribes again to whatever it still holds.
        if not (self.nats.is_closed or self.nats.is_draining):
            await self._subscription.unsubscribe()

    async def next(self) -> list[Msg]:
        """Give the events that have come, at least one, in order and with none missing.

        Raises:
            Doubt: if one is missing, or the broker is silent.
        """
        while not self._ready:
            await self._ask()
            self._news.clear()
            self._raise_doubt()
            if self._ready:
                break
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._news.wait()
            except TimeoutError as error:
                message = f"{self.source}: no heartbeat"
                raise Doubt(message) from error
        batch = [self._ready.popleft() for _ in range(min(self.batch_max, len(self._ready)))]
        await self._ask()
        return batch

    def _raise_doubt(self) -> None:
        if self._doubt is not None and not self._ready:
            raise Doubt(self._doubt)

    async def _ask(self) -> None:
        """Ask for another batch when less than half of one is on its way; what nobody can take is not asked for."""
        if self._asked + len(self._ready) > self.batch_max // 2:
            return
        request = {"batch": self.batch_max, "expires": EXPIRES_SECONDS * NANOSECONDS, "idle_heartbeat": HEARTBEAT_SECONDS * NANOSECONDS}
        self._asked += self.batch_max
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream_name(self.source)}.{self._consumer}"
        await self.nats.publish(subject, orjson.dumps(request), reply=self._inbox)

    async def _hear(self, message: Msg) -> None:
        self._news.set()
        if not message.reply.startswith("$JS.ACK."):
            self._hear_status(message)
            return
        sequence = sequence_of(message)
        self._asked -= 1
        if self._doubt is not None:
            return  # the first doubt says where to look
        if sequence != self._seen + 1:
            self._doubt = f"{self.source}: {sequence} came after {self._seen}"
        else:
            self._seen = sequence
            self._ready.append(message)

    def _hear_status(self, message: Msg) -> None:
        """A heartbeat (100) breaks the silence and says what was sent; an expired request (408, 409) is asked anew; the rest is a doubt."""
        headers = message.headers or {}
        status = headers.get("Status", "")
        if status == "100":
            # Behind an event that was lost on its way comes a gap, but only when the next one is sent. In a quiet log this tells.
            if (sent := int(headers.get(LAST_SENT, "0"))) > self._seen and self._doubt is None:
                self._doubt = f"{self.source}: {sent} was sent, {self._seen} has come"
        elif status in REQUEST_EXPIRED and "Deleted" not in headers.get("Description", ""):
            self._asked = 0
        else:
            self._doubt = f"{self.source}: {status} {headers.get('Description', '')}"


async def through(nats: Client, source: str, after: int, last: int) -> AsyncGenerator[list[Msg]]:
    """Read the mirror of `source` behind `after` up to `last`, whole, in batches.

    A broker that has just come back may turn a reader away, or lose it; the next one goes on where that one stopped.

    Raises:
        Doubt, nats.errors.Error, nats.js.errors.Error, TimeoutError: the last of several in a row that brought nothing new.
    """
    tries = 0
    while after < last:
        try:
            async with Tail(nats, source, after) as tail:
                while after < last:
                    messages = (await tail.next())[: last - after]
                    after, tries = after + len(messages), 0
                    yield messages
        except (Doubt, NatsError, JetStreamError, TimeoutError) as doubt:
            end_if_cancelled()
            if tries == len(PAUSES_SECONDS):
                raise
            LOGGER.info("reading %s again behind %s: %s: %s", source, after, type(doubt).__name__, doubt)
            await asyncio.sleep(PAUSES_SECONDS[tries])
            tries += 1
