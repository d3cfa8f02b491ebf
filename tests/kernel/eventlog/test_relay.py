from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from nats.aio.client import Client

from kernel.eventlog import Busy, Halt, Log
from kernel.eventlog.event import subject_of
from kernel.eventlog.relay import Relay, stream_config, stream_name
from kernel.eventlog.verify import verify_log, verify_mirror
from tests.kernel.eventlog.bank import AGENCY, Deposited, deposit, some_history
from tests.kernel.eventlog.rig import Rig, eventually, positions_are_dense, published, stored

FOREIGN = b'{"type":"bank.account.deposited.v1","data":{"amount":1000000}}'


async def make_stream(client: Client, log: Log, epoch: str | None = None) -> None:
    """Make the stream as the relay of a log would."""
    await client.jetstream().add_stream(stream_config(log.source, epoch or str(await log.epoch()), 1))


async def forge(client: Client, times: int = 1) -> None:
    """Publish into the bank's stream what is not in the bank's log."""
    for _ in range(times):
        await client.jetstream().publish(subject_of(Deposited.TYPE, uuid4(), AGENCY), FOREIGN)


async def halted(relay: Relay) -> str | None:
    return relay.halted


async def test_the_stream_is_the_log_byte_for_byte(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log, accounts=5, deposits=3)
    async with rig.relaying(log):
        await rig.mirrored(log)
        await some_history(log, accounts=3, deposits=3)
        await rig.mirrored(log)
    assert await published(await rig.broker()) == await stored(log)


async def test_a_log_of_several_windows_is_carried_in_order(rig: Rig) -> None:
    log = await rig.log()
    await asyncio.gather(*(deposit(log, uuid4(), *range(1, 36)) for _ in range(100)))
    async with rig.relaying(log):
        await rig.mirrored(log)
    async with log.pool.acquire() as connection:
        verdict = await verify_log(connection, "bank", {})
        await verify_mirror(connection, await rig.broker(), verdict)
    assert verdict.findings == []
    assert verdict.mirrored == 3500


async def test_two_relays_at_once_corrupt_nothing(rig: Rig) -> None:
    log = await rig.log()
    other = await rig.open(log.dsn)
    async with rig.relaying(log), rig.relaying(other):
        await asyncio.gather(*(deposit(one, uuid4(), *range(1, 13)) for one in (log, other) for _ in range(10)))
        await rig.mirrored(log)
    assert await positions_are_dense(log)
    assert await published(await rig.broker()) == await stored(log)


async def test_a_new_relay_goes_on_where_the_old_one_stopped(rig: Rig) -> None:
    log = await rig.log()
    for _ in range(3):
        async with rig.relaying(log):
            await some_history(log, accounts=2, deposits=2)
            await rig.mirrored(log)
        await some_history(log, accounts=1, deposits=1)
    async with rig.relaying(log):
        await rig.mirrored(log)
    assert await published(await rig.broker()) == await stored(log)


async def test_appending_does_not_need_the_broker_and_a_lost_stream_is_filled_again(rig: Rig) -> None:
    log = await rig.log()
    async with rig.relaying(log):
        await some_history(log)
        await rig.mirrored(log)
        rig.nats.kill()
        await some_history(log)
        rig.nats.wipe()
        assert await rig.last_in_stream() < await log.head()
        await rig.mirrored(log)
    assert await published(await rig.broker()) == await stored(log)


async def test_a_stream_ahead_of_the_log_halts_the_relay_which_publishes_nothing(rig: Rig) -> None:
    log, client = await rig.log(), await rig.broker()
    await make_stream(client, log)
    await forge(client, times=3)
    await deposit(log, uuid4(), 1)
    async with rig.relaying(log) as relay:
        await eventually(lambda: halted(relay))
        with pytest.raises(Halt, match="the stream has 3 events, the log only 1"):
            await relay._resync()
    assert await rig.last_in_stream() == 3


async def test_while_the_relay_is_halted_no_process_of_the_service_takes_anything_on(rig: Rig) -> None:
    log, client = await rig.log(), await rig.broker()
    other = await rig.open(log.dsn)
    await make_stream(client, log)
    await forge(client, times=3)
    async with rig.relaying(log) as relay:
        await eventually(lambda: halted(relay))
        for each in (log, other):
            together = await asyncio.gather(*(deposit(each, uuid4(), 1) for _ in range(5)), return_exceptions=True)
            assert [str(error) for error in together if isinstance(error, Busy)] == ["halted"] * 5
        assert not relay.standing.is_set()
        # Also past the log's own writers, as a reactor appends.
        with pytest.raises(asyncpg.CheckViolationError):
            await log.pool.execute("UPDATE log.head SET pos = pos + 1")
    # It is the log that is halted, not a process: one that begins now, with the broker away, knows it too.
    newcomer = await rig.open(log.dsn)
    with pytest.raises(Busy, match="halted"):
        await deposit(newcomer, uuid4(), 1)
    assert await stored(log) == []


async def test_a_restored_older_log_stays_halted_when_it_has_grown_past_the_stream(rig: Rig) -> None:
    log, client = await rig.log(), await rig.broker()
    await make_stream(client, log)
    await forge(client, times=3)
    # It grew before its relay saw the stream; the fork must not heal over because the numbers fit again.
    await deposit(log, uuid4(), 1, 2, 3, 4, 5)
    async with rig.relaying(log) as relay:
        assert await eventually(lambda: halted(relay)) == "position 3: the stream does not hold the log's event"
    assert await rig.last_in_stream() == 3


async def test_a_stream_of_another_history_halts_the_relay(rig: Rig) -> None:
    log, client = await rig.log(), await rig.broker()
    await make_stream(client, log, epoch=str(uuid4()))
    await deposit(log, uuid4(), 1)
    async with rig.relaying(log) as relay:
        assert "the stream mirrors history" in (await eventually(lambda: halted(relay)) or "")
    assert await rig.last_in_stream() == 0


async def test_a_foreign_event_in_the_stream_halts_an_idle_relay_and_is_found(rig: Rig) -> None:
    log, client = await rig.log(), await rig.broker()
    async with rig.relaying(log) as relay:
        await deposit(log, uuid4(), 1, 2)
        await rig.mirrored(log)
        await forge(client)
        await eventually(lambda: halted(relay))
    async with log.pool.acquire() as connection:
        verdict = await verify_log(connection, "bank", {})
        assert verdict.good
        await verify_mirror(connection, client, verdict)
    assert verdict.findings == ["the stream ends at 3, the log at 2", "position 3: stream and log differ"]


async def test_a_foreign_event_that_took_an_events_place_halts_the_relay(rig: Rig) -> None:
    log, client = await rig.log(), await rig.broker()
    async with rig.relaying(log):
        await deposit(log, uuid4(), 1, 2)
        await rig.mirrored(log)
    await forge(client)
    await deposit(log, uuid4(), 3, 4)
    async with rig.relaying(log) as relay:
        assert await eventually(lambda: halted(relay)) == "position 3: the stream does not hold the log's event"
    assert await rig.last_in_stream() == 3


async def test_a_relay_that_was_halted_goes_on_when_an_operator_has_removed_the_stream(rig: Rig) -> None:
    log, client = await rig.log(), await rig.broker()
    await make_stream(client, log, epoch=str(uuid4()))
    await deposit(log, uuid4(), 1)
    async with rig.relaying(log) as relay:
        await eventually(lambda: halted(relay))
        await client.jetstream().delete_stream(stream_name("bank"))
        await rig.mirrored(log)
        assert relay.halted is None
        assert relay.standing.is_set()
        await deposit(log, uuid4(), 1)


async def test_a_relay_outlives_its_database(rig: Rig) -> None:
    log = await rig.log()
    async with rig.relaying(log):
        await deposit(log, uuid4(), 1)
        await rig.mirrored(log)
        rig.postgres.kill()
        rig.postgres.restart()
        await deposit(log, uuid4(), 2)
        await rig.mirrored(log)
    assert await published(await rig.broker()) == await stored(log)


async def test_a_relay_ends_when_it_is_told_to_whatever_it_is_doing(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log, accounts=1, deposits=3)
    client = await rig.broker()
    for turns in range(0, 400, 4):
        relaying = asyncio.create_task(Relay(log, client).run())
        for _ in range(turns):
            await asyncio.sleep(0)
        relaying.cancel()
        _, still = await asyncio.wait([relaying], timeout=5)
        assert not still, f"told after {turns} turns of the loop, it goes on"
