"""The second wall: whatever a statement forgets to ask, the database shows a caller no row of another agency (ADR 22)."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import pytest

from kernel.edge.identity import Principal
from kernel.edge.service import Service
from kernel.edge.wall import agencies_in, fetch_for, seen_by
from kernel.eventlog.rebuild import install
from kernel.eventlog.sql import read_queries
from services.feedback import query as feedback
from services.feedback import query_petitions as petitions
from services.intake import query as intake
from services.processing import query as processing
from services.processing import query_cases as cases
from services.reporting import query as reporting
from services.reporting import query_reform as reform
from tests.architecture.source import ROOT, sources
from tests.services.four import SERVICES, each_service
from tests.services.rig import AGENCY, Rig, eventually

UNIT: Final = f"{AGENCY}.2"
FOREIGN: Final = "H10.5"
ALIKE: Final = f"{AGENCY}0"
"""An agency whose code begins as ours does, and which is none of its units."""
OFFICER: Final = Principal("nv-1", frozenset({"officer"}), (AGENCY,))
NOBODYS: Final = Principal("nv-2", frozenset({"officer"}), ())
ODD: Final = Principal("nv-4", frozenset({"officer"}), ("'); ROLLBACK; --", '"}', "\\", "a,b", "{}"))
"""Whatever a token calls an agency is a text and nothing else."""
EVERYBODYS: Final = Principal("nv-3", frozenset({"officer"}), ("*",))

NAMING_AGENCIES: Final = """
SELECT n.nspname || '.' || c.relname AS name,
    c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid) AS walled
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname IN ('agency', 'agencies') AND NOT a.attisdropped)
"""
NO_READ_TABLES: Final = {"portal.subscription": "a subscriber's own, found by its owner; whose facts it is sent is asked of each fact"}
"""Tables that name agencies and are not read models', each with why there is no wall."""

MUST: Final = """
SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND attnotnull AND NOT atthasdef
"""
NTH: Final = {"uuid": "md5({n}::text)::uuid", "text": "'{n}'", "date": "current_date + {n}", "integer": "{n}", "bigint": "{n}"}
"""A value of each type for the nth row."""


async def test_a_table_that_names_an_agency_has_the_wall_unless_its_column_says_why_not() -> None:
    ddl = "CREATE TABLE alpha (\n    id uuid,\n    agency text\n);\nCREATE TABLE beta (\n    agency text  -- no wall: all may see it\n);\n"
    assert agencies_in(ddl + "CREATE TABLE gamma (\n    agency_name text\n);\n") == {"alpha": None, "beta": "all may see it"}


@each_service
async def test_every_table_that_names_an_agency_has_the_wall_or_says_why_not(rig: Rig, service: Service[Any]) -> None:
    database = await rig.database(service.name, service.migrations)
    async with asyncpg.create_pool(database.runtime_dsn, min_size=1, max_size=1) as pool:
        for model in service.models:
            await install(pool, model)
        found = {row["name"]: row["walled"] for row in await pool.fetch(NAMING_AGENCIES)}
    said = {f"{model.consumer}.{table}": why for model in service.models for table, why in agencies_in(model.ddl).items()}
    reasons = said | {name: why for name, why in NO_READ_TABLES.items() if name in found}
    assert found == {name: why is None for name, why in reasons.items()}
    assert any(found.values())


@each_service
async def test_a_caller_is_shown_the_rows_of_his_agency_and_its_units_alone(rig: Rig, service: Service[Any]) -> None:
    database = await rig.database(service.name, service.migrations)
    everything: set[str | None] = {AGENCY, UNIT, FOREIGN, ALIKE, None}
    async with asyncpg.create_pool(database.runtime_dsn, min_size=1, max_size=1) as pool:
        for model in service.models:
            await install(pool, model)
            for table in [table for table, why in agencies_in(model.ddl).items() if why is None]:
                must = await pool.fetch(MUST, f"{model.consumer}.{table}")
                for n, agency in enumerate(everything):
                    names, values = [row["name"] for row in must], [NTH[row["type"]].format(n=n) for row in must]
                    into = f"INSERT INTO {model.consumer}.{table} ({', '.join(['agency', *names])})"
                    await pool.execute(f"{into} VALUES ({', '.join(['$1', *values])})", agency)
                query = f"SELECT agency FROM read.{table}"  # noqa: S608 - the model's own names

                async def seen(principal: Principal, query: str = query) -> set[str | None]:
                    return {row["agency"] for row in await fetch_for(principal, pool, query)}

                assert await seen(OFFICER) == {AGENCY, UNIT}, table
                assert await seen(NOBODYS) == set(), table
                assert await seen(ODD) == set(), table
                assert await seen(EVERYBODYS) == everything, table
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02), seen_by(OFFICER, pool) as connection:
                        await connection.execute("SELECT pg_sleep(5)")
                assert {row["agency"] for row in await pool.fetch(query)} == everything, "what was set for a caller ended with him"


# What a caller asks, where the service forgot whose it is. ---------------------------------------------------------------


@dataclass(frozen=True)
class Forgetful:
    """A list whose statement has lost its condition: rows of two agencies go in by `fill`, with the agency as `$1`."""

    service: str
    statements: dict[str, str]
    table: str
    fill: str
    path: str
    role: str
    shown: str = "/items/agency"

    def __str__(self) -> str:
        return self.path.partition("?")[0]


FORGETFUL: Final = (
    Forgetful(
        "intake",
        intake.QUERY,
        "dossier",
        "INSERT INTO read.dossier (dossier_id, agency, state, procedure, field, channel, applicant_kind, submitted_at)"
        " VALUES (gen_random_uuid(), $1, 'submitted', '2.000648', 'dien', 'online', 'enterprise', now())",
        "/v1/dossiers",
        "desk",
    ),
    Forgetful(
        "processing",
        cases.SQL,
        "case_register",
        "INSERT INTO read.case_register (case_id, dossier_id, code, agency, procedure, field, state, step, unit, role, opened_at)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), '1', $1, '2.000648', 'dien', 'waiting', 'B1', 'van-phong', 'van-thu', now())",
        "/v1/cases",
        "officer",
    ),
    Forgetful(
        "processing",
        processing.QUERY,
        "consultation_register",
        "INSERT INTO read.consultation_register (consultation_id, case_id, agency, number, partner, requested_at)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), $1, 1, $1, '2026-01-01T00:00:00Z')",
        "/v1/partners/lateness",
        "officer",
        "/partners/partner",
    ),
    Forgetful(
        "feedback",
        feedback.QUERY,
        "opinion_register",
        "INSERT INTO read.opinion_register (opinion_id, agency, channel, topic, anonymous, received_at)"
        " VALUES (gen_random_uuid(), $1, 'web', 'praise', true, now())",
        "/v1/opinions",
        "officer",
    ),
    Forgetful(
        "feedback",
        petitions.QUERY,
        "petition_register",
        "INSERT INTO read.petition_register (petition_id, agency, channel, party, received_at)"
        " VALUES (gen_random_uuid(), $1, 'web', 'citizen', now())",
        "/v1/petitions",
        "officer",
    ),
    Forgetful(
        "reporting",
        reporting.QUERY,
        "dossier_register",
        "INSERT INTO read.dossier_register (dossier_id, agency, procedure, field, channel, code, submitted_on, accepted_on)"
        " VALUES (gen_random_uuid(), $1, '2.000648', 'dien', 'online', $1, '2026-03-02', '2026-03-02')",
        "/v1/register?from=2026-03-01&to=2026-03-31",
        "leader",
    ),
    Forgetful(
        "reporting",
        reporting.QUERY,
        "tally",
        "INSERT INTO read.tally (grain, on_day, what, month, agency, field, channel, n)"
        " VALUES ('day', '2026-03-02', 'accepted', '2026-03-01', $1, 'dien', 'online', 1)",
        "/v1/figures?from=2026-03-01&to=2026-03-31",
        "leader",
    ),
    Forgetful(
        "reporting",
        reform.QUERY,
        "reform_task",
        "INSERT INTO read.reform_task (task_id, agency, year, number, content, due_on)"
        " VALUES (gen_random_uuid(), $1, 2026, 1, 'procedures', '2026-03-31')",
        "/v1/reform/tasks",
        "leader",
    ),
)


def forgetting(text: str) -> str:
    """Take the condition out of a statement: whatever agencies are in scope, every row has one of them."""
    return text.replace("EXISTS (SELECT FROM unnest(", "true OR EXISTS (SELECT FROM unnest(")


@pytest.mark.parametrize("asked", FORGETFUL, ids=str)
async def test_a_statement_that_forgets_whose_rows_it_asks_for_shows_no_foreign_one(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, asked: Forgetful
) -> None:
    (service,) = [service for service in SERVICES if service.name == asked.service]
    (model,) = [model for model in service.models if asked.table in model.tables]
    assert any(forgetting(text) != text for text in asked.statements.values())
    for name, text in asked.statements.items():
        monkeypatch.setitem(asked.statements, name, forgetting(text))
    monkeypatch.setattr(reporting, "NOW", forgetting(reporting.NOW))  # put together when the module was read
    async with rig.running(service) as running, running.connected() as connection:
        await connection.execute(asked.fill, AGENCY)
        await connection.execute(asked.fill, FOREIGN)

        async def agencies() -> set[str]:
            answer = await running.get(asked.path, running.token(asked.role))
            assert answer.status_code == 200, answer.text
            _, member, column = asked.shown.split("/")
            return {row[column] for row in answer.json()[member]}

        assert await eventually(agencies) == {AGENCY}
        await connection.execute(f"ALTER TABLE {model.consumer}.{asked.table} DISABLE ROW LEVEL SECURITY")
        assert await agencies() == {AGENCY, FOREIGN}, "the statement had no wall but the database's"


# And no statement is asked beside the wall. ------------------------------------------------------------------------------

OF_ALL: Final = {
    "alarms_due": "a job rings for every agency",
    "pressure": "a job counts for every agency, for an alert and nobody's answer",
    "timers_due": "a job lets steps pass for every agency",
    "reminders_due": "a job reminds for every agency",
    "permits_over": "a job notes what has expired, for every agency",
    "permit": "anybody may check a permit by its number",
    "petition_of_code": "the code is the petitioner's key",
    "published": "what was published is for everybody",
    "dossier_of": "whoever has the code of a dossier may look it up",
    "left_in_vault": "a job finishes erasing for every agency",
    "left_in_store": "a job finishes erasing for every agency",
    "retention_over": "a job forgets for every agency",
    "known": "the first and the last day of all that was counted",
    "days": "the first and the last day of all cases that are known",
    "of_dossier": "whose a case is, is asked so that others are refused",
    "is_field": "what fields there are",
    "agency_of": "whose a dossier is, is asked so that others are refused",
    "traced": "facts of one dossier, whose agency was asked for before",
    "denunciations": "counted in groups of all agencies, of which none is taken apart",
    "months_begin": "which months there are",
    "asked": "counted in groups of all agencies, of which none is taken apart",
    "over": "a job says what is overdue, for every agency",
    "petition_of": "whose a petition is, is asked so that others are refused",
}
"""Statements over walled tables that are read for nobody in particular, each with why."""


def asked_beside(service: Service[Any]) -> Iterator[str]:
    """Give the named statements over walled tables that are carried out on a pool, or on a connection that shows everything."""
    walled = {table for model in service.models for table, why in agencies_in(model.ddl).items() if why is None}
    texts = [statements for path in sorted(service.folder.glob("*.sql")) for statements in read_queries(path).items()]
    over = {name for name, text in texts if walled & set(re.findall(r"read\.(\w+)", text))}
    for source in sources(ROOT, f"services/{service.name}/*.py"):
        for called, call in source.calls():
            if re.search(r"\b(pool|connection)\.(fetch|fetchrow|fetchval|execute)$|\._(all|row)$", called):
                named = {node.value for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Constant)}
                yield from sorted(str(name) for name in named & over)


@each_service
def test_no_statement_over_a_walled_table_is_asked_beside_the_wall_without_a_reason(service: Service[Any]) -> None:
    assert set(asked_beside(service)) <= set(OF_ALL)


def test_every_reason_to_ask_beside_the_wall_is_still_needed() -> None:
    assert {name for service in SERVICES for name in asked_beside(service)} == set(OF_ALL)
