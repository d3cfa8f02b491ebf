"""Step 1 of 8, http_api: the page that everybody may read, the same as a file, news of it as server-sent events, and the backlog by day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import HTMLResponse, Response

from kernel.edge.answer import MEDIA_TYPE, encode, json_response
from kernel.edge.health import Health
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import BUSY, retry_later
from kernel.paper.press import Press
from services.reporting import page, sheet
from services.reporting.http_period import AskedPeriod, OnlyAgency, scope_of
from services.reporting.news import LOOK_SECONDS, News
from services.reporting.overview import Overview, overview_of
from services.reporting.overview_files import as_pdf, as_xlsx
from services.reporting.projections import MIRROR
from services.reporting.query import Asked, Mirror, told
from services.reporting.query_pulse import levels
from services.reporting.wording import Language

READERS: Final = {"leader", "analyst", "officer"}
ACTIONS: Final[dict[str, set[str]]] = {
    "page.read": {"public"},
    "news.follow": {"public"},
    "overview.file": READERS,
    "backlog.read": READERS,
}

Kind: TypeAlias = Literal["json", "pdf", "xlsx"]
KINDS: Final[Mapping[str, Kind]] = {
    MEDIA_TYPE: "json",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {type_: {"schema": {"type": "string", "format": "binary"} if kind != "json" else {}} for type_, kind in KINDS.items()}}
}
Lang = Annotated[Language | None, Query(description="The language; without it, what `Accept-Language` likes best of the two.")]
AcceptLanguage = Annotated[str | None, Header(max_length=1000)]


def routes(mirror: Mirror, press: Press) -> APIRouter:
    """Make the routes of the page and of what belongs to it."""
    router, news = APIRouter(), News(lambda: mirror.runtime.log.pool)
    add_page(router, mirror, press)
    add_news(router, mirror, news)
    add_backlog(router, mirror)
    return router


async def told_of(mirror: Mirror, period: Asked, language: Language) -> tuple[Overview, dict[str, str]]:
    """Give an overview of whole months, and the headers that say what it is good for."""
    async with mirror.reading() as reading:
        meant = await reading.period(period, whole_months=True)
        return await overview_of(reading, meant, language), sheet.good_for(reading.freshness)


def add_page(router: APIRouter, mirror: Mirror, press: Press) -> None:
    """Add the page, and its files."""

    @router.get("/", response_class=HTMLResponse, dependencies=[allowed("page.read")])
    async def whole(period: AskedPeriod, lang: Lang = None, accept_language: AcceptLanguage = None) -> Response:
        """Show the department's work on one page that needs no internet, and a script only to renew itself."""
        language = page.spoken_of(lang, accept_language)
        overview, _ = await told_of(mirror, period, language)
        headers = {"Content-Security-Policy": page.SECURITY_POLICY, "Content-Language": language, "Vary": "Accept-Language"}
        return HTMLResponse(page.write(overview), headers=headers)

    @router.get("/v1/overview", responses=FILES, dependencies=[allowed("overview.file")])
    async def file(
        request: Request, period: AskedPeriod, lang: Lang = None, accept_language: AcceptLanguage = None, after: After = None
    ) -> Response:
        """Give what the page tells, with the pictures of the page, as JSON, PDF/A or XLSX (`Accept`).

        It is what everybody may see, of all agencies; exact figures are in `/v1/figures`, `/v1/backlog` and `/v1/dwell`.
        """
        await wait_for(mirror.runtime.log, MIRROR.name, after)
        overview, good_for = await told_of(mirror, period, page.spoken_of(lang, accept_language))
        named = [one.partition(";")[0].strip().lower() for one in request.headers.get("accept", "").split(",")]
        type_ = next((one for one in named if one in KINDS), MEDIA_TYPE)
        headers = {**good_for, "Vary": "Accept, Accept-Language", "Content-Language": overview.language}
        match kind := KINDS[type_]:
            case "json":
                return Response(encode(overview), media_type=type_, headers=headers)
            case "pdf":
                body = await as_pdf(overview, press)
            case "xlsx":
                body = await asyncio.to_thread(as_xlsx, overview)
        shown = {"Content-Disposition": f'attachment; filename="overview.{kind}"', "X-Content-Type-Options": "nosniff"}
        return Response(body, media_type=type_, headers={**headers, **shown})

    _ = (whole, file)


def add_news(router: APIRouter, mirror: Mirror, news: News) -> None:
    """Add the stream that says when there is something new."""
    settings = mirror.runtime.settings

    async def room() -> None:
        """Insist that a further stream may be opened, and that there is something to say, before anything of it is sent."""
        if news.is_full:
            raise retry_later(BUSY)
        await news.now()

    @router.get("/v1/news", response_class=EventSourceResponse, dependencies=[allowed("news.follow"), Depends(room)])
    async def follow(
        request: Request, last_event_id: Annotated[str | None, Header(max_length=200)] = None
    ) -> AsyncGenerator[ServerSentEvent]:
        """Say how far the figures are, and again whenever they are further: `id` is the positions as one word.

        Nothing of any figure is said: ask for it again. The stream ends after a while, and when the service ends: come again.
        """
        health: Health = request.app.state.health
        until, seen = time.monotonic() + settings.stream_seconds, last_event_id
        news.followers += 1
        try:
            while not health.draining:
                known = await news.now()
                if (token := page.token_of(known)) != seen:
                    yield ServerSentEvent(raw_data=encode({"positions": known}).decode(), event="positions", id=token)
                    seen = token
                if time.monotonic() > until:
                    return
                await asyncio.sleep(min(LOOK_SECONDS, settings.stream_seconds))
        finally:
            news.followers -= 1

    _ = follow


def add_backlog(router: APIRouter, mirror: Mirror) -> None:
    """Add the backlog by day, exact, for those who work on it."""

    @router.get("/v1/backlog")
    async def backlog(
        principal: Annotated[Principal, allowed("backlog.read")], period: AskedPeriod, agency: OnlyAgency = None, after: After = None
    ) -> Response:
        """Give what was in progress at the close of each day of a period, and how much of it had missed an appointment.

        Columns (11) and (13) of the form, day by day.
        """
        await wait_for(mirror.runtime.log, MIRROR.name, after)
        scope = scope_of(principal, agency)
        async with mirror.reading() as reading:
            meant = await reading.period(period)
            found = await levels(reading, meant, scope)
            return json_response({"items": [one._asdict() for one in found], "period": told(meant), **reading.freshness})

    _ = backlog
