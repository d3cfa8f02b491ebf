"""SQL is SQL: named statements, read once from `queries.sql`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:  # asyncpg's classes take no parameters at run time
    Pool: TypeAlias = Any
    Connection: TypeAlias = Any

_NAME: Final = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def read_queries(path: Path) -> dict[str, str]:
    """Split a file of statements at its `-- name: …` lines.

    Raises:
        ValueError: if a name stands twice.
    """
    _, *parts = _NAME.split(path.read_text(encoding="utf-8"))
    names, texts = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        message = f"{path.name}: a statement's name stands twice"
        raise ValueError(message)
    return {name: text.strip() for name, text in zip(names, texts, strict=True)}


QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))
