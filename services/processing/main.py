"""Before step 1: what processing consists of. The only module that puts the parts together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Final

import asyncpg
from fastapi import APIRouter

from contracts.catalogue import FACTS
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec, Reactor
from kernel.paper.shelf import PAGE
from kernel.paper.signing import Signer, load_signer, trial_signer
from services.processing.consume import reactor
from services.processing.handle import Department
from services.processing.handle_permits import PermitOffice
from services.processing.http_api import POLICY, WORDS, routes
from services.processing.projections import CASES, PROCEDURES
from services.processing.projections.permits import PERMITS
from services.processing.query import Register
from services.processing.settings import ProcessingSettings
from services.processing.workflows import load_workflows


def routers(runtime: Runtime[ProcessingSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    register = Register(runtime)
    return routes(Department(runtime, register), register, PermitOffice(runtime, register, signer_for(runtime.settings)))


def signer_for(settings: ProcessingSettings) -> Signer:
    """Give who signs permits here."""
    return signer(settings.signing_key_file, settings.signing_certificate_file)


@cache
def signer(key_file: Path | None, certificate_file: Path | None) -> Signer:
    """Read the key that permits are signed with; where none is set, make one for trying things out, once per process."""
    return load_signer(key_file, certificate_file) if key_file and certificate_file else trial_signer()


def reactors(runtime: Runtime[ProcessingSettings]) -> list[Reactor]:
    """Make what it does when intake has done something."""
    return [reactor(load_workflows(runtime.settings.workflows, runtime.settings.organisation))]


async def publish_what_is_new(runtime: Runtime[ProcessingSettings]) -> None:
    """Publish what is new among workflows and permit templates before the first case or permit can be pinned to it."""
    register, now = Register(runtime), datetime.now(UTC)
    await Department(runtime, register).publish_workflows(now)
    await PermitOffice(runtime, register, signer_for(runtime.settings)).publish_templates(now)


def jobs(runtime: Runtime[ProcessingSettings]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Watch limits and expiries, except where the callers say what time it is: there they ask for these too."""
    if runtime.settings.demo_clock:
        return {}
    register, every_seconds = Register(runtime), runtime.settings.alarms_seconds
    office = PermitOffice(runtime, register, signer_for(runtime.settings))
    return {
        "alarms": partial(watch, Department(runtime, register).ring, every_seconds),
        "expiries": partial(watch, office.expire, every_seconds),
    }


async def watch(look: Callable[[datetime], Awaitable[int]], every_seconds: float) -> None:
    """Look whether something is due, again and again."""
    while True:
        # At the very first start the worker beside this has not made the read tables yet: there is nothing to watch.
        with contextlib.suppress(asyncpg.UndefinedTableError):
            await look(datetime.now(UTC))
        await asyncio.sleep(every_seconds)


SERVICE: Final = Service(
    name="processing",
    folder=Path(__file__).parent,
    settings=ProcessingSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(CASES, PROCEDURES, PERMITS),
    reactors=reactors,
    jobs=jobs,
    tables=(PAGE,),
    prepare=publish_what_is_new,
)
