"""Step 1 of 8, http_api: invitations for the desk and the portal, and the right to an answer for those who were invited."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any, Final
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
from kernel.edge.problem import INVALID, Fault, Problem, Sentence, refusal
from services.feedback import consume
from services.feedback.domain import survey_class
from services.feedback.domain.blind import SIGNATURE_BYTES
from services.feedback.domain.token import TOKEN_PATTERN
from services.feedback.handle import Surveys, Wanted
from services.feedback.projections import VOICES
from services.feedback.query import Voices

BLINDED_PATTERN: Final = rf"^[A-Za-z0-9_-]{{{-(-SIGNATURE_BYTES * 8 // 6)}}}$"

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
    refusal(
        "class-changed",
        "Phiếu mời này không (hoặc không còn) thuộc lớp trả lời đó: hãy lấy lại lớp trả lời rồi gửi lại.",
        "The answer to this invitation is not in that class, or no longer: ask for the class again, and send anew.",
    ),
    refusal("no-such-class", "Không có lớp trả lời này.", "There is no such class of answers.", status=404),
)

NOT_TO_BE_SIGNED: Final = Fault(
    "body", "/blinded", Sentence("Không phải là mã che hợp lệ của khóa này.", "Not a blinded message for this key.")
)

InvitationToken = Annotated[str, StringConstraints(pattern=TOKEN_PATTERN)]


class AskedBody(Body):
    """Which invitation: its token, which stands in no address, because addresses are written down on the way."""

    token: InvitationToken


class AdmissionBody(AskedBody):
    """What is to be signed: 256 bytes in base64url, made by blinding a token of one's own (RFC 9474) for the class's key."""

    class_id: UUID
    blinded: Annotated[str, StringConstraints(pattern=BLINDED_PATTERN)]
    channel: AnswerChannel = "link"


def told(outcome: Any) -> dict[str, Any]:
    """Say what a class is: its key, and all that its answers will ever say of whoever gave them."""
    match outcome.state:
        case survey_class.Opened() as opened:
            traits = opened.traits
            return {
                "public_key": opened.public_key,
                "closes_at": opened.closes_at,
                "survey": traits.survey,
                "says": {
                    "agency": traits.agency,
                    "procedure": traits.procedure,
                    "field": traits.field,
                    "occasion": traits.occasion,
                    "path": traits.path,
                },
            }
        case _:
            return {}


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
        blinded, signed = urlsafe_b64decode(body.blinded + "=="), dict[str, str]()
        wanted = Wanted(token=body.token, class_id=SurveyClassId(body.class_id), blinded=blinded, channel=body.channel)

        async def work(command: Any) -> Any:
            try:
                signed["signature"] = urlsafe_b64encode(await surveys.signature(wanted)).rstrip(b"=").decode()
            except ValueError as error:
                raise Problem(INVALID, faults=[NOT_TO_BE_SIGNED]) from error
            return await surveys.admit(wanted, command)

        return await commands.run(request, principal, work, lambda _: signed)

    _ = (invitations, ask, admit)
    return router
