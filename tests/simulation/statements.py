"""What the statements of `kernel/eventlog` do, told to the simulated database; each is known by its text and no other is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any, Final

from kernel.eventlog.project import BEHIND
from kernel.eventlog.request import Table, append_statement
from kernel.eventlog.sql import QUERY
from tests.simulation.database import Database, Key, Refusal, Row, Rows, Statement, Transaction, Work
from tests.simulation.postgres_wire import ARRAY_OF, BOOL, BYTEA, INT4, INT8, NAMED, TEXT, TIMESTAMPTZ, UUID_
from tests.simulation.statements_of_sessions import OTHERS

UPSERT: Final = re.compile(
    r"INSERT INTO (\w+)\.(\w+) AS t \((.+?)\) SELECT \* FROM unnest\((.+)\) ON CONFLICT \((\w+)\) DO UPDATE SET .+? WHERE (.+)"
)
MOVED: Final = f"WITH moved AS ({QUERY['move_checkpoint']}), effect AS ("
TABLE_MOVED: Final = ") TABLE moved"
GUARD: Final = re.compile(r"coalesce\(t\.(\w+), 0\) < excluded\.\1")
EVENT: Final = (("pos", INT8), ("stream", UUID_), ("version", INT4), ("subject", TEXT), ("body", BYTEA), ("hash", BYTEA))
EVENT_TYPES: Final = dict(EVENT)
SEAL: Final = (("upto", INT8), ("root", BYTEA), ("previous", BYTEA), ("key_id", TEXT), ("signature", BYTEA), ("at", TIMESTAMPTZ))
COMMANDS: Final = Table("bank.command", {"id": "text"})
"""Beside what a command has written stands its id: the same command twice is refused by its key, as in the services."""
APPEND_WITH_COMMANDS: Final = append_statement((COMMANDS,))
NAME_OF: Final = {text: name for name, text in QUERY.items()}


def prepare(database: Database, sql: str) -> Statement:
    """Find out what a statement is.

    Raises:
        Refusal: if it is none of the log's.
    """
    name = NAME_OF.get(sql)
    if name is not None and hasattr(Log, name):
        parameters, columns = SIGNATURES[name]
        return Statement(parameters, columns, partial(getattr(Log, name), database))
    if sql == APPEND_WITH_COMMANDS:
        parameters, columns = SIGNATURES["append"]
        return Statement((*parameters, ARRAY_OF[TEXT]), columns, partial(Log.append, database))
    if (upsert := UPSERT.fullmatch(sql)) is not None:
        return _upsert(database, upsert)
    if sql.startswith(MOVED) and (upsert := UPSERT.fullmatch(sql.removeprefix(MOVED).removesuffix(TABLE_MOVED).replace(BEHIND, ""))):
        return _move_and(database, _upsert(database, upsert), guarded=BEHIND in sql)
    for start, (parameters, columns, run) in OTHERS.items():
        if " ".join(sql.split()).startswith(start):
            return Statement(parameters, columns, partial(run, database, sql))
    raise Refusal("42601", f"the simulated database does not know: {sql}")


def events(database: Database, transaction: Transaction, *names: str, where: Callable[[Row], bool], order: Sequence[str]) -> Rows:
    """Give columns of the events that `where` holds for, in order."""
    found = sorted((row for _, row in database.rows(transaction, "event") if where(row)), key=lambda row: [row[name] for name in order])
    return [tuple(row[name] for name in names) for row in found]


class Log:
    """One function per named statement, which is also its name here."""

    @staticmethod
    def append(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        number, streams, versions, subjects, bodies, hashes, *beside = values
        before = database.table("head")["head",]
        yield from database.lock(transaction, ("head",))
        head = database.get(transaction, ("head",)) or before
        if head["halted_at"] is not None:
            raise Refusal("23514", 'new row for relation "head" violates check constraint "head_is_halted"', "head_is_halted")
        transaction.writes["head",] = {**head, "pos": head["pos"] + number}
        # What the statement reads elsewhere than in the row that it has locked is as old as its snapshot.
        base = head["pos"] if "RETURNING pos - $1" in QUERY["append"] else before["pos"]
        for n, (stream, version, subject, body, hash_) in enumerate(zip(streams, versions, subjects, bodies, hashes, strict=True), 1):
            row = {"pos": base + n, "stream": stream, "version": version, "subject": subject, "body": body, "hash": hash_}
            yield from _insert_event(database, transaction, row)
        for command_id in chain(*beside):
            yield from database.insert(transaction, ("command", command_id), {}, "command_pkey")
        return "SELECT 1", [(base,)]

    @staticmethod
    def tip(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        names = ("version", "pos", "hash")
        return "SELECT", events(database, transaction, *names, where=lambda row: row["stream"] == values[0], order=["version"])[-1:]

    @staticmethod
    def load_many(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        names, wanted = ("stream", "pos", "version", "body", "hash"), set(values[0])
        return "SELECT", events(database, transaction, *names, where=lambda row: row["stream"] in wanted, order=["stream", "version"])

    @staticmethod
    def stored(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        found = database.get(transaction, ("event_stream_version", *values))
        row = None if found is None else database.get(transaction, ("event", found["pos"]))
        return "SELECT", [] if row is None else [(row["pos"], row["body"])]

    @staticmethod
    def read(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        after, limit = values
        found = events(database, transaction, "pos", "subject", "body", where=lambda row: row["pos"] > after, order=["pos"])
        return "SELECT", found[:limit]

    @staticmethod
    def read_hashes(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        after, upto = values
        return "SELECT", events(database, transaction, "hash", where=lambda row: after < row["pos"] <= upto, order=["pos"])

    @staticmethod
    def head(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        return "SELECT", _columns(database.get(transaction, ("head",)), "pos")

    @staticmethod
    def epoch(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        return "SELECT", _columns(database.get(transaction, ("head",)), "epoch")

    @staticmethod
    def is_halted(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        head = database.get(transaction, ("head",))
        return "SELECT", [] if head is None else [(head["halted_at"] is not None,)]

    @staticmethod
    def halt(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        return (yield from _set_halted(database, transaction, halted=True))

    @staticmethod
    def resume(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        return (yield from _set_halted(database, transaction, halted=False))

    @staticmethod
    def lock_head(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from database.lock(transaction, ("head",))
        return "SELECT", _columns(database.get(transaction, ("head",)), "pos", "epoch")

    @staticmethod
    def last_of_streams(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        names, wanted = ("stream", "version", "hash"), set(values[0])
        found = events(database, transaction, *names, where=lambda row: row["stream"] in wanted, order=["stream", "version"])
        return "SELECT", list({row[0]: row for row in found}.values())

    @staticmethod
    def restore(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        for event in zip(*values, strict=True):
            yield from _insert_event(database, transaction, dict(zip(EVENT_TYPES, event, strict=True)))
        return f"INSERT 0 {len(values[0])}", []

    @staticmethod
    def restore_head(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from database.lock(transaction, ("head",))
        head = database.get(transaction, ("head",)) or {}
        transaction.writes["head",] = {**head, "pos": values[0], "halted_at": None}
        return "UPDATE 1", []

    @staticmethod
    def begin_checkpoint(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        key = ("checkpoint", *values)
        if database.get(transaction, key) is not None:
            return "INSERT 0 0", []
        try:
            yield from database.insert(transaction, key, {"pos": 0}, "")
        except Refusal as refusal:
            if refusal.code != "23505":
                raise
            return "INSERT 0 0", []
        return "INSERT 0 1", []

    @staticmethod
    def checkpoint(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        return "SELECT", _columns(database.get(transaction, ("checkpoint", *values)), "pos")

    @staticmethod
    def move_checkpoint(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        consumer, source, here, there, durable, *known = values
        transaction.synchronous = transaction.synchronous and durable
        key = ("checkpoint", consumer, source)
        if "pos = $3" not in QUERY["move_checkpoint"]:
            yield from database.write(transaction, key, {"pos": there})
            return "UPDATE 1", [("",)]
        others = [database.get(transaction, ("checkpoint", consumer, other)) for other in known[0]]
        forgot = any(row is not None and row["pos"] < pos for row, pos in zip(others, known[1], strict=True))
        if forgot and "other.pos < known.pos" in QUERY["move_checkpoint"]:
            return "UPDATE 0", []
        # A row that fits the condition is locked, and looked at again when whoever had it is through.
        if (row := database.get(transaction, key)) is None or row["pos"] != here:
            return "UPDATE 0", []
        yield from database.lock(transaction, key)
        if (row := database.get(transaction, key)) is None or row["pos"] != here:
            return "UPDATE 0", []
        transaction.writes[key] = {"pos": there}
        return "UPDATE 1", [("",)]

    @staticmethod
    def lock_checkpoint(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        key = ("checkpoint", *values)
        if database.get(transaction, key) is not None:
            yield from database.lock(transaction, key)
        return "SELECT", _columns(database.get(transaction, key), "pos")

    @staticmethod
    def forget_checkpoints(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        for key, _ in list(database.rows(transaction, "checkpoint")):
            if key[1] == values[0]:
                yield from database.write(transaction, key, {"pos": 0})
        return "UPDATE", []

    @staticmethod
    def park(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        consumer, source, pos, stream, body, error = values
        row = {"stream": stream, "body": body, "error": error}
        yield from database.insert(transaction, ("parked", consumer, source, pos), row, "parked_pkey")
        return "INSERT 0 1", []

    @staticmethod
    def parked_streams(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        return "SELECT", [(stream,) for stream in sorted({row["stream"] for _, row in _parked(database, transaction, values[0])})]

    @staticmethod
    def is_parked(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        consumer, stream = values
        return "SELECT", [(True,) for _, row in _parked(database, transaction, consumer) if row["stream"] == stream][:1]

    @staticmethod
    def parked_of_stream(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        consumer, stream, source = values
        rows = [(key[2], key[3], row["body"]) for key, row in _parked(database, transaction, consumer, source) if row["stream"] == stream]
        return "SELECT", sorted(rows)

    @staticmethod
    def unpark(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        consumer, stream, source = values
        keys = [key for key, row in _parked(database, transaction, consumer, source) if row["stream"] == stream]
        for key in keys:
            yield from database.write(transaction, key, None)
        return f"DELETE {len(keys)}", []

    @staticmethod
    def forget_parked(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        for key, _ in _parked(database, transaction, values[0]):
            yield from database.write(transaction, key, None)
        return "DELETE", []

    @staticmethod
    def count_parked(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        return "SELECT", [(sum(1 for _ in database.rows(transaction, "parked")),)]

    @staticmethod
    def standing(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        ((head,),) = _columns(database.get(transaction, ("head",)), "pos")
        after = head if values[0] is None else values[0]
        found = events(database, transaction, "body", where=lambda row: row["pos"] > after, order=["pos"])
        ages = [datetime.now(UTC) - datetime.fromisoformat(json.loads(body)["recordedtime"]) for (body,) in found[:1]]
        oldest = next((round(age.total_seconds()) for age in ages), 0)
        return "SELECT", [(sum(1 for _ in database.rows(transaction, "parked")), oldest, head)]

    @staticmethod
    def live_version(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        return "SELECT", _columns(database.get(transaction, ("read_model", *values)), "version")

    @staticmethod
    def set_live_version(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from database.write(transaction, ("read_model", values[0]), {"version": values[1]})
        return "INSERT 0 1", []

    @staticmethod
    def views_of_model(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        views = [(key[1],) for key, row in database.rows(transaction, "view") if re.sub(r"_v\d+$", "", row["schema"]) == values[1]]
        return "SELECT", views

    @staticmethod
    def live_positions(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        shown = database.get(transaction, ("read_model", *values))
        consumer = None if shown is None else f"{values[0]}_v{shown['version']}"
        return "SELECT", [(key[2], row["pos"]) for key, row in database.rows(transaction, "checkpoint") if key[1] == consumer]

    @staticmethod
    def last_seal(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        rows = sorted(tuple(row.values()) for _, row in database.rows(transaction, "seal"))
        return "SELECT", rows[-1:]

    @staticmethod
    def seals_from(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        return "SELECT", sorted(tuple(row.values()) for key, row in database.rows(transaction, "seal") if key[1] >= values[0])

    @staticmethod
    def add_seal(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        row = {name: value for (name, _), value in zip(SEAL, values, strict=True)}
        yield from database.insert(transaction, ("seal", values[0]), row, "seal_pkey")
        return "INSERT 0 1", []

    @staticmethod
    def column_types(database: Database, transaction: Transaction, values: list[Any]) -> Work:
        yield from ()
        columns = database.get(transaction, ("table", values[0]))
        if columns is None:
            raise Refusal("42P01", f'relation "{values[0]}" does not exist')
        return "SELECT", list(columns.items())


def _insert_event(database: Database, transaction: Transaction, row: Row) -> Generator[Transaction]:
    yield from database.insert(transaction, ("event", row["pos"]), row, "event_pkey")
    version = ("event_stream_version", row["stream"], row["version"])
    yield from database.insert(transaction, version, {"pos": row["pos"]}, "event_stream_version_key")


def _set_halted(database: Database, transaction: Transaction, *, halted: bool) -> Work:
    head = database.get(transaction, ("head",))
    if head is None or (head["halted_at"] is not None) == halted:
        return "UPDATE 0", []
    yield from database.lock(transaction, ("head",))
    head = database.get(transaction, ("head",)) or head
    transaction.writes["head",] = {**head, "halted_at": head["pos"] if halted else None}
    return "UPDATE 1", []


def _columns(row: Row | None, *names: str) -> Rows:
    return [] if row is None else [tuple(row[name] for name in names)]


def _parked(database: Database, transaction: Transaction, consumer: str, source: str | None = None) -> list[tuple[Key, Row]]:
    rows = database.rows(transaction, "parked")
    return [(key, row) for key, row in rows if key[1] == consumer and source in {None, key[2]}]


SIGNATURES: Final[dict[str, tuple[tuple[int, ...], tuple[tuple[str, int], ...]]]] = {
    "append": ((INT8, ARRAY_OF[UUID_], ARRAY_OF[INT4], ARRAY_OF[TEXT], ARRAY_OF[BYTEA], ARRAY_OF[BYTEA]), (("base", INT8),)),
    "tip": ((UUID_,), (("version", INT4), ("pos", INT8), ("hash", BYTEA))),
    "load_many": ((ARRAY_OF[UUID_],), tuple((name, EVENT_TYPES[name]) for name in ("stream", "pos", "version", "body", "hash"))),
    "stored": ((UUID_, INT4), (("pos", INT8), ("body", BYTEA))),
    "read": ((INT8, INT8), (("pos", INT8), ("subject", TEXT), ("body", BYTEA))),
    "read_hashes": ((INT8, INT8), (("hash", BYTEA),)),
    "head": ((), (("pos", INT8),)),
    "epoch": ((), (("epoch", UUID_),)),
    "is_halted": ((), (("?column?", BOOL),)),
    "halt": ((), ()),
    "resume": ((), ()),
    "lock_head": ((), (("pos", INT8), ("epoch", UUID_))),
    "last_of_streams": ((ARRAY_OF[UUID_],), (("stream", UUID_), ("version", INT4), ("hash", BYTEA))),
    "restore": (tuple(ARRAY_OF[oid] for oid in EVENT_TYPES.values()), ()),
    "restore_head": ((INT8,), ()),
    "begin_checkpoint": ((TEXT, TEXT), ()),
    "checkpoint": ((TEXT, TEXT), (("pos", INT8),)),
    "move_checkpoint": ((TEXT, TEXT, INT8, INT8, BOOL, ARRAY_OF[TEXT], ARRAY_OF[INT8]), (("set_config", TEXT),)),
    "lock_checkpoint": ((TEXT, TEXT), (("pos", INT8),)),
    "forget_checkpoints": ((TEXT,), ()),
    "park": ((TEXT, TEXT, INT8, UUID_, BYTEA, TEXT), ()),
    "parked_streams": ((TEXT,), (("stream", UUID_),)),
    "is_parked": ((TEXT, UUID_), (("bool", BOOL),)),
    "parked_of_stream": ((TEXT, UUID_, TEXT), (("source", TEXT), ("pos", INT8), ("body", BYTEA))),
    "unpark": ((TEXT, UUID_, TEXT), ()),
    "forget_parked": ((TEXT,), ()),
    "count_parked": ((), (("count", INT8),)),
    "standing": ((INT8,), (("parked", INT8), ("oldest", INT8), ("head", INT8))),
    "live_version": ((TEXT,), (("version", INT4),)),
    "set_live_version": ((TEXT, INT4), ()),
    "views_of_model": ((TEXT, TEXT), (("view_name", TEXT),)),
    "live_positions": ((TEXT,), (("source", TEXT), ("pos", INT8))),
    "last_seal": ((), SEAL),
    "seals_from": ((INT8,), SEAL),
    "add_seal": (tuple(oid for _, oid in SEAL), ()),
    "column_types": ((TEXT,), (("attname", TEXT), ("format_type", TEXT))),
}


def _upsert(database: Database, found: re.Match[str]) -> Statement:
    """Read the statement of a projection: the table, its columns and their types, the key, and the guard."""
    schema, table, names, arrays, key_column, where = found.groups()
    columns = names.split(", ")
    types = [ARRAY_OF[NAMED[array.partition("::")[2].removesuffix("[]")]] for array in arrays.split(", ")]
    guard = GUARD.fullmatch(where)

    def run(transaction: Transaction, values: list[Any]) -> Work:
        written = 0
        for given in zip(*values, strict=True):
            new = dict(zip(columns, given, strict=True))
            key = (f"{schema}.{table}", new[key_column])
            yield from database.lock(transaction, key)
            old = database.get(transaction, key)
            if old is None:
                transaction.writes[key] = {**dict.fromkeys(database.get(transaction, ("table", f"{schema}.{table}")) or ()), **new}
            elif guard is None or (old[guard[1]] or 0) < new[guard[1]]:
                transaction.writes[key] = {**old, **new}
            else:
                continue
            written += 1
        return f"INSERT 0 {written}", []

    return Statement(tuple(types), (), run)


def _move_and(database: Database, effect: Statement, *, guarded: bool) -> Statement:
    """Join the move of a checkpoint with an effect that waits for it."""
    parameters, columns = SIGNATURES["move_checkpoint"]

    def run(transaction: Transaction, values: list[Any]) -> Work:
        own = len(parameters)
        _, moved = yield from Log.move_checkpoint(database, transaction, values[:own])
        if moved or not guarded:
            yield from effect.run(transaction, values[own:])
        return "SELECT", moved

    return Statement((*parameters, *effect.parameters), columns, run)
