from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from kernel.eventlog import Decider, Doubt, Log, Meta, Reaction, Reactor, Recorded, Refused, Target, Worker, carry_out
from kernel.eventlog.event import Slice, rows_of
from kernel.eventlog.react import Reacting
from tests.kernel.eventlog.bank import AGENCY, MONDAY, Deposited, Noted, deposit, meta, some_history
from tests.kernel.eventlog.ledger import parked
from tests.kernel.eventlog.rig import Rig, carried, connected, eventually, positions_are_dense, running

FILE = UUID(int=77)


def note(command: Deposited, total: int) -> list[Noted]:
    if command.amount == 13:
        raise Refused("unlucky")
    return [Noted(amount=command.amount, total=total + command.amount)]


FILES: Decider[Deposited, int] = Decider(0, note, lambda total, fact: total + fact.amount)


def per_account(event: Recorded) -> Reaction | None:
    return Reaction(event.stream, FILES, event.fact) if isinstance(event.fact, Deposited) else None


def into_one_file(event: Recorded) -> Reaction | None:
    return Reaction(FILE, FILES, event.fact) if isinstance(event.fact, Deposited) else None


def reacting(log: Log, react: Any = per_account) -> Reacting:
    return Reacting(Reactor("audit-bank", "bank", react), log)


async def notes(log: Log) -> list[Recorded]:
    rows = await log.pool.fetch("SELECT pos, body FROM log.event ORDER BY pos")
    return [log.codec.decode(log.source, row["pos"], row["body"]) for row in rows]


async def test_an_answer_is_made_from_the_fact_that_it_answers_and_nothing_else(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    account, trace = uuid4(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await bank.append(
        [Slice(await bank.load(account), AGENCY, [Deposited(amount=5)])],
        Meta("a-deposit", "clerk", MONDAY, traceparent=trace),
    )
    reactor = reacting(audit)
    await reactor.begin("bank")
    await reactor.apply(await carried(bank))

    (answer,) = await notes(audit)
    assert (answer.id, answer.cause, answer.time) == ("audit-bank:bank/1/0", "bank/1", MONDAY)
    assert (answer.actor, answer.agency, answer.traceparent) == ("system:audit", AGENCY, trace)
    assert (answer.stream, answer.version, answer.fact) == (account, 1, Noted(amount=5, total=5))


async def test_facts_that_are_no_business_of_the_reactor_only_move_its_checkpoint(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    await some_history(bank, accounts=4, deposits=0)
    reactor = reacting(audit)
    await reactor.begin("bank")
    await reactor.apply(await carried(bank))
    assert await audit.head() == 0
    assert await reacting(audit).begin("bank") == 4


async def test_facts_of_one_batch_for_one_stream_build_on_each_other(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    await deposit(bank, uuid4(), 1, 2, 3)
    reactor = reacting(audit, into_one_file)
    await reactor.begin("bank")
    await reactor.apply(await carried(bank, upto=2))
    await reactor.apply(await carried(bank, after=2))
    assert [event.fact for event in (await audit.load(FILE)).events] == [
        Noted(amount=n, total=total) for n, total in ((1, 1), (2, 3), (3, 6))
    ]


async def test_a_refusal_in_a_reaction_parks_the_fact_and_the_others_go_on(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    unlucky, lucky = uuid4(), uuid4()
    await deposit(bank, unlucky, 12, 13, 14)
    await deposit(bank, lucky, 1, 2)
    reactor = reacting(audit)
    await reactor.begin("bank")
    await reactor.apply(await carried(bank))
    assert [(line, error.partition(":")[0]) for line, error in await parked(audit)] == [("bank/2", "Refused"), ("bank/3", "Waiting")]
    assert [event.cause for event in await notes(audit)] == ["bank/1", "bank/4", "bank/5"]


async def test_a_stream_that_moves_on_during_a_reaction_is_decided_anew(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    await deposit(bank, uuid4(), 5)
    reactor = reacting(audit, into_one_file)
    await reactor.begin("bank")

    async with connected(audit.dsn) as rival:
        # Somebody is storing the file's first version: the reactor does not see it, and then waits for the head's lock.
        transaction = rival.transaction()
        await transaction.start()
        history = await audit.load(FILE)
        (row,) = rows_of("audit", Slice(history, AGENCY, [Noted(amount=1, total=1)]), meta(), MONDAY, first=0)
        await rival.execute("UPDATE log.head SET pos = pos + 1")
        await rival.execute(
            "INSERT INTO log.event VALUES (1, $1, $2, $3, $4, $5)", row.stream, row.version, row.subject, row.body, row.hash
        )
        reaction = asyncio.create_task(reactor.apply(await carried(bank)))
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        await eventually(lambda: rival.fetchval(waits))
        await transaction.commit()
        with pytest.raises(Doubt, match="a stream moved on"):
            await reaction

    assert await parked(audit) == []
    await reactor.apply(await carried(bank, after=await reactor.begin("bank")))
    assert [event.fact for event in (await audit.load(FILE)).events] == [Noted(amount=1, total=1), Noted(amount=5, total=6)]


async def test_a_database_that_dies_under_a_reaction_leaves_neither_answer_nor_checkpoint(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    await deposit(bank, uuid4(), 5)

    def die(event: Recorded) -> Reaction | None:
        if not died:
            died.append(event.pos)
            rig.postgres.kill()
            rig.postgres.restart()
        return per_account(event)

    died = list[int]()
    batch = await carried(bank)
    reactor = reacting(audit, die)
    await reactor.begin("bank")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await reactor.apply(batch)
    assert died == [1]
    assert await eventually(lambda: reactor.begin("bank"), lambda pos: pos == 0) == 0
    await reactor.apply(batch)
    assert [event.cause for event in await notes(audit)] == ["bank/1"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_every_fact_is_answered_exactly_once_however_often_the_worker_is_killed(rig: Rig, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same moments in every run, as far as a machine allows
    bank, audit = await rig.log(), await rig.log("audit")
    reactors = [Reactor("audit-bank", "bank", into_one_file)]

    async def pay() -> None:
        await asyncio.gather(*(deposit(bank, uuid4(), *range(20, 50)) for _ in range(8)))

    async with rig.relaying(bank), running(pay()) as payments:
        for _ in range(6):
            wanted = await audit.head() + chance.randrange(1, 30)
            async with rig.working(Worker(audit, rig.nats.url, reactors=reactors)):
                await eventually(audit.head, lambda head, wanted=wanted: head >= min(wanted, 240))
        await payments[0]
        async with rig.working(Worker(audit, rig.nats.url, reactors=reactors)):
            await eventually(audit.head, lambda head: head >= 240)

    answers = await notes(audit)
    assert [event.cause for event in answers] == [f"bank/{pos}" for pos in range(1, 241)]
    assert len({event.id for event in answers}) == 240
    assert await positions_are_dense(audit)
    assert answers[-1].fact.total == 8 * sum(range(20, 50))


async def test_answers_and_callers_may_write_to_the_same_stream_at_once(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    await asyncio.gather(*(deposit(bank, uuid4(), *range(20, 30)) for _ in range(10)))

    async def by_hand() -> None:
        # A fact of this log's own: one of the bank's would be relayed into the bank's stream, if it came to stand just where that ends.
        for _ in range(40):
            await carry_out(audit, Target(FILE, FILES, Deposited(amount=1)), meta(), agency=AGENCY)

    async with rig.relaying(bank), rig.working(Worker(audit, rig.nats.url, reactors=[Reactor("audit-bank", "bank", into_one_file)])):
        await by_hand()
        await eventually(audit.head, lambda head: head >= 140)

    history = await audit.load(FILE)
    assert [event.version for event in history.events] == list(range(1, 141))
    assert [event.cause for event in history.events if event.cause] == [f"bank/{pos}" for pos in range(1, 101)]
