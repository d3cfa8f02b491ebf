"""Step 3 of 8, decide: when a limit is near, has run out, and must be known to the director. Read off the deadline itself, not a clock.

An alarm is for somebody: it rings when office is open, by the calendar that the limit was counted by.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias

from contracts.vocabulary import Deadline
from kernel.legalclock import (
    Calendar,
    Limit,
    OutsideCalendar,
    calendar_counted_by,
    day_of,
    deadline,
    heard_at,
    late_from,
    load_calendar,
    midnight,
    near,
    rule_pack_on,
)
from services.processing.domain.case_states import Case
from services.processing.domain.workflow import SIGNING_ROLE

Kind: TypeAlias = Literal["due-soon", "overdue", "escalated"]

ESCALATED_AFTER_DAYS: Final = 1
"""The head of the unit is told at once that a limit has run out; the director, if it is so still a working day later."""

ROLES: Final[dict[Kind, str]] = {"due-soon": "chuyen-vien", "overdue": "truong-phong", "escalated": SIGNING_ROLE}


def step_due_at(since: datetime, hours: int, calendar: Calendar) -> datetime:
    """Give when the hours of a step are used up: an internal target beside the limit, which is never a sum of such hours."""
    if hours == 0:
        return since
    return deadline(since, Limit(hours, "working-hours"), "complete", calendar, rule_pack_on(day_of(since))).due_at


def first_alarm_at(due: Deadline | None) -> datetime | None:
    """Give when the first alarm of a limit is due; None where there is no limit."""
    return None if due is None else heard_at(near(due) or late_from(due), calendar_counted_by(due.calendar))


def soon(new_due_at: datetime, promised_at: datetime) -> datetime:
    """Give when a new day is near: the opening of the working day before it, by the calendar as it was known when that day was promised."""
    return _opening(day_of(new_due_at), -1, load_calendar().as_known_at(promised_at))


def answer_rings_at(due: Deadline) -> datetime:
    """Give when it is to be said that another agency has let its limit run out: when somebody is there to hear it."""
    return heard_at(late_from(due), calendar_counted_by(due.calendar))


def alarms(case: Case) -> list[tuple[Kind, datetime, datetime]]:
    """List what will be raised if nothing happens: the kind, the limit that it is about, and when. A new day has alarms of its own."""
    found: list[tuple[Kind, datetime, datetime]] = []
    if case.deadline is not None and case.kept is not None:
        found = _of_promise(case.kept.due_at, case.kept.at)
    elif case.deadline is not None:
        found = _of_limit(near(case.deadline), case.deadline.due_at, late_from(case.deadline), calendar_counted_by(case.deadline.calendar))
    if case.new_due_at is not None and case.promised_at is not None:
        # From the apology on, the applicant waits for the new day: what the first limit had left to say is not said any more.
        found = _of_promise(case.new_due_at, case.promised_at)
    return sorted((one for one in found if (one[0], one[1]) not in case.rung), key=lambda one: one[2])


def next_alarm_at(case: Case) -> datetime | None:
    """Give when the next alarm is due; None if there is nothing left to say."""
    return min((at for _, _, at in alarms(case)), default=None)


def _of_promise(due_at: datetime, told_at: datetime) -> list[tuple[Kind, datetime, datetime]]:
    """Give the alarms of a day that the applicant was told at an instant, whatever the limit is."""
    return _of_limit(soon(due_at, told_at), due_at, midnight(day_of(due_at) + timedelta(days=1)), load_calendar().as_known_at(told_at))


def _of_limit(soon: datetime | None, due_at: datetime, ran_out: datetime, calendar: Calendar) -> list[tuple[Kind, datetime, datetime]]:
    overdue_at = heard_at(ran_out, calendar)
    escalated_at = _opening(day_of(overdue_at), ESCALATED_AFTER_DAYS, calendar)
    late: list[tuple[Kind, datetime, datetime]] = [("overdue", due_at, overdue_at), ("escalated", due_at, escalated_at)]
    return late if soon is None else [("due-soon", due_at, heard_at(soon, calendar)), *late]


def _opening(day: date, working_days: int, calendar: Calendar) -> datetime:
    """Give when office opens so many working days after a day; beyond the calendar every day is one."""
    try:
        return calendar.windows(calendar.add_working_days(day, working_days))[0][0]
    except OutsideCalendar:
        return midnight(day + timedelta(days=working_days))
