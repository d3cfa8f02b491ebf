from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from kernel.eventlog import Codec, Slice, Unreadable
from kernel.eventlog.event import History, event_id, rows_of, stream_of
from kernel.eventlog.verify import verify_log
from tests.kernel.eventlog.bank import AGENCY, CODEC, MONDAY, Deposited, Opened, add, meta
from tests.kernel.eventlog.ledger import Ledger, audit_log, lines, parked
from tests.kernel.eventlog.rig import Rig, carried, stored


class MovedV1(BaseModel):
    TYPE: ClassVar[str] = "bank.account.moved.v1"
    address: str


class MovedV2(BaseModel):
    TYPE: ClassVar[str] = "bank.account.moved.v2"
    street: str
    town: str


class MovedV3(BaseModel):
    TYPE: ClassVar[str] = "bank.account.moved.v3"
    street: str
    town: str
    country: str


def split(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    street, _, town = data["address"].partition(", ")
    return MovedV2.TYPE, {"street": street, "town": town}


def at_home(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return MovedV3.TYPE, {**data, "country": "Việt Nam"}


OLD = Codec({**CODEC.types, MovedV1.TYPE: MovedV1})
SECOND = Codec({**CODEC.types, MovedV2.TYPE: MovedV2}, {MovedV1.TYPE: split})
THIRD = Codec({**CODEC.types, MovedV3.TYPE: MovedV3}, {MovedV1.TYPE: split, MovedV2.TYPE: at_home})


def body(fact: MovedV1 | MovedV2 | MovedV3, **head: Any) -> bytes:
    """Make the bytes of one event, as they are stored, with something else in their head."""
    (row,) = rows_of("bank", Slice(History(uuid4()), AGENCY, [fact]), meta("c"), MONDAY, first=0)
    return orjson.dumps({**orjson.loads(row.body), **head})


MOVED = MovedV1(address="12 Trần Phú, Đà Nẵng")


def test_an_event_of_version_1_is_read_as_version_2() -> None:
    event = SECOND.decode("bank", 1, body(MOVED))
    assert event.fact == MovedV2(street="12 Trần Phú", town="Đà Nẵng")
    # What it was called when it was written is kept: the type is part of the record.
    assert event.type == "bank.account.moved.v1"


def test_a_chain_of_upcasters_is_walked_to_its_end_from_every_link() -> None:
    newest = MovedV3(street="12 Trần Phú", town="Đà Nẵng", country="Việt Nam")
    assert THIRD.decode("bank", 1, body(MOVED)).fact == newest
    assert THIRD.decode("bank", 1, body(MovedV2(street="12 Trần Phú", town="Đà Nẵng"))).fact == newest
    assert THIRD.decode("bank", 1, body(newest)).fact == newest


def test_an_event_of_todays_version_passes_through_no_upcaster() -> None:
    abroad = MovedV3(street="1 Main St", town="Wien", country="Austria")
    assert THIRD.decode("bank", 1, body(abroad)).fact == abroad


def test_reading_leaves_what_was_read_as_it_is() -> None:
    data = {"address": "12 Trần Phú, Đà Nẵng"}
    THIRD.fact(MovedV1.TYPE, data)
    assert data == {"address": "12 Trần Phú, Đà Nẵng"}


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ({"type": "bank.account.closed.v1"}, "bank.account.closed.v1"),
        ({"type": "bank.account.moved.v4"}, "bank.account.moved.v4"),
        ({"type": "bank.account.moved"}, "bank.account.moved"),
        ({"type": None}, "None"),
        ({"type": ["bank.account.moved.v1"]}, "unhashable"),
        ({"data": {}}, "address"),
        ({"data": None}, "NoneType"),
        ({"data": "12 Trần Phú"}, "indices"),
        ({"data": {"address": 7}}, "int"),
        ({"subject": "An"}, "UUID"),
        ({"subject": None}, "TypeError"),
        ({"sequence": "first"}, "first"),
        ({"time": "yesterday"}, "yesterday"),
        ({"time": 7}, "fromisoformat"),
        ({"cause": 7}, "int"),
    ],
)
def test_an_event_that_nobody_knows_how_to_read_is_unreadable_and_says_where_and_why(head: dict[str, Any], why: str) -> None:
    with pytest.raises(Unreadable, match=r"^bank/7: ") as unreadable:
        THIRD.decode("bank", 7, body(MOVED, **head))
    assert why in str(unreadable.value)


def test_an_upcaster_that_fails_makes_the_event_unreadable() -> None:
    def fail(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return MovedV2.TYPE, {"street": data["road"], "town": ""}

    with pytest.raises(Unreadable, match="bank/1: KeyError: 'road'"):
        Codec(SECOND.types, {MovedV1.TYPE: fail}).decode("bank", 1, body(MOVED))


def test_an_upcaster_that_leads_to_a_version_that_nobody_knows_makes_the_event_unreadable() -> None:
    with pytest.raises(Unreadable, match=r"'bank\.account\.moved\.v3'"):
        Codec(SECOND.types, THIRD.upcasters).decode("bank", 1, body(MOVED))


WHOLE_NUMBERS = st.integers(-(2**63), 2**63 - 1)  # what JSON readers agree on; a contract has to bound its numbers
ANY_JSON = st.recursive(
    st.none() | WHOLE_NUMBERS | st.text(max_size=9), lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=9), v)
)


@given(st.binary(max_size=60) | ANY_JSON.map(orjson.dumps))
def test_no_bytes_whatever_break_more_than_their_own_reading(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        THIRD.decode("bank", 1, raw)


@given(
    field=st.sampled_from(["id", "type", "subject", "sequence", "time", "recordedtime", "agency", "actor", "cause", "traceparent", "data"]),
    value=st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text(max_size=9)
    | st.lists(st.none())
    | st.just({}),
)
def test_a_head_with_anything_in_it_is_read_or_unreadable_and_never_an_error(field: str, value: Any) -> None:
    with suppress(Unreadable):
        event = THIRD.decode("bank", 1, body(MOVED, **{field: value}))
        assert event.fact.country == "Việt Nam"


@given(
    st.builds(Deposited, amount=WHOLE_NUMBERS) | st.builds(Opened, owner=st.text()),
    st.text(min_size=1, max_size=20),
    st.none() | st.text(max_size=20),
)
def test_what_is_written_is_what_is_read(fact: Any, command: str, traceparent: str | None) -> None:
    history = History(uuid4())
    said = meta(command, cause="audit/7", traceparent=traceparent)
    (row,) = rows_of("bank", Slice(history, AGENCY, [fact]), said, MONDAY, first=3)
    event = CODEC.decode("bank", 9, row.body)
    assert (event.fact, event.id, event.pos, event.version) == (fact, f"{command}/3", 9, 1)
    assert (event.stream, event.time, event.recorded_at, event.agency) == (history.stream, MONDAY, MONDAY, AGENCY)
    assert (event.actor, event.cause, event.traceparent) == ("clerk", "audit/7", traceparent)
    assert (event_id(row.body), stream_of(row.body)) == (event.id, history.stream)


async def test_a_log_written_before_is_read_by_a_program_that_knows_more(rig: Rig) -> None:
    old, account = await rig.log(codec=OLD), uuid4()
    await add(old, account, [Opened(owner="An"), MOVED])
    before = await stored(old)

    new = await rig.open(old.dsn, codec=THIRD)
    await add(new, account, [MovedV3(street="1 Lê Lợi", town="Huế", country="Việt Nam")])
    assert [event.fact for event in (await new.load(account)).events][1:] == [
        MovedV3(street="12 Trần Phú", town="Đà Nẵng", country="Việt Nam"),
        MovedV3(street="1 Lê Lợi", town="Huế", country="Việt Nam"),
    ]
    # Reading never writes: the bytes, and with them hashes and seals, are those of the day they were made.
    assert (await stored(new))[:2] == before
    async with new.pool.acquire() as connection:
        assert (await verify_log(connection, "bank", {})).good


async def test_a_history_with_an_event_from_the_future_cannot_be_decided_on(rig: Rig) -> None:
    new, account = await rig.log(codec=THIRD), uuid4()
    await add(new, account, [MovedV3(street="1 Lê Lợi", town="Huế", country="Việt Nam")])
    # The older program of a rolling release: better no answer than one that overlooks a fact.
    old = await rig.open(new.dsn, codec=OLD)
    with pytest.raises(Unreadable, match=r"bank/1: KeyError: 'bank\.account\.moved\.v3'"):
        await old.load(account)


async def test_an_event_from_the_future_is_parked_with_its_bytes_and_applied_when_its_version_is_known(rig: Rig) -> None:
    bank, audit = await rig.log(codec=THIRD), await audit_log(rig)
    moved, other = uuid4(), uuid4()
    await add(bank, moved, [Opened(owner="An"), MovedV3(street="1 Lê Lợi", town="Huế", country="Việt Nam"), Deposited(amount=1)])
    await add(bank, other, [Opened(owner="Bình")])
    ledger = Ledger(audit)
    await ledger.begin("bank")
    await ledger.apply(await carried(bank))
    assert await lines(audit) == ["bank/1", "bank/4"]
    (line, error), (_, waiting) = await parked(audit)
    assert (line, error) == ("bank/2", "Unreadable: bank/2: KeyError: 'bank.account.moved.v3'")
    assert waiting.startswith("Waiting")
    kept = [(row["pos"], row["body"]) for row in await audit.pool.fetch("SELECT pos, body FROM log.parked ORDER BY pos")]
    assert kept == [(pos, raw) for pos, _, raw in (await stored(bank))[1:3]]

    newer = Ledger(audit)
    newer.codec = THIRD
    await newer.begin("bank")
    assert await newer.unpark(moved) == 2
    assert await lines(audit, moved) == ["bank/1", "bank/2", "bank/3"]
