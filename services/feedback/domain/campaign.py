"""Step 3 of 8, decide: a survey on paper: how many slips there are, and which of them were handed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from contracts.feedback_campaigns import CampaignClosed, CampaignOpened, SlipIssued
from contracts.vocabulary import AgencyCode, CampaignId, ContentHash, PrincipalId, SlipId
from kernel.eventlog import Decider, Refused

NAMESPACE: Final = UUID("b3d6a1c4-17de-5e1b-9f52-6a3f0f6c8d21")

Refusal: TypeAlias = Literal["no-such-campaign", "campaign-closed", "no-such-slip", "slip-issued"]


def slip_id(campaign: CampaignId, number: int) -> SlipId:
    """Name a slip: of each number there is one."""
    return SlipId(uuid5(NAMESPACE, f"slip:{campaign}:{number}"))


@dataclass(frozen=True, slots=True)
class Open:
    """Begin a campaign."""

    opened: CampaignOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueSlips:
    """Hand slips out: all of these numbers or none."""

    numbers: Sequence[int]
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Hand out nothing more, and take nothing back."""

    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no campaign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Slips are handed out and come back."""

    id: CampaignId
    agency: AgencyCode
    survey: ContentHash
    slips: int
    issued: frozenset[int] = frozenset()

    @property
    def campaign(self) -> Running:
        """Itself: a campaign is the same whether it is closed or not."""
        return self


@dataclass(frozen=True, slots=True)
class Closed:
    """Only what came back before may still be looked at."""

    campaign: Running


State: TypeAlias = Absent | Running | Closed
Command: TypeAlias = Open | IssueSlips | Close
Event: TypeAlias = CampaignOpened | SlipIssued | CampaignClosed
INITIAL: Final[State] = Absent()


def decide(command: Command, state: State) -> Sequence[Event]:
    """Give what a command leads to.

    Raises:
        Refused: a `Refusal`; where it is about a slip, with its number.
    """
    match command, state:
        case Open(opened=opened), Absent():
            return [opened]
        case IssueSlips(numbers=numbers), Running():
            return [issued(command, state, number) for number in numbers]
        case Close(), Running(id=id, agency=agency):
            return [CampaignClosed(campaign_id=id, agency=agency, closed_by=command.officer, closed_at=command.at)]

        case (Open(), Running() | Closed()) | (Close(), Closed()):
            return []

        case IssueSlips() | Close(), Absent():
            raise refused("no-such-campaign")
        case IssueSlips(), Closed():
            raise refused("campaign-closed")


def issued(command: IssueSlips, campaign: Running, number: int) -> SlipIssued:
    """Hand out one slip.

    Raises:
        Refused: "no-such-slip", "slip-issued".
    """
    if number > campaign.slips:
        raise refused("no-such-slip", number)
    if number in campaign.issued:
        raise refused("slip-issued", number)
    return SlipIssued(
        slip_id=slip_id(campaign.id, number),
        campaign_id=campaign.id,
        agency=campaign.agency,
        number=number,
        issued_by=command.officer,
        issued_at=command.at,
    )


def evolve(state: State, event: Event) -> State:
    """Give the state after an event."""
    match event, state:
        case CampaignOpened(), Absent():
            return Running(id=event.campaign_id, agency=event.agency, survey=event.survey, slips=event.slips)
        case SlipIssued(number=number), Running():
            return replace(state, issued=state.issued | {number})
        case CampaignClosed(), Running():
            return Closed(state)
        # Whoever asks by an id may name a stream of another kind: there is no campaign in it.
        case _:
            return state


def refused(reason: Refusal, number: int | None = None) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason) if number is None else Refused(reason, number=number)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
