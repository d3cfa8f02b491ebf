"""Step 1 of 8, http_api: the plan of a year's reform, its tasks, and how far they are; overdue work of every kind."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from contracts.reporting_reform import ReformContent
from contracts.vocabulary import AgencyCode
from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.problem import refusal
from kernel.eventlog import Outcome, Target
from services.reporting.domain import reform_plan, reform_plan_commands
from services.reporting.domain.reform_plan import DECIDER
from services.reporting.handle_overdue import Overdue
from services.reporting.handle_reform import Reform
from services.reporting.http_reform_fields import (
    ACCOUNT_PATTERN,
    UNIT_PATTERN,
    Day,
    EvidenceBody,
    OwnerBody,
    Paging,
    Shown,
    Text,
    Year,
    listed,
    values,
)
from services.reporting.query_reform import ReformRegister

TASKS_MAX: Final = 300

READERS: Final = {"leader", "analyst", "officer"}
WORKERS: Final = {"officer", "leader"}
ACTIONS: Final[dict[str, set[str]]] = {
    "reform.read": READERS,
    "reform-plan.adopt": {"leader"},
    "reform-task.report": WORKERS,
    "reform.ring": {"leader"},
}
OF_ALL: Final = {
    "reform.ring": "it looks what is overdue of every agency, as the worker does by itself, and says how many facts came of it"
}

REFUSALS: Final = (
    refusal("no-such-plan", "Không tìm thấy kế hoạch này.", "There is no such plan.", status=404),
    refusal("plan-adopted-already", "Năm này đã có kế hoạch; hãy điều chỉnh kế hoạch đó.", "The year has its plan; change that one."),
    refusal("no-such-task", "Kế hoạch không có nhiệm vụ này.", "The plan has no such task.", status=404, members=("number",)),
    refusal("task-named-twice", "Một nhiệm vụ chỉ được nêu một lần trong một quyết định.", "One decision names a task once."),
    refusal("task-done", "Nhiệm vụ này đã hoàn thành.", "This task is done.", members=("number",)),
    refusal("task-dropped", "Nhiệm vụ này đã được đưa ra khỏi kế hoạch.", "This task was dropped.", members=("number",)),
    refusal("due-in-the-past", "Ngày đến hạn đã qua.", "The day by which it would be due is over.", members=("due_on",)),
    refusal(
        "not-the-owner",
        "Việc này có cá nhân chịu trách nhiệm: chỉ người đó được báo cáo.",
        "An officer answers for this: he alone says how far it is.",
    ),
)

TaskNumber = Annotated[int, Path(ge=1, le=10_000)]
Adopting = Annotated[Principal, allowed("reform-plan.adopt")]
Reporting = Annotated[Principal, allowed("reform-task.report")]
Reading = Annotated[Principal, allowed("reform.read")]
OfUnit = Annotated[str | None, Query(pattern=UNIT_PATTERN, description="Of this unit alone.")]
OfOfficer = Annotated[str | None, Query(pattern=ACCOUNT_PATTERN, description="Of this officer alone.")]
IsOverdue = Annotated[bool | None, Query(description="Whether its day is over and it is not done.")]


class TaskBody(Body):
    """A task: under which content, what is to be done, what comes of it, who answers for it, by when."""

    content: ReformContent
    title: Text
    product: Text
    owner: OwnerBody
    due_on: Day

    def planned(self, number: int | None = None) -> reform_plan_commands.Planned:
        """Give what the domain plans."""
        return reform_plan_commands.Planned(
            number=number,
            content=self.content,
            title=self.title,
            product=self.product,
            owner=self.owner.value(),
            due_on=self.due_on,
        )


class ChangedTaskBody(TaskBody):
    """A task that takes the place of one with this number, or a new one (no number)."""

    number: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None


class PlanBody(Body):
    """The plan of a year and the decision that it came by; tasks are numbered in this order."""

    agency: AgencyCode
    year: Year
    decision: EvidenceBody
    tasks: Annotated[tuple[TaskBody, ...], Field(min_length=1, max_length=TASKS_MAX)]


class ChangeBody(Body):
    """What a decision sets and drops."""

    decision: EvidenceBody
    reason: Text
    tasks: Annotated[tuple[ChangedTaskBody, ...], Field(max_length=TASKS_MAX)] = ()
    dropped: Annotated[tuple[Annotated[int, Field(strict=True, ge=1, le=10_000)], ...], Field(max_length=TASKS_MAX)] = ()


class ProgressBody(Body):
    """How far a task is, in percent; what is done is said by completing it."""

    percent: Annotated[int, Field(strict=True, ge=0, le=99)]
    note: Text


class CompletionBody(Body):
    """What shows that it is done."""

    evidence: Shown


class TasksWanted:
    """Which tasks."""

    def __init__(
        self,
        plan: Annotated[UUID | None, Query(description="Of this plan alone.")] = None,
        content: ReformContent | None = None,
        unit: OfUnit = None,
        officer: OfOfficer = None,
        state: Literal["open", "done", "dropped"] | None = None,
        overdue: IsOverdue = None,
        year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    ) -> None:
        self.filters = (plan, content, unit, officer, state, overdue, year)


def routes(reform: Reform, register: ReformRegister) -> APIRouter:
    """Make the routes of the plan."""
    router = APIRouter(prefix="/v1/reform")
    add_planning(router, reform)
    add_reading(router, register)
    add_ringing(router, reform)
    return router


def add_planning(router: APIRouter, reform: Reform) -> None:
    """Add what is decided and reported."""
    run = reform.runtime.commands.run

    @router.post("/plans", status_code=201)
    async def adopt(request: Request, body: PlanBody, principal: Adopting) -> Response:
        """Adopt the plan of a year: there is one for an agency and a year."""

        async def work(command: Command) -> Outcome[reform_plan.State]:
            adopt = reform_plan_commands.Adopt(
                agency=body.agency,
                year=body.year,
                decision=body.decision.value(),
                tasks=tuple(task.planned() for task in body.tasks),
                by=command.principal.sub,
                at=command.meta.time,
            )
            return await reform.begin(Target(reform_plan.plan_id(body.agency, body.year), DECIDER, adopt), body.agency, command)

        return await run(request, principal, work, status=201, location="/v1/reform/plans/{id}")

    @router.post("/plans/{id}/change")
    async def change(request: Request, id: UUID, body: ChangeBody, principal: Adopting) -> Response:
        """Change the plan by a decision; what was overdue stays so in the record."""

        async def work(command: Command) -> Outcome[reform_plan.State]:
            change = reform_plan_commands.Change(
                decision=body.decision.value(),
                reason=body.reason,
                tasks=tuple(task.planned(task.number) for task in body.tasks),
                dropped=body.dropped,
                by=command.principal.sub,
                at=command.meta.time,
            )
            return await reform.step(Target(id, DECIDER, change), command)

        return await run(request, principal, work)

    @router.post("/plans/{id}/tasks/{task}/progress")
    async def progress(request: Request, id: UUID, task: TaskNumber, body: ProgressBody, principal: Reporting) -> Response:
        """Say how far a task is; where an officer owns it, only he does."""

        async def work(command: Command) -> Outcome[reform_plan.State]:
            by, at = command.principal.sub, command.meta.time
            said = reform_plan_commands.Progress(number=task, percent=body.percent, note=body.note, by=by, at=at)
            return await reform.step(Target(id, DECIDER, said), command)

        return await run(request, principal, work)

    @router.post("/plans/{id}/tasks/{task}/completion")
    async def complete(request: Request, id: UUID, task: TaskNumber, body: CompletionBody, principal: Reporting) -> Response:
        """Say that a task is done, and show it."""

        async def work(command: Command) -> Outcome[reform_plan.State]:
            by, at = command.principal.sub, command.meta.time
            done = reform_plan_commands.Complete(number=task, evidence=values(body.evidence), by=by, at=at)
            return await reform.step(Target(id, DECIDER, done), command)

        return await run(request, principal, work)

    _ = (adopt, change, progress, complete)


def add_reading(router: APIRouter, register: ReformRegister) -> None:
    """Add what is read."""

    @router.get("/plans")
    async def plans(principal: Reading, paging: Paging) -> Response:
        """List plans, the newest year first."""
        return await listed(register, "plans", principal, paging, by="year", read=int)

    @router.get("/plans/{id}")
    async def plan(request: Request, id: UUID, principal: Reading) -> Response:
        """Give a plan, how far it is under each of the seven contents, and all that was decided and reported."""
        return versioned(request, *await register.plan(id, principal))

    @router.get("/tasks")
    async def tasks(principal: Reading, wanted: Annotated[TasksWanted, Depends()], paging: Paging) -> Response:
        """List tasks, what is due first before the others."""
        filters, read = wanted.filters, date.fromisoformat
        return await listed(register, "tasks", principal, paging, filters=filters, by="due_on", read=read, id="task_id")

    _ = (plans, plan, tasks)


def add_ringing(router: APIRouter, reform: Reform) -> None:
    """Add the look at what is overdue."""

    @router.post("/overdue", dependencies=[allowed("reform.ring")])
    async def ring(request: Request) -> Response:
        """Look what is overdue now, as is done by itself every so often; what was said before is not said again."""
        return json_response({"recorded": await Overdue(reform.runtime).ring(reform.runtime.commands.clock.now(request))})

    _ = ring
