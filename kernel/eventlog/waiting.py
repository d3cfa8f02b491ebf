"""Step 8 of 8, query: how far a read model or a reactor is, and waiting until it has seen what the caller has seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from kernel.eventlog.sql import QUERY, Pool

POLL_SECONDS: Final = 0.005
POLL_SECONDS_MAX: Final = 0.1


async def positions(pool: Pool, model: str) -> dict[str, int]:
    """Give the position per source that the shown version of a read model has applied."""
    return {row["source"]: row["pos"] for row in await pool.fetch(QUERY["live_positions"], model)}


async def answered(pool: Pool, reactor: str, source: str) -> int:
    """Give the position in the log of `source` up to which a reactor's answers are recorded."""
    return await pool.fetchval(QUERY["checkpoint"], reactor, source) or 0


async def wait_until(where: Callable[[], Awaitable[int]], pos: int, timeout_seconds: float) -> bool:
    """Ask `where` something stands until it stands at `pos`; give whether it has got there within the bound."""
    delay, end = POLL_SECONDS, asyncio.get_running_loop().time() + timeout_seconds
    while await where() < pos:
        if asyncio.get_running_loop().time() >= end:
            return False
        await asyncio.sleep(delay)
        delay = min(delay * 2, POLL_SECONDS_MAX)
    return True
