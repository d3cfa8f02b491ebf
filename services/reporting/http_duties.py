"""Step 1 of 8, http_api: directives from above, and the publicity plan."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Request
from pydantic import StringConstraints
from starlette.responses import Response

from contracts.reporting_duties import DirectiveReceived, Medium, PublicityPlanned
from contracts.vocabulary import AgencyCode, DirectiveId, PublicityItemId
from kernel.edge.body import NFC, Body
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.problem import refusal
from kernel.eventlog import Outcome, Target
from services.reporting.domain import directive, publicity
from services.reporting.handle_reform import Reform
from services.reporting.http_reform import WORKERS, IsOverdue, OfOfficer, OfUnit
from services.reporting.http_reform_fields import Day, EvidenceBody, OwnerBody, Paging, Reference, Shown, Text, listed, values
from services.reporting.query_reform import ReformRegister, at_instant

ISSUER_LENGTH_MAX: Final = 200

ACTIONS: Final[dict[str, set[str]]] = {
    "directive.receive": WORKERS,
    "directive.assign": {"leader"},
    "directive.answer": WORKERS,
    "publicity.plan": {"leader"},
    "publicity.show": WORKERS,
}

REFUSALS: Final = (
    refusal("no-such-directive", "Không tìm thấy văn bản chỉ đạo này.", "There is no such directive.", status=404),
    refusal("directive-answered", "Văn bản chỉ đạo này đã được báo cáo kết quả.", "This directive was answered."),
    refusal("no-owner", "Chưa giao đơn vị, cá nhân thực hiện.", "Nobody was given it yet."),
    refusal(
        "due-after-the-directive",
        "Hạn giao không được sau hạn của văn bản chỉ đạo.",
        "Nobody gets more time than the directive gives.",
        members=("due_on",),
    ),
    refusal("signed-later", "Ngày ký sau ngày tiếp nhận.", "It would have been signed after it came."),
    refusal("no-such-item", "Không tìm thấy nội dung công khai này.", "There is no such item.", status=404),
    refusal("item-done", "Nội dung này đã được công khai.", "This was made public."),
    refusal("item-dropped", "Nội dung này đã được đưa ra khỏi kế hoạch.", "This was dropped."),
)

Issuer = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ISSUER_LENGTH_MAX), NFC]
Planning = Annotated[Principal, allowed("publicity.plan")]


class DirectiveBody(Body):
    """A paper from above: its number and hash, who issued it and when, what it wants, by which day (none: it names none)."""

    agency: AgencyCode
    paper: EvidenceBody
    issuer: Issuer
    signed_on: Day
    wanted: Text
    due_on: Day | None = None


class AssignmentBody(Body):
    """Who sees to it, by when."""

    owner: OwnerBody
    due_on: Day


class AnswerBody(Body):
    """The paper that answers it."""

    answer: EvidenceBody


class OtherItemBody(Body):
    """What is to be made public, by which medium, where, who sees to it, by when, and the decision that wants it."""

    plan: EvidenceBody
    topic: Text
    medium: Medium
    place: Reference
    owner: OwnerBody
    due_on: Day

    def planned(self, id: UUID, agency: AgencyCode, command: Command) -> PublicityPlanned:
        """Give the fact that it is planned."""
        return PublicityPlanned(
            item_id=PublicityItemId(id),
            agency=agency,
            plan=self.plan.value(),
            topic=self.topic,
            medium=self.medium,
            place=self.place,
            owner=self.owner.value(),
            due_on=self.due_on,
            planned_by=command.principal.sub,
            planned_at=command.meta.time,
        )


class ItemBody(OtherItemBody):
    """The same, and whose it is."""

    agency: AgencyCode


class ShownBody(Body):
    """What shows that it is public."""

    evidence: Shown


class DropBody(Body):
    """Why it is not to be made public any more."""

    reason: Text


class DirectivesWanted:
    """Which directives."""

    def __init__(
        self,
        unit: OfUnit = None,
        officer: OfOfficer = None,
        state: Literal["received", "assigned", "answered"] | None = None,
        overdue: IsOverdue = None,
    ) -> None:
        self.filters = (unit, officer, state, overdue)


class ItemsWanted:
    """Which items of the publicity plan."""

    def __init__(
        self,
        medium: Medium | None = None,
        unit: OfUnit = None,
        state: Literal["planned", "done", "dropped"] | None = None,
        overdue: IsOverdue = None,
    ) -> None:
        self.filters = (medium, unit, state, overdue)


def routes(reform: Reform, register: ReformRegister) -> APIRouter:
    """Make the routes of directives and of the publicity plan."""
    router = APIRouter(prefix="/v1/reform")
    add_directives(router, reform)
    add_publicity(router, reform)
    add_reading(router, register)
    return router


def add_directives(router: APIRouter, reform: Reform) -> None:
    """Add what is done with directives."""
    run = reform.runtime.commands.run

    @router.post("/directives", status_code=201)
    async def receive(request: Request, body: DirectiveBody, principal: Annotated[Principal, allowed("directive.receive")]) -> Response:
        """Enter a directive that came."""

        async def work(command: Command) -> Outcome[directive.State]:
            id = DirectiveId(uuid5(command.id, "directive"))
            received = DirectiveReceived(
                directive_id=id,
                agency=body.agency,
                paper=body.paper.value(),
                issuer=body.issuer,
                signed_on=body.signed_on,
                wanted=body.wanted,
                due_on=body.due_on,
                received_by=command.principal.sub,
                received_at=command.meta.time,
            )
            return await reform.begin(Target(id, directive.DECIDER, directive.Receive(received)), body.agency, command)

        return await run(request, principal, work, status=201, location="/v1/reform/directives?after={position}")

    @router.post("/directives/{id}/assignment")
    async def assign(
        request: Request, id: UUID, body: AssignmentBody, principal: Annotated[Principal, allowed("directive.assign")]
    ) -> Response:
        """Give a directive to one owner, by a day that is not after its own."""

        async def work(command: Command) -> Outcome[directive.State]:
            by, at = command.principal.sub, command.meta.time
            asked = directive.Assign(owner=body.owner.value(), due_on=body.due_on, by=by, at=at)
            return await reform.step(Target(id, directive.DECIDER, asked), command)

        return await run(request, principal, work)

    @router.post("/directives/{id}/answer")
    async def answer(
        request: Request, id: UUID, body: AnswerBody, principal: Annotated[Principal, allowed("directive.answer")]
    ) -> Response:
        """Answer a directive; where an officer owns it, only he does."""

        async def work(command: Command) -> Outcome[directive.State]:
            asked = directive.Answer(answer=body.answer.value(), by=command.principal.sub, at=command.meta.time)
            return await reform.step(Target(id, directive.DECIDER, asked), command)

        return await run(request, principal, work)

    _ = (receive, assign, answer)


def add_publicity(router: APIRouter, reform: Reform) -> None:
    """Add what is planned to be public, and shown to be."""
    run = reform.runtime.commands.run

    @router.post("/publicity", status_code=201)
    async def plan(request: Request, body: ItemBody, principal: Planning) -> Response:
        """Plan that something is made public."""

        async def work(command: Command) -> Outcome[publicity.State]:
            id = uuid5(command.id, "publicity")
            target = Target(id, publicity.DECIDER, publicity.Plan(body.planned(id, body.agency, command)))
            return await reform.begin(target, body.agency, command)

        return await run(request, principal, work, status=201, location="/v1/reform/publicity?after={position}")

    @router.post("/publicity/{id}/change")
    async def change(request: Request, id: UUID, body: OtherItemBody, principal: Planning) -> Response:
        """Plan it otherwise; that its day was over stays in the record."""
        return await run(request, principal, lambda command: reform.replan(id, lambda agency: body.planned(id, agency, command), command))

    @router.post("/publicity/{id}/completion")
    async def show(request: Request, id: UUID, body: ShownBody, principal: Annotated[Principal, allowed("publicity.show")]) -> Response:
        """Show that it was made public; where an officer owns it, only he does."""

        async def work(command: Command) -> Outcome[publicity.State]:
            asked = publicity.Finish(evidence=values(body.evidence), by=command.principal.sub, at=command.meta.time)
            return await reform.step(Target(id, publicity.DECIDER, asked), command)

        return await run(request, principal, work)

    @router.post("/publicity/{id}/dropping")
    async def drop(request: Request, id: UUID, body: DropBody, principal: Planning) -> Response:
        """Take it out of the plan."""

        async def work(command: Command) -> Outcome[publicity.State]:
            asked = publicity.Drop(reason=body.reason, by=command.principal.sub, at=command.meta.time)
            return await reform.step(Target(id, publicity.DECIDER, asked), command)

        return await run(request, principal, work)

    _ = (plan, change, show, drop)


def add_reading(router: APIRouter, register: ReformRegister) -> None:
    """Add what is read."""

    @router.get("/directives")
    async def directives(
        principal: Annotated[Principal, allowed("reform.read")], wanted: Annotated[DirectivesWanted, Depends()], paging: Paging
    ) -> Response:
        """List directives, the newest first."""
        filters = wanted.filters
        return await listed(register, "directives", principal, paging, filters=filters, by="received_at", read=at_instant)

    @router.get("/publicity")
    async def items(
        principal: Annotated[Principal, allowed("reform.read")], wanted: Annotated[ItemsWanted, Depends()], paging: Paging
    ) -> Response:
        """List what is to be made public, what is due first before the others."""
        filters = wanted.filters
        return await listed(register, "publicity", principal, paging, filters=filters, by="due_on", read=date.fromisoformat)

    _ = (directives, items)
