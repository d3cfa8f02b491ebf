r"""Migrations: plain SQL files, each applied once, in order, under a lock.

A file may include another with a line `\i <path from the project's root>`; `{role}` stands for the running service's role.
An applied file never changes: its checksum is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncpg

from kernel.eventlog.sql import Connection

LOCK: Final = 0x6D6967726174  # "migrat"
LOCK_SECONDS: Final = 30
ROOT: Final = Path(__file__).parents[2]
_INCLUDE: Final = re.compile(r"^\\i (\S+)$", re.MULTILINE)


class Changed(Exception):  # noqa: N818 - says what happened to the file
    """A migration that was applied before reads differently now."""


def read_sql(path: Path, role: str) -> str:
    """Read a file with its includes, with `role` in its place."""
    text = _INCLUDE.sub(lambda line: read_sql(ROOT / line[1], role), path.read_text(encoding="utf-8"))
    return text.replace("{role}", f'"{role}"')


async def migrate(dsn: str, role: str, folder: Path) -> list[str]:
    """Apply the migrations of `folder` that were not applied yet, all or none; give their names.

    Raises:
        Changed: if an applied migration was edited.
        asyncpg.PostgresError: if a statement fails; nothing is applied then.
    """
    files = sorted(folder.glob("*.sql"))  # noqa: ASYNC240 - a command of its own, nothing else waits
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS public.migration"
                " (name text PRIMARY KEY, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
            )
            await connection.execute(f'GRANT SELECT ON public.migration TO "{role}"')
            return await _apply(connection, role, files)
    finally:
        await connection.close()


async def _apply(connection: Connection, role: str, files: Sequence[Path]) -> list[str]:
    applied = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT name, checksum FROM public.migration")}
    new: list[str] = []
    for file in files:
        sql = read_sql(file, role)
        checksum = hashlib.sha256(sql.encode()).hexdigest()
        if file.stem in applied:
            if applied[file.stem] != checksum:
                raise Changed(file.name)
            continue
        await connection.execute(sql)
        await connection.execute("INSERT INTO public.migration (name, checksum) VALUES ($1, $2)", file.stem, checksum)
        new.append(file.stem)
    return new


def newest(folder: Path) -> str:
    """Give the name of the last migration; a service is not ready on a database that lacks it."""
    return max(file.stem for file in folder.glob("*.sql"))
