"""Every filter of the lists of cases has its index: what is asserted is the shape of the plan, never how long it took.

The rows are made by SQL: nearly all of the cases are over, as they are after some years. 200,000 of them were looked at by hand, with
the same plans; the test makes do with fewer.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from services.processing.domain.organisation_states import Inherited
from services.processing.projections import CASES
from services.processing.query_cases import Statement, Wanted, cases, load, worklist
from tests.servers import PostgresServer
from tests.services.rig import AGENCY

ROWS: Final = int(os.environ.get("MOTCUA_TEST_PLAN_ROWS", "30000"))
NOW: Final = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILL: Final = """
INSERT INTO read.case_register (case_id, dossier_id, code, agency, procedure, field, state, step, unit, role, officer, opened_at,
    due_at, due_on, late_from, beside)
SELECT md5('case' || n)::uuid, md5('dossier' || n)::uuid, 'H09.13-' || n, 'H09.13', '2.' || lpad((n % 118)::text, 6, '0'), 'dien', state,
    CASE WHEN open THEN 'B3' END, CASE WHEN open THEN 'phong-' || n % 10 END, CASE WHEN open THEN 'vai-' || n % 7 END,
    CASE WHEN state = 'claimed' THEN 'nv-' || n % 90 END, opened_at, opened_at + interval '20 days', (opened_at + interval '20 days')::date,
    opened_at + interval '20 days 7 hours',
    CASE WHEN open AND n % 50 = 0 THEN '[{"step": "B4", "unit": "phong-1", "role": "vai-1", "officer": null}]' END
FROM (
    SELECT n, n % 40 = 0 OR n > $1 - $1 / 100 AS open, $2::timestamptz - ($1 - n) * (interval '1000 days' / $1) AS opened_at,
        CASE WHEN NOT (n % 40 = 0 OR n > $1 - $1 / 100) THEN CASE WHEN n % 20 = 0 THEN 'stopped' ELSE 'issued' END
             ELSE (ARRAY['waiting', 'claimed', 'claimed', 'paused'])[1 + n % 4] END AS state
    FROM generate_series(1, $1::integer) AS n
) AS made
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def filled(postgres: PostgresServer) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
    """Give a register full of cases."""
    database = postgres.create_database("processing")
    connection = await asyncpg.connect(database.owner_dsn)
    await connection.execute("CREATE SCHEMA read; SET search_path = read;" + CASES.bare_ddl)
    await connection.execute(FILL, ROWS, NOW)
    await connection.execute(";".join(CASES.when_full))
    await connection.execute("VACUUM ANALYZE read.case_register")
    # As for a caller: who owns the table is shown no more than others, and what a policy hides must cost no index.
    await connection.execute(f"SET motcua.agencies = '{{{AGENCY}.}}'")
    yield connection
    await connection.close()


OFFICER: Final = Principal("nv-1", frozenset({"officer"}), (AGENCY,))
FIRST: Final = Page(None, 50)
NEXT: Final = Page(((NOW - timedelta(days=300)).isoformat(), str(UUID(int=7))), 50)
ALL: Final = Wanted(now=NOW)
HEIR: Final = (Inherited(unit="phong-2", rest=True, named=("2.000001",)), Inherited(unit="phong-3", rest=False, named=("2.000002",)))

OPEN: Final = "case_open|case_open_by_time|case_by_desk"
"""Indexes that lead to open cases only, a few thousand: whichever of them costs less is the planner's to say."""

LISTS: Final[dict[str, tuple[Statement, str]]] = {
    "all": (cases(OFFICER, ALL, FIRST), "case_by_time"),
    "the next page": (cases(OFFICER, ALL, NEXT), "case_by_time"),
    "dossier": (cases(OFFICER, replace(ALL, dossier=UUID(int=1)), FIRST), "case_by_dossier"),
    "unit": (cases(OFFICER, replace(ALL, unit="phong-1"), FIRST), OPEN),
    "unit and role": (cases(OFFICER, replace(ALL, unit="phong-1", role="vai-1"), FIRST), OPEN),
    "unit with heirs": (cases(OFFICER, replace(ALL, unit="phong-1", inherited=HEIR), FIRST), OPEN),
    "role": (cases(OFFICER, replace(ALL, role="vai-1"), FIRST), OPEN),
    "procedure": (cases(OFFICER, replace(ALL, procedure="2.000001"), FIRST), "case_by_procedure"),
    "waiting": (cases(OFFICER, replace(ALL, state="waiting"), FIRST), OPEN),
    "issued": (cases(OFFICER, replace(ALL, state="issued"), FIRST), "case_by_time"),
    "stopped": (cases(OFFICER, replace(ALL, state="stopped"), FIRST), "case_stopped"),
    "overdue": (cases(OFFICER, replace(ALL, overdue=True), FIRST), OPEN),
    "in time": (cases(OFFICER, replace(ALL, overdue=False), FIRST), "case_by_time"),
    "work": (worklist(OFFICER, ALL, FIRST), OPEN),
    "the next page of work": (worklist(OFFICER, ALL, NEXT), OPEN),
    "work of a unit": (worklist(OFFICER, replace(ALL, unit="phong-1"), FIRST), OPEN),
    "work of an heir": (worklist(OFFICER, replace(ALL, unit="phong-1", inherited=HEIR), FIRST), OPEN),
    "work of an officer": (worklist(OFFICER, replace(ALL, officer="nv-1"), FIRST), OPEN),
    "work on a procedure": (worklist(OFFICER, replace(ALL, procedure="2.000001"), FIRST), f"case_by_procedure|{OPEN}"),
    "work that is overdue": (worklist(OFFICER, replace(ALL, overdue=True), FIRST), OPEN),
    "work due soon": (worklist(OFFICER, replace(ALL, due_by=NOW + timedelta(days=2)), FIRST), OPEN),
    "load of a unit": (load(OFFICER, replace(ALL, unit="phong-1"), NOW), OPEN),
}
"""Each list with the indexes that may lead to it."""


def scans(plan: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Give how each table and index of a plan is read."""
    own = [(plan["Node Type"], plan.get("Index Name"))] if "Scan" in plan["Node Type"] else []
    return [*own, *(scan for part in plan.get("Plans", ()) for scan in scans(part))]


async def plan_of(connection: asyncpg.Connection[asyncpg.Record], asked: Statement, mode: str) -> dict[str, Any]:
    """Ask how a statement would be carried out, as the service prepares it."""
    await connection.execute(f"SET plan_cache_mode = {mode}")
    kinds = [f"{kind.schema}.{kind.name}" for kind in (await connection.prepare(asked.text)).get_parameters()]
    await connection.execute(f"PREPARE asked ({', '.join(kinds)}) AS {asked.text}")
    try:
        values = [await connection.fetchval("SELECT quote_nullable($1::text)", as_text(value)) for value in asked.arguments]
        return json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked ({', '.join(values)})"))[0]["Plan"]
    finally:
        await connection.execute("DEALLOCATE asked")


def as_text(value: list[str] | object) -> str:
    """Write a value as the database reads it."""
    return "{" + ",".join(value) + "}" if isinstance(value, list) else str(value)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("what", LISTS)
async def test_a_list_is_read_by_an_index_however_it_was_prepared(filled: asyncpg.Connection[asyncpg.Record], what: str, mode: str) -> None:
    asked, indexes = LISTS[what]
    found = [scan for scan in scans(await plan_of(filled, asked, mode)) if scan[0] not in {"Function Scan", "Subquery Scan"}]
    assert not [scan for scan in found if scan[0] == "Seq Scan"], found
    used = {index for _, index in found if index is not None}
    assert used, found
    assert used <= set(indexes.split("|")) | {"case_beside"}, found


async def test_what_nobody_asked_for_does_not_stand_in_the_statement() -> None:
    everything = Principal("nv-1", frozenset({"officer"}), ("*",))
    assert cases(everything, ALL, FIRST).text.count("WHERE true") == 1
    assert "IS NULL OR" not in "".join(asked.text for asked, _ in LISTS.values())


async def test_a_list_finds_what_it_is_asked_for(filled: asyncpg.Connection[asyncpg.Record]) -> None:
    asked = worklist(OFFICER, replace(ALL, unit="phong-1", role="vai-1"), Page(None, ROWS))
    found = {row["case_id"] for row in await filled.fetch(asked.text, *asked.arguments)}
    rows = await filled.fetch("SELECT * FROM read.case_register WHERE state IN ('waiting', 'claimed', 'paused')")
    assert found == {row["case_id"] for row in rows if (row["unit"], row["role"]) == ("phong-1", "vai-1") or row["beside"]}
    assert found
    heir = worklist(OFFICER, replace(ALL, unit="phong-1", inherited=HEIR), Page(None, ROWS))
    inherits = {row["case_id"] for row in await filled.fetch(heir.text, *heir.arguments)}
    assert inherits == {
        row["case_id"]
        for row in rows
        if row["unit"] == "phong-1"
        or row["beside"]
        or (row["unit"] == "phong-2" and row["procedure"] != "2.000001")
        or (row["unit"] == "phong-3" and row["procedure"] == "2.000002")
    }
