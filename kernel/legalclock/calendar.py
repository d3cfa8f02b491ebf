"""The calendar: which local days and minutes are working time, by which text, and since when that has been known."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Final, Literal, TypeAlias

from kernel.legalclock.index import Day, Index, compiled
from kernel.legalclock.instants import day_of, local, utc
from kernel.legalclock.phrases import HOLIDAY, IN_LIEU, PROVISIONAL, SWAPPED_IN, SWAPPED_OFF, WEEKLY_REST, WORKING_DAY
from kernel.legalclock.segment import Track

HASH_DIGITS: Final = 12

Window: TypeAlias = tuple[time, time]
"""Local opening and closing, half-open."""

EntryKind: TypeAlias = Literal["holiday", "in-lieu", "swapped-off", "swapped-in", "half-day"]


class OutsideCalendar(LookupError):  # noqa: N818 - says where the day lies
    """A day that the calendar does not cover. Nothing is guessed: extend the data."""

    def __init__(self, day: date, first: date, until: date) -> None:
        """Keep the day and what is covered."""
        super().__init__(f"{day} lies outside the calendar, which covers [{first}, {until})")
        self.day = day
        self.first = first
        self.until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One day that is not as its weekday says.

    `other` is the rest day made good (in-lieu) or the day swapped with. A swapped-in day keeps the hours of the weekday it stands
    for unless it has `windows` of its own; a half-day must have them. `known_from` and `known_until` bound the instants at which
    this was the state of knowledge.
    """

    on: date
    kind: EntryKind
    source: str
    occasion: str = ""
    other: date | None = None
    windows: tuple[Window, ...] = ()
    provisional: bool = False
    known_from: datetime | None = None
    known_until: datetime | None = None

    @property
    def why(self) -> str:
        """Give the reason in a few Vietnamese words."""
        other = f"{self.other:%d/%m/%Y}" if self.other else "khác"
        match self.kind:
            case "holiday":
                words = HOLIDAY + self.occasion
            case "in-lieu":
                words = IN_LIEU + self.occasion
            case "swapped-off":
                words = SWAPPED_OFF + other
            case "swapped-in":
                words = SWAPPED_IN + other
            case "half-day":
                words = WORKING_DAY
        return words + PROVISIONAL if self.provisional else words


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Office hours from one day on: windows for Monday..Sunday, empty on a weekly day of rest."""

    first: date
    days: tuple[tuple[Window, ...], ...]
    source: str
    known_from: datetime | None = None
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Local days [first, until) for which the data is complete."""

    first: date
    until: date
    known_from: datetime | None = None
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything ever said about a calendar, and the calendars already made of it, by the change they include."""

    entries: tuple[Entry, ...]
    weeks: tuple[Week, ...]
    coverage: tuple[Coverage, ...]
    occasions: Mapping[str, str]
    made: dict[datetime | None, Calendar] = field(default_factory=dict[datetime | None, "Calendar"])

    def changes(self) -> list[datetime]:
        """Give the instants at which something became known or ceased to hold, in order."""
        dated = (*self.entries, *self.weeks, *self.coverage)
        return sorted({instant for item in dated for instant in (item.known_from, item.known_until) if instant is not None})


@dataclass(frozen=True, eq=False)
class Calendar:
    """Working time as known since `known_at` (None: before the first dated news). Immutable; `version` is its identity."""

    name: str
    knowledge: Knowledge = field(repr=False)
    known_at: datetime | None

    def as_known_at(self, instant: datetime) -> Calendar:
        """Give the calendar with what was known at an instant, be that earlier or later than this one's knowledge."""
        changes = self._changes
        position = bisect_right(changes, utc(instant))
        return self._as_of(changes[position - 1] if position else None)

    def versions(self) -> tuple[Calendar, ...]:
        """Give every state of knowledge, oldest first."""
        return tuple(self._as_of(change) for change in (None, *self._changes))

    def adding(self, *entries: Entry) -> Calendar:
        """Give a calendar with more entries, where the last one about a day holds: for what-if questions."""
        more = replace(self.knowledge, entries=(*self.knowledge.entries, *entries), made={})
        return Calendar(self.name, more, self.known_at)

    def kept_by(self, name: str, *weeks: Week) -> Calendar:
        """Give the same holidays with the office hours of one agency."""
        return Calendar(name, replace(self.knowledge, weeks=weeks, made={}), self.known_at)

    @cached_property
    def version(self) -> str:
        """Name this state of knowledge: name, local day of the last news in it, and a prefix of the SHA-256 of all that it says."""
        content = [
            [[str(part) for part in (week.first, week.days, week.source)] for week in self._weeks],
            [[str(entry.on), entry.why, entry.source, str(entry.windows), str(entry.other)] for entry in self._entries.values()],
            [str(part) for part in self.covers],
        ]
        digest = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
        news = day_of(self.known_at) if self.known_at else self.covers[0]
        return f"{self.name}-{news}-{digest[:HASH_DIGITS]}"

    @cached_property
    def covers(self) -> tuple[date, date]:
        """Give the first day covered and the first day that no longer is."""
        known = sorted((part.first, part.until) for part in self.knowledge.coverage if self._holds(part))
        first, until = known[0]
        for start, end in known[1:]:
            if start > until:
                message = f"{self.name}: nothing covers [{until}, {start})"
                raise ValueError(message)
            until = max(until, end)
        return first, until

    def is_working(self, day: date) -> bool:
        """Tell whether a local day has any working time; a half day has."""
        return bool(self._day(day).windows)

    def windows(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Give a day's working windows as instants (UTC), half-open."""
        return self._day(day).windows

    def closing(self, day: date) -> datetime:
        """Give the instant (UTC) at which a working day ends.

        Raises:
            ValueError: if the day is not a working day.
        """
        windows = self.windows(day)
        if not windows:
            message = f"{day} is not a working day"
            raise ValueError(message)
        return windows[-1][1]

    def next_opening(self, instant: datetime) -> datetime:
        """Give the instant itself within office hours, otherwise the next opening. A closing instant is outside."""
        instant = utc(instant)
        day = day_of(instant)
        for start_at, end_at in self.windows(day):
            if instant < end_at:
                return max(start_at, instant)
        return self.windows(self.add_working_days(day, 1))[0][0]

    def add_working_days(self, day: date, amount: int) -> date:
        """Give the `amount`-th working day after a day, or before it if negative; zero gives the day itself."""
        if amount == 0:
            self._day(day)
            return day
        index = self._index
        offset = self._offset(day)
        # Of the working days, those up to and including `day` lie behind a step forward, those before it ahead of a step back.
        wanted = index.before[offset + 1] + amount - 1 if amount > 0 else index.before[offset] + amount
        if not 0 <= wanted < len(index.working):
            first, until = self.covers
            raise OutsideCalendar(until if amount > 0 else first - timedelta(days=1), first, until)
        return date.fromordinal(index.first + index.working[wanted])

    def working_days(self, after: date, through: date) -> int:
        """Count the working days in (after, through]."""
        return self._index.before[self._offset(through) + 1] - self._index.before[self._offset(after) + 1]

    def time_worked(self, instant: datetime) -> timedelta:
        """Give the working time between the start of the calendar and an instant; differences of it are exact and add up."""
        instant, clock = utc(instant), self._index.clock
        if not clock.covers(instant):
            raise self._outside(day_of(instant))
        return clock.time_worked(instant)

    def after_time_worked(self, amount: timedelta) -> datetime:
        """Give the earliest instant (UTC) at which that much was worked since the start of the calendar: a closing stays a closing.

        Raises:
            OutsideCalendar: if that lies beyond the calendar.
        """
        clock = self._index.clock
        position = bisect_left(clock.worked, amount) - 1
        if position >= len(clock.track.segments):
            first, until = self.covers
            raise OutsideCalendar(until, first, until)
        return clock.track.starts[position] + (amount - clock.worked[position])

    @property
    def days_track(self) -> Track:
        """All covered time cut into runs of whole local days."""
        return self._index.days

    @property
    def clock_track(self) -> Track:
        """All covered time cut into office hours and what lies between."""
        return self._index.clock.track

    @cached_property
    def _changes(self) -> list[datetime]:
        return self.knowledge.changes()

    def _as_of(self, change: datetime | None) -> Calendar:
        made = self.knowledge.made
        if (found := made.get(change)) is None:
            made.setdefault(self.known_at, self)
            found = made.setdefault(change, Calendar(self.name, self.knowledge, change))
        return found

    def _holds(self, item: Entry | Week | Coverage) -> bool:
        begun = item.known_from is None or (self.known_at is not None and item.known_from <= self.known_at)
        ended = item.known_until is not None and self.known_at is not None and item.known_until <= self.known_at
        return begun and not ended

    @cached_property
    def _entries(self) -> dict[date, Entry]:
        # Of two entries for one day the last holds; the data file has no such pair, only a what-if does.
        held = {entry.on: entry for entry in self.knowledge.entries if self._holds(entry)}
        return {on: held[on] for on in sorted(held)}

    @cached_property
    def _weeks(self) -> list[Week]:
        return sorted((week for week in self.knowledge.weeks if self._holds(week)), key=lambda week: week.first)

    def _week(self, day: date) -> Week:
        position = bisect_right(self._weeks, day, key=lambda week: week.first)
        if not position:
            first, until = self.covers
            raise OutsideCalendar(day, first, until)
        return self._weeks[position - 1]

    def _described(self, day: date) -> tuple[tuple[Window, ...], str, str]:
        week = self._week(day)
        usual = week.days[day.weekday()]
        match self._entries.get(day):
            case None:
                return usual, WORKING_DAY if usual else WEEKLY_REST, week.source
            case Entry(kind="swapped-in" | "half-day", windows=windows, other=other) as entry:
                lent = self._week(other).days[other.weekday()] if other else usual
                return windows or lent, entry.why, entry.source
            case entry:
                return (), entry.why, entry.source

    @cached_property
    def _index(self) -> Index:
        first, until = self.covers
        days = (date.fromordinal(ordinal) for ordinal in range(first.toordinal(), until.toordinal()))
        return compiled(first, ((day, *self._described(day)) for day in days))

    def _offset(self, day: date) -> int:
        index = self._index
        offset = day.toordinal() - index.first
        if not 0 <= offset < len(index.table):
            raise self._outside(day)
        return offset

    def _day(self, day: date) -> Day:
        index = self._index
        offset = day.toordinal() - index.first
        if not 0 <= offset < len(index.table):
            raise self._outside(day)
        return index.table[offset]

    def _outside(self, day: date) -> OutsideCalendar:
        first, until = self.covers
        return OutsideCalendar(day, first, until)


def in_hours_of(calendar: Calendar, day: date, instant: datetime) -> datetime:
    """Carry an instant's local clock time to a working day, moved into that day's office hours: never after its closing."""
    wanted = datetime.combine(day, local(instant).timetz())
    for start_at, end_at in calendar.windows(day):
        if wanted < end_at:
            return max(utc(wanted), start_at)
    return calendar.closing(day)
