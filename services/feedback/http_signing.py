"""Step 1 of 8, http_api: what everybody asks for who is to have the right to an answer: what its class says, and a blind signature."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import SurveyClassId
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.problem import INVALID, Fault, Problem, Sentence, refusal
from services.feedback.domain import survey_class
from services.feedback.domain.blind import SIGNATURE_BYTES
from services.feedback.handle import Surveys

REFUSALS: Final = (
    refusal(
        "class-changed",
        "Phiếu này không (hoặc không còn) thuộc lớp trả lời đó: hãy lấy lại lớp trả lời rồi gửi lại.",
        "The answer is not in that class, or no longer: ask for the class again, and send anew.",
    ),
    refusal("no-such-class", "Không có lớp trả lời này.", "There is no such class of answers.", status=404),
)

NOT_TO_BE_SIGNED: Final = Fault(
    "body", "/blinded", Sentence("Không phải là mã che hợp lệ của khóa này.", "Not a blinded message for this key.")
)

Blinded = Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9_-]{{{-(-SIGNATURE_BYTES * 8 // 6)}}}$")]
"""What is to be signed: 256 bytes in base64url, made by blinding a token of one's own (RFC 9474) for a class's key."""


def bytes_of(blinded: str) -> bytes:
    """Read what is to be signed."""
    return urlsafe_b64decode(blinded + "==")


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
                    "campaign": traits.campaign,
                },
            }
        case _:
            return {}


async def sign_when(
    request: Request,
    principal: Principal,
    surveys: Surveys,
    what: tuple[SurveyClassId, bytes],
    work: Callable[[Command], Awaitable[Any]],
) -> Response:
    """Carry out a command that decides whether a hidden token may be signed; the signature leaves only if it may.

    Raises:
        Problem: 422, if it is nothing that can be signed.
    """
    signed = dict[str, str]()

    async def signing(command: Command) -> Any:
        try:
            signed["signature"] = urlsafe_b64encode(await surveys.signature(*what)).rstrip(b"=").decode()
        except ValueError as error:
            raise Problem(INVALID, faults=[NOT_TO_BE_SIGNED]) from error
        return await work(command)

    return await surveys.runtime.commands.run(request, principal, signing, lambda _: signed)
