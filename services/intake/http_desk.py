"""Step 1 of 8, http_api: what the desk does with a dossier."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from contracts.vocabulary import MissingComponent
from kernel.edge.body import Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from services.intake.answers import DossierReceipt
from services.intake.domain import commands
from services.intake.handle import Door
from services.intake.http_fields import COMPONENTS_MAX, Code, Text, answer

ACTIONS: Final[dict[str, set[str]]] = {
    "dossier.check": {"desk"},
    "dossier.return": {"desk"},
}


PLACES_MAX: Final = 1000


class AcceptBody(Body):
    """Which of the procedure's cases the dossier is, where it has any; for how many places of business, where the fee goes by them."""

    case_code: Code | None = None
    places: Annotated[int, Field(ge=1, le=PLACES_MAX)] | None = None


class MissingBody(MissingComponent):
    """A component that is absent or not right. A fact's reader ignores fields that it does not know; a caller is told of them."""

    model_config = ConfigDict(extra="forbid")

    component: Code


class SupplementRequestBody(Body):
    """Everything that is missing, at once."""

    missing: Annotated[tuple[MissingBody, ...], Field(min_length=1, max_length=COMPONENTS_MAX)]


class RefusalBody(Body):
    """Why the dossier is not received, and the rule that says so."""

    reason: Literal["out-of-competence", "conditions-not-met", "supplement-not-given", "duplicate"]
    legal_basis: Text


def routes(door: Door) -> APIRouter:
    """Make the routes of the desk."""
    router = APIRouter(prefix="/v1")
    run = door.runtime.commands.run

    @router.post("/dossiers/{id}/acceptance", responses=gives(DossierReceipt))
    async def accept(request: Request, id: UUID, body: AcceptBody, principal: Annotated[Principal, allowed("dossier.check")]) -> Response:
        """Receive a complete dossier: code, appointment, receipt (Điều 17.2.c)."""
        return await run(request, principal, lambda command: door.accept(id, body.case_code, body.places, command), answer)

    @router.post("/dossiers/{id}/supplement-request", responses=gives(DossierReceipt))
    async def request_supplement(
        request: Request,
        id: UUID,
        body: SupplementRequestBody,
        principal: Annotated[Principal, allowed("dossier.check")],
    ) -> Response:
        """Ask the applicant, once, for all that is missing (Điều 17.2.a)."""
        return await run(request, principal, lambda command: door.request_supplement(id, body.missing, command), answer)

    @router.post("/dossiers/{id}/refusal", responses=gives(DossierReceipt))
    async def refuse(request: Request, id: UUID, body: RefusalBody, principal: Annotated[Principal, allowed("dossier.check")]) -> Response:
        """Do not receive the dossier, and say why (Điều 17.2.b)."""
        return await run(
            request,
            principal,
            lambda command: door.change(
                id,
                commands.Refuse(reason=body.reason, legal_basis=body.legal_basis, at=command.meta.time, by=principal.sub),
                command,
            ),
            answer,
        )

    @router.post("/dossiers/{id}/return", responses=gives(DossierReceipt))
    async def hand_over(request: Request, id: UUID, _: EmptyBody, principal: Annotated[Principal, allowed("dossier.return")]) -> Response:
        """Hand the result over (Điều 20)."""
        return await run(
            request, principal, lambda command: door.change(id, commands.Return(at=command.meta.time, by=principal.sub), command), answer
        )

    _ = (accept, request_supplement, refuse, hand_over)
    return router
