"""A deadline with its derivation, from the moments of a year-old dossier that waited for its applicant three times.

Ours is `reckon` of the seven moments: what is known of the calendar at each of them, where the limit then leads, every segment with its
reason and source, every date that was told. The peer is what a reader of the law would do: walk from the first minute on, ask of each
minute whether an office is open and whether the clock runs, and count. It is told the open minutes of three years beforehand, gives the
date alone, and the row insists that both give the same one.

The calendar is indexed once per process; that is not in the figure, as painting the minutes is not in the peer's.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from kernel.legalclock import Begun, Limit, LimitUnit, Moment, Paused, Reckoning, Resumed, load_calendar, midnight, reckon, rule_pack_on
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import AtMost, Measure, Size, interleaved
from tests.kernel.legalclock.minutes import DAY, painted

NAME: Final = "deadline"
MICROSECONDS_MAX: Final = 50.0
BEGAN_AT: Final = datetime(2025, 9, 8, 2, 30, tzinfo=UTC)
WAITS: Final = (
    (datetime(2025, 11, 10, 3, 0, tzinfo=UTC), datetime(2025, 12, 2, 1, 0, tzinfo=UTC)),
    (datetime(2026, 2, 4, 7, 0, tzinfo=UTC), datetime(2026, 3, 2, 2, 0, tzinfo=UTC)),
    (datetime(2026, 6, 15, 8, 0, tzinfo=UTC), datetime(2026, 7, 6, 3, 0, tzinfo=UTC)),
)
LIMITS: Final[tuple[tuple[LimitUnit, int], ...]] = (("working-days", 200), ("calendar-days", 300), ("working-hours", 1600))
FIRST: Final = BEGAN_AT.date().replace(day=1)
DAYS_KNOWN: Final = 2 * 365 + 100


def history(unit: LimitUnit, amount: int) -> list[Moment]:
    """Give the moments of the dossier under a limit."""
    pack = rule_pack_on(BEGAN_AT.date()).id
    moments: list[Moment] = [Begun(at=BEGAN_AT, cause="1", limit=Limit(amount, unit), start_rule="complete", rule_pack=pack)]
    for asked_at, answered_at in WAITS:
        moments += [Paused(at=asked_at, cause="2"), Resumed(at=answered_at, cause="3", mode="pause")]
    return moments


def minute_of(instant: datetime) -> int:
    """Number an instant's minute, as the peer has it."""
    return (instant - midnight(FIRST)) // timedelta(minutes=1)


def walked(strip: bytes, unit: LimitUnit, amount: int) -> int:
    """Walk minute by minute until the limit is used; give the minute at which it ends."""
    runs = bytearray(b"\1" * len(strip))
    for asked_at, answered_at in WAITS:
        runs[minute_of(asked_at) : minute_of(answered_at)] = bytes(minute_of(answered_at) - minute_of(asked_at))
    start, left = minute_of(BEGAN_AT), amount * 60 if unit == "working-hours" else amount
    # A day on which the clock begins or goes on does not count; another does from its first minute that may.
    used = {start // DAY, *(minute_of(answered_at) // DAY for _, answered_at in WAITS)}
    last = start
    for minute in range(start, len(strip)):
        if left == 0 and (unit == "working-hours" or (minute % DAY == 0 and last > minute - DAY)):
            break
        if strip[minute]:
            last = minute
        if not runs[minute] or (unit != "calendar-days" and not strip[minute]) or left == 0:
            continue
        if unit == "working-hours":
            left -= 1
        elif minute // DAY not in used:
            used.add(minute // DAY)
            left -= 1
    return last + 1


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Compute and walk, in turns."""
    calendar, peer = load_calendar(), "minute by minute"
    strip = painted(FIRST, DAYS_KNOWN, calendar.knowledge.weeks, calendar.knowledge.entries)
    rows = list[Measure]()
    for unit, amount in LIMITS:
        moments = history(unit, amount)

        def ours(moments: list[Moment] = moments) -> Reckoning:
            return reckon(moments, calendar)

        def theirs(unit: LimitUnit = unit, amount: int = amount) -> int:
            return walked(strip, unit, amount)

        found = ours().deadline
        insist(minute_of(found.due_at), theirs())
        mine, others = await interleaved(size.rounds, each(ours, size.of(5_000, 500)), {peer: each(theirs, size.of(5, 1))})
        note = f"{len(found.segments)} segments, {len(calendar.versions())} states of knowledge of the calendar"
        rows.append(Measure(NAME, unit, "µs", "less", mine, others, [AtMost(MICROSECONDS_MAX)], gated=False, note=note))
    return rows


def each(work: Callable[[], object], times: int) -> Callable[[], Awaitable[float]]:
    """Make a round: do it so many times, give the microseconds of one."""

    async def done() -> float:
        since = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - since) / times * 1e6

    return done


def insist(ours: int, theirs: int) -> None:
    """Look whether both give the same minute.

    Raises:
        RuntimeError: if they do not.
    """
    if ours != theirs:
        message = f"minute {ours} by the clock, {theirs} by walking"
        raise RuntimeError(message)
