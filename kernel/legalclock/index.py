"""The calendar made quick: each covered day looked up once, so that a deadline is a few additions and two bisections."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TypeAlias

from kernel.legalclock.instants import at, midnight
from kernel.legalclock.phrases import AFTER_HOURS, OFFICE_HOURS
from kernel.legalclock.segment import Segment, Track, track

Described: TypeAlias = tuple[date, tuple[tuple[time, time], ...], str, str]
"""A day, its windows, why it is as it is, and the source."""


@dataclass(frozen=True, slots=True)
class Day:
    """One covered local day: [start_at, end_at) with its working windows, all in UTC."""

    start_at: datetime
    end_at: datetime
    windows: tuple[tuple[datetime, datetime], ...]
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Clock:
    """Office hours laid end to end with what lies between; `worked[n]` is the working time before segment n, and then the total."""

    track: Track
    worked: list[timedelta]

    def covers(self, instant: datetime) -> bool:
        """Tell whether an instant lies within."""
        return self.track.starts[0] <= instant < self.track.segments[-1].end_at

    def time_worked(self, instant: datetime) -> timedelta:
        """Give the working time from the first covered instant to this one."""
        position = bisect_right(self.track.starts, instant) - 1
        segment = self.track.segments[position]
        return self.worked[position] + (instant - segment.start_at if segment.counts else timedelta())


@dataclass(frozen=True)
class Index:
    """Days by their distance from `first` (a proleptic ordinal)."""

    first: int
    table: list[Day]
    working: list[int]
    """Distances of the working days."""
    before: list[int]
    """`before[n]`: how many working days lie before the day at distance n; one longer than the table."""

    @cached_property
    def days(self) -> Track:
        """Whole days, neighbours with the same reason joined."""
        return track(Segment(day.start_at, day.end_at, bool(day.windows), day.why, day.source) for day in self.table)

    @cached_property
    def clock(self) -> Clock:
        """Office hours and the time between; built when hours are first asked for."""
        hours = track(piece for day in self.table for piece in _pieces(day))
        worked = [timedelta()]
        for segment in hours.segments:
            worked.append(worked[-1] + (segment.end_at - segment.start_at if segment.counts else timedelta()))
        return Clock(hours, worked)


def compiled(first: date, days: Iterable[Described]) -> Index:
    """Look each day up once, in order, from `first` on."""
    table: list[Day] = []
    working: list[int] = []
    before = [0]
    start_at = midnight(first)
    for day, windows, why, source in days:
        end_at = midnight(date.fromordinal(day.toordinal() + 1))
        if windows:
            working.append(len(table))
        table.append(Day(start_at, end_at, tuple((at(day, opening), at(day, closing)) for opening, closing in windows), why, source))
        before.append(len(working))
        start_at = end_at
    return Index(first.toordinal(), table, working, before)


def _pieces(day: Day) -> Iterator[Segment]:
    if not day.windows:
        yield Segment(day.start_at, day.end_at, counts=False, why=day.why, source=day.source)
        return
    now = day.start_at
    for opening, closing in day.windows:
        yield Segment(now, opening, counts=False, why=AFTER_HOURS, source=day.source)
        yield Segment(opening, closing, counts=True, why=OFFICE_HOURS, source=day.source)
        now = closing
    yield Segment(now, day.end_at, counts=False, why=AFTER_HOURS, source=day.source)
