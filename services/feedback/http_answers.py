"""Step 1 of 8, http_api: answers from whoever has a signed token, and their way from the box into the log."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.feedback_surveys import Criterion, Factor
from contracts.vocabulary import SurveyClassId
from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body
from kernel.edge.policy import allowed
from kernel.edge.problem import refusal
from services.feedback.domain.blind import SIGNATURE_BYTES, TOKEN_BYTES
from services.feedback.handle_answers import Box, Given

COMMENT_LENGTH_MAX: Final = 2000

ACTIONS: Final = {
    "answer.give": {"public"},
    "answer.record": {"admin", "leader"},
}

REFUSALS: Final = (
    refusal(
        "token-expired",
        "Mã trả lời đã hết hạn.",
        "The time for answering with this token is over.",
    ),
    refusal(
        "token-not-signed",
        "Mã trả lời không có chữ ký hợp lệ của lớp trả lời này.",
        "This token was not signed for this class of answers.",
    ),
    refusal(
        "token-used",
        "Mã trả lời này đã được dùng cho một câu trả lời khác.",
        "This token has given another answer.",
    ),
)

Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=COMMENT_LENGTH_MAX), NFC]


def base64url(length: int) -> str:
    """Give the pattern of so many bytes in base64url."""
    return rf"^[A-Za-z0-9_-]{{{-(-length * 8 // 6)}}}$"


class AnswerBody(Body):
    """An answer: satisfaction from 1 to 5, points from 0 to 2, levels from 1 to 5, for what was answered."""

    class_id: UUID
    token: Annotated[str, StringConstraints(pattern=base64url(TOKEN_BYTES))]
    signature: Annotated[str, StringConstraints(pattern=base64url(SIGNATURE_BYTES))]
    satisfaction: Annotated[int, Field(strict=True, ge=1, le=5)]
    points: Annotated[dict[Criterion, Annotated[int, Field(strict=True, ge=0, le=2)]], Field(default_factory=dict)]
    levels: Annotated[dict[Factor, Annotated[int, Field(strict=True, ge=1, le=5)]], Field(default_factory=dict)]
    comment: Comment | None = None


def routes(box: Box) -> APIRouter:
    """Make the routes of the box."""
    router = APIRouter(prefix="/v1/answers")
    clock = box.surveys.runtime.commands.clock

    @router.post("", status_code=202, dependencies=[allowed("answer.give")])
    async def give(request: Request, body: AnswerBody) -> Response:
        """Answer. The token is the key under which the same answer again is the same; no other key is asked for, and none is kept."""
        given = Given(
            class_id=SurveyClassId(body.class_id),
            token=urlsafe_b64decode(body.token + "=="),
            signature=urlsafe_b64decode(body.signature + "=="),
            satisfaction=body.satisfaction,
            points=body.points,
            levels=body.levels,
            comment=body.comment,
        )
        return json_response({"id": await box.give(given, clock.now(request))}, 202)

    @router.post("/recording", dependencies=[allowed("answer.record")])
    async def record(request: Request) -> Response:
        """Record now what enough others are like; nobody waits longer for more of his very class."""
        return json_response({"recorded": await box.record(clock.now(request), patient=False)})

    _ = (give, record)
    return router
