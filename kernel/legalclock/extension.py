"""A new date with an apology, and dates restated after news of days off: what may be promised anew, and what never gets worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from kernel.legalclock.calendar import Calendar
from kernel.legalclock.deadline import Deadline
from kernel.legalclock.history import Reckoning, Told, reckon
from kernel.legalclock.instants import day_of
from kernel.legalclock.moments import Apologised, Moment, Restated
from kernel.legalclock.rule_pack import rule_pack

Reason: TypeAlias = Literal["ended", "extended-already", "no-apology", "not-later", "day-off"]


class NotExtendable(ValueError):  # noqa: N818 - says what it is not
    """No new date may be promised. `reason` is a stable word."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason: Reason = reason


def apologise(found: Reckoning, calendar: Calendar, *, at: datetime, cause: str, due_on: date, number: str) -> Apologised:
    """Promise a new date, with an apology of that number (NĐ 61/2018, Điều 19.9), as often as the rule pack allows: once.

    An apology that comes too late is one all the same; the reckoning then says that it was not in time.

    Raises:
        NotExtendable: "ended": there is nothing to wait for any more; "extended-already": it was promised anew as often as may be;
            "no-apology": the apology has no number; "not-later": the date is not after the one promised so far, or is past;
            "day-off": nobody is there on that day.
    """
    if found.state == "ended":
        raise NotExtendable("ended")
    if len(found.extensions) >= rule_pack(found.deadline.rule_pack).extensions_max:
        raise NotExtendable("extended-already")
    if not number.strip():
        raise NotExtendable("no-apology")
    if due_on <= found.promised.due_on or due_on < day_of(at):
        raise NotExtendable("not-later")
    if not calendar.as_known_at(at).is_working(due_on):
        raise NotExtendable("day-off")
    return Apologised(at=at, cause=cause, due_on=due_on, number=number)


@dataclass(frozen=True, slots=True)
class Restatement:
    """News of the calendar moved a date: what was promised, the law's date now, and what is promised now, never later than before."""

    moment: Restated
    before: Told
    deadline: Deadline
    promised: Told


def restate(moments: Sequence[Moment], calendar: Calendar, at: datetime, cause: str) -> Restatement | None:
    """Apply what is known of the calendar at an instant to a limit that runs; None where no date moves.

    A date that the law now puts later was told, and holds for the applicant; one that it puts earlier is told anew. What was missed before
    the news came stays missed.

    Raises:
        NotBegun: if the limit had not begun then.
    """
    moment = Restated(at=at, cause=cause)
    before = reckon(moments, calendar, at)
    after = reckon([*(it for it in moments if it.at <= at), moment], calendar)
    if (before.deadline.due_at, before.promised) == (after.deadline.due_at, after.promised):
        return None
    return Restatement(moment, before.promised, after.deadline, after.promised)
