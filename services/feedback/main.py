"""Before step 1: what feedback consists of. The only module that reads settings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import APIRouter

from contracts.catalogue import FACTS
from kernel.edge.jobs import keep_looking
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec, Reactor
from services.feedback.consume import reactor
from services.feedback.handle import Surveys
from services.feedback.handle_answers import RECORDED, Box
from services.feedback.handle_opinions import Opinions
from services.feedback.handle_watch import Watch
from services.feedback.http_api import POLICY, PURPOSES, WORDS, routes
from services.feedback.projections import VOICES
from services.feedback.projections.petitions import PETITIONS
from services.feedback.projections.walks import WALKS
from services.feedback.query import Voices
from services.feedback.query_petitions import PetitionRegister
from services.feedback.settings import FeedbackSettings
from services.feedback.surveys import load_surveys


def routers(runtime: Runtime[FeedbackSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    return routes(surveyed(runtime), Opinions(runtime), Voices(runtime))


def reactors(runtime: Runtime[FeedbackSettings]) -> list[Reactor]:
    """Make what it does when intake has done something."""
    settings = runtime.settings
    return [reactor(settings.token_secret.get_secret_value().encode(), settings.invitation_days, load_surveys(settings.surveys))]


def surveyed(runtime: Runtime[FeedbackSettings]) -> Surveys:
    """Make what those who are asked need."""
    return Surveys(runtime, Voices(runtime), load_surveys(runtime.settings.surveys))


def jobs(runtime: Runtime[FeedbackSettings]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Empty the box and watch limits, except where the callers say what time it is: there they ask for these too."""
    settings = runtime.settings
    if settings.demo_clock:
        return {}
    return {
        "mixing": partial(mix, Box(surveyed(runtime)), settings.mixing_seconds),
        "alarms": partial(keep_looking, Watch(PetitionRegister(runtime)).ring, settings.alarms_seconds),
    }


async def mix(box: Box, every_seconds: float) -> None:
    """Record what enough others are like, again and again, at instants that nobody's answer decides."""
    while True:
        await asyncio.sleep(every_seconds)
        await box.record(datetime.now(UTC))


SERVICE: Final = Service(
    name="feedback",
    folder=Path(__file__).parent,
    settings=FeedbackSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(VOICES, WALKS, PETITIONS),
    reactors=reactors,
    jobs=jobs,
    tables=(RECORDED,),
    purposes=PURPOSES,
)
