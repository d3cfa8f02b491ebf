"""The facts as Parquet files for DuckDB, pandas, Spark: a folder per service and local day, a file per range of positions.

    OUT/source=intake/day=2026-03-05/from-000000040001.parquet

A file has the facts of one day out of a block of positions that begins where its name says; blocks are always the same, so whoever exports
again writes the same files once more, and the last block anew with what has come since. No fact is ever in two files, and a file is there
whole or not at all. `exported.json` says up to which position each service's facts are there; whole blocks are not written twice.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Final

import duckdb
import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deploy.analysts.reading import Told

BLOCK: Final = 20_000
"""Positions in a block. Another number is another layout: such a folder is not gone on with."""
EXPORTED: Final = "exported.json"
COLUMNS: Final = {
    "position": "BIGINT",
    "id": "VARCHAR",
    "type": "VARCHAR",
    "subject": "UUID",
    "version": "INTEGER",
    "occurred_at": "TIMESTAMP",
    "recorded_at": "TIMESTAMP",
    "agency": "VARCHAR",
    "actor": "VARCHAR",
    "cause": "VARCHAR",
    "dossier_id": "UUID",
    "case_id": "UUID",
    "data": "JSON",
}
"""What a row has. Instants are UTC; `day`, which the folder's name says, is local (Asia/Ho_Chi_Minh)."""


class OtherLayout(ValueError):  # noqa: N818 - says what the folder is
    """The folder was written in blocks of another size."""


@dataclass
class Exported:
    """What was written."""

    facts: int = 0
    files: int = 0
    upto: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def sentence(self) -> str:
        """Say it."""
        return f"{self.facts} facts in {self.files} files"


@dataclass
class _Block:
    """What is gathered of one source's block, in a file: memory does not grow with it."""

    number: int
    lines: IO[bytes]
    last: int
    days: set[str] = field(default_factory=set[str])


def write(facts: Iterable[Told], out: Path, block: int = BLOCK) -> Exported:
    """Write facts below a folder; those of each service come in order.

    Raises:
        OtherLayout: if the folder holds blocks of another size.
    """
    out.mkdir(parents=True, exist_ok=True)
    known: dict[str, Any] = json.loads((out / EXPORTED).read_text()) if (out / EXPORTED).exists() else {"block": block, "upto": {}}
    if known["block"] != block:
        message = f"{out} is in blocks of {known['block']}, not of {block}"
        raise OtherLayout(message)
    done, open_ = Exported(upto=dict(known["upto"])), dict[str, _Block]()
    with duckdb.connect() as connection, ExitStack() as files:
        connection.execute("SET threads = 1")
        for told in facts:
            number = (told.pos - 1) // block
            if number < known["upto"].get(told.source, 0) // block:
                continue
            if (found := open_.get(told.source)) is None or found.number != number:
                if found is not None:
                    _close(connection, out, told.source, found, block, done)
                found = open_[told.source] = _Block(number, files.enter_context((out / f".{told.source}.jsonl").open("wb")), told.pos)
            found.lines.write(orjson.dumps(row_of(told)) + b"\n")
            found.last = told.pos
            found.days.add(told.day.isoformat())
        for source, found in open_.items():
            _close(connection, out, source, found, block, done)
    return done


def row_of(told: Told) -> dict[str, Any]:
    """Give a fact as a row."""
    event, data = told.event, told.data
    return {
        "position": told.pos,
        "id": event["id"],
        "type": event["type"],
        "subject": event["subject"],
        "version": int(event["sequence"]),
        "occurred_at": _utc(event["time"]),
        "recorded_at": _utc(event["recordedtime"]),
        "agency": event["agency"],
        "actor": event["actor"],
        "cause": event.get("cause"),
        "dossier_id": data.get("dossier_id"),
        "case_id": data.get("case_id"),
        "data": orjson.dumps(data).decode(),
        "day": told.day.isoformat(),
    }


def _utc(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"


def _close(connection: duckdb.DuckDBPyConnection, out: Path, source: str, found: _Block, block: int, done: Exported) -> None:
    """Write a block's files, one for each day, and note how far the source is."""
    found.lines.close()
    gathered = out / f".{source}.jsonl"
    columns = ", ".join(f"{name}: '{kind if kind != 'JSON' else 'VARCHAR'}'" for name, kind in {**COLUMNS, "day": "VARCHAR"}.items())
    read = f"read_json('{gathered}', format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = 67108864)"
    told = ", ".join(f"{name}::{kind} AS {name}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE gathered AS SELECT * FROM {read}")  # noqa: S608 - our own names
    for day in sorted(found.days):
        folder = out / f"source={source}" / f"day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"from-{found.number * block + 1:012d}.parquet"
        rows = f"SELECT {told} FROM gathered WHERE day = '{day}' ORDER BY position"  # noqa: S608 - our own names
        connection.execute(f"COPY ({rows}) TO '{file}.new' (FORMAT parquet, COMPRESSION zstd)")
        os.replace(f"{file}.new", file)  # noqa: PTH105 - there whole or not at all
        done.files += 1
    (count,) = connection.execute("SELECT count(*) FROM gathered").fetchone() or (0,)
    done.facts += count
    done.upto[source] = max(found.last, done.upto.get(source, 0))
    gathered.unlink()
    (out / f"{EXPORTED}.new").write_text(json.dumps({"block": block, "upto": done.upto}, sort_keys=True))
    (out / f"{EXPORTED}.new").replace(out / EXPORTED)
