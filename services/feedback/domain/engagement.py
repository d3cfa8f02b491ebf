"""Step 3 of 8, decide: meetings with enterprises, and the group that holds them. A meeting is put down once, and may be struck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from contracts.feedback_engagement import EngagementHeld, EngagementStruck, SupportGroupDissolved, SupportGroupFormed
from contracts.vocabulary import AgencyCode, EngagementId, PrincipalId, SupportGroupId
from kernel.eventlog import Decider, Refused
from kernel.legalclock import day_of

StrikeReason: TypeAlias = Literal["not-held", "put-down-twice", "wrong-particulars"]
Refusal: TypeAlias = Literal[
    "no-such-engagement", "engagement-struck", "not-held-yet", "no-such-group", "group-dissolved", "lead-not-member"
]


GroupState: TypeAlias = Literal["absent", "formed", "dissolved"]


@dataclass(frozen=True, slots=True)
class Hold:
    """Put a meeting down; `group` is how the group that held it stands (None: none did)."""

    held: EngagementHeld
    group: GroupState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """Let it count no more."""

    reason: StrikeReason
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing was put down."""


@dataclass(frozen=True, slots=True)
class Held:
    """It was held."""

    id: EngagementId
    agency: AgencyCode


@dataclass(frozen=True, slots=True)
class Struck:
    """It was put down by mistake."""

    agency: AgencyCode


State: TypeAlias = Absent | Held | Struck
INITIAL: Final[State] = Absent()


def decide(command: Hold | Strike, state: State) -> list[EngagementHeld | EngagementStruck]:
    """Give what a command leads to.

    Raises:
        Refused: a `Refusal`.
    """
    match command, state:
        case Hold(held=held), Absent():
            if held.held_on > day_of(held.recorded_at):
                raise refused("not-held-yet")
            # One that was dissolved meanwhile may have held it before.
            if command.group == "absent":
                raise refused("no-such-group")
            return [held]
        case Strike(), Held(id=id, agency=agency):
            return [
                EngagementStruck(engagement_id=id, agency=agency, reason=command.reason, struck_by=command.officer, struck_at=command.at)
            ]

        case Hold(), Held() | Struck():
            return []

        case Strike(), Absent():
            raise refused("no-such-engagement")
        case Strike(), Struck():
            raise refused("engagement-struck")


def evolve(state: State, event: EngagementHeld | EngagementStruck) -> State:
    """Give the state after an event."""
    match event, state:
        case EngagementHeld(engagement_id=id, agency=agency), Absent():
            return Held(id, agency)
        case EngagementStruck(agency=agency), Held():
            return Struck(agency)
        # Whoever asks by an id may name a stream of another kind: there is no meeting in it.
        case _:
            return state


@dataclass(frozen=True, slots=True)
class Form:
    """Form the group, or change who is in one that there is."""

    formed: SupportGroupFormed
    changes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissolve:
    """Let there be no such group from a day on."""

    group_id: SupportGroupId
    agency: AgencyCode
    decision: str
    from_on: date
    at: datetime


def decide_group(command: Form | Dissolve, state: GroupState) -> list[SupportGroupFormed | SupportGroupDissolved]:
    """Give what a command leads to.

    Raises:
        Refused: a `Refusal`.
    """
    match command, state:
        case Form(changes=True), "absent":
            raise refused("no-such-group")
        case Form(formed=formed), "absent" | "formed":
            if formed.lead not in formed.members:
                raise refused("lead-not-member")
            return [formed]
        case Dissolve(), "formed":
            return [
                SupportGroupDissolved(
                    group_id=command.group_id,
                    agency=command.agency,
                    decision=command.decision,
                    from_on=command.from_on,
                    dissolved_at=command.at,
                )
            ]

        case Dissolve(), "dissolved":
            return []

        case Dissolve(), "absent":
            raise refused("no-such-group")
        case Form(), "dissolved":
            raise refused("group-dissolved")


def evolve_group(state: GroupState, event: SupportGroupFormed | SupportGroupDissolved) -> GroupState:
    """Give the state after an event."""
    match event:
        case SupportGroupFormed():
            return "formed"
        case SupportGroupDissolved():
            return "dissolved"
        # As above: a stream of another kind.
        case _:  # pyright: ignore[reportUnnecessaryComparison] - what an id of the caller's leads to is not typed
            return state


def refused(reason: Refusal) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason)


DECIDER: Final[Decider[Hold | Strike, State]] = Decider(INITIAL, decide, evolve)
GROUP_DECIDER: Final[Decider[Form | Dissolve, GroupState]] = Decider("absent", decide_group, evolve_group)
