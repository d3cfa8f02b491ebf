"""Step 4 of 8, append: what one caller brings to the queue, and the one statement that stores what many have brought."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from kernel.eventlog.event import History, Row
from kernel.eventlog.sql import QUERY


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows are stored in the same statement as events, or not at all: `columns` maps names to types."""

    name: str
    columns: Mapping[str, str] = field(hash=False)

    def insert(self, first_parameter: int) -> str:
        """Write the insert as a part of the append statement; its arrays are parameters from `first_parameter` on."""
        arrays = ", ".join(f"${first_parameter + n}::{type_}[]" for n, type_ in enumerate(self.columns.values()))
        names = ", ".join(self.columns)
        return f"INSERT INTO {self.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608 - names are the program's own


Beside = Mapping[Table, Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a request's events stand: the position of the last, and the version that each stream has now."""

    pos: int
    versions: Mapping[UUID, int]


@dataclass(slots=True, eq=False)
class Request:
    """One caller's events, and the future that the caller waits for.

    `follows` are the requests, still on their way, that these events build on: without them they must not be stored either.
    `stored` is None until it is known.
    """

    rows: list[Row]
    beside: Beside
    done: asyncio.Future[Appended]
    follows: list[Request]
    stored: bool | None = None
    streams: frozenset[UUID] = field(init=False)
    """The streams that it writes to."""

    def __post_init__(self) -> None:
        """Name the streams, which is asked for again and again on the way to the log."""
        self.streams = frozenset(row.stream for row in self.rows)

    @property
    def in_vain(self) -> bool:
        """Whether something that it builds on was not stored."""
        return any(before.stored is False for before in self.follows)

    def last_of(self, stream: UUID) -> Row:
        """Give its last event of a stream."""
        return next(row for row in reversed(self.rows) if row.stream == stream)

    def succeed(self, pos: int, *, as_written: bool = True) -> None:
        """Tell the caller that the events are durable; a caller who has gone away hears nothing.

        An earlier try of the command may have stored other bytes (its time, for one): on those of this try nobody can build.
        """
        self.stored = as_written
        if not self.done.done():
            self.done.set_result(Appended(pos, {row.stream: row.version for row in self.rows}))

    def fail(self, error: Exception) -> None:
        """Tell the caller that nothing was stored, or that it is not known."""
        self.stored = bool(self.stored)
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(frozen=True, slots=True)
class Tip(History):
    """Where a stream stands, without its events. What `awaits` brings the last of them may still be on its way to the log.

    `taken` is set once something that builds on it is on its way too.
    """

    awaits: Request | None = None
    taken: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Asked:
    """One caller who wants to know a stream's history, and what it waits for; who has gone away hears nothing."""

    stream: UUID
    rows: asyncio.Future[list[asyncpg.Record]]

    def answer(self, rows: list[asyncpg.Record]) -> None:
        """Hand over the stream's rows."""
        if not self.rows.done():
            self.rows.set_result(rows)

    def fail(self, error: Exception) -> None:
        """Hand over why there are none."""
        if not self.rows.done():
            self.rows.set_exception(error)


def append_statement(tables: Sequence[Table] = ()) -> str:
    """Compose the append statement with the tables that may take rows beside the events."""
    statement, first = QUERY["append"], 7
    for n, table in enumerate(tables):
        insert = f"), beside_{n} AS (\n    {table.insert(first)}\n)\nSELECT base FROM h"
        statement = statement.replace(")\nSELECT base FROM h", insert)
        first += len(table.columns)
    return statement


def append_arguments(rows: Sequence[Row], tables: Sequence[Table], besides: Iterable[Beside]) -> list[Any]:
    """Turn rows into the columns that the append statement unnests."""
    arguments: list[Any] = [
        len(rows),
        [row.stream for row in rows],
        [row.version for row in rows],
        [row.subject for row in rows],
        [row.body for row in rows],
        [row.hash for row in rows],
    ]
    given = list(besides)
    for table in tables:
        extra = [values for beside in given for values in beside.get(table, ())]
        arguments.extend([values[n] for values in extra] for n in range(len(table.columns)))
    return arguments
