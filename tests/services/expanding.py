"""What makes a database narrower than the last release knows it: findings, one line each.

A migration runs while the older program works, and the older program goes on working afterwards. So nothing that it reads may go, and
nothing that it writes may be refused. `squawk` reads the statements, for their locks too; what it cannot know is found by comparing.
"""

from __future__ import annotations

import json
import subprocess
import sysconfig
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import asyncpg

from kernel.eventlog import ReadModel

EXCLUDED: Final = (
    "require-lock-timeout",  # kernel/eventlog/migrate.py sets it for all
    "require-statement-timeout",  # the same: the Job has a deadline
    "prefer-bigint-over-int",  # what is counted in 32 bits is small, and the column says so
    "prefer-bigint-over-smallint",
    "prefer-text-field",
    "prefer-robust-stmts",  # a migration is applied once, all or nothing
)

COLUMNS: Final = """
    SELECT table_schema || '.' || table_name AS "table", column_name, udt_name, is_nullable = 'NO' AS required,
        column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS' AS filled
    FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'read')
"""
RULES: Final = """
    SELECT n.nspname || '.' || c.relname AS "table", o.conname AS name, pg_get_constraintdef(o.oid) AS rule
    FROM pg_constraint AS o JOIN pg_class AS c ON c.oid = o.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE o.contype <> 'n'
    UNION ALL
    SELECT schemaname || '.' || tablename, indexname, indexdef FROM pg_indexes WHERE indexdef LIKE 'CREATE UNIQUE%'
"""
GRANTS: Final = """
    SELECT table_schema || '.' || table_name AS "table", column_name, privilege_type AS privilege
    FROM information_schema.column_privileges WHERE grantee = $1
    UNION
    SELECT table_schema || '.' || table_name, '*', privilege_type FROM information_schema.table_privileges WHERE grantee = $1
"""


class Column(NamedTuple):
    """What an older program relies on in a column."""

    type: str
    required: bool
    filled: bool


class Shape(NamedTuple):
    """A database, as far as a running program meets it."""

    columns: Mapping[str, Mapping[str, Column]]
    rules: Mapping[tuple[str, str], str]
    grants: frozenset[tuple[str, str, str]]


async def shape(dsn: str, role: str) -> Shape:
    """Look at a database: its tables, what they refuse, and what the running role may."""
    connection = await asyncpg.connect(dsn)
    try:
        columns: dict[str, dict[str, Column]] = {}
        for row in await connection.fetch(COLUMNS):
            columns.setdefault(row["table"], {})[row["column_name"]] = Column(row["udt_name"], row["required"], row["filled"])
        rules = {(row["table"], row["name"]): row["rule"] for row in await connection.fetch(RULES)}
        return Shape(columns, rules, frozenset(tuple(row) for row in await connection.fetch(GRANTS, role)))
    finally:
        await connection.close()


def narrower(before: Shape, after: Shape, wider: Collection[str] = ()) -> Iterator[str]:
    """Say what an older program would miss, or be refused; `wider` are constraints that are known to refuse less."""
    for table, columns in before.columns.items():
        now = after.columns.get(table)
        if now is None:
            yield f"{table}: the older program reads or writes it, and it is gone"
            continue
        for name, column in columns.items():
            if name not in now:
                yield f"{table}.{name}: gone, or has another name"
            elif now[name].type != column.type:
                yield f"{table}.{name}: was {column.type}, is {now[name].type}"
            elif (now[name].required and not column.required) or (column.filled and not now[name].filled):
                yield f"{table}.{name}: has to be given now"
        yield from (
            f"{table}.{name}: new, has to be given, and the older program does not know of it"
            for name in now.keys() - columns.keys()
            if now[name].required and not now[name].filled
        )
    for (table, name), rule in after.rules.items():
        if table in before.columns and before.rules.get((table, name)) != rule and name not in wider:
            yield f"{table}: {name} may refuse what the older program writes: {rule}"
    for table, name, privilege in sorted(before.grants - after.grants):
        if table in after.columns and (name == "*" or name in after.columns[table]):
            yield f"{table}.{name}: {privilege} was taken from the running service"


def dangerous(sql: str, allowed: Collection[str] = ()) -> list[str]:
    """Give what squawk finds in a migration: what breaks older programs, and what locks them out while it runs."""
    program = Path(sysconfig.get_path("scripts")) / "squawk"
    rules = [f"--exclude={','.join((*EXCLUDED, *allowed))}", "--assume-in-transaction", "--pg-version=18", "--reporter=json"]
    done = subprocess.run([program, *rules, "--stdin-filepath=migration.sql"], input=sql, check=False, capture_output=True, text=True)
    assert done.stdout, done.stderr
    return [f"{found['rule_name']}: {found['message']}" for found in json.loads(done.stdout)]


Read = Mapping[str, Mapping[str, Any]]
"""Read models by name: version, ddl, and per table the columns with their types."""


async def read_tables(dsn: str, models: Sequence[ReadModel] | Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Make the tables of read models, and give for each model its version, its ddl and what a view over each table shows."""
    connection = await asyncpg.connect(dsn)
    found: dict[str, Any] = {}
    try:
        for model in models:
            name, version, ddl = (model[key] if isinstance(model, Mapping) else getattr(model, key) for key in ("name", "version", "ddl"))
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(f"CREATE SCHEMA looked_at; SET LOCAL search_path = looked_at, public; {ddl}")
            tables: dict[str, dict[str, str]] = {}
            columns = "SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'looked_at'"
            for row in await connection.fetch(columns):
                tables.setdefault(row["table_name"], {})[row["column_name"]] = row["udt_name"]
            await transaction.rollback()
            found[name] = {"version": version, "ddl": ddl, "tables": tables}
    finally:
        await connection.close()
    return found


def shows_less(before: Read, after: Read, gone: Collection[str] = ()) -> Iterator[str]:
    """Say which read tables an older API would miss once the newer version of a model is shown, and which version is two things."""
    for name, older in before.items():
        newer = after.get(name)
        if newer is None:
            yield f"{name}: the read model is gone"
            continue
        if newer["version"] < older["version"]:
            yield f"{name}: version {newer['version']} is shown after {older['version']}"
        if newer["version"] == older["version"] and newer["ddl"] != older["ddl"]:
            yield f"{name}: version {older['version']} has other tables than the released version {older['version']}"
        for table, columns in older["tables"].items():
            if table in gone:
                continue
            now = newer["tables"].get(table, {})
            yield from (
                f"{name}: read.{table}.{column} is {'gone' if column not in now else f'{now[column]}, was {type_}'}"
                for column, type_ in columns.items()
                if now.get(column) != type_
            )
