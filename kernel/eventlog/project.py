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

from kernel.eventlog.consume import Consumer
from kernel.eventlog.errors import Doubt
from kernel.eventlog.event import Codec, Fact, Recorded
from kernel.eventlog.sql import QUERY, Connection, Pool

Columns = Mapping[str, Any]

SCHEMA: Final = "read"
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
        await self._write(connection, source, events)

    async def write_late(self, connection: Connection, source: str, events: Sequence[Recorded]) -> None:
        """Write facts that were parked; a row of several streams may be good for a later position already.

        Raises:
            Doubt: if it is, for then the row would stay as it is and the fact would be lost in silence.
        """
        for table in await self._write(connection, source, events):
            message = f"{self.model.consumer}.{table}: a row has moved on without the parked facts, rebuild the read model"
            raise Doubt(message)

    async def _write(self, connection: Connection, source: str, events: Sequence[Recorded]) -> list[str]:
        """Write, and give the tables with rows that are good for a later position already and stayed as they are."""
        passed_over: list[str] = []
        guard = f"pos_{source}"
        for projection in self.model.projections:
            rows: dict[Any, dict[str, Any]] = {}
            for event in events:
                if (found := projection.effect_of(event)) is not None:
                    row = rows.setdefault(found[0], {})
                    row.update(found[1])
                    row[guard] = event.pos
            groups: dict[frozenset[str], list[Any]] = {}
            for key in sorted(rows, key=in_order):
                groups.setdefault(frozenset(rows[key]), []).append(key)
            types = await self._column_types(connection, projection.table) if groups else {}
            for group, keys in groups.items():
                names = sorted(group)
                arrays = list(zip(*map(itemgetter(*names), map(rows.__getitem__, keys)), strict=True))
                done = await connection.execute(self._upsert(projection, names, types, guard), keys, *arrays)
                if done != f"INSERT 0 {len(keys)}":
                    passed_over.append(projection.table)
        return passed_over

    async def _column_types(self, connection: Connection, table: str) -> dict[str, str]:
        if table not in self._types:
            found = await connection.fetch(QUERY["column_types"], f"{self.model.consumer}.{table}")
            self._types[table] = {row["attname"]: row["format_type"] for row in found}
        return self._types[table]

    def _upsert(self, projection: Projection, names: Sequence[str], types: Mapping[str, str], guard: str) -> str:
        columns = (projection.key_column, *names)
        arrays = ", ".join(f"${n}::{types[name]}[]" for n, name in enumerate(columns, 1))
        sets = ", ".join(f"{name} = excluded.{name}" for name in names)
        return (
            f"INSERT INTO {self.model.consumer}.{projection.table} AS t ({', '.join(columns)}) SELECT * FROM unnest({arrays}) "  # noqa: S608 - names are the program's own
            f"ON CONFLICT ({projection.key_column}) DO UPDATE SET {sets} WHERE coalesce(t.{guard}, 0) < excluded.{guard}"
        )
