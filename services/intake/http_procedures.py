"""Step 1 of 8, http_api: the public catalogue."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.policy import allowed
from kernel.edge.problem import NOT_FOUND, Problem
from services.intake.handle import Door

ACTIONS: Final[dict[str, set[str]]] = {
    "procedure.read": {"public"},
}


def routes(door: Door) -> APIRouter:
    """Make the routes of the public catalogue."""
    router = APIRouter(prefix="/v1")

    @router.get("/procedures", dependencies=[allowed("procedure.read")])
    async def procedures() -> Response:
        """List the procedures that the department offers."""
        wanted = ("code", "name", "field", "field_name", "limit", "result")
        items = [{name: p.content[name] for name in wanted} | {"content_hash": p.content_hash} for p in door.catalogue.procedures.values()]
        return json_response({"agency": door.catalogue.agency, "items": items})

    @router.get("/procedures/{code}", dependencies=[allowed("procedure.read")])
    async def procedure(code: str) -> Response:
        """Give one procedure: its limit, fees, components and legal basis."""
        if (found := door.catalogue.procedures.get(code)) is None:
            raise Problem(NOT_FOUND)
        return json_response({**found.content, "content_hash": found.content_hash}, headers={"ETag": f'"{found.content_hash}"'})

    _ = (procedures, procedure)
    return router
