"""Before step 1: what processing consists of. The only module that puts the parts together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Final

from fastapi import APIRouter

from contracts.catalogue import FACTS
from kernel.edge.jobs import keep_looking
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec, Reactor
from kernel.paper.shelf import PAGE
from kernel.paper.signing import Signer, load_signer, trial_signer
from services.processing.consume import reactor
from services.processing.handle import Department
from services.processing.handle_organisation import Establishment
from services.processing.handle_permits import PermitOffice
from services.processing.handle_watch import Watch
from services.processing.http_api import POLICY, WORDS, routes
from services.processing.pressure import Pressure
from services.processing.projections import CASES, PROCEDURES, REGISTERS
from services.processing.projections.permits import PERMITS
from services.processing.query import Register
from services.processing.settings import ProcessingSettings
from services.processing.workflows import load_workflows


def routers(runtime: Runtime[ProcessingSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    department = employed(runtime)
    return routes(department, department.register, office(runtime, department.register))


def employed(runtime: Runtime[ProcessingSettings]) -> Department:
    """Make the department of one process."""
    return Department(runtime, Register(runtime), Establishment(runtime))


def office(runtime: Runtime[ProcessingSettings], register: Register) -> PermitOffice:
    """Make whoever draws up permits."""
    return PermitOffice(
        runtime, register, Establishment(runtime), signer(runtime.settings.signing_key_file, runtime.settings.signing_certificate_file)
    )


@cache
def signer(key_file: Path | None, certificate_file: Path | None) -> Signer:
    """Read the key that permits are signed with; where none is set, make one for trying things out, once per process."""
    return load_signer(key_file, certificate_file) if key_file and certificate_file else trial_signer()


def reactors(runtime: Runtime[ProcessingSettings]) -> list[Reactor]:
    """Make what it does when intake has done something."""
    return [reactor(load_workflows(runtime.settings.workflows, runtime.settings.organisation))]


async def publish(runtime: Runtime[ProcessingSettings]) -> None:
    """Publish the department, where it is not there yet, and what is new of workflows and permit templates, before the first case."""
    department, now = employed(runtime), datetime.now(UTC)
    await asyncio.gather(department.establishment.publish_seed(now), department.publish_workflows(now))
    await office(runtime, department.register).publish_templates(now)


def jobs(runtime: Runtime[ProcessingSettings]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Watch limits and expiries, except where the callers say what time it is: there they ask for these too."""
    if runtime.settings.demo_clock:
        return {}
    department, every_seconds = employed(runtime), runtime.settings.alarms_seconds
    return {
        "alarms": partial(keep_looking, Watch(department).ring, every_seconds),
        "pressure": partial(keep_looking, Pressure(department.register).look, every_seconds),
        "expiries": partial(keep_looking, office(runtime, department.register).expire, every_seconds),
    }


SERVICE: Final = Service(
    name="processing",
    folder=Path(__file__).parent,
    settings=ProcessingSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(CASES, PROCEDURES, REGISTERS, PERMITS),
    reactors=reactors,
    jobs=jobs,
    tables=(PAGE,),
    prepare=publish,
)
