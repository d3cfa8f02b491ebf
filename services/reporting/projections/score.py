"""Step 7 of 8, projections: scores that fell, and whether they have recovered."""

from __future__ import annotations

from typing import Final

from contracts.reporting import ScoreFell, ScoreRecovered
from contracts.vocabulary import ScoreId
from kernel.eventlog import Columns, Projection, Recorded

SAID: Final = ("agency", "whose", "subject", "period_from", "period_to", "answers", "satisfied", "floor")


def key(event: Recorded) -> ScoreId:
    """Give the row's key."""
    return event.fact.score_id


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case ScoreFell() as fact:
            return {**{name: getattr(fact, name) for name in SAID}, "fell_at": fact.measured_at, "recovered_at": None}
        case ScoreRecovered() as fact:
            return {"recovered_at": fact.measured_at}
        case _:
            return {}


SCORE: Final = Projection(table="score", key_column="score_id", key=key, columns=columns, facts=(ScoreFell, ScoreRecovered))
