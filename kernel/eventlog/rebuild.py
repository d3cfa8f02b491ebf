"""Step 7 of 8, projections: a new version of a read model fills beside the old one and is switched when it has caught up.

Readers see only the views in schema `read`. The switch replaces them in one transaction, so a reader sees the old version
or the new one, never a half.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import asyncpg

from kernel.eventlog.endless import end_if_cancelled
from kernel.eventlog.project import SCHEMA, ReadModel
from kernel.eventlog.sql import QUERY, Connection, Pool

SWITCH_LOCK_TIMEOUT: Final = "100ms"
SWITCH_RETRY_SECONDS: Final = 0.1
INDEX_SECONDS: Final = 3600
INSTALL_LOCK: Final = 0x6D6F74637561  # "motcua": one installer at a time per database

LOGGER: Final = logging.getLogger(__name__)


async def install(pool: Pool, model: ReadModel) -> bool:
    """Make the tables of this version if they are not there; give whether the views already show it.

    The first version of a model is shown at once: an empty register is true while nothing has happened. Any other is filled
    without its indexes, see `index`.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", INSTALL_LOCK)
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        live = await connection.fetchval(QUERY["live_version"], model.name)
        if await connection.fetchval("SELECT to_regnamespace($1)", model.consumer) is None:
            await connection.execute(f"CREATE SCHEMA {model.consumer}")
            await connection.execute(f"SET LOCAL search_path = {model.consumer}, public")
            await connection.execute(f"{model.ddl};{model.kept_ddl}" if live in {None, model.version} else model.bare_ddl)
            await connection.execute("RESET search_path")
            # The tables of this version may have been there before, and dropped: what was known of them is not true any more.
            await connection.execute(QUERY["forget_checkpoints"], model.consumer)
            await connection.execute(QUERY["forget_parked"], model.consumer)
        for source in model.sources:
            await connection.execute(QUERY["begin_checkpoint"], model.consumer, source)
        if live is None:
            await _show(connection, model)
    return live is None or live == model.version


async def index(pool: Pool, model: ReadModel) -> None:
    """Make the indexes of a version that has been filled; nobody may write into its tables meanwhile, or he waits for the end of it.

    Made once over rows that lie there, an index costs less than kept in order while every row comes and is changed again and again.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL search_path = {model.consumer}, public; SET LOCAL statement_timeout = '{INDEX_SECONDS}s'")
        for statement in model.when_full:
            await connection.execute(statement, timeout=INDEX_SECONDS)


async def switch(pool: Pool, model: ReadModel) -> None:
    """Let the views show this version; older versions stay for `drop_older`."""
    while True:
        try:
            async with pool.acquire() as connection, connection.transaction():
                # A reader may hold one view and want another. We give way to it, before the database has to choose.
                await connection.execute(f"SET LOCAL lock_timeout = '{SWITCH_LOCK_TIMEOUT}'")
                await connection.execute("SELECT pg_advisory_xact_lock($1)", INSTALL_LOCK)
                await _show(connection, model)
        except asyncpg.LockNotAvailableError:
            end_if_cancelled()
            await asyncio.sleep(SWITCH_RETRY_SECONDS)
        else:
            LOGGER.info("read model %s shows version %d", model.name, model.version)
            return


async def _show(connection: Connection, model: ReadModel) -> None:
    for row in await connection.fetch(QUERY["views_of_model"], SCHEMA, model.name):
        await connection.execute(f"DROP VIEW {SCHEMA}.{row['view_name']}")
    for table in model.tables:
        await connection.execute(f"CREATE VIEW {SCHEMA}.{table} AS SELECT * FROM {model.consumer}.{table}")  # noqa: S608 - names are the program's own
    await connection.execute(QUERY["set_live_version"], model.name, model.version)


async def drop_older(pool: Pool, model: ReadModel) -> None:
    """Drop the tables of versions before this one that are no longer shown."""
    shown = await pool.fetchval(QUERY["live_version"], model.name)
    for version in range(1, min(model.version, shown or 0)):
        await pool.execute(f"DROP SCHEMA IF EXISTS {model.name}_v{version} CASCADE")
