"""What PostgreSQL's own statements do in the simulated database, known by how they begin: locks, schemas, types, a driver's questions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from tests.simulation.database import Database, Row, Transaction, Work
from tests.simulation.postgres_wire import ARRAY_OF, ARRAYS, BOOL, CHAR, INT4, INT8, NAMED, OID, TEXT

TABLE: Final = re.compile(r"CREATE TABLE (\w+) \((.*?)\);", re.DOTALL)


def _say(words: str, *row: Any) -> Callable[..., Work]:
    def run(_database: Database, _sql: str, _transaction: Transaction, _values: list[Any]) -> Work:
        yield from ()
        return words, [row] if row else []

    return run


def _try_lock(database: Database, _sql: str, transaction: Transaction, values: list[Any]) -> Work:
    """A session's advisory lock: it goes when the session goes."""
    yield from ()
    session = next(session for session in database.sessions.values() if session.transaction is transaction)
    key = ("advisory", values[0])
    if database.locks.setdefault(key, session.advisory) is not session.advisory:
        return "SELECT 1", [(False,)]
    session.advisory.locks.add(key)
    return "SELECT 1", [(True,)]


def _lock(database: Database, _sql: str, transaction: Transaction, values: list[Any]) -> Work:
    yield from database.lock(transaction, ("advisory", values[0]))
    return "SELECT 1", [("",)]


def _search_path(_database: Database, sql: str, transaction: Transaction, _values: list[Any]) -> Work:
    yield from ()
    transaction.writes["search_path",] = {"schema": sql.partition("= ")[2].partition(",")[0]}
    return "SET", []


def _schema(database: Database, sql: str, transaction: Transaction, _values: list[Any]) -> Work:
    yield from database.write(transaction, ("schema", sql.rsplit(maxsplit=1)[-1]), {})
    return "CREATE SCHEMA", []


def _has_schema(database: Database, _sql: str, transaction: Transaction, values: list[Any]) -> Work:
    yield from ()
    return "SELECT 1", [(values[0] if database.get(transaction, ("schema", values[0])) is not None else None,)]


def _tables(database: Database, sql: str, transaction: Transaction, _values: list[Any]) -> Work:
    schema = (transaction.writes.pop(("search_path",)) or {})["schema"]
    for name, body in TABLE.findall(sql):
        columns: Row = {}
        for column in body.split(", "):
            word, type_, *_ = column.split()
            columns[word] = {"timestamptz": "timestamp with time zone"}.get(type_, type_)
        yield from database.write(transaction, ("table", f"{schema}.{name}"), columns)
    return "CREATE TABLE", []


def _view(database: Database, sql: str, transaction: Transaction, _values: list[Any]) -> Work:
    words = sql.split()
    name = words[2].partition(".")[2]
    row = {"schema": words[-1].partition(".")[0]} if words[0] == "CREATE" else None
    yield from database.write(transaction, ("view", name), row)
    return f"{words[0]} VIEW", []


TYPES: Final = (
    *(("oid", OID), ("ns", TEXT), ("name", TEXT), ("kind", CHAR), ("basetype", OID), ("elemtype", OID), ("elemdelim", CHAR)),
    *(("range_subtype", OID), ("attrtypoids", ARRAY_OF[OID]), ("attrnames", ARRAY_OF[TEXT]), ("depth", INT4)),
    *(("basetype_name", TEXT), ("elemtype_name", TEXT), ("range_subtype_name", TEXT)),
)


def _describe_types(_database: Database, _sql: str, _transaction: Transaction, values: list[Any]) -> Work:
    """What asyncpg asks about array types before it uses them for the first time."""
    yield from ()
    known = {oid: name for name, oid in NAMED.items()}
    nothing = (None, None, None)
    return "SELECT", [
        (oid, "pg_catalog", f"_{oid}", b"b", None, ARRAYS[oid], b",", *nothing, 0, None, known[ARRAYS[oid]], None) for oid in values[0]
    ]


OTHERS: Final[dict[str, tuple[tuple[int, ...], tuple[tuple[str, int], ...], Callable[..., Work]]]] = {
    "WITH RECURSIVE typeinfo_tree(": ((ARRAY_OF[OID],), TYPES, _describe_types),
    "SELECT current_setting('jit')": ((), (("cur", TEXT), ("new", TEXT)), _say("SELECT 1", "off", "off")),
    "SELECT 1": ((), (("?column?", INT4),), _say("SELECT 1", 1)),
    "SELECT pg_try_advisory_lock(": ((INT8,), (("pg_try_advisory_lock", BOOL),), _try_lock),
    "SELECT pg_advisory_xact_lock(": ((INT8,), (("pg_advisory_xact_lock", TEXT),), _lock),
    "SET LOCAL lock_timeout": ((), (), _say("SET")),
    "SET LOCAL search_path": ((), (), _search_path),
    "RESET search_path": ((), (), _say("RESET")),
    "SELECT to_regnamespace(": ((TEXT,), (("to_regnamespace", TEXT),), _has_schema),
    "CREATE SCHEMA": ((), (), _schema),
    "CREATE TABLE": ((), (), _tables),
    "CREATE VIEW": ((), (), _view),
    "DROP VIEW": ((), (), _view),
}
