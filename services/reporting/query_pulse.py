"""Step 8 of 8, query: what was in progress at the close of each day, and with whom dossiers lay, from counts that the database keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from kernel.edge.wall import fetch_within
from kernel.eventlog.sql import read_queries
from services.reporting.domain.dwell import HOLDERS, PERCENTILES
from services.reporting.domain.period import Period
from services.reporting.query import FOLDER, Reading, Scope

PULSE: Final = read_queries(FOLDER / "pulse.sql")
WHOLE: Final = "total"


class Level(NamedTuple):
    """What was in progress at the close of a day, and how much of it had missed an appointment: columns (11) and (13) of the form."""

    on: date
    in_progress: int
    late: int


class Lain(NamedTuple):
    """For how many days dossiers lay with a holder: how many dossiers, and a value for each of `PERCENTILES`."""

    dossiers: int
    days: tuple[int, ...]


async def levels(reading: Reading, period: Period, scope: Scope) -> list[Level]:
    """Give the level at the close of every day of a period."""
    rows = await fetch_within(reading.connection, scope, PULSE["turned"], period.first, period.last, scope)
    turned: Mapping[date, tuple[int, int]] = {row["on_day"]: (row["in_progress"], row["late"]) for row in rows}
    before = [change for on, change in turned.items() if on < period.first]
    in_progress, late = before[0] if before else (0, 0)
    found = list[Level]()
    for day in period.days():
        more, later = turned.get(day, (0, 0))
        in_progress, late = in_progress + more, late + later
        found.append(Level(day, in_progress, late))
    return found


async def lain_with(reading: Reading, months: Period, scope: Scope) -> dict[str, Lain]:
    """Give by holder, and in all, how long the dossiers lay that were over in whole months; nothing where there were none."""
    counts = defaultdict[str, list[tuple[int, int]]](list)
    for row in await fetch_within(reading.connection, scope, PULSE["lain"], months.first, months.last, scope):
        counts[row["holder"]].append((row["days"], row["n"]))
    return {holder: lain_of(counts[holder]) for holder in (*HOLDERS, WHOLE) if holder in counts}


def lain_of(counts: Sequence[tuple[int, int]]) -> Lain:
    """Give the percentiles of values that are counted, smallest first: the least value that so many percent do not exceed."""
    whole = sum(n for _, n in counts)
    days = list[int]()
    for percent in PERCENTILES:
        rank, passed = -(-whole * percent // 100), 0
        for value, n in counts:
            passed += n
            if passed >= max(rank, 1):
                days.append(value)
                break
    return Lain(whole, tuple(days))
