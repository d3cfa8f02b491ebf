"""Step 3 of 8, decide: how far the plan of a year is, by its seven contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from contracts.reporting_reform import ReformContent
from services.reporting.domain.reform_plan import Plan, Task

WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Tasks under one content. `percent`: the mean of what is said of those not dropped, a hundred for what is done; None without any."""

    tasks: int
    done: int
    dropped: int
    overdue: int
    percent: float | None


def progress_of(plan: Plan) -> dict[ReformContent, Progress]:
    """Say how far a plan is under each of the seven contents, those without a task too: that none was planned is to be seen."""
    return {
        content: progress([task for task in plan.tasks.values() if task.planned.content == content]) for content in get_args(ReformContent)
    }


def progress(tasks: list[Task]) -> Progress:
    """Say how far some tasks are; one is overdue that was said to be, for the day that holds, and is not done."""
    held = [task for task in tasks if task.ended != "task-dropped"]
    said = [WHOLE if task.ended else task.progress[0] for task in held]
    return Progress(
        tasks=len(held),
        done=sum(task.ended is not None for task in held),
        dropped=len(tasks) - len(held),
        overdue=sum(task.ended is None and task.rung_for == task.planned.due_on for task in held),
        percent=round(sum(said) / len(said), 2) if said else None,
    )
