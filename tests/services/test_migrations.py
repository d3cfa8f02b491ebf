"""The databases: for each service one readable file says what its own is now, and the migrations lead there."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from kernel.edge.service import Service
from kernel.eventlog.migrate import migrate, read_sql
from kernel.eventlog.rebuild import install
from tests.servers import PostgresServer
from tests.services.four import each_service
from tests.services.rig import Rig

COLUMNS: Final = """
    SELECT n.nspname, c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), c.relacl::text, a.attacl::text
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
"""
CONSTRAINTS: Final = """
    SELECT n.nspname, c.relname, o.conname, pg_get_constraintdef(o.oid)
    FROM pg_constraint AS o JOIN pg_class AS c ON c.oid = o.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
"""
INDEXES: Final = "SELECT schemaname AS nspname, tablename, indexname, indexdef FROM pg_indexes AS n"
TRIGGERS: Final = """
    SELECT n.nspname, c.relname, t.tgname, pg_get_triggerdef(t.oid)
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal
"""


async def shape(dsn: str) -> dict[str, set[str]]:
    """Describe everything that is in a database, but for the servers' own and the list of migrations."""
    connection = await asyncpg.connect(dsn)
    try:
        found: dict[str, set[str]] = {}
        for name, query in {"columns": COLUMNS, "constraints": CONSTRAINTS, "indexes": INDEXES, "triggers": TRIGGERS}.items():
            rows = [tuple(row) for row in await connection.fetch(query)]
            found[name] = {
                str(row)
                for row in rows
                if row[0] not in {"pg_catalog", "information_schema", "pg_toast"} and not row[1].startswith("migration")
            }
        return found
    finally:
        await connection.close()


@each_service
async def test_the_schema_is_the_sum_of_the_migrations(postgres: PostgresServer, service: Service[Any]) -> None:
    migrated, at_once = postgres.create_database(service.name), postgres.create_database(service.name)
    await migrate(migrated.owner_dsn, service.name, service.migrations)
    connection = await asyncpg.connect(at_once.owner_dsn)
    await connection.execute(read_sql(service.folder / "schema.sql", service.name))
    await connection.close()
    found = await shape(migrated.owner_dsn)
    assert {"columns", "constraints", "indexes", "triggers"} == {name for name, rows in found.items() if rows}
    assert found == await shape(at_once.owner_dsn)


@each_service
async def test_migrating_again_changes_nothing(postgres: PostgresServer, service: Service[Any]) -> None:
    database = postgres.create_database(service.name)
    files = sorted(file.stem for file in service.migrations.glob("*.sql"))
    assert await migrate(database.owner_dsn, service.name, service.migrations) == files != []
    before = await shape(database.owner_dsn)
    assert await migrate(database.owner_dsn, service.name, service.migrations) == []
    assert await shape(database.owner_dsn) == before


NO_VIEW: Final = "AND to_regclass(table_schema || '.' || table_name) IN (SELECT oid FROM pg_class WHERE relkind = 'r')"
"""What a read model says of itself is for whoever verifies it, not for readers."""


@each_service
async def test_every_read_table_is_shown_to_readers_with_all_its_columns(rig: Rig, service: Service[Any]) -> None:
    database = await rig.database(service.name, service.migrations)
    tables = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1"
    async with asyncpg.create_pool(database.runtime_dsn, min_size=1, max_size=1) as pool:
        for model in service.models:
            await install(pool, model)
            own = {(row["table_name"], row["column_name"]) for row in await pool.fetch(f"{tables} {NO_VIEW}", model.consumer)}
            shown = {(row["table_name"], row["column_name"]) for row in await pool.fetch(tables, "read")}
            assert {table for table, _ in own} == set(model.tables)
            assert own <= shown
