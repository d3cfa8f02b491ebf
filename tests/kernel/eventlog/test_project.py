from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.eventlog import Columns, Doubt, Fenced, Log, Projection, ReadModel, Recorded, Watch, Worker, positions
from kernel.eventlog.errors import UNAVAILABLE
from kernel.eventlog.project import Projector
from kernel.eventlog.rebuild import install
from kernel.eventlog.subscriber import Carried
from kernel.eventlog.verify import Verdict, verify_read_model
from tests.kernel.eventlog.bank import (
    ACCOUNTS,
    CODEC,
    MONDAY,
    Deposited,
    Noted,
    Open,
    Opened,
    Withdrawn,
    add,
    deposit,
    meta,
    some_history,
    tell,
)
from tests.kernel.eventlog.ledger import parked
from tests.kernel.eventlog.rig import Rig, carried, connected, eventually, somebody_waits

(OWNED,) = ACCOUNTS.projections


def noted_columns(event: Recorded) -> Columns:
    return {"noted": event.fact.amount} if isinstance(event.fact, Noted) else {}


def amount(event: Recorded) -> int | None:
    return getattr(event.fact, "amount", None)


def amount_columns(event: Recorded) -> Columns:
    match event.fact:
        case Deposited():
            return {"deposited_at": event.time, "depositor": event.stream}
        case Withdrawn():
            return {"withdrawn_at": event.time}
        case _:
            return {}


OFFICE = ReadModel(
    name="office",
    version=1,
    sources=("bank", "audit"),
    ddl="CREATE TABLE account (id uuid PRIMARY KEY, owner text, opened_at timestamptz, last_deposit integer, noted integer,"
    " pos_bank bigint, pos_audit bigint);"
    "CREATE TABLE amount (amount integer PRIMARY KEY, deposited_at timestamptz, withdrawn_at timestamptz, depositor uuid,"
    " pos_bank bigint, pos_audit bigint);",
    projections=(
        Projection("account", "id", lambda event: event.stream, lambda event: {**OWNED.columns(event), **noted_columns(event)}),
        Projection("amount", "amount", amount, amount_columns),
    ),
)
"""Two tables from two logs; `amount` has one row for the deposits and withdrawals of all accounts."""


async def projector_of(log: Log, model: ReadModel = ACCOUNTS) -> Projector:
    """Make the tables if they are not there, and stand at the checkpoints."""
    await install(log.pool, model)
    projector = Projector(model, log.pool, CODEC)
    for source in model.sources:
        await projector.begin(source)
    return projector


async def rows(log: Log, table: str = "accounts_v1.account") -> list[dict[str, Any]]:
    return [dict(row) for row in await log.pool.fetch(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608 - names from here


async def only_row(log: Log, table: str = "accounts_v1.account") -> dict[str, Any]:
    (row,) = await rows(log, table)
    return row


@asynccontextmanager
async def held_up(rig: Rig, log: Log, work: Any) -> AsyncGenerator[asyncio.Task[None]]:
    """Start some work and give it when it stands before the table of accounts, with its transaction half done."""
    async with connected(rig.superuser(log)) as rival:
        transaction = rival.transaction()
        await transaction.start()
        await rival.execute("LOCK TABLE accounts_v1.account")
        task = asyncio.ensure_future(work)
        await eventually(lambda: somebody_waits(log.dsn))
        yield task
        await transaction.rollback()


async def test_an_event_sets_its_own_columns_and_leaves_the_others(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    projector = await projector_of(log)
    await tell(log, account, Open("Nguyễn Thị Ánh"))
    await projector.apply(await carried(log))
    row = {"id": account, "owner": "Nguyễn Thị Ánh", "opened_at": MONDAY, "last_deposit": None, "pos_bank": 1}
    assert await only_row(log) == row

    await deposit(log, account, 5)
    await projector.apply(await carried(log, after=1))
    assert await only_row(log) == {**row, "last_deposit": 5, "pos_bank": 2}


async def test_many_events_of_one_batch_for_one_row_become_one_row_with_the_last_of_each_column(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    projector = await projector_of(log)
    await deposit(log, account, 1, 2)
    await tell(log, account, Open("An"))
    await deposit(log, account, 3)
    await projector.apply(await carried(log))
    assert await only_row(log) == {"id": account, "owner": "An", "opened_at": MONDAY, "last_deposit": 3, "pos_bank": 4}


async def test_what_is_no_business_of_a_projection_only_moves_its_checkpoint(rig: Rig) -> None:
    log = await rig.log()
    projector = await projector_of(log, OFFICE)
    await tell(log, uuid4(), Open("An"))  # has no amount: the key is None
    await add(log, uuid4(), [Withdrawn(amount=1)])  # sets no column of the account
    await projector.apply(await carried(log))
    assert [row["owner"] for row in await rows(log, "office_v1.account")] == ["An"]
    assert [row["amount"] for row in await rows(log, "office_v1.amount")] == [1]
    assert await positions(log.pool, "office") == {"bank": 2, "audit": 0}


async def test_a_column_can_be_taken_back(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()

    def nothing_is_null(event: Recorded) -> Columns:
        return {"last_deposit": event.fact.amount or None}

    taken_back = replace(OWNED, columns=nothing_is_null)
    projector = await projector_of(log, replace(ACCOUNTS, projections=(taken_back,)))
    await add(log, account, [Deposited(amount=5)])
    await projector.apply(await carried(log))
    await add(log, account, [Deposited(amount=0)])
    await projector.apply(await carried(log, after=1))
    assert (await only_row(log))["last_deposit"] is None


async def test_the_same_batch_twice_is_once(rig: Rig) -> None:
    log = await rig.log()
    projector = await projector_of(log)
    await some_history(log)
    batch = await carried(log)
    await projector.apply(batch)
    before = await rows(log)
    with pytest.raises(Doubt):
        await projector.apply(batch)
    rival = Projector(ACCOUNTS, log.pool, CODEC)
    rival.positions["bank"] = 0
    with pytest.raises(Fenced):
        await rival.apply(batch)
    assert await rows(log) == before


async def test_a_replay_from_an_older_checkpoint_never_shows_anything_older(rig: Rig) -> None:
    log = await rig.log()
    projector = await projector_of(log)
    await some_history(log)
    await projector.apply(await carried(log))
    before = await rows(log)

    # As after a restore in which the checkpoints were older than the tables.
    await log.pool.execute("UPDATE log.checkpoint SET pos = 2")
    assert await projector.begin("bank") == 2
    for upto in range(3, await log.head() + 1):
        await projector.apply(await carried(log, after=upto - 1, upto=upto))
        assert await rows(log) == before


async def test_a_projector_that_dies_in_the_middle_leaves_nothing(rig: Rig) -> None:
    log = await rig.log()
    projector = await projector_of(log)
    await some_history(log)
    async with held_up(rig, log, projector.apply(await carried(log))) as task:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    assert await rows(log) == []
    assert await projector.begin("bank") == 0
    await projector.apply(await carried(log))
    assert len(await rows(log)) == 3


async def test_a_database_session_killed_in_the_middle_leaves_nothing_and_parks_nothing(rig: Rig) -> None:
    log = await rig.log()
    projector = await projector_of(log)
    await some_history(log)
    async with held_up(rig, log, projector.apply(await carried(log))) as task:
        async with connected(rig.superuser(log)) as killer:
            await killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with pytest.raises(UNAVAILABLE):
            await task
    assert await rows(log) == []
    assert await parked(log) == []
    await projector.apply(await carried(log, after=await projector.begin("bank")))
    assert len(await rows(log)) == 3


async def test_a_killed_postgres_takes_rows_and_checkpoint_back_together(rig: Rig) -> None:
    log = await rig.log()
    projector = await projector_of(log)
    await some_history(log, accounts=1, deposits=30)
    for pos in range(1, 20):
        await projector.apply(await carried(log, after=pos - 1, upto=pos))
    # Projectors do not wait for the disk: the last moments may be lost, but never one without the other.
    rig.postgres.kill()
    rig.postgres.restart()
    await eventually(lambda: alive(log))
    pos = await projector.begin("bank")
    assert pos == ((await rows(log)) or [{"pos_bank": 0}])[0]["pos_bank"]
    await projector.apply(await carried(log, after=pos))
    assert (await only_row(log))["last_deposit"] == 30


async def alive(log: Log) -> bool:
    """Whether the pool has connections again that are not those of before."""
    try:
        return await log.pool.fetchval("SELECT true")
    except UNAVAILABLE:
        return False


async def test_an_event_that_breaks_one_table_is_in_none(rig: Rig) -> None:
    log, broken, whole = await rig.log(), uuid4(), uuid4()
    projector = await projector_of(log, OFFICE)
    await add(log, broken, [Opened(owner="An"), Deposited(amount=2**31)])  # more than the column holds
    await add(log, whole, [Deposited(amount=7)])
    await projector.apply(await carried(log))
    assert [line for line, _ in await parked(log)] == ["bank/2"]
    assert {row["id"]: row["last_deposit"] for row in await rows(log, "office_v1.account")} == {broken: None, whole: 7}
    assert [row["amount"] for row in await rows(log, "office_v1.amount")] == [7]


async def test_a_bug_in_a_projection_parks_a_dossiers_facts_until_it_is_mended(rig: Rig) -> None:
    log = await rig.log()
    first, second = await some_history(log, accounts=2, deposits=3)

    def faulty(event: Recorded) -> Columns:
        if event.stream == first and event.version == 2:
            raise KeyError("a bug")
        return OWNED.columns(event)

    projector = await projector_of(log, replace(ACCOUNTS, projections=(replace(OWNED, columns=faulty),)))
    await projector.apply(await carried(log))
    assert {row["id"]: row["last_deposit"] for row in await rows(log)} == {first: None, second: 3}
    assert [line for line, _ in await parked(log)] == ["bank/3", "bank/5", "bank/7"]

    mended = await projector_of(log)
    assert await mended.unpark(first) == 3
    assert {row["id"]: row["last_deposit"] for row in await rows(log)} == {first: 3, second: 3}
    assert await parked(log) == []


async def test_a_parked_fact_that_came_too_late_for_a_row_of_several_streams_stays_parked_and_is_said(rig: Rig) -> None:
    log, late = await rig.log(), uuid4()
    office = await projector_of(log, OFFICE)
    await add(log, late, [Withdrawn(amount=5)])
    await deposit(log, uuid4(), 5)  # the same row of `amount`, from another stream

    def faulty(event: Recorded) -> Columns:
        if isinstance(event.fact, Withdrawn):
            raise KeyError("a bug")
        return amount_columns(event)

    broken = replace(OFFICE, projections=(OFFICE.projections[0], replace(OFFICE.projections[1], columns=faulty)))
    await (await projector_of(log, broken)).apply(await carried(log))
    assert [line for line, _ in await parked(log)] == ["bank/1"]
    # The row is good for position 2 already. Dropping the fact in silence would be a lie; only a rebuild can set both.
    with pytest.raises(Doubt, match=r"office_v1\.amount: .*rebuild"):
        await office.unpark(late)
    assert [line for line, _ in await parked(log)] == ["bank/1"]


async def test_facts_of_two_logs_meet_in_one_row_and_nothing_shows_before_its_cause(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    account = uuid4()
    await tell(bank, account, Open("An"))
    await deposit(bank, account, 5)
    await add(audit, account, [Noted(amount=5)], meta(cause="bank/2"))
    projector = await projector_of(audit, OFFICE)
    noting = asyncio.create_task(projector.apply(await carried(audit)))
    await projector.apply(await carried(bank, upto=1))
    assert (await only_row(audit, "office_v1.account"))["noted"] is None
    assert not noting.done()
    await projector.apply(await carried(bank, after=1))
    await noting
    row = {"id": account, "owner": "An", "opened_at": MONDAY, "last_deposit": 5, "noted": 5, "pos_bank": 2, "pos_audit": 1}
    assert await only_row(audit, "office_v1.account") == row


def parts(batch: Carried, cuts: Sequence[int]) -> list[Carried]:
    """Cut a batch at some places."""
    bounds = sorted({0, len(batch.events), *(cut % len(batch.events) for cut in cuts)})
    return [Carried(batch.source, batch.events[a:b]) for a, b in pairwise(bounds)]


@pytest_asyncio.fixture(name="two_logs")
async def two_logs_fixture(rig: Rig) -> tuple[Log, Log, list[Any]]:
    """Give two logs that write about the same accounts, and a list to keep the first result in."""
    bank, audit = await rig.log(), await rig.log("audit")
    accounts = await some_history(bank, accounts=3, deposits=4)
    for n, account in enumerate(accounts * 3):
        await add(bank, account, [Withdrawn(amount=n % 4)])
        await add(audit, account, [Noted(amount=n)])
    return bank, audit, []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 40), max_size=6), order=st.randoms(use_true_random=False))
async def test_however_the_logs_are_cut_and_mixed_the_tables_are_the_fold_of_the_logs(two_logs: Any, cuts: list[int], order: Any) -> None:
    bank, audit, expected = two_logs
    await audit.pool.execute("DROP SCHEMA IF EXISTS office_v1 CASCADE")
    await audit.pool.execute("UPDATE log.checkpoint SET pos = 0 WHERE consumer = 'office_v1'")
    projector = await projector_of(audit, OFFICE)
    waiting = {log.source: parts(await carried(log), cuts) for log in (bank, audit)}
    while any(waiting.values()):
        source = order.choice([source for source, left in waiting.items() if left])
        await projector.apply(waiting[source].pop(0))
    found = [await rows(audit, f"office_v1.{table}") for table in OFFICE.tables]
    assert found == (expected or found)
    expected[:] = found
    verdict = Verdict("audit")
    async with bank.pool.acquire() as one, audit.pool.acquire() as other:
        await verify_read_model(other, OFFICE, CODEC, {"bank": one, "audit": other}, verdict)
    assert verdict.findings == []


def shown(log: Log, model: str) -> Callable[[], Awaitable[int]]:
    async def where() -> int:
        return (await positions(log.pool, model)).get("bank", 0)

    return where


async def test_ones_own_log_is_projected_while_the_broker_is_away(rig: Rig) -> None:
    log = await rig.log()
    async with rig.working(Worker(log, rig.nats.url, models=[ACCOUNTS])):
        rig.nats.kill()
        try:
            (account,) = await some_history(log, accounts=1, deposits=3)
            assert await Watch(shown(log, "accounts")).until(await log.head(), 5)
            assert (await only_row(log, "read.account"))["id"] == account
        finally:
            rig.nats.restart()


async def test_waiting_for_a_read_model_ends_when_it_has_seen_enough_or_time_is_up(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    projector = await projector_of(log)
    await deposit(log, account, 1, 2)
    assert not await Watch(shown(log, "accounts")).until(2, 0.05)
    waiting = asyncio.create_task(Watch(shown(log, "accounts")).until(2, 10))
    await projector.apply(await carried(log, upto=1))
    assert not waiting.done()
    await projector.apply(await carried(log, after=1))
    assert await waiting
    assert not await Watch(shown(log, "no such model")).until(1, 0)


async def test_a_row_and_the_checkpoint_are_written_by_one_transaction_or_the_row_is_not_written(rig: Rig) -> None:
    log = await rig.log()
    await install(log.pool, ACCOUNTS)
    reader = Projector(ACCOUNTS, log.pool, CODEC)
    await reader.begin("bank")
    for _ in range(2):
        await add(log, uuid4(), [Opened(owner="An")])
    await reader.apply(await carried(log, upto=1))
    together = "SELECT c.pos, c.xmin = a.xmin AS together FROM log.checkpoint AS c, accounts_v1.account AS a"
    assert [tuple(row) for row in await log.pool.fetch(together)] == [(1, True)]
    await log.pool.execute("UPDATE log.checkpoint SET pos = 2")
    with pytest.raises(Fenced):
        await reader.apply(await carried(log, after=1))
    assert [tuple(row) for row in await log.pool.fetch(together)] == [(2, False)]
