"""Step 1 of 8, http_api: opinions from everybody, and the answers to them."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import StringConstraints
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body
from kernel.edge.etag import etag
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for
from kernel.edge.problem import NOT_ALLOWED, Problem, Sentence, refusal
from services.feedback.domain.opinion import PUBLIC_CHANNELS, OpinionChannel, Topic
from services.feedback.handle_opinions import Opinions, Said
from services.feedback.projections import VOICES
from services.feedback.query import Purpose, Voices, Wanted, sort_key

OPINION_LENGTH_MAX: Final = 5000
ANSWER_LENGTH_MAX: Final = 10_000
NAME_LENGTH_MAX: Final = 100
PHONE_PATTERN: Final = r"^\+?[0-9][0-9 .()-]{6,19}$"
EMAIL_PATTERN: Final = r"^[^@\s]{1,64}@[^@\s]{1,186}$"

PURPOSES: Final[frozenset[str]] = frozenset(get_args(Purpose))

CLERKS: Final = frozenset({"portal", "desk"})

ACTIONS: Final = {
    "opinion.give": {"public", "portal", "desk"},
    "opinion.list": {"officer", "leader"},
    "opinion.read": {"officer", "leader"},
    "opinion.answer": {"officer"},
}

REFUSALS: Final = (
    refusal("no-such-opinion", "Không tìm thấy ý kiến này.", "There is no such opinion.", status=404),
    refusal(
        "opinion-answered",
        "Ý kiến này đã được trả lời; không thể trả lời lần thứ hai.",
        "This opinion has been answered; it cannot be answered a second time.",
    ),
)

CHANNEL_NEEDS_CLERK: Final = Sentence(
    "Kênh này do cán bộ một cửa hoặc cổng dịch vụ công ghi nhận; người dân gửi trực tiếp dùng kênh web hoặc box.",
    "This channel is written down by the one-stop desk or the portal; whoever writes directly uses the channel web or box.",
)

OpinionText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=OPINION_LENGTH_MAX), NFC]
AnswerText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ANSWER_LENGTH_MAX), NFC]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_LENGTH_MAX), NFC]


class Contact(Body):
    """Who said it, and how they can be answered."""

    name: Name
    phone: Annotated[str, StringConstraints(strip_whitespace=True, pattern=PHONE_PATTERN)] | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, pattern=EMAIL_PATTERN)] | None = None


class OpinionBody(Body):
    """Something that somebody wants to say; without `contact` it is anonymous."""

    channel: OpinionChannel
    topic: Topic
    text: OpinionText
    contact: Contact | None = None


class AnswerBody(Body):
    """What the department answers."""

    text: AnswerText


def routes(heard: Opinions, voices: Voices) -> APIRouter:
    """Make the routes of those who speak unasked, and of those who answer them."""
    router = APIRouter(prefix="/v1")
    runtime = heard.runtime
    log, run = runtime.log, runtime.commands.run

    @router.post("/opinions", status_code=201)
    async def say(request: Request, body: OpinionBody, principal: Annotated[Principal, allowed("opinion.give")]) -> Response:
        """Leave an opinion; who has no account uses the channel web or box."""
        by_clerk = not CLERKS.isdisjoint(principal.roles)
        if not by_clerk and body.channel not in PUBLIC_CHANNELS:
            raise Problem(NOT_ALLOWED, detail=CHANNEL_NEEDS_CLERK)
        contact = body.contact.model_dump(exclude_none=True) if body.contact else None
        said = Said(channel=body.channel, topic=body.topic, text=body.text, contact=contact, by_clerk=by_clerk)
        return await run(request, principal, lambda command: heard.receive(said, command), status=201, location="/v1/opinions/{id}")

    @router.get("/opinions")
    async def opinions(
        request: Request,
        principal: Annotated[Principal, allowed("opinion.list")],
        state: Literal["open", "answered"] | None = None,
        channel: OpinionChannel | None = None,
        topic: Topic | None = None,
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List opinions without their words, newest first."""
        await wait_for(log, VOICES.name, after)
        page = runtime.pages.open(request, cursor, limit)
        rows = await voices.opinions(principal, Wanted(state=state, channel=channel, topic=topic), page)
        return runtime.pages.answer(request, page, rows, key=sort_key, item=lambda row: row, more=await freshness(log, VOICES.name))

    @router.get("/opinions/{id}")
    async def opinion(
        id: UUID,
        principal: Annotated[Principal, allowed("opinion.read")],
        purpose: Annotated[Purpose, Query(description="Why the words are read: recorded. `contact` is shown for `answering` only.")],
    ) -> Response:
        """Read one opinion with its words."""
        version, view = await voices.opinion(id, principal, purpose)
        # No 304 for a caller who has it already: words that were erased since must go, and erasing changes no version.
        return json_response(view, headers={"ETag": etag(version)})

    @router.post("/opinions/{id}/answer")
    async def answer(request: Request, id: UUID, body: AnswerBody, principal: Annotated[Principal, allowed("opinion.answer")]) -> Response:
        """Answer an opinion, once."""
        return await run(request, principal, lambda command: heard.answer(id, body.text, command))

    _ = (say, opinions, opinion, answer)
    return router
