"""Step 3 of 8, decide: a slip that was handed out: it comes back once, and is found valid or not, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from contracts.feedback_campaigns import SlipFault, SlipInvalidated, SlipReturned, SlipValidated
from contracts.vocabulary import ContentHash, PrincipalId, SurveyClassId
from kernel.eventlog import Decider, Refused
from services.feedback.domain import campaign as campaign_
from services.feedback.domain import survey_class
from services.feedback.domain.campaign import Running, slip_id

Refusal: TypeAlias = Literal["slip-not-issued", "slip-returned", "slip-not-returned", "slip-judged"]


@dataclass(frozen=True, slots=True)
class Return:
    """Take it back."""


@dataclass(frozen=True, slots=True)
class Validate:
    """Find it valid, and have a hidden token signed for the answer on it, under one of the `classes` that such an answer may be in."""

    class_id: SurveyClassId
    classes: frozenset[SurveyClassId]
    blinded_hash: ContentHash


@dataclass(frozen=True, slots=True)
class Invalidate:
    """Find that it cannot be counted."""

    reason: SlipFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is to be done with the slip of a number, whose campaign stands like this."""

    act: Return | Validate | Invalidate
    campaign: Running | campaign_.Closed
    number: int
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Out:
    """It has not come back; whether it was handed out is for its campaign to say."""


@dataclass(frozen=True, slots=True)
class Back:
    """It came back, and nobody has looked at it."""


@dataclass(frozen=True, slots=True)
class Valid:
    """What was signed may be signed once more, for whoever lost the signature; nothing else."""

    class_id: SurveyClassId
    blinded_hash: ContentHash


@dataclass(frozen=True, slots=True)
class Invalid:
    """It cannot be counted."""


State: TypeAlias = Out | Back | Valid | Invalid
Event: TypeAlias = SlipReturned | SlipValidated | SlipInvalidated
INITIAL: Final[State] = Out()


def decide(command: Command, state: State) -> Sequence[Event]:
    """Give what a command leads to.

    Raises:
        Refused: a `Refusal` with the slip's number, or "campaign-closed", or "class-changed".
    """
    own = command.campaign.campaign
    which = {"slip_id": slip_id(own.id, command.number), "campaign_id": own.id, "agency": own.agency, "number": command.number}
    match command.act, state:
        case Return(), Out():
            if command.number not in own.issued:
                raise refused("slip-not-issued", command.number)
            if not isinstance(command.campaign, Running):
                raise campaign_.refused("campaign-closed")
            return [SlipReturned.model_validate(which | {"returned_by": command.officer, "returned_at": command.at})]
        case Validate(class_id=class_id, classes=classes, blinded_hash=blinded_hash), Back():
            if class_id not in classes:
                raise survey_class.refused("class-changed")
            signed = {"class_id": class_id, "blinded_hash": blinded_hash}
            return [SlipValidated.model_validate(which | signed | {"validated_by": command.officer, "validated_at": command.at})]
        case Invalidate(reason=reason), Back():
            judged = {"reason": reason, "invalidated_by": command.officer, "invalidated_at": command.at}
            return [SlipInvalidated.model_validate(which | judged)]

        case Validate(class_id=class_id, blinded_hash=blinded_hash), Valid() if state == Valid(class_id, blinded_hash):
            return []

        case Return(), Back() | Valid() | Invalid():
            raise refused("slip-returned", command.number)
        case Validate() | Invalidate(), Out():
            raise refused("slip-not-returned", command.number)
        case Validate() | Invalidate(), Valid() | Invalid():
            raise refused("slip-judged", command.number)


def evolve(state: State, event: Event) -> State:
    """Give the state after an event."""
    match event, state:
        case SlipReturned(), Out():
            return Back()
        case SlipValidated(class_id=class_id, blinded_hash=blinded_hash), Back():
            return Valid(class_id, blinded_hash)
        case SlipInvalidated(), Back():
            return Invalid()
        case _:
            return state


def refused(reason: Refusal, number: int) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason, number=number)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
