from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.eventlog import Log, Slice, seal, verify
from kernel.eventlog.event import NO_HASH, Row, rows_of
from kernel.eventlog.project import Projector, ReadModel
from kernel.eventlog.rebuild import install
from kernel.eventlog.relay import stream_config
from kernel.eventlog.seal import Seal, key_id_of, merkle_root, seal_for_ever, seal_next
from kernel.eventlog.sql import Connection
from kernel.eventlog.verify import Verdict, verify_log, verify_mirror, verify_read_model
from tests.kernel.eventlog.bank import ACCOUNTS, AGENCY, CODEC, MONDAY, Deposited, deposit, meta, some_history
from tests.kernel.eventlog.rig import Rig, carried, connected, eventually, running, stored

KEY = Ed25519PrivateKey.from_private_bytes(b"the bank's own seal key, 32 long")
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"a key that nobody trusts 32 long")
TRUSTED = {key_id_of(KEY.public_key()): KEY.public_key()}
BROKEN_SEAL = "seal 8: the events 1 to 8 are not those that were sealed"


def wrong_hash(pos: int) -> str:
    return f"position {pos}: the hash is not that of the body and the previous hash"


async def sealed_log(rig: Rig) -> Log:
    """Give a log with two accounts in turn (positions 1, 3, … and 2, 4, …): eight events under a seal, two not yet."""
    log = await rig.log()
    accounts = await some_history(log, accounts=2, deposits=3)
    assert await seal_next(log.pool, "bank", KEY) == 8
    for account in accounts:
        await deposit(log, account, 9)
    return log


@asynccontextmanager
async def attacking(rig: Rig, log: Log) -> AsyncGenerator[Connection]:
    """Connect as somebody whom neither privilege nor trigger stops."""
    async with connected(rig.superuser(log)) as connection:
        await connection.execute("SET session_replication_role = replica")
        yield connection


async def verdict_on(log: Log, keys: Mapping[str, Ed25519PublicKey] = TRUSTED) -> Verdict:
    """Verify a log as the running service's own role; it needs no more."""
    async with log.pool.acquire() as connection:
        return await verify_log(connection, log.source, keys)


async def findings(log: Log) -> list[str]:
    """Give what is found, without the names of the streams."""
    return [re.sub(r", stream [0-9a-f-]{36}:", ":", finding) for finding in (await verdict_on(log)).findings]


def row_of(history: Any, amount: int, said: str = "forged") -> Row:
    """Make the row of a deposit just as the log itself would."""
    (row,) = rows_of("bank", Slice(history, AGENCY, [Deposited(amount=amount)]), meta(said), MONDAY, first=0)
    return row


async def insert(connection: Connection, pos: int, row: Row) -> None:
    values = (pos, row.stream, row.version, row.subject, row.body, row.hash)
    await connection.execute("INSERT INTO log.event (pos, stream, version, subject, body, hash) VALUES ($1, $2, $3, $4, $5, $6)", *values)


async def rehash(connection: Connection) -> None:
    """Make every chain fit the bodies that stand there now."""
    last = dict[UUID, bytes]()
    for row in await connection.fetch("SELECT pos, stream, body FROM log.event ORDER BY pos"):
        last[row["stream"]] = hashlib.sha256(last.get(row["stream"], NO_HASH) + row["body"]).digest()
        await connection.execute("UPDATE log.event SET hash = $2 WHERE pos = $1", row["pos"], last[row["stream"]])


async def reseal(connection: Connection, key: Ed25519PrivateKey, key_id: str) -> None:
    """Make the seal fit the events that stand there now, with a key that claims to be `key_id`."""
    hashes = [row["hash"] for row in await connection.fetch("SELECT hash FROM log.event WHERE pos <= 8 ORDER BY pos")]
    at = await connection.fetchval("SELECT at FROM log.seal")
    forged = Seal("bank", 8, merkle_root(hashes), NO_HASH, at)
    await connection.execute("UPDATE log.seal SET root = $1, key_id = $2, signature = $3", forged.root, key_id, key.sign(forged.digest))


async def make_the_deposit_a_million(connection: Connection) -> None:
    body = await connection.fetchval("SELECT body FROM log.event WHERE pos = 5")
    await connection.execute("UPDATE log.event SET body = $1 WHERE pos = 5", body.replace(b'"amount":2', b'"amount":1000000'))


# An untouched log.


async def test_an_untouched_log_has_no_findings(rig: Rig) -> None:
    log = await sealed_log(rig)
    verdict = await verdict_on(log)
    assert verdict == Verdict("bank", events=10, streams=2, seals=1, sealed_upto=8)
    assert verdict.good


async def test_an_empty_log_has_no_findings(rig: Rig) -> None:
    assert await verdict_on(await rig.log()) == Verdict("bank")


async def test_a_log_longer_than_one_read_has_no_findings(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "READ_MAX", 3)
    assert await verdict_on(await sealed_log(rig)) == Verdict("bank", events=10, streams=2, seals=1, sealed_upto=8)


async def test_a_log_that_grows_and_is_sealed_while_it_is_verified_has_no_findings(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "READ_MAX", 5)
    log = await sealed_log(rig)

    async def go_on() -> None:
        while True:
            await deposit(log, uuid4(), 1)
            await seal_next(log.pool, "bank", KEY)

    async with running(go_on()):
        while await log.head() < 30:
            assert await findings(log) == []


# What somebody with every privilege may do to the events.


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        pytest.param(
            "UPDATE log.event SET body = set_byte(body, length(body) - 3, 57) WHERE pos = 5",
            [wrong_hash(5)],
            id="one byte of a body",
        ),
        pytest.param(
            "UPDATE log.event SET body = set_byte(body, 0, 0) WHERE pos = 5",
            [wrong_hash(5), "position 5: the body is no event"],
            id="a body that is no JSON any more",
        ),
        pytest.param(
            "UPDATE log.event SET body = '[]' WHERE pos = 5",
            [wrong_hash(5), "position 5: the body is no event"],
            id="a body that is something else",
        ),
        pytest.param(
            "UPDATE log.event SET subject = replace(subject, 'deposited', 'withdrawn') WHERE pos = 5",
            ["position 5: the subject is not that of the body"],
            id="a subject",
        ),
        pytest.param(
            "UPDATE log.event SET hash = set_byte(hash, 31, get_byte(hash, 31) # 1) WHERE pos = 5",
            [wrong_hash(5), wrong_hash(7), BROKEN_SEAL],
            id="one bit of a hash",
        ),
        pytest.param(
            "UPDATE log.event SET version = 7 WHERE pos = 9",
            ["position 9: version 7 follows 4", "position 9: the body names another stream or version"],
            id="a version",
        ),
        pytest.param(
            "UPDATE log.event SET pos = -pos WHERE pos IN (5, 6); UPDATE log.event SET pos = 11 + pos WHERE pos < 0",
            [BROKEN_SEAL],
            id="two whole events swapped",
        ),
        pytest.param(
            "DELETE FROM log.event WHERE pos = 10",
            ["the head says 10, the last event is 9"],
            id="the last event deleted",
        ),
        pytest.param(
            "DELETE FROM log.event WHERE pos >= 8; UPDATE log.head SET pos = 7",
            [BROKEN_SEAL],
            id="the last events deleted and the head put back",
        ),
        pytest.param(
            "DELETE FROM log.event WHERE pos = 5",
            ["position 5 is missing: found 6", "position 7: version 4 follows 2", wrong_hash(7), BROKEN_SEAL],
            id="a middle event deleted",
        ),
        pytest.param(
            "DELETE FROM log.event; UPDATE log.head SET pos = 0",
            [BROKEN_SEAL],
            id="every event deleted",
        ),
        pytest.param("UPDATE log.head SET pos = 11", ["the head says 11, the last event is 10"], id="the head put forward"),
        pytest.param("DELETE FROM log.head", ["the head says None, the last event is 10"], id="the head deleted"),
    ],
)
async def test_what_was_changed_is_named_with_its_position(rig: Rig, attack: str, found: list[str]) -> None:
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute(attack)
    assert await findings(log) == found


async def test_two_bodies_that_changed_places_are_both_named(rig: Rig) -> None:
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute("UPDATE log.event AS a SET body = b.body FROM log.event AS b WHERE (a.pos, b.pos) IN ((5, 6), (6, 5))")
    found = await findings(log)
    assert {finding.partition(":")[0] for finding in found} == {"position 5", "position 6"}
    assert {wrong_hash(5), wrong_hash(6)} < set(found)


async def test_an_edited_chain_that_was_hashed_anew_is_caught_by_the_seal(rig: Rig) -> None:
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        await make_the_deposit_a_million(attacker)
        await rehash(attacker)
    assert await findings(log) == [BROKEN_SEAL]


async def test_ranks_closed_behind_a_deleted_event_are_caught_by_the_seal(rig: Rig) -> None:
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute("DELETE FROM log.event WHERE pos = 7")  # the last one of its account below the seal
        await attacker.execute("DELETE FROM log.event WHERE pos = 9")
        await attacker.execute("UPDATE log.event SET pos = CASE pos WHEN 8 THEN 7 ELSE 8 END WHERE pos > 7")
        await attacker.execute("UPDATE log.head SET pos = 8")
    assert await findings(log) == [BROKEN_SEAL]


async def test_a_forged_event_slipped_in_below_the_seal_is_caught_by_it(rig: Rig) -> None:
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute("UPDATE log.event SET pos = -pos - 1 WHERE pos > 4; UPDATE log.event SET pos = -pos WHERE pos < 0")
        await insert(attacker, 5, row_of(await log.load(uuid4()), 1_000_000))
        await attacker.execute("UPDATE log.head SET pos = 11")
    assert await findings(log) == [BROKEN_SEAL]


@pytest.mark.parametrize(
    ("pos", "found"),
    [
        (11, ["the head says 10, the last event is 11"]),
        (12, ["position 11 is missing: found 12", "the head says 10, the last event is 12"]),
        (0, ["position 0 stands before the first"]),
        (-(2**63), [f"position {-(2**63)} stands before the first"]),
        (2**63 - 1, [f"position 11 is missing: found {2**63 - 1}", f"the head says 10, the last event is {2**63 - 1}"]),
    ],
)
async def test_an_event_that_the_running_service_puts_past_its_head_is_found(rig: Rig, pos: int, found: list[str]) -> None:
    log = await sealed_log(rig)
    async with connected(log.dsn) as runtime:
        await insert(runtime, pos, row_of(await log.load(uuid4()), 1_000_000))
    assert await findings(log) == found


async def test_a_head_that_the_running_service_put_back_is_found(rig: Rig) -> None:
    log = await sealed_log(rig)
    await log.pool.execute("UPDATE log.head SET pos = 3")
    assert await findings(log) == ["the head says 3, the last event is 10"]


# What somebody with every privilege may do to the seals.


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        pytest.param("UPDATE log.seal SET upto = 7", [BROKEN_SEAL.replace("8", "7"), "seal 7: the signature is not good"], id="upto"),
        pytest.param("UPDATE log.seal SET upto = 11", [BROKEN_SEAL.replace("8", "11"), "seal 11: the signature is not good"], id="far"),
        pytest.param(
            "UPDATE log.seal SET upto = 9223372036854775807",
            [BROKEN_SEAL.replace("8", "9223372036854775807"), "seal 9223372036854775807: the signature is not good"],
            id="further than can be counted",
        ),
        pytest.param(
            "UPDATE log.seal SET root = set_byte(root, 0, get_byte(root, 0) # 1)",
            [BROKEN_SEAL, "seal 8: the signature is not good"],
            id="root",
        ),
        pytest.param(
            "UPDATE log.seal SET previous = set_byte(previous, 0, 1)",
            ["seal 8: it does not follow the previous seal", "seal 8: the signature is not good"],
            id="previous",
        ),
        pytest.param("UPDATE log.seal SET key_id = 'own'", ["seal 8: key own is not trusted"], id="key"),
        pytest.param("UPDATE log.seal SET signature = set_byte(signature, 0, 0)", ["seal 8: the signature is not good"], id="signature"),
        pytest.param("UPDATE log.seal SET signature = ''", ["seal 8: the signature is not good"], id="no signature"),
        pytest.param("UPDATE log.seal SET at = at - interval '1 day'", ["seal 8: the signature is not good"], id="dated back"),
    ],
)
async def test_a_seal_that_was_changed_is_named(rig: Rig, attack: str, found: list[str]) -> None:
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute(attack)
    assert await findings(log) == found


@pytest.mark.parametrize(
    ("claimed", "found"),
    [
        (key_id_of(OTHER_KEY.public_key()), f"seal 8: key {key_id_of(OTHER_KEY.public_key())} is not trusted"),
        (key_id_of(KEY.public_key()), "seal 8: the signature is not good"),
    ],
    ids=["under its own name", "under the trusted key's name"],
)
async def test_a_seal_forged_with_another_key_is_found(rig: Rig, claimed: str, found: str) -> None:
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        await make_the_deposit_a_million(attacker)
        await rehash(attacker)
        await reseal(attacker, OTHER_KEY, claimed)
    assert await findings(log) == [found]


async def test_a_seal_of_another_log_is_no_seal_of_this_one(rig: Rig) -> None:
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        row = await attacker.fetchrow("SELECT upto, root, previous, at FROM log.seal")
        assert row is not None
        await attacker.execute("UPDATE log.seal SET signature = $1", KEY.sign(Seal("audit", *row).digest))
    assert await findings(log) == ["seal 8: the signature is not good"]


async def test_a_seal_cut_out_of_the_row_is_found_by_the_next(rig: Rig) -> None:
    log = await sealed_log(rig)
    await seal_next(log.pool, "bank", KEY)
    async with attacking(rig, log) as attacker:
        await attacker.execute("DELETE FROM log.seal WHERE upto = 8")
    assert await findings(log) == [BROKEN_SEAL.replace("8", "10"), "seal 10: it does not follow the previous seal"]


async def test_seals_cut_off_at_the_end_show_in_how_far_the_log_is_sealed(rig: Rig) -> None:
    log = await sealed_log(rig)
    await seal_next(log.pool, "bank", KEY)
    before = await verdict_on(log)
    async with attacking(rig, log) as attacker:
        await attacker.execute("DELETE FROM log.seal WHERE upto = 10")
    after = await verdict_on(log)
    # No log can tell by itself what was cut off its end: whoever noted how far it was sealed can.
    assert (before.seals, before.sealed_upto, after.seals, after.sealed_upto) == (2, 10, 1, 8)
    assert after.findings == []


# Any single byte.


def altered(value: Any, place: int, flip: int) -> Any:
    """Change one byte of a value; `flip` is not 0."""
    match value:
        case bytes():
            place %= len(value)
            return value[:place] + bytes([value[place] ^ flip]) + value[place + 1 :]
        case str():
            place %= len(value)
            return value[:place] + ("x" if value[place] != "x" else "y") + value[place + 1 :]
        case int():
            return value ^ (flip << 8 * (place % 3))
        case datetime():
            return value + timedelta(microseconds=flip << 8 * (place % 5))
        case _:
            return UUID(bytes=altered(value.bytes, place, flip))


@pytest_asyncio.fixture(name="attacked")
async def attacked_fixture(rig: Rig) -> AsyncGenerator[tuple[Log, Connection]]:
    """Give a log with two seals, and a connection for attacks that are taken back after each."""
    log = await sealed_log(rig)
    await seal_next(log.pool, "bank", KEY)
    async with attacking(rig, log) as attacker:
        yield log, attacker


COLUMNS = [
    *(("event", "pos", name) for name in ("pos", "stream", "version", "subject", "body", "hash")),
    *(("seal", "upto", name) for name in ("upto", "root", "previous", "key_id", "signature", "at")),
    ("head", "one", "pos"),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(column=st.sampled_from(COLUMNS), row=st.integers(0, 9), place=st.integers(0, 1000), flip=st.integers(1, 255))
async def test_any_byte_changed_in_any_column_is_found_or_refused_by_the_table(
    attacked: tuple[Log, Connection], column: tuple[str, str, str], row: int, place: int, flip: int
) -> None:
    (log, attacker), (table, key, name) = attacked, column
    transaction = attacker.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        rows = await attacker.fetch(f"SELECT {key}, {name} FROM log.{table} ORDER BY 1")  # noqa: S608 - names from above
        at, value = rows[row % len(rows)]
        new = altered(value, place, flip)
        try:
            async with attacker.transaction():
                await attacker.execute(f"UPDATE log.{table} SET {name} = $2 WHERE {key} = $1", at, new)  # noqa: S608 - the same
        except (asyncpg.CheckViolationError, asyncpg.UniqueViolationError):
            return
        verdict = await verify_log(attacker, log.source, TRUSTED)
        assert verdict.findings, f"{table}.{name} of {at}: {value!r} became {new!r}"
    finally:
        await transaction.rollback()


# Seals.


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20, unique=True), st.data())
def test_no_other_list_of_hashes_has_the_same_root(hashes: list[bytes], data: st.DataObject) -> None:
    root = merkle_root(hashes)
    other = data.draw(st.permutations(hashes) | st.lists(st.sampled_from([*hashes, NO_HASH]), max_size=20))
    assert (merkle_root(other) == root) == (other == hashes)
    if len(hashes) > 1:
        # A node is no leaf: two hashes do not have the root of the one that stands above them.
        pair = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in hashes[:2]]
        assert merkle_root([b"".join(pair), *hashes[2:]]) != root


async def test_seals_follow_each_other_and_each_covers_at_most_its_share(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "SEAL_EVENTS_MAX", 4)
    log = await rig.log()
    assert await seal_next(log.pool, "bank", KEY) == 0
    await some_history(log, accounts=2, deposits=4)
    assert [await seal_next(log.pool, "bank", KEY) for _ in range(4)] == [4, 4, 2, 0]
    assert await verdict_on(log) == Verdict("bank", events=10, streams=2, seals=3, sealed_upto=10)


async def test_what_waits_is_sealed_at_once_and_what_comes_later_in_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "SEAL_EVENTS_MAX", 3)
    monkeypatch.setattr(seal, "SEAL_SECONDS", 0.05)
    log = await rig.log()
    await deposit(log, uuid4(), *range(1, 11))
    async with running(seal_for_ever(log, KEY)):
        await eventually(lambda: verdict_on(log), lambda verdict: verdict.sealed_upto == 10)
        await deposit(log, uuid4(), 1)
        await eventually(lambda: verdict_on(log), lambda verdict: verdict.sealed_upto == 11)
    assert (await verdict_on(log)).good


async def test_two_who_seal_at_once_do_not_fork_the_row_of_seals(rig: Rig) -> None:
    log = await rig.log()

    async def seal_often() -> None:
        for _ in range(25):
            await seal_next(log.pool, "bank", KEY)

    async def go_on() -> None:
        await deposit(log, uuid4(), *range(1, 60))

    await asyncio.gather(go_on(), *(seal_often() for _ in range(4)))
    await seal_next(log.pool, "bank", KEY)
    verdict = await verdict_on(log)
    assert verdict.findings == []
    assert verdict.sealed_upto == 59


# The mirror.


async def mirror(rig: Rig, log: Log, subjects: Mapping[int, str] | None = None, bodies: Mapping[int, bytes] | None = None) -> None:
    """Make the stream by hand, with something else in some places, and so that messages can be deleted."""
    jetstream = (await rig.broker()).jetstream()
    await jetstream.add_stream(stream_config("bank", str(await log.epoch()), 1).evolve(deny_delete=False, deny_purge=False))
    for pos, subject, body in await stored(log):
        await jetstream.publish((subjects or {}).get(pos, subject), (bodies or {}).get(pos, body))


async def mirror_findings(rig: Rig, log: Log) -> list[str]:
    verdict = await verdict_on(log)
    async with log.pool.acquire() as connection:
        await verify_mirror(connection, await rig.broker(), verdict)
    return verdict.findings


async def test_a_true_mirror_has_no_findings(rig: Rig) -> None:
    log = await sealed_log(rig)
    await mirror(rig, log)
    assert await mirror_findings(rig, log) == []


async def test_the_empty_mirror_of_an_empty_log_has_no_findings(rig: Rig) -> None:
    log = await rig.log()
    await mirror(rig, log)
    assert await mirror_findings(rig, log) == []


async def test_a_stream_with_another_body_or_subject_is_found(rig: Rig) -> None:
    log = await sealed_log(rig)
    (_, subject, body), *_ = await stored(log)
    await mirror(rig, log, subjects={3: subject}, bodies={7: body})
    assert await mirror_findings(rig, log) == ["position 3: stream and log differ", "position 7: stream and log differ"]


async def test_a_stream_that_lacks_events_is_found(rig: Rig) -> None:
    log = await sealed_log(rig)
    await mirror(rig, log, bodies={9: b"{}"})
    jetstream = (await rig.broker()).jetstream()
    for sequence in (4, 6):
        await jetstream.delete_msg("BANK", sequence)
    assert await mirror_findings(rig, log) == [
        "position 4 is missing in the stream",
        "position 6 is missing in the stream",
        "position 9: stream and log differ",
    ]
    await jetstream.purge_stream("BANK", seq=3)
    assert (await mirror_findings(rig, log))[0] == "the stream begins at 3"


async def test_a_stream_whose_end_was_deleted_is_found(rig: Rig) -> None:
    log = await sealed_log(rig)
    await mirror(rig, log)
    await (await rig.broker()).jetstream().delete_msg("BANK", 10)
    assert await mirror_findings(rig, log) == ["position 10 is missing in the stream"]


async def test_a_stream_that_was_emptied_is_found(rig: Rig) -> None:
    log = await sealed_log(rig)
    await mirror(rig, log)
    await (await rig.broker()).jetstream().purge_stream("BANK")
    assert await mirror_findings(rig, log) == ["the stream begins at 11"]


async def test_a_stream_that_is_behind_is_found(rig: Rig) -> None:
    log = await sealed_log(rig)
    await mirror(rig, log)
    await deposit(log, uuid4(), 1)
    assert await mirror_findings(rig, log) == ["the stream ends at 10, the log at 11"]


async def test_a_stream_that_is_not_there_is_found(rig: Rig) -> None:
    log = await sealed_log(rig)
    await rig.broker()
    assert await mirror_findings(rig, log) == ["there is no stream"]


async def test_a_stream_of_another_history_is_found(rig: Rig) -> None:
    log = await sealed_log(rig)
    await mirror(rig, log)
    async with attacking(rig, log) as attacker:
        await attacker.execute("UPDATE log.head SET epoch = gen_random_uuid()")
    (finding,) = await mirror_findings(rig, log)
    assert finding.startswith("the stream mirrors history ")


async def test_a_log_rewritten_with_every_hash_and_seal_is_found_by_its_mirror(rig: Rig) -> None:
    log = await sealed_log(rig)
    await mirror(rig, log)
    async with attacking(rig, log) as attacker:
        await make_the_deposit_a_million(attacker)
        await rehash(attacker)
        await reseal(attacker, KEY, key_id_of(KEY.public_key()))
    assert await findings(log) == []
    assert await mirror_findings(rig, log) == ["position 5: stream and log differ"]


# Read tables.

REGISTER = replace(
    ACCOUNTS,
    ddl="CREATE TABLE account (id uuid PRIMARY KEY, owner text, opened_at timestamptz, last_deposit integer,"
    " blocked boolean NOT NULL DEFAULT false, pos_bank bigint, twice integer GENERATED ALWAYS AS (2 * last_deposit) STORED);",
)


async def register(rig: Rig) -> tuple[Log, UUID, UUID]:
    """Give a log with a register beside it: an account with deposits, and one that was only opened."""
    log = await rig.log()
    (used,) = await some_history(log, accounts=1, deposits=3)
    (fresh,) = await some_history(log, accounts=1, deposits=0)
    await install(log.pool, REGISTER)
    projector = Projector(REGISTER, log.pool, CODEC)
    await projector.begin("bank")
    await projector.apply(await carried(log))
    return log, used, fresh


async def register_findings(log: Log, model: ReadModel = REGISTER) -> list[str]:
    verdict = Verdict("bank")
    async with log.pool.acquire() as connection:
        await verify_read_model(connection, model, CODEC, {"bank": connection}, verdict)
    return verdict.findings


async def test_a_read_table_that_was_only_projected_has_no_findings(rig: Rig) -> None:
    log, _, _ = await register(rig)
    assert await register_findings(log) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("last_deposit", "1000000"),
        ("last_deposit", "NULL"),
        ("owner", "'Ánh'"),
        ("blocked", "true"),
        ("pos_bank", "9"),
        ("opened_at", "opened_at + interval '1 microsecond'"),
    ],
)
async def test_an_edited_row_is_found_with_its_column(rig: Rig, column: str, value: str) -> None:
    log, used, fresh = await register(rig)
    # The second row too, where no event has ever set the column.
    await log.pool.execute(f"UPDATE accounts_v1.account SET {column} = {value}")  # noqa: S608 - names from above
    changed = [used] if value == "NULL" else [used, fresh]
    found = await register_findings(log)
    assert sorted(found) == sorted(f"accounts_v1.account: row {key} differs in {column}" for key in changed)


async def test_a_row_too_few_and_a_row_too_many_are_found(rig: Rig) -> None:
    log, used, _ = await register(rig)
    forged = uuid4()
    await log.pool.execute("DELETE FROM accounts_v1.account WHERE id = $1", used)
    await log.pool.execute("INSERT INTO accounts_v1.account (id, owner) VALUES ($1, 'An')", forged)
    assert sorted(await register_findings(log)) == sorted(
        [
            f"accounts_v1.account: row {used} is missing",
            f"accounts_v1.account: row {forged} is not to be there",
        ]
    )


async def test_an_event_that_nobody_can_read_is_a_finding_and_the_others_are_compared(rig: Rig) -> None:
    log, used, _ = await register(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute("UPDATE log.event SET body = '{}' WHERE pos = 5")
    await log.pool.execute("UPDATE accounts_v1.account SET owner = 'Ánh' WHERE id = $1", used)
    unreadable, *rest = await register_findings(log)
    assert unreadable.startswith("bank/5: ")
    assert f"accounts_v1.account: row {used} differs in owner" in rest


async def test_more_findings_than_anybody_reads_are_cut(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "FINDINGS_MAX", 3)
    log = await sealed_log(rig)
    async with attacking(rig, log) as attacker:
        await attacker.execute("UPDATE log.event SET hash = decode(repeat('00', 32), 'hex')")
    assert await findings(log) == [wrong_hash(1), wrong_hash(2), wrong_hash(3)]
