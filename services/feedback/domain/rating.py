"""Step 3 of 8, decide: one rating. It has no life: it is recorded, and stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from contracts.feedback import Criterion, RatingRecorded
from contracts.vocabulary import AgencyCode, ContentHash, FieldCode, ProcedureCode, RatingId, VaultRef
from kernel.eventlog import Decider
from services.feedback.domain.invitation import Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Record an answer: satisfaction from 1 to 5, points from 0 to 2 for the criteria that were answered."""

    rating_id: RatingId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    occasion: Occasion
    satisfaction: int
    points: Mapping[Criterion, int]
    comment_ref: VaultRef | None
    commitment: ContentHash | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """Not recorded."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Recorded."""


State: TypeAlias = Absent | Recorded
INITIAL: Final[State] = Absent()


def decide(command: Record, state: State) -> list[RatingRecorded]:
    """Give what a command leads to; who may answer was decided on the invitation."""
    match state:
        case Absent():
            return [
                RatingRecorded(
                    rating_id=command.rating_id,
                    agency=command.agency,
                    procedure=command.procedure,
                    field=command.field,
                    occasion=command.occasion,
                    satisfaction=command.satisfaction,
                    points=dict(command.points),
                    comment_ref=command.comment_ref,
                    commitment=command.commitment,
                    recorded_at=command.at,
                )
            ]
        case Recorded():
            return []


def evolve(_: State, event: RatingRecorded) -> State:
    """Give the state after an event."""
    match event:
        case RatingRecorded():
            return Recorded()


DECIDER: Final[Decider[Record, State]] = Decider(INITIAL, decide, evolve)
