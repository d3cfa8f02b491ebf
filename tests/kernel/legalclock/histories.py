"""Worlds and histories by chance from a seed: calendars with odd days and odd hours, and limits with pauses, often at the very edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from random import Random

from kernel.legalclock import Calendar, Entry, LimitUnit, StartRule, SupplementMode, Week, Window
from kernel.legalclock.calendar import Coverage, Knowledge
from tests.kernel.legalclock.minutes import DAY, Walk, painted

DAYS = 600
"""Days in a world. The longest history begins in its first third and ends well before its end."""
FIRST_DAYS = (date(2018, 7, 1), date(2019, 11, 1), date(2023, 12, 1), date(2025, 1, 1), date(2025, 6, 25), date(2026, 3, 1))
"""Some worlds see the rules of 2025 begin."""

MORNING, AFTERNOON = (time(7, 30), time(11, 30)), (time(13), time(17))
USUAL = (MORNING, AFTERNOON)
DAYS_OF_WORK: tuple[tuple[Window, ...], ...] = (
    USUAL,
    USUAL,
    USUAL,
    ((time(7), time(11, 30)), (time(13, 30), time(17))),
    ((time(7, 37), time(11, 23)), (time(13, 1), time(14, 59)), (time(15), time(16, 1))),
    ((time(8), time(15)),),
    ((time(0), time(6)), (time(20), time(23, 59))),
)
HALVES: tuple[tuple[Window, ...], ...] = ((MORNING,), (AFTERNOON,), ((time(9), time(9, 1)),), ((time(14), time(15)),))


@dataclass(frozen=True)
class World:
    """Some days, told to the clock as a calendar and to the walker as a strip of minutes."""

    midnight: datetime
    calendar: Calendar
    strip: bytes

    def at(self, moment: int) -> datetime:
        """Give the instant that the walker calls by a number."""
        return self.midnight + timedelta(minutes=moment)

    def moment(self, instant: datetime) -> int:
        """Give the number by which the walker calls a whole minute."""
        minutes, rest = divmod(instant - self.midnight, timedelta(minutes=1))
        assert not rest, f"{instant} is no whole minute"
        return minutes


@dataclass(frozen=True)
class History:
    """A limit from its beginning on: what it was, and when it waited (asked, answered, how it then goes on)."""

    start: int
    unit: LimitUnit
    amount: int
    start_rule: StartRule
    waits: tuple[tuple[int, int, SupplementMode | None], ...]
    walk: Walk


def world(chance: Random) -> World:
    """Make a world: two regimes of office hours, and days that are not as their weekday says."""
    first = chance.choice(FIRST_DAYS)
    later = first + timedelta(days=chance.randrange(30, 200))
    weeks = (week(chance, date(2018, 1, 1)), week(chance, later))
    entries = tuple(odd_days(chance, first))
    coverage = (Coverage(first=first, until=first + timedelta(days=DAYS)),)
    midnight = datetime.combine(first, time(), timezone(timedelta(hours=7)))
    return World(midnight, Calendar("vn", Knowledge(entries, weeks, coverage, {}), None), painted(first, DAYS, weeks, entries))


def week(chance: Random, first: date) -> Week:
    hours = chance.choice(DAYS_OF_WORK)
    saturday = chance.choice(((), (), (MORNING,)))
    wednesday = chance.choice((hours, hours, hours[:1]))
    return Week(first=first, days=(hours, hours, wednesday, hours, hours, saturday, ()), source="Nội quy")


def odd_days(chance: Random, first: date) -> Iterator[Entry]:
    """Say of some days that they are not as usual, of no day twice."""
    free = [first + timedelta(days=number) for number in range(DAYS - 60)]
    for _ in range(30):
        day, other = chance.sample(free, 2)
        taken = {day}
        match chance.randrange(5):
            case 0:
                yield Entry(on=day, kind="holiday", source="Luật", occasion="Lễ")
            case 1:
                taken = {day + timedelta(days=n) for n in range(chance.randrange(2, 9))}.intersection(free)
                yield from (Entry(on=one, kind="in-lieu", source="Luật", occasion="Tết") for one in sorted(taken))
            case 2:
                taken = {day, other}
                yield Entry(on=day, kind="swapped-off", source="Công văn", other=other)
                yield Entry(on=other, kind="swapped-in", source="Công văn", other=day)
            case 3:
                yield Entry(on=day, kind="half-day", source="Công văn", occasion="Họp", windows=chance.choice(HALVES))
            case _:
                yield Entry(on=day, kind="swapped-in", source="Công văn", windows=chance.choice(DAYS_OF_WORK))
        free = [one for one in free if one not in taken]


def history(chance: Random, world: World) -> History:
    """Make a history, walked through."""
    unit = chance.choice(("working-days", "calendar-days", "working-hours"))
    start_rule = chance.choice(("complete", "arrival"))
    amount = chance.choice((1, 2, 3, chance.randint(1, 10), chance.randint(1, 40)))
    walk = Walk(world.strip, unit, amount, start_rule)
    start = near_an_edge(chance, chance.randrange(1, DAYS // 3))
    walk.begin(start)
    now, waits = start, list[tuple[int, int, SupplementMode | None]]()
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        asked = aimed(chance, now, walk)
        now = aimed(chance, asked, walk)
        mode = chance.choice(("pause", "pause", "restart", None))
        waits.append((asked, now, mode))
        walk.wait(asked, now, mode or "restart")  # both rule packs restart where sector law is silent
    return History(start, unit, amount, start_rule, tuple(waits), walk)


def near_an_edge(chance: Random, day: int) -> int:
    """Choose a moment of a day: any at all, or where something changes, or its neighbour."""
    clock = chance.choice((chance.randrange(DAY), 0, 450, 690, 780, 900, 1020, 1439))
    return day * DAY + clock + chance.choice((-1, 0, 0, 1))


def aimed(chance: Random, now: int, walk: Walk) -> int:
    """Choose a moment not before now: soon, at the edge of a day, at the due moment, or when the due day ends."""
    wanted = chance.choice(
        (
            now,
            now + chance.randrange(3 * DAY),
            near_an_edge(chance, now // DAY + chance.randrange(12)),
            near_an_edge(chance, now // DAY + chance.randrange(12)),
            walk.due + chance.choice((-1, 0, 1)),
            (walk.due // DAY + 1) * DAY + chance.choice((-1, 0, 1)),
            (now + walk.due) // 2,
        )
    )
    return max(now, wanted)
