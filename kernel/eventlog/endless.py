"""Before step 1: work that goes on whatever fails, until it is cancelled, and then really ends.

Code that cleans up while it is cancelled (a rollback on a dead connection, a broker that is to drain) may fail, and its
error then stands in the cancellation's place. And `asyncio.wait_for`, as Python 3.11 has it and clients of brokers use
it, forgets a cancellation that comes in the moment of the answer. A loop that went on then would never end, and whoever
waits for its end would wait for ever.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from kernel.eventlog.errors import UNAVAILABLE

BACKOFF_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
STEADY_SECONDS: Final = 10.0
"""A job that ran this long before it failed is begun anew at once."""

TELL_AGAIN_SECONDS: Final = 1.0

LOGGER: Final = logging.getLogger(__name__)


def end_if_cancelled() -> None:
    """Call wherever an endless loop has caught an error, or begins again after an answer of somebody else's code.

    Raises:
        asyncio.CancelledError: if this task was cancelled, and something came in between.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def heard(job: Callable[[], Awaitable[None]]) -> None:
    """Run a job so that it hears when it is to end, also if it has forgotten that it was told.

    `asyncio.wait_for` of Python 3.11, on which nats-py stands, drops a cancellation that comes in the same turn of the loop
    as what it waits for. So the job runs in a task of its own, and is told again until it ends.
    """

    async def run() -> None:
        await job()

    task = asyncio.create_task(run())
    try:
        await asyncio.wait([task])
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=TELL_AGAIN_SECONDS)
        error = None if task.cancelled() else task.exception()
    if error is not None:
        raise error


async def for_ever(name: str, job: Callable[[], Awaitable[None]]) -> None:
    """Run a job again whenever it ends or fails, later and later while it fails at once."""
    failures = 0
    while True:
        since = time.monotonic()
        try:
            await heard(job)
        except Exception as error:
            end_if_cancelled()
            LOGGER.log(logging.WARNING if isinstance(error, UNAVAILABLE) else logging.ERROR, "%s starts again", name, exc_info=True)
        failures = 0 if time.monotonic() - since > STEADY_SECONDS else failures + 1
        await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
