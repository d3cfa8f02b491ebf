"""What others hold of a log's seals, and what a log that was rewritten, cut or put back cannot hide from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.eventlog import Halt, Log, Worker, seal
from kernel.eventlog.event import NO_HASH
from kernel.eventlog.seal import Seal, Signed, key_id_of, merkle_root, seal_next
from kernel.eventlog.sql import Connection
from kernel.eventlog.verify import verify_log
from kernel.eventlog.witness import read_witnesses, witness
from tests.kernel.eventlog.bank import deposit, some_history
from tests.kernel.eventlog.rig import Rig, connect, connected, eventually

KEY = Ed25519PrivateKey.from_private_bytes(b"the bank's own seal key, 32 long")
TRUSTED = {key_id_of(KEY.public_key()): KEY.public_key()}


async def seals(log: Log) -> list[Signed]:
    return [Signed.of(log.source, row) for row in await log.pool.fetch("SELECT * FROM log.seal ORDER BY upto")]


async def held(rig: Rig, source: str = "bank") -> list[Signed]:
    return await read_witnesses(await rig.broker(), source)


async def show(rig: Rig, log: Log) -> bool:
    return await witness(log.pool, await rig.broker(), log.source, TRUSTED)


async def witnessed_log(rig: Rig, source: str = "bank", *, shown: bool = True) -> Log:
    """Give a log with three seals, up to 8, 10 and 13."""
    log = await rig.log(source)
    (account, *_) = await some_history(log, accounts=2, deposits=3)
    for amounts in ((), (1, 2), (3, 4, 5)):
        await deposit(log, account, *amounts)
        assert await seal_next(log.pool, source, KEY)
        assert not shown or await show(rig, log)
    return log


async def findings(rig: Rig, log: Log) -> list[str]:
    witnesses = await held(rig)
    async with connected(log.dsn) as connection:
        return (await verify_log(connection, log.source, TRUSTED, witnesses)).findings


@asynccontextmanager
async def attacking(rig: Rig, log: Log) -> AsyncGenerator[Connection]:
    """Connect as somebody whom neither privilege nor trigger stops."""
    async with connected(rig.superuser(log)) as connection:
        await connection.execute("SET session_replication_role = replica")
        yield connection


async def seal_anew(connection: Connection) -> None:
    """Make all seals fit the events that stand there now, with the service's own key: the worst that can be stolen."""
    since, previous = 0, NO_HASH
    for row in await connection.fetch("SELECT upto, at FROM log.seal ORDER BY upto"):
        hashes = [
            each["hash"]
            for each in await connection.fetch("SELECT hash FROM log.event WHERE pos > $1 AND pos <= $2 ORDER BY pos", since, row["upto"])
        ]
        forged = Seal("bank", row["upto"], merkle_root(hashes), previous, row["at"])
        values = (row["upto"], forged.root, forged.previous, KEY.sign(forged.digest))
        await connection.execute("UPDATE log.seal SET root = $2, previous = $3, signature = $4 WHERE upto = $1", *values)
        since, previous = row["upto"], forged.digest


async def test_the_witnesses_hold_every_seal_in_order_and_each_once(rig: Rig) -> None:
    bank, audit = await witnessed_log(rig), await witnessed_log(rig, "audit", shown=False)
    for _ in range(2):
        assert await show(rig, audit)
        assert await show(rig, bank)
    assert await held(rig) == await seals(bank)
    assert await held(rig, "audit") == await seals(audit)
    assert [signed.seal.upto for signed in await held(rig)] == [8, 10, 13]
    assert await findings(rig, bank) == []


async def test_two_who_publish_at_once_publish_each_seal_once(rig: Rig) -> None:
    log = await witnessed_log(rig, shown=False)
    await rig.broker()
    assert all(await asyncio.gather(*(show(rig, log) for _ in range(5))))

    async def held_in_the_end() -> list[Signed]:
        await show(rig, log)
        return await held(rig)

    assert await eventually(held_in_the_end, lambda found: len(found) >= 3) == await seals(log)


async def test_witnesses_that_lost_everything_are_told_again(rig: Rig) -> None:
    log = await witnessed_log(rig)
    rig.nats.wipe()
    own = await connect(rig.nats)
    assert await read_witnesses(own, "bank") == []
    assert await witness(log.pool, own, "bank", TRUSTED)
    assert await read_witnesses(own, "bank") == await seals(log)
    await own.close()


async def test_sealing_goes_on_while_the_broker_is_away_and_the_witnesses_hear_of_it_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "SEAL_SECONDS", 0.05)
    log = await rig.log()
    async with rig.working(Worker(log, rig.nats.url, seal_key=KEY)):
        await deposit(log, uuid4(), 1)
        await eventually(lambda: held(rig))
        rig.nats.kill()
        try:
            await deposit(log, uuid4(), 1, 2)
            await eventually(lambda: seals(log), lambda found: found[-1].seal.upto == 3)
        finally:
            rig.nats.restart()
        await eventually(lambda: held(rig), lambda found: found[-1].seal.upto == 3)
    assert await held(rig) == await seals(log)


async def test_a_log_with_a_seal_that_its_witnesses_contradict_is_not_sealed_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "SEAL_SECONDS", 0.05)
    log = await witnessed_log(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute("UPDATE log.seal SET at = at + interval '1 second'")
        await seal_anew(attacker)
    assert not await show(rig, log)
    before = await seals(log)
    async with rig.working(Worker(log, rig.nats.url, seal_key=KEY)):
        await deposit(log, uuid4(), 1)
        await rig.mirrored(log)
        assert not await show(rig, log)
    assert (await seals(log), len(await held(rig))) == (before, 3)


async def test_what_is_no_seal_among_the_witnesses_is_named(rig: Rig) -> None:
    log = await witnessed_log(rig)
    await (await rig.broker()).jetstream().publish("seals.bank", b'{"upto":14}')
    assert not await show(rig, log)
    with pytest.raises(Halt, match="SEALS/4 is no seal"):
        await held(rig)


# What somebody with every privilege at the database, and the sealing key, cannot hide.


async def test_a_log_that_was_edited_hashed_and_sealed_anew_is_found_with_the_range(rig: Rig) -> None:
    log = await witnessed_log(rig)
    async with attacking(rig, log) as attacker:
        body, before = await attacker.fetchval("SELECT (body, (SELECT hash FROM log.event WHERE pos = 9)) FROM log.event WHERE pos = 10")
        chain = "UPDATE log.event SET body = $2, hash = sha256($3::bytea || $2) WHERE pos = $1 RETURNING hash"
        before = await attacker.fetchval(chain, 10, body.replace(b'"amount":2', b'"amount":9'), before)
        for pos in (11, 12, 13):
            body = await attacker.fetchval("SELECT body FROM log.event WHERE pos = $1", pos)
            before = await attacker.fetchval(chain, pos, body, before)
        await seal_anew(attacker)
    assert await findings(rig, log) == [
        "seal 10: the witnesses hold another one",
        "witness 10: the events 9 to 10 are not those that were sealed",
        "seal 13: the witnesses hold another one",
        "witness 13: the events 11 to 13 are not those that were sealed",
    ]


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        pytest.param(
            "DELETE FROM log.seal WHERE upto > 10; DELETE FROM log.event WHERE pos > 10; UPDATE log.head SET pos = 10",
            ["seal 13: the witnesses hold it, the log does not", "witness 13: the events 11 to 13 are not those that were sealed"],
            id="cut, or an older copy put back",
        ),
        pytest.param("DELETE FROM log.seal WHERE upto = 13", ["seal 13: the witnesses hold it, the log does not"], id="the last seal cut"),
        pytest.param(
            "DELETE FROM log.seal",
            [f"seal {upto}: the witnesses hold it, the log does not" for upto in (8, 10, 13)],
            id="every seal cut",
        ),
    ],
)
async def test_a_log_that_is_whole_in_itself_is_found_to_be_behind_its_witnesses(rig: Rig, attack: str, found: list[str]) -> None:
    log = await witnessed_log(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute(attack)
    async with connected(log.dsn) as connection:
        assert (await verify_log(connection, "bank", TRUSTED)).good
    assert await findings(rig, log) == found


async def test_a_witness_that_the_service_did_not_sign_is_named(rig: Rig) -> None:
    log = await witnessed_log(rig)
    last = (await seals(log))[-1]
    stranger = Ed25519PrivateKey.generate()
    forged = Seal("bank", 14, last.seal.root, last.seal.digest, last.seal.at)
    for signed in (Signed(forged, key_id_of(KEY.public_key()), stranger.sign(forged.digest)), Signed(forged, "own", b"")):
        await (await rig.broker()).jetstream().publish("seals.bank", signed.json)
    assert await findings(rig, log) == ["witness 14: the signature is not good", "witness 14: key own is not trusted"]


async def test_a_seal_slipped_in_among_those_that_are_held_is_named(rig: Rig) -> None:
    log = await witnessed_log(rig)
    first, _, last = await held(rig)
    async with connected(log.dsn) as connection:
        assert (await verify_log(connection, "bank", TRUSTED, [first, last])).findings == [
            "seal 10: the witnesses do not hold it, but a later one"
        ]
        assert (await verify_log(connection, "bank", TRUSTED, [first])).witnesses == 1
