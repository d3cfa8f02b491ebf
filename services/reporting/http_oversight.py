"""Step 1 of 8, http_api: six-monthly reviews of pinned figures, and inspections by the plan of a year."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from contracts.reporting_findings import InspectedSubject
from contracts.reporting_oversight import PlannedInspection, ReviewKind
from contracts.vocabulary import AgencyCode, ProcedureCode, ReportId
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.problem import refusal
from kernel.eventlog import Outcome, Target
from services.reporting.domain import inspection_plan
from services.reporting.domain.inspection_plan import DECIDER, State
from services.reporting.handle_reform import Reform
from services.reporting.http_reform import WORKERS, OfUnit
from services.reporting.http_reform_fields import Account, Day, EvidenceBody, Paging, Text, UnitName, Year, listed
from services.reporting.query_reform import ReformRegister

PLANNED_MAX: Final = 300
SUBJECTS_MAX: Final = 8
PROCEDURES_MAX: Final = 300
TEAM_MAX: Final = 30

ACTIONS: Final[dict[str, set[str]]] = {
    "review.lead": {"leader"},
    "inspection.plan": {"leader"},
    "inspection.record": WORKERS,
}

REFUSALS: Final = (
    refusal("no-such-review", "Không tìm thấy đợt sơ kết, tổng kết này.", "There is no such review.", status=404),
    refusal("no-such-report", "Không tìm thấy báo cáo này.", "There is no such report.", status=404),
    refusal("review-opened-already", "Đợt sơ kết, tổng kết này đã mở.", "This review was opened already."),
    refusal("review-closed", "Đợt sơ kết, tổng kết này đã kết luận.", "This review is over."),
    refusal(
        "report-of-another-period",
        "Báo cáo không đúng kỳ: sơ kết từ 01/01 đến 30/6, tổng kết từ 01/01 đến 31/12.",
        "The report is of another period: mid-year is 1 January to 30 June, year-end the whole year.",
        members=("period_from", "period_to"),
    ),
    refusal(
        "findings-without-action",
        "Còn tồn tại, hạn chế chưa giao khắc phục: chưa thể kết luận.",
        "Nothing is done yet about some of its findings.",
        members=("findings",),
    ),
    refusal("no-such-inspection", "Kế hoạch không có cuộc kiểm tra này.", "There is no such inspection.", status=404),
    refusal("not-held-yet", "Chỉ ghi nhận cuộc kiểm tra đã thực hiện.", "Only an inspection that was held can be put down."),
    refusal("inspected-in-another-year", "Cuộc kiểm tra không thuộc năm của kế hoạch.", "It was held in another year than the plan's."),
    refusal("planned-twice", "Một nội dung chỉ được lập kế hoạch một lần cho mỗi đơn vị.", "A subject is planned once for a unit."),
)

Leading = Annotated[Principal, allowed("review.lead")]
Planning = Annotated[Principal, allowed("inspection.plan")]
Recording = Annotated[Principal, allowed("inspection.record")]
Reading = Annotated[Principal, allowed("reform.read")]
Subjects = Annotated[tuple[InspectedSubject, ...], Field(min_length=1, max_length=SUBJECTS_MAX)]
Procedures = Annotated[tuple[ProcedureCode, ...], Field(max_length=PROCEDURES_MAX)]


class ReviewBody(Body):
    """Which review, and the published report whose figures it is of."""

    agency: AgencyCode
    kind: ReviewKind
    year: Year
    report_id: UUID


class ClosingBody(Body):
    """The paper of its conclusions (thông báo kết luận)."""

    conclusions: EvidenceBody


class PlannedBody(Body):
    """What is to be looked at in a unit, and in which procedures, by which day."""

    unit: UnitName
    subjects: Subjects
    procedures: Procedures = ()
    due_on: Day

    def value(self) -> PlannedInspection:
        """Give what a fact says of it."""
        return PlannedInspection(unit=self.unit, subjects=self.subjects, procedures=self.procedures, due_on=self.due_on)


Planned = Annotated[tuple[PlannedBody, ...], Field(min_length=1, max_length=PLANNED_MAX)]


class InspectionPlanBody(Body):
    """The plan of a year, and the decision that it came by."""

    agency: AgencyCode
    year: Year
    decision: EvidenceBody
    planned: Planned


class OtherPlanBody(Body):
    """What is planned from now on instead."""

    decision: EvidenceBody
    planned: Planned
    reason: Text


class InspectionBody(Body):
    """An inspection that was held: where, about what, by whom, and its record (biên bản)."""

    unit: UnitName
    subjects: Subjects
    procedures: Procedures = ()
    held_on: Day
    team: Annotated[tuple[Account, ...], Field(min_length=1, max_length=TEAM_MAX)]
    unannounced: bool = False
    minutes: EvidenceBody
    text: Text


def routes(reform: Reform, register: ReformRegister) -> APIRouter:
    """Make the routes of reviews and inspections."""
    router = APIRouter(prefix="/v1/reform")
    add_reviews(router, reform)
    add_inspections(router, reform)
    add_reading(router, register)
    return router


def add_reviews(router: APIRouter, reform: Reform) -> None:
    """Add reviews; what one finds is put down at /reviews/{id}/findings."""
    run = reform.runtime.commands.run

    @router.post("/reviews", status_code=201)
    async def open_(request: Request, body: ReviewBody, principal: Leading) -> Response:
        """Open a review of the figures of a published report: mid-year or year-end, one of each."""
        asked = (body.agency, body.kind, body.year, ReportId(body.report_id))
        return await run(
            request,
            principal,
            lambda command: reform.open_review(*asked, command),
            status=201,
            location="/v1/reform/reviews/{id}",
        )

    @router.post("/reviews/{id}/closing")
    async def close(request: Request, id: UUID, body: ClosingBody, principal: Leading) -> Response:
        """Close a review; something must be done about each of its findings."""
        conclusions = body.conclusions.value()
        return await run(request, principal, lambda command: reform.close_review(id, conclusions, command))

    _ = (open_, close)


def add_inspections(router: APIRouter, reform: Reform) -> None:
    """Add plans of inspections, and inspections; what one finds is put down at /inspections/{inspection}/findings."""
    run = reform.runtime.commands.run

    @router.post("/inspection-plans", status_code=201)
    async def adopt(request: Request, body: InspectionPlanBody, principal: Planning) -> Response:
        """Adopt the plan of a year: there is one for an agency and a year."""

        async def work(command: Command) -> Outcome[State]:
            adopt = inspection_plan.Adopt(
                agency=body.agency,
                year=body.year,
                decision=body.decision.value(),
                planned=tuple(one.value() for one in body.planned),
                by=command.principal.sub,
                at=command.meta.time,
            )
            return await reform.begin(Target(inspection_plan.plan_id(body.agency, body.year), DECIDER, adopt), body.agency, command)

        return await run(request, principal, work, status=201, location="/v1/reform/inspection-plans/{id}")

    @router.post("/inspection-plans/{id}/change")
    async def change(request: Request, id: UUID, body: OtherPlanBody, principal: Planning) -> Response:
        """Put another plan in its place; what was inspected already counts on."""

        async def work(command: Command) -> Outcome[State]:
            change = inspection_plan.Change(
                decision=body.decision.value(),
                planned=tuple(one.value() for one in body.planned),
                reason=body.reason,
                by=command.principal.sub,
                at=command.meta.time,
            )
            return await reform.step(Target(id, DECIDER, change), command)

        return await run(request, principal, work)

    @router.post("/inspection-plans/{id}/inspections")
    async def hold(request: Request, id: UUID, body: InspectionBody, principal: Recording) -> Response:
        """Put down an inspection that was held, planned or not; the answer says its number."""

        async def work(command: Command) -> Outcome[State]:
            held = inspection_plan.Hold(
                unit=body.unit,
                subjects=body.subjects,
                procedures=body.procedures,
                held_on=body.held_on,
                team=body.team,
                unannounced=body.unannounced,
                minutes=body.minutes.value(),
                text=body.text,
                by=command.principal.sub,
                at=command.meta.time,
            )
            return await reform.step(Target(id, DECIDER, held), command)

        def said(outcome: Any) -> dict[str, Any]:
            return {"number": outcome.state.held}

        return await run(request, principal, work, said)

    _ = (adopt, change, hold)


def add_reading(router: APIRouter, register: ReformRegister) -> None:
    """Add what is read."""

    @router.get("/reviews")
    async def reviews(principal: Reading, paging: Paging) -> Response:
        """List reviews, the newest year first."""
        return await listed(register, "reviews", principal, paging, by="year", read=int)

    @router.get("/reviews/{id}")
    async def review(request: Request, id: UUID, principal: Reading) -> Response:
        """Give a review: the figures that it is of, as they were published, and where each of its findings stands."""
        return versioned(request, *await register.review(id, principal))

    @router.get("/inspection-plans")
    async def plans(principal: Reading, paging: Paging) -> Response:
        """List plans of inspections, the newest year first."""
        return await listed(register, "inspection_plans", principal, paging, by="year", read=int)

    @router.get("/inspection-plans/{id}")
    async def plan(request: Request, id: UUID, principal: Reading) -> Response:
        """Give a plan of inspections, how much of it is covered, and what is left."""
        return versioned(request, *await register.inspection_plan(id, principal))

    @router.get("/inspections")
    async def inspections(
        principal: Reading,
        paging: Paging,
        plan: Annotated[UUID | None, Query(description="Of this plan alone.")] = None,
        unit: OfUnit = None,
    ) -> Response:
        """List inspections that were held, the newest first, with how many findings each led to."""
        read = date.fromisoformat
        return await listed(register, "inspections", principal, paging, filters=(plan, unit), by="held_on", read=read)

    _ = (reviews, review, plans, plan, inspections)
