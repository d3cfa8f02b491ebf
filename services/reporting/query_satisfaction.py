"""Step 8 of 8, query: a table of what was answered, with who did not answer beside it, as of now or of a position in the past."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.feedback_surveys import Criterion
from services.reporting.domain.groups import Tally
from services.reporting.domain.indicators import INDICATOR_OF, Whose, evaluation
from services.reporting.domain.satisfaction import (
    CELL_MIN,
    CHANCE_MAX,
    COMPARED_MIN,
    CRITERIA,
    RATINGS,
    WAY,
    Counted,
    VoiceCut,
    changes,
    counted,
    response,
    standing_out,
    total,
    view,
)
from services.reporting.domain.satisfaction_ratio import satisfaction_ratio
from services.reporting.query import Asked, Line, Mirror, Scope, told, totals

SOURCE: Final = "feedback"
CHANGES_MAX: Final = 500
"""Later answers that are named for each question of a line; of more it is said how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTable:
    """What lines are told apart by; as of which position (None = now); what became known after `since` is told apart.

    A `coarse` table is for everybody: its lines and their sum, and neither comparisons nor opinions.
    """

    cut: tuple[VoiceCut, ...]
    as_of: int | None = None
    since: int | None = None
    coarse: bool = False


async def table(mirror: Mirror, asked: Asked, scope: Scope, wanted: WantedTable) -> Line:
    """Give what was answered, of the whole months that a period touches."""
    async with mirror.reading() as reading:
        period, known = (await reading.period(asked)).whole_months(), reading.freshness["positions"].get(SOURCE, 0)
        as_of = known if wanted.as_of is None else wanted.as_of
        voices = await reading.voices(period, as_of, named=wanted.since is not None)
        now = wanted.as_of is None and not wanted.coarse
        said = await reading.opinions(period, scope) if now else None
        worked = totals(await reading.figures(period, scope)) if now else None
        freshness = reading.freshness
    made = await asyncio.to_thread(counted, voices, wanted.cut, scope, wanted.since)
    whole = await asyncio.to_thread(total, voices, scope)
    asks = WAY.isdisjoint(wanted.cut)
    worse, whose = (None, None) if wanted.coarse else (standing_out(made), evaluated(wanted.cut))
    return {
        "items": [
            {
                **dict(zip(wanted.cut, key, strict=True)),
                **view(line, asked=asks),
                **({"stands_out": worse.get(key, {})} if worse is not None else {}),
                **({"evaluation": evaluation(indicators(line), whose)} if whose else {}),
                **({"changed": changes(line, CHANGES_MAX)} if wanted.since is not None else {}),
            }
            for key, line in sorted(made.lines.items())
        ],
        "total": view(whole),
        **({"qd766": ratio_of(whole, worked)} if worked is not None else {}),
        **({} if wanted.coarse else {"response": response(whole)}),
        **({"opinions": said} if said is not None else {}),
        "period": told(period),
        "as_of": f"{SOURCE}/{as_of}",
        "rules": {"cell_min": CELL_MIN, "compared_min": COMPARED_MIN, "chance_max": CHANCE_MAX},
        **freshness,
    }


def ratio_of(line: Counted, worked: Mapping[str, int]) -> Line:
    """Give the ratio of QĐ 766 of a period: what was late of what was resolved then, and who was dissatisfied of those who said so."""
    ratings = line.tallies.get(RATINGS, Tally())
    return satisfaction_ratio(worked["resolved_late"], worked["resolved"], ratings.bad, ratings.n)


def evaluated(cut: Sequence[VoiceCut]) -> Whose | None:
    """Say on which scale lines are evaluated: where they are officers', agencies' or units' and nothing else's."""
    match [one for one in cut if one != "month"]:
        case ["officer"] | ["agency", "officer"]:
            return "officer"
        case ["agency"] | ["unit"] | ["agency", "unit"]:
            return "unit"
        case _:
            return None


def indicators(line: Counted) -> dict[int, Tally]:
    """Give the indicators that the applicant was asked about."""
    known: dict[Criterion, Tally] = {one: line.tallies.get(one, Tally()) for one in CRITERIA}
    return {INDICATOR_OF[one]: tally for one, tally in known.items()}


def position_of(token: str | None) -> int | None:
    """Read `feedback/123`; None where nothing was asked."""
    return None if token is None else int(token.partition("/")[2])
