"""Step 1 of 8, http_api: a person asks who has read their data, or to be forgotten; or the law's term of keeping is over."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.intake_erasure import ErasureGround
from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.vault.readings import readings
from services.intake.answers import ErasureReceipt
from services.intake.forget import Forgetting
from services.intake.handle import DossierOutcome
from services.intake.http_fields import answer

ACTIONS: Final[dict[str, set[str]]] = {"dossier.erase": {"data-protection"}, "dossier.readings": {"data-protection"}}


class ErasureBody(Body):
    """Why the person is forgotten: because they ask, or because the term is over. Either way the law's term must be."""

    ground: ErasureGround


def routes(forgetting: Forgetting) -> APIRouter:
    """Make the route of erasure."""
    router = APIRouter(prefix="/v1")
    run = forgetting.door.runtime.commands.run

    def forgotten(outcome: DossierOutcome) -> dict[str, Any]:
        return answer(outcome) | {"erased": True}

    @router.post("/dossiers/{id}/erasure", responses=gives(ErasureReceipt))
    async def erase(request: Request, id: UUID, body: ErasureBody, principal: Annotated[Principal, allowed("dossier.erase")]) -> Response:
        """Erase all that is personal about a dossier that is over (Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15)."""
        return await run(request, principal, lambda command: forgetting.erase(id, body.ground, command), forgotten)

    @router.get("/dossiers/{id}/readings")
    async def read_by(id: UUID, principal: Annotated[Principal, allowed("dossier.readings")]) -> Response:
        """List who has read anything personal about a dossier, when and what for, the latest first; also after it was erased."""
        await forgetting.door.dossier(id, principal)
        return json_response({"items": await readings(forgetting.door.runtime.log, id)})

    _ = (erase, read_by)
    return router
