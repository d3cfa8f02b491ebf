"""Step 1 of 8, http_api: invitations for the desk and the portal, and the ratings that answer them."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.feedback import Criterion
from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for_reactions
from kernel.edge.problem import refusal
from services.feedback import consume
from services.feedback.domain.token import TOKEN_PATTERN
from services.feedback.handle import Given, Ratings
from services.feedback.projections import VOICES
from services.feedback.query import Voices

COMMENT_LENGTH_MAX: Final = 2000

ACTIONS: Final = {
    "invitation.read": {"portal", "desk"},
    "rating.give": {"public"},
}

REFUSALS: Final = (
    refusal(
        "no-such-invitation",
        "Không có phiếu mời đánh giá ứng với đường dẫn này. Hãy kiểm tra lại đường dẫn đã nhận.",
        "There is no invitation for this link. Check the link that you were given.",
        status=404,
    ),
    refusal(
        "invitation-used",
        "Phiếu mời này đã được dùng để đánh giá; mỗi phiếu chỉ dùng được một lần.",
        "This invitation has been used; each can be answered once only.",
    ),
    refusal(
        "invitation-expired",
        "Phiếu mời đánh giá đã hết hạn. Ông/bà vẫn có thể gửi ý kiến qua hộp thư góp ý.",
        "This invitation has expired. An opinion can still be left in the suggestion box.",
    ),
)

Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=COMMENT_LENGTH_MAX), NFC]


class RatingBody(Body):
    """An answer to an invitation: satisfaction from 1 to 5, points from 0 to 2 for each criterion that was answered."""

    token: Annotated[str, StringConstraints(pattern=TOKEN_PATTERN)]
    satisfaction: Annotated[int, Field(strict=True, ge=1, le=5)]
    points: Annotated[dict[Criterion, Annotated[int, Field(strict=True, ge=0, le=2)]], Field(default_factory=dict)]
    comment: Comment | None = None


def routes(ratings: Ratings, voices: Voices) -> APIRouter:
    """Make the routes of those who are asked."""
    router = APIRouter(prefix="/v1")
    log, commands = ratings.runtime.log, ratings.runtime.commands

    @router.get("/invitations")
    async def invitations(
        request: Request, principal: Annotated[Principal, allowed("invitation.read")], dossier: UUID, after: After = None
    ) -> Response:
        """List the invitations of a dossier, with the link to hand out; `after` may be a position of intake."""
        await wait_for_reactions(log, VOICES.name, consume.NAME, consume.SOURCE, after)
        found = await voices.invitations(dossier, principal, commands.clock.now(request))
        return json_response({"items": found, "next": None, **await freshness(log, VOICES.name)})

    @router.post("/ratings", status_code=201)
    async def rate(request: Request, body: RatingBody, principal: Annotated[Principal, allowed("rating.give")]) -> Response:
        """Answer an invitation, once."""
        given = Given(token=body.token, satisfaction=body.satisfaction, points=body.points, comment=body.comment)
        return await commands.run(request, principal, lambda command: ratings.rate(given, command), status=201)

    _ = (invitations, rate)
    return router
