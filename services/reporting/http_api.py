"""Step 1 of 8, http_api: the mirror as leaders, analysts and the public see it."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from contracts.vocabulary import AgencyCode
from kernel.edge.answer import json_response
from kernel.edge.app import Words
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.policy import Policy, allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import NOT_FOUND, Problem
from services.reporting.domain import report
from services.reporting.handle import Publisher
from services.reporting.projections import MIRROR
from services.reporting.query import Mirror

POLICY: Final = Policy(
    {
        "figures.read": {"leader", "analyst", "officer"},
        "summary.read": {"public"},
        "report.publish": {"leader"},
        "report.read": {"leader", "analyst"},
    }
)
WORDS: Final = Words()
MODEL_AGENCY: Final = "H09.13"

From = Annotated[date, Query(alias="from", description="First local day of the period.")]
To = Annotated[date, Query(alias="to", description="Last local day of the period.")]
LABELS: Final = (
    ("received", "Tổng tiếp nhận", "Received, with what was carried over"),
    ("resolved", "Đã giải quyết", "Resolved"),
    ("on_time_rate", "Tỷ lệ trước hạn và đúng hạn (%)", "Early or on time"),
    ("late", "Quá hạn", "Resolved late"),
    ("in_progress", "Đang giải quyết", "In progress"),
    ("refused", "Từ chối tiếp nhận", "Refused at the desk"),
    ("withdrawn", "Rút hồ sơ", "Withdrawn"),
    ("satisfaction", "Hài lòng (%)", "Satisfied"),
    ("response_rate", "Tỷ lệ trả lời khảo sát (%)", "Survey response rate"),
)


class PeriodBody(BaseModel):
    """The period of a report, both days included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    agency: AgencyCode = MODEL_AGENCY


def routes(mirror: Mirror, publisher: Publisher) -> list[APIRouter]:
    """Make reporting's routes."""
    router = APIRouter()
    add_figures(router, mirror)
    add_reports(router, mirror, publisher)
    return [router]


def add_figures(router: APIRouter, mirror: Mirror) -> None:
    """Add counters, the summary, and the page that shows it."""
    log = mirror.runtime.log

    @router.get("/v1/figures")
    async def figures(principal: Annotated[Principal, allowed("figures.read")], first: From, last: To, after: After = None) -> Response:
        """Give the counters by month of acceptance, agency and field (form II.06a's columns)."""
        await wait_for(log, MIRROR.name, after)
        return json_response({"items": await mirror.figures(first, last, principal.scope), **await mirror.freshness()})

    @router.get("/v1/summary", dependencies=[allowed("summary.read")])
    async def summary(first: From, last: To, after: After = None) -> Response:
        """Give the totals of a period."""
        await wait_for(log, MIRROR.name, after)
        return json_response(await mirror.summary(first, last))

    @router.get("/", dependencies=[allowed("summary.read")])
    async def page() -> Response:
        """Show the totals of everything that is known, on one page that needs no internet."""
        return HTMLResponse(page_of(await mirror.summary(date(2000, 1, 1), date(2100, 1, 1))))

    _ = (figures, summary, page)


def add_reports(router: APIRouter, mirror: Mirror, publisher: Publisher) -> None:
    """Add reports: published once, read as they were published."""
    runtime = mirror.runtime

    @router.post("/v1/reports", status_code=201)
    async def publish(request: Request, body: PeriodBody, principal: Annotated[Principal, allowed("report.publish")]) -> Response:
        """Publish the report of a period."""
        return await runtime.commands.run(
            request,
            principal,
            lambda command: publisher.publish(body.first, body.last, body.agency, command),
            status=201,
            location="/v1/reports/{id}",
        )

    @router.get("/v1/reports/{id}")
    async def published(request: Request, id: UUID, principal: Annotated[Principal, allowed("report.read")]) -> Response:
        """Give a report exactly as it was published."""
        history = await runtime.log.load(id)
        if (found := report.DECIDER.state_of(history)) is None:
            raise Problem(NOT_FOUND)
        principal.require(found.agency)
        return versioned(request, history.version, found)

    _ = (publish, published)


def page_of(summary: dict[str, Any]) -> str:
    """Write the page. Figures that cannot be told are a dash."""
    rows = "".join(
        f"<tr><th scope='row'>{vi}<br><small lang='en'>{en}</small></th><td>{'–' if summary[name] is None else summary[name]}</td></tr>"
        for name, vi, en in LABELS
    )
    stands = ", ".join(f"{source}/{pos}" for source, pos in sorted(summary["positions"].items()))
    return (
        "<!doctype html><html lang='vi'><head><meta charset='utf-8'><title>Motcua</title></head><body><main>"
        "<h1>Cải cách hành chính · Sở Công Thương</h1>"
        f"<table><caption>Kết quả giải quyết hồ sơ</caption>{rows}</table>"
        f"<p>Số liệu tính đến · as of: {escape(stands)}</p></main></body></html>"
    )
