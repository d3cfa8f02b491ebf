from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.eventlog import Log
from kernel.eventlog.seal import seal_next
from tests.kernel.eventlog.bank import some_history
from tests.kernel.eventlog.rig import Rig, connected

OF_THE_LAW = ("event", "seal")
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
ROW = "(1, gen_random_uuid(), 1, 'bank.00.x', '{}', decode(repeat('00', 32), 'hex'))"


async def sealed_log(rig: Rig) -> Log:
    log = await rig.log()
    await some_history(log, accounts=2, deposits=2)
    await seal_next(log.pool, log.source, Ed25519PrivateKey.generate())
    return log


async def everything(rig: Rig, log: Log) -> list[str]:
    """Give every row of the log's tables, and what stands in the catalogue about them."""
    async with connected(rig.superuser(log)) as superuser:
        tables = [row["name"] for row in await superuser.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'log'")]
        rows = [row[0] for table in sorted(tables) for row in await superuser.fetch(f"SELECT t::text FROM log.{table} AS t ORDER BY 1")]  # noqa: S608 - names from the catalogue
        catalogue = await superuser.fetch("""
            SELECT c::text FROM (SELECT relname, relowner, relacl FROM pg_class WHERE relnamespace = 'log'::regnamespace) AS c
            UNION ALL SELECT t::text FROM (SELECT tgrelid, tgname, tgenabled, tgfoid FROM pg_trigger) AS t
            UNION ALL SELECT p::text FROM (SELECT proname, proowner, prosrc FROM pg_proc WHERE pronamespace = 'log'::regnamespace) AS p
            UNION ALL SELECT r::text FROM (SELECT ev_class, rulename, ev_enabled FROM pg_rewrite WHERE rulename <> '_RETURN') AS r
            ORDER BY 1
        """)
        return rows + [row[0] for row in catalogue]


def of(table: str, *statements: str) -> list[str]:
    """Say statements for one of the tables that only grow."""
    columns = {"<bytes>": "body", "<number>": "pos"} if table == "event" else {"<bytes>": "root", "<number>": "upto"}
    words = {"<table>": f"log.{table}", "<name>": table, **columns}
    return [reduce(lambda text, word: text.replace(*word), words.items(), statement) for statement in statements]


async def not_refused(dsn: str, statements: Sequence[str], refusal: type[Exception], match: str) -> list[str]:
    """Give the statements that somebody may run, or that fail for another reason than the one that is meant."""
    findings = list[str]()
    async with connected(dsn) as connection:
        for statement in statements:
            try:
                async with connection.transaction():
                    await connection.execute(statement)
                findings.append(f"{statement}: allowed")
            except refusal as error:
                if match not in str(error):
                    findings.append(f"{statement}: {error}")
            except asyncpg.PostgresError as error:
                findings.append(f"{statement}: {type(error).__name__}: {error}")
    return findings


CHANGES = (
    "UPDATE <table> SET <bytes> = ''",
    "UPDATE <table> SET <number> = <number> WHERE false",
    "DELETE FROM <table>",
    "DELETE FROM <table> WHERE false",
    "TRUNCATE <table>",
    "TRUNCATE <table> CASCADE",
)
TAKEOVERS = (
    "ALTER TABLE <table> DISABLE TRIGGER ALL",
    "ALTER TABLE <table> DISABLE TRIGGER <name>_is_append_only",
    "ALTER TABLE <table> RENAME TO other",
    "ALTER TABLE <table> ADD COLUMN more text",
    "ALTER TABLE <table> OWNER TO bank",
    "DROP TRIGGER <name>_is_append_only ON <table>",
    "CREATE TRIGGER first BEFORE INSERT ON <table> EXECUTE FUNCTION log.refuse_change()",
    "CREATE RULE instead AS ON INSERT TO <table> DO INSTEAD NOTHING",
    "SELECT * FROM <table> FOR UPDATE",
    "LOCK TABLE <table> IN ACCESS EXCLUSIVE MODE",
    "DROP TABLE <table> CASCADE",
)
WAYS_AROUND = (
    f"INSERT INTO log.event VALUES {ROW} ON CONFLICT (pos) DO UPDATE SET body = excluded.body",  # noqa: S608 - a constant
    "MERGE INTO log.event AS e USING (SELECT 1) AS x ON e.pos = 1 WHEN MATCHED THEN DELETE",
    "UPDATE log.event_json SET pos = pos",
    "DELETE FROM log.event_json",
    "INSERT INTO log.head DEFAULT VALUES",
    "UPDATE log.head SET epoch = gen_random_uuid()",
    "UPDATE log.head SET one = true",
    "DELETE FROM log.head",
    "TRUNCATE log.head",
    "DROP TABLE log.head",
    "DELETE FROM log.checkpoint",
    "TRUNCATE log.checkpoint",
    "TRUNCATE log.parked",
    "DELETE FROM log.read_model",
    "CREATE OR REPLACE FUNCTION log.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "DROP FUNCTION log.refuse_change() CASCADE",
    "CREATE TABLE log.event_of_mine (pos bigint)",
    "CREATE TABLE public.event (pos bigint)",
    "ALTER SCHEMA log RENAME TO other",
    "DROP SCHEMA log CASCADE",
    "INSERT INTO public.migration (name, checksum) VALUES ('0002', '')",
    "UPDATE public.migration SET checksum = ''",
    "SET session_replication_role = replica",
    "SET ROLE bank_owner",
    "SET SESSION AUTHORIZATION bank_owner",
    "GRANT bank_owner TO bank",
    "ALTER ROLE bank SUPERUSER",
    "CREATE ROLE other",
    "REASSIGN OWNED BY bank_owner TO bank",
    "COPY log.event TO PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
)


async def test_the_running_service_can_change_or_take_over_nothing_that_it_has_recorded(rig: Rig) -> None:
    log = await sealed_log(rig)
    before = await everything(rig, log)
    statements = [*(s for table in OF_THE_LAW for s in of(table, *CHANGES, *TAKEOVERS)), *WAYS_AROUND]
    assert await not_refused(log.dsn, statements, asyncpg.InsufficientPrivilegeError, "") == []
    async with connected(log.dsn) as runtime:
        # PostgreSQL only warns about a grant of what one does not have; nothing comes of it.
        await runtime.execute("GRANT ALL ON log.event, log.seal TO bank")
    assert await everything(rig, log) == before


async def test_the_owner_who_has_every_privilege_is_stopped_by_the_trigger(rig: Rig) -> None:
    log = await sealed_log(rig)
    before = await everything(rig, log)
    for dsn in (rig.owner(log), rig.superuser(log)):
        for table in OF_THE_LAW:
            assert await not_refused(dsn, of(table, *CHANGES), asyncpg.RaiseError, f"log.{table} is append-only") == []
    assert await everything(rig, log) == before


async def test_the_running_service_has_these_privileges_and_no_other(rig: Rig) -> None:
    log = await rig.log()
    async with connected(rig.superuser(log)) as superuser:
        found = await superuser.fetch(
            """
            SELECT relname, coalesce(string_agg(privilege, ' ' ORDER BY n) FILTER (WHERE has_table_privilege('bank', c.oid, privilege)), '')
            FROM pg_class AS c, unnest($1::text[]) WITH ORDINALITY AS p (privilege, n)
            WHERE relnamespace = 'log'::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f') GROUP BY relname
            """,
            PRIVILEGES,
        )
        columns = await superuser.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'log.head'::regclass AND attnum > 0"
            " AND has_column_privilege('bank', attrelid, attnum, 'UPDATE')"
        )
    assert dict(tuple(row) for row in found) == {
        "head": "SELECT",
        "event": "SELECT INSERT",
        "event_json": "SELECT",
        "seal": "SELECT INSERT",
        "checkpoint": "SELECT INSERT UPDATE",
        "read_model": "SELECT INSERT UPDATE",
        "parked": "SELECT INSERT UPDATE DELETE",
    }
    assert [row["attname"] for row in columns] == ["pos", "halted_at"]


async def test_the_role_that_runs_is_no_member_of_any_other(rig: Rig) -> None:
    log = await rig.log()
    assert await log.pool.fetchval("SELECT current_user") == "bank"
    assert await log.pool.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = 'bank'::regrole") == 0
    attributes = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
    assert await log.pool.fetchval(f"SELECT {attributes} FROM pg_roles WHERE rolname = 'bank'") is False  # noqa: S608 - a constant


async def test_another_service_cannot_even_connect(rig: Rig) -> None:
    bank, audit = await rig.log(), await rig.log("audit")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
        await asyncpg.connect(rig.postgres.dsn("audit", bank.dsn.rpartition("/")[2]))
    assert await audit.head() == 0


async def test_the_running_service_may_record_but_not_twice_at_one_place(rig: Rig) -> None:
    log = await sealed_log(rig)
    async with connected(log.dsn) as runtime:
        with pytest.raises(asyncpg.UniqueViolationError, match="event_pkey"):
            await runtime.execute(f"INSERT INTO log.event VALUES {ROW}")  # noqa: S608 - a constant
        await runtime.execute(f"INSERT INTO log.event VALUES {ROW.replace('(1,', '(7,')}")  # noqa: S608 - a constant
        assert await runtime.fetchval("SELECT max(pos) FROM log.event") == 7
