"""Step 1 of 8, http_api: what the applicant does, himself or through the desk."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from services.intake.answers import DossierReceipt
from services.intake.domain import commands
from services.intake.handle import Door
from services.intake.http_fields import COMPONENTS_MAX, Code, answer

ACTIONS: Final[dict[str, set[str]]] = {
    "dossier.supplement": {"portal", "desk"},
    "dossier.withdraw": {"portal", "desk"},
}


class SupplementBody(Body):
    """What the applicant brings."""

    components: Annotated[tuple[Code, ...], Field(min_length=1, max_length=COMPONENTS_MAX)]


class WithdrawalBody(Body):
    """Why the applicant takes the dossier back."""

    reason: Literal["no-longer-needed", "will-resubmit", "procedure-abolished", "other"]


def routes(door: Door) -> APIRouter:
    """Make the routes of the applicant."""
    router = APIRouter(prefix="/v1")
    run = door.runtime.commands.run

    @router.post("/dossiers/{id}/supplement", responses=gives(DossierReceipt))
    async def supplement(
        request: Request,
        id: UUID,
        body: SupplementBody,
        principal: Annotated[Principal, allowed("dossier.supplement")],
    ) -> Response:
        """Bring what was asked for."""
        return await run(request, principal, lambda command: door.supplement(id, body.components, command), answer)

    @router.post("/dossiers/{id}/withdrawal", responses=gives(DossierReceipt))
    async def withdraw(
        request: Request,
        id: UUID,
        body: WithdrawalBody,
        principal: Annotated[Principal, allowed("dossier.withdraw")],
    ) -> Response:
        """Take the dossier back."""
        return await run(
            request,
            principal,
            lambda command: door.change(id, commands.Withdraw(reason=body.reason, at=command.meta.time), command),
            answer,
        )

    _ = (supplement, withdraw)
    return router
