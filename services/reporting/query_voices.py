"""Step 8 of 8, query: what was answered, as of a position of feedback's log, in the groups that it is counted in."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from kernel.eventlog.sql import Connection, read_queries
from services.reporting.domain.groups import Grouped, Part, Tally, Traits, grouped
from services.reporting.domain.period import Period
from services.reporting.domain.satisfaction import ASKED, CELL_MIN, RATINGS, Voices, voices_of
from services.reporting.projections.voices import LEVELS, POINTS

QUERY: Final = read_queries(Path(__file__).with_name("voices.sql"))
COLUMNS: Final[Mapping[str, str]] = {RATINGS: "satisfaction", **POINTS, **LEVELS}
"""The column of each question."""
TALLIES: Final = ",\n    ".join(
    f"ARRAY[count({column}), coalesce(sum({column}), 0), coalesce(sum({column}::integer * {column}), 0),"
    f" count(*) FILTER (WHERE {column} >= 4)]::integer[] AS {column}"
    for column in COLUMNS.values()
)
NAMED: Final = "array_agg(pos_feedback)"
UNNAMED: Final = "'{}'::bigint[]"
NOW: Final = (1 << 63) - 1
"""A position that no log has reached."""

Row: TypeAlias = Any
"""A row by the names of its columns."""


async def heard(connection: Connection, months: Period, as_of: int | None, *, named: bool = False) -> Voices:
    """Read what was answered in whole months, and who was asked.

    Args:
        connection: to the read tables.
        months: whole months; the groups of a month are the same whatever others are asked for.
        as_of: a position of feedback's log that is applied; None = all that is.
        named: whether groups are to know the positions of those in them.
    """
    at = NOW if as_of is None else as_of
    answers = await connection.fetch(
        QUERY["answers"].format(positions=NAMED if named else UNNAMED, tallies=TALLIES), months.first, months.last, at
    )
    over = {row["month"]: row["at"] for row in await connection.fetch(QUERY["answers_over"], months.first, at)}
    asked = await connection.fetch(QUERY["asked"], months.first, months.last, at, CELL_MIN)
    return await asyncio.to_thread(voices, answers, over, asked)


def voices(answers: Sequence[Row], over: Mapping[str, int], asked: Sequence[Row]) -> Voices:
    """Put rows into groups. It may take a second of a million answers, so it is done beside the event loop."""
    return voices_of([*groups_of_answers(answers, over), *groups_of_asked(asked)])


def groups_of_answers(rows: Iterable[Row], over: Mapping[str, int]) -> Iterator[tuple[str, str, Grouped]]:
    """Group answers; `over` has the first position of each month's answers: the months before are over by then."""
    parts = defaultdict[tuple[str, str], list[Part]](list)
    for row in rows:
        traits, at, positions = Traits(*(row[name] for name in Traits._fields[:8])), row["at"], row["positions"]
        for question, column in COLUMNS.items():
            tally = Tally(*row[column])
            if tally.n:
                parts[question, row["month"]].append(Part(traits, tally, at, positions))
    for (question, month), found in parts.items():
        yield question, month, grouped(found, CELL_MIN, min((at for later, at in over.items() if later > month), default=None))


def groups_of_asked(rows: Iterable[Row]) -> Iterator[tuple[str, str, Grouped]]:
    """Group those who were asked. Who was asked when the month was over already is never put beside those who were before."""
    parts, over = defaultdict[tuple[str, bool], list[Part]](list), dict[str, int | None]()
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
        parts[row["month"], row["late"]].append(Part(traits, Tally(row["n"], good=row["used"]), row["at"]))
        over[row["month"]] = row["over_at"]
    for (month, late), found in parts.items():
        yield ASKED, month, grouped(found, CELL_MIN, None if late else over[month])
