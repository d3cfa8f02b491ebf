"""Step 1 of 8, http_api: the mirror as leaders, officers, analysts and the public see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from contracts.vocabulary import AgencyCode, FieldCode
from kernel.edge.answer import json_response
from kernel.edge.app import Words
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit, Page
from kernel.edge.policy import Policy, allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence
from kernel.paper.press import Press
from services.reporting import (
    http_duties,
    http_findings,
    http_folds,
    http_form,
    http_indicators,
    http_oversight,
    http_overview,
    http_petitions,
    http_query,
    http_reform,
    http_reform_fields,
    http_satisfaction,
    http_simplification,
    http_trace,
    http_ways,
    http_what_if,
    sheet,
)
from services.reporting.domain import report
from services.reporting.domain.period import Period
from services.reporting.handle import Publisher
from services.reporting.handle_reform import Reform
from services.reporting.http_as_of import AsOf, positions_of
from services.reporting.http_period import AskedPeriod, Cuts, OfLine, OnlyAgency, cut_of, insist_on_period, line_of, scope_of
from services.reporting.projections import MIRROR
from services.reporting.query import Line, Mirror, told
from services.reporting.query_books import Book, DossierState, Wanted
from services.reporting.query_reform import ReformRegister

READERS: Final = http_satisfaction.READERS

OF_REFORM: Final = (http_reform, http_findings, http_oversight, http_duties)
POLICY: Final = Policy(
    {
        "figures.read": READERS,
        "register.read": READERS,
        "summary.read": {"public"},
        "report.publish": {"leader"},
        "report.read": {"leader", "analyst"},
    }
    | http_folds.ACTIONS
    | http_form.ACTIONS
    | http_indicators.ACTIONS
    | http_overview.ACTIONS
    | http_petitions.ACTIONS
    | http_query.ACTIONS
    | http_satisfaction.ACTIONS
    | http_trace.ACTIONS
    | http_simplification.ACTIONS
    | http_ways.ACTIONS
    | http_what_if.ACTIONS
    | {action: roles for part in OF_REFORM for action, roles in part.ACTIONS.items()},
    of_all={
        "scores.measure": "it measures every agency's units and officers, as the worker does by itself, and says how many facts came of it"
    }
    | http_reform.OF_ALL,
)
WORDS: Final = Words({kind.slug: kind for part in (http_indicators, *OF_REFORM) for kind in part.REFUSALS}, http_reform_fields.FAULTS)
MODEL_AGENCY: Final = "H09.13"

UNKNOWN_FIELD: Final = Fault(
    "query",
    "/field",
    Sentence("Không có lĩnh vực này trong danh mục thủ tục hành chính.", "The catalogue of procedures has no such field."),
)


class PeriodBody(Body):
    """The period of a report, both days included, and whose it is."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    agency: AgencyCode = MODEL_AGENCY


def routes(mirror: Mirror, publisher: Publisher, more: Sequence[APIRouter]) -> list[APIRouter]:
    """Make reporting's routes."""
    router = APIRouter()
    add_figures(router, mirror)
    add_register(router, mirror)
    add_reports(router, mirror, publisher)
    press, reform, register = Press(), Reform(mirror.runtime), ReformRegister(mirror.runtime)
    of_mirror = (http_folds, http_petitions, http_satisfaction, http_simplification, http_trace, http_ways, http_what_if)
    own = [part.routes(mirror) for part in of_mirror] + [part.routes(reform, register) for part in OF_REFORM]
    return [router, http_form.routes(mirror, press), http_overview.routes(mirror, press), *own, *more]


def add_figures(router: APIRouter, mirror: Mirror) -> None:
    """Add what is counted: figures, the summary."""
    log = mirror.runtime.log

    @router.get("/v1/figures")
    async def figures(
        principal: Annotated[Principal, allowed("figures.read")],
        period: AskedPeriod,
        cut: Cuts = None,
        agency: OnlyAgency = None,
        as_of: AsOf = None,
        after: After = None,
    ) -> Response:
        """Give the columns of form II.06a; unless `cut` says otherwise by month of acceptance, agency and field."""
        await wait_for(log, MIRROR.name, after)
        then = await positions_of(mirror, as_of, period)
        return json_response(await mirror.figures(period, scope_of(principal, agency), cut_of(cut), then))

    @router.get("/v1/summary")
    async def summary(principal: Annotated[Principal, allowed("summary.read")], period: AskedPeriod, after: After = None) -> Response:
        """Give the totals of a period, of all agencies; without an account, of the whole months that it touches."""
        await wait_for(log, MIRROR.name, after)
        return json_response(await mirror.summary(period, exact=not READERS.isdisjoint(principal.roles)))

    _ = (figures, summary)


def add_register(router: APIRouter, mirror: Mirror) -> None:
    """Add the registers."""
    log, pages = mirror.runtime.log, mirror.runtime.pages

    @router.get("/v1/register")
    async def register(
        request: Request,
        principal: Annotated[Principal, allowed("register.read")],
        period: AskedPeriod,
        wanted: Annotated[Wanted, Depends(wanted_of)],
        agency: OnlyAgency = None,
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List dossiers as they stood at the close of the period; with `Accept: text/csv` as a file."""
        await wait_for(log, MIRROR.name, after)
        as_file = sheet.is_wanted(request.headers.get("accept"))
        page = pages.open(request, cursor, sheet.ROWS_MAX if as_file else limit)
        async with mirror.reading() as reading:
            if wanted.field is not None and not await reading.is_field(wanted.field):
                raise Problem(INVALID, faults=[UNKNOWN_FIELD])
            meant = await reading.period(period)
            rows = await reading.register(wanted, meant, scope_of(principal, agency), page)
            freshness = reading.freshness
        listed = pages.answer(
            request, page, rows, key=place_in_book, item=entry, more={"book": wanted.book, "period": told(meant), **freshness}
        )
        return sheet.response(rows[: page.limit], freshness, listed.headers.get("link")) if as_file else listed

    _ = register


def wanted_of(
    book: Annotated[Book, Query(description="The registers of receipt and of return, or the dossiers behind a figure.")] = "receipt",
    state: DossierState | None = None,
    field: FieldCode | None = None,
    *,
    late: Annotated[bool | None, Query(description="Whether an appointment was missed by the close of the period.")] = None,
    line: OfLine = None,
) -> Wanted:
    """Read which book is wanted, and its filters."""
    return Wanted(book=book, state=state, field=field, late=late, line=line_of(line))


def place_in_book(row: Line) -> Sequence[Any]:
    """Give what a register is sorted by."""
    return row["day"], row["code"]


def entry(row: Line) -> Line:
    """Give a line of a register as it is shown."""
    return {"dossier_id": row["dossier_id"], **{name: row[name] for name in sheet.COLUMNS}}


def add_reports(router: APIRouter, mirror: Mirror, publisher: Publisher) -> None:
    """Add reports: published once, read as they were published."""
    runtime = mirror.runtime

    @router.post("/v1/reports", status_code=201)
    async def publish(request: Request, body: PeriodBody, principal: Annotated[Principal, allowed("report.publish")]) -> Response:
        """Publish the report of a period. The same period once more is a new report; the old one stays what it was."""
        period = Period(body.first, body.last)
        insist_on_period(period, "body")
        return await runtime.commands.run(
            request,
            principal,
            lambda command: publisher.publish(period, body.agency, command),
            status=201,
            location="/v1/reports/{id}",
        )

    @router.get("/v1/reports")
    async def reports(
        request: Request,
        principal: Annotated[Principal, allowed("report.read")],
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List published reports, newest first."""
        await wait_for(runtime.log, MIRROR.name, after)
        page: Page = runtime.pages.open(request, cursor, limit)
        async with mirror.reading() as reading:
            rows, freshness = await reading.reports(principal.scope, page), reading.freshness
        return runtime.pages.answer(
            request, page, rows, key=lambda row: (row["published_at"], row["report_id"]), item=lambda row: row, more=freshness
        )

    @router.get("/v1/reports/{id}")
    async def published(request: Request, id: UUID, principal: Annotated[Principal, allowed("report.read")]) -> Response:
        """Give a report exactly as it was published."""
        history = await runtime.log.load(id)
        if (found := report.DECIDER.state_of(history)) is None:
            raise Problem(NOT_FOUND)
        principal.require(found.agency)
        return versioned(request, history.version, found)

    _ = (publish, reports, published)
