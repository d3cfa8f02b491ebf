"""Step 1 of 8, http_api: the ledger of cut time, and the evidence that a proposal for commendation can stand on."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from contracts.vocabulary import FieldCode, ProcedureCode
from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.eventlog import positions
from services.reporting.http_period import AskedPeriod, OnlyAgency, scope_of
from services.reporting.projections import MIRROR
from services.reporting.projections.reform import REFORM
from services.reporting.query import Mirror, told
from services.reporting.query_commendation import Whose, evidence
from services.reporting.query_simplification import ledger, versions

ACTIONS: Final[dict[str, set[str]]] = {
    "simplification.read": {"leader", "analyst", "officer"},
    "commendation.read": {"leader"},
}
Reading = Annotated[Principal, allowed("simplification.read")]


def routes(mirror: Mirror) -> APIRouter:
    """Make the routes of the ledger."""
    router = APIRouter(prefix="/v1")
    log = mirror.runtime.log

    async def freshness() -> dict[str, Any]:
        """Say how far the ledger is: intake's facts are what it is made of."""
        return {"positions": {"intake": (await positions(log.pool, REFORM.name)).get("intake", 0)}}

    @router.get("/simplification")
    async def simplification(
        principal: Reading,
        on: Annotated[date | None, Query(description="As it stood at the close of this local day.")] = None,
        field: FieldCode | None = None,
        agency: OnlyAgency = None,
        after: After = None,
    ) -> Response:
        """Give the time that each procedure promises beside what the law allows, with its decision; added up by field, and in all.

        A procedure counts by the way that is cut least. Limits of different units are never added up.
        """
        await wait_for(log, REFORM.name, after)
        return json_response({**await ledger(log.pool, principal, scope_of(principal, agency), on, field), "on": on, **await freshness()})

    @router.get("/simplification/{code}")
    async def of_procedure(code: ProcedureCode, principal: Reading, after: After = None) -> Response:
        """Give all versions of a procedure: what each offered, by which decision, signed when."""
        await wait_for(log, REFORM.name, after)
        found = await versions(log.pool, principal, code)
        if not found:
            raise Problem(NOT_FOUND)
        return json_response({"items": found, **await freshness()})

    @router.get("/reform/commendation-evidence")
    async def commendation(
        principal: Annotated[Principal, allowed("commendation.read")],
        period: AskedPeriod,
        whose: Whose = "unit",
        agency: OnlyAgency = None,
        after: After = None,
    ) -> Response:
        """Give what is known of each unit or officer: dossiers, satisfaction, tasks, actions. Who is commended is for people to say."""
        await wait_for(log, MIRROR.name, after)
        async with mirror.reading() as reading:
            meant = await reading.period(period)
            items = await evidence(reading, meant, scope_of(principal, agency), whose)
            return json_response({"items": items, "whose": whose, "period": told(meant), **reading.freshness})

    _ = (simplification, of_procedure, commendation)
    return router
