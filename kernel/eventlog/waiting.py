"""Step 8 of 8, query: how far a read model or a reactor is, and waiting until it has seen what the caller has seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from kernel.eventlog.sql import QUERY, Pool

POLL_SECONDS: Final = 0.005

Where = Callable[[], Awaitable[int]]
"""Says where something stands; it may go back (a read model is rebuilt), and what has been reached once counts."""


async def positions(pool: Pool, model: str) -> dict[str, int]:
    """Give the position per source that the shown version of a read model has applied."""
    return {row["source"]: row["pos"] for row in await pool.fetch(QUERY["live_positions"], model)}


async def answered(pool: Pool, reactor: str, source: str) -> int:
    """Give the position in the log of `source` up to which a reactor's answers are recorded."""
    return await pool.fetchval(QUERY["checkpoint"], reactor, source) or 0


@dataclass
class Watch:
    """Waits for one thing on behalf of all who do: it is asked where it stands every few milliseconds, however many they are."""

    where: Where
    _waiting: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list[tuple[int, "asyncio.Future[None]"]], init=False)
    _asking: asyncio.Task[None] | None = field(default=None, init=False)

    async def until(self, pos: int, timeout_seconds: float) -> bool:
        """Wait until it stands at `pos`; give whether it has got there within the bound.

        Raises:
            Exception: what `where` raises.
        """
        there = asyncio.get_running_loop().create_future()
        self._waiting.append((pos, there))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="watch")
        try:
            async with asyncio.timeout(timeout_seconds):
                await there
        except TimeoutError:
            return False
        return True

    async def _ask(self) -> None:
        """Ask for as long as anybody waits; who has gone away has cancelled his future."""
        while asked := [waiter for waiter in self._waiting if not waiter[1].done()]:
            self._waiting = asked
            try:
                at = await self.where()
            except Exception as error:  # noqa: BLE001 - it is theirs who wait
                for _, there in asked:
                    if not there.done():
                        there.set_exception(error)
                continue
            # Those who came meanwhile are on the list too: what was reached before they asked is reached.
            for pos, there in self._waiting:
                if pos <= at and not there.done():
                    there.set_result(None)
            await asyncio.sleep(POLL_SECONDS)
