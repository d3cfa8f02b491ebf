"""Step 1 of 8, http_api: form II.06a as a file, of figures as they are known or of a report as it was published."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from kernel.edge.answer import MEDIA_TYPE, encode
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence
from kernel.paper.press import Press
from services.reporting import sheet
from services.reporting.domain import report
from services.reporting.form import LINES_MAX, TEMPLATE, Form, as_csv, form_of, form_of_report
from services.reporting.http_as_of import AsOf, positions_of
from services.reporting.http_period import AskedPeriod, Cuts, OnlyAgency, cut_of, scope_of
from services.reporting.projections import MIRROR
from services.reporting.query import Mirror
from services.reporting.workbook import as_xlsx

ACTIONS: Final[dict[str, set[str]]] = {"form.read": {"leader", "analyst", "officer"}, "report.file": {"leader", "analyst"}}

Kind: TypeAlias = Literal["json", "csv", "xlsx", "pdf"]
KINDS: Final[Mapping[str, Kind]] = {
    MEDIA_TYPE: "json",
    sheet.MEDIA_TYPE: "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/pdf": "pdf",
}
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {type_: {"schema": {"type": "string", "format": "binary"} if kind != "json" else {}} for type_, kind in KINDS.items()}}
}
TOO_MANY_LINES: Final = Fault(
    "query",
    "/cut",
    Sentence(
        "Biểu có quá {lines} dòng. Hãy chọn ít tiêu chí phân tổ hơn.", "The form has more than {lines} lines. Choose fewer cuts."
    ).filled(lines=LINES_MAX),
)


def wanted(accept: str | None) -> str:
    """Give the first media type that a caller names and that a form can be written as; JSON where there is none."""
    named = [one.partition(";")[0].strip().lower() for one in (accept or "").split(",")]
    return next((one for one in named if one in KINDS), MEDIA_TYPE)


async def written(form: Form, accept: str | None, press: Press, headers: Mapping[str, str]) -> Response:
    """Write a form as it is wanted."""
    type_ = wanted(accept)
    match kind := KINDS[type_]:
        case "json":
            body = encode(form)
        case "csv":
            body = as_csv(form)
        case "xlsx":
            body = await asyncio.to_thread(as_xlsx, form)
        case "pdf":
            body = await press.typeset(TEMPLATE, form, form.made_at)
    name = f"II.06a-{form.period_from:%Y%m%d}-{form.period_to:%Y%m%d}.{kind}"
    shown = {} if kind == "json" else {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=f"{type_}; charset=utf-8" if kind == "csv" else type_, headers={"Vary": "Accept", **shown, **headers})


def routes(mirror: Mirror, press: Press) -> APIRouter:
    """Make the routes of forms."""
    router = APIRouter(prefix="/v1")
    log = mirror.runtime.log

    @router.get("/form", responses=FILES)
    async def form(
        request: Request,
        principal: Annotated[Principal, allowed("form.read")],
        period: AskedPeriod,
        cut: Cuts = None,
        agency: OnlyAgency = None,
        as_of: AsOf = None,
        after: After = None,
    ) -> Response:
        """Give form II.06a, by field unless `cut` says otherwise, as JSON, CSV, XLSX or PDF/A (`Accept`).

        The same positions, definition and layout give the same bytes; how far it lags stands in the headers.
        """
        await wait_for(log, MIRROR.name, after)
        scope, parts = scope_of(principal, agency), cut_of(cut, ("field",))
        then = await positions_of(mirror, as_of, period)
        async with mirror.reading(then) as reading:
            meant, freshness = await reading.period(period), reading.freshness
            lines = await reading.figures(meant, scope, parts)
            names, called = await reading.field_names(), await reading.agency_name() or ""
            if agency is not None:
                called = await reading.name_of_agency(agency) or agency
        if len(lines) > LINES_MAX:
            raise Problem(INVALID, faults=[TOO_MANY_LINES])
        made = form_of(lines, parts, meant, names, called, freshness)
        return await written(made, request.headers.get("accept"), press, sheet.good_for(freshness))

    @router.get("/reports/{id}/form", responses=FILES)
    async def published(request: Request, id: UUID, principal: Annotated[Principal, allowed("report.file")]) -> Response:
        """Give a published report as form II.06a, made of what the report says itself."""
        if (found := report.DECIDER.state_of(await log.load(id))) is None:
            raise Problem(NOT_FOUND)
        principal.require(found.agency)
        return await written(form_of_report(found), request.headers.get("accept"), press, {})

    _ = (form, published)
    return router
