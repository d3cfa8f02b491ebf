"""What goes wrong, and when: a schedule made from a seed, and how each fault is brought about and healed."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import asyncpg
import nats
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from deploy.local.stack import SERVICES
from kernel.eventlog.relay import stream_name
from kernel.eventlog.worker import LEADER_LOCK
from tests.faults.arena import Arena, Second, send

KINDS: Final = (
    "service-killed",
    "service-frozen",
    "wires-cut",
    "wires-half-open",
    "wires-slow",
    "broker-killed",
    "broker-frozen",
    "broker-stale",
    "broker-wiped",
    "postgres-stopped",
    "rolling-restart",
    "two-workers",
    "zombie-leader",
)
CLUSTER_KINDS: Final = (
    "service-killed",
    "wires-cut",
    "wires-half-open",
    "postgres-stopped",
    "zombie-leader",
    "rolling-restart",
    "leader-node-killed",
    "leader-node-frozen",
    "node-wiped",
)
SECONDS: Final = (0.5, 4.0)
SLOW_SECONDS: Final = (0.02, 0.2)
READY_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05
ASK_SECONDS: Final = 5
HALF: Final = 0.5
DEPOSE: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) + objid::bigint = $1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: what, to which service, on its way to which server, for how long.

    `severity` is a number from 0 to 1 for whatever else has to be chosen.
    """

    kind: str
    victim: str
    server: str
    seconds: float
    severity: float


def schedule(seed: int, *, cluster: bool) -> Iterator[Fault]:
    """Give faults without end: round after round, each kind once in every round. The same seed gives the same faults."""
    chance = Random(seed)  # noqa: S311 - a schedule, not a secret
    for _ in itertools.count():
        for kind in chance.sample(kinds := CLUSTER_KINDS if cluster else KINDS, len(kinds)):
            yield Fault(
                kind, chance.choice(SERVICES), chance.choice(("postgres", "nats")), round(chance.uniform(*SECONDS), 1), chance.random()
            )


@dataclass
class Nemesis:
    """Brings faults about in an arena, and heals each before it returns. `others` learns of second processes."""

    arena: Arena
    others: dict[str, str]
    count: Counter[str] = field(default_factory=Counter[str])

    async def strike(self, fault: Fault) -> None:
        """Bring one fault about, let it last, heal it.

        Raises:
            TimeoutError: if what was struck does not come back.
        """
        self.count[fault.kind] += 1
        await getattr(self, f"_{fault.kind.replace('-', '_')}")(fault)

    async def _service_killed(self, fault: Fault) -> None:
        await self._killed(fault.victim, signal.SIGKILL)

    async def _service_frozen(self, fault: Fault) -> None:
        """Stop a service in whatever it is doing, sometimes for longer than a leader may be silent."""
        await self._frozen(fault.victim, fault.seconds * 4)

    async def _wires_cut(self, fault: Fault) -> None:
        wires = self.arena.wires(fault.victim, fault.server)
        for _ in range(1 + round(fault.severity * 4)):
            for wire in wires:
                wire.cut()
            await last(fault.seconds / 4)

    async def _wires_half_open(self, fault: Fault) -> None:
        wires = self.arena.wires(fault.victim, fault.server)
        for wire in wires:
            wire.half_open()
        await last(fault.seconds)
        for wire in wires:
            wire.heal()

    async def _wires_slow(self, fault: Fault) -> None:
        wires = self.arena.wires(fault.victim, fault.server)
        for wire in wires:
            wire.delay_seconds = SLOW_SECONDS[0] + fault.severity * (SLOW_SECONDS[1] - SLOW_SECONDS[0])
        await last(fault.seconds)
        for wire in wires:
            wire.heal()

    async def _broker_killed(self, fault: Fault) -> None:
        self.arena.hold("nats")
        await self._down("nats")
        self.keep_copy()
        await last(fault.seconds)
        await self._back("nats")

    async def _broker_frozen(self, fault: Fault) -> None:
        await self._frozen("nats", fault.seconds * 2)

    async def _broker_stale(self, fault: Fault) -> None:
        """Put an old copy of the streams in the place of the present ones, as somebody does who restores a backup."""
        self.arena.hold("nats")
        await self._down("nats")
        if self.keep_copy():
            await self._back("nats")
            await last(fault.seconds)
            self.arena.hold("nats")
            await self._down("nats")
        store = self.arena.brokers["nats"].store
        shutil.rmtree(store)
        shutil.copytree(self._copy, store)
        await self._back("nats")

    async def _broker_wiped(self, _: Fault) -> None:
        await self._wiped("nats")

    async def _postgres_stopped(self, fault: Fault) -> None:
        """Stop PostgreSQL as `pg_ctl stop -m immediate` does, or more rudely; it recovers from its write-ahead log."""
        await self._killed("postgres", signal.SIGKILL if fault.severity < HALF / 2 else signal.SIGQUIT)

    async def _rolling_restart(self, _: Fault) -> None:
        for service in SERVICES:
            await self._killed(service, signal.SIGTERM)

    async def _two_workers(self, fault: Fault) -> None:
        """Run a second whole process of a service, which also gets commands; it leads when the first one is killed."""
        second = Second(self.arena, fault.victim, "all")
        second.start()
        try:
            await until(lambda: second.ready, READY_SECONDS, f"a second {fault.victim} is ready")
            self.others[fault.victim] = second.url
            await last(fault.seconds)
            await self._killed(fault.victim, signal.SIGKILL)
            await last(fault.seconds)
        finally:
            self.others.pop(fault.victim, None)
            await second.end()

    async def _zombie_leader(self, fault: Fault) -> None:
        """Let a leader sleep, let PostgreSQL forget it, let another one lead, wake the first: it believes that it leads still.

        PostgreSQL forgets all of its sessions, or only the one that holds the lock; then the sleeper wakes up with a relay and
        projectors that work, beside those of its successor.
        """
        second, pid = Second(self.arena, fault.victim, "worker"), self.arena.pid(fault.victim)
        second.start()
        try:
            await until(lambda: second.ready, READY_SECONDS, f"a second {fault.victim} is ready")
            send(pid, signal.SIGSTOP)
            if fault.severity < HALF:
                for wire in self.arena.wires(fault.victim, "postgres"):
                    wire.strand()
            else:
                await self._depose(fault.victim)
            await last(fault.seconds * 2)
            send(pid, signal.SIGCONT)
            await last(fault.seconds)
        finally:
            send(pid, signal.SIGCONT)
            await second.end()

    async def _depose(self, service: str) -> None:
        """Let PostgreSQL end the session that holds the leader's lock."""
        dsn = self.arena.postgres.admin_dsn.removesuffix("/postgres") + f"/{service}"
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(DEPOSE, LEADER_LOCK)
        finally:
            await connection.close()

    async def _leader_node_killed(self, fault: Fault) -> None:
        await self._killed(await self._leader(fault.victim), signal.SIGKILL)

    async def _leader_node_frozen(self, fault: Fault) -> None:
        """Let the leader of a stream sleep until the others have chosen another, and wake up believing that it leads still."""
        await self._frozen(await self._leader(fault.victim), fault.seconds * 3)
        await asyncio.to_thread(self.arena.wait_ready, READY_SECONDS)

    async def _node_wiped(self, fault: Fault) -> None:
        """Lose everything that one node has kept; the two others have it."""
        nodes = self.arena.nats_names
        await self._wiped(nodes[int(fault.severity * len(nodes))])

    async def _leader(self, service: str) -> str:
        """Give the name of the node that leads a service's stream; the first one while none does."""
        client = await nats.connect(self.arena.nats_url().split(","), connect_timeout=ASK_SECONDS)
        try:
            cluster = (await client.jetstream().stream_info(stream_name(service))).cluster
        except (NatsError, JetStreamError, TimeoutError):
            cluster = None
        finally:
            await client.close()
        return self.arena.nats_names[0] if cluster is None or not cluster.leader else cluster.leader.removeprefix("motcua-")

    @property
    def _copy(self) -> Path:
        return self.arena.data / "stale"

    def keep_copy(self) -> bool:
        """Keep a copy of the broker's store, unless there is an older one; the broker must be down. Give whether it was the first."""
        first = not self._copy.exists()
        if first:
            shutil.copytree(self.arena.brokers["nats"].store, self._copy)
        return first

    async def _wiped(self, name: str) -> None:
        self.arena.hold(name)
        await self._down(name)
        shutil.rmtree(self.arena.brokers[name].store)
        await self._back(name)

    async def _frozen(self, name: str, seconds: float) -> None:
        """Stop a process in whatever it is doing, and let it go on as if no time had passed."""
        pid = self.arena.pid(name)
        send(pid, signal.SIGSTOP)
        try:
            await last(seconds)
        finally:
            send(pid, signal.SIGCONT)

    async def _killed(self, name: str, by: signal.Signals) -> None:
        """End a process and wait until the supervisor has started it again and it answers."""
        restarts = self.arena.restarts(name)
        self.arena.kill(name, by)
        await until(lambda: self.arena.restarts(name) > restarts, READY_SECONDS, f"{name} is started again")
        await asyncio.to_thread(self.arena.wait_ready, READY_SECONDS)

    async def _down(self, name: str) -> None:
        await until(lambda: self.arena.pid(name) is None, READY_SECONDS, f"{name} is down")

    async def _back(self, name: str) -> None:
        self.arena.release(name)
        await until(lambda: self.arena.pid(name) is not None, READY_SECONDS, f"{name} is back")
        await asyncio.to_thread(partial(self.arena.wait_ready, READY_SECONDS))


async def last(seconds: float) -> None:
    """Let a fault last."""
    await asyncio.sleep(seconds)


async def until(condition: Callable[[], bool], within_seconds: float, what: str) -> None:
    """Ask for a condition until a deadline.

    Raises:
        TimeoutError: if it does not hold by then.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + within_seconds
    while not await asyncio.to_thread(condition):
        if loop.time() > end:
            message = f"not within {within_seconds:.0f} s: {what}"
            raise TimeoutError(message)
        await asyncio.sleep(POLL_SECONDS)
