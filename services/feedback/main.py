"""Before step 1: what feedback consists of. The only module that reads settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from contracts.catalogue import FACTS
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec, Reactor
from services.feedback.consume import reactor
from services.feedback.handle import Ratings
from services.feedback.handle_opinions import Opinions
from services.feedback.http_api import POLICY, PURPOSES, WORDS, routes
from services.feedback.projections import VOICES
from services.feedback.projections.petitions import PETITIONS
from services.feedback.query import Voices
from services.feedback.rate_limit import Turnstile
from services.feedback.settings import FeedbackSettings


def routers(runtime: Runtime[FeedbackSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    settings = runtime.settings
    turnstile = Turnstile(settings.anonymous_per_minute, settings.anonymous_total_per_minute, settings.trusted_proxies)
    return routes(Ratings(runtime), Opinions(runtime), Voices(runtime), turnstile)


def reactors(runtime: Runtime[FeedbackSettings]) -> list[Reactor]:
    """Make what it does when intake has done something."""
    settings = runtime.settings
    return [reactor(settings.token_secret.get_secret_value().encode(), settings.invitation_days)]


SERVICE: Final = Service(
    name="feedback",
    folder=Path(__file__).parent,
    settings=FeedbackSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(VOICES, PETITIONS),
    reactors=reactors,
    purposes=PURPOSES,
)
