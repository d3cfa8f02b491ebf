from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

import pytest
from faststream import BaseMiddleware, Context, Depends
from faststream.nats import NatsBroker, TestNatsBroker
from faststream.specification import AsyncAPI
from nats.errors import ConnectionReconnectingError

from kernel.eventlog import Busy, Doubt, Log, subscriber
from kernel.eventlog.metrics import REWINDS
from kernel.eventlog.subscriber import Carried, LogSubscriber, subscribe
from kernel.eventlog.worker import CONNECTION
from tests.kernel.eventlog.bank import deposit
from tests.kernel.eventlog.ledger import Ledger, audit_log, lines
from tests.kernel.eventlog.rig import Rig, eventually

STOPPED_WITHIN_SECONDS = 3.0


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriber, "BACKOFF_SECONDS", (0.01,) * len(subscriber.BACKOFF_SECONDS))


class Reader:
    """A consumer with its checkpoint in a variable; `before` runs before a batch counts."""

    def __init__(self, name: str = "reader") -> None:
        self.name = name
        self.pos = 0
        self.begun = 0
        self.seen = list[int]()
        self.batches = 0
        self.errors = list[Exception]()
        self.before: Callable[[Carried], Awaitable[None]] | None = None

    async def begin(self) -> int:
        self.begun += 1
        return self.pos

    async def apply(self, carried: Carried) -> None:
        if carried.events[0][0] != self.pos + 1:
            raise Doubt("does not follow")
        if self.before is not None:
            await self.before(carried)
        self.batches += 1
        self.seen += [pos for pos, _ in carried.events]
        self.pos = self.seen[-1]

    async def last(self) -> int:
        return self.pos

    async def has_begun(self) -> bool:
        return self.begun > 0

    async def has_failed(self) -> bool:
        return not self.errors

    def fail(self, *errors: Exception) -> None:
        """Fail with each of these errors, once."""
        self.errors = list(errors)

        async def raise_next(_: Carried) -> None:
            if self.errors:
                raise self.errors.pop(0)

        self.before = raise_next

    def rewinds(self, cause: str) -> float:
        return REWINDS.labels(self.name, "bank", cause)._value.get()


def broker_of(rig: Rig, *, graceful_timeout: float = 5.0, **options: Any) -> NatsBroker:
    return NatsBroker(rig.nats.url, logger=None, graceful_timeout=graceful_timeout, **CONNECTION, **options)


def reads(broker: NatsBroker, reader: Reader, source: str = "bank") -> LogSubscriber:
    return subscribe(broker, source, reader.name, reader.begin, reader.apply)


@asynccontextmanager
async def started(broker: NatsBroker) -> AsyncGenerator[NatsBroker]:
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def mirrored_log(rig: Rig, count: int = 20) -> Log:
    log = await rig.log()
    async with rig.relaying(log):
        await deposit(log, uuid4(), *range(1, count + 1))
        await rig.mirrored(log)
    return log


async def all_read(reader: Reader, upto: int) -> None:
    """Wait until everything is read; nothing may be missing, out of order or there twice."""
    await eventually(reader.last, lambda pos: pos >= upto)
    assert reader.seen == list(range(1, upto + 1))


async def test_a_log_is_read_from_the_checkpoint_on(rig: Rig) -> None:
    await mirrored_log(rig)
    reader = Reader()
    reader.pos = 12
    broker = broker_of(rig)
    reads(broker, reader)
    async with started(broker):
        await eventually(reader.last, lambda pos: pos == 20)
    assert reader.seen == list(range(13, 21))


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (KeyError("a bug"), "error"),
        (Doubt("a gap"), "Doubt"),
        (Busy("database-away"), "Busy"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
async def test_an_error_in_the_handler_rewinds_instead_of_skipping(rig: Rig, error: Exception, cause: str) -> None:
    await mirrored_log(rig)
    reader = Reader(f"reader-{cause}")
    reader.fail(error, error)
    broker = broker_of(rig)
    reads(broker, reader)
    async with started(broker):
        await all_read(reader, 20)
    assert reader.begun == 3
    assert reader.rewinds(cause) == 2


async def test_a_handler_that_fails_here_and_there_still_gets_everything_once(rig: Rig) -> None:
    log, reader = await rig.log(), Reader()
    failed = set[int]()

    async def fail_at_every_seventh(carried: Carried) -> None:
        if (pos := carried.events[-1][0]) % 7 == 0 and pos not in failed:
            failed.add(pos)
            raise ConnectionResetError

    reader.before = fail_at_every_seventh
    broker = broker_of(rig)
    reads(broker, reader)
    async with rig.relaying(log), started(broker):
        await deposit(log, uuid4(), *range(1, 60))
        await all_read(reader, 59)
    assert failed


async def test_a_middleware_sees_every_batch_and_its_error(rig: Rig) -> None:
    await mirrored_log(rig)
    entered, left = list[int](), list[str]()

    class Watching(BaseMiddleware):
        async def consume_scope(self, call_next: Any, msg: Any) -> Any:
            entered.append(len(msg.raw_message))
            return await call_next(msg)

        async def __aexit__(self, kind: object = None, error: object = None, where: object = None) -> bool | None:
            left.append(type(error).__name__)
            return None

    reader = Reader()
    reader.fail(KeyError("a bug"))
    broker = broker_of(rig, middlewares=[Watching])
    reads(broker, reader)
    async with started(broker):
        await all_read(reader, 20)
    assert left == ["KeyError", *["NoneType"] * reader.batches]
    assert sum(entered[1:]) == 20


async def test_a_middleware_that_swallows_an_error_makes_no_consumer_skip(rig: Rig) -> None:
    await mirrored_log(rig)

    class Swallowing(BaseMiddleware):
        async def __aexit__(self, kind: object = None, error: object = None, where: object = None) -> bool | None:
            return isinstance(error, KeyError)

    reader = Reader()
    reader.fail(KeyError("a bug"))
    broker = broker_of(rig, middlewares=[Swallowing])
    reads(broker, reader)
    log = rig.logs[0]
    async with started(broker), rig.relaying(log):
        await eventually(reader.has_failed)
        await deposit(log, uuid4(), 1)
        await all_read(reader, 21)


async def test_dependencies_are_injected_for_every_batch_and_may_fail(rig: Rig) -> None:
    await mirrored_log(rig)
    asked = list[tuple[str, int]]()

    def clerk() -> str:
        return "An"

    def admit(
        office: Annotated[str, Context()], messages: Annotated[Any, Context("message")], name: Annotated[str, Depends(clerk)]
    ) -> None:
        asked.append((f"{office}/{name}", len(messages.raw_message)))
        if len(asked) == 1:
            raise PermissionError("not yet")

    reader = Reader()
    broker = broker_of(rig, dependencies=[Depends(admit)])
    broker.context.set_global("office", "H09.13")
    reads(broker, reader)
    async with started(broker):
        await all_read(reader, 20)
    assert {who for who, _ in asked} == {"H09.13/An"}
    assert len(asked) == reader.batches + 1
    assert sum(size for _, size in asked[1:]) == 20


def test_asyncapi_names_the_channel_and_the_consumer() -> None:
    broker, reader = NatsBroker("nats://nowhere", logger=None), Reader("board_v1")
    reads(broker, reader)
    specification = AsyncAPI(broker, title="audit", version="1").to_specification().to_jsonable()
    (channel,) = specification["channels"].values()
    (operation,) = specification["operations"].values()
    assert list(specification["channels"]) == ["board_v1-bank"]
    assert channel["address"] == "bank.>"
    assert operation["action"] == "receive"


async def test_the_test_broker_delivers_when_it_is_told_a_position() -> None:
    broker, reader = NatsBroker(logger=None), Reader()
    reads(broker, reader)
    async with TestNatsBroker(broker) as tested:
        for pos in (1, 2):
            await tested.publish(b"{}", "bank.03.h09-13.account.opened.v1", stream="BANK", reply_to=f"$JS.ACK.BANK.test.1.{pos}.{pos}.0.0")
        assert reader.seen == [1, 2]
        with pytest.raises(Doubt):
            await tested.publish(b"{}", "bank.03.h09-13.account.opened.v1", stream="BANK", reply_to="$JS.ACK.BANK.test.1.9.9.0.0")


async def test_a_stream_that_does_not_exist_yet_is_waited_for(rig: Rig) -> None:
    reader = Reader()
    await rig.broker()
    broker = broker_of(rig)
    reads(broker, reader)
    async with started(broker):
        await eventually(reader.has_begun)
        await mirrored_log(rig)
        await all_read(reader, 20)


async def test_a_broker_that_is_killed_or_loses_everything_costs_nothing(rig: Rig) -> None:
    log, reader = await rig.log(), Reader()
    broker = broker_of(rig)
    reads(broker, reader)
    account = uuid4()
    async with rig.relaying(log), started(broker):
        await deposit(log, account, *range(1, 10))
        await all_read(reader, 9)
        rig.nats.kill()
        await deposit(log, account, *range(10, 20))
        rig.nats.restart()
        await all_read(reader, 19)
        rig.nats.wipe()
        await deposit(log, account, *range(20, 30))
        await all_read(reader, 29)


async def test_two_who_read_through_one_connection_do_not_wait_for_each_other(rig: Rig) -> None:
    await mirrored_log(rig)
    slow, quick = Reader("slow"), Reader("quick")
    reached, release = asyncio.Event(), asyncio.Event()

    async def wait(_: Carried) -> None:
        reached.set()
        await release.wait()

    slow.before = wait
    broker = broker_of(rig)
    reads(broker, slow)
    reads(broker, quick)
    async with started(broker):
        await reached.wait()
        await all_read(quick, 20)
        assert slow.seen == []
        release.set()
        await all_read(slow, 20)


async def test_a_consumer_behind_it_applies_everything_exactly_once(rig: Rig) -> None:
    bank, audit = await mirrored_log(rig), await audit_log(rig)
    ledgers = [Ledger(audit) for _ in range(2)]  # of the same name: each fences the other again and again
    brokers = [broker_of(rig) for _ in ledgers]
    for broker, ledger in zip(brokers, ledgers, strict=True):
        subscribe(broker, "bank", ledger.name, lambda ledger=ledger: ledger.begin("bank"), ledger.apply)
    async with started(brokers[0]), started(brokers[1]), rig.relaying(bank):
        await deposit(bank, uuid4(), *range(1, 30))
        await eventually(lambda: lines(audit), lambda found: len(found) >= 49)
    assert await lines(audit) == [f"bank/{pos}" for pos in range(1, 50)]


# Stopping.


async def stop(broker: NatsBroker, *read_by: LogSubscriber) -> None:
    """Stop, and make sure that every task has really ended."""
    tasks = [task for each in read_by for task in each.tasks]
    assert tasks
    async with asyncio.timeout(STOPPED_WITHIN_SECONDS):
        await broker.stop()
        await asyncio.wait(tasks)


async def test_stopping_ends_a_reader_that_waits_for_news(rig: Rig) -> None:
    log, reader, broker = await mirrored_log(rig), Reader(), broker_of(rig)
    subscribed = reads(broker, reader)
    await broker.start()
    await all_read(reader, 20)
    await stop(broker, subscribed)
    async with rig.relaying(log):
        await deposit(log, uuid4(), 1)
        await rig.mirrored(log)
    assert reader.pos == 20


async def test_stopping_ends_a_reader_that_fails_again_and_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriber, "BACKOFF_SECONDS", (60.0,) * 7)
    await mirrored_log(rig)
    reader, broker, reached = Reader(), broker_of(rig), asyncio.Event()

    async def fail(_: Carried) -> None:
        reached.set()
        raise KeyError("a bug")

    reader.before = fail
    subscribed = reads(broker, reader)
    await broker.start()
    await reached.wait()
    await stop(broker, subscribed)
    assert reader.seen == []


async def test_stopping_lets_a_batch_that_is_being_applied_come_to_its_end(rig: Rig) -> None:
    await mirrored_log(rig)
    reader, broker, reached, release = Reader(), broker_of(rig), asyncio.Event(), asyncio.Event()

    async def wait(_: Carried) -> None:
        reached.set()
        await release.wait()

    reader.before = wait
    subscribed = reads(broker, reader)
    await broker.start()
    await reached.wait()
    stopping = asyncio.create_task(stop(broker, subscribed))
    assert await asyncio.wait([stopping], timeout=0.1) == (set(), {stopping})
    release.set()
    await stopping
    assert reader.batches == 1


async def test_stopping_cancels_a_batch_that_does_not_come_to_its_end(rig: Rig) -> None:
    await mirrored_log(rig)
    reader, broker, reached = Reader(), broker_of(rig, graceful_timeout=0.1), asyncio.Event()

    async def hang(_: Carried) -> None:
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            # As a rollback on a dead connection does: an error in the cancellation's place.
            raise ConnectionResetError

    reader.before = hang
    subscribed = reads(broker, reader)
    await broker.start()
    await reached.wait()
    await stop(broker, subscribed)
    assert reader.begun == 1


async def test_stopping_ends_while_the_broker_is_away(rig: Rig) -> None:
    await mirrored_log(rig)
    reader, broker = Reader(), broker_of(rig)
    subscribed = reads(broker, reader)
    await broker.start()
    await all_read(reader, 20)
    tasks, connection = list(subscribed.tasks), broker._connection
    assert connection is not None

    async def noticed() -> bool:
        return connection.is_reconnecting

    rig.nats.kill()
    try:
        await eventually(noticed)
        # FastStream wants to take leave of the broker, and says that it cannot; its readers have ended all the same.
        with pytest.raises(ConnectionReconnectingError):
            await broker.stop()
        await asyncio.wait_for(asyncio.wait(tasks), STOPPED_WITHIN_SECONDS)
        await connection.close()
    finally:
        rig.nats.restart()
        await rig.last_in_stream()
    assert reader.begun <= 2
