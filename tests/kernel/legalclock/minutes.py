"""The law walked through minute by minute, over a strip of bytes: one for each local minute, 1 where an office is open.

Written apart from the clock: of the library it knows the form in which days and hours are told (`Entry`, `Week`), and none of the
arithmetic. There is no index and no bisection here, no time zone and no instant; a moment is a number of minutes since the strip's first
midnight. What was counted is kept as the days, or minutes, themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import compress, count, islice

from kernel.legalclock import Entry, LimitUnit, StartRule, SupplementMode, Week, Window

DAY = 24 * 60


def painted(first: date, days: int, weeks: Iterable[Week], entries: Iterable[Entry]) -> bytes:
    """Paint the open minutes of some days, from what is said about them."""
    strip, odd = bytearray(days * DAY), {entry.on: entry for entry in entries}
    for number in range(days):
        for opening, closing in hours_on(first + timedelta(days=number), weeks, odd):
            start, end = (number * DAY + clock.hour * 60 + clock.minute for clock in (opening, closing))
            strip[start:end] = bytes([1]) * (end - start)
    return bytes(strip)


def hours_on(day: date, weeks: Iterable[Week], odd: Mapping[date, Entry]) -> tuple[Window, ...]:
    """Say when an office is open on a day."""
    if (entry := odd.get(day)) is None:
        return usual_on(day, weeks)
    if entry.kind in {"holiday", "in-lieu", "swapped-off"}:
        return ()
    return entry.windows or usual_on(entry.other or day, weeks)


def usual_on(day: date, weeks: Iterable[Week]) -> tuple[Window, ...]:
    begun = [week for week in weeks if week.first <= day]
    return max(begun, key=lambda week: week.first).days[day.weekday()]


class Walk:
    """One limit on its way. `due` is its last moment, `begins` the moment from which it counts, `counted` what it has used or will use.

    What becomes known of the calendar is painted over the strip from its day on (for hours, from its minute): the past stays as it was.
    """

    def __init__(self, strip: bytes, unit: LimitUnit, amount: int, start_rule: StartRule, start: int) -> None:
        self.strip = strip
        self.unit = unit
        self.limit = self.amount = amount * 60 if unit == "working-hours" else amount
        self.start_rule = start_rule
        self.event = self.begins = self.due = start
        self.is_first_run = True
        """Of the whole limit: `begins` is its beginning."""
        self.before: list[int] = []
        self.counted: list[int] = []
        self.hours: dict[int, bytes] = {}
        """The minutes of days before a wait, as they were known then."""
        self.left_out: set[int] = set()
        """The days, or minutes, that a decision lets not count."""
        self.begins = self.lead_on()
        self.promised = self.due
        self.apology = 0

    def lead_on(self) -> int:
        """Walk from the run's event on, with what was counted before; give the moment from which it counts."""
        begins = self.event if self.start_rule == "arrival" and self.unit != "working-hours" else self.opening(self.event)
        left = self.amount - len(self.before)
        if self.unit == "working-hours":
            minutes = compress(count(begins), memoryview(self.strip)[begins:])
            self.counted = [*self.before, *islice((it for it in minutes if it not in self.left_out), left)]
            self.due = self.counted[-1] + 1
        elif left == 0:
            self.counted = [*self.before]
            self.due = self.closing(self._next(self.opening(begins) // DAY))
        else:
            self.counted = [*self.before]
            self.due = self.closing(self._last_day(begins // DAY))
        return begins

    def _last_day(self, day: int) -> int:
        while len(self.counted) < self.amount:
            day += 1
            if day not in self.left_out and (self.unit == "calendar-days" or self.works(day)):
                self.counted.append(day)
        return self._next(day)

    def _next(self, day: int) -> int:
        while not self.works(day) or day in self.left_out:
            day += 1
        return day

    def late(self, moment: int) -> bool:
        return moment > self.due if self.unit == "working-hours" else moment // DAY > self.due // DAY

    def has_run_out(self, moment: int) -> bool:
        """Tell whether nothing moves the date any more."""
        return self.late(moment) or (self.unit == "working-hours" and moment == self.due)

    def wait(self, asked: int, answered: int, mode: SupplementMode, known: bytes) -> None:
        """Wait for a supplement."""
        if self.has_run_out(asked):
            return
        self.before = [it for it in self.counted if self.used(it, asked)] if mode == "pause" else []
        if self.unit != "working-hours":
            self.hours |= {day: self.strip[day * DAY : (day + 1) * DAY] for day in self.before if day not in self.hours}
        self.event = answered
        self.learn(answered, known)
        self.is_first_run = mode == "restart"
        if mode == "restart":
            self.amount = self.limit
            self.begins = self.lead_on()
        else:
            self.lead_on()
        self.promised = max(self.due, self.apology)

    def prolong(self, moment: int, more: int) -> None:
        if not self.has_run_out(moment):
            self.amount += more * 60 if self.unit == "working-hours" else more
            self.lead_on()
            self.promised = max(self.due, self.apology)

    def restate(self, moment: int, known: bytes) -> None:
        if not self.has_run_out(moment):
            self.learn(moment, known)
            begins = self.lead_on()
            if self.is_first_run:
                self.begins = begins
            self.promised = self.promised if self.apology else min(self.promised, self.due)

    def exclude(self, moment: int, since: int, until: int) -> None:
        if self.has_run_out(moment):
            return
        if self.unit == "working-hours":
            self.left_out |= set(range(since, until))
        else:
            self.left_out |= {day for day in range(since // DAY, until // DAY + 1) if self._lies_within(day, since, until)}
        self.before = [it for it in self.before if it not in self.left_out]
        self.lead_on()
        self.promised = max(self.due, self.apology)

    def _lies_within(self, day: int, since: int, until: int) -> bool:
        hours = self.hours.get(day, self.strip[day * DAY : (day + 1) * DAY])
        first, last = (hours.find(1), hours.rfind(1) + 1) if 1 in hours else (0, DAY)
        return since <= day * DAY + first and day * DAY + last <= until

    def apologise(self, day: int, known: bytes) -> None:
        self.apology = self.promised = known.rfind(1, day * DAY, (day + 1) * DAY) + 1 or (day + 1) * DAY

    def learn(self, moment: int, known: bytes) -> None:
        cut = moment if self.unit == "working-hours" else moment // DAY * DAY
        self.strip = self.strip[:cut] + known[cut:]

    def used(self, it: int, asked: int) -> bool:
        """Tell whether a minute lay before the asking; or whether a day had begun, and opened if it opens at all."""
        if self.unit == "working-hours":
            return it < asked
        return asked > it * DAY and (asked >= self.opening(it * DAY) or not self.works(it))

    def works(self, day: int) -> bool:
        return works(self.strip, day)

    def opening(self, moment: int) -> int:
        return opening(self.strip, moment)

    def closing(self, day: int) -> int:
        return closing(self.strip, day)


def works(strip: bytes, day: int) -> bool:
    return strip.find(1, day * DAY, (day + 1) * DAY) >= 0


def opening(strip: bytes, moment: int) -> int:
    """Give the first open minute, this one or a later."""
    return strip.index(1, moment)


def closing(strip: bytes, day: int) -> int:
    return strip.rindex(1, day * DAY, (day + 1) * DAY) + 1


def appointment(strip: bytes, walk: Walk) -> int:
    """Give the due day's moment with the clock time of the beginning, moved into office hours."""
    if walk.unit == "working-hours":
        return walk.due
    day = walk.due // DAY
    wanted = day * DAY + walk.begins % DAY
    return min(opening(strip, wanted), closing(strip, day)) if wanted < closing(strip, day) else closing(strip, day)


def handed_on(strip: bytes, received: int) -> int:
    """Give the moment by which papers are handed on: today's closing, or the next opening where they came after 15:00."""
    received = opening(strip, received)
    day = received // DAY
    return closing(strip, day) if received % DAY <= 15 * 60 else opening(strip, (day + 1) * DAY)
