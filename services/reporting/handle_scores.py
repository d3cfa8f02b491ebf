"""Step 2 of 8, handle: look at the scores of units and officers again and again, and record which fell and which recovered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, get_args
from uuid import uuid5

from contracts.reporting import ScoredWhose, ScoreFell, ScoreRecovered
from contracts.reporting_findings import FindingOpened
from contracts.vocabulary import AgencyCode, FindingId, FindingSourceId
from kernel.eventlog import Conflict, History, Meta, Slice
from kernel.legalclock import day_of
from services.reporting.domain import score
from services.reporting.domain.groups import Tally
from services.reporting.domain.period import Period
from services.reporting.domain.satisfaction import RATINGS, UNSAID, counted
from services.reporting.query import Mirror

SOURCE: Final = "feedback"
SCORED: Final[dict[ScoredWhose, str]] = {
    "unit": "Mức độ hài lòng đối với đơn vị xuống dưới ngưỡng",
    "officer": "Mức độ hài lòng đối với một công chức xuống dưới ngưỡng",
}


def rolling(today: date, months: int) -> Period:
    """Give the month of a day and those before it, so many in all; whole months, as everything that is told of answers."""
    index = today.year * 12 + today.month - months
    return Period(date(index // 12, index % 12 + 1, 1), today).whole_months()


def found_by(facts: Sequence[ScoreFell | ScoreRecovered], history: History, agency: AgencyCode) -> list[Slice]:
    """Open a finding for a score that fell: somebody has to act on it. One that has recovered closes none: that is for a person to say.

    What it says names no account, for whoever leads alone may know whose score it is.
    """
    slices: list[Slice] = []
    for n, fell in enumerate(facts):
        if isinstance(fell, ScoreFell):
            finding_id = FindingId(uuid5(fell.score_id, f"finding/{history.version + n}"))
            opened = FindingOpened(
                finding_id=finding_id,
                agency=agency,
                found_by="score",
                found_in=FindingSourceId(fell.score_id),
                subject="civil-service",
                unit=fell.subject if fell.whose == "unit" else None,
                text=f"{SCORED[fell.whose]}: {fell.satisfied}/{fell.answers} phiếu hài lòng, ngưỡng {fell.floor} %.",
                opened_by="system:reporting",
                opened_at=fell.measured_at,
            )
            slices.append(Slice(History(finding_id), agency, [opened]))
    return slices


@dataclass(frozen=True, slots=True)
class Watch:
    """Measures what was answered, and tells whoever is to act."""

    mirror: Mirror

    async def measure(self, now: datetime) -> int:
        """Measure every unit and officer of whom anything is told; give how many facts that led to."""
        settings = self.mirror.runtime.settings
        period = rolling(day_of(now), settings.score_months)
        async with self.mirror.reading() as reading:
            position = reading.freshness["positions"].get(SOURCE, 0)
            voices = await reading.voices(period, position)
        recorded = 0
        for whose in get_args(ScoredWhose):
            for (agency, subject), line in sorted(counted(voices, ("agency", whose), None).lines.items()):
                tally = line.tallies.get(RATINGS, Tally())
                if subject != UNSAID:
                    command = score.Measure(
                        agency=agency,
                        whose=whose,
                        subject=subject,
                        period_from=period.first,
                        period_to=period.last,
                        answers=tally.n,
                        satisfied=tally.good,
                        position=position,
                        floor=settings.score_floor,
                        margin=settings.score_margin,
                        answers_min=settings.score_answers_min,
                        at=now,
                    )
                    recorded += await self._record(command)
        return recorded

    async def _record(self, command: score.Measure) -> int:
        log = self.mirror.runtime.log
        id = score.score_id(command.agency, command.whose, command.subject)
        history = await log.load(id)
        if not (facts := score.decide(command, score.DECIDER.state_of(history))):
            return 0
        try:
            # The same step of the same score is the same command: two workers that see it at once record it once.
            await log.append(
                [Slice(history, command.agency, facts), *found_by(facts, history, command.agency)],
                Meta(f"score:{id}:{history.version}", f"system:{log.source}", command.at),
            )
        except Conflict:
            return 0
        return len(facts)
