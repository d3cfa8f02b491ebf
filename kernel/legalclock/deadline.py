"""Deadlines: from a start, a limit and a calendar to a due instant that carries its own derivation.

How a limit is counted: the first day is not (Bộ luật Dân sự 2015, Điều 147.2); working days skip days off; calendar days count all of
them, and a last day that is a day off is pushed to the next working day (Điều 148.5); hours run from the moment itself (Điều 147.1),
within office hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from kernel.legalclock.calendar import Calendar, in_hours_of
from kernel.legalclock.exclusion import without
from kernel.legalclock.instants import day_of, midnight, utc
from kernel.legalclock.phrases import EVERY_DAY, FIRST_DAY, NOTHING_LEFT, OUTSIDE, PUSHED
from kernel.legalclock.rule_pack import Rule, RulePack
from kernel.legalclock.segment import Segment, SegmentLike, Track, until

LimitUnit: TypeAlias = Literal["working-days", "calendar-days", "working-hours"]
StartRule: TypeAlias = Literal["complete", "arrival"]

ONE_DAY: Final = timedelta(days=1)


class LimitLike(Protocol):
    """Whatever has an amount and a unit."""

    @property
    def amount(self) -> int:
        """How many, above zero."""
        ...

    @property
    def unit(self) -> LimitUnit:
        """What is counted."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """Time allowed: an amount above zero and what it counts."""

    amount: int
    unit: LimitUnit


class DeadlineLike(Protocol):
    """Whatever has a deadline's attributes: ours, or a model read back from a fact."""

    @property
    def due_at(self) -> datetime:
        """The last instant, aware."""
        ...

    @property
    def due_on(self) -> date:
        """Its local day."""
        ...

    @property
    def starts_at(self) -> datetime:
        """When the clock began, aware."""
        ...

    @property
    def start_rule(self) -> StartRule:
        """What made it begin."""
        ...

    @property
    def limit(self) -> LimitLike:
        """The time allowed."""
        ...

    @property
    def calendar(self) -> str:
        """Version of the calendar."""
        ...

    @property
    def rule_pack(self) -> str:
        """Name of the rule pack."""
        ...

    @property
    def segments(self) -> Sequence[SegmentLike]:
        """The derivation, first event to due instant."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A due instant that explains itself.

    `due_at` (UTC) is the closing of the last day, or for hours the very instant; `due_on` its local day. `starts_at` is when the clock
    began: the event itself, or the next opening where that counts. `segments` cover [event, due_at) with no gap and no overlap, and
    what counts in them is exactly the limit.
    """

    due_at: datetime
    due_on: date
    starts_at: datetime
    start_rule: StartRule
    limit: Limit
    calendar: str
    rule_pack: str
    segments: tuple[Segment, ...]


def deadline(start_at: datetime, limit: LimitLike, start_rule: StartRule, calendar: Calendar, rule_pack: RulePack) -> Deadline:
    """Compute when a limit that begins with an event ends.

    Args:
        start_at: the event, aware. Under "complete" an event outside office hours counts as one at the next opening; under "arrival"
            its own local day is the first day, be it a Sunday.
        limit: amount above zero and unit.
        start_rule: "complete" (từ khi nhận đủ) or "arrival" (từ khi nhận được).
        calendar: as known at the time of computing.
        rule_pack: the rules in force.

    Raises:
        NaiveInstant: if `start_at` has no time zone.
        OutsideCalendar: if any of it lies outside the calendar.
        ValueError: if the amount is not above zero.
    """
    if limit.amount <= 0:
        message = f"a limit of {limit.amount} {limit.unit} is none"
        raise ValueError(message)
    way = course(utc(start_at), limit.unit, start_rule, calendar, rule_pack)
    amount = whole(limit)
    due_at = way.due(amount)
    return Deadline(
        due_at=due_at,
        due_on=day_of(due_at),
        starts_at=way.begins_at,
        start_rule=start_rule,
        limit=Limit(limit.amount, limit.unit),
        calendar=calendar.version,
        rule_pack=rule_pack.id,
        segments=tuple(way.segments(amount, due_at)),
    )


def is_late(deadline: DeadlineLike, instant: datetime) -> bool:
    """Tell whether something done at an instant is late: days by local date (Bộ luật Dân sự 2015, Điều 148.6), hours by the instant."""
    if deadline.limit.unit == "working-hours":
        return utc(instant) > deadline.due_at
    return day_of(instant) > deadline.due_on


def appointment_at(deadline: DeadlineLike, calendar: Calendar) -> datetime:
    """Give the time to print on the receipt: on the due day, at the clock time of the start, within office hours.

    Never after `due_at`. A limit in hours is its own appointment.
    """
    if deadline.limit.unit == "working-hours":
        return deadline.due_at
    return in_hours_of(calendar, deadline.due_on, deadline.starts_at)


class Course(NamedTuple):
    """The way of a limit under one calendar: what counts lies from `base` on. Where days are counted, that is the midnight after `first`.

    `head` is what lies before and does not count. A course from an event has one; where another calendar takes over, the way goes on
    from `base` without. Where all of a limit in calendar days was counted before that, the days through `off_through` were off. `out` has
    passed and is left out by a decision: single whole days, or for hours any time.
    """

    unit: LimitUnit
    calendar: Calendar
    sources: Mapping[Rule, str]
    begins_at: datetime
    first: date
    base: datetime
    head: tuple[Segment, ...] = ()
    off_through: date = date.min
    out: tuple[Segment, ...] = ()

    def due(self, amount: int) -> datetime:
        """Give the instant to which an amount leads. No days, from an event on, end on the day itself."""
        if self.unit == "working-hours":
            worked = self.calendar.time_worked(self.base) + amount * timedelta.resolution
            return self.calendar.after_time_worked(worked + self._worked_out() if self.out else worked)
        if amount == 0 and self.head:
            return self.calendar.closing(self._not_out(day_of(self.calendar.next_opening(self.begins_at))))
        last = self.last(amount)
        if self.unit == "calendar-days" and not (amount and last > self.off_through and self.calendar.is_working(last)):
            last = self._not_out(self.calendar.add_working_days(max(last, self.off_through), 1))
        return self.calendar.closing(last)

    def last(self, amount: int) -> date:
        """Give the last of an amount of days."""
        last = self._after(amount)
        while self.out and (found := self._days_out(last)) and last < (later := self._after(amount + found)):
            last = later
        return last

    def _after(self, days: int) -> date:
        return self.calendar.add_working_days(self.first, days) if self.unit == "working-days" else self.first + timedelta(days=days)

    def _days_out(self, last: date) -> int:
        """Count the days through one that would have been counted, had they not been left out."""
        days = [day for it in self.out if self.first < (day := day_of(it.start_at)) <= last]
        return sum(self.calendar.is_working(day) for day in days) if self.unit == "working-days" else len(days)

    def _worked_out(self, instant: datetime | None = None) -> timedelta:
        """Give the working time, before an instant, that was left out."""
        found = timedelta()
        for it in self.out:
            start_at, end_at = max(it.start_at, self.base), min(it.end_at, instant or it.end_at)
            if start_at < end_at:
                found += self.calendar.time_worked(end_at) - self.calendar.time_worked(start_at)
        return found

    def _not_out(self, day: date) -> date:
        while any(day == day_of(it.start_at) for it in self.out):
            day = self.calendar.add_working_days(day, 1)
        return day

    def segments(self, amount: int, end_at: datetime) -> list[Segment]:
        """Give the way of an amount as far as an instant, which is not later than the day to which it leads."""
        found = self._segments(amount, end_at)
        return list(without(found, self.out)[0]) if self.out else found

    def _segments(self, amount: int, end_at: datetime) -> list[Segment]:
        if self.unit == "working-hours":
            return self._along(self.calendar.clock_track, end_at)
        if amount == 0 and self.head:
            waited = [piece for piece in self.head if piece.end_at <= self.begins_at]
            left = Segment(self.begins_at, end_at, counts=False, why=NOTHING_LEFT, source=self.sources["counted"])
            return until([*waited, left], end_at)
        if self.unit == "working-days":
            return self._along(self.calendar.days_track, end_at)
        counted_until = midnight(self.last(amount) + ONE_DAY)
        every_day = Segment(self.base, min(counted_until, end_at), counts=True, why=EVERY_DAY, source=self.sources["counted"])
        if end_at <= counted_until:
            return [*self.head, every_day] if end_at > self.base else until(self.head, end_at)
        pushed = midnight(day_of(end_at)) if self.calendar.is_working(day_of(end_at)) else end_at
        last_day = Segment(pushed, end_at, counts=False, why=PUSHED, source=self.sources["last-day"])
        # A day that was off when it passed, and is not called so any more, still does not count.
        days = self.calendar.days_track.between(counted_until, pushed)
        off = [Segment(it.start_at, it.end_at, counts=False, why=PUSHED, source=last_day.source) if it.counts else it for it in days]
        return [*self.head, *([every_day] if amount else []), *off, *([last_day] if pushed < end_at else [])]

    def used(self, instant: datetime, *, is_spared: bool) -> int:
        """Give how much counts before an instant: its day, too, unless that is spared."""
        if instant <= self.base:
            return 0
        if self.unit == "working-hours":
            worked = self.calendar.time_worked(instant) - self.calendar.time_worked(self.base)
            return (worked - self._worked_out(instant) if self.out else worked) // timedelta.resolution
        last = day_of(instant) - ONE_DAY if is_spared else day_of(instant)
        days = self.calendar.working_days(self.first, last) if self.unit == "working-days" else (last - self.first).days
        return days - self._days_out(last) if self.out else days

    def is_spared(self, instant: datetime) -> bool:
        """Tell whether the day of an instant is not used by then: days are counted, and it has only begun, or has not opened."""
        if self.unit == "working-hours":
            return False
        day = day_of(instant)
        windows = self.calendar.windows(day)
        return (bool(windows) and instant < windows[0][0]) or instant == midnight(day)

    def _along(self, track: Track, end_at: datetime) -> list[Segment]:
        return [*self.head, *track.between(self.base, end_at)] if end_at > self.base else until(self.head, end_at)


def course(
    event_at: datetime,
    unit: LimitUnit,
    start_rule: StartRule,
    calendar: Calendar,
    rule_pack: RulePack,
    *,
    known_from: datetime | None = None,
) -> Course:
    """Find where a limit begins that an event starts. Its first day does not count; hours begin at once, or with the next opening.

    A calendar that is known only from some instant on says nothing of the time before: that had no opening (`known_from`).
    """
    sources = rule_pack.sources
    by_day_of_arrival = start_rule == "arrival" and unit != "working-hours"
    begins_at = event_at if by_day_of_arrival else calendar.next_opening(max(event_at, known_from or event_at))
    head = (Segment(event_at, begins_at, counts=False, why=OUTSIDE, source=sources["outside-hours"]),) if event_at < begins_at else ()
    first = day_of(begins_at)
    if unit == "working-hours":
        return Course(unit, calendar, sources, begins_at, first, begins_at, head)
    base = midnight(first + ONE_DAY)
    first_day = Segment(begins_at, base, counts=False, why=FIRST_DAY, source=sources["first-day"])
    return Course(unit, calendar, sources, begins_at, first, base, (*head, first_day))


def whole(limit: LimitLike) -> int:
    """Give the amount of a limit as it is counted: days, or microseconds of working time."""
    return timedelta(hours=limit.amount) // timedelta.resolution if limit.unit == "working-hours" else limit.amount
