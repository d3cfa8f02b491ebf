"""Before step 1: what reporting consists of. The only module that puts the parts together."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from contracts.catalogue import FACTS
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec
from services.reporting.consume import REACTORS
from services.reporting.handle import Publisher
from services.reporting.heads import Heads
from services.reporting.http_api import POLICY, WORDS, routes
from services.reporting.projections import MIRROR, SOURCES
from services.reporting.query import Mirror
from services.reporting.settings import ReportingSettings


def routers(runtime: Runtime[ReportingSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    nats_url = runtime.settings.nats_url
    others = [source for source in SOURCES if source != runtime.name]
    mirror = Mirror(runtime, Heads(nats_url.get_secret_value() if nats_url else None, others))
    return routes(mirror, Publisher(mirror))


SERVICE: Final = Service(
    name="reporting",
    folder=Path(__file__).parent,
    settings=ReportingSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(MIRROR,),
    reactors=lambda _: REACTORS,
)
