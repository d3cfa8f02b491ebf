"""Step 8 of 8, query: the second wall. For whoever asks, the database itself shows the rows of his agencies and of no other.

The first wall is the condition in each statement. Where one lacks it, or has it wrong, row-level security stands behind: a policy on
each read table that names an agency, and a setting that says, until the end of a transaction, for whom it is read. Where nothing is
set, all is seen: projectors, jobs and verifiers read for nobody. (ADR 22)
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from kernel.edge.identity import Principal
from kernel.eventlog.sql import Connection, Pool

LET_SEE: Final = "SELECT set_config('motcua.agencies', coalesce($1::text[]::text, ''), true)"
BEGIN_SEEING: Final = "BEGIN READ ONLY; SELECT set_config('motcua.agencies', {}, true)"

# An agency holds its units, so `H09.13.` begins what is shown of `H09.13`. The setting is read once for each statement, in a subquery
# of its own. `coalesce` also keeps the planner from taking an unknown beginning for a rare one, and from reading whole tables for it.
POLICY: Final = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY agencies ON {table} USING (
    coalesce((coalesce(agency, '') || '.') ^@ ANY ((SELECT nullif(current_setting('motcua.agencies', true), ''))::text[]), true)
);
"""
_TABLE: Final = re.compile(r"^CREATE TABLE (\w+) \((.*?)^\)", re.MULTILINE | re.DOTALL)
_AGENCY: Final = re.compile(r"^ +agency +text\b(?:.*-- no wall: (.+))?", re.MULTILINE)


def walled(ddl: str) -> str:
    """Put the wall around every table that has a column `agency`, unless the column's line says `-- no wall: <why>`."""
    return ddl + "".join(POLICY.format(table=table) for table, why in agencies_in(ddl).items() if why is None)


def agencies_in(ddl: str) -> dict[str, str | None]:
    """Give the tables that have a column `agency`: None, or why there is no wall around it."""
    found = {table: _AGENCY.search(columns) for table, columns in _TABLE.findall(ddl)}
    return {table: agency[1] for table, agency in found.items() if agency is not None}


def beginnings(agencies: Sequence[str]) -> list[str]:
    """Give how the codes of what may be seen begin."""
    return [f"{own}." for own in agencies if own]


def literal(texts: Sequence[str]) -> str:
    """Write texts as one literal of SQL that reads as an array of them, whatever they hold."""
    quoted = ",".join('"' + text.replace("\\", r"\\").replace('"', r"\"") + '"' for text in texts)
    return "'{" + quoted.replace("'", "''") + "}'"


async def let_see(connection: Connection, agencies: Sequence[str] | None) -> None:
    """Let the rows of some agencies be seen, and of their units, until the end of the transaction; None = all."""
    await connection.execute(LET_SEE, None if agencies is None else beginnings(agencies))


async def fetch_within(connection: Connection, agencies: Sequence[str] | None, query: str, *arguments: Any) -> list[asyncpg.Record]:
    """Within a transaction, read the rows of some agencies; others may be read of all behind it, so the wall comes down again."""
    if agencies is None:
        return await connection.fetch(query, *arguments)
    await let_see(connection, agencies)
    found = await connection.fetch(query, *arguments)
    await let_see(connection, None)
    return found


@asynccontextmanager
async def seen_by(principal: Principal, pool: Pool) -> AsyncGenerator[Connection]:
    """Give a connection that shows what a caller may see.

    What is set ends with the transaction, however it ends: the pool's next user cannot be left with it. To begin and to set is one
    message: `connection.transaction()` would make every list that is read one round trip dearer.
    """
    async with pool.acquire() as connection:
        if (scope := principal.scope) is None:
            yield connection
            return
        await connection.execute(BEGIN_SEEING.format(literal(beginnings(scope))))
        try:
            yield connection
        finally:
            # Of what was only read there is nothing to keep; a connection that is given back within a transaction is rolled back, too.
            await connection.execute("ROLLBACK")


async def fetch_for(principal: Principal, pool: Pool, query: str, *arguments: Any) -> list[asyncpg.Record]:
    """Read what a caller may see."""
    async with seen_by(principal, pool) as connection:
        return await connection.fetch(query, *arguments)
