"""Step 1 of 8, http_api: what is put down of a case outside the papers: a check on site, a council."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from contracts.processing_coordination import CaseCouncilHeld, CaseSiteChecked, CouncilFinding, Seat, SeatRole, SiteFinding
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for_answers
from kernel.edge.problem import refusal
from services.processing import consume
from services.processing.answers import CaseReceipt, Records
from services.processing.handle import Department
from services.processing.http_fields import CODE_PATTERN, Account, AtInstant, AtVersion, StepCode, example
from services.processing.http_standing import answer

MEMBERS_MAX: Final = 30

ACTIONS: Final = {
    "case.put-down": {"officer"},
    "case.records": {"officer", "leader"},
}

REFUSALS: Final = (
    refusal(
        "record-needed",
        "Bước này chỉ hoàn thành sau khi đã lập biên bản.",
        "This step is completed only once its record was put down.",
        members=("legal", "needed"),
    ),
    refusal(
        "no-such-record",
        "Quy trình không yêu cầu biên bản loại này ở bước này.",
        "The workflow asks for no such record in this step.",
        members=("legal", "needed"),
    ),
    refusal(
        "record-day-impossible",
        "Ngày lập biên bản phải từ ngày tiếp nhận hồ sơ đến hôm nay.",
        "The day of the record must lie between the acceptance of the dossier and today.",
    ),
    refusal(
        "seats-wrong",
        "Thành phần tham dự không đúng quy định.",
        "Those who were there are not those who must be.",
        members=("legal", "why", "why_en"),
    ),
)


class SeatBody(Body):
    """Who was there, and as what: an officer's account, or the code of another agency that sent somebody. Never a name."""

    role: SeatRole
    officer: Account | None = None
    partner: Annotated[str | None, Field(pattern=CODE_PATTERN)] = None


class RecordBody(Body):
    """The step, the local day, and who was there."""

    step: StepCode
    held_on: date
    members: Annotated[tuple[SeatBody, ...], Field(min_length=1, max_length=MEMBERS_MAX)]

    def seats(self) -> tuple[Seat, ...]:
        """Give those who were there as facts say it."""
        return tuple(Seat(role=one.role, officer=one.officer, partner=one.partner) for one in self.members)


class SiteCheckBody(RecordBody):
    """What a team found on site."""

    model_config = example(
        step="B4",
        held_on="2026-03-02",
        members=[
            {"role": "chair", "officer": "nv-at-01"},
            {"role": "secretary", "officer": "nv-at-03"},
            {"role": "member", "partner": "so-y-te"},
        ],
        finding="meets",
    )

    finding: SiteFinding


class CouncilBody(RecordBody):
    """What a council concluded."""

    model_config = example(
        step="B6",
        held_on="2026-03-02",
        members=[
            {"role": "chair", "officer": "nv-at-01"},
            {"role": "secretary", "officer": "nv-at-03"},
            {"role": "member", "partner": "so-y-te"},
        ],
        finding="approves",
    )

    finding: CouncilFinding


def routes(department: Department) -> APIRouter:
    """Make the routes of records."""
    router = APIRouter(prefix="/v1")
    add_records(router, department)
    return router


def add_records(router: APIRouter, department: Department) -> None:
    """Add how records are put down, and how they are read."""
    runtime = department.runtime
    run = runtime.commands.run

    @router.post("/cases/{id}/site-check", responses=gives(CaseReceipt))
    async def site_check(
        request: Request, id: UUID, body: SiteCheckBody, principal: Annotated[Principal, allowed("case.put-down")]
    ) -> Response:
        """Put down what a team found on site (NĐ 61/2018, Điều 19.3); the step is completed by itself afterwards."""
        return await run(
            request,
            principal,
            lambda command: department.put_down(id, "site-check", body.step, body.held_on, body.seats(), body.finding, command),
            answer,
        )

    @router.post("/cases/{id}/council", responses=gives(CaseReceipt))
    async def council(request: Request, id: UUID, body: CouncilBody, principal: Annotated[Principal, allowed("case.put-down")]) -> Response:
        """Put down what an appraisal council concluded; the step is completed by itself afterwards."""
        return await run(
            request,
            principal,
            lambda command: department.put_down(id, "council", body.step, body.held_on, body.seats(), body.finding, command),
            answer,
        )

    @router.get("/cases/{id}/records", responses=gives(Records))
    async def records(
        request: Request,
        id: UUID,
        principal: Annotated[Principal, allowed("case.records")],
        as_of: AtInstant = None,
        version: AtVersion = None,
        after: After = None,
    ) -> Response:
        """Give every record of a case in order, also those of steps that were done once more."""
        await wait_for_answers(runtime.log, consume.NAME, consume.SOURCE, after)
        history, _, _ = await department.case(id, principal, as_of=as_of, version=version)
        found: list[dict[str, Any]] = [
            {"kind": "site-check" if isinstance(fact, CaseSiteChecked) else "council", **fact.model_dump(exclude={"case_id", "dossier_id"})}
            for fact in (event.fact for event in history.events)
            if isinstance(fact, CaseSiteChecked | CaseCouncilHeld)
        ]
        return versioned(request, history.version, {"id": id, "version": history.version, "records": found})

    _ = (site_check, council, records)
