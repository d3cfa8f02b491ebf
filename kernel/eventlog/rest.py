"""Step 6 of 8, consume: what trickles in is gathered by whoever rests after each few."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

TRICKLE_MAX: Final = 100
"""Events that are few: a commit of so many costs little more than that of one."""
PROMPT_SECONDS: Final = 0.002
REST_SECONDS_MAX: Final = 0.02


@asynccontextmanager
async def resting_after(events: int) -> AsyncGenerator[None]:
    """Rest as long as the work on so few events took, if that was long, so that what comes meanwhile shares the next commit.

    On an idle machine it takes a millisecond, and nobody rests. On a busy one, where it takes long for want of the processor, this halves
    the commits of every reader. Whoever works on many events at a time is catching up, and does not rest.
    """
    since = time.monotonic()
    yield
    if events < TRICKLE_MAX and (took := time.monotonic() - since) > PROMPT_SECONDS:
        await asyncio.sleep(min(took, REST_SECONDS_MAX))
