"""One event: how it is written as a CloudEvent, and how those bytes are read back.

The bytes are made once. They are what is hashed, stored, published and read (CloudEvents 1.0, structured mode, JSON format).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple, Protocol
from uuid import UUID

import orjson
from asyncpg.pgproto.pgproto import UUID as FAST_UUID
from pydantic import BaseModel

SHARDS: Final = 16
NO_HASH: Final = bytes(32)


class Fact(Protocol):
    """What a contract model has to offer to be kept in a log."""

    TYPE: ClassVar[str]

    def model_dump_json(self) -> str:
        """Give the fact as JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Meta:
    """Who did it, when, and because of what.

    `command_id` makes the event ids (`<command_id>/<n>`), so that the same command carried out twice is recognised.
    `time` is when it happened (aware). `cause` is `<source>/<position>` of the event that this one answers.
    """

    command_id: str
    actor: str
    time: datetime
    cause: str | None = None
    traceparent: str | None = None


class Recorded(NamedTuple):
    """One event as read back from a log or a stream. A tuple: made a million times in a rebuild, a third as dear as a frozen dataclass."""

    source: str
    pos: int
    stream: UUID
    version: int
    id: str
    type: str
    time: datetime
    recorded_at: datetime
    agency: str
    actor: str
    cause: str | None
    traceparent: str | None
    fact: Any
    """The contract's model; None where the reader said that it has no use for this type."""


@dataclass(frozen=True, slots=True)
class History:
    """All events of one stream; version 0 is a stream that does not exist yet."""

    stream: UUID
    version: int = 0
    pos: int = 0
    hash: bytes = NO_HASH
    events: tuple[Recorded, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """New facts for one stream, on top of the history that they were decided on.

    `after` is the state that they lead to, if the log is to remember it for the next command.
    """

    history: History
    agency: str
    facts: Sequence[Fact]
    after: Any = None


class Row(NamedTuple):
    """One event ready to be stored; a tuple for the same reason."""

    id: str
    stream: UUID
    version: int
    subject: str
    body: bytes
    hash: bytes


def subject_of(type_: str, stream: UUID, agency: str) -> str:
    """`<service>.<shard>.<agency>.<aggregate>.<event>.v<n>`: filterable, and of few distinct values.

    The stream's id stays out of it, because a broker keeps state per subject.
    """
    service, rest = type_.split(".", 1)
    shard = zlib.crc32(stream.bytes) % SHARDS
    return f"{service}.{shard:02d}.{agency.lower().replace('.', '-')}.{rest}"


def rows_of(source: str, slice_: Slice, meta: Meta, recorded_at: datetime, first: int) -> list[Row]:
    """Make the rows of one slice; `first` is the number of its first event within the command."""
    history = slice_.history
    version, hash_ = history.version, history.hash
    stream = str(history.stream)
    rows: list[Row] = []
    for n, fact in enumerate(slice_.facts, first):
        version += 1
        head: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"{meta.command_id}/{n}",
            "source": f"/{source}",
            "type": fact.TYPE,
            "subject": stream,
            "time": meta.time,
            "recordedtime": recorded_at,
            "datacontenttype": "application/json",
            "sequence": str(version),
            "agency": slice_.agency,
            "actor": meta.actor,
        }
        if meta.cause is not None:
            head["cause"] = meta.cause
        if meta.traceparent is not None:
            head["traceparent"] = meta.traceparent
        # The fact's own JSON is spliced in as it is: one serialisation, and the bytes the contract made.
        body = b'%b,"data":%b}' % (orjson.dumps(head, option=orjson.OPT_UTC_Z)[:-1], fact.model_dump_json().encode())
        hash_ = hashlib.sha256(hash_ + body).digest()
        rows.append(Row(head["id"], history.stream, version, subject_of(fact.TYPE, history.stream, slice_.agency), body, hash_))
    return rows


class Unreadable(Exception):  # noqa: N818 - says what the body is
    """A body that is no event of a known type; the consumer parks it."""


Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""A pure step from the data of one event version to the next version's type and data."""


@dataclass(frozen=True, slots=True)
class Codec:
    """Turns stored bytes back into facts; old versions pass through their upcasters first.

    `context` is what the models' validators are told of this reader (pydantic's validation context).
    """

    types: Mapping[str, type[BaseModel]]
    upcasters: Mapping[str, Upcaster] = field(default_factory=dict[str, Upcaster])
    context: Any = None

    def decode(self, source: str, pos: int, body: bytes, passed_by: Container[str] = ()) -> Recorded:
        """Read one event; of a type that is to be `passed_by` everything but its fact, whose check is most of the work.

        Raises:
            Unreadable: if the bytes are not a CloudEvent of a known type, or its data do not fit.
        """
        try:
            event = orjson.loads(body)
            type_: str = event["type"]
            return Recorded(
                source=source,
                pos=pos,
                stream=FAST_UUID(event["subject"]),  # the driver's own subclass, read in a tenth of the time
                version=int(event["sequence"]),
                id=event["id"],
                type=type_,
                time=datetime.fromisoformat(event["time"]),
                recorded_at=datetime.fromisoformat(event["recordedtime"]),
                agency=event["agency"],
                actor=event["actor"],
                cause=checked_cause(event.get("cause")),
                traceparent=event.get("traceparent"),
                fact=None if type_ in passed_by else self.fact(type_, event["data"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{source}/{pos}: {type(error).__name__}: {error}"
            raise Unreadable(message) from error

    def all_but(self, facts: Collection[type[Fact]]) -> frozenset[str]:
        """Give the types that can never become one of `facts`; an older version may, and so may what nobody knows."""
        return frozenset(self.types) - {fact.TYPE for fact in facts} - set(self.upcasters)

    def fact(self, type_: str, data: dict[str, Any]) -> BaseModel:
        """Turn the data of an event of any version into the newest model."""
        while (step := self.upcasters.get(type_)) is not None:
            type_, data = step(data)
        return self.types[type_].model_validate(data, context=self.context)


def checked_cause(cause: str | None) -> str | None:
    """Give a cause that is none or `<source>/<position>`.

    Raises:
        ValueError: if it is anything else.
    """
    if cause is not None and (not cause.partition("/")[0] or not cause.partition("/")[2].isdecimal()):
        raise ValueError("the cause is no position")
    return cause


def event_id(body: bytes) -> str:
    """Give the id of a stored event without reading its data."""
    return orjson.loads(body)["id"]


def stream_of(body: bytes) -> UUID:
    """Give the stream of a stored event even where its data cannot be read.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: if the body is no CloudEvent at all.
    """
    return UUID(orjson.loads(body)["subject"])


def row_of(body: bytes, hash_: bytes) -> Row:
    """Give the row that an event is stored in, by what the body itself says.

    Raises:
        ValueError: if the body is no event of ours.
    """
    try:
        head = orjson.loads(body)
        stream, version = UUID(head["subject"]), int(head["sequence"])
        row = Row(head["id"], stream, version, subject_of(head["type"], stream, head["agency"]), body, hash_)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no event") from error
    if (str(stream), str(version)) != (head["subject"], head["sequence"]):
        raise ValueError("no event as we write them")
    return row
