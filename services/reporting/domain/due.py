"""Step 3 of 8, decide: what is due by a day, and when that day is over. Read off the day itself, not off a clock (ADR 16)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Any, TypeVar

from kernel.legalclock import day_of, midnight

State = TypeVar("State")


def over_at(due_on: date) -> datetime:
    """Give the instant at which a day is over: its last hour counts whole (Bộ luật Dân sự 2015, Điều 148.6)."""
    return midnight(due_on + timedelta(days=1))


def is_over(due_on: date | None, at: datetime) -> bool:
    """Tell whether something was due on a day before that of an instant."""
    return due_on is not None and day_of(at) > due_on


def with_alarms(
    by: datetime,
    state: State,
    decided: Sequence[Any],
    raised: Callable[[datetime, State], list[Any]],
    evolve: Callable[[State, Any], State],
) -> list[Any]:
    """Put what is overdue by an instant around what a command leads to.

    What the command would silence is said before it, so that a worker that was down has kept nobody from knowing. What is overdue as soon
    as it is said, for it came late, is said after it.
    """
    if not decided:
        return []  # done already: nothing is silenced
    said = raised(by, state)
    return [*said, *decided, *raised(by, reduce(evolve, [*said, *decided], state))]
