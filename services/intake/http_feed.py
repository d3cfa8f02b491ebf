"""Step 1 of 8, http_api: what happens to dossiers, as portals may follow it: page by page, or as a stream of server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from kernel.edge.answer import encode, json_response
from kernel.edge.health import Health
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import PATTERN, Position
from kernel.edge.problem import INVALID, Fault, Problem, Sentence
from services.intake.answers_public import EventPage
from services.intake.feed import Feed, agencies_of

ACTIONS: Final = {"event.follow": {"portal", "desk"}}

SOURCE: Final = "intake"
LOOK_SECONDS: Final = 0.25
"""How often an open stream looks for what is new, and whether the process is about to end."""

_OTHER_LOG: Final = Sentence("Vị trí phải thuộc nhật ký của dịch vụ này.", "The position must be one of this service's log.")

CursorQuery = Annotated[
    str | None, Query(pattern=PATTERN, description="Go on behind this event; nothing = from the first.", examples=["intake/1"])
]


def behind(source: str, cursor: str | None, place: str, pointer: str) -> int:
    """Read where a caller goes on; 0 = from the beginning.

    Raises:
        Problem: 422 for a position of another log.
    """
    if cursor is None:
        return 0
    position = Position.parse(cursor)
    if position.source != source:
        raise Problem(INVALID, faults=[Fault(place, pointer, _OTHER_LOG)])
    return position.pos


def begin(
    after: CursorQuery = None,
    last_event_id: Annotated[
        str | None, Header(pattern=PATTERN, description="The id of the last event that was seen; goes before `after`.")
    ] = None,
) -> int:
    """Read where a stream begins, before anything of it is sent."""
    if last_event_id is not None:
        return behind(SOURCE, last_event_id, "header", "/Last-Event-ID")
    return behind(SOURCE, after, "query", "/after")


def routes(feed: Feed) -> APIRouter:
    """Make the routes of those who follow."""
    router = APIRouter(prefix="/v1")
    runtime = feed.runtime

    @router.get("/events", responses=gives(EventPage))
    async def events(principal: Annotated[Principal, allowed("event.follow")], after: CursorQuery = None) -> Response:
        """Give the public events behind a cursor, oldest first, with the cursor to go on from.

        The cursor is the position in the log: the same number as the sequence in JetStream, the `id` of a server-sent event and the
        `webhook-id` of a webhook, so a reader may change from one way to another and miss nothing. A page may be empty though `more`.
        """
        pos = behind(runtime.name, after, "query", "/after")
        items, upto = await feed.since(pos, agencies_of(principal))
        cursor = str(Position(runtime.name, upto)) if upto else None
        return json_response({"items": items, "cursor": cursor, "more": upto < await runtime.log.head()})

    @router.get("/events/stream", response_class=EventSourceResponse)
    async def stream(
        request: Request, principal: Annotated[Principal, allowed("event.follow")], pos: Annotated[int, Depends(begin)]
    ) -> AsyncGenerator[ServerSentEvent]:
        """Send public events as they happen, each with its cursor as `id`; whoever comes again with `Last-Event-ID` misses nothing.

        The stream ends after a while, and when the service ends: come again.
        """
        health: Health = request.app.state.health
        until, agencies = time.monotonic() + runtime.settings.stream_seconds, agencies_of(principal)
        while not health.draining:
            items, upto = await feed.since(pos, agencies)
            for item in items:
                yield ServerSentEvent(raw_data=encode(item).decode(), event=item["type"], id=item["cursor"])
            if upto == pos:
                if time.monotonic() > until:
                    return
                await asyncio.sleep(min(LOOK_SECONDS, runtime.settings.stream_seconds))
            pos = upto

    _ = (events, stream)
    return router
