from __future__ import annotations

import asyncio
from pathlib import Path
from textwrap import dedent
from typing import Final

import asyncpg
import pytest

from kernel.eventlog import migrate as migration
from kernel.eventlog.migrate import ROOT, Changed, migrate, newest, read_sql
from kernel.eventlog.sql import Connection
from tests.kernel.eventlog.rig import MIGRATIONS, Rig, connected, eventually, somebody_waits
from tests.servers import Database

SCHEMA: Final = ROOT / "kernel" / "eventlog" / "schema.sql"

CATALOGUE: Final = """
WITH mine AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'),
     class AS (SELECT c.*, nspname || '.' || relname AS name
               FROM pg_class AS c JOIN mine ON mine.oid = relnamespace WHERE relname !~ '^migration')
SELECT format('schema %s: owner %s, privileges %s', n.nspname, nspowner::regrole, nspacl)
FROM pg_namespace AS n JOIN mine USING (oid)
UNION ALL SELECT format('relation %s: kind %s, owner %s, privileges %s, options %s, row security %s, persistence %s',
                        name, relkind, relowner::regrole, relacl, reloptions, relrowsecurity, relpersistence) FROM class
UNION ALL SELECT format('column %s %s.%s: %s, not null %s, default %s, generated "%s%s", privileges %s, collation %s',
                        attnum, name, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
                        attgenerated, attidentity, attacl, attcollation)
          FROM class JOIN pg_attribute ON attrelid = class.oid AND attnum > 0
          LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
UNION ALL SELECT format('constraint %s.%s: %s, valid %s', name, conname, pg_get_constraintdef(con.oid), convalidated)
          FROM class JOIN pg_constraint AS con ON conrelid = class.oid
UNION ALL SELECT format('index %s, valid %s', pg_get_indexdef(indexrelid), indisvalid) FROM class JOIN pg_index ON indrelid = class.oid
UNION ALL SELECT format('trigger %s, enabled %s', pg_get_triggerdef(t.oid), tgenabled)
          FROM class JOIN pg_trigger AS t ON tgrelid = class.oid
UNION ALL SELECT format('rule %s', pg_get_ruledef(r.oid)) FROM class JOIN pg_rewrite AS r ON ev_class = class.oid
UNION ALL SELECT format('function %s: owner %s, privileges %s', pg_get_functiondef(p.oid), proowner::regrole, proacl)
          FROM pg_proc AS p JOIN mine ON mine.oid = pronamespace
UNION ALL SELECT format('type %s.%s: %s, privileges %s', nspname, typname, typtype, typacl)
          FROM pg_type JOIN mine ON mine.oid = typnamespace WHERE typrelid = 0 AND typname !~ '^_'
UNION ALL SELECT format('default privileges %s %s: %s', defaclrole::regrole, defaclobjtype, defaclacl) FROM pg_default_acl
UNION ALL SELECT format('database privileges %s', datacl) FROM pg_database WHERE datname = current_database()
UNION ALL SELECT format('comment %s on %s', description, objoid::regclass) FROM pg_description JOIN class ON objoid = class.oid
ORDER BY 1
"""
"""All that a schema consists of, one line each; the table of migrations itself is left out."""

HEAD: Final = "SELECT * FROM log.head"


async def catalogue(connection: Connection) -> list[str]:
    return [row[0] for row in await connection.fetch(CATALOGUE)]


def fresh(rig: Rig) -> Database:
    """Give a database with nothing in it."""
    return rig.postgres.create_database("bank")


def write(folder: Path, **files: str) -> Path:
    """Write some migrations into a folder."""
    for name, text in files.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(dedent(text), encoding="utf-8")
    return folder


async def tables(database: Database) -> list[str]:
    async with connected(database.owner_dsn) as owner:
        return [row[0] for row in await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname IN ('public', 'log') ORDER BY 1")]


async def applied(database: Database) -> list[str]:
    async with connected(database.runtime_dsn) as runtime:
        return [row[0] for row in await runtime.fetch("SELECT name FROM public.migration ORDER BY name")]


async def test_the_schema_is_the_sum_of_the_migrations(rig: Rig) -> None:
    migrated, written = fresh(rig), fresh(rig)
    await migrate(migrated.owner_dsn, "bank", MIGRATIONS)
    async with connected(written.owner_dsn) as owner:
        await owner.execute(read_sql(SCHEMA, "bank"))
        by_schema = await catalogue(owner)
    async with connected(migrated.owner_dsn) as owner:
        by_migrations = await catalogue(owner)
    assert by_migrations == by_schema
    assert len(by_schema) > 50


DIFFERENCES: Final = (
    "ALTER TABLE log.event ALTER COLUMN subject DROP NOT NULL",
    "ALTER TABLE log.parked ALTER COLUMN pos TYPE integer",
    "ALTER TABLE log.event ADD COLUMN more text",
    "ALTER TABLE log.event DROP CONSTRAINT event_hash_check",
    "ALTER TABLE log.event RENAME CONSTRAINT event_stream_version_key TO other",
    "ALTER TABLE log.event DISABLE TRIGGER event_is_append_only",
    "ALTER TABLE log.head SET (fillfactor = 100)",
    "ALTER TABLE log.checkpoint ALTER COLUMN pos SET DEFAULT 1",
    "ALTER TABLE log.checkpoint ALTER COLUMN pos DROP DEFAULT",
    "DROP TRIGGER seal_is_append_only ON log.seal",
    "DROP INDEX log.parked_stream",
    "CREATE INDEX ON log.event (subject)",
    "GRANT UPDATE ON log.event TO bank",
    "GRANT UPDATE (body) ON log.event TO bank",
    "GRANT SELECT ON log.event TO PUBLIC",
    "GRANT CREATE ON SCHEMA log TO bank",
    "REVOKE USAGE ON SCHEMA log FROM bank",
    "CREATE OR REPLACE VIEW log.event_json AS SELECT pos, stream, version, subject, NULL::jsonb AS body FROM log.event",
    "CREATE OR REPLACE FUNCTION log.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE TYPE log.kind AS ENUM ('a')",
    "CREATE SCHEMA other",
)


async def test_a_difference_between_schema_and_migrations_would_be_seen(rig: Rig) -> None:
    database, unseen = await rig.database(), list[str]()
    async with connected(database.owner_dsn) as owner:
        before = await catalogue(owner)
        for difference in DIFFERENCES:
            transaction = owner.transaction()
            await transaction.start()
            await owner.execute(difference)
            unseen += [difference] if await catalogue(owner) == before else []
            await transaction.rollback()
    assert unseen == []


async def test_migrating_again_does_nothing_and_keeps_what_is_there(rig: Rig) -> None:
    database = fresh(rig)
    assert await migrate(database.owner_dsn, "bank", MIGRATIONS) == ["0001_log", "0002_halted"]
    async with connected(database.owner_dsn) as owner:
        before = [*await catalogue(owner), *await owner.fetch(HEAD), *await owner.fetch("SELECT * FROM public.migration")]
    assert await migrate(database.owner_dsn, "bank", MIGRATIONS) == []
    async with connected(database.owner_dsn) as owner:
        assert [*await catalogue(owner), *await owner.fetch(HEAD), *await owner.fetch("SELECT * FROM public.migration")] == before


async def test_only_new_migrations_are_applied_and_in_the_order_of_their_names(rig: Rig, tmp_path: Path) -> None:
    database = fresh(rig)
    write(tmp_path, m0002_b="INSERT INTO public.a VALUES ('second')", m0001_a="CREATE TABLE public.a (x text)")
    assert await migrate(database.owner_dsn, "bank", tmp_path) == ["0001_a", "0002_b"]
    write(tmp_path, m0003_c="INSERT INTO public.a VALUES ('third')")
    assert newest(tmp_path) == "0003_c"
    assert await migrate(database.owner_dsn, "bank", tmp_path) == ["0003_c"]
    async with connected(database.owner_dsn) as owner:
        assert [row["x"] for row in await owner.fetch("SELECT x FROM public.a")] == ["second", "third"]
    assert await applied(database) == ["0001_a", "0002_b", "0003_c"]


async def test_a_migration_that_was_edited_after_it_was_applied_is_refused_with_all_that_is_new(rig: Rig, tmp_path: Path) -> None:
    database = fresh(rig)
    await migrate(database.owner_dsn, "bank", write(tmp_path, m0001_a="CREATE TABLE public.a (x text)"))
    write(
        tmp_path,
        m0001_a="CREATE TABLE public.a (x text, y text)",
        m0000_new="CREATE TABLE public.b ()",
        m0002_new="CREATE TABLE public.c ()",
    )
    with pytest.raises(Changed, match=r"0001_a\.sql"):
        await migrate(database.owner_dsn, "bank", tmp_path)
    assert await tables(database) == ["a", "migration"]
    assert await applied(database) == ["0001_a"]


async def test_an_edit_in_an_included_file_is_an_edit(rig: Rig, tmp_path: Path) -> None:
    database, part = fresh(rig), tmp_path / "part.txt"
    part.write_text("CREATE TABLE public.a (x text);\nGRANT SELECT ON public.a TO {role};\n", encoding="utf-8")
    folder = write(tmp_path, m0001_a=f"-- First.\n\\i {part}\nCREATE TABLE public.b (y text);\n")
    assert await migrate(database.owner_dsn, "bank", folder) == ["0001_a"]
    assert await tables(database) == ["a", "b", "migration"]
    async with connected(database.runtime_dsn) as runtime:
        assert await runtime.fetch("SELECT * FROM public.a") == []
    part.write_text("CREATE TABLE public.a (x integer);\n", encoding="utf-8")
    with pytest.raises(Changed):
        await migrate(database.owner_dsn, "bank", folder)


async def test_a_migration_that_fails_leaves_nothing_of_itself_or_of_those_before_it(rig: Rig, tmp_path: Path) -> None:
    database = fresh(rig)
    write(
        tmp_path,
        m0001_good="CREATE TABLE public.a (x text)",
        m0002_bad="CREATE TABLE public.b (x text); INSERT INTO public.a VALUES ('x'); SELECT 1 / 0; CREATE TABLE public.c ()",
    )
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database.owner_dsn, "bank", tmp_path)
    assert await tables(database) == []
    write(tmp_path, m0002_bad="CREATE TABLE public.b (x text)")
    assert await migrate(database.owner_dsn, "bank", tmp_path) == ["0001_good", "0002_bad"]


async def test_of_several_who_migrate_at_once_one_does_it(rig: Rig) -> None:
    database = fresh(rig)
    answers = await asyncio.gather(*(migrate(database.owner_dsn, "bank", MIGRATIONS) for _ in range(6)))
    assert sorted(answers) == [[], [], [], [], [], ["0001_log", "0002_halted"]]
    assert await applied(database) == ["0001_log", "0002_halted"]


async def test_whoever_comes_second_waits_for_the_first_to_end(rig: Rig, tmp_path: Path) -> None:
    database = fresh(rig)
    folder = write(tmp_path, m0001_a="CREATE TABLE public.a (x text)")
    async with connected(database.owner_dsn) as first:
        transaction = first.transaction()
        await transaction.start()
        await first.execute("SELECT pg_advisory_xact_lock($1)", migration.LOCK)
        second = asyncio.create_task(migrate(database.owner_dsn, "bank", folder))
        await eventually(lambda: somebody_waits(database.owner_dsn))
        assert await tables(database) == []
        # The first one dies instead of ending: the second does the work.
        await transaction.rollback()
        assert await second == ["0001_a"]


async def test_whoever_waits_too_long_gives_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "LOCK_SECONDS", 0.05)
    database = fresh(rig)
    async with connected(database.owner_dsn) as first, first.transaction():
        await first.execute("SELECT pg_advisory_xact_lock($1)", migration.LOCK)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await migrate(database.owner_dsn, "bank", MIGRATIONS)
    assert await tables(database) == []


async def test_an_older_program_on_a_newer_database_finds_nothing_to_do(rig: Rig, tmp_path: Path) -> None:
    database = fresh(rig)
    write(tmp_path, m0001_a="CREATE TABLE public.a (x text)", m0002_b="CREATE TABLE public.b ()")
    await migrate(database.owner_dsn, "bank", tmp_path)
    (tmp_path / "0002_b.sql").unlink()
    assert await migrate(database.owner_dsn, "bank", tmp_path) == []
    assert await tables(database) == ["a", "b", "migration"]


async def test_every_log_has_an_identity_of_its_own(rig: Rig) -> None:
    heads = list[asyncpg.Record]()
    for database in (fresh(rig), fresh(rig)):
        await migrate(database.owner_dsn, "bank", MIGRATIONS)
        async with connected(database.runtime_dsn) as runtime:
            heads += await runtime.fetch(HEAD)
    assert [head["pos"] for head in heads] == [0, 0]
    assert heads[0]["epoch"] != heads[1]["epoch"]
