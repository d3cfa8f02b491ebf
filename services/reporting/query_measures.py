"""Step 8 of 8, query: the measures of indicators, counted by SQL in one snapshot with the figures and with what was answered."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from kernel.edge.wall import fetch_within
from kernel.eventlog.sql import read_queries
from kernel.legalclock import Calendar, load_calendar
from services.reporting.domain.dwell import worked_until
from services.reporting.domain.groups import Tally
from services.reporting.domain.measure_names import MEASURES
from services.reporting.domain.measures import Counts
from services.reporting.domain.period import Period
from services.reporting.domain.satisfaction import CRITERIA, FACTORS, RATINGS, total
from services.reporting.query import Line, Reading, Scope, totals
from services.reporting.query_petitions import petitions

QUERY: Final = read_queries(Path(__file__).with_name("measures.sql"))


@lru_cache(maxsize=4)
def worked(calendar: Calendar) -> tuple[date, list[int]]:
    """Give the first day that a calendar covers, and how many days were worked up to each from there on."""
    first, until = calendar.covers
    return first, worked_until(calendar, Period(first, until - timedelta(days=1))) or []


async def measures(reading: Reading, period: Period, scope: Scope) -> Counts:
    """Give every measure of a period and of some agencies; of what is answered, of the whole months that it touches."""
    first, days = worked(load_calendar())
    asked = (period.first, period.last, scope, first, days)

    async def one(name: str, *more: Any) -> Line:
        # Each parameter has its type from a cast; a statement that has no use for a calendar is not given one.
        return dict((await fetch_within(reading.connection, scope, QUERY[name], *asked, *more))[0])

    lines = await petitions(reading.connection, period, scope, ("agency",))
    of = {name: sorted(at for line in lines.values() for at in line[name]) for name in PETITIONS.values()}
    found: Counts = {
        **totals(await reading.figures(period, scope)),
        **await one("of_dossiers"),
        **await one("of_the_door"),
        **{measure: len(of[name]) for measure, name in PETITIONS.items()},
        **await one("of_petitions", of["in_hand"]),
        **await answers(reading, period, scope),
    }
    return {name: None if (count := found[name]) is None else int(count) for name in MEASURES}


PETITIONS: Final = {
    "petitions_in_hand": "in_hand",
    "petitions_in_time": "answered_in_time",
    "petitions_late": "answered_late",
    "petitions_overdue": "open_overdue",
}
"""Which figure of petitions each measure is."""


async def answers(reading: Reading, period: Period, scope: Scope) -> Counts:
    """Count what was answered, in groups; None where some wait and nobody is counted."""
    line = total(await reading.voices(period.whole_months()), scope)
    found: Counts = {}
    for question in (RATINGS, *CRITERIA, *FACTORS):
        tally, name = line.tallies.get(question, Tally()), question.replace("-", "_")
        if question == RATINGS:
            counts = {"ratings": tally.n, "ratings_good": tally.good, "ratings_bad": tally.bad}
        elif question in CRITERIA:
            counts = {f"{name}_answers": tally.n, f"{name}_points": tally.total}
        else:
            counts = {f"{name}_answers": tally.n, f"{name}_satisfied": tally.good}
        found |= dict.fromkeys(counts) if not tally.n and question in line.waiting else counts
    return found


async def overridden(reading: Reading, period: Period, agency: str, pack: str) -> list[Line]:
    """Give what leaders said in place of what is computed."""
    rows = await fetch_within(reading.connection, [agency], QUERY["overridden"], period.first, period.last, pack, agency)
    return [dict(row) for row in rows]
