"""Step 1 of 8, http_api: the national portal as an operator sees it: what is behind or parked, comparing with it, and trying again."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.problem import NOT_FOUND, Problem
from services.intake.answers_outgoing import ComparisonAsked, ComparisonTold, NationalStanding, Redelivered
from services.intake.http_webhooks import key_of
from services.intake.national_portal import NATIONAL, RATINGS
from services.intake.outgoing import QUERY, Outgoing

ACTIONS: Final = {"national-portal.operate": {"admin"}}

NUMBER_MAX: Final = 2**31 - 1


class ComparisonBody(Body):
    """From which day of receipt on the portal is compared with what it was told."""

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"since": "2026-03-02"}]}}

    since: date


def routes(outgoing: Outgoing) -> APIRouter:
    """Make the operator's routes."""
    router = APIRouter(prefix="/v1/national-portal")
    runtime = outgoing.runtime

    @router.get("", dependencies=[allowed("national-portal.operate")], responses=gives(NationalStanding))
    async def standing() -> Response:
        """Count the deliveries to the portal by state. A dossier's own state never waits for them."""
        items = {
            name: {row["state"]: row["count"] for row in await runtime.log.pool.fetch(QUERY["standing"], name)}
            for name in (NATIONAL, RATINGS)
        }
        return json_response({"connected": runtime.settings.national_url is not None, "deliveries": items})

    @router.post("/comparisons", status_code=201, responses=gives(ComparisonAsked, 201))
    async def compare(
        request: Request, body: ComparisonBody, principal: Annotated[Principal, allowed("national-portal.operate")]
    ) -> Response:
        """Have the portal compared with what it was told, day by day, and what differs mended. The worker does it; every day by itself."""
        key_of(request.headers)
        number = await runtime.log.pool.fetchval(QUERY["ask_comparison"], body.since, principal.sub)
        return json_response({"number": number}, 201, headers={"Location": f"/v1/national-portal/comparisons/{number}"})

    @router.get("/comparisons/{comparison}", dependencies=[allowed("national-portal.operate")], responses=gives(ComparisonTold))
    async def compared(comparison: Annotated[int, Path(ge=1, le=NUMBER_MAX, examples=[1])]) -> Response:
        """Tell what a comparison found: per day how many dossiers, which were mended, and which the portal has that are not ours."""
        if (row := await runtime.log.pool.fetchrow(QUERY["comparison"], comparison)) is None:
            raise Problem(NOT_FOUND)
        result: Any = orjson.loads(row["result"]) if row["result"] else None
        return json_response(
            {**{name: row[name] for name in ("since", "asked_by", "asked_at", "done_at")}, "number": comparison, "result": result}
        )

    @router.post("/replay", dependencies=[allowed("national-portal.operate")], responses=gives(Redelivered))
    async def replay(request: Request, _: EmptyBody) -> Response:
        """Try once more what the portal refused and was parked."""
        key_of(request.headers)
        counts = [await runtime.log.pool.execute(QUERY["replay_parked"], name) for name in (NATIONAL, RATINGS)]
        return json_response({"deliveries": sum(int(done.rpartition(" ")[2]) for done in counts)})

    _ = (standing, compare, compared, replay)
    return router
