from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from kernel.eventlog import Doubt, Fenced, consume
from kernel.eventlog.sql import Connection
from kernel.eventlog.subscriber import Carried
from tests.kernel.eventlog.bank import Deposited, Noted, add, deposit, meta, some_history
from tests.kernel.eventlog.ledger import Ledger, audit_log, lines, parked
from tests.kernel.eventlog.rig import Rig, carried, eventually


def is_deposit_of(*amounts: int) -> Callable[[Any], bool]:
    return lambda fact: isinstance(fact, Deposited) and fact.amount in amounts


def spoil(batch: Carried, pos: int, body: bytes) -> Carried:
    return Carried(batch.source, tuple((p, body if p == pos else b) for p, b in batch.events))


async def test_a_batch_moves_the_checkpoint_and_is_applied_in_order(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    ledger = Ledger(audit)
    assert await ledger.begin("bank") == 0
    await ledger.apply(await carried(bank))
    assert await lines(audit) == ["bank/1", "bank/2", "bank/3"]
    assert await Ledger(audit).begin("bank") == 3


async def test_a_batch_read_twice_is_applied_once(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    ledger = Ledger(audit)
    await ledger.begin("bank")
    await ledger.apply(await carried(bank))
    with pytest.raises(Doubt, match="bank/1 does not follow 3"):
        await ledger.apply(await carried(bank))
    assert await lines(audit) == ["bank/1", "bank/2", "bank/3"]


async def test_a_batch_that_leaves_something_out_is_a_doubt(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    ledger = Ledger(audit)
    await ledger.begin("bank")
    with pytest.raises(Doubt, match="bank/2 does not follow 0"):
        await ledger.apply(await carried(bank, after=1))
    assert await lines(audit) == []


async def test_a_second_consumer_of_the_same_name_is_fenced(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    one, other = Ledger(audit), Ledger(audit)
    for ledger in (one, other):
        await ledger.begin("bank")
    await one.apply(await carried(bank))
    with pytest.raises(Fenced):
        await other.apply(await carried(bank))
    assert await lines(audit) == ["bank/1", "bank/2", "bank/3"]


async def test_of_two_consumers_at_the_same_moment_one_is_fenced(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    ledgers = [Ledger(audit) for _ in range(4)]
    for ledger in ledgers:
        await ledger.begin("bank")
    batch = await carried(bank)
    answers = await asyncio.gather(*(ledger.apply(batch) for ledger in ledgers), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Fenced", "Fenced", "Fenced", "NoneType"]
    assert await lines(audit) == ["bank/1", "bank/2", "bank/3"]


async def test_a_consumer_that_dies_in_the_middle_leaves_nothing(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    ledger, reached = Ledger(audit), asyncio.Event()

    async def hang(connection: Connection) -> None:
        await connection.execute("INSERT INTO ledger (source, pos) VALUES ('bank', 1)")
        reached.set()
        await asyncio.Event().wait()

    ledger.before = hang
    await ledger.begin("bank")
    task = asyncio.create_task(ledger.apply(await carried(bank)))
    await reached.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await lines(audit) == []
    assert await Ledger(audit).begin("bank") == 0


async def test_a_fact_that_cannot_be_applied_is_parked_with_the_later_ones_of_its_stream(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    first, second, third = await some_history(bank, accounts=3, deposits=4)
    ledger = Ledger(audit)
    # Deposit 2 of every account breaks; only the first account has it.
    broken = (await bank.load(first)).events[2]
    ledger.faulty = is_deposit_of(2)
    batch = await carried(bank)
    await ledger.begin("bank")
    await ledger.apply(Carried("bank", batch.events[: broken.pos]))

    assert await parked(audit) == [(f"bank/{broken.pos}", f"ZeroDivisionError: cannot apply {broken.pos}")]
    ledger.faulty = lambda _: False
    await ledger.apply(Carried("bank", batch.events[broken.pos :]))

    later = [f"bank/{event.pos}" for event in (await bank.load(first)).events[2:]]
    assert [line for line, _ in await parked(audit)] == later
    assert await lines(audit, first) == ["bank/1", "bank/4"]
    for other in (second, third):
        assert await lines(audit, other) == [f"bank/{event.pos}" for event in (await bank.load(other)).events]
    assert ledger.positions["bank"] == await bank.head()


async def test_unparking_applies_a_stream_in_order_after_the_mend(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    first, second = await some_history(bank, accounts=2, deposits=4)
    ledger = Ledger(audit)
    ledger.faulty = is_deposit_of(2)
    await ledger.begin("bank")
    await ledger.apply(await carried(bank))
    with pytest.raises(ZeroDivisionError):
        await ledger.unpark(first)
    assert len(await parked(audit)) == 6

    ledger.faulty = lambda _: False
    assert await ledger.unpark(first) == 3
    assert await lines(audit, first) == [f"bank/{event.pos}" for event in (await bank.load(first)).events]
    assert {line for line, _ in await parked(audit)} == {f"bank/{event.pos}" for event in (await bank.load(second)).events[2:]}

    await deposit(bank, first, 9)
    await ledger.apply(await carried(bank, after=ledger.positions["bank"]))
    assert (await lines(audit, first))[-1] == f"bank/{await bank.head()}"


async def test_what_is_parked_is_remembered_by_the_next_consumer(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    (account,) = await some_history(bank, accounts=1, deposits=1)
    ledger = Ledger(audit)
    ledger.faulty = is_deposit_of(1)
    await ledger.begin("bank")
    await ledger.apply(await carried(bank))

    await deposit(bank, account, 5)
    after = Ledger(audit)
    await after.begin("bank")
    await after.apply(await carried(bank, after=2))
    assert [line for line, _ in await parked(audit)] == ["bank/2", "bank/3"]


async def test_a_stream_unparked_by_another_program_is_not_parked_again(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    (account,) = await some_history(bank, accounts=1, deposits=1)
    ledger = Ledger(audit)
    ledger.faulty = is_deposit_of(1)
    await ledger.begin("bank")
    await ledger.apply(await carried(bank))
    ledger.faulty = lambda _: False

    # An operator's command is a program of its own: the running consumer does not hear of it.
    assert await Ledger(audit).unpark(account) == 1
    await deposit(bank, account, 5)
    with pytest.raises(Doubt):
        await ledger.apply(await carried(bank, after=2))
    await ledger.apply(await carried(bank, after=await ledger.begin("bank")))
    assert await lines(audit, account) == ["bank/1", "bank/2", "bank/3"]
    assert await parked(audit) == []


@pytest.mark.parametrize("body", [b"\xff\x00 no JSON", b'{"type":"bank.account.closed.v1"}', b"[]", b'{"subject":7}'])
async def test_bytes_that_are_no_event_are_parked_and_the_others_go_on(rig: Rig, body: bytes) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    ledger = Ledger(audit)
    await ledger.begin("bank")
    await ledger.apply(spoil(await carried(bank), 2, body))
    assert await lines(audit) == ["bank/1", "bank/3"]
    ((line, error),) = await parked(audit)
    assert line == "bank/2"
    assert error.startswith("Unreadable: bank/2: ")


async def test_an_unreadable_event_of_a_known_stream_holds_back_that_stream(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    account, other = uuid4(), uuid4()
    await deposit(bank, account, 1, 2, 3)
    await deposit(bank, other, 4)
    batch = await carried(bank)
    ledger = Ledger(audit)
    await ledger.begin("bank")
    await ledger.apply(spoil(batch, 2, batch.events[1][1].replace(b'"amount":2', b'"amount":"much"')))
    assert await lines(audit) == ["bank/1", "bank/4"]
    assert [line for line, _ in await parked(audit)] == ["bank/2", "bank/3"]


@pytest.mark.parametrize("cause", ["audit/soon", "audit/", "audit/-"])
async def test_a_cause_that_is_no_position_is_unreadable(rig: Rig, cause: str) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await add(bank, uuid4(), [Deposited(amount=1)], meta(cause=cause))
    ledger = Ledger(audit, ("bank", "audit"))
    await ledger.begin("bank")
    await ledger.apply(await carried(bank))
    assert [line for line, _ in await parked(audit)] == ["bank/1"]


async def test_a_passing_database_error_parks_nothing(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    ledger = Ledger(audit)

    async def lose_connection(connection: Connection) -> None:
        ledger.before = None
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    ledger.before = lose_connection
    await ledger.begin("bank")
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError)):
        await ledger.apply(await carried(bank))
    assert await parked(audit) == []
    assert await lines(audit) == []

    await ledger.apply(await carried(bank, after=await ledger.begin("bank")))
    assert await lines(audit) == ["bank/1", "bank/2", "bank/3"]


async def test_nothing_is_shown_before_its_cause(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await deposit(bank, uuid4(), 1, 2, 3)
    await add(audit, uuid4(), [Noted(amount=1)], meta(cause="bank/1"))
    await add(audit, uuid4(), [Noted(amount=3)], meta(cause="bank/3"))
    await add(audit, uuid4(), [Noted(amount=0)])
    ledger = Ledger(audit, ("bank", "audit"))
    for source in ledger.sources:
        await ledger.begin(source)

    # The answers arrive first, then the deposits one by one.
    answers = asyncio.create_task(ledger.apply(await carried(audit)))
    await ledger.apply(await carried(bank, upto=1))
    await eventually(lambda: lines(audit), lambda got: "audit/1" in got)
    await ledger.apply(await carried(bank, after=1, upto=2))
    assert await lines(audit) == ["bank/1", "audit/1", "bank/2"]
    assert not answers.done()
    await ledger.apply(await carried(bank, after=2))
    await answers
    assert await lines(audit) == ["bank/1", "audit/1", "bank/2", "bank/3", "audit/2", "audit/3"]


async def test_a_cause_in_a_log_that_is_not_read_here_is_not_waited_for(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    await add(bank, uuid4(), [Deposited(amount=1)], meta(cause="treasury/99"))
    await add(bank, uuid4(), [Deposited(amount=1)], meta(cause="bank/98"))
    ledger = Ledger(audit)
    await ledger.begin("bank")
    await ledger.apply(await carried(bank))
    assert await lines(audit) == ["bank/1", "bank/2"]


async def test_a_cause_that_does_not_come_is_a_doubt_with_what_came_before_it_applied(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consume, "CAUSE_SECONDS", 0.05)
    audit = await audit_log(rig)
    await add(audit, uuid4(), [Noted(amount=0)])
    await add(audit, uuid4(), [Noted(amount=3)], meta(cause="bank/3"))
    ledger = Ledger(audit, ("bank", "audit"))
    for source in ledger.sources:
        await ledger.begin(source)
    with pytest.raises(Doubt, match="ledger waits for bank/3"):
        await ledger.apply(await carried(audit))
    assert await lines(audit) == ["audit/1"]
    assert await parked(audit) == []


async def test_beginning_again_while_another_source_parks_forgets_nothing(rig: Rig) -> None:
    bank, audit = await rig.log(), await audit_log(rig)
    account: UUID = uuid4()
    await deposit(bank, account, 1)
    ledger = Ledger(audit, ("bank", "audit"))
    ledger.faulty = is_deposit_of(1)
    for source in ledger.sources:
        await ledger.begin(source)
    batch = await carried(bank)
    # Begin takes its turn with apply: what it reads of the parked streams cannot be older than what was parked meanwhile.
    async with ledger.turn:
        beginning = asyncio.create_task(ledger.begin("audit"))
        assert await asyncio.wait([beginning], timeout=0.05) == (set(), {beginning})
    await beginning
    await ledger.apply(batch)
    assert ledger._parked == {account}
