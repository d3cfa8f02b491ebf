"""Who leads, what happens to the others' work when one job fails, and that a worker ends when it is told to."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from prometheus_client import REGISTRY

from kernel.eventlog import Log, Worker, positions
from kernel.eventlog.worker import LEADER_LOCK
from tests.kernel.eventlog.bank import ACCOUNTS, Deposit, Open, deposit, some_history, tell
from tests.kernel.eventlog.rig import Rig, connected, eventually, patiently, published, running, somebody_waits, stored

ROOT: Final = Path(__file__).parents[3]
END_SECONDS: Final = 20.0
LEADERS_SESSION: Final = """
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = $1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
WAITING: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'SELECT pg_try_advisory_lock%' AND NOT pid = any(
        SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)
"""
"""Sessions whose last word was a vain try to lead."""

PROCESS: Final = """
import asyncio, sys
from kernel.eventlog import Log, Worker
from tests.kernel.eventlog.bank import ACCOUNTS, CODEC

async def work(dsn, url):
    await Worker(await Log(dsn, "bank", CODEC).open(), url, models=[ACCOUNTS]).run()

asyncio.run(work(*sys.argv[1:]))
"""
"""A worker as a process of its own."""


async def leading(worker: Worker) -> None:
    async def leads() -> bool:
        return worker.leading

    await eventually(leads)


async def projected(log: Log) -> None:
    head = await log.head()
    await eventually(lambda: positions(log.pool, ACCOUNTS.name), lambda found: found.get("bank") == head)


@asynccontextmanager
async def worker_process(rig: Rig, log: Log) -> AsyncGenerator[asyncio.subprocess.Process]:
    await rig.broker()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, log.dsn, rig.nats.url, cwd=ROOT)
    try:
        await eventually(lambda: log.pool.fetchval(LEADERS_SESSION, LEADER_LOCK))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


# Who leads. --------------------------------------------------------------------------------------------------------------


async def test_the_second_worker_waits_and_takes_over_when_the_first_ends(rig: Rig) -> None:
    log = await rig.log()
    first, second = (Worker(log, rig.nats.url, models=[ACCOUNTS]) for _ in range(2))
    async with rig.working(first):
        await leading(first)
        waiting = asyncio.create_task(second.run())
        await eventually(lambda: log.pool.fetchval(WAITING))
        await some_history(log)
        await rig.mirrored(log)
        await projected(log)
        assert (first.leading, second.leading, second.relay) == (True, False, None)
    async with running(waiting):
        await leading(second)
        assert not first.leading
        await some_history(log)
        await rig.mirrored(log)
        await projected(log)
    assert await published(await rig.broker()) == await stored(log)


async def test_a_worker_that_is_killed_under_load_is_followed_by_the_next_and_nothing_is_missing(rig: Rig) -> None:
    log = await rig.log()
    next_one = Worker(log, rig.nats.url, models=[ACCOUNTS])

    async def pay() -> None:
        account = uuid4()
        for amount in range(1, 401):
            await patiently(lambda amount=amount: tell(log, account, Deposit(amount)))

    async with worker_process(rig, log) as process, running(pay(), next_one.run()) as (payments, _):
        await eventually(rig.last_in_stream, lambda last: last >= 20)
        assert not next_one.leading
        process.send_signal(signal.SIGKILL)
        await leading(next_one)
        await payments
        await rig.mirrored(log)
        await projected(log)
    assert await published(await rig.broker()) == await stored(log)
    assert await log.pool.fetchval("SELECT last_deposit FROM read.account") == 400


async def test_a_worker_whose_session_is_cut_works_no_longer_and_leads_again_when_it_is_its_turn(rig: Rig) -> None:
    log = await rig.log()
    async with connected(rig.superuser(log)) as heir, rig.working(worker := Worker(log, rig.nats.url, models=[ACCOUNTS])):
        await leading(worker)
        await some_history(log)
        await rig.mirrored(log)
        relay = worker.relay
        assert relay is not None
        # Somebody stands in the queue and gets the lock in the moment in which the leader's session ends.
        taking = asyncio.create_task(heir.execute("SELECT pg_advisory_lock($1)", LEADER_LOCK))
        await eventually(lambda: somebody_waits(rig.superuser(log)))
        session = await log.pool.fetchval(LEADERS_SESSION, LEADER_LOCK)
        async with connected(rig.superuser(log)) as administrator:
            await administrator.execute("SELECT pg_terminate_backend($1)", session)
        await taking

        async def stopped() -> bool:
            return not worker.leading and relay.nats.is_closed

        await eventually(stopped)
        await eventually(lambda: log.pool.fetchval(WAITING))
        assert not worker.leading
        await heir.execute("SELECT pg_advisory_unlock($1)", LEADER_LOCK)
        await leading(worker)
        await some_history(log)
        await rig.mirrored(log)
        await projected(log)
    assert await published(await rig.broker()) == await stored(log)


# One job and the others. -------------------------------------------------------------------------------------------------


async def test_a_job_that_fails_starts_again_and_the_others_do_not_notice(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    log = await rig.log()
    worker = Worker(log, rig.nats.url, models=[ACCOUNTS], seal_key=Ed25519PrivateKey.generate())
    async with connected(rig.owner(log)) as owner:
        await owner.execute("ALTER TABLE log.seal RENAME TO seal_away")
        async with rig.working(worker):
            await leading(worker)
            await some_history(log)
            await rig.mirrored(log)
            await projected(log)

            async def failures() -> list[int]:
                return [record.levelno for record in caplog.records if record.getMessage() == "seals starts again"]

            assert set(await eventually(failures, lambda found: len(found) >= 2)) == {logging.ERROR}
            assert worker.leading
            await owner.execute("ALTER TABLE log.seal_away RENAME TO seal")
            head = await log.head()
            await eventually(lambda: log.pool.fetchval("SELECT max(upto) FROM log.seal"), lambda upto: upto == head)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == ["seals starts again"] * len(
        await failures()
    )


async def test_how_far_the_stream_is_behind_the_log_can_be_seen_while_the_broker_is_away(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()

    async def seen() -> tuple[float | None, ...]:
        own = {"consumer": f"{ACCOUNTS.name}_v{ACCOUNTS.version}", "source": "bank"}
        names: list[tuple[str, dict[str, str]]] = [("log_head", {}), ("log_relay_pos", {}), ("log_checkpoint", own)]
        return tuple(REGISTRY.get_sample_value(*name) for name in names)

    async def oldest() -> float | None:
        return REGISTRY.get_sample_value("log_relay_oldest_unpublished_seconds")

    async with rig.working(worker := Worker(log, rig.nats.url, models=[ACCOUNTS])):
        await leading(worker)
        await tell(log, account, Open("An"))
        await eventually(seen, lambda found: found == (1, 1, 1))
        rig.nats.kill()
        try:
            await deposit(log, account, 1, 2, 3)
            await eventually(seen, lambda found: found == (4, 1, 4))
            await eventually(oldest, lambda seconds: seconds is not None and seconds > 1)
        finally:
            rig.nats.restart()
        await eventually(seen, lambda found: found == (4, 4, 4))
        await eventually(oldest, lambda seconds: seconds == 0)


# Its end. ----------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def in_the_middle(moment: str, rig: Rig, log: Log, worker: Worker) -> AsyncGenerator[asyncio.Task[None]]:
    """Let a worker run until it is in a certain situation, and take the situation back afterwards."""
    async with connected(log.dsn) as holder:
        if moment == "waiting for its turn":
            await holder.execute("SELECT pg_advisory_lock($1)", LEADER_LOCK)
        if moment == "the broker was never there":
            rig.nats.kill()
        work = asyncio.create_task(worker.run())
        try:
            match moment:
                case "waiting for its turn":
                    await eventually(lambda: log.pool.fetchval(WAITING))
                case "the broker was never there":
                    await leading(worker)
                    await some_history(log)
                    await projected(log)
                case "the broker is away":
                    await leading(worker)
                    await some_history(log)
                    await rig.mirrored(log)
                    rig.nats.kill()
                    await some_history(log)
                    await projected(log)
                case _:
                    await leading(worker)
                    await some_history(log)
                    await projected(log)
            yield work
        finally:
            work.cancel()
            if moment.startswith("the broker"):
                rig.nats.restart()


def of_the_worker(task: asyncio.Task[Any]) -> bool:
    """Whether a task is neither of the test's own connection nor what nats-py forgets when a socket breaks while it closes it."""
    frame = getattr(task.get_coro(), "cr_frame", None)
    whose: Any = frame and frame.f_locals.get("self")
    return not isinstance(whose, Subscription) and (not isinstance(whose, Client) or whose.options["name"] is not None)


@pytest.mark.parametrize("moment", ["leading", "waiting for its turn", "the broker is away", "the broker was never there"])
async def test_a_worker_that_is_told_to_end_ends_and_leaves_no_task_no_lock_and_no_connection(rig: Rig, moment: str) -> None:
    log = await rig.log()
    await rig.broker()
    worker, before = Worker(log, rig.nats.url, models=[ACCOUNTS]), asyncio.all_tasks()
    async with in_the_middle(moment, rig, log, worker) as work:
        work.cancel()
        async with asyncio.timeout(END_SECONDS):
            await asyncio.wait([work])
        assert (work.cancelled(), worker.leading) == (True, False)

        async def left() -> set[asyncio.Task[Any]]:
            return {task for task in asyncio.all_tasks() - before if of_the_worker(task)}

        # What was cancelled last may still have to hear of it.
        await eventually(left, lambda tasks: not tasks)
    async with connected(log.dsn) as anybody:
        await eventually(lambda: anybody.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK))


async def test_a_worker_whose_database_is_away_ends_when_it_is_told_to(rig: Rig) -> None:
    log = await rig.log()
    async with rig.working(worker := Worker(log, rig.nats.url, models=[ACCOUNTS])):
        await leading(worker)
        rig.postgres.kill()
        try:

            async def noticed() -> bool:
                return not worker.leading

            await eventually(noticed)
        finally:
            rig.postgres.restart()
