"""A database that was restored too old gets its tail back from its own stream, or is told why not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from kernel.eventlog import Busy, Decider, Halt, Log, Reaction, Reactor, Recorded, Worker
from kernel.eventlog.recover import Fork, OtherHistory, Recovered, recover
from kernel.eventlog.relay import Relay, stream_config
from kernel.eventlog.seal import key_id_of, seal_next
from kernel.eventlog.verify import Verdict, verify_log, verify_mirror, verify_read_model
from kernel.eventlog.witness import read_witnesses, witness
from tests.kernel.eventlog.bank import ACCOUNTS, CODEC, Deposited, Noted, add, deposit, some_history
from tests.kernel.eventlog.rig import Rig, connected, eventually, running, stored

KEY = Ed25519PrivateKey.from_private_bytes(b"the bank's own seal key, 32 long")
TRUSTED = {key_id_of(KEY.public_key()): KEY.public_key()}


async def everything(log: Log) -> list[Sequence[Any]]:
    """Give the whole of a log: every column of every event and seal, and the head."""
    found = list[Sequence[Any]]()
    for query in ("TABLE log.event ORDER BY pos", "TABLE log.seal ORDER BY upto", "SELECT pos, epoch FROM log.head"):
        found += [tuple(row) for row in await log.pool.fetch(query)]
    return found


async def sealed(rig: Rig, log: Log) -> None:
    """Seal what is there, and let others hold the seals."""
    await seal_next(log.pool, log.source, KEY)
    assert await witness(log.pool, await rig.broker(), log.source, TRUSTED)


async def carried(rig: Rig, log: Log) -> None:
    """Let the stream have all of a log."""
    async with rig.relaying(log):
        await rig.mirrored(log)


async def backup_of(rig: Rig, log: Log) -> tuple[Log, str]:
    """Copy a log's database as it is now; give the log, opened again, and the DSN of the copy."""
    await log.close()
    rig.logs.remove(log)
    copy = rig.postgres.create_database(log.source, log.dsn.rpartition("/")[2])
    async with connected(copy.owner_dsn) as owner:
        await owner.execute(f"GRANT CREATE ON DATABASE {copy.name} TO {log.source}")
    return await rig.open(log.dsn, log.source), copy.runtime_dsn


async def restored(rig: Rig) -> tuple[Log, Log]:
    """Give a log with a tail that its backup lacks (positions 11 to 22, two seals), and the restored backup of it."""
    log = await rig.log()
    accounts = await some_history(log, accounts=2, deposits=3)
    await carried(rig, log)
    await sealed(rig, log)
    log, copy = await backup_of(rig, log)
    for account in accounts:
        await deposit(log, account, 9)
    await some_history(log, accounts=2, deposits=3)
    await carried(rig, log)
    await sealed(rig, log)
    await deposit(log, accounts[0], 10, 11, 12, 13)
    await carried(rig, log)
    await sealed(rig, log)
    return log, await rig.open(copy)


async def recovered(rig: Rig, log: Log) -> Recovered:
    """Recover a log as the running service's own role."""
    async with connected(log.dsn) as runtime:
        return await recover(runtime, await rig.broker(), log.source, TRUSTED)


async def findings(rig: Rig, log: Log) -> list[str]:
    witnesses = await read_witnesses(await rig.broker(), log.source)
    async with connected(log.dsn) as connection:
        verdict = await verify_log(connection, log.source, TRUSTED, witnesses)
        await verify_mirror(connection, await rig.broker(), verdict)
    return verdict.findings


async def is_halted(relay: Relay) -> str | None:
    return relay.halted


async def test_a_restored_log_gets_its_tail_back_byte_for_byte_and_its_relay_goes_on_by_itself(rig: Rig) -> None:
    log, old = await restored(rig)
    assert (await log.head(), await old.head()) == (22, 8)
    async with rig.relaying(old) as relay:
        reason = await eventually(lambda: is_halted(relay))
        assert reason == "the stream has 22 events, the log only 8: an older copy of the database was restored"
        with pytest.raises(Busy, match="halted"):
            await deposit(old, uuid4(), 1)

        assert await recovered(rig, old) == Recovered(since=8, upto=22, seals=2, sealed_upto=22)

        assert await everything(old) == await everything(log)
        await eventually(lambda: is_halted(relay), lambda reason: reason is None)
        await deposit(old, uuid4(), 1, 2, 3)
        await rig.mirrored(old)
        await sealed(rig, old)
    assert await findings(rig, old) == []


async def test_recovering_again_or_without_need_changes_nothing(rig: Rig) -> None:
    _, old = await restored(rig)
    await recovered(rig, old)
    before = await everything(old)
    assert await recovered(rig, old) == Recovered(since=22, upto=22, seals=0, sealed_upto=22)
    assert await everything(old) == before


async def test_a_log_that_is_ahead_of_its_stream_needs_no_recovery(rig: Rig) -> None:
    log, _ = await restored(rig)
    await deposit(log, uuid4(), 1, 2)
    assert await recovered(rig, log) == Recovered(since=24, upto=24, seals=0, sealed_upto=22)


async def test_an_emptied_log_gets_everything_back(rig: Rig) -> None:
    log = await rig.log()
    log, empty = await backup_of(rig, log)
    await some_history(log, accounts=4, deposits=5)
    await carried(rig, log)
    old = await rig.open(empty)
    assert await recovered(rig, old) == Recovered(since=0, upto=24, seals=0, sealed_upto=0)
    assert await everything(old) == await everything(log)


async def test_a_tail_of_several_batches_comes_back_whole(rig: Rig) -> None:
    log = await rig.log()
    log, empty = await backup_of(rig, log)
    (account,) = await some_history(log, accounts=1, deposits=0)
    facts = [Deposited(amount=n) for n in range(1, 2300)]
    await add(log, account, facts)
    await carried(rig, log)
    old = await rig.open(empty)
    await recovered(rig, old)
    assert await everything(old) == await everything(log)


@pytest.mark.parametrize("own", [1, 5, 40])
async def test_a_log_that_went_on_by_itself_after_the_restore_is_refused_with_the_place_where_they_part(rig: Rig, own: int) -> None:
    _, old = await restored(rig)
    await deposit(old, uuid4(), *range(1, own + 1))
    before = await everything(old)
    with pytest.raises(Fork, match=f"log and stream part behind position 8: the log has {own} events there") as refused:
        await recovered(rig, old)
    assert (refused.value.common, refused.value.own) == (8, own)
    assert await everything(old) == before


async def test_a_stream_of_another_history_is_refused(rig: Rig) -> None:
    await restored(rig)
    other = await rig.log()
    async with connected(rig.superuser(other)) as superuser:
        await superuser.execute("UPDATE log.head SET epoch = gen_random_uuid()")
    with pytest.raises(OtherHistory, match="the stream mirrors history"):
        await recovered(rig, other)
    assert await other.head() == 0


async def republish(client: Client, events: Sequence[tuple[int, str, bytes]]) -> None:
    """Make the stream anew with other events, as somebody with every privilege at the broker could."""
    jetstream = client.jetstream()
    config = (await jetstream.stream_info("BANK")).config
    await jetstream.delete_stream("BANK")
    await jetstream.add_stream(config)
    for _, subject, body in events:
        await jetstream.publish(subject, body)


async def test_a_tail_that_somebody_edited_in_the_stream_is_refused_by_the_seals_of_the_witnesses(rig: Rig) -> None:
    log, old = await restored(rig)
    before, events = await everything(old), await stored(log)
    events = [(pos, subject, body.replace(b'"amount":11', b'"amount":99')) for pos, subject, body in events]
    await republish(await rig.broker(), events)
    with pytest.raises(Halt, match="seal 22: the events 19 to 22 are not those that were sealed"):
        await recovered(rig, old)
    assert await everything(old) == before


Events = list[tuple[int, str, bytes]]


def without(events: Events) -> Events:
    return events[:18] + events[19:]


def with_no_event(events: Events) -> Events:
    return [*events[:18], (19, events[18][1], b"[]"), *events[19:]]


def under_another_subject(events: Events) -> Events:
    return [*events[:18], (19, events[18][1].replace("deposited", "withdrawn"), events[18][2]), *events[19:]]


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (without, "version 7 follows 5"),
        (with_no_event, "position 19 of the stream is no event"),
        (under_another_subject, "the subject is not that of the body"),
    ],
)
async def test_a_stream_whose_tail_is_no_log_is_refused_with_its_position_and_nothing_is_stored(
    rig: Rig, attack: Callable[[Events], Events], found: str
) -> None:
    log, old = await restored(rig)
    before = await everything(old)
    await republish(await rig.broker(), attack(await stored(log)))
    with pytest.raises(Halt, match="position 19 of the stream") as refused:
        await recovered(rig, old)
    assert found in str(refused.value)
    assert await everything(old) == before


async def test_a_stream_that_ends_before_a_seal_of_the_witnesses_is_refused(rig: Rig) -> None:
    log, old = await restored(rig)
    await republish(await rig.broker(), (await stored(log))[:20])
    with pytest.raises(Halt, match="seal 22: the events 19 to 22 are not those that were sealed"):
        await recovered(rig, old)
    assert await old.head() == 8


async def test_a_seal_of_a_key_that_nobody_trusts_is_not_taken_back(rig: Rig) -> None:
    _, old = await restored(rig)
    stranger = Ed25519PrivateKey.generate().public_key()
    async with connected(old.dsn) as runtime:
        with pytest.raises(Halt, match=r"seal 18: key \w+ is not trusted"):
            await recover(runtime, await rig.broker(), "bank", {key_id_of(stranger): stranger})
    assert await old.head() == 8


async def test_the_read_model_of_a_restored_database_ends_as_the_fold_of_the_recovered_log(rig: Rig) -> None:
    _, old = await restored(rig)
    async with rig.working(Worker(old, rig.nats.url, models=[ACCOUNTS])):
        await eventually(partial(old.pool.fetchval, "SELECT halted_at FROM log.head"))
        await recovered(rig, old)
        await eventually(partial(old.pool.fetchval, "SELECT max(pos) FROM log.checkpoint"), lambda pos: pos == 22)
        verdict = Verdict("bank")
        async with connected(old.dsn) as connection:
            await verify_read_model(connection, ACCOUNTS, CODEC, {"bank": connection}, verdict)
    assert verdict.findings == []


NOTES = Decider[Any, int](0, lambda amount, total: [Noted(amount=amount, total=total + amount)], lambda _, fact: fact.total)


def note(event: Recorded) -> Reaction | None:
    """Note every deposit in one file; the decision itself would note it twice."""
    return Reaction(UUID(int=7), NOTES, event.fact.amount) if isinstance(event.fact, Deposited) else None


async def test_a_reactor_of_a_restored_database_answers_nothing_twice(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    reactors = [Reactor("audit-bank", "bank", note)]
    async with rig.relaying(bank):
        await deposit(bank, uuid4(), *range(1, 6))
        async with rig.working(Worker(audit, rig.nats.url, reactors=reactors)):
            await eventually(audit.head, lambda head: head == 5)
        audit, copy = await backup_of(rig, audit)
        await deposit(bank, uuid4(), *range(6, 11))
        async with rig.working(Worker(audit, rig.nats.url, reactors=reactors)):
            await eventually(partial(rig.last_in_stream, "audit"), lambda last: last == 10)
        old = await rig.open(copy, "audit")
        # The restored worker does not react before it knows of the tail, so it forks nothing.
        async with rig.working(Worker(old, rig.nats.url, reactors=reactors)):
            await eventually(partial(old.pool.fetchval, "SELECT halted_at FROM log.head"))
            assert await recovered(rig, old) == Recovered(since=5, upto=10, seals=0, sealed_upto=0)
            await deposit(bank, uuid4(), 11)
            await eventually(old.head, lambda head: head == 11)
    assert [event.cause for event in (await old.load(UUID(int=7))).events] == [f"bank/{pos}" for pos in range(1, 12)]
    assert (await old.load(UUID(int=7))).events[-1].fact.total == sum(range(1, 12))


async def test_nobody_appends_while_a_log_is_recovered(rig: Rig) -> None:
    log, old = await restored(rig)

    async def go_on() -> None:
        while True:
            with contextlib.suppress(Busy):
                await deposit(old, uuid4(), 1)

    async with rig.relaying(old) as relay:
        await eventually(lambda: is_halted(relay))
        async with running(go_on()):
            await recovered(rig, old)
            await eventually(old.head, lambda head: head > 22)
        await rig.mirrored(old)
    assert (await stored(old))[:22] == await stored(log)
    assert await findings(rig, old) == []


async def test_seals_that_a_backup_lacks_come_back_by_themselves_where_no_event_is_missing(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log, accounts=2, deposits=3)
    await carried(rig, log)
    await sealed(rig, log)
    await deposit(log, uuid4(), 1, 2)
    await carried(rig, log)
    log, copy = await backup_of(rig, log)
    await sealed(rig, log)
    old = await rig.open(copy)
    async with rig.working(Worker(old, rig.nats.url, seal_key=KEY)):
        await eventually(partial(old.pool.fetchval, "SELECT max(upto) FROM log.seal"), lambda upto: upto == 10)
    assert await everything(old) == await everything(log)
    assert await findings(rig, old) == []


async def test_a_service_whose_relay_does_not_stand_reads_nobody_until_it_does(rig: Rig) -> None:
    bank, audit, other = await rig.log(), await rig.log("audit"), await rig.log("shelf")
    jetstream = (await rig.broker()).jetstream()
    await jetstream.add_stream(stream_config("audit", str(uuid4()), 1))
    await some_history(bank, accounts=1, deposits=2)
    read, halted = "SELECT max(pos) FROM log.checkpoint", "SELECT halted_at FROM log.head"
    async with rig.relaying(bank), rig.working(Worker(audit, rig.nats.url, models=[ACCOUNTS])):
        await eventually(partial(audit.pool.fetchval, halted), lambda at: at is not None)
        # A reader that began later has read everything by now.
        async with rig.working(Worker(other, rig.nats.url, models=[ACCOUNTS])):
            await eventually(partial(other.pool.fetchval, read), lambda pos: pos == 3)
        assert not await audit.pool.fetchval(read)
        await jetstream.delete_stream("AUDIT")
        await eventually(partial(audit.pool.fetchval, read), lambda pos: pos == 3)
