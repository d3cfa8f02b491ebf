"""Step 1 of 8, http_api: what figures stand on: a dossier's facts, with whom it lay, what has changed since a report was published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence
from services.reporting.domain import report
from services.reporting.http_period import AskedPeriod, Cuts, OnlyAgency, cut_of, scope_of
from services.reporting.projections import MIRROR
from services.reporting.query import Line, Mirror, told
from services.reporting.query_dwell import dwell
from services.reporting.query_restatement import restatement
from services.reporting.query_steps import StepCut, TooManyTurns, step_dwell
from services.reporting.trace import NOT_SHOWN

TOO_LONG: Final = Fault(
    "query",
    "/from",
    Sentence("Kỳ này có quá nhiều hồ sơ; hãy hỏi kỳ ngắn hơn.", "There are too many cases in this period; ask about a shorter one."),
)
StepCuts = Annotated[
    list[StepCut] | None, Query(min_length=1, max_length=len(get_args(StepCut)), description="What lines are told apart by, beside steps.")
]
READERS: Final = {"leader", "analyst", "officer"}
ACTIONS: Final[dict[str, set[str]]] = {"facts.read": READERS, "dwell.read": READERS, "restatement.read": {"leader", "analyst"}}


def routes(mirror: Mirror) -> APIRouter:
    """Make the routes of what figures stand on."""
    router = APIRouter(prefix="/v1")
    log, pages = mirror.runtime.log, mirror.runtime.pages

    @router.get("/dossiers/{id}/facts")
    async def facts(
        request: Request,
        id: UUID,
        principal: Annotated[Principal, allowed("facts.read")],
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List the facts that figures know a dossier by: where each stands, when it happened and was recorded, and the hash of its bytes.

        Envelope and hash are asked of the broker, and null where it cannot be asked. What a fact says, and who did it, is not shown.
        """
        await wait_for(log, MIRROR.name, after)
        page = pages.open(request, cursor, limit)
        async with mirror.reading() as reading:
            if (agency := await reading.agency_of(id)) is None:
                raise Problem(NOT_FOUND)
            principal.require(agency)
            rows, freshness = await reading.traced(id, page), reading.freshness
        found = await mirror.trace.facts((row["source"], row["pos"]) for row in rows[: page.limit])

        def item(row: Line) -> Line:
            place = row["source"], row["pos"]
            return {"position": f"{place[0]}/{place[1]}", "what": row["what"], "on": row["on_day"], **found.get(place, NOT_SHOWN)}

        return pages.answer(request, page, rows, key=place_of, item=item, more={"dossier_id": id, **freshness})

    @router.get("/reports/{id}/restatement")
    async def restated(id: UUID, principal: Annotated[Principal, allowed("restatement.read")], after: After = None) -> Response:
        """Give a report's figures as they were published beside what is known now, with the facts that made each difference."""
        await wait_for(log, MIRROR.name, after)
        if (found := report.DECIDER.state_of(await log.load(id))) is None:
            raise Problem(NOT_FOUND)
        principal.require(found.agency)
        return json_response(await restatement(mirror, found))

    _ = (facts, restated)
    add_dwell(router, mirror)
    return router


def add_dwell(router: APIRouter, mirror: Mirror) -> None:
    """Add how long dossiers lay with whom, and at which step."""
    log = mirror.runtime.log

    @router.get("/dwell")
    async def lain(
        principal: Annotated[Principal, allowed("dwell.read")],
        period: AskedPeriod,
        cut: Cuts = None,
        agency: OnlyAgency = None,
        after: After = None,
    ) -> Response:
        """Say with whom the dossiers of a period lay until they were resolved, in days and working days; by procedure unless `cut` says."""
        await wait_for(log, MIRROR.name, after)
        async with mirror.reading() as reading:
            meant = await reading.period(period)
            found = await dwell(reading, meant, scope_of(principal, agency), cut_of(cut, ("procedure",)))
            return json_response({**found, "period": told(meant), **reading.freshness})

    @router.get("/dwell/steps")
    async def lain_at_steps(
        principal: Annotated[Principal, allowed("dwell.read")],
        period: AskedPeriod,
        cut: StepCuts = None,
        agency: OnlyAgency = None,
        after: After = None,
    ) -> Response:
        """Say how long the cases that were over in a period lay at each step, in minutes and working minutes; by procedure unless told."""
        await wait_for(log, MIRROR.name, after)
        async with mirror.reading() as reading:
            meant = await reading.period(period)
            try:
                found = await step_dwell(reading, meant, scope_of(principal, agency), tuple(dict.fromkeys(cut or ("procedure",))))
            except TooManyTurns as error:
                raise Problem(INVALID, faults=[TOO_LONG]) from error
            return json_response({**found, "period": told(meant), **reading.freshness})

    _ = (lain, lain_at_steps)


def place_of(row: Line) -> Sequence[Any]:
    """Give what facts are sorted by."""
    return row["source"], row["pos"]
