"""Beside the steps: what a worker does again and again by the clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import asyncpg

NOT_MADE_YET: Final = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)
"""At the very first start, and after an update, the worker beside a job has yet to make the read tables: there is nothing to look at."""


async def keep_looking(look: Callable[[datetime], Awaitable[int]], every_seconds: float) -> None:
    """Look whether something is due, again and again; never ends."""
    while True:
        with contextlib.suppress(*NOT_MADE_YET):
            await look(datetime.now(UTC))
        await asyncio.sleep(every_seconds)
