"""While a service is updated: what an API waits for, what a new leader heals, and what is thrown away afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

from kernel.edge.versions import keep_unparking, retire, shown_check
from kernel.eventlog import Codec, Log, ReadModel, Worker, positions
from kernel.eventlog.project import Projector
from kernel.eventlog.rebuild import install, switch
from tests.kernel.eventlog.bank import CODEC, Deposited, Opened, add, some_history
from tests.kernel.eventlog.ledger import parked
from tests.kernel.eventlog.rig import Rig, carried, eventually, running
from tests.kernel.eventlog.test_rebuild import FIRST, SECOND, project, shown

OLDER: Final = Codec({Opened.TYPE: Opened})
"""What a program reads that does not know of deposits yet."""


@asynccontextmanager
async def leading(rig: Rig, log: Log, codec: Codec) -> AsyncGenerator[None]:
    """Let a worker lead whose program knows these facts."""
    worker = Worker(await rig.open(log.dsn, codec=codec), rig.nats.url, models=[FIRST])
    async with rig.working(worker), running(keep_unparking(worker)):
        yield


async def test_an_api_is_unready_until_its_version_is_shown_and_stays_ready_if_an_older_one_comes_back(rig: Rig) -> None:
    log = await rig.log()
    check = shown_check(log, [SECOND])
    assert await check() == "filling"  # nobody has made any
    await project(log, FIRST)
    await project(log, SECOND)
    assert await check() == "filling"
    await switch(log.pool, SECOND)
    assert await check() is None
    await switch(log.pool, FIRST)
    assert await check() is None
    assert await shown_check(log, [SECOND])() == "filling"


async def test_several_who_ask_at_once_are_told_the_same(rig: Rig) -> None:
    log = await rig.log()
    other = ReadModel("other", 1, ("bank",), "CREATE TABLE entry (n bigint PRIMARY KEY, pos_bank bigint);", ())
    await project(log, SECOND)
    check = shown_check(log, [other, SECOND])
    assert await asyncio.gather(*(check() for _ in range(5))) == ["filling"] * 5  # nobody has made the other one
    await project(log, other)
    assert await asyncio.gather(*(check() for _ in range(5))) == [None] * 5


async def test_an_older_api_is_ready_on_a_later_version(rig: Rig) -> None:
    log = await rig.log()
    await project(log, SECOND)
    assert await shown_check(log, [FIRST])() is None


async def test_a_fact_that_the_older_program_parked_is_applied_by_the_newer_one_that_leads_next(rig: Rig) -> None:
    await rig.broker()
    log = await rig.log()
    await add(log, uuid4(), [Opened(owner="Nguyễn Văn An"), Deposited(amount=5)])
    async with leading(rig, log, OLDER):
        await eventually(lambda: parked(log), lambda found: len(found) == 1)
    async with leading(rig, log, CODEC):
        await eventually(lambda: parked(log), lambda found: not found)
        assert await log.pool.fetchval("SELECT last_deposit FROM read.account") == 5


async def test_what_still_cannot_be_applied_stays_parked(rig: Rig) -> None:
    await rig.broker()
    log = await rig.log()
    await add(log, uuid4(), [Opened(owner="Nguyễn Văn An"), Deposited(amount=5)])
    async with leading(rig, log, OLDER):
        await eventually(lambda: parked(log), lambda found: len(found) == 1)
    async with leading(rig, log, OLDER):
        await add(log, uuid4(), [Opened(owner="Trần Thị Bình")])
        await eventually(lambda: positions(log.pool, FIRST.name), lambda found: found["bank"] == 3)
    assert len(await parked(log)) == 1


async def test_retiring_takes_what_is_shown_no_more_and_what_it_had_parked(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    older = Projector(FIRST, log.pool, OLDER)
    await install(log.pool, FIRST)
    await older.apply(await carried(log, after=await older.begin("bank")))
    assert await parked(log)
    await project(log, SECOND)
    await retire(log.pool, [SECOND])
    assert await parked(log)  # the older version is shown still: nothing may go
    await switch(log.pool, SECOND)
    await retire(log.pool, [SECOND])
    assert await parked(log) == []
    assert await log.pool.fetchval("SELECT to_regnamespace($1)", FIRST.consumer) is None
    assert (await shown(log))[0] == 2
