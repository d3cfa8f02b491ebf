"""Step 1 of 8, http_api: what a petitioner does with the code of a petition. The code never stands in an address: addresses are logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from pydantic import StringConstraints
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from services.feedback.domain import petition_commands as asked
from services.feedback.domain.follow_up import CODE_PATTERN
from services.feedback.handle_petitions import Petitions, Wanted, step_of
from services.feedback.http_petitions import Text
from services.feedback.projections.petitions import PETITIONS
from services.feedback.query_petitions import PetitionRegister

HEADER: Final = "Motcua-Code"

ACTIONS: Final = {"petition.follow": {"public", "portal", "desk"}}

Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
Following = Annotated[Principal, allowed("petition.follow")]


class CodeBody(Body):
    """Whose petition."""

    code: Code


class MessageBody(CodeBody):
    """What the petitioner writes."""

    text: Text


class VerdictBody(CodeBody):
    """What the answer is worth."""

    verdict: asked.Verdict


def routes(petitions: Petitions, register: PetitionRegister) -> APIRouter:
    """Make the routes of following up."""
    router = APIRouter(prefix="/v1/follow-up")
    runtime = petitions.runtime

    async def follow(request: Request, principal: Principal, code: str, wanted: Wanted, words: Mapping[str, Any] | None = None) -> Response:
        id = await register.of_code(code)
        return await runtime.commands.run(request, principal, lambda command: petitions.follow(id, wanted, command, words))

    @router.get("")
    async def followed(principal: Following, code: Annotated[Code, Header(alias=HEADER)], after: After = None) -> Response:
        """Say where a petition stands, until when it is answered and why then, and what was written."""
        del principal
        await wait_for(runtime.log, PETITIONS.name, after)
        id = await register.of_code(code)
        return json_response(await register.followed(id, await petitions.survivor(id)))

    @router.post("/messages")
    async def write(request: Request, body: MessageBody, principal: Following) -> Response:
        """Write to the department. It moves no limit, and not the time to open it again."""
        wanted = step_of(asked.Write, "at", "words", direction="from-petitioner")
        return await follow(request, principal, body.code, wanted, {"text": body.text})

    @router.post("/verdict")
    async def judge(request: Request, body: VerdictBody, principal: Following) -> Response:
        """Say what the answer is worth, once."""
        return await follow(request, principal, body.code, step_of(asked.Judge, "at", verdict=body.verdict))

    @router.post("/reopening")
    async def reopen(request: Request, body: MessageBody, principal: Following) -> Response:
        """Open it again within the window, because the answer was none."""
        return await follow(request, principal, body.code, step_of(asked.Reopen, "at", "words", "by"), {"text": body.text})

    @router.post("/withdrawal")
    async def withdraw(request: Request, body: CodeBody, principal: Following) -> Response:
        """Take it back."""
        return await follow(request, principal, body.code, step_of(asked.Withdraw, "at"))

    _ = (followed, write, judge, reopen, withdraw)
    return router
