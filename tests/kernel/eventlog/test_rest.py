from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from kernel.eventlog import rest
from kernel.eventlog.rest import PROMPT_SECONDS, TRICKLE_MAX, resting_after


async def work_on(events: int, seconds: float = 0.0) -> None:
    async with resting_after(events):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass


def ends_at_once(work: Coroutine[Any, Any, None]) -> bool:
    """Tell whether it comes to its end without letting go of the loop."""
    try:
        work.send(None)
    except StopIteration:
        return True
    work.close()
    return False


async def test_whoever_has_worked_long_on_a_few_events_rests_and_whoever_catches_up_does_not() -> None:
    assert not ends_at_once(work_on(TRICKLE_MAX - 1, PROMPT_SECONDS * 2))
    assert ends_at_once(work_on(TRICKLE_MAX, PROMPT_SECONDS * 2))


async def test_whoever_is_done_in_a_moment_does_not_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "PROMPT_SECONDS", 5.0)
    assert ends_at_once(work_on(1))


async def test_a_rest_is_as_long_as_the_work_was() -> None:
    since = time.monotonic()
    await work_on(1, seconds=0.015)
    assert time.monotonic() - since >= 0.028


async def test_a_rest_has_an_end_however_long_the_work_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "REST_SECONDS_MAX", 0.0)
    working = asyncio.create_task(work_on(1, seconds=0.015))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert working.done()
