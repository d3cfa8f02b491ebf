"""Step 3 of 8, decide: the life of one opinion, from the box, the hotline or the web to its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from contracts.feedback import OpinionAnswered, OpinionReceived
from contracts.vocabulary import AgencyCode, ContentHash, OpinionId, PrincipalId, VaultRef
from kernel.eventlog import Decider, Refused

OpinionChannel: TypeAlias = Literal["box", "hotline", "web", "portal", "letter", "in-person"]
Topic: TypeAlias = Literal["attitude", "delay", "procedure", "fee", "facility", "praise", "other"]
Refusal: TypeAlias = Literal["no-such-opinion", "opinion-answered"]

PUBLIC_CHANNELS: Final[frozenset[OpinionChannel]] = frozenset({"box", "web"})
"""Channels that need nobody to write them down: the slip in the box and the form on the web."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """Take in what somebody said; `anonymous` = they left no way to answer them."""

    opinion_id: OpinionId
    agency: AgencyCode
    channel: OpinionChannel
    topic: Topic
    anonymous: bool
    text_ref: VaultRef
    commitment: ContentHash
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer it."""

    answer_ref: VaultRef
    commitment: ContentHash
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """It waits for an answer."""

    opinion_id: OpinionId
    agency: AgencyCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """It was answered. A second answer would leave in doubt which of them the department stands by."""

    agency: AgencyCode


Command: TypeAlias = Receive | Answer
Event: TypeAlias = OpinionReceived | OpinionAnswered
State: TypeAlias = Absent | Open | Answered
INITIAL: Final[State] = Absent()


def decide(command: Command, state: State) -> list[Event]:
    """Give what a command leads to.

    Raises:
        Refused: a `Refusal`.
    """
    match command, state:
        case Receive(), Absent():
            return [
                OpinionReceived(
                    opinion_id=command.opinion_id,
                    agency=command.agency,
                    channel=command.channel,
                    topic=command.topic,
                    anonymous=command.anonymous,
                    text_ref=command.text_ref,
                    commitment=command.commitment,
                    received_at=command.at,
                )
            ]
        case Answer(), Open():
            return [
                OpinionAnswered(
                    opinion_id=state.opinion_id,
                    agency=state.agency,
                    answer_ref=command.answer_ref,
                    commitment=command.commitment,
                    answered_by=command.by,
                    answered_at=command.at,
                )
            ]

        # The opinion's id is made from the command: it can only be the same command again.
        case Receive(), Open() | Answered():
            return []

        case Answer(), Absent():
            raise refused("no-such-opinion")
        case Answer(), Answered():
            raise refused("opinion-answered")


def evolve(state: State, event: Event) -> State:
    """Give the state after an event."""
    match event, state:
        case OpinionReceived(opinion_id=opinion_id, agency=agency), Absent():
            return Open(opinion_id=opinion_id, agency=agency)
        case OpinionAnswered(agency=agency), Open():
            return Answered(agency=agency)
        # Whoever asks by an id may name a stream of another kind: there is no opinion in it.
        case _:
            return state


def refused(reason: Refusal) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
