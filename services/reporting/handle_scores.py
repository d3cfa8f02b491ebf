"""Step 2 of 8, handle: look at the scores of units and officers again and again, and record which fell and which recovered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, get_args

from contracts.reporting import ScoredWhose
from kernel.eventlog import Conflict, Meta, Slice
from kernel.legalclock import day_of
from services.reporting.domain import score
from services.reporting.domain.groups import Tally
from services.reporting.domain.period import Period
from services.reporting.domain.satisfaction import RATINGS, UNSAID, counted
from services.reporting.query import Mirror

SOURCE: Final = "feedback"


def rolling(today: date, months: int) -> Period:
    """Give the month of a day and those before it, so many in all; whole months, as everything that is told of answers."""
    index = today.year * 12 + today.month - months
    return Period(date(index // 12, index % 12 + 1, 1), today).whole_months()


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
                [Slice(history, command.agency, facts)], Meta(f"score:{id}:{history.version}", f"system:{log.source}", command.at)
            )
        except Conflict:
            return 0
        return len(facts)
