from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.eventlog import Busy
from kernel.eventlog.migrate import read_sql
from kernel.vault import ENTRY, Erased, KeyRing, Opened, Sealed, Vault, commitment_of, vault, verify_commitment
from tests.servers import PostgresServer

SCHEMA = Path(vault.__file__).with_name("schema.sql")
PERSON: dict[str, Any] = {"name": "Nguyễn Thị Đằng", "id_number": "079203001234", "contact": {"phone": "0901234567"}}
RING = KeyRing(1, {1: os.urandom(32)})
VAULT = Vault(RING, {"assess", "contact"})


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    database = postgres.create_database("safe")

    async def prepare() -> None:
        connection = await asyncpg.connect(database.owner_dsn)
        await connection.execute(read_sql(SCHEMA, "safe"))
        await connection.close()

    asyncio.run(prepare())
    return database.name


@pytest.fixture
async def pool(postgres: PostgresServer, template: str) -> AsyncGenerator[Any]:
    async with asyncpg.create_pool(postgres.create_database("safe", template).runtime_dsn, min_size=1, max_size=4) as made:
        yield made


async def keep(pool: Any, sealed: Sealed) -> None:
    await pool.execute(ENTRY.insert(1), *([value] for value in sealed.row))


async def accesses(pool: Any, ref: UUID) -> list[tuple[str, str]]:
    return [(row["principal"], row["purpose"]) for row in await pool.fetch("SELECT * FROM vault.access WHERE ref = $1 ORDER BY id", ref)]


async def test_what_was_sealed_can_be_read_and_the_reading_is_recorded(pool: Any) -> None:
    sealed = VAULT.seal(uuid4(), PERSON)
    await keep(pool, sealed)
    assert await VAULT.read(pool, sealed.ref, "officer-7", "assess") == PERSON
    assert await accesses(pool, sealed.ref) == [("officer-7", "assess")]


async def test_a_purpose_that_is_not_on_the_list_opens_nothing(pool: Any) -> None:
    sealed = VAULT.seal(uuid4(), PERSON)
    await keep(pool, sealed)
    with pytest.raises(ValueError, match="purpose"):
        await VAULT.read(pool, sealed.ref, "officer-7", "curiosity")
    assert await accesses(pool, sealed.ref) == []


async def test_an_erased_person_is_gone_and_the_erasure_is_known(pool: Any) -> None:
    stream = uuid4()
    mine, other = [VAULT.seal(stream, PERSON), VAULT.seal(stream, {"a": 1})], VAULT.seal(uuid4(), PERSON)
    for sealed in [*mine, other]:
        await keep(pool, sealed)
    assert await VAULT.erase(pool, stream, "operator-1") == 2
    assert await VAULT.erase(pool, stream, "operator-1") == 0
    with pytest.raises(Erased):
        await VAULT.read(pool, mine[0].ref, "officer-7", "contact")
    assert await VAULT.read(pool, other.ref, "officer-7", "contact") == PERSON
    assert await accesses(pool, mine[0].ref) == [("operator-1", "erasure"), ("officer-7", "contact")]


async def test_the_table_holds_nothing_that_can_be_read(pool: Any) -> None:
    sealed = VAULT.seal(uuid4(), PERSON)
    await keep(pool, sealed)
    stored = bytes(await pool.fetchval("SELECT body FROM vault.entry"))
    for secret in ("Nguyễn", "079203001234", "0901234567"):
        assert secret.encode() not in stored


async def test_an_entry_moved_under_another_reference_does_not_open(pool: Any) -> None:
    one, other = VAULT.seal(uuid4(), PERSON), VAULT.seal(uuid4(), {"a": 1})
    swapped = Sealed(other.ref, other.commitment, (other.ref, *one.row[1:]))
    await keep(pool, swapped)
    with pytest.raises(ValueError, match="does not fit"):
        await VAULT.read(pool, other.ref, "officer-7", "assess")


async def test_a_changed_entry_does_not_open(pool: Any) -> None:
    sealed = VAULT.seal(uuid4(), PERSON)
    body = bytearray(sealed.row[3])
    body[-1] ^= 1
    await keep(pool, Sealed(sealed.ref, sealed.commitment, (*sealed.row[:3], bytes(body))))
    with pytest.raises(ValueError, match="does not fit") as refused:
        await VAULT.read(pool, sealed.ref, "officer-7", "assess")
    assert refused.value.__suppress_context__


async def test_a_new_key_seals_and_the_old_one_still_opens(pool: Any) -> None:
    old = VAULT.seal(uuid4(), PERSON)
    rotated = Vault(KeyRing(2, {2: os.urandom(32), **RING.keys}), VAULT.purposes)
    new = rotated.seal(uuid4(), {"a": 1})
    await keep(pool, old)
    await keep(pool, new)
    assert (old.row[2], new.row[2]) == (1, 2)
    assert await rotated.read(pool, old.ref, "x", "assess") == PERSON
    assert await rotated.read(pool, new.ref, "x", "assess") == {"a": 1}
    with pytest.raises(LookupError, match="key 2"):
        await VAULT.read(pool, new.ref, "x", "assess")


@pytest.mark.parametrize(
    "statement", ["UPDATE vault.entry SET stream = ref", "UPDATE vault.access SET purpose = ''", "DELETE FROM vault.access"]
)
async def test_the_running_service_can_change_neither_entries_nor_who_read_them(pool: Any, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


async def test_a_database_that_is_away_is_busy() -> None:
    class Away:
        async def fetchrow(self, *_: object) -> None:
            raise ConnectionRefusedError

    with pytest.raises(Busy):
        await VAULT.read(Away(), uuid4(), "x", "assess")  # pyright: ignore[reportArgumentType] - stands for a pool without a server


async def test_a_commitment_proves_the_document_and_no_other(pool: Any) -> None:
    sealed = VAULT.seal(uuid4(), PERSON)
    await keep(pool, sealed)
    opened = await VAULT.open(pool, sealed.ref, "auditor-1", "assess")
    assert verify_commitment(sealed.commitment, opened)
    assert not verify_commitment(sealed.commitment, Opened(opened.document | {"name": "Another"}, opened.salt))
    assert not verify_commitment(sealed.commitment, Opened(opened.document, bytes(32)))


def test_the_same_person_twice_cannot_be_told_from_the_commitments() -> None:
    one, other = VAULT.seal(uuid4(), PERSON), VAULT.seal(uuid4(), PERSON)
    assert one.commitment != other.commitment
    assert len(one.commitment) == 64


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")), lambda s: st.lists(s, max_size=3)
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), JSON, max_size=5))
def test_any_document_comes_out_as_it_went_in(document: dict[str, Any]) -> None:
    stream = uuid4()
    sealed = VAULT.seal(stream, document)
    opened = VAULT._open(sealed.ref, *sealed.row[1:])
    assert opened.document == document
    assert verify_commitment(sealed.commitment, opened)
    assert commitment_of(opened.salt, dict(reversed(document.items()))) == sealed.commitment


def test_what_is_not_json_or_too_large_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="not JSON") as refused:
        VAULT.seal(uuid4(), {"name": object()})
    assert refused.value.__suppress_context__
    with pytest.raises(ValueError, match="too large"):
        VAULT.seal(uuid4(), {"name": "x" * (1024 * 1024)})


def test_keys_are_read_from_the_setting_the_current_one_first() -> None:
    text = f"2:{b64encode(b'b' * 32).decode()}, 1:{b64encode(b'a' * 32).decode()}"
    ring = KeyRing.parse(text)
    assert (ring.current, ring.keys) == (2, {2: b"b" * 32, 1: b"a" * 32})
    assert "YmJi" not in repr(ring)


@pytest.mark.parametrize("text", ["", "1", "1:c2hvcnQ=", "x:" + "A" * 44, "0:" + b64encode(bytes(32)).decode(), "1:****"])
def test_a_wrong_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="key") as refused:
        KeyRing.parse(text)
    assert "c2hvcnQ" not in str(refused.value)
