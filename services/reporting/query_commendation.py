"""Step 8 of 8, query: evidence for commendation: what is known of each unit or officer. Nothing here decides or ranks.

A commendation is proposed and decided by people: a threshold that decided would be gamed, and nobody would answer for it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, Literal, TypeAlias

from kernel.edge.wall import fetch_within
from services.reporting.domain.indicators import evaluation
from services.reporting.domain.period import Period
from services.reporting.domain.satisfaction import UNSAID, counted, view
from services.reporting.query import Reading, Scope
from services.reporting.query_reform import QUERY
from services.reporting.query_satisfaction import indicators

Whose: TypeAlias = Literal["unit", "officer"]
ON_TIME: Final = ("resolved", "resolved_early", "resolved_on_time", "resolved_late")
DEEDS: Final = (
    "tasks_in_time",
    "tasks_late",
    "tasks_overdue",
    "actions_in_time",
    "actions_late",
    "actions_effective",
    "actions_ineffective",
)


async def evidence(reading: Reading, period: Period, scope: Scope, whose: Whose) -> list[dict[str, Any]]:
    """Give what is known of units or officers in a period, by their code and in no other order.

    Dossiers are a unit's, and so are findings about it: of an officer they are not counted. Answers are of the whole months.
    """
    found: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    if whose == "unit":
        for line in await reading.figures(period, scope, ("agency", "unit")):
            if line["unit"] is not None:
                found[line["agency"], line["unit"]]["dossiers"] = {name: line[name] for name in ON_TIME}
        for line in await fetch_within(reading.connection, scope, QUERY["findings_about"], scope, period.first, period.last):
            found[line["agency"], line["subject"]]["findings"] = {n: line[n] for n in ("findings_opened", "findings_closed")}
    voices = await reading.voices(period.whole_months())
    for (agency, subject), line in counted(voices, ("agency", whose), scope, None).lines.items():
        if subject != UNSAID:
            said = view(line, asked=False)
            found[agency, subject]["satisfaction"] = {**said, "evaluation": evaluation(indicators(line), whose)}
    for line in await fetch_within(reading.connection, scope, QUERY["deeds"].format(whose=whose), scope, period.first, period.last):
        deeds = {name: line[name] for name in DEEDS}
        if any(deeds.values()):
            found[line["agency"], line["subject"]]["reform"] = deeds
    return [{"agency": agency, whose: subject, **told} for (agency, subject), told in sorted(found.items())]
