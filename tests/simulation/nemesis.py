"""What befalls the world: every fault that we know how to name, at moments and for times that the seed decides."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from kernel.eventlog.worker import LEADER_LOCK
from tests.simulation.broker import Mischief
from tests.simulation.world import FAULTS_MAX, SERVICES, TROUBLE_SECONDS, World

Fault = Callable[[World, random.Random], Awaitable[None]]


async def kill(world: World, chance: random.Random) -> None:
    """Kill a process; its supervisor starts it anew."""
    program = world.programs[chance.choice(list(world.programs))]
    world.say(f"kill {program.process.name}")
    world.loop.kill(program.process)


async def stop(world: World, chance: random.Random) -> None:
    """Tell a process to end; it does."""
    name = chance.choice(list(world.programs))
    program = world.programs[name]
    if program.task is not None and not program.task.done() and program.process.alive:
        world.say(f"stop {name}")
        program.task.cancel()


async def freeze(world: World, chance: random.Random) -> None:
    """Stop a process in the middle of whatever it does, and let it go on later as if nothing had been."""
    process = world.programs[chance.choice(list(world.programs))].process
    world.say(f"freeze {process.name}")
    process.frozen = True
    await world.pause(chance.random() * 6)
    process.frozen = False
    world.say(f"thaw {process.name}")


async def crash_database(world: World, chance: random.Random) -> None:
    """Crash a database and start it again."""
    source = chance.choice(SERVICES)
    database = world.databases[source]
    if database.up:
        world.say(f"crash {source}-db")
        database.crash()
        await world.pause(chance.random() * 2)
        database.restart()
        world.say(f"restart {source}-db")


async def disconnect(world: World, chance: random.Random) -> None:
    """End some sessions of a database."""
    source = chance.choice(SERVICES)
    world.say(f"disconnect from {source}-db")
    for _ in range(chance.randint(1, 6)):
        world.databases[source].disconnect_somebody(chance)
        await world.pause(chance.random() * 0.1)


async def slow_database(world: World, chance: random.Random) -> None:
    """Let a database's statements take long."""
    source = chance.choice(SERVICES)
    world.say(f"slow {source}-db")
    world.databases[source].slow_seconds = chance.choice((0.05, 0.5, 5.0))
    await world.pause(chance.random() * 3)
    world.databases[source].slow_seconds = 0.0


async def lose_answers(world: World, chance: random.Random) -> None:
    """Let a database's connections break when they are about to say that something is committed."""
    source = chance.choice(SERVICES)
    world.say(f"{source}-db loses answers")
    world.databases[source].lost_answers = chance.random()
    await world.pause(chance.random() * 2)
    world.databases[source].lost_answers = 0.0


async def two_leaders(world: World, chance: random.Random) -> None:
    """Let the database forget who leads: another leads now, and for some seconds the first does not know."""
    source = chance.choice(SERVICES)
    if world.databases[source].forget_holder(("advisory", LEADER_LOCK)):
        world.say(f"{source}-db forgets who leads")


async def crash_broker(world: World, chance: random.Random) -> None:
    """Crash the broker, with the loss of what no disk has seen, or of everything, and start it again."""
    if world.broker.up:
        if chance.random() < 1 / 3:
            world.say("wipe the broker")
            world.broker.wipe()
        else:
            lost = chance.choice((0, 0, 1, 3, 10, 30))
            world.say(f"crash the broker, lose {lost}")
            world.broker.crash(lost)
        await world.pause(chance.random() * 2)
        world.broker.up = True
        world.say("restart the broker")


async def cut(world: World, chance: random.Random) -> None:
    """Let nothing through between a process and a server for a while."""
    process, host = chance.choice(list(world.programs)), chance.choice(list(world.loop.network.hosts))
    world.say(f"cut {process} from {host}")
    world.loop.network.cut(process, host)
    await world.pause(chance.random() * 8)
    world.loop.network.mend(process, host)
    world.say(f"mend {process} and {host}")


async def disorder(world: World, chance: random.Random) -> None:
    """Let the broker lose, double and delay what it sends."""
    world.say("disorder in the broker")
    world.broker.mischief = Mischief(chance.random() * 0.2, chance.random() * 0.2, chance.random() * 0.3, chance.choice((0.002, 0.05)))
    await world.pause(chance.random() * 3)
    world.broker.mischief = Mischief()


async def slow_network(world: World, chance: random.Random) -> None:
    """Let everything take its time."""
    world.say("slow network")
    world.loop.network.slow = chance.choice((10.0, 100.0))
    await world.pause(chance.random() * 2)
    world.loop.network.slow = 1.0


FAULTS: Final[tuple[Fault, ...]] = (
    *(kill, kill, stop, freeze, crash_database, disconnect, lose_answers, lose_answers, slow_database, two_leaders, two_leaders),
    *(crash_broker, crash_broker, cut, cut, disorder, disorder, slow_network),
)


async def trouble(world: World) -> None:
    """Begin faults one after the other, also while others last; then wait for the last one's end."""
    chance = random.Random(f"{world.seed} nemesis")
    faults: list[asyncio.Future[None]] = []
    for _ in range(chance.randint(1, FAULTS_MAX)):
        await world.pause(chance.random() * 2 * TROUBLE_SECONDS / FAULTS_MAX)
        faults.append(asyncio.ensure_future(chance.choice(FAULTS)(world, random.Random(chance.random()))))
    await asyncio.gather(*faults)
    world.loop.network.heal()
