from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kernel.eventlog import endless
from kernel.eventlog.endless import end_if_cancelled, for_ever


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endless, "BACKOFF_SECONDS", (0.0, 0.0))


async def test_a_job_that_fails_or_ends_is_begun_again() -> None:
    begins, fourth = list[str](), asyncio.Event()

    async def job() -> None:
        begins.append("")
        if len(begins) == 1:
            raise ConnectionResetError
        if len(begins) == 2:
            raise KeyError("a bug")
        if len(begins) == 4:
            fourth.set()
            await asyncio.Event().wait()

    work = asyncio.create_task(for_ever("job", job))
    await asyncio.wait_for(fourth.wait(), 5)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


def cleans_up(begun: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """Wait; and when cancelled fail as a rollback on a dead connection does, in the cancellation's place."""

    async def job() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionResetError

    return job


async def test_a_cancelled_job_ends_though_its_cleaning_up_fails() -> None:
    begun = asyncio.Event()
    work = asyncio.create_task(for_ever("job", cleans_up(begun)))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await work
    assert work.cancelled()


async def test_an_error_with_no_cancellation_behind_it_is_only_an_error() -> None:
    async def fail() -> None:
        raise ConnectionResetError

    try:
        await fail()
    except ConnectionResetError:
        end_if_cancelled()


async def test_a_job_that_did_not_hear_that_it_was_cancelled_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endless, "TELL_AGAIN_SECONDS", 0.01)
    begun, missed = asyncio.Event(), list[str]()

    async def job() -> None:
        begun.set()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                # As wait_for of Python 3.11 does when the answer comes in the same moment.
                missed.append("")
                if len(missed) == 3:
                    raise

    work = asyncio.create_task(for_ever("job", job))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await work
    assert len(missed) == 3
