"""Beside the steps: is the process alive, may it get work, and what an operator wants to count.

Alive means that the loop turns and no task has died. Ready means that a command could be stored now: the broker is not
asked, because a service takes work while the broker is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest
from starlette.responses import Response

from kernel.edge.answer import json_response

LAG_SECONDS_MAX: Final = 1.0
LAG_EVERY_SECONDS: Final = 0.25
CHECK_SECONDS_MAX: Final = 1.0

LOOP_LAG: Final = Gauge("process_loop_lag_seconds", "How late the event loop was the last time that it was looked at.")
HTTP_SECONDS: Final = Histogram(
    "http_request_seconds",
    "Time of a request, by the route's template.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

Check = Callable[[], Awaitable[str | None]]
"""Looks at one thing; gives None if it is well, else one word for what is wrong."""


@dataclass
class Health:
    """What is looked at. `main.py` names tasks and checks before the app begins to serve."""

    draining: bool = False
    tasks: dict[str, asyncio.Task[Any]] = field(default_factory=dict[str, "asyncio.Task[Any]"])
    checks: dict[str, Check] = field(default_factory=dict[str, Check])
    _looked_at: float | None = field(default=None, init=False)

    def watch(self, task: asyncio.Task[Any]) -> None:
        """Call the process dead once this task has ended."""
        self.tasks[task.get_name()] = task

    def require(self, name: str, check: Check) -> None:
        """Call the process ready only while this check is well."""
        self.checks[name] = check

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Watch the loop while the app serves."""
        self._looked_at = time.monotonic()
        watcher = asyncio.create_task(self._watch_loop(), name="loop-lag")
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)

    async def _watch_loop(self) -> None:
        while True:
            await asyncio.sleep(LAG_EVERY_SECONDS)
            now = time.monotonic()
            LOOP_LAG.set(max(0.0, now - (self._looked_at or now) - LAG_EVERY_SECONDS))
            self._looked_at = now

    def alive(self) -> dict[str, str]:
        """List what is dead: tasks that have ended, a loop that does not turn."""
        dead = {name: "ended" for name, task in self.tasks.items() if task.done()}
        if self._looked_at is not None and time.monotonic() - self._looked_at - LAG_EVERY_SECONDS > LAG_SECONDS_MAX:
            dead["loop"] = "late"
        return dead

    async def ready(self) -> dict[str, str]:
        """Look at every check, all at once and each for at most `CHECK_SECONDS_MAX`; list what is not well."""
        found = await asyncio.gather(*(looked(check) for check in self.checks.values()))
        wrong = {name: said for name, said in zip(self.checks, found, strict=True) if said is not None}
        return wrong | ({"process": "draining"} if self.draining else {})


async def looked(check: Check) -> str | None:
    """Look at one check within the bound."""
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            return await check()
    except TimeoutError:
        return "slow"
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return "away"


def database_check(pool: Callable[[], asyncpg.Pool[Any]]) -> Check:
    """Ask the database for a sign of life. `pool` gives the pool, which does not exist before the service has connected."""

    async def check() -> str | None:
        await pool().fetchval("SELECT 1")
        return None

    return check


def flag_check(well: Callable[[], bool], word: str) -> Check:
    """Make a check of a condition, such as `log.alive`; `word` says what is wrong when it does not hold."""

    async def check() -> str | None:
        return None if well() else word

    return check


def router(health: Health) -> APIRouter:
    """Make `/livez`, `/readyz` and `/metrics`."""
    probes = APIRouter(include_in_schema=False)

    @probes.get("/livez")
    async def livez() -> Response:
        dead = health.alive()
        return json_response({"alive": not dead, "wrong": dead}, 503 if dead else 200)

    @probes.get("/readyz")
    async def readyz() -> Response:
        wrong = health.alive() | await health.ready()
        return json_response({"ready": not wrong, "wrong": wrong}, 503 if wrong else 200)

    @probes.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    _ = (livez, readyz, metrics)
    return probes
