"""One table of behaviours, asked of the models and of the real servers: what a model does otherwise would prove nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError

from kernel.eventlog.consume import MOVE_PARAMETERS
from kernel.eventlog.errors import Doubt
from kernel.eventlog.project import BEHIND, Group
from kernel.eventlog.relay import stream_config
from kernel.eventlog.request import append_statement
from kernel.eventlog.sql import QUERY
from kernel.eventlog.tail import Tail, sequence_of
from tests.kernel.eventlog.bank import MONDAY
from tests.kernel.eventlog.rig import Rig, connect
from tests.simulation.broker import Broker
from tests.simulation.database import Database
from tests.simulation.loop import SimulatedLoop, determined, unmourned
from tests.simulation.statements import prepare

STREAM: Final = UUID(int=5)
DURABLE: Final = True


@dataclass
class Postgres:
    """Two sessions of one database, of whichever kind."""

    one: Any
    two: Any


def rows(*versions: int) -> tuple[Any, ...]:
    """Give the arguments that append one event per version."""
    number = len(versions)
    return number, [STREAM] * number, list(versions), ["a.b"] * number, [b"{}"] * number, [bytes(32)] * number


async def said(work: Awaitable[Any]) -> Any:
    """Give an answer, or what kind of error it was and which constraint it names."""
    try:
        answer = await work
    except asyncpg.PostgresError as error:
        return error.sqlstate, error.constraint_name
    return [tuple(row.values()) for row in answer] if isinstance(answer, list) else answer


async def appends(db: Postgres) -> Any:
    append = append_statement()
    return [
        await said(db.one.fetchval(append, *rows(1, 2))),
        await said(db.two.fetchval(append, *rows(3))),
        await said(db.one.fetchval(append, *rows(4, 3))),
        await said(db.one.fetchval(append, *rows(4))),
        await said(db.one.fetch(QUERY["load_many"], [STREAM])),
        await said(db.one.fetch(QUERY["read"], 1, 2)),
        await said(db.one.fetchval(QUERY["head"])),
        await said(db.one.fetch(QUERY["stored"], STREAM, 9)),
    ]


async def checkpoints(db: Postgres) -> Any:
    begin = [await said(db.one.execute(QUERY["begin_checkpoint"], "reader", "bank")) for _ in range(2)]
    moves = [await said(db.one.execute(QUERY["move_checkpoint"], "reader", "bank", here, 7, DURABLE, [], [])) for here in (3, 0, 0)]
    return [begin, moves, await said(db.two.fetchval(QUERY["checkpoint"], "reader", "bank"))]


async def nobody_sees_what_is_not_committed(db: Postgres) -> Any:
    transaction = db.one.transaction()
    await transaction.start()
    await db.one.fetchval(append_statement(), *rows(1))
    seen = await said(db.two.fetchval(QUERY["head"]))
    waiting = asyncio.ensure_future(said(db.two.fetchval(append_statement(), *rows(1))))
    _, pending = await asyncio.wait([waiting], timeout=0.3)
    await transaction.rollback()
    return [seen, len(pending), await waiting, await said(db.one.fetchval(QUERY["head"]))]


async def whoever_waits_for_a_committed_version_hears_of_it(db: Postgres) -> Any:
    async with db.one.transaction():
        await db.one.fetchval(append_statement(), *rows(1))
        waiting = asyncio.ensure_future(said(db.two.fetchval(append_statement(), *rows(1))))
        await asyncio.wait([waiting], timeout=0.3)
    return [await waiting, await said(db.two.fetchval(append_statement(), *rows(2)))]


async def of_two_that_move_a_checkpoint_one_finds_nothing_to_move(db: Postgres) -> Any:
    await db.one.execute(QUERY["begin_checkpoint"], "reader", "bank")
    async with db.one.transaction():
        first = await db.one.execute(QUERY["move_checkpoint"], "reader", "bank", 0, 5, DURABLE, [], [])
        waiting = asyncio.ensure_future(said(db.two.execute(QUERY["move_checkpoint"], "reader", "bank", 0, 6, DURABLE, [], [])))
        await asyncio.wait([waiting], timeout=0.3)
    return [first, await waiting]


async def a_checkpoint_stays_where_another_has_gone_back(db: Postgres) -> Any:
    for source in ("bank", "audit"):
        await db.one.execute(QUERY["begin_checkpoint"], "reader", source)
    await db.one.execute(QUERY["move_checkpoint"], "reader", "audit", 0, 4, DURABLE, [], [])
    known = (5, 4)
    return [await said(db.one.execute(QUERY["move_checkpoint"], "reader", "bank", 0, 7, DURABLE, ["audit"], [pos])) for pos in known]


async def an_effect_waits_for_the_move_of_its_checkpoint(db: Postgres) -> Any:
    await db.one.execute(QUERY["begin_checkpoint"], "reader", "bank")
    upsert = Group("log.read_model", {"name": "text", "version": "integer"}, "version", []).statement(MOVE_PARAMETERS + 1, BEHIND)
    joined = f"WITH moved AS ({QUERY['move_checkpoint']}), effect AS ({upsert}) TABLE moved"
    moves = [len(await db.one.fetch(joined, "reader", "bank", here, 7, DURABLE, [], [], ["shelf"], [here + 1])) for here in (3, 0, 0)]
    return [moves, await said(db.two.fetchval(QUERY["checkpoint"], "reader", "bank"))]


async def a_failed_transaction_takes_nothing_more(db: Postgres) -> Any:
    transaction = db.one.transaction()
    await transaction.start()
    answers = [await said(db.one.fetchval(append_statement(), *rows(1))), await said(db.one.fetchval(append_statement(), *rows(1)))]
    answers.append(await said(db.one.fetchval(QUERY["head"])))
    await transaction.rollback()
    return [*answers, await said(db.one.fetchval(QUERY["head"]))]


async def locks_of_a_session_go_with_it(db: Postgres) -> Any:
    lock = "SELECT pg_try_advisory_lock($1)"
    answers = [await db.one.fetchval(lock, 7), await db.two.fetchval(lock, 7), await db.one.fetchval(lock, 7)]
    await db.one.close()
    while not await db.two.fetchval(lock, 7):  # noqa: ASYNC110 - the server says nothing of its own accord
        await asyncio.sleep(0)
    return answers


async def a_halted_log_takes_nothing_on(db: Postgres) -> Any:
    append, halted = append_statement(), list[Any]()
    answers = [await said(db.one.fetchval(append, *rows(1)))]
    for statement in ("halt", "halt", "resume", "resume"):
        halted.append((await said(db.one.execute(QUERY[statement])), await said(db.two.fetchval(QUERY["is_halted"]))))
        answers.append(await said(db.two.fetchval(append, *rows(len(answers) + 1))))
    return [answers, halted, await said(db.one.fetch(QUERY["tip"], STREAM)), await said(db.one.fetch(QUERY["tip"], UUID(int=6)))]


async def what_is_brought_back_from_the_stream(db: Postgres) -> Any:
    await db.one.fetchval(append_statement(), *rows(1))
    await db.one.execute(QUERY["halt"])
    given = [[2, 3], [STREAM] * 2, [2, 3], ["a.b"] * 2, [b"{}"] * 2, [bytes(32)] * 2]
    return [
        len(await db.one.fetch(QUERY["lock_head"])),
        await said(db.one.execute(QUERY["restore"], *given)),
        await said(db.one.execute(QUERY["restore"], *given)),
        await said(db.one.execute(QUERY["restore_head"], 3)),
        await said(db.one.fetchval(QUERY["is_halted"])),
        await said(db.one.fetch(QUERY["last_of_streams"], [STREAM, UUID(int=6)])),
        await said(db.one.fetchval(append_statement(), *rows(4))),
    ]


async def seals(db: Postgres) -> Any:
    for upto in (3, 9):
        await db.one.execute(QUERY["add_seal"], upto, bytes(32), bytes(32), "key", b"s", MONDAY)
    return [await said(db.two.fetch(QUERY["seals_from"], since)) for since in (0, 4, 9, 10)]


async def parked_facts(db: Postgres) -> Any:
    given = ("reader", "bank", 3, STREAM, b"{}", "why")
    return [
        await said(db.one.execute(QUERY["park"], *given)),
        await said(db.one.execute(QUERY["park"], *given)),
        await said(db.one.fetch(QUERY["parked_streams"], "reader")),
        await said(db.one.fetchval(QUERY["is_parked"], "reader", STREAM)),
        await said(db.one.fetchval(QUERY["is_parked"], "other", STREAM)),
        await said(db.one.fetch(QUERY["parked_of_stream"], "reader", STREAM, "bank")),
        await said(db.one.execute(QUERY["unpark"], "reader", STREAM, "bank")),
        await said(db.one.fetchval(QUERY["count_parked"])),
        await said(db.one.fetch(QUERY["standing"], None)),
    ]


async def published(client: Client, expected: int) -> Any:
    """Publish with an expected last sequence; give the sequence, or the error's number and words."""
    try:
        return (await client.jetstream().publish("bank.a", b"x", headers={"Nats-Expected-Last-Sequence": str(expected)})).seq
    except JetStreamError as error:
        return getattr(error, "err_code", None), getattr(error, "description", None)


async def a_stream(client: Client, upto: int) -> None:
    """Make a stream with some events."""
    await client.jetstream().add_stream(stream_config("bank", "e", 1))
    for expected in range(upto):
        await published(client, expected)


async def compare_and_set(client: Client) -> Any:
    await a_stream(client, 2)
    last = (await client.jetstream().stream_info("BANK")).state.last_seq
    return [last, *[await published(client, expected) for expected in (1, 5, 2)]]


async def the_last_of_a_subject(client: Client) -> Any:
    await client.jetstream().add_stream(stream_config("bank", "e", 1))
    answers: list[Any] = []
    for subject, expected in (("bank.a", 0), ("bank.b", 0), ("bank.a", 0), ("bank.a", 1), ("bank.b", 3)):
        try:
            headers = {"Nats-Expected-Last-Subject-Sequence": str(expected)}
            answers.append((await client.jetstream().publish(subject, b"x", headers=headers)).seq)
        except JetStreamError as error:
            answers.append((getattr(error, "err_code", None), getattr(error, "description", None)))
    return [*answers, *[(await client.jetstream().get_last_msg("BANK", subject)).seq for subject in ("bank.a", "bank.b")]]


async def what_is_not_there(client: Client) -> Any:
    answers: list[Any] = []
    jetstream = client.jetstream()

    async def say(work: Awaitable[Any]) -> None:
        with pytest.raises(JetStreamError) as raised:
            await work
        answers.append((type(raised.value).__name__, getattr(raised.value, "err_code", None)))

    await say(jetstream.stream_info("BANK"))
    await say(Tail(client, "bank", 0).__aenter__())
    await a_stream(client, 1)
    await say(jetstream.get_msg("BANK", 9))
    message = await jetstream.get_msg("BANK", 1)
    return [*answers, message.subject, message.data, message.seq]


async def a_reader(client: Client) -> Any:
    await a_stream(client, 4)
    async with Tail(client, "bank", 2) as tail:
        return [(sequence_of(message), message.subject, message.data, message.reply.count(".")) for message in await tail.next()]


async def a_reader_ahead_of_the_stream(client: Client) -> Any:
    await a_stream(client, 1)
    async with Tail(client, "bank", 2) as tail:
        waiting = asyncio.ensure_future(tail.next())
        for expected in (1, 2):
            await published(client, expected)
        return [sequence_of(message) for message in await waiting]


async def what_heartbeats_say(client: Client) -> Any:
    await a_stream(client, 3)
    heard: list[Any] = []
    async with Tail(client, "bank", 1) as tail:
        hear = tail._hear

        async def note(message: Any) -> None:
            headers = message.headers or {}
            if headers.get("Status") == "100":
                heard.append((headers["Nats-Last-Consumer"], headers["Nats-Last-Stream"]))
            await hear(message)

        tail._subscription._cb = note
        await tail.next()
        waiting = asyncio.ensure_future(tail.next())
        await asyncio.wait([waiting], timeout=1.5)
        waiting.cancel()
    return heard


async def a_reader_of_a_stream_that_is_deleted(client: Client) -> Any:
    await a_stream(client, 1)
    tail = Tail(client, "bank", 0)
    await tail.__aenter__()
    tail._consumer = "nobody"
    with pytest.raises(Doubt, match="503"):
        await tail.next()
    return "503"


DATABASE: Final[tuple[Callable[[Postgres], Awaitable[Any]], ...]] = (
    *(appends, checkpoints, nobody_sees_what_is_not_committed, whoever_waits_for_a_committed_version_hears_of_it),
    *(a_checkpoint_stays_where_another_has_gone_back, an_effect_waits_for_the_move_of_its_checkpoint),
    *(of_two_that_move_a_checkpoint_one_finds_nothing_to_move, a_failed_transaction_takes_nothing_more),
    *(locks_of_a_session_go_with_it, parked_facts, a_halted_log_takes_nothing_on, what_is_brought_back_from_the_stream, seals),
)
BROKER: Final[tuple[Callable[[Client], Awaitable[Any]], ...]] = (
    *(compare_and_set, the_last_of_a_subject, what_is_not_there, a_reader, a_reader_ahead_of_the_stream, what_heartbeats_say),
    a_reader_of_a_stream_that_is_deleted,
)


def simulated(work: Callable[[SimulatedLoop], Awaitable[Any]]) -> Any:
    """Run something beside a simulated database and broker."""
    loop = SimulatedLoop(random.Random(1))
    loop.network.hosts = {"db": Database(loop, UUID(int=1), prepare), "broker": Broker(loop)}

    async def run() -> Any:
        return await work(loop)

    with unmourned(), determined(loop):
        try:
            return loop.run_until_complete(run())
        finally:
            loop.bury()
            loop.close()


async def on_two_sessions(dsn: str, behaviour: Callable[[Postgres], Awaitable[Any]]) -> Any:
    """Ask two sessions of a database."""
    db = Postgres(await asyncpg.connect(dsn), await asyncpg.connect(dsn))
    try:
        return await behaviour(db)
    finally:
        await db.one.close()
        await db.two.close()


@pytest.mark.parametrize("behaviour", DATABASE, ids=lambda behaviour: behaviour.__name__)
async def test_the_simulated_database_does_what_postgres_does(rig: Rig, behaviour: Callable[[Postgres], Awaitable[Any]]) -> None:
    real = await on_two_sessions((await rig.database("bank")).runtime_dsn, behaviour)
    model = await asyncio.to_thread(simulated, lambda _: on_two_sessions("postgres://bank:x@db/bank?sslmode=disable", behaviour))
    assert model == real


@pytest.mark.parametrize("behaviour", BROKER, ids=lambda behaviour: behaviour.__name__)
async def test_the_simulated_broker_does_what_nats_does(rig: Rig, behaviour: Callable[[Client], Awaitable[Any]]) -> None:
    await rig.broker()
    client = await connect(rig.nats)
    try:
        real = await behaviour(client)
    finally:
        await client.close()

    async def on_the_model(_: SimulatedLoop) -> Any:
        client = Client()
        await client.connect("nats://broker:4222")
        try:
            return await behaviour(client)
        finally:
            await client.close()

    assert await asyncio.to_thread(simulated, on_the_model) == real
