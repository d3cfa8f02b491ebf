"""Worlds and histories by chance from a seed: calendars with odd days and odd hours, and limits with pauses, often at the very edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from random import Random

from kernel.legalclock import (
    Apologised,
    Begun,
    Calendar,
    Entry,
    Excluded,
    Limit,
    Moment,
    Paused,
    Prolonged,
    Restated,
    Resumed,
    Week,
    Window,
    rule_pack_on,
)
from kernel.legalclock.calendar import Coverage, Knowledge
from kernel.legalclock.phrases import OUTAGE
from tests.kernel.legalclock.minutes import DAY, Walk, painted
from tests.kernel.legalclock.moments import START_RULES, UNITS

DAYS = 900
"""Days in a world. The longest history begins in its first quarter and ends well before its end."""
FIRST_DAYS = (date(2018, 7, 1), date(2019, 11, 1), date(2023, 12, 1), date(2025, 1, 1), date(2025, 6, 25), date(2026, 3, 1))
"""Some worlds see the rules of 2025 begin."""
LIKELY = 0.8
NEWS = 8
"""How often something new is heard of the calendar in the first quarter of a world."""

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
    """Some days, told to the clock as a calendar and to the walker as strips of minutes, one for each state of knowledge."""

    midnight: datetime
    calendar: Calendar
    strips: tuple[tuple[int, bytes], ...]

    def at(self, moment: int) -> datetime:
        """Give the instant that the walker calls by a number."""
        return self.midnight + timedelta(minutes=moment)

    def moment(self, instant: datetime) -> int:
        """Give the number by which the walker calls a whole minute."""
        minutes, rest = divmod(instant - self.midnight, timedelta(minutes=1))
        assert not rest, f"{instant} is no whole minute"
        return minutes

    def known(self, moment: int) -> bytes:
        """Give the strip as known at a moment."""
        return [strip for since, strip in self.strips if since <= moment][-1]


def world(chance: Random) -> World:
    """Make a world: two regimes of office hours, days that are not as their weekday says, and news of some of them."""
    first = chance.choice(FIRST_DAYS)
    midnight = datetime.combine(first, time(), timezone(timedelta(hours=7)))
    weeks = (week(chance, date(2018, 1, 1)), week(chance, first + timedelta(days=chance.randrange(30, 200))))
    entries = tuple(odd_days(chance, first))
    news = sorted(near_an_edge(chance, day) for day in chance.sample(range(10, DAYS // 4), NEWS))
    dated = tuple(with_news(chance, entry, [midnight + timedelta(minutes=moment) for moment in news]) for entry in entries)
    strips = tuple(
        (since, painted(first, DAYS, weeks, [entry for entry in dated if holds(entry, midnight + timedelta(minutes=since))]))
        for since in (0, *news)
    )
    coverage = (Coverage(first=first, until=first + timedelta(days=DAYS)),)
    return World(midnight, Calendar("vn", Knowledge(dated, weeks, coverage, {}), midnight + timedelta(minutes=news[-1])), strips)


def with_news(chance: Random, entry: Entry, news: list[datetime]) -> Entry:
    """Let an odd day be known always, from some news on, or until some news takes it back.

    That a day was off may be heard when it has passed; that it is worked on is said before it comes, or nobody would.
    """
    ahead = [since for since in news if since.date() <= entry.on]
    since = ahead[-1] if ahead and chance.random() < LIKELY else chance.choice(news)
    is_off = entry.kind in {"holiday", "in-lieu", "swapped-off"}
    match chance.randrange(5):
        case 0 | 1 if is_off or since in ahead:
            return replace(entry, known_from=since)
        case 2 if not is_off or since in ahead:
            return replace(entry, known_until=since)
        case _:
            return entry


def holds(entry: Entry, now: datetime) -> bool:
    return (entry.known_from is None or entry.known_from <= now) and (entry.known_until is None or now < entry.known_until)


def week(chance: Random, first: date) -> Week:
    hours = chance.choice(DAYS_OF_WORK)
    saturday = chance.choice(((), (), (MORNING,)))
    wednesday = chance.choice((hours, hours, hours[:1]))
    return Week(first=first, days=(hours, hours, wednesday, hours, hours, saturday, ()), source="Nội quy")


def odd_days(chance: Random, first: date) -> Iterator[Entry]:
    """Say of some days that they are not as usual, of no day twice."""
    free = [first + timedelta(days=number) for number in range(DAYS // 2)]
    for _ in range(60):
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


@dataclass(frozen=True)
class Tale:
    """A history, as moments for the clock, and walked through."""

    moments: tuple[Moment, ...]
    walk: Walk
    start: int
    told: tuple[int, ...]
    waits: tuple[tuple[int, int], ...]
    """When the applicant was waited for, in time or not."""


def tale(chance: Random, world: World) -> Tale:
    """Make a history: a limit, and what happens to it."""
    unit = chance.choice(UNITS)
    start_rule = chance.choice(START_RULES)
    amount = chance.choice((1, 2, 3, chance.randint(1, 10), chance.randint(1, 40)))
    heard = chance.choice(world.strips)[0] // DAY
    start = near_an_edge(chance, max(1, heard - chance.randrange(12)) if chance.random() < LIKELY else chance.randrange(1, DAYS // 4))
    walk = Walk(world.known(start), unit, amount, start_rule, start)
    at, pack = world.at(start), rule_pack_on((world.midnight + timedelta(minutes=start)).date())
    moments: list[Moment] = [Begun(at=at, cause="1", limit=Limit(amount, unit), start_rule=start_rule, rule_pack=pack.id)]
    now, told, waits = start, [walk.promised], list[tuple[int, int]]()
    for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
        now = aimed(chance, now, walk)
        at, cause = world.at(now), str(len(moments) + 1)
        match chance.choice(("wait", "wait", "wait", "restate", "restate", "prolong", "apologise", "exclude")):
            case "wait":
                moments.append(Paused(at=at, cause=cause))
                asked, now = now, aimed(chance, now, walk)
                waits.append((asked, now))
                mode = chance.choice(("pause", "pause", "restart", None))
                moments.append(Resumed(at=world.at(now), cause=cause, mode=mode))
                walk.wait(asked, now, mode or "restart", world.known(now))  # both rule packs restart where sector law is silent
            case "restate":
                # Mostly when something was heard, or soon after.
                heard = [since for since, _ in world.strips if now <= since]
                soon = [since for since in heard if since <= walk.due]
                now = chance.choice(soon) + chance.choice((0, 0, 1, 700)) if soon else now
                at = world.at(now)
                moments.append(Restated(at=at, cause=cause))
                walk.restate(now, world.known(now))
            case "prolong":
                more = chance.randint(1, 20)
                moments.append(Prolonged(at=at, cause=cause, amount=more, source="Luật"))
                walk.prolong(now, more)
            case "exclude":
                since, until = sorted(between(chance, start, now) for _ in range(2))
                moments.append(Excluded(at=at, cause=cause, since=world.at(since), until=world.at(until), why=OUTAGE, source="Quyết định"))
                walk.exclude(now, since, until)
            case _:
                day = max(now, walk.due) // DAY + chance.randrange(20)
                moments.append(Apologised(at=at, cause=cause, due_on=world.at(day * DAY).date(), number="1"))
                walk.apologise(day, world.known(now))
        if told[-1] != walk.promised:
            told.append(walk.promised)
    return Tale(tuple(moments), walk, start, tuple(told), tuple(waits))


def near_an_edge(chance: Random, day: int) -> int:
    """Choose a moment of a day: any at all, or where something changes, or its neighbour."""
    clock = chance.choice((chance.randrange(DAY), 0, 450, 690, 780, 900, 1020, 1439))
    return day * DAY + clock + chance.choice((-1, 0, 0, 1))


def between(chance: Random, start: int, now: int) -> int:
    """Choose a moment that has passed: lately, at the edge of a day, or any since the beginning."""
    lately = near_an_edge(chance, now // DAY - chance.randrange(4))
    return min(now, chance.choice((start, now, lately, lately, chance.randint(start, now))))


def aimed(chance: Random, now: int, walk: Walk) -> int:
    """Choose a moment not before now: soon, at the edge of a day, at the due moment, or when the due day ends."""
    wanted = chance.choice(
        (
            now,
            now + chance.randrange(3 * DAY),
            near_an_edge(chance, now // DAY + chance.randrange(12)),
            walk.opening(now) + chance.choice((-1, 0, 1)),
            walk.opening((now // DAY + chance.randrange(1, 6)) * DAY) + chance.choice((-1, 0, 0, 1)),
            walk.closing(walk.opening(now + chance.randrange(4 * DAY)) // DAY) + chance.choice((-1, 0, 1)),
            walk.due + chance.choice((-1, 0, 1)),
            (walk.due // DAY + 1) * DAY + chance.choice((-1, 0, 1)),
            (now + walk.due) // 2,
        )
    )
    return max(now, wanted)
