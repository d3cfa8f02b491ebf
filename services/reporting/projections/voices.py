"""Step 7 of 8, projections: what was answered and what was said, with nothing that leads to who did."""

from __future__ import annotations

from typing import Final, get_args

from contracts.feedback import Criterion, InvitationIssued, InvitationUsed, OpinionAnswered, OpinionReceived, RatingRecorded
from contracts.feedback_surveys import AnswerRecorded, Factor
from contracts.vocabulary import AnswerId, InvitationId, OpinionId, RatingId
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of

POINTS: Final[dict[Criterion, str]] = {criterion: f"points_{criterion.replace('-', '_')}" for criterion in get_args(Criterion)}
LEVELS: Final[dict[Factor, str]] = {factor: f"level_{factor}" for factor in get_args(Factor)}
"""The column of each question; one that was not answered stays null."""


def rating_key(event: Recorded) -> AnswerId | RatingId:
    """Give the row's key."""
    return event.fact.answer_id if isinstance(event.fact, AnswerRecorded) else event.fact.rating_id


def rating_columns(event: Recorded) -> Columns:
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
                "batch": event.id,
                "batch_size": 1,
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
                "campaign": None if fact.campaign is None else str(fact.campaign),
                "satisfaction": fact.satisfaction,
                **{column: fact.points.get(criterion) for criterion, column in POINTS.items()},
                **{column: fact.levels.get(factor) for factor, column in LEVELS.items()},
                "recorded_on": fact.recorded_on,
                # The facts of one commit have the ids `<command>/<n>`.
                "batch": event.id.rpartition("/")[0] if fact.batch_size else event.id,
                "batch_size": fact.batch_size or 1,
            }
        case _:
            return {}


def invitation_key(event: Recorded) -> InvitationId:
    """Give the row's key."""
    return event.fact.invitation_id


def invitation_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case InvitationIssued() as fact:
            named = {name: getattr(fact, name) for name in ("dossier_id", "agency", "procedure", "field", "occasion", "officer")}
            return {**named, "issued_on": day_of(fact.issued_at)}
        case _:
            return {}


def admission_columns(event: Recorded) -> Columns:
    """Say that it was used, and not when: its position is all that a question about the past needs."""
    match event.fact:
        case InvitationUsed():
            return {"used": True}
        case _:
            return {}


def opinion_key(event: Recorded) -> OpinionId:
    """Give the row's key."""
    return event.fact.opinion_id


def opinion_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case OpinionReceived() as fact:
            return {"agency": fact.agency, "channel": fact.channel, "topic": fact.topic, "received_on": day_of(fact.received_at)}
        case OpinionAnswered() as fact:
            return {"answered_on": day_of(fact.answered_at)}
        case _:
            return {}


RATING: Final = Projection(
    table="rating", key_column="rating_id", key=rating_key, columns=rating_columns, facts=(RatingRecorded, AnswerRecorded)
)
INVITATION: Final = Projection(
    table="invitation", key_column="invitation_id", key=invitation_key, columns=invitation_columns, facts=(InvitationIssued,)
)
ADMISSION: Final = Projection(
    table="admission", key_column="invitation_id", key=invitation_key, columns=admission_columns, facts=(InvitationUsed,)
)
OPINION: Final = Projection(
    table="opinion", key_column="opinion_id", key=opinion_key, columns=opinion_columns, facts=(OpinionReceived, OpinionAnswered)
)
