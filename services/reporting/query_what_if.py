"""Step 8 of 8, query: what the figures of a period would have been under a scenario, read in one snapshot that cannot write."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from kernel.edge.wall import fetch_within
from kernel.eventlog.sql import read_queries
from kernel.legalclock import Limit, load_calendar
from services.reporting.domain.period import Period
from services.reporting.domain.what_if import Compared, Counting, Judged, Life, Scenario, Turn, compared, counted
from services.reporting.query import COUNTERS, FOLDER, Line, Reading, Scope, shares_of, told, totals

LIVES: Final = read_queries(FOLDER / "what_if.sql")
DOSSIERS_MAX: Final = 20_000
"""So many dossiers are counted anew for one question: some seconds of one processor."""
EXAMPLES_MAX: Final = 50


class TooMany(Exception):  # noqa: N818 - says what there are
    """A question is about more dossiers than one may be."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a question is answered from: the figures as they are, and the lives of the dossiers that a scenario can change."""

    period: Period
    published: dict[str, int]
    lives: list[Life]
    freshness: Line


async def unknown(reading: Reading, procedures: Sequence[str]) -> list[str]:
    """Give those procedures that nobody knows."""
    return [row["code"] for row in await reading.connection.fetch(LIVES["unknown_procedures"], list(procedures))]


async def facts_for(reading: Reading, period: Period, scope: Scope, scenario: Scenario) -> Facts:
    """Read what a scenario is played over.

    Raises:
        TooMany: if that is more than `DOSSIERS_MAX` dossiers.
    """
    published = totals(await reading.figures(period, scope))
    rows = await fetch_within(
        reading.connection, scope, LIVES["lives"], period.first, period.last, scope, scenario.touches, DOSSIERS_MAX + 1
    )
    if len(rows) > DOSSIERS_MAX:
        raise TooMany
    turns = defaultdict[UUID, list[Turn]](list)
    for row in await reading.connection.fetch(LIVES["turns"], [row["dossier_id"] for row in rows]):
        turns[row["dossier_id"]].append(turn_of(row))
    lives = [
        Life(
            id=row["dossier_id"],
            code=row["code"],
            agency=row["agency"],
            procedure=row["procedure"],
            online=row["online"],
            accepted_on=row["accepted_on"],
            ended_on=row["ended_on"],
            withdrawn_on=row["withdrawn_on"],
            turns=tuple(turns[row["dossier_id"]]),
        )
        for row in rows
    ]
    return Facts(period, published, lives, reading.freshness)


def turn_of(row: Any) -> Turn:
    """Read what one fact did to a clock."""
    counting = None if row["amount"] is None else Counting(Limit(row["amount"], row["unit"]), row["start_rule"], row["rule_pack"])
    return Turn(row["what"], row["changed_on"], row["at"], row["due_on"], counting, row["mode"])


async def answer(facts: Facts, scenario: Scenario) -> Line:
    """Play a scenario over the facts, beside the event loop."""
    return await asyncio.to_thread(played, facts, scenario)


def played(facts: Facts, scenario: Scenario) -> Line:
    """Give the figures as they are and as they would be, what made the difference, and what the answer is good for."""
    found = list(compared(facts.lives, scenario, load_calendar()))
    recorded, would_be = (counted(lives, facts.period) for lives in both(found))
    # Of what the scenario cannot change the figures are what they are.
    whole = {name: facts.published[name] - recorded[name] + would_be[name] for name in COUNTERS}
    moved = [one for one in found if one.supposed is not None and one.supposed != one.recorded]
    return {
        "scenario": described(scenario),
        "scenario_hash": scenario_hash(scenario),
        "published": facts.published | shares_of(facts.published),
        "supposed": whole | shares_of(whole),
        "by_procedure": by_procedure(found, facts.period),
        "counted_anew": sum(one.supposed is not None for one in found),
        "kept": sum(one.supposed is None for one in found),
        "moved": len(moved),
        "examples": [example(one) for one in moved[:EXAMPLES_MAX]],
        "period": told(facts.period),
        **facts.freshness,
    }


def both(found: Sequence[Compared]) -> tuple[list[tuple[Life, Judged]], list[tuple[Life, Judged]]]:
    """Give dossiers as they were, and as they would have been."""
    return [(one.life, one.recorded) for one in found], [(one.life, one.supposed or one.recorded) for one in found]


def by_procedure(found: Sequence[Compared], period: Period) -> list[Line]:
    """Give both figures of each procedure in which anything would be different."""
    groups = defaultdict[str, list[Compared]](list)
    for one in found:
        groups[one.life.procedure].append(one)
    lines = list[Line]()
    for procedure, members in sorted(groups.items()):
        recorded, would_be = (counted(lives, period) for lives in both(members))
        if recorded != would_be:
            published, supposed = recorded | shares_of(recorded), would_be | shares_of(would_be)
            lines.append({"procedure": procedure, "published": published, "supposed": supposed})
    return lines


def example(one: Compared) -> Line:
    """Tell of one dossier what it was and what it would have been."""
    sides = {"published": one.recorded, "supposed": one.supposed or one.recorded}
    shown = {name: {"due_on": side.due_on, "verdict": side.verdict, "late_from": side.late_from} for name, side in sides.items()}
    return {"dossier_id": one.life.id, "code": one.life.code, "procedure": one.life.procedure, "ended_on": one.life.ended_on, **shown}


def described(scenario: Scenario) -> Line:
    """Write a scenario as it is said, always in the same order."""
    return {
        "limits": [{"procedure": code, "amount": limit.amount, "unit": limit.unit} for code, limit in sorted(scenario.limits.items())],
        "off": sorted(day.isoformat() for day in scenario.off),
        "work": sorted(day.isoformat() for day in scenario.work),
        "supplement_mode": scenario.mode,
    }


def scenario_hash(scenario: Scenario) -> str:
    """Give the SHA-256 of what is supposed."""
    return hashlib.sha256(json.dumps(described(scenario), sort_keys=True).encode()).hexdigest()
