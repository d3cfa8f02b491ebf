"""Step 8 of 8, query: a report as it was published, beside what is known now, with the facts that made each difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from contracts.reporting import FieldFigures, ReportPublished
from services.reporting.domain.period import Period
from services.reporting.domain.restated import moved
from services.reporting.query import COUNTERS, Line, Mirror, Reading, told
from services.reporting.trace import NOT_SHOWN, Trace

DOSSIERS_MAX: Final = 500
"""Dossiers that are named for each column of a line; of more it is said how many."""
INTAKE: Final = "intake"


@dataclass
class Difference:
    """What has changed in one column of one line: how many dossiers came and left, and who they are."""

    came: int = 0
    left: int = 0
    dossiers: list[Line] = field(default_factory=list[Line])


async def restatement(mirror: Mirror, published: ReportPublished) -> Line:
    """Give the columns in which something has changed, line by line."""
    period = Period(published.period_from, published.period_to)
    async with mirror.reading() as reading:
        back = reading.at(published.positions)
        now, then = await by_field(reading, period, published.agency), await by_field(back, period, published.agency)
        since = await differences(back.later(period, published.agency))
        names, freshness = await reading.field_names(), reading.freshness
    lines = {line.field: line for line in published.lines}
    await name_facts(mirror.trace, since.values())
    return {
        "report_id": published.report_id,
        "agency": published.agency,
        "period": told(period),
        "published": {name: getattr(published, name) for name in ("published_at", "positions", "definition_hash")},
        "lines": [
            {"field": one, "field_name": names.get(one), "columns": columns}
            for one in sorted(lines.keys() | now.keys() | then.keys())
            if (columns := changed(lines.get(one), then.get(one, {}), now.get(one, {}), since[one]))
        ],
        **freshness,
    }


def changed(published: FieldFigures | None, then: Line, now: Line, since: dict[str, Difference]) -> Line:
    """Give the columns of a line in which anything differs.

    `recounted` is the figure as of the report's positions by today's definition: `now - recounted = came - left`. Where it is not what
    was `published`, the definition has changed, or a fact that could not be applied then was applied afterwards.
    """
    found: Line = {}
    for name in COUNTERS:
        was, difference = getattr(published, name, 0), since.get(name, Difference())
        recounted, is_ = then.get(name, 0), now.get(name, 0)
        if was != recounted or recounted != is_ or difference.came:
            found[name] = {
                "published": was,
                "recounted": recounted,
                "now": is_,
                "came": difference.came,
                "left": difference.left,
                "dossiers": difference.dossiers,
                "more": difference.came + difference.left - len(difference.dossiers),
            }
    return found


async def by_field(reading: Reading, period: Period, agency: str) -> dict[str, Line]:
    """Give the lines of the form as a report has them."""
    return {line["field"]: line for line in await reading.figures(period, [agency], ("field",))}


async def differences(rows: AsyncIterator[Any]) -> dict[str, dict[str, Difference]]:
    """Give by field and column what has changed."""
    found = defaultdict[str, dict[str, Difference]](lambda: defaultdict(Difference))
    async for same in by_dossier(rows):
        last = same[-1]
        for column, move in moved([(row["at"], frozenset(row["columns"])) for row in same]).items():
            difference = found[last["field"]][column]
            difference.came += move.came
            difference.left += not move.came
            if len(difference.dossiers) < DOSSIERS_MAX:
                facts = [{"position": f"{INTAKE}/{pos}"} for pos in move.facts]
                difference.dossiers.append({"dossier_id": last["dossier_id"], "code": last["code"], "came": move.came, "facts": facts})
    return found


async def by_dossier(rows: AsyncIterator[Any]) -> AsyncIterator[list[Any]]:
    """Give the rows of a dossier together: they follow each other."""
    same = list[Any]()
    async for row in rows:
        if same and row["dossier_id"] != same[0]["dossier_id"]:
            yield same
            same = []
        same.append(row)
    if same:
        yield same


async def name_facts(trace: Trace, since: Iterable[dict[str, Difference]]) -> None:
    """Say of each fact which event it is and when it was recorded; nulls where the broker cannot be asked."""
    columns = chain.from_iterable(one.values() for one in since)
    facts: list[Line] = [fact for column in columns for dossier in column.dossiers for fact in dossier["facts"]]
    places = {fact["position"]: (INTAKE, int(fact["position"].partition("/")[2])) for fact in facts}
    found = await trace.facts(places.values())
    for fact in facts:
        fact.update(found.get(places[fact["position"]], NOT_SHOWN))
