"""Step 8 of 8, query: what was answered, as of a position of feedback's log, in the groups that it is counted in."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

from kernel.eventlog.sql import Connection, read_queries
from services.reporting.domain.groups import Grouped, Part, Round, Tally, Traits, grouped, in_rounds
from services.reporting.domain.period import Period
from services.reporting.domain.satisfaction import ASKED, CELL_MIN, RATINGS, Voices, voices_of
from services.reporting.projections.voices import LEVELS, POINTS

QUERY: Final = read_queries(Path(__file__).with_name("voices.sql"))
COLUMNS: Final[Mapping[str, str]] = {RATINGS: "satisfaction", **POINTS, **LEVELS}
"""The column of each question."""
TALLIES: Final = ",\n    ".join(
    f"ARRAY[count({column}), coalesce(sum({column}), 0), coalesce(sum({column}::integer * {column}), 0),"
    f" count(*) FILTER (WHERE {column} >= 4), count(*) FILTER (WHERE {column} <= 2)]::integer[] AS {column}"
    for column in COLUMNS.values()
)
NAMED: Final = "array_agg(pos_feedback)"
UNNAMED: Final = "'{}'::bigint[]"
NOW: Final = (1 << 63) - 1
"""A position that no log has reached."""

Row: TypeAlias = Any
"""A row by the names of its columns."""
Found: TypeAlias = list[tuple[str, str, Grouped]]
"""Question, month, and how it is grouped."""
ROUND: Final = 10
"""Of so many who were asked, those who are alone of their kind say less."""
GROUPS_MAX: Final = 300_000
"""Groups of months that are kept for the next who asks."""


@dataclass
class Months:
    """Months that were grouped before. A row of an answer never changes: a month is the same while it has as many."""

    kept: dict[tuple[Any, ...], Found] = field(default_factory=dict[tuple[Any, ...], Found])
    size: int = 0

    def keep(self, key: tuple[Any, ...], found: Found) -> None:
        """Keep a month; the oldest are forgotten where there are too many groups."""
        self.kept[key] = found
        self.size += groups_in(found)
        while self.size > GROUPS_MAX:
            self.size -= groups_in(self.kept.pop(next(iter(self.kept))))


def groups_in(found: Found) -> int:
    """Count groups."""
    return sum(len(grouped_.groups) for _, _, grouped_ in found)


async def heard(connection: Connection, period: Period, as_of: int | None, *, named: bool = False, before: Months | None = None) -> Voices:
    """Read what was answered in whole months, and who was asked.

    Args:
        connection: to the read tables.
        period: whole months; the groups of a month are the same whatever others are asked for.
        as_of: a position of feedback's log that is applied; None = all that is.
        named: whether groups are to know the positions of those in them.
        before: months that were grouped for others.
    """
    at = NOW if as_of is None else as_of
    statement = QUERY["answers"].format(positions=NAMED if named else UNNAMED, tallies=TALLIES)
    begins = {row["month"]: row for row in await connection.fetch(QUERY["answers_begin"], period.first, at)}
    found: Found = []
    # Month by month, so that never more than a month's batches are held; beside the event loop, for of very many it takes its time.
    for month, row in sorted(begins.items()):
        first = date.fromisoformat(f"{month}-01")
        if first > period.last:
            break
        over_at = min((begin["at"] for later, begin in begins.items() if later > month), default=None)
        key = (month, row["n"], row["last"], over_at)
        made = before.kept.get(key) if before is not None and not named else None
        if made is None:
            rows = await connection.fetch(statement, first, Period(first, first).whole_months().last, at)
            made = await asyncio.to_thread(groups_of_answers, month, rows, over_at, merged=not named)
            if before is not None and not named:
                before.keep(key, made)
        found += made
    asked = await connection.fetch(QUERY["asked"], period.first, period.last, at, CELL_MIN, ROUND)
    return voices_of([*found, *groups_of_asked(asked)])


def groups_of_answers(month: str, rows: Iterable[Row], over_at: int | None, *, merged: bool) -> Found:
    """Group the answers of a month that was over at a position; `merged` = groups that say the same as one, if nobody asks since when."""
    parts = defaultdict[str, list[Part]](list)
    for row in rows:
        traits = Traits(*(row[name] for name in Traits._fields[:8]), campaign=row["campaign"])
        at, positions = row["at"], row["positions"]
        for question, column in COLUMNS.items():
            tally = Tally(*row[column])
            if tally.n:
                parts[question].append(Part(traits, tally, at, positions))
    made = ((question, grouped(few, CELL_MIN, over_at)) for question, few in parts.items())
    return [(question, month, one.merged() if merged else one) for question, one in made]


def groups_of_asked(rows: Iterable[Row]) -> Iterator[tuple[str, str, Grouped]]:
    """Group those who were asked, round by round."""
    rounds = defaultdict[str, dict[tuple[str, int], Round]](dict)
    for row in rows:
        traits = Traits(
            agency=row["agency"],
            procedure=row["procedure"],
            field=row["field"],
            occasion=row["occasion"],
            officer=row["officer"],
            channel=row["channel"],
            outcome=row["outcome"],
        )
        part = Part(traits, Tally(row["n"], good=row["used"]), row["at"])
        rounds[row["month"]].setdefault((row["agency"], row["round"]), Round(row["over_at"])).parts.append(part)
    for month, found in rounds.items():
        yield ASKED, month, in_rounds([one for _, one in sorted(found.items())], CELL_MIN)
