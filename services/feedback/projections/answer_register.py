"""Step 7 of 8, projections: what those who were invited answered: mixed, or, of before, one by one."""

from __future__ import annotations

from typing import Final, get_args

from contracts.feedback import RatingRecorded
from contracts.feedback_surveys import AnswerRecorded, Criterion, Factor
from contracts.vocabulary import AnswerId, RatingId
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of

POINTS: Final[dict[Criterion, str]] = {criterion: f"points_{criterion.replace('-', '_')}" for criterion in get_args(Criterion)}
LEVELS: Final[dict[Factor, str]] = {factor: f"level_{factor}" for factor in get_args(Factor)}
"""The column of each question; one that was not answered stays null."""


def key(event: Recorded) -> AnswerId | RatingId:
    """Give the row's key."""
    return event.fact.answer_id if isinstance(event.fact, AnswerRecorded) else event.fact.rating_id


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case RatingRecorded() as fact:
            return {
                "agency": fact.agency,
                "procedure": fact.procedure,
                "field": fact.field,
                "occasion": fact.occasion,
                "satisfaction": fact.satisfaction,
                **{column: fact.points.get(criterion) for criterion, column in POINTS.items()},
                "recorded_on": day_of(fact.recorded_at),
            }
        case AnswerRecorded() as fact:
            path = fact.path
            return {
                "agency": fact.agency,
                "procedure": fact.procedure,
                "field": fact.field,
                "occasion": fact.occasion,
                "officer": path.officer,
                "unit": path.unit,
                "slowest": path.slowest,
                "steps": None if path.steps is None else " ".join(path.steps),
                "survey": fact.survey,
                "campaign": fact.campaign,
                "satisfaction": fact.satisfaction,
                **{column: fact.points.get(criterion) for criterion, column in POINTS.items()},
                **{column: fact.levels.get(factor) for factor, column in LEVELS.items()},
                "recorded_on": fact.recorded_on,
            }
        case _:
            return {}


ANSWER_REGISTER: Final = Projection(
    table="answer_register", key_column="answer_id", key=key, columns=columns, facts=(RatingRecorded, AnswerRecorded)
)
