"""Step 7 of 8, projections: what anybody wanted to say, and whether they were answered."""

from __future__ import annotations

from typing import Final

from contracts.feedback import OpinionAnswered, OpinionReceived
from contracts.vocabulary import OpinionId
from kernel.eventlog import Columns, Projection, Recorded


def key(event: Recorded) -> OpinionId:
    """Give the row's key."""
    return event.fact.opinion_id


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case OpinionReceived() as fact:
            return {
                "agency": fact.agency,
                "channel": fact.channel,
                "topic": fact.topic,
                "anonymous": fact.anonymous,
                "received_at": fact.received_at,
            }
        case OpinionAnswered() as fact:
            return {"answered_at": fact.answered_at, "answered_by": fact.answered_by}
        case _:
            return {}


OPINION_REGISTER: Final = Projection(
    table="opinion_register", key_column="opinion_id", key=key, columns=columns, facts=(OpinionReceived, OpinionAnswered)
)
