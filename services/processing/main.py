"""Before step 1: what processing consists of. The only module that puts the parts together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg
from fastapi import APIRouter

from contracts.catalogue import FACTS
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec, Reactor
from services.processing.consume import reactor
from services.processing.handle import Department
from services.processing.handle_organisation import Establishment
from services.processing.http_api import POLICY, WORDS, routes
from services.processing.projections import CASES, PROCEDURES, REGISTERS
from services.processing.query import Register
from services.processing.settings import ProcessingSettings
from services.processing.workflows import load_workflows


def routers(runtime: Runtime[ProcessingSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    department = employed(runtime)
    return routes(department, department.register)


def employed(runtime: Runtime[ProcessingSettings]) -> Department:
    """Make the department of one process."""
    return Department(runtime, Register(runtime), Establishment(runtime))


def reactors(runtime: Runtime[ProcessingSettings]) -> list[Reactor]:
    """Make what it does when intake has done something."""
    return [reactor(load_workflows(runtime.settings.workflows, runtime.settings.organisation))]


async def publish(runtime: Runtime[ProcessingSettings]) -> None:
    """Publish the department, where it is not there yet, and what is new among its workflows, before the first case comes."""
    department, now = employed(runtime), datetime.now(UTC)
    await asyncio.gather(department.establishment.publish_seed(now), department.publish_workflows(now))


def jobs(runtime: Runtime[ProcessingSettings]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Watch the limits, except where the callers say what time it is: there they ask for the alarms too."""
    if runtime.settings.demo_clock:
        return {}
    return {"alarms": partial(watch_limits, employed(runtime), runtime.settings.alarms_seconds)}


async def watch_limits(department: Department, every_seconds: float) -> None:
    """Raise the alarms that are due, again and again."""
    while True:
        # At the very first start the worker beside this has not made the read tables yet: there is nothing to watch.
        with contextlib.suppress(asyncpg.UndefinedTableError):
            await department.ring(datetime.now(UTC))
        await asyncio.sleep(every_seconds)


SERVICE: Final = Service(
    name="processing",
    folder=Path(__file__).parent,
    settings=ProcessingSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(CASES, PROCEDURES, REGISTERS),
    reactors=reactors,
    jobs=jobs,
    prepare=publish,
)
