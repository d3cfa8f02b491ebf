"""Step 1 of 8, http_api: invitations for the desk and the portal, and the right to an answer for those who were invited."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import StringConstraints
from starlette.responses import Response

from contracts.feedback_surveys import AnswerChannel
from contracts.vocabulary import SurveyClassId
from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for_reactions
from kernel.edge.problem import refusal
from services.feedback import consume
from services.feedback.domain.token import TOKEN_PATTERN
from services.feedback.handle import Surveys, Wanted
from services.feedback.http_signing import Blinded, bytes_of, sign_when, told
from services.feedback.projections import VOICES
from services.feedback.query import Voices

ACTIONS: Final = {
    "invitation.read": {"portal", "desk"},
    "invitation.use": {"public"},
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

InvitationToken = Annotated[str, StringConstraints(pattern=TOKEN_PATTERN)]


class AskedBody(Body):
    """Which invitation: its token, which stands in no address, because addresses are written down on the way."""

    token: InvitationToken


class AdmissionBody(AskedBody):
    """What is to be signed for an invitation, under the key of its class."""

    class_id: UUID
    blinded: Blinded
    channel: AnswerChannel = "link"


def routes(surveys: Surveys, voices: Voices) -> APIRouter:
    """Make the routes of those who invite, and of those who are invited."""
    router = APIRouter(prefix="/v1/invitations")
    log, commands = surveys.runtime.log, surveys.runtime.commands

    @router.get("")
    async def invitations(
        request: Request, principal: Annotated[Principal, allowed("invitation.read")], dossier: UUID, after: After = None
    ) -> Response:
        """List the invitations of a dossier, with the link to hand out; `after` may be a position of intake."""
        await wait_for_reactions(log, VOICES.name, consume.NAME, consume.SOURCE, after)
        found = await voices.invitations(dossier, principal, commands.clock.now(request))
        return json_response({"items": found, "next": None, **await freshness(log, VOICES.name)})

    @router.post("/class")
    async def ask(request: Request, body: AskedBody, principal: Annotated[Principal, allowed("invitation.use")]) -> Response:
        """Ask which class the answer to an invitation is in, and for the key to blind a token for."""
        return await commands.run(request, principal, lambda command: surveys.open_class(body.token, command), told)

    @router.post("/admission")
    async def admit(request: Request, body: AdmissionBody, principal: Annotated[Principal, allowed("invitation.use")]) -> Response:
        """Use an invitation: have a blinded token signed, once. The same one again is signed again."""
        class_id, blinded = SurveyClassId(body.class_id), bytes_of(body.blinded)
        wanted = Wanted(token=body.token, class_id=class_id, blinded=blinded, channel=body.channel)
        return await sign_when(request, principal, surveys, (class_id, blinded), lambda command: surveys.admit(wanted, command))

    _ = (invitations, ask, admit)
    return router
