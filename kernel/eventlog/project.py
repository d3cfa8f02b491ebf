"""Step 7 of 8, projections: read tables that answer for the facts.

A projection says which row an event is about and which columns it sets, to absolute values. Events of one batch that touch
the same row become one write. A column per source keeps the position that a row is good for, so that a replay from an
older checkpoint changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar, Final

from kernel.eventlog.consume import MOVE_PARAMETERS, Consumer, Read
from kernel.eventlog.errors import Doubt
from kernel.eventlog.event import Codec, Fact, Recorded
from kernel.eventlog.sql import QUERY, Connection, Pool

Columns = Mapping[str, Any]

SCHEMA: Final = "read"
BEHIND: Final = "WHERE EXISTS (SELECT FROM moved) "
"""Writes nothing unless the checkpoint has moved."""
_TABLES: Final = re.compile(r"CREATE TABLE (\w+)", re.IGNORECASE)
_INDEXES: Final = re.compile(r"CREATE (INDEX .+?;)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Projection:
    """One read table: `key` gives the row that an event is about (None = not its business), `columns` what it sets there.

    Both are asked of events whose fact is one of `facts` (None = of all).
    """

    table: str
    key_column: str
    key: Callable[[Recorded], Any]
    columns: Callable[[Recorded], Columns]
    facts: Collection[type[Fact]] | None = None

    def effect_of(self, event: Recorded) -> tuple[Any, Columns] | None:
        """Give the row's key and what the event sets there; None where it sets nothing."""
        known = self.facts is None or type(event.fact) in self.facts
        key = self.key(event) if known else None
        return (key, columns) if key is not None and (columns := self.columns(event)) else None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that set the same columns of one table: the types of the columns, the key's first, and an array for each."""

    table: str
    columns: Mapping[str, str]
    guard: str
    arrays: Sequence[Sequence[Any]]

    def statement(self, first: int = 1, behind: str = "") -> str:
        """Give the statement that writes them, with the arrays as parameters from `first` on."""
        key, *names = self.columns
        arrays = ", ".join(f"${n}::{type_}[]" for n, type_ in enumerate(self.columns.values(), first))
        sets = ", ".join(f"{name} = excluded.{name}" for name in names)
        return (
            f"INSERT INTO {self.table} AS t ({', '.join(self.columns)}) SELECT * FROM unnest({arrays}) {behind}"  # noqa: S608 - names are the program's own
            f"ON CONFLICT ({key}) DO UPDATE SET {sets} WHERE coalesce(t.{self.guard}, 0) < excluded.{self.guard}"
        )


@dataclass(frozen=True, slots=True)
class ReadModel:
    """The read tables of one service that are rebuilt together.

    `ddl` creates the tables with unqualified names; each has a column `pos_<source> bigint` per source. A change of `ddl` or
    of what the projections do needs a new `version`: it fills beside the old one and is switched when it has caught up.

    `kept` are tables that no projection fills: `kept_ddl` lets the database keep them from the others, within the projector's
    transaction. It runs on empty tables, or once over those of a new version that is full; a second time must do no harm. Of each
    it makes a view `<table>_wrong`, which is empty as long as the table is what the others amount to.
    """

    name: str
    version: int
    sources: tuple[str, ...]
    ddl: str
    projections: tuple[Projection, ...]
    kept_ddl: str = ""
    kept: tuple[str, ...] = ()

    @property
    def consumer(self) -> str:
        """The name of its checkpoints, and of the schema that its tables live in."""
        return f"{self.name}_v{self.version}"

    @property
    def facts(self) -> Collection[type[Fact]] | None:
        """The types of facts that any of its tables is about; None = all."""
        wanted = [projection.facts for projection in self.projections]
        return None if None in wanted else {fact for facts in wanted for fact in facts or ()}

    @property
    def tables(self) -> list[str]:
        """The tables that it has."""
        return _TABLES.findall(self.ddl)

    @property
    def bare_ddl(self) -> str:
        """The tables without the indexes that only questions need: to fill them is quicker then. What is unique stays so."""
        return _INDEXES.sub("", self.ddl)

    @property
    def when_full(self) -> list[str]:
        """What a version that is full still needs: indexes that are not there yet, and then what the database keeps by itself."""
        return [statement.replace("INDEX", "CREATE INDEX IF NOT EXISTS", 1) for statement in _INDEXES.findall(self.ddl)] + (
            [self.kept_ddl] if self.kept_ddl else []
        )


def in_order(key: Any) -> Any:
    """Give what keys are sorted by; two UUIDs are compared by Python, their numbers by the machine."""
    return getattr(key, "int", key)


def read_ddl(path: Path) -> str:
    """Read the file of a read model's tables."""
    return path.read_text(encoding="utf-8")


class Projector(Consumer):
    """Fills the tables of one version of a read model."""

    durable: ClassVar[bool] = False
    """Losing the last moments to a power cut rolls back the rows and the checkpoint together: they are applied again."""

    def __init__(self, model: ReadModel, pool: Pool, codec: Codec) -> None:
        """Keep the model; the tables are there already (see rebuild.py)."""
        super().__init__(model.consumer, model.sources, pool, codec, model.facts)
        self.model = model
        self._types: dict[str, dict[str, str]] = {}

    async def write(self, connection: Connection, source: str, events: Sequence[Recorded]) -> None:
        """Fold the batch into rows and write each group of rows that set the same columns with one statement."""
        await self._upsert(connection, await self._groups(connection, source, events))

    async def write_late(self, connection: Connection, source: str, events: Sequence[Recorded]) -> None:
        """Write facts that were parked; a row of several streams may be good for a later position already.

        Raises:
            Doubt: if it is, for then the row would stay as it is and the fact would be lost in silence.
        """
        for table in await self._upsert(connection, await self._groups(connection, source, events)):
            message = f"{table}: a row has moved on without the parked facts, rebuild the read model"
            raise Doubt(message)

    async def _move_and_write(self, connection: Connection, source: str, batch: Sequence[Read], events: Sequence[Recorded]) -> None:
        """Move the checkpoint and write in one statement, where one is enough: what trickles in mostly sets the same columns."""
        groups = await self._groups(connection, source, events)
        if len(groups) > 1:
            async with connection.transaction():
                await self._move(connection, source, batch, durable=self.durable)
                await self._upsert(connection, groups)
            return
        effect = "".join(group.statement(MOVE_PARAMETERS + 1, BEHIND) for group in groups)
        values = [array for group in groups for array in group.arrays]
        await self._move(connection, source, batch, effect, values, durable=self.durable)

    async def _upsert(self, connection: Connection, groups: Sequence[Group]) -> list[str]:
        """Write, and give the tables with rows that are good for a later position already and stayed as they are."""
        done = [await connection.execute(group.statement(), *group.arrays) for group in groups]
        return [group.table for group, wrote in zip(groups, done, strict=True) if wrote != f"INSERT 0 {len(group.arrays[0])}"]

    async def _groups(self, connection: Connection, source: str, events: Sequence[Recorded]) -> list[Group]:
        """Fold some events into rows, and those that set the same columns into groups."""
        found: list[Group] = []
        guard = f"pos_{source}"
        for projection in self.model.projections:
            rows: dict[Any, dict[str, Any]] = {}
            facts = projection.facts  # most of a batch is no business of most tables
            for event in events if facts is None else [event for event in events if type(event.fact) in facts]:
                if (effect := projection.effect_of(event)) is not None:
                    row = rows.setdefault(effect[0], {})
                    row.update(effect[1])
                    row[guard] = event.pos
            groups: dict[frozenset[str], list[Any]] = {}
            for key in sorted(rows, key=in_order):
                groups.setdefault(frozenset(rows[key]), []).append(key)
            types = await self._column_types(connection, projection.table) if groups else {}
            for group, keys in groups.items():
                names = sorted(group)
                arrays = list(zip(*map(itemgetter(*names), map(rows.__getitem__, keys)), strict=True))
                columns = {name: types[name] for name in (projection.key_column, *names)}
                found.append(Group(f"{self.model.consumer}.{projection.table}", columns, guard, [keys, *arrays]))
        return found

    async def _column_types(self, connection: Connection, table: str) -> dict[str, str]:
        if table not in self._types:
            found = await connection.fetch(QUERY["column_types"], f"{self.model.consumer}.{table}")
            self._types[table] = {row["attname"]: row["format_type"] for row in found}
        return self._types[table]
