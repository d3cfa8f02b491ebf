"""Step 1 of 8, http_api: what can be asked of dossiers."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After
from kernel.legalclock import explain
from kernel.vault import Erased
from services.intake.answers import DossierPage, DossierTold, LikelyList, Personal
from services.intake.domain import states
from services.intake.handle import Door
from services.intake.http_fields import AskedFor, appointment, fee_told
from services.intake.query import Register

ACTIONS: Final[dict[str, set[str]]] = {
    "dossier.read": {"portal", "desk", "officer", "leader"},
    "dossier.list": {"desk", "officer", "leader"},
    "dossier.read-personal": {"desk", "officer"},
    "dossier.compare": {"desk", "officer"},
}

Purpose: TypeAlias = Literal["appraisal", "contact", "identity-check", "return"]
PURPOSES: Final = frozenset(get_args(Purpose))


def routes(door: Door, register: Register) -> APIRouter:
    """Make the routes that are asked."""
    router = APIRouter(prefix="/v1")
    runtime = door.runtime

    @router.get("/dossiers", responses=gives(DossierPage))
    async def dossiers(
        request: Request,
        principal: Annotated[Principal, allowed("dossier.list")],
        state: Annotated[str | None, Query(pattern=r"^[a-z-]{1,30}$")] = None,
        agency: Annotated[str | None, Query(max_length=35)] = None,
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List dossiers, the newest first."""
        return await register.dossiers(request, principal, state, agency, after, runtime.pages.open(request, cursor, limit))

    @router.get("/dossiers/{id}", responses=gives(DossierTold))
    async def one(request: Request, id: UUID, principal: Annotated[Principal, allowed("dossier.read")], when: AskedFor) -> Response:
        """Give a dossier as it is now, or as it stood, with the derivation of its appointment in words."""
        version, pos, state, found = await door.dossier(id, principal, when)
        body: dict[str, Any] = {
            "id": id,
            "version": version,
            "position": f"{runtime.name}/{pos}",
            "state": states.state_name(state),
            "legal": states.legal_in(state),
            "agency": found.agency,
            "procedure": found.procedure,
            "channel": found.channel,
            "components": sorted(found.components),
            **appointment(found),
            "case_code": found.case_code,
            "due_by_law_on": found.by_law.due_on if found.by_law else None,
            "fee": fee_told(state),
            "originals_held": states.held_in(state),
            "why": explain(found.deadline) if found.deadline else None,
            "why_en": explain(found.deadline, "en") if found.deadline else None,
        }
        return versioned(request, version, body)

    @router.get("/dossiers/{id}/personal", responses=gives(Personal))
    async def personal(
        id: UUID,
        principal: Annotated[Principal, allowed("dossier.read-personal")],
        purpose: Purpose,
    ) -> Response:
        """Give the applicant's particulars to who needs them, and remember who that was and what for."""
        *_, found = await door.dossier(id, principal)
        if found.is_erased:
            raise Erased
        return json_response(await runtime.vault.read(runtime.log.pool, found.personal_ref, principal.sub, purpose))

    @router.get("/dossiers/{id}/duplicates", responses=gives(LikelyList))
    async def duplicates(id: UUID, principal: Annotated[Principal, allowed("dossier.compare")]) -> Response:
        """List dossiers that may be this one handed in before or again, each with what speaks for it; the desk says whether they are."""
        *_, found = await door.dossier(id, principal)
        return json_response({"items": await door.likeness.of(id, found)})

    _ = (dossiers, one, personal, duplicates)
    return router
