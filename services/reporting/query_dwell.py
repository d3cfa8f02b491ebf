"""Step 8 of 8, query: with whom the dossiers lay that were resolved in a period, in days and in working days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kernel.legalclock import load_calendar
from services.reporting.domain.dwell import HOLDERS, PERCENTILES, worked_until
from services.reporting.domain.period import Period
from services.reporting.query import QUERY, Line, Reading, Scope, chosen
from services.reporting.query_books import Cut

UNITS: Final = {"days": "", "working_days": "_working"}
RANKS: Final = ", ".join(f"{percent / 100}" for percent in PERCENTILES)
SHARES: Final = ",\n    ".join(
    f"percentile_disc(ARRAY[{RANKS}]) WITHIN GROUP (ORDER BY {holder}{unit}) AS {holder}{unit}"
    for holder in (*HOLDERS, "total")
    for unit in UNITS.values()
)


async def dwell(reading: Reading, period: Period, scope: Scope, cut: Sequence[Cut]) -> Line:
    """Give by line how many dossiers there were, and percentiles of how long they lay with each holder.

    Working days are those of the calendar in force; null where it does not know all days from the first that anything is known of.
    """
    calendar, known = load_calendar(), await reading.known() or period
    span = Period(min(known.first, period.first), max(known.last, period.last))
    worked = worked_until(calendar, span)
    query = QUERY["dwell"].format(cut=", ".join(cut), told=chosen(cut), shares=SHARES, lain=QUERY["lain"])
    rows = await reading.connection.fetch(query, period.first, period.last, scope, span.first, worked)
    return {
        "items": [
            {
                **{one: row[one] for one in cut},
                "dossiers": row["dossiers"],
                **{holder: {name: percentiles(row[f"{holder}{unit}"]) for name, unit in UNITS.items()} for holder in (*HOLDERS, "total")},
            }
            for row in rows
        ],
        "calendar": calendar.version if worked is not None else None,
    }


def percentiles(values: list[int | None] | None) -> Line | None:
    """Name percentiles; None where they are not known."""
    return None if values is None else {f"p{percent}": value for percent, value in zip(PERCENTILES, values, strict=True)}
