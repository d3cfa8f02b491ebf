"""Before step 1: what reporting consists of. The only module that puts the parts together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import APIRouter

from contracts.catalogue import FACTS
from contracts.vocabulary import WITHOUT_DERIVATIONS
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec
from services.reporting import http_indicators, http_query
from services.reporting.consume import REACTORS
from services.reporting.handle import Publisher
from services.reporting.handle_overdue import Overdue
from services.reporting.handle_scores import Watch
from services.reporting.heads import Heads
from services.reporting.http_api import POLICY, WORDS, routes
from services.reporting.packs import shelf
from services.reporting.projections import MIRROR, SOURCES
from services.reporting.projections.reform import REFORM
from services.reporting.projections.ways import WAYS
from services.reporting.query import Mirror
from services.reporting.query_grammar import Bounds
from services.reporting.query_indicators import Check
from services.reporting.settings import ReportingSettings
from services.reporting.trace import Trace


def routers(runtime: Runtime[ReportingSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    mirror, settings = mirror_of(runtime), runtime.settings
    check = Check(mirror, nats_url_of(settings), SERVICE.codec)
    indicators = http_indicators.routes(mirror, shelf([settings.indicators_folder]), check)
    bounds = Bounds(settings.query_cost_max, settings.query_timeout_ms)
    return routes(mirror, Publisher(mirror), [indicators, http_query.routes(mirror, bounds)])


def nats_url_of(settings: ReportingSettings) -> str | None:
    """Say where the broker is, if there is one."""
    return settings.nats_url.get_secret_value() if settings.nats_url else None


def mirror_of(runtime: Runtime[ReportingSettings]) -> Mirror:
    """Make what answers from the read tables."""
    nats_url = nats_url_of(runtime.settings)
    others = [source for source in SOURCES if source != runtime.name]
    return Mirror(runtime, Heads(nats_url, others), Trace(nats_url))


def jobs(runtime: Runtime[ReportingSettings]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Watch the scores and what is due, except where the callers say what time it is: there they ask for this too."""
    if runtime.settings.demo_clock:
        return {}
    return {
        "scores": partial(watch, Watch(mirror_of(runtime)).measure, runtime.settings.score_seconds),
        "overdue": partial(watch, Overdue(runtime).ring, runtime.settings.overdue_seconds),
    }


async def watch(look: Callable[[datetime], Awaitable[int]], every_seconds: float) -> None:
    """Look again and again."""
    while True:
        await asyncio.sleep(every_seconds)
        await look(datetime.now(UTC))


SERVICE: Final = Service(
    name="reporting",
    folder=Path(__file__).parent,
    settings=ReportingSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS, context=WITHOUT_DERIVATIONS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(MIRROR, REFORM, WAYS),
    reactors=lambda _: REACTORS,
    jobs=jobs,
)
