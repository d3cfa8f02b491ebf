"""The log in a world where everything fails, some thousand times over."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import Final
from uuid import UUID

import pytest
from nats.aio.client import Client

from kernel.eventlog import Log
from kernel.eventlog.recover import recover
from kernel.eventlog.seal import key_id_of
from tests.kernel.eventlog.bank import Deposit
from tests.mutations.mutations import ROOT
from tests.simulation.broker import Mischief
from tests.simulation.world import SEAL_KEY, World, run

SEEDS: Final = int(os.environ.get("MOTCUA_SIMULATION_SEEDS", "2000"))
FIRST: Final = int(os.environ.get("MOTCUA_SIMULATION_FROM", "0"))
SEEDS_PER_TEST: Final = 50
ACCOUNT: Final = UUID(int=1)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FIRST, FIRST + SEEDS, SEEDS_PER_TEST))
def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice_whatever_fails(first: int) -> None:
    for seed in range(first, min(first + SEEDS_PER_TEST, FIRST + SEEDS)):
        world = run(seed)
        assert not world.findings, f"{world.findings}\npython -m tests.simulation --seed {seed}"


def test_the_same_seed_is_the_same_run_in_every_process() -> None:
    command = "from tests.simulation.world import run; print(*(run(seed).trace_hash for seed in range(4)))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-W", "ignore", "-c", command], check=True, capture_output=True, text=True, env=environment)
    hashes = [run(seed).trace_hash for seed in range(4)]
    assert other.stdout.split() == hashes
    assert len(set(hashes)) == 4


async def deposits(world: World, *names: str) -> None:
    """Make deposits through the first of the bank's processes, one after the other."""
    for name in names:
        await world.until(lambda: world.programs["bank-1"].open and world.programs["bank-1"].process.alive)
        log = world.programs["bank-1"].log
        await asyncio.wait([world.loop.start(world.programs["bank-1"].process, world.command(name, ACCOUNT, Deposit(1), log))])


async def at_rest(world: World) -> None:
    """Wait until everything is level."""
    await world.until(lambda: world.head("bank") and not world.unlevel())


def test_a_last_delivery_that_is_lost_is_noticed_though_none_follows() -> None:
    async def story(world: World) -> None:
        await deposits(world, "first")
        await at_rest(world)
        world.broker.mischief = Mischief(drop=1.0)
        await deposits(world, "second")
        await world.until(lambda: world.broker.streams["BANK"].last == world.head("bank"))
        world.broker.mischief = Mischief()
        await at_rest(world)

    assert not run(0, story, clients=0).findings


def test_a_log_that_was_put_back_takes_nothing_on_until_it_has_its_tail_again() -> None:
    async def story(world: World) -> None:
        await deposits(world, "first")
        older = world.databases["bank"].copy()
        await deposits(world, "second", "third")
        await at_rest(world)
        program = world.programs["bank-1"]
        world.databases["bank"].restore(older)
        await world.until(lambda: world.databases["bank"].table("head")["head",]["halted_at"] is not None)
        await deposits(world, "refused")
        assert "refused" not in world.acknowledged
        await asyncio.wait([world.loop.start(program.process, put_right(program.log))])
        assert world.head("bank") == 3
        await deposits(world, "fourth")
        await at_rest(world)

    assert not run(0, story, clients=0).findings


async def put_right(log: Log) -> None:
    """Bring the tail of the bank's log back from its stream, as an operator would."""
    client = Client()
    await client.connect("nats://broker:4222")
    try:
        async with log.pool.acquire() as connection:
            key = SEAL_KEY.public_key()
            await recover(connection, client, "bank", {key_id_of(key): key})
    finally:
        await client.close()


def test_a_log_restored_from_an_older_copy_publishes_nothing_behind_the_events_of_the_newer() -> None:
    async def story(world: World) -> None:
        await deposits(world, "first")
        older = world.databases["bank"].copy()
        await deposits(world, "second", "third")
        await at_rest(world)
        newer, published = world.databases["bank"].copy(), list(world.broker.streams["BANK"].messages)
        world.databases["bank"].restore(older)
        await deposits(world, "fourth", "fifth", "sixth")
        await world.pause(10)
        assert world.broker.streams["BANK"].messages == published
        world.databases["bank"].restore(newer)
        world.acknowledged = {}
        await at_rest(world)

    assert not run(0, story, clients=0).findings
