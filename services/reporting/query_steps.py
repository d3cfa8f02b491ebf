"""Step 8 of 8, query: how long the cases that were over in a period lay at each step, in minutes and in working minutes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Literal, TypeAlias

from kernel.edge.wall import fetch_within
from kernel.legalclock import Calendar, load_calendar
from services.reporting.domain.dwell import PERCENTILES, percentile
from services.reporting.domain.period import Period
from services.reporting.domain.step_dwell import Turn, lain_at
from services.reporting.query import QUERY, Line, Reading, Scope

StepCut: TypeAlias = Literal["agency", "field", "procedure"]
TURNS_MAX: Final = 200_000
"""Turns that are read for one answer: some 20,000 cases."""


class TooManyTurns(Exception):  # noqa: N818 - says what there is
    """More than are read for one answer."""


async def step_dwell(reading: Reading, period: Period, scope: Scope, cut: Sequence[StepCut]) -> Line:
    """Give by line and step how many cases went through it, and percentiles of how long they lay there.

    Raises:
        TooManyTurns: if a shorter period is to be asked for.
    """
    rows = await fetch_within(reading.connection, scope, QUERY["step_turns"], period.first, period.last, scope, TURNS_MAX + 1)
    if len(rows) > TURNS_MAX:
        raise TooManyTurns
    calendar = load_calendar()
    return {"items": await asyncio.to_thread(lines, rows, cut, calendar), "calendar": calendar.version}


def lines(rows: Sequence[Any], cut: Sequence[StepCut], calendar: Calendar) -> list[Line]:
    """Put cases together."""
    found: dict[tuple[str, ...], list[tuple[int, int | None]]] = defaultdict(list)
    for _, of in groupby(rows, key=itemgetter("case_id")):
        turns = list(of)
        key = tuple(turns[0][one] for one in cut)
        for step, lay in lain_at(map(turn, turns), calendar).items():
            found[*key, step].append(lay)
    return [
        {
            **dict(zip((*cut, "step"), key, strict=True)),
            "cases": len(lay),
            "minutes": percentiles([one for one, _ in lay]),
            "working_minutes": percentiles([one for _, one in lay]),
        }
        for key, lay in sorted(found.items())
    ]


def turn(row: Any) -> Turn:
    """Read a turn."""
    steps = row["open_steps"]
    return Turn(row["turned_at"], None if steps is None else frozenset(steps.split()), row["runs"])


def percentiles(values: Sequence[int | None]) -> Line | None:
    """Name percentiles; None where one of the values is not known."""
    known = [one for one in values if one is not None]
    return {f"p{percent}": percentile(known, percent) for percent in PERCENTILES} if len(known) == len(values) else None
