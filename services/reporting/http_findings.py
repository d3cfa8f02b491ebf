"""Step 1 of 8, http_api: findings and corrective actions (TCVN ISO 9001:2015, 10.2): cause, one owner, evidence, another's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from contracts.reporting_findings import FindingSource, InspectedSubject
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.problem import refusal
from kernel.eventlog import Outcome
from services.reporting.domain import finding_commands, finding_states
from services.reporting.handle_reform import LEADS, Found, Reform
from services.reporting.http_reform import WORKERS, IsOverdue, OfOfficer, OfUnit
from services.reporting.http_reform_fields import Day, OwnerBody, Paging, Shown, Text, UnitName, listed, values
from services.reporting.query_reform import ReformRegister, at_instant

ACTIONS: Final[dict[str, set[str]]] = {
    "finding.open": WORKERS,
    "finding.work": WORKERS,
    "finding.assign": {"leader"},
    "finding.verify": WORKERS,
    "finding.reopen": WORKERS,
}

REFUSALS: Final = (
    refusal("no-such-finding", "Không tìm thấy tồn tại, hạn chế này.", "There is no such finding.", status=404),
    refusal("no-such-petition", "Không tìm thấy phản ánh, kiến nghị này.", "There is no such petition.", status=404),
    refusal("finding-closed", "Tồn tại này đã được khắc phục và đóng lại.", "This finding is closed."),
    refusal("finding-not-closed", "Tồn tại này chưa đóng.", "This finding is not closed."),
    refusal("cause-unknown", "Phải xác định nguyên nhân trước khi giao khắc phục.", "Its cause has to be found before an action is given."),
    refusal("no-action", "Chưa giao hành động khắc phục.", "Nobody was given an action yet."),
    refusal("action-not-done", "Hành động khắc phục chưa thực hiện xong.", "The action is not done yet."),
    refusal(
        "action-done", "Hành động khắc phục đã thực hiện xong, chờ kiểm tra hiệu lực.", "The action is done and waits for verification."
    ),
    refusal(
        "verified-by-owner",
        "Người chịu trách nhiệm và người thực hiện không tự kiểm tra hiệu lực; việc của đơn vị do đơn vị khác kiểm tra.",
        "Somebody else than its owner and than who did it verifies; what a unit owns, another unit verifies.",
    ),
)

Opening = Annotated[Principal, allowed("finding.open")]
Number = Annotated[int, Path(ge=1, le=10_000)]


class FindingBody(Body):
    """What was found: about what, in which unit (none: in all), in words about work that name nobody."""

    subject: InspectedSubject
    unit: UnitName | None = None
    text: Text

    def found(self) -> Found:
        """Give what the domain finds."""
        return Found(subject=self.subject, unit=self.unit, text=self.text)


class CauseBody(Body):
    """Why it is so."""

    cause: Text


class ActionBody(Body):
    """What is to be done about it, by whom, until when."""

    action: Text
    owner: OwnerBody
    due_on: Day


class DoneBody(Body):
    """What shows that the action is done."""

    evidence: Shown


class VerificationBody(Body):
    """Whether it helped, as somebody of a unit saw it."""

    effective: bool
    note: Text
    unit: UnitName


class ReopeningBody(Body):
    """Why it is open again."""

    reason: Text


class FindingsWanted:
    """Which findings."""

    def __init__(
        self,
        state: finding_states.Stage | None = None,
        found_by: FindingSource | None = None,
        found_in: Annotated[UUID | None, Query(description="Of this review, inspection, score or petition alone.")] = None,
        concerns: OfUnit = None,
        unit: OfUnit = None,
        officer: OfOfficer = None,
        overdue: IsOverdue = None,
    ) -> None:
        self.filters: tuple[Any, ...] = (state, found_by, found_in, concerns, unit, officer, overdue)


def routes(reform: Reform, register: ReformRegister) -> APIRouter:
    """Make the routes of findings."""
    router = APIRouter(prefix="/v1/reform")
    add_opening(router, reform)
    add_work(router, reform)
    add_reading(router, register)
    return router


def add_opening(router: APIRouter, reform: Reform) -> None:
    """Add how findings begin; what a score that fell leads to begins by itself."""
    run, location = reform.runtime.commands.run, "/v1/reform/findings/{id}"

    @router.post("/reviews/{id}/findings", status_code=201)
    async def of_review(request: Request, id: UUID, body: FindingBody, principal: Opening) -> Response:
        """Put down what a review found."""
        found = body.found()
        return await run(request, principal, lambda command: reform.found_by_review(id, found, command), status=201, location=location)

    @router.post("/inspection-plans/{id}/inspections/{inspection}/findings", status_code=201)
    async def of_inspection(request: Request, id: UUID, inspection: Number, body: FindingBody, principal: Opening) -> Response:
        """Put down what an inspection found."""
        found = body.found()
        return await run(
            request, principal, lambda command: reform.found_by_inspection(id, inspection, found, command), status=201, location=location
        )

    @router.post("/petitions/{id}/findings", status_code=201)
    async def of_petition(request: Request, id: UUID, body: FindingBody, principal: Opening) -> Response:
        """Put down what a petition or a complaint has shown; its words and its author stay where they are."""
        found = body.found()
        return await run(request, principal, lambda command: reform.found_by_petition(id, found, command), status=201, location=location)

    _ = (of_review, of_inspection, of_petition)


def add_work(router: APIRouter, reform: Reform) -> None:
    """Add what is done about a finding."""
    run = reform.runtime.commands.run

    def doing(id: UUID, asked: Callable[[Command], finding_commands.Step]) -> Callable[[Command], Any]:
        async def work(command: Command) -> Outcome[finding_states.State]:
            return await reform.on_finding(id, asked(command), command)

        return work

    @router.post("/findings/{id}/cause")
    async def cause(request: Request, id: UUID, body: CauseBody, principal: Annotated[Principal, allowed("finding.work")]) -> Response:
        """Say why it is so."""

        def asked(command: Command) -> finding_commands.Step:
            return finding_commands.RecordCause(cause=body.cause, by=command.principal.sub, at=command.meta.time)

        return await run(request, principal, doing(id, asked))

    @router.post("/findings/{id}/action")
    async def assign(request: Request, id: UUID, body: ActionBody, principal: Annotated[Principal, allowed("finding.assign")]) -> Response:
        """Give a corrective action to one owner, or to another one."""

        def asked(command: Command) -> finding_commands.Step:
            by, at = command.principal.sub, command.meta.time
            return finding_commands.Assign(action=body.action, owner=body.owner.value(), due_on=body.due_on, by=by, at=at)

        return await run(request, principal, doing(id, asked))

    @router.post("/findings/{id}/completion")
    async def finish(request: Request, id: UUID, body: DoneBody, principal: Annotated[Principal, allowed("finding.work")]) -> Response:
        """Show that the action is done; where an officer owns it, only he does."""

        def asked(command: Command) -> finding_commands.Step:
            return finding_commands.Finish(evidence=values(body.evidence), by=command.principal.sub, at=command.meta.time)

        return await run(request, principal, doing(id, asked))

    @router.post("/findings/{id}/verification")
    async def verify(
        request: Request, id: UUID, body: VerificationBody, principal: Annotated[Principal, allowed("finding.verify")]
    ) -> Response:
        """Say whether the action helped: somebody else than its owner. If it did, the finding is closed; if not, it is open again."""

        def asked(command: Command) -> finding_commands.Step:
            by, at = command.principal.sub, command.meta.time
            return finding_commands.Verify(effective=body.effective, note=body.note, unit=body.unit, by=by, at=at)

        return await run(request, principal, doing(id, asked))

    @router.post("/findings/{id}/reopening")
    async def reopen(
        request: Request, id: UUID, body: ReopeningBody, principal: Annotated[Principal, allowed("finding.reopen")]
    ) -> Response:
        """Open a closed finding again: it is so once more."""

        def asked(command: Command) -> finding_commands.Step:
            return finding_commands.Reopen(reason=body.reason, by=command.principal.sub, at=command.meta.time)

        return await run(request, principal, doing(id, asked))

    _ = (cause, assign, finish, verify, reopen)


def add_reading(router: APIRouter, register: ReformRegister) -> None:
    """Add what is read."""

    @router.get("/findings")
    async def findings(
        principal: Annotated[Principal, allowed("reform.read")], wanted: Annotated[FindingsWanted, Depends()], paging: Paging
    ) -> Response:
        """List findings, the newest first; what an officer's score led to is shown to leaders, and to the officer who acts on it."""
        filters = (LEADS in principal.roles, principal.sub, *wanted.filters)
        return await listed(register, "findings", principal, paging, filters=filters, by="opened_at", read=at_instant)

    @router.get("/findings/{id}")
    async def one(request: Request, id: UUID, principal: Annotated[Principal, allowed("reform.read")]) -> Response:
        """Give a finding: where it stands, and everything that was done about it."""
        return versioned(request, *await register.finding(id, principal))

    _ = (findings, one)
