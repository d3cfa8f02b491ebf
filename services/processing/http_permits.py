"""Step 1 of 8, http_api: permits, as everybody may look them up."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for_reactions
from kernel.edge.problem import NOT_FOUND, Problem
from services.processing import consume
from services.processing.http_fields import AGENCY_PATTERN
from services.processing.projections import CASES
from services.processing.query import Register

NUMBER_PATTERN: Final = r"^[0-9]{1,6}/[A-Z]{1,10}-[A-Z]{1,10}$"

ACTIONS: Final = {
    "permit.read": {"public"},
}


def routes(register: Register) -> APIRouter:
    """Make the routes of permits."""
    router = APIRouter(prefix="/v1")

    @router.get("/permits/{number:path}", dependencies=[allowed("permit.read")])
    async def permit(
        number: Annotated[str, Path(pattern=NUMBER_PATTERN, examples=["12/GP-SCT"])],
        year: Annotated[int | None, Query(ge=2000, le=2999, description="Numbers begin again each year; without it, the newest.")] = None,
        agency: Annotated[str | None, Query(pattern=AGENCY_PATTERN, description="Each agency has a book of its own.")] = None,
        after: After = None,
    ) -> Response:
        """Tell whether a permit is genuine: who issued it, for what, until when."""
        await wait_for_reactions(register.runtime.log, CASES.name, consume.NAME, consume.SOURCE, after)
        if (found := await register.permit(number, year, agency)) is None:
            raise Problem(NOT_FOUND)
        return json_response(dict(found))

    _ = permit
    return router
