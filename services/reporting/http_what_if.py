"""Step 1 of 8, http_api: questions "what if", answered from the facts; nothing is recorded by asking."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from contracts.vocabulary import AgencyCode, LimitUnit, ProcedureCode, SupplementMode
from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.problem import BUSY, INVALID, Fault, Problem, Sentence, retry_later
from kernel.legalclock import Limit, load_calendar
from services.reporting.domain.period import Period
from services.reporting.domain.what_if import Scenario
from services.reporting.http_period import insist_on_period, scope_of
from services.reporting.query import Mirror
from services.reporting.query_what_if import DOSSIERS_MAX, TooMany, answer, facts_for, unknown

ACTIONS: Final[dict[str, set[str]]] = {"what-if.ask": {"leader", "analyst"}}

LIMITS_MAX: Final = 50
DAYS_MAX: Final = 60
AMOUNT_MAX: Final = 400
UNKNOWN_PROCEDURE: Final = Sentence("Không có thủ tục này trong danh mục.", "The catalogue has no such procedure.")
TWICE: Final = Sentence("Đã nêu ở trên.", "It was named before.")
NO_CHANGE: Final = Sentence("Ngày này vốn đã như vậy theo lịch.", "By the calendar the day is so already.")
UNCOVERED: Final = Sentence("Lịch làm việc không có ngày này.", "The calendar does not know this day.")
TOO_MANY: Final = Sentence(
    "Câu hỏi liên quan đến hơn {n} hồ sơ. Hãy thu hẹp kỳ, cơ quan, hoặc chỉ đổi thời hạn của vài thủ tục.",
    "The question is about more than {n} dossiers. Narrow the period or the agency, or change the limits of a few procedures only.",
).filled(n=DOSSIERS_MAX)


class LimitSupposed(Body):
    """Another limit of one procedure."""

    procedure: ProcedureCode
    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
    unit: LimitUnit = "working-days"


class WhatIf(Body):
    """A scenario over the work of a period, both days included; with nothing supposed, all is counted anew as it was.

    `off` and `work` are days that are off, or worked, other than the calendar says; `supplement_mode` is what a supplement does to every
    limit: it begins anew, or goes on.
    """

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    agency: AgencyCode | None = None
    limits: Annotated[tuple[LimitSupposed, ...], Field(max_length=LIMITS_MAX)] = ()
    off: Annotated[tuple[date, ...], Field(max_length=DAYS_MAX)] = ()
    work: Annotated[tuple[date, ...], Field(max_length=DAYS_MAX)] = ()
    supplement_mode: SupplementMode | None = None


def routes(mirror: Mirror) -> APIRouter:
    """Make the route."""
    router, turn = APIRouter(prefix="/v1"), asyncio.Semaphore(1)

    @router.post("/what-if")
    async def what_if(body: WhatIf, principal: Annotated[Principal, allowed("what-if.ask")]) -> Response:
        """Tell what the figures of a period would have been under other limits, another calendar or another rule on supplements.

        The work is what it was: dossiers came, waited and were over when they did. `kept` dossiers could not be counted anew from the facts
        and are in both figures as they are. The same scenario at the same positions gives the same answer; nothing is recorded.
        """
        period, scope = Period(body.first, body.last), scope_of(principal, body.agency)
        insist_on_period(period, "body")
        scenario = scenario_of(body)
        if turn.locked():
            raise retry_later(BUSY)
        async with turn:
            async with mirror.reading() as reading:
                nobody = await unknown(reading, list(scenario.limits))
                if nobody:
                    raise Problem(INVALID, faults=[fault_of(body, procedure) for procedure in nobody])
                try:
                    facts = await facts_for(reading, period, scope, scenario)
                except TooMany as error:
                    raise Problem(INVALID, faults=[Fault("body", "/from", TOO_MANY)]) from error
            return json_response(await answer(facts, scenario))

    _ = what_if
    return router


def fault_of(body: WhatIf, procedure: str) -> Fault:
    """Name the place of a procedure that nobody knows."""
    n = next(n for n, one in enumerate(body.limits) if one.procedure == procedure)
    return Fault("body", f"/limits/{n}/procedure", UNKNOWN_PROCEDURE)


def scenario_of(body: WhatIf) -> Scenario:
    """Read what is supposed.

    Raises:
        Problem: 422, naming what is said twice, or changes nothing, or lies outside the calendar.
    """
    calendar, faults = load_calendar(), list[Fault]()
    first, until = calendar.covers
    for name, days, works in (("off", body.off, False), ("work", body.work, True)):
        for n, day in enumerate(days):
            if not first <= day < until:
                faults.append(Fault("body", f"/{name}/{n}", UNCOVERED))
            elif day in days[:n]:
                faults.append(Fault("body", f"/{name}/{n}", TWICE))
            elif calendar.is_working(day) == works:
                faults.append(Fault("body", f"/{name}/{n}", NO_CHANGE))
    named = [one.procedure for one in body.limits]
    faults += [Fault("body", f"/limits/{n}/procedure", TWICE) for n, one in enumerate(named) if one in named[:n]]
    if faults:
        raise Problem(INVALID, faults=faults)
    return Scenario(
        limits={one.procedure: Limit(one.amount, one.unit) for one in body.limits},
        off=frozenset(body.off),
        work=frozenset(body.work),
        mode=body.supplement_mode,
    )
