"""Step 7 of 8, projections: what those who were invited answered."""

from __future__ import annotations

from typing import Final, get_args

from contracts.feedback import Criterion, RatingRecorded
from contracts.vocabulary import RatingId
from kernel.eventlog import Columns, Projection, Recorded

POINTS: Final[dict[Criterion, str]] = {criterion: f"points_{criterion.replace('-', '_')}" for criterion in get_args(Criterion)}
"""The column of each criterion; one that was not answered stays null."""


def key(event: Recorded) -> RatingId:
    """Give the row's key."""
    return event.fact.rating_id


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
                "commented": fact.comment_ref is not None,
                "recorded_at": fact.recorded_at,
            }
        case _:
            return {}


RATING_REGISTER: Final = Projection(table="rating_register", key_column="rating_id", key=key, columns=columns, facts=(RatingRecorded,))
