"""Step 8 of 8, query: petitions and meetings of a period: each figure, and the facts that it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from kernel.edge.wall import fetch_within
from kernel.eventlog.sql import Connection, read_queries
from services.reporting.domain.figures import in_scope
from services.reporting.domain.groups import Grouped, Part, Tally, Traits, grouped
from services.reporting.domain.period import Period
from services.reporting.domain.petitions import FIGURES, MEETINGS, Meeting, PetitionCut
from services.reporting.domain.satisfaction import CELL_MIN

QUERY: Final = read_queries(Path(__file__).with_name("petitions.sql"))
TRACED_MAX: Final = 1000
"""Facts that are named for a figure; the figure counts them all."""


async def petitions(
    connection: Connection, period: Period, scope: list[str] | None, cut: Sequence[PetitionCut]
) -> dict[tuple[Any, ...], dict[str, list[int]]]:
    """Give what each figure of each line of a cut is made of, in the shape of the definition's."""
    rows = await fetch_within(connection, scope, QUERY["petitions"].format(cut=", ".join(cut)), period.first, period.last, scope)
    return {tuple(row[one] for one in cut): {name: row[name] or [] for name in FIGURES} for row in rows}


async def meetings(connection: Connection, period: Period, scope: list[str] | None) -> dict[Meeting, list[int]]:
    """Give the meetings of a period."""
    rows = await fetch_within(connection, scope, QUERY["meetings"], period.first, period.last, scope)
    held = {row["kind"]: row["held"] for row in rows}
    return {name: held.get(kind, []) for kind, name in MEETINGS.items()}


async def denunciations(connection: Connection, months: Period, scope: list[str] | None) -> dict[str, Any]:
    """Count denunciations in whole months, by the month in which they were called so, and name none.

    Of fewer than `CELL_MIN` of an agency and month nothing is told but that there are some (`waiting`), also by comparing two days.
    """
    begins = await connection.fetch(QUERY["months_begin"], months.first)
    parts = defaultdict[str, list[Part]](list)
    for row in await connection.fetch(QUERY["denunciations"], months.first, months.last):
        if in_scope(row["agency"], scope):
            parts[row["month"]].append(Part(Traits(row["agency"]), Tally(1), row["at"]))
    found = Grouped()
    for month, few in parts.items():
        found = found.plus(grouped(few, CELL_MIN, min((one["at"] for one in begins if one["month"] > month), default=None)))
    return {
        "counted": sum(group.tally.n for group in found.groups),
        "waiting": bool(found.waiting),
        "period": {"from": months.first, "to": months.last},
    }


def view(figures: dict[Any, list[int]], *, traced: bool) -> dict[str, Any]:
    """Give counts by name; `traced`: beside each the positions of the facts that it counts."""
    counts = {str(name): len(found) for name, found in figures.items()}
    named = {str(name): [f"feedback/{position}" for position in found[:TRACED_MAX]] for name, found in figures.items()}
    return counts | ({"traced": named} if traced else {})


def total(lines: Sequence[dict[str, list[int]]]) -> dict[str, list[int]]:
    """Put lines together."""
    return {name: sorted(position for line in lines for position in line[name]) for name in FIGURES}
