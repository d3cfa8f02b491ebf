"""Step 1 of 8, http_api: how cases really went: where they left their workflow, and who was passed over in a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts.vocabulary import CaseId, ProcedureCode
from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence
from services.reporting.domain import conformance, fairness
from services.reporting.domain.fairness import Jump
from services.reporting.http_period import AskedPeriod, OnlyAgency, scope_of
from services.reporting.projections.ways import WAYS
from services.reporting.query import Line, Mirror, told
from services.reporting.query_ways import QUEUE_MAX, TooMany, ways

ACTIONS: Final[dict[str, set[str]]] = {"conformance.read": {"leader", "analyst"}, "fairness.read": {"leader", "analyst"}}

OnlyProcedure = Annotated[ProcedureCode | None, Query(description="Only cases of this procedure.")]
TOO_MANY: Final = Fault(
    "query",
    "/from",
    Sentence(
        "Trong kỳ này có quá {most} hồ sơ của thủ tục; hãy chọn kỳ ngắn hơn.",
        "More than {most} cases of the procedure were open in this period; choose a shorter one.",
    ).filled(most=QUEUE_MAX),
)


def routes(mirror: Mirror) -> APIRouter:
    """Make the routes of the ways of cases."""
    router = APIRouter(prefix="/v1")
    log, pages = mirror.runtime.log, mirror.runtime.pages

    @router.get("/conformance")
    async def deviating(  # noqa: PLR0913 - each is a filter of its own
        request: Request,
        principal: Annotated[Principal, allowed("conformance.read")],
        period: AskedPeriod,
        agency: OnlyAgency = None,
        procedure: OnlyProcedure = None,
        *,
        all: Annotated[bool, Query(description="Cases that kept to their workflow as well.")] = False,  # noqa: A002 - the word of the address
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List the cases that ended in a period and left the workflow they were pinned to: each deviation with its step and its fact."""
        await wait_for(log, WAYS.name, after)
        page = pages.open(request, cursor, limit)
        async with ways(mirror, conformance.DEFINITION_HASH) as found:
            meant = await found.period(period)
            rows, last = await found.ended(meant, scope_of(principal, agency), procedure, page, all_=all)
        looked_to = place_of(last) if last is not None and not all else None
        more = {"period": told(meant), **found.freshness}
        return pages.answer(request, page, rows, key=place_of, item=lambda row: row, more=more, looked_to=looked_to)

    @router.get("/dossiers/{id}/conformance")
    async def of_dossier(id: UUID, principal: Annotated[Principal, allowed("conformance.read")], after: After = None) -> Response:
        """Say where the case of a dossier left its workflow so far."""
        await wait_for(log, WAYS.name, after)
        async with ways(mirror, conformance.DEFINITION_HASH) as found:
            if (line := await found.of_dossier(id)) is None:
                raise Problem(NOT_FOUND)
            principal.require(line["agency"])
            return json_response({**line, **found.freshness})

    @router.get("/fairness")
    async def passed_over(
        principal: Annotated[Principal, allowed("fairness.read")],
        period: AskedPeriod,
        procedure: Annotated[ProcedureCode, Query(description="Whose queues: first come, first served is judged within a procedure.")],
        agency: OnlyAgency = None,
        *,
        excused: Annotated[bool, Query(description="Those that something excuses as well.")] = False,
        after: After = None,
    ) -> Response:
        """List who was taken up in a period before others who had waited longer for the same step, and what excuses it, if anything."""
        await wait_for(log, WAYS.name, after)
        async with ways(mirror, fairness.DEFINITION_HASH) as found:
            meant = await found.period(period)
            try:
                jumps, cases = await found.jumps(meant, scope_of(principal, agency), procedure)
            except TooMany as error:
                raise Problem(INVALID, faults=[TOO_MANY]) from error
        items = [shown(jump, cases) for jump in jumps if excused or jump.flagged]
        counts = {"flagged": sum(jump.flagged for jump in jumps), "excused": sum(not jump.flagged for jump in jumps)}
        return json_response({"items": items, **counts, "cases": len(cases), "period": told(meant), **found.freshness})

    _ = (deviating, of_dossier, passed_over)
    return router


def place_of(row: Line) -> Sequence[Any]:
    """Give what ended cases are sorted by."""
    return row["ended_on"], row["case_id"]


def shown(jump: Jump, cases: Mapping[CaseId, Line]) -> Line:
    """Give a jump as an answer has it: who went before whom, in which queue, by which fact."""
    agency, procedure, unit, step = jump.key
    return {
        "position": f"processing/{jump.pos}",
        "agency": agency,
        "procedure": procedure,
        "unit": unit,
        "step": step,
        "dossier_id": cases[jump.case_id]["dossier_id"],
        "code": cases[jump.case_id]["code"],
        "since": jump.since,
        "taken_at": jump.taken,
        "flagged": jump.flagged,
        "passed_over": [
            {
                "dossier_id": cases[one.case_id]["dossier_id"],
                "code": cases[one.case_id]["code"],
                "since": one.since,
                "excuse": one.excuse,
                "why": fairness.IN_WORDS[one.excuse][0] if one.excuse else None,
                "why_en": fairness.IN_WORDS[one.excuse][1] if one.excuse else None,
            }
            for one in jump.over
        ],
    }
