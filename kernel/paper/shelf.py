"""Beside step 4: signed pages are kept as they went out, stored in the same statement as the fact that names their hash."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from kernel.eventlog import Table
from kernel.eventlog.sql import Pool

PAGE: Final = Table("paper.page", {"hash": "text", "stream": "uuid", "body": "bytea"})
"""Give it to the service among its `tables`; `store.sql` makes it."""


async def read_page(pool: Pool, hash_: str) -> bytes | None:
    """Give a page by the SHA-256 that a fact names (None: there is none)."""
    return await pool.fetchval("SELECT body FROM paper.page WHERE hash = $1", hash_)


def row_of(hash_: str, stream: UUID, body: bytes) -> tuple[str, UUID, bytes]:
    """Make the row of a page."""
    return hash_, stream, body
