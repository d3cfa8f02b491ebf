"""The law walked through minute by minute, over a strip of bytes: one for each local minute, 1 where an office is open.

Written apart from the clock: of the library it knows the form in which days and hours are told (`Entry`, `Week`), and none of the
arithmetic. There is no index and no bisection here, no time zone and no instant; a moment is a number of minutes since the strip's first
midnight. What was counted is kept as the days, or minutes, themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import compress, count, islice

from kernel.legalclock import Entry, LimitUnit, StartRule, SupplementMode, Week, Window

DAY = 24 * 60


def painted(first: date, days: int, weeks: Iterable[Week], entries: Iterable[Entry]) -> bytes:
    """Paint the open minutes of some days, from what is said about them."""
    strip = bytearray(days * DAY)
    for number in range(days):
        for opening, closing in hours_on(first + timedelta(days=number), weeks, entries):
            start, end = (number * DAY + clock.hour * 60 + clock.minute for clock in (opening, closing))
            strip[start:end] = bytes([1]) * (end - start)
    return bytes(strip)


def hours_on(day: date, weeks: Iterable[Week], entries: Iterable[Entry]) -> tuple[Window, ...]:
    """Say when an office is open on a day."""
    usual = usual_on(day, weeks)
    for entry in entries:
        if entry.on == day:
            if entry.kind in {"holiday", "in-lieu", "swapped-off"}:
                return ()
            return entry.windows or usual_on(entry.other or day, weeks)
    return usual


def usual_on(day: date, weeks: Iterable[Week]) -> tuple[Window, ...]:
    begun = [week for week in weeks if week.first <= day]
    return max(begun, key=lambda week: week.first).days[day.weekday()]


class Walk:
    """One limit on its way. `due` is its last moment, `begins` the moment from which it counts, `counted` what it has used or will use."""

    def __init__(self, strip: bytes, unit: LimitUnit, amount: int, start_rule: StartRule) -> None:
        self.strip = strip
        self.unit = unit
        self.amount = amount * 60 if unit == "working-hours" else amount
        self.start_rule = start_rule
        self.begins = 0
        self.due = 0
        self.counted: list[int] = []

    def begin(self, moment: int) -> None:
        self.begins = moment if self.start_rule == "arrival" and self.unit != "working-hours" else self.opening(moment)
        left = self.amount - len(self.counted)
        if self.unit == "working-hours":
            self.counted += islice(compress(count(self.begins), memoryview(self.strip)[self.begins :]), left)
            self.due = self.counted[-1] + 1
        elif left == 0:
            self.due = self.closing(self.opening(self.begins) // DAY)
        else:
            self.due = self.closing(self._last_day(self.begins // DAY))

    def _last_day(self, day: int) -> int:
        while len(self.counted) < self.amount:
            day += 1
            if self.unit == "calendar-days" or self.works(day):
                self.counted.append(day)
        while not self.works(day):
            day += 1
        return day

    def late(self, moment: int) -> bool:
        return moment > self.due if self.unit == "working-hours" else moment // DAY > self.due // DAY

    def wait(self, asked: int, answered: int, mode: SupplementMode) -> None:
        """Wait for a supplement. What was late stays late."""
        if self.late(asked) or (self.unit == "working-hours" and asked == self.due):
            return
        begun = self.begins
        self.counted = [it for it in self.counted if self.used(it, asked)] if mode == "pause" else []
        self.begin(answered)
        if mode == "pause":
            self.begins = begun

    def used(self, it: int, asked: int) -> bool:
        """Tell whether a minute lay before the asking; or whether a day had begun, and opened if it opens at all."""
        if self.unit == "working-hours":
            return it < asked
        return asked > it * DAY and (asked >= self.opening(it * DAY) or not self.works(it))

    def works(self, day: int) -> bool:
        return self.strip.find(1, day * DAY, (day + 1) * DAY) >= 0

    def opening(self, moment: int) -> int:
        """Give the first open minute, this one or a later."""
        return self.strip.index(1, moment)

    def closing(self, day: int) -> int:
        return self.strip.rindex(1, day * DAY, (day + 1) * DAY) + 1

    def appointment(self) -> int:
        """Give the due day's moment with the clock time of the beginning, moved into office hours."""
        if self.unit == "working-hours":
            return self.due
        day = self.due // DAY
        wanted = day * DAY + self.begins % DAY
        return min(self.opening(wanted), self.closing(day)) if wanted < self.closing(day) else self.closing(day)


def handed_on(walk: Walk, received: int) -> int:
    """Give the moment by which papers are handed on: today's closing, or the next opening where they came after 15:00."""
    received = walk.opening(received)
    day = received // DAY
    return walk.closing(day) if received % DAY <= 15 * 60 else walk.opening((day + 1) * DAY)
