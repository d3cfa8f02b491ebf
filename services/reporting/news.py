"""Step 8 of 8, query: how far the mirror is, looked at for all who follow it together, so that many pages cost what one does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kernel.eventlog import positions
from kernel.eventlog.sql import Pool
from services.reporting.projections import MIRROR

LOOK_SECONDS: Final = 1.0
FOLLOWERS_MAX: Final = 500
"""Streams that one process holds open at once; the next is sent away for a while (503), and its page still works."""


@dataclass
class News:
    """Looks where the mirror is at most once in `LOOK_SECONDS`, however many ask."""

    pool: Callable[[], Pool]
    clock: Callable[[], float] = time.monotonic
    followers: int = 0
    _known: dict[str, int] = field(default_factory=dict[str, int], init=False)
    _looked_at: float = field(default=float("-inf"), init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @property
    def is_full(self) -> bool:
        """Whether no further stream may be opened."""
        return self.followers >= FOLLOWERS_MAX

    async def now(self) -> dict[str, int]:
        """Give the last position of each source that the mirror has applied."""
        async with self._turn:
            if self.clock() - self._looked_at >= LOOK_SECONDS:
                self._known, self._looked_at = await positions(self.pool(), MIRROR.name), self.clock()
        return self._known
