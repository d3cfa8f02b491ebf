"""Sixteen callers hand in the same dossiers under the same keys, twice over, while intake is killed: each is there once."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import asyncpg
import orjson
import pytest

from deploy.local.caller import Caller
from deploy.local.stack import Stack
from tests.benchmarks.department import submission, tokens

DOSSIERS: Final = int(os.environ.get("MOTCUA_TEST_DOSSIERS", "1000"))
"""A thousand take about a minute on two cores; a hundred are enough to be caught in the middle."""
CALLERS: Final = 16
KILLS: Final = 4
AT: Final = datetime(2026, 3, 2, 2, tzinfo=UTC)


async def handed_in(stack: Stack, jobs: list[int], told: dict[int, list[dict[str, Any]]]) -> None:
    """Hand in and accept one dossier after another, with as much patience as a careful client has."""
    who = tokens(stack)
    async with aiohttp.ClientSession() as session:
        portal, desk = (Caller(session, stack.urls["intake"], who[name]) for name in ("portal", "desk"))
        while jobs:
            number = jobs.pop()
            submitted = await portal.post("/v1/dossiers", submission(), f"door-{number:04d}", AT)
            accepted = await desk.post(f"/v1/dossiers/{submitted['id']}/acceptance", {}, f"desk-{number:04d}", AT)
            told[number].append({"id": submitted["id"], "code": accepted["code"]})


async def recorded(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Give the facts of intake's log, by type."""
    connection = await asyncpg.connect(stack.dsn("intake"))
    try:
        rows = await connection.fetch("SELECT body FROM log.event ORDER BY pos")
    finally:
        await connection.close()
    found = defaultdict[str, list[dict[str, Any]]](list)
    for row in rows:
        event = orjson.loads(row["body"])
        found[event["type"]].append(event["data"])
    return found


def killing(stack: Stack, told: dict[int, list[dict[str, Any]]], over: threading.Event) -> int:
    """Kill intake again and again while dossiers come in; give how often."""
    killed = 0
    while killed < KILLS and not over.wait(0.02):
        if sum(map(len, list(told.values()))) >= (killed + 1) * 2 * DOSSIERS // (KILLS + 1) and stack.pid("intake") is not None:
            stack.kill("intake")
            killed += 1
            end = time.monotonic() + 30
            while stack.pid("intake") is None and time.monotonic() < end:
                over.wait(0.02)
    return killed


@pytest.mark.slow
def test_the_same_dossiers_under_the_same_keys_twice_over_with_crashes_in_between_are_each_there_once(stack: Stack) -> None:
    jobs = [number for number in range(DOSSIERS) for _ in range(2)]
    random.Random(16).shuffle(jobs)  # noqa: S311 - a repeatable order
    told, over = defaultdict[int, list[dict[str, Any]]](list), threading.Event()
    with ThreadPoolExecutor(CALLERS + 1) as threads:
        killer = threads.submit(killing, stack, told, over)
        for caller in [threads.submit(asyncio.run, handed_in(stack, jobs, told)) for _ in range(CALLERS)]:
            caller.result()
        over.set()
        assert killer.result() == KILLS, "it was killed while they were at it"
    assert stack.restarts("intake") >= KILLS
    # Who asked twice was told the same twice.
    assert [len(answers) for answers in told.values()] == [2] * DOSSIERS
    assert all(first == again for first, again in told.values())
    assert len({first["id"] for first, _ in told.values()}) == len({first["code"] for first, _ in told.values()}) == DOSSIERS
    facts = asyncio.run(recorded(stack))
    for kind, of in (("submitted", "dossier_id"), ("accepted", "dossier_id"), ("accepted", "code")):
        found = [fact[of] for fact in facts[f"intake.dossier.{kind}.v1"]]
        assert len(found) == len(set(found)) == DOSSIERS, f"one {of} of each {kind}"
    # A number that was taken by a crash would be a gap: there is none to explain.
    register = facts["intake.register.number-allotted.v1"]
    assert sorted(fact["serial"] for fact in register) == list(range(1, DOSSIERS + 1))
    assert {fact["code"]: fact["dossier_id"] for fact in register} == {first["code"]: first["id"] for first, _ in told.values()}
