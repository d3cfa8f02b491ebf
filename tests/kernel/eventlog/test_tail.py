from __future__ import annotations

import asyncio

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from kernel.eventlog import Doubt
from kernel.eventlog.tail import PAUSES_SECONDS, SILENCE_SECONDS, Tail, sequence_of, through
from tests.kernel.eventlog.rig import WITHIN_SECONDS, Rig


async def make_stream(client: Client, upto: int) -> None:
    """Make a stream that, unlike the relay's, lets messages be deleted."""
    await client.jetstream().add_stream(name="BANK", subjects=["bank.>"])
    await publish(client, 1, upto)


async def publish(client: Client, since: int, upto: int) -> None:
    for n in range(since, upto + 1):
        await client.jetstream().publish("bank.events", b"%d" % n)


async def read(tail: Tail, count: int) -> list[Msg]:
    messages = list[Msg]()
    while len(messages) < count:
        messages += await asyncio.wait_for(tail.next(), WITHIN_SECONDS)
    return messages


def numbers(messages: list[Msg]) -> list[tuple[int, int]]:
    return [(sequence_of(message), int(message.data)) for message in messages]


async def test_a_tail_gives_everything_in_order_from_the_first_event_on(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 40)
    async with Tail(client, "bank", 0, batch_max=7) as tail:
        assert numbers(await read(tail, 40)) == [(n, n) for n in range(1, 41)]


async def test_a_tail_never_gives_more_than_it_was_asked_for(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 20)
    async with Tail(client, "bank", 0, batch_max=3) as tail:
        sizes = list[int]()
        while sum(sizes) < 20:
            sizes.append(len(await tail.next()))
    assert max(sizes) <= 3


async def test_a_tail_starts_behind_what_is_known(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 9)
    async with Tail(client, "bank", 6) as tail:
        assert numbers(await read(tail, 3)) == [(7, 7), (8, 8), (9, 9)]


async def test_a_tail_waits_for_what_comes_later(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 2)
    async with Tail(client, "bank", 2) as tail:
        waiting = asyncio.create_task(read(tail, 3))
        await publish(client, 3, 5)
        assert numbers(await waiting) == [(3, 3), (4, 4), (5, 5)]


async def test_a_tail_that_knows_more_than_the_stream_waits_until_the_stream_has_caught_up(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 2)
    async with Tail(client, "bank", 4) as tail:
        waiting = asyncio.create_task(read(tail, 1))
        await publish(client, 3, 5)
        assert numbers(await waiting) == [(5, 5)]


async def test_a_gap_is_a_doubt_after_what_came_before_it(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 5)
    await client.jetstream().delete_msg("BANK", 3)
    async with Tail(client, "bank", 0) as tail:
        assert numbers(await read(tail, 2)) == [(1, 1), (2, 2)]
        with pytest.raises(Doubt, match="4 came after 2"):
            await tail.next()


async def test_a_gap_at_the_very_beginning_is_a_doubt(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 5)
    await client.jetstream().delete_msg("BANK", 3)
    async with Tail(client, "bank", 2) as tail:
        with pytest.raises(Doubt, match="4 came after 2"):
            await tail.next()


async def test_silence_is_a_doubt(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 1)
    tail = Tail(client, "bank", 0)
    async with tail:
        await read(tail, 1)
        rig.nats.kill()
        try:
            with pytest.raises(Doubt, match="no heartbeat"):
                await asyncio.wait_for(tail.next(), SILENCE_SECONDS * 3)
        finally:
            rig.nats.restart()


async def test_quiet_is_not_silence(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 0)
    async with Tail(client, "bank", 0) as tail:
        waiting = asyncio.create_task(tail.next())
        # Nothing is published for longer than silence would be borne; the broker's heartbeats say that it is there.
        assert await asyncio.wait([waiting], timeout=SILENCE_SECONDS * 1.2) == (set(), {waiting})
        await publish(client, 1, 1)
        assert numbers(await waiting) == [(1, 1)]


async def test_a_reader_that_the_broker_forgot_is_a_doubt(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 1)
    async with Tail(client, "bank", 0) as tail:
        await read(tail, 1)
        await client.jetstream().delete_consumer("BANK", tail._consumer)
        with pytest.raises(Doubt):
            await asyncio.wait_for(tail.next(), WITHIN_SECONDS)


async def test_a_stream_that_is_not_there_is_said_so(rig: Rig) -> None:
    with pytest.raises(NotFoundError):
        await Tail(await rig.broker(), "bank", 0).__aenter__()


async def test_an_event_that_was_lost_on_its_way_is_a_doubt_also_if_none_follows(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 2)
    async with Tail(client, "bank", 0) as tail:
        hear = tail._hear

        async def hear_all_but_the_third(message: Msg) -> None:
            if message.data != b"3":
                await hear(message)

        tail._subscription._cb = hear_all_but_the_third
        await read(tail, 2)
        await publish(client, 3, 3)
        with pytest.raises(Doubt, match="3 was sent, 2 has come"):
            await asyncio.wait_for(tail.next(), WITHIN_SECONDS)


async def test_a_stream_is_read_through_to_a_position_though_the_broker_forgets_the_reader(rig: Rig) -> None:
    client = await rig.broker()
    await make_stream(client, 2500)
    found = list[Msg]()
    async for messages in through(client, "bank", 0, 2400):
        found += messages
        if sequence_of(messages[0]) == 1:
            for consumer in await client.jetstream().consumers_info("BANK"):
                await client.jetstream().delete_consumer("BANK", consumer.name)
    assert [sequence_of(message) for message in found] == list(range(1, 2401))


async def test_reading_through_gives_up_when_one_doubt_follows_another_and_nothing_new_comes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.eventlog.tail.PAUSES_SECONDS", (0.0,) * len(PAUSES_SECONDS))
    client = await rig.broker()
    await make_stream(client, 5)
    await client.jetstream().delete_msg("BANK", 3)
    batches = through(client, "bank", 0, 5)
    assert numbers(await anext(batches)) == [(1, 1), (2, 2)]
    with pytest.raises(Doubt, match="4 came after 2"):
        await anext(batches)
