"""Step 3 of 8, decide: the plan of a year's reform: adopted once, changed by decisions; each task has one owner, who says how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from contracts.reporting_reform import (
    Owner,
    ReformPlanAdopted,
    ReformPlanChanged,
    ReformPlanFact,
    ReformTaskCompleted,
    ReformTaskDropped,
    ReformTaskOverdue,
    ReformTaskProgressed,
    ReformTaskSet,
)
from contracts.vocabulary import AgencyCode, PrincipalId, ReformPlanId
from kernel.eventlog import Decider, Refused
from services.reporting.domain.due import is_over, over_at, with_alarms
from services.reporting.domain.reform_plan_commands import Adopt, Change, Command, Complete, Planned, Progress, Ring, Step

Refusal: TypeAlias = Literal[
    "no-such-plan",
    "plan-adopted-already",
    "no-such-task",
    "task-named-twice",
    "task-done",
    "task-dropped",
    "due-in-the-past",
    "not-the-owner",
]


def plan_id(agency: AgencyCode, year: int) -> ReformPlanId:
    """Name the plan of an agency and a year: there is one."""
    return ReformPlanId(uuid5(NAMESPACE_URL, f"reform-plan/{agency}/{year}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Where a task stands; `rung_for`: the day of which it was said that it is over."""

    planned: Planned
    progress: tuple[int, str] = (0, "")
    ended: Literal["task-done", "task-dropped"] | None = None
    rung_for: date | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """It was adopted."""

    id: ReformPlanId
    agency: AgencyCode
    year: int
    tasks: Mapping[int, Task]


State: TypeAlias = Plan | None
INITIAL: Final[State] = None


def decide(command: Command, state: State) -> list[ReformPlanFact]:
    """Give what a command leads to, and beside it which tasks are overdue by then.

    Raises:
        Refused: a `Refusal`.
    """
    if isinstance(command, Ring):
        return [*overdue(command.at, state)]
    return with_alarms(command.at, state, decided(command, state), overdue, evolve)


def decided(command: Step, state: State) -> list[ReformPlanFact]:
    """Give what a command itself leads to.

    Raises:
        Refused: as `decide`.
    """
    match command, state:
        case Adopt(), None:
            plan = Plan(plan_id(command.agency, command.year), command.agency, command.year, {})
            adopted = ReformPlanAdopted(
                plan_id=plan.id,
                agency=plan.agency,
                year=plan.year,
                decision=command.decision,
                adopted_by=command.by,
                adopted_at=command.at,
            )
            return [adopted, *tasks_set(command.tasks, command, plan)]
        case Change(), Plan():
            return changed(command, state)
        case Progress(), Plan():
            task = open_task(command, state)
            if task.progress == (command.percent, command.note):
                return []
            return [
                ReformTaskProgressed(
                    plan_id=state.id,
                    agency=state.agency,
                    number=command.number,
                    percent=command.percent,
                    note=command.note,
                    reported_by=command.by,
                    reported_at=command.at,
                )
            ]
        case Complete(), Plan():
            task = open_task(command, state)
            return [
                ReformTaskCompleted(
                    plan_id=state.id,
                    agency=state.agency,
                    number=command.number,
                    evidence=command.evidence,
                    late=is_over(task.planned.due_on, command.at),
                    completed_by=command.by,
                    completed_at=command.at,
                )
            ]

        case Adopt(), Plan():
            raise refused("plan-adopted-already")
        case _, None:
            raise refused("no-such-plan")


def changed(command: Change, plan: Plan) -> list[ReformPlanFact]:
    """Set and drop what a decision says; one that says nothing new about any task says nothing.

    Raises:
        Refused: a `Refusal`.
    """
    named = [*(task.number for task in command.tasks if task.number is not None), *command.dropped]
    if len(named) != len({*named}):
        raise refused("task-named-twice")
    for number in named:
        if number not in plan.tasks:
            raise refused("no-such-task", number=number)
        if (ended := plan.tasks[number].ended) is not None:
            raise refused(ended, number=number)
    dropped = [
        ReformTaskDropped(plan_id=plan.id, agency=plan.agency, number=number, dropped_by=command.by, dropped_at=command.at)
        for number in command.dropped
    ]
    if not (facts := [*tasks_set(command.tasks, command, plan), *dropped]):
        return []
    change = ReformPlanChanged(
        plan_id=plan.id,
        agency=plan.agency,
        decision=command.decision,
        reason=command.reason,
        changed_by=command.by,
        changed_at=command.at,
    )
    return [change, *facts]


def tasks_set(tasks: tuple[Planned, ...], command: Adopt | Change, plan: Plan) -> list[ReformTaskSet]:
    """Set tasks that say something new; those without a number get the next ones.

    Raises:
        Refused: "due-in-the-past": nobody is given what is overdue already.
    """
    facts: list[ReformTaskSet] = []
    free = max(plan.tasks, default=0)
    for task in tasks:
        free += task.number is None
        number = task.number or free
        said = replace(task, number=number)
        if number in plan.tasks and plan.tasks[number].planned == said:
            continue
        if is_over(task.due_on, command.at):
            raise refused("due-in-the-past", due_on=task.due_on)
        facts.append(
            ReformTaskSet(
                plan_id=plan.id,
                agency=plan.agency,
                year=plan.year,
                number=number,
                content=task.content,
                title=task.title,
                product=task.product,
                owner=task.owner,
                due_on=task.due_on,
                set_by=command.by,
                set_at=command.at,
            )
        )
    return facts


def open_task(command: Progress | Complete, plan: Plan) -> Task:
    """Give the task that somebody speaks of, if it is his.

    Raises:
        Refused: a `Refusal`.
    """
    task = plan.tasks.get(command.number)
    if task is None:
        raise refused("no-such-task", number=command.number)
    if task.ended is not None:
        raise refused(task.ended, number=command.number)
    if not may_answer(task.planned.owner, command.by):
        raise refused("not-the-owner")
    return task


def may_answer(owner: Owner, who: PrincipalId) -> bool:
    """Tell whether somebody may speak for an owner: where that is an officer, he alone; who is in a unit is not known here."""
    return owner.officer in {None, who}


def overdue(by: datetime, state: State) -> list[ReformPlanFact]:
    """Say which tasks are overdue by an instant and were not said to be, the longest first."""
    if state is None:
        return []
    late = sorted(
        (task.planned.due_on, number)
        for number, task in state.tasks.items()
        if task.ended is None and task.rung_for != task.planned.due_on and over_at(task.planned.due_on) <= by
    )
    return [
        ReformTaskOverdue(plan_id=state.id, agency=state.agency, number=number, due_on=due_on, raised_at=over_at(due_on))
        for due_on, number in late
    ]


def evolve(state: State, event: ReformPlanFact) -> State:
    """Give the state after a fact."""
    match event, state:
        case ReformPlanAdopted(), None:
            return Plan(event.plan_id, event.agency, event.year, MappingProxyType({}))
        case ReformTaskSet(), Plan():
            task = state.tasks.get(event.number)
            planned = Planned(
                number=event.number,
                content=event.content,
                title=event.title,
                product=event.product,
                owner=event.owner,
                due_on=event.due_on,
            )
            return with_task(state, event.number, replace(task, planned=planned) if task else Task(planned=planned))
        case ReformTaskProgressed(), Plan():
            return changed_task(state, event.number, progress=(event.percent, event.note))
        case ReformTaskCompleted(), Plan():
            return changed_task(state, event.number, ended="task-done")
        case ReformTaskDropped(), Plan():
            return changed_task(state, event.number, ended="task-dropped")
        case ReformTaskOverdue(), Plan():
            return changed_task(state, event.number, rung_for=event.due_on)
        # Whoever asks by an id may name a stream of another kind: there is no plan in it.
        case _:
            return state


def changed_task(plan: Plan, number: int, **by: Any) -> Plan:
    """Change where a task stands."""
    return with_task(plan, number, replace(plan.tasks[number], **by))


def with_task(plan: Plan, number: int, task: Task) -> Plan:
    """Put a task into a plan."""
    return replace(plan, tasks=MappingProxyType({**plan.tasks, number: task}))


def refused(reason: Refusal, **detail: Any) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason, **detail)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
