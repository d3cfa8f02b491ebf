"""Step 1 of 8, http_api: questions with a closed grammar: measures, dimensions, filters, windows, percentiles, and as of when."""

from __future__ import annotations

from typing import Annotated, Final, get_args

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import INVALID, Fault, Kind, Problem, Sentence
from services.reporting.http_as_of import AsOf, positions_of
from services.reporting.http_period import PART, AskedPeriod, OnlyAgency, scope_of
from services.reporting.http_tag import tagged
from services.reporting.projections import MIRROR
from services.reporting.query import Mirror, told
from services.reporting.query_books import CUTS_MAX, Cut
from services.reporting.query_grammar import (
    DAYS_MAX,
    DURATIONS,
    PERCENTILES,
    Bounds,
    Measure,
    Question,
    TooCostly,
    WindowOf,
    asked,
    catalogue,
    key_of,
    line_of,
)

ACTIONS: Final[dict[str, set[str]]] = {"query.ask": {"leader", "analyst", "officer"}}
VALUES_MAX: Final = 50
TOO_COSTLY: Final = Kind(
    "too-costly",
    422,
    Sentence("Câu hỏi quá tốn kém", "The question costs too much"),
    Sentence(
        "Hãy hỏi về kỳ ngắn hơn, ít chiều hơn hoặc thêm điều kiện lọc.",
        "Ask about a shorter period, by fewer dimensions, or with a filter.",
    ),
)
MIXED: Final = Fault(
    "query",
    "/measure",
    Sentence("Không hỏi chung số lượng và thời gian trong một câu hỏi.", "Counts and durations are not asked together: ask two questions."),
)
NO_DURATIONS_THEN: Final = Fault(
    "query",
    "/as_of",
    Sentence("Thời gian chỉ hỏi được theo hiện tại.", "How long dossiers lay can be asked as of now only."),
)
TOO_MANY_DAYS: Final = Fault(
    "query",
    "/window",
    Sentence("Theo ngày thì kỳ không dài quá {most} ngày.", "Day by day, a period has at most {most} days.").filled(most=DAYS_MAX),
)

Measures = Annotated[list[Measure], Query(alias="measure", min_length=1, max_length=len(get_args(Measure)))]
By = Annotated[list[Cut] | None, Query(max_length=CUTS_MAX, description="What lines are told apart by, in this order; several times.")]
Where = Annotated[
    list[Annotated[str, StringConstraints(pattern=PART, max_length=100)]] | None,
    Query(
        max_length=VALUES_MAX, description="`<dimension>:<value>`, nothing after `:` for what is not known; of one dimension any will do."
    ),
]
Percents = Annotated[list[Annotated[int, Field(ge=1, le=99)]] | None, Query(alias="percentile", max_length=9)]


def question(
    measure: Measures, by: By = None, window: WindowOf | None = None, where: Where = None, percentile: Percents = None
) -> Question:
    """Read a question.

    Raises:
        Problem: 422, if it asks for counts and durations at once.
    """
    if 0 < sum(one in DURATIONS for one in measure) < len(measure):
        raise Problem(INVALID, faults=[MIXED])
    only: dict[Cut, list[str]] = {}
    for part in where or ():
        cut, _, value = part.partition(":")
        only.setdefault(cut, []).append(value)  # pyright: ignore[reportArgumentType] - PART has only these
    return Question(
        measures=tuple(dict.fromkeys(measure)),
        by=tuple(dict.fromkeys(by or ())),
        window=window,
        where=only,
        percentiles=tuple(dict.fromkeys(percentile or PERCENTILES)),
    )


def page_asked(cursor: Cursor = None, limit: Limit = LIMIT) -> tuple[str | None, int]:
    """Read which page is asked for."""
    return cursor, limit


def routes(mirror: Mirror, bounds: Bounds) -> APIRouter:
    """Make the routes of questions."""
    router = APIRouter(prefix="/v1")
    log, pages = mirror.runtime.log, mirror.runtime.pages

    @router.get("/query/catalogue", dependencies=[allowed("query.ask")])
    async def words() -> Response:
        """Say what can be asked: measures, dimensions, windows, and what is left out and why."""
        return json_response(catalogue())

    @router.get("/query")
    async def answer(
        request: Request,
        principal: Annotated[Principal, allowed("query.ask")],
        wanted: Annotated[Question, Depends(question)],
        period: AskedPeriod,
        page: Annotated[tuple[str | None, int], Depends(page_asked)],
        as_of: AsOf = None,
        after: After = None,
        agency: OnlyAgency = None,
    ) -> Response:
        """Answer a question with lines, page by page, of the caller's agencies; what costs too much is refused before it is read."""
        scope, of_lines = scope_of(principal, agency), pages.open(request, *page)
        if as_of and wanted.of_durations:
            raise Problem(INVALID, faults=[NO_DURATIONS_THEN])
        await wait_for(log, MIRROR.name, after)
        then = await positions_of(mirror, as_of, period)
        async with mirror.reading(then) as reading:
            meant = await reading.period(period)
            if wanted.window == "day" and (meant.last - meant.first).days >= DAYS_MAX:
                raise Problem(INVALID, faults=[TOO_MANY_DAYS])
            try:
                rows = await asked(reading, wanted, meant, scope, of_lines, bounds)
            except TooCostly as error:
                raise Problem(TOO_COSTLY) from error
        more = {"period": told(meant), **reading.freshness}
        listed = pages.answer(
            request, of_lines, rows, key=lambda row: key_of(wanted, row), item=lambda row: line_of(wanted, row), more=more
        )
        return tagged(request, listed, more, scope)

    _ = (words, answer)
    return router
