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
from kernel.edge.app import Words
from kernel.edge.policy import Policy
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec, Reactor
from services.processing import http_api, http_deadline, http_decisions, http_records
from services.processing.consume import reactor
from services.processing.handle import Department
from services.processing.projections import CASES, PROCEDURES
from services.processing.query import Register
from services.processing.settings import ProcessingSettings
from services.processing.workflows import load_workflows


def routers(runtime: Runtime[ProcessingSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    register = Register(runtime)
    department = Department(runtime, register)
    return [
        *http_api.routes(department, register),
        *http_deadline.routes(department, register),
        *http_records.routes(department),
        *http_decisions.routes(department),
    ]


def reactors(runtime: Runtime[ProcessingSettings]) -> list[Reactor]:
    """Make what it does when intake has done something."""
    return [reactor(load_workflows(runtime.settings.workflows, runtime.settings.organisation))]


async def publish_workflows(runtime: Runtime[ProcessingSettings]) -> None:
    """Publish what is new among the workflows before the first case can be pinned to it."""
    await Department(runtime, Register(runtime)).publish_workflows(datetime.now(UTC))


def jobs(runtime: Runtime[ProcessingSettings]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Watch the limits, except where the callers say what time it is: there they ask for the alarms too."""
    if runtime.settings.demo_clock:
        return {}
    return {"alarms": partial(watch_limits, Department(runtime, Register(runtime)), runtime.settings.alarms_seconds)}


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
    policy=Policy({**http_api.POLICY, **http_deadline.POLICY, **http_records.POLICY, **http_decisions.POLICY}),
    words=Words(refusals={**http_api.WORDS.refusals, **http_records.WORDS.refusals, **http_decisions.WORDS.refusals}),
    routers=routers,
    models=(CASES, PROCEDURES),
    reactors=reactors,
    jobs=jobs,
    prepare=publish_workflows,
)
