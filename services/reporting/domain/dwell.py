"""Step 3 of 8, decide: with whom a dossier lay, from the day on which it came to the day on which the work on it was over.

At the desk until it was accepted; then with the department, but for the days on which the clock stood still for the applicant. The parts
add up to the whole. By the day, as punctuality is judged: a stretch counts the days after its first, up to its last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import ceil
from typing import Final, TypeAlias

from kernel.legalclock import Calendar
from services.reporting.domain.figures import Clocked, Dossier
from services.reporting.domain.period import Period

HOLDERS: Final = ("desk", "department", "applicant")
PERCENTILES: Final = (50, 90)

Days: TypeAlias = Callable[[date, date], int]
"""Counts the days after one up to another: all of them, or those that are worked."""


def lain(dossier: Dossier, days: Days) -> dict[str, int] | None:
    """Say for how many days a dossier lay with each holder, and in all; None while it is in progress, or was never accepted."""
    submitted_on, accepted_on, ended_on = dossier.submitted_on, dossier.accepted_on, dossier.ended_on
    if submitted_on is None or accepted_on is None or ended_on is None:
        return None
    stretches = pairwise((*dossier.clock, Clocked(ended_on, runs=True, due_on=None)))
    waited = sum(days(min(one.on, ended_on), min(then.on, ended_on)) for one, then in stretches if not one.runs)
    return {
        "desk": days(submitted_on, accepted_on),
        "department": days(accepted_on, ended_on) - waited,
        "applicant": waited,
        "total": days(submitted_on, ended_on),
    }


def percentile(values: Sequence[int], percent: int) -> int:
    """Give the least value that at least so many percent of some values do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


def worked_until(calendar: Calendar, period: Period) -> list[int] | None:
    """Give for each day of a period how many days of it were worked up to there; None if the calendar does not know them all."""
    first, until = calendar.covers
    if period.first < first or period.last + timedelta(days=1) > until:
        return None
    worked, n = list[int](), 0
    for day in period.days():
        n += calendar.is_working(day)
        worked.append(n)
    return worked
