"""Everything of a log that runs by itself: relay, readers, reactors, seals, rebuilds. One active worker per service.

Leadership is a session's advisory lock; it spares wasted work and is no safety: were two workers to run, the stream's
compare-and-set and the checkpoints' would let only one of them move anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError

from kernel.eventlog.append import Log
from kernel.eventlog.consume import Consumer
from kernel.eventlog.endless import BACKOFF_SECONDS, end_if_cancelled, for_ever
from kernel.eventlog.errors import UNAVAILABLE, Doubt
from kernel.eventlog.metrics import PARKED, RELAY_OLDEST_SECONDS, REWINDS
from kernel.eventlog.project import Projector, ReadModel
from kernel.eventlog.react import Reacting, Reactor
from kernel.eventlog.rebuild import index, install, switch
from kernel.eventlog.relay import POLL_SECONDS, Relay
from kernel.eventlog.rest import resting_after
from kernel.eventlog.seal import key_id_of, seal_for_ever
from kernel.eventlog.sql import QUERY
from kernel.eventlog.subscriber import Carried, subscribe
from kernel.eventlog.tail import BATCH_MAX
from kernel.eventlog.witness import witness

LEADER_LOCK: Final = 0x6C6561646572  # "leader"
LEADER_SECONDS: Final = 1.0
LEASE: Final = {"idle_session_timeout": "10s"}
"""A leader whom PostgreSQL has not heard from for this long leads no more: the database itself ends its session, and with it the lock."""
START_SECONDS: Final = 2.0
CONNECTION: Final[dict[str, Any]] = {
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 0.25,
    "connect_timeout": 2,
    "ping_interval": 5,
    "max_outstanding_pings": 2,
}
"""A half-open connection is noticed after ten seconds; a broker that is away is asked for four times a second."""


def named(source: str, use: str) -> dict[str, Any]:
    """Give how a service connects."""
    return {"name": f"{source}-{use}", **CONNECTION}


LOGGER: Final = logging.getLogger(__name__)


@dataclass
class Worker:
    """Runs a service's log beside its HTTP server, or alone.

    Args:
        log: the open log.
        nats_url: where the broker is, with this service's own user; of a cluster every node, with commas.
        models: the read models to fill.
        reactors: what this service does when others have done something.
        seal_key: signs seals; none are made without it.
        replicas: copies of the stream in the broker's cluster.
    """

    log: Log
    nats_url: str
    models: Sequence[ReadModel] = ()
    reactors: Sequence[Reactor] = ()
    seal_key: Ed25519PrivateKey | None = None
    replicas: int = 1
    leading: bool = field(default=False, init=False)
    relay: Relay | None = field(default=None, init=False)

    async def run(self) -> None:
        """Lead whenever nobody else does, until cancelled."""
        await for_ever("the worker", self._lead)

    async def _lead(self) -> None:
        for model in self.models:
            await install(self.log.pool, model)
        # Of a connection that swallows what is sent the database hears nothing, not even its end: it would keep the lock for hours.
        connection = await asyncpg.connect(self.log.dsn, timeout=5, command_timeout=5, server_settings=LEASE)
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):  # noqa: ASYNC110 - the lock is another process's
                await asyncio.sleep(LEADER_SECONDS)
            self.leading, began = True, None
            work = asyncio.create_task(self._work())
            try:
                while not work.done():
                    await asyncio.wait([work], timeout=LEADER_SECONDS)
                    # Asking anything would keep the lock. This tells too what another program has unparked. Until the stream was
                    # asked, nobody knows how far it is: what was there before the first look is not counted then.
                    (found,) = await connection.fetch(QUERY["standing"], (self.relay and self.relay.acked) or began)
                    began = found["head"] if began is None else began
                    PARKED.set(found["parked"])
                    RELAY_OLDEST_SECONDS.set(found["oldest"])
                work.result()
            except UNAVAILABLE:
                # What befell this connection may have befallen the pool's. To try one after another takes half a minute each, and so
                # does `expire_connections`, which lets each say goodbye. Whoever uses one is told at once, and asks again.
                for holder in self.log.pool._holders:  # noqa: SLF001 - see above
                    holder.terminate()
                raise
            finally:
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
        finally:
            self.leading = False
            RELAY_OLDEST_SECONDS.set(0)
            connection.terminate()

    async def unpark(self) -> int:
        """Apply everything that is parked once more, beside the worker that leads; give how many facts are parked still."""
        for consumer in (one for kind in self._consumers() for one in kind):
            for row in await self.log.pool.fetch(QUERY["parked_streams"], consumer.name):
                try:
                    LOGGER.info("%s unparked %d facts of %s", consumer.name, await consumer.unpark(row["stream"]), row["stream"])
                except Exception as error:  # noqa: BLE001 - whatever it is, the fact stays parked and the other streams go on
                    end_if_cancelled()
                    LOGGER.warning("%s cannot unpark %s: %s: %s", consumer.name, row["stream"], type(error).__name__, error)
        return await self.log.pool.fetchval(QUERY["count_parked"])

    def _consumers(self) -> tuple[list[Projector], list[Reacting]]:
        projectors = [Projector(model, self.log.pool, self.log.codec) for model in self.models]
        return projectors, [Reacting(reactor, self.log) for reactor in self.reactors]

    async def _work(self) -> None:
        """Run every job at once; a job that fails starts again, the others do not notice."""
        projectors, reactors = self._consumers()
        standing = asyncio.Event()
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(for_ever("relay", partial(self._relay, standing)))
            jobs.create_task(for_ever("readers", partial(self._read_others, [*projectors, *reactors], standing)))
            for projector in projectors:
                if self.log.source in projector.sources:
                    jobs.create_task(for_ever(projector.name, partial(self._read_own, projector)))
                jobs.create_task(for_ever(f"switch {projector.name}", partial(self._switch, projector)))
            if self.seal_key is not None:
                jobs.create_task(for_ever("seals", partial(self._seal, self.seal_key, standing)))

    async def _relay(self, standing: asyncio.Event) -> None:
        connection = Client()
        try:
            await connection.connect(self.nats_url.split(","), **named(self.log.source, "relay"))
            self.relay = Relay(self.log, connection, self.replicas, standing)
            await self.relay.run()
        finally:
            await connection.close()

    async def _seal(self, key: Ed25519PrivateKey, standing: asyncio.Event) -> None:
        """Seal, and show the seals to the others, once this process has seen that the log is no older copy of itself."""
        await standing.wait()
        connection, keys = Client(), {key_id_of(key.public_key()): key.public_key()}
        try:
            await connection.connect(self.nats_url.split(","), **named(self.log.source, "seals"))
            await seal_for_ever(self.log, key, partial(witness, self.log.pool, connection, self.log.source, keys, self.replicas))
        finally:
            await connection.close()

    async def _read_others(self, consumers: Sequence[Consumer], standing: asyncio.Event) -> None:
        """Read the other services' streams through one broker connection."""

        async def checkpoint(consumer: Consumer, source: str) -> int:
            # In an older copy of the database a reactor would answer once more what the lost tail has answered already.
            await standing.wait()
            return await consumer.begin(source)

        broker = NatsBroker(self.nats_url.split(","), logger=None, graceful_timeout=5, **named(self.log.source, "reader"))
        for consumer in consumers:
            for source in consumer.sources:
                if source != self.log.source:
                    subscribe(broker, source, consumer.name, partial(checkpoint, consumer, source), consumer.apply)
        starting = asyncio.ensure_future(broker.start())
        try:
            # Shielded: a connection that is broken off while it is made would stay open, and nobody would know of it.
            await asyncio.shield(starting)
            await asyncio.Event().wait()
        finally:
            # Each step is made though this is told again to end, as `heard` does every second.
            try:
                await asyncio.wait([starting], timeout=START_SECONDS)
            finally:
                starting.cancel()
                try:
                    await asyncio.gather(starting, return_exceptions=True)
                    # nats-py refuses to drain a connection that is just reconnecting; left alone it would do that for ever.
                    with contextlib.suppress(NatsError):
                        await broker.stop()
                finally:
                    if (left := broker._connection) is not None:  # noqa: SLF001 - FastStream forgets only what it has drained
                        await left.close()

    async def _read_own(self, consumer: Consumer) -> None:
        """Read one's own log from its table, with no broker between."""
        committed, source = self.log.listen(), self.log.source
        while True:
            pos = await consumer.begin(source)
            try:
                while True:
                    committed.clear()
                    rows = await self.log.pool.fetch(QUERY["read"], pos, BATCH_MAX)
                    if rows:
                        async with resting_after(len(rows)):
                            await consumer.apply(Carried(source, tuple((row["pos"], row["body"]) for row in rows)))
                        pos = rows[-1]["pos"]
                    else:
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(POLL_SECONDS):
                                await committed.wait()
            except Doubt as doubt:
                end_if_cancelled()
                REWINDS.labels(consumer.name, source, type(doubt).__name__).inc()
                await asyncio.sleep(BACKOFF_SECONDS[0])

    async def _switch(self, projector: Projector) -> None:
        """When a new version has caught up with the shown one, show it: nobody is to see less than before."""
        model, indexed = projector.model, False
        while not await install(self.log.pool, model):
            shown = {row["source"]: row["pos"] for row in await self.log.pool.fetch(QUERY["live_positions"], model.name)}
            if not all(projector.positions.get(source, 0) >= shown.get(source, 0) for source in model.sources):
                await asyncio.sleep(POLL_SECONDS)
            elif indexed:
                await switch(self.log.pool, model)
            else:
                async with projector.turn:
                    await index(self.log.pool, model)
                indexed = True  # the shown version has gone on meanwhile: look again
        await asyncio.Event().wait()
