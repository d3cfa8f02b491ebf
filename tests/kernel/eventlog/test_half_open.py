"""A connection that swallows what is sent on it: nobody closes it, so every wait on it must have an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from kernel.eventlog import Worker, positions, worker
from kernel.eventlog.append import POOL_MAX
from tests.faults.proxy import Proxy
from tests.kernel.eventlog.bank import ACCOUNTS, some_history
from tests.kernel.eventlog.rig import Rig, eventually


@pytest.fixture(autouse=True)
def _short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LEASE", {"idle_session_timeout": "2s"})


@asynccontextmanager
async def wire_to(dsn: str) -> AsyncGenerator[tuple[str, Proxy]]:
    """Lay a wire to a server; give the address at its near end."""
    address = urlsplit(dsn)
    proxy = await Proxy(lambda: address.port or 0).open()
    try:
        yield address._replace(netloc=address.netloc.replace(f":{address.port}", f":{proxy.port}")).geturl(), proxy
    finally:
        proxy.close()


async def leads(one: Worker) -> bool:
    return one.leading


async def test_a_leader_that_the_database_does_not_hear_leads_no_more_and_another_one_does(rig: Rig) -> None:
    dsn = (await rig.database()).runtime_dsn
    async with wire_to(dsn) as (far_dsn, wire):
        far, near = await rig.open(far_dsn), await rig.open(dsn)
        async with rig.working(Worker(far, rig.nats.url, models=[ACCOUNTS])) as first:
            await eventually(lambda: leads(first))
            async with rig.working(Worker(near, rig.nats.url, models=[ACCOUNTS])) as second:
                wire.half_open()
                await eventually(lambda: leads(second))
                await some_history(near)
                head = await near.head()
                await eventually(lambda: positions(near.pool, ACCOUNTS.name), lambda shown: shown == {"bank": head})


async def test_what_a_worker_did_over_connections_that_swallow_it_goes_on_over_new_ones(rig: Rig) -> None:
    dsn = (await rig.database()).runtime_dsn
    async with wire_to(dsn) as (far_dsn, wire):
        far, near = await rig.open(far_dsn), await rig.open(dsn)
        async with rig.working(Worker(far, rig.nats.url, models=[ACCOUNTS])) as first:
            await eventually(lambda: leads(first))
            # Every connection of the pool is open, and swallows from now on.
            await asyncio.gather(*(far.pool.execute("SELECT pg_sleep(0.5)") for _ in range(POOL_MAX)))
            wire.half_open()
            wire.heal()
            await some_history(near)
            head = await near.head()
            await eventually(lambda: positions(near.pool, ACCOUNTS.name), lambda shown: shown == {"bank": head})
