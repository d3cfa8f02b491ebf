"""Step 8 of 8, query: what was in progress at the close of each day, and with whom dossiers lay, from counts that the database keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from kernel.edge.wall import fetch_within
from kernel.eventlog.sql import read_queries
from services.reporting.domain.dwell import HOLDERS, PERCENTILES
from services.reporting.domain.period import Period
from services.reporting.query import COUNTERS, FOLDER, FORM_COLUMNS, Reading, Scope

PULSE: Final = read_queries(FOLDER / "pulse.sql")
PAGE: Final = PULSE["page"].format(**FORM_COLUMNS)
BESIDE: Final = ("refused", "withdrawn")
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


@dataclass(frozen=True, slots=True)
class Counts:
    """The columns of the form of all, by field, and by unit (None: with none); and what was resolved, in time and late, by month."""

    whole: Mapping[str, int]
    fields: Mapping[str | None, Mapping[str, int]]
    units: Mapping[str | None, Mapping[str, int]]
    months: Mapping[str, Mapping[str, int]]


async def counts_of(reading: Reading, period: Period) -> Counts:
    """Count in one reading all that the page tells of dossiers."""
    found: dict[str, dict[str | None, dict[str, int]]] = {"field": {}, "unit": {}, "month": {}}
    whole = dict.fromkeys((*COUNTERS, *BESIDE), 0)
    for row in await reading.within(PAGE, period, None):
        if row["cut"] == "all":
            whole = {name: row[name] for name in whole}
        else:
            found[row["cut"]][row["line"]] = {name: row[name] for name in COUNTERS}
    months = {
        str(month): {"in_time": line["resolved"] - line["resolved_late"], "late": line["resolved_late"], "all": line["resolved"]}
        for month, line in found["month"].items()
    }
    return Counts(whole, found["field"], found["unit"], months)


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
