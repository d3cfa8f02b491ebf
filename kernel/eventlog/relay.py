"""Step 5 of 8, relay: publish the log in order, so that the stream is its mirror.

Stream sequence = log position. Every publish carries `Nats-Expected-Last-Sequence: pos - 1`, a compare-and-set on the
stream's last sequence. So the stream is the relay's only cursor; nothing is published twice, skipped or reordered, and of
two relays one is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from kernel.eventlog.append import Log
from kernel.eventlog.endless import end_if_cancelled
from kernel.eventlog.errors import UNAVAILABLE, Doubt, Halt
from kernel.eventlog.metrics import HEAD, RELAY_HALTED, RELAY_POS, RELAY_RESYNCS
from kernel.eventlog.sql import QUERY
from kernel.eventlog.trace import span

WINDOW: Final = 1000
WINDOWS_IN_FLIGHT: Final = 2
POLL_SECONDS: Final = 1.0
ACK_SECONDS: Final = 5.0
BACKOFF_SECONDS: Final = (0.05, 0.2, 0.5, 1.0, 2.0)

LOGGER: Final = logging.getLogger(__name__)


def stream_name(source: str) -> str:
    """Give the JetStream stream that mirrors a service's log."""
    return source.upper()


def stream_config(source: str, epoch: str, replicas: int) -> StreamConfig:
    """Everything for ever, and neither deletes nor purges: the stream is a second copy of the record."""
    return StreamConfig(
        name=stream_name(source),
        subjects=[f"{source}.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        num_replicas=replicas,
        max_age=0,
        duplicate_window=0.1,
        deny_delete=True,
        deny_purge=True,
        allow_direct=True,
        metadata={"epoch": epoch},
    )


def frames(rows: Sequence[asyncpg.Record], reply: bytes) -> bytes:
    """Write publishes as the protocol has them; nats-py's own publish costs five times as much.

    Only the last asks for an answer: it is stored only if all before it are, so its answer is theirs.
    """
    last = rows[-1]["pos"]
    return b"".join(
        frame(row["subject"], b"%b.%d " % (reply, last) if row["pos"] == last else b"", row["pos"], row["body"]) for row in rows
    )


def frame(subject: str, reply: bytes, pos: int, body: bytes) -> bytes:
    """Write one publish; `reply` is empty, or ends with a space."""
    header = b"NATS/1.0\r\nNats-Expected-Last-Sequence:%d\r\n\r\n" % (pos - 1)
    return b"HPUB %b %b%d %d\r\n%b%b\r\n" % (subject.encode(), reply, len(header), len(header) + len(body), header, body)


@dataclass
class Relay:
    """Carries one service's log to its stream.

    Args:
        log: the log.
        nats: a connection of the relay's own: frames are written past the client's buffer.
        replicas: 1 on one machine, 3 in a cluster.
        standing: set while log and stream are known to tell one history; whoever acts on the log by itself waits for it.
    """

    log: Log
    nats: Client
    replicas: int = 1
    standing: asyncio.Event = field(default_factory=asyncio.Event)
    halted: str | None = None
    acked: int = field(default=0, init=False)
    _started_at: int = field(default=0, init=False)
    _refused: str | None = field(default=None, init=False)
    _moved: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def run(self) -> None:
        """Publish for ever; after any doubt, ask the stream where it stands and go on from there."""
        committed, failures = self.log.listen(), 0
        while True:
            try:
                await self._publish_until_doubt(committed)
            except Halt:
                end_if_cancelled()
                await asyncio.sleep(BACKOFF_SECONDS[-1])
            except (Doubt, NatsError, JetStreamError, *UNAVAILABLE) as doubt:
                end_if_cancelled()
                failures = 0 if self.acked > self._started_at else failures + 1
                RELAY_RESYNCS.labels(type(doubt).__name__).inc()
                LOGGER.info("relay resyncs: %s: %s", type(doubt).__name__, doubt)
                await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])

    async def _publish_until_doubt(self, committed: asyncio.Event) -> None:
        """Stand where the stream stands and publish; answers come to an inbox of this attempt's own, so no older one can mislead."""
        inbox = self.nats.new_inbox()
        subscription = await self.nats.subscribe(f"{inbox}.*", cb=self._hear, pending_msgs_limit=0)
        try:
            # The subscription must be with the server before the first frame, which does not wait in the client's buffer.
            await self.nats.flush(timeout=int(ACK_SECONDS))
            self._started_at = await self._stand()
            await self._publish_from(self._started_at, inbox.encode(), committed)
        finally:
            self.standing.clear()
            with contextlib.suppress(NatsError):
                await subscription.unsubscribe()

    async def _stand(self) -> int:
        """Stand where the stream stands; or halt, and let no process append: what it stored now would be lost, or fork the history."""
        try:
            last = await self._resync()
            await self.log.pool.execute(QUERY["resume"])
        except Halt as halt:
            if self.halted != str(halt):
                LOGGER.critical("relay halted: %s", halt)
            self.halted = str(halt)
            RELAY_HALTED.set(1)
            await self.log.pool.execute(QUERY["halt"])
            raise
        self.standing.set()
        return last

    async def _resync(self) -> int:
        """Ask the stream for its last sequence; make the stream if it is not there.

        Raises:
            Halt: if the stream belongs to another history, is ahead of the log, or ends with what is not the log's.
        """
        epoch, jetstream = str(await self.log.epoch()), self.nats.jetstream()
        try:
            info = await jetstream.stream_info(stream_name(self.log.source))
        except NotFoundError:
            info = await jetstream.add_stream(stream_config(self.log.source, epoch, self.replicas))
        head, last = await self.log.head(), info.state.last_seq
        if (theirs := (info.config.metadata or {}).get("epoch")) != epoch:
            message = f"the stream mirrors history {theirs}, the log is {epoch}"
            raise Halt(message)
        if last > head:
            message = f"the stream has {last} events, the log only {head}: an older copy of the database was restored"
            raise Halt(message)
        if last > 0:
            await self._compare(jetstream, last)
        self.halted, self._refused, self.acked = None, None, last
        RELAY_HALTED.set(0)
        RELAY_POS.set(last)
        return last

    async def _compare(self, jetstream: JetStreamContext, last: int) -> None:
        """Compare the stream's last event with the log's: what is not ours can only stand at the end, for nothing is published behind it.

        Counting is not enough. A log restored from an older copy grows on, until it is as long as the stream, with other events.
        """
        theirs = await jetstream.get_msg(stream_name(self.log.source), last)
        ours = await self.log.pool.fetchrow(QUERY["read"], last - 1, 1)
        if ours is None or ours["pos"] != last or ours["body"] != theirs.data:
            message = f"position {last}: the stream does not hold the log's event"
            raise Halt(message)

    async def _publish_from(self, sent: int, reply: bytes, committed: asyncio.Event) -> None:
        """Read windows from the log and publish them, with at most `WINDOWS_IN_FLIGHT` unconfirmed."""
        async with self.log.pool.acquire() as connection:
            read = await connection.prepare(QUERY["read"])
            while True:
                # Up to Python 3.11, `asyncio.wait_for`, with which nats-py awaits every answer, swallows a cancellation that comes
                # together with the answer. A relay that did not look would then publish on, and whoever stops it wait for ever.
                end_if_cancelled()
                committed.clear()
                rows = await read.fetch(sent, WINDOW)
                if not rows:
                    await self._confirmed(sent)
                    await self._wait(committed)
                    continue
                self._write(rows, reply)
                sent = rows[-1]["pos"]
                HEAD.set(sent)
                await self._confirmed(sent - WINDOW * (WINDOWS_IN_FLIGHT - 1) if len(rows) == WINDOW else sent)

    async def _wait(self, committed: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await committed.wait()
        except TimeoutError:
            # Nothing was said in this process; another one may have appended, and the stream may have been lost meanwhile.
            last = (await self.nats.jetstream().stream_info(stream_name(self.log.source))).state.last_seq
            if last != self.acked:
                message = f"the stream is at {last}, not {self.acked}"
                raise Doubt(message) from None

    def _write(self, rows: list[asyncpg.Record], reply: bytes) -> None:
        transport = self.nats._transport  # noqa: SLF001 - see frame()
        if transport is None or not self.nats.is_connected:
            message = "not connected"
            raise Doubt(message)
        with span("relay", events=len(rows), first=rows[0]["pos"]):
            transport.write(frames(rows, reply))

    async def _confirmed(self, pos: int) -> None:
        """Wait until the stream has confirmed everything up to `pos`."""
        while self.acked < pos:
            if self._refused is not None:
                raise Doubt(self._refused)
            self._moved.clear()
            try:
                async with asyncio.timeout(ACK_SECONDS):
                    await self._moved.wait()
            except TimeoutError as error:
                message = f"no word from the stream since {self.acked}"
                raise Doubt(message) from error

    async def _hear(self, message: Msg) -> None:
        """Take one answer of the stream: a sequence that it has stored, or a refusal."""
        if b'"error"' in message.data or message.headers:
            self._refused = message.data.decode() or "no responders"
        else:
            self.acked = max(self.acked, int(orjson.loads(message.data)["seq"]))
            RELAY_POS.set(self.acked)
        self._moved.set()
