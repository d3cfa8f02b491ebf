"""Before step 1: what intake consists of. The only module that puts the parts together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fastapi import APIRouter

from contracts.catalogue import FACTS
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec
from services.intake.catalogue import load_catalogue
from services.intake.consume import REACTOR
from services.intake.forget import Forgetting
from services.intake.handle import Door
from services.intake.http_api import POLICY, WORDS, routes
from services.intake.http_dossiers import PURPOSES
from services.intake.projections import REGISTER
from services.intake.query import Register
from services.intake.retention import load_retention
from services.intake.settings import IntakeSettings


def door_of(runtime: Runtime[IntakeSettings]) -> Door:
    """Make the handler of commands with the catalogue that the settings name."""
    return Door(runtime, load_catalogue(runtime.settings.catalogue))


def routers(runtime: Runtime[IntakeSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    return routes(door_of(runtime), Register(runtime), forgetting_of(runtime))


def forgetting_of(runtime: Runtime[IntakeSettings]) -> Forgetting:
    """Make the handler of erasure with the rules of retention that the settings name."""
    return Forgetting(door_of(runtime), load_retention(runtime.settings.retention))


def jobs(runtime: Runtime[IntakeSettings]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Finish what a crash interrupted."""
    return {"erasing": forgetting_of(runtime).keep_finishing}


async def publish_catalogue(runtime: Runtime[IntakeSettings]) -> None:
    """Publish what is new in the catalogue before the first dossier can refer to it."""
    await door_of(runtime).publish_catalogue(datetime.now(UTC))


SERVICE: Final = Service(
    name="intake",
    folder=Path(__file__).parent,
    settings=IntakeSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(REGISTER,),
    reactors=lambda _: (REACTOR,),
    purposes=PURPOSES,
    jobs=jobs,
    prepare=publish_catalogue,
)
