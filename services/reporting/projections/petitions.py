"""Step 7 of 8, projections: what became of petitions, fact by fact, and whom the department met. No word, no name, no link to a dossier.

Only where each stands now would not do: whoever asks in May how March ended must get March's answer.
"""

from __future__ import annotations

from typing import Any, Final

from contracts.feedback_engagement import EngagementHeld, EngagementStruck
from contracts.feedback_petitions import (
    PetitionAnswered,
    PetitionAssigned,
    PetitionClassified,
    PetitionExtended,
    PetitionForwarded,
    PetitionMerged,
    PetitionReceived,
    PetitionRefused,
    PetitionReopened,
    PetitionWithdrawn,
)
from contracts.vocabulary import EngagementId
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of

TURNS: Final = (
    PetitionReceived,
    PetitionClassified,
    PetitionAssigned,
    PetitionExtended,
    PetitionAnswered,
    PetitionReopened,
    PetitionRefused,
    PetitionForwarded,
    PetitionMerged,
    PetitionWithdrawn,
)


def turn_key(event: Recorded) -> int:
    """Give the fact's position."""
    return event.pos


def turn_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    fact = event.fact
    if not isinstance(fact, TURNS):
        return {}
    what = fact.TYPE.split(".")[2]
    own: dict[str, Any] = {}
    match fact:
        case PetitionReceived() | PetitionExtended() | PetitionReopened():
            own = {"due_on": fact.deadline.due_on}
        case PetitionClassified():
            own = {"kind": fact.kind, "due_on": fact.deadline.due_on}
        case PetitionAssigned():
            own = {"unit": fact.unit}
        case PetitionAnswered():
            own = {"late": fact.late}
        case _:
            pass
    on_day = day_of(getattr(fact, f"{what}_at"))
    return {"petition_id": fact.petition_id, "agency": fact.agency, "what": what, "on_day": on_day, **own}


def engagement_key(event: Recorded) -> EngagementId:
    """Give the row's key."""
    return event.fact.engagement_id


def engagement_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case EngagementHeld() as fact:
            return {"agency": fact.agency, "kind": fact.kind, "held_on": fact.held_on, "held_pos": event.pos}
        case EngagementStruck() as fact:
            return {"struck_on": day_of(fact.struck_at)}
        case _:
            return {}


PETITION_TURN: Final = Projection(table="petition_turn", key_column="turn_pos", key=turn_key, columns=turn_columns, facts=TURNS)
ENGAGEMENT: Final = Projection(
    table="engagement",
    key_column="engagement_id",
    key=engagement_key,
    columns=engagement_columns,
    facts=(EngagementHeld, EngagementStruck),
)
