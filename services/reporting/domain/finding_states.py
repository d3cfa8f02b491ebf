"""Step 3 of 8, decide: where a finding can stand, and who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from contracts.reporting_reform import Owner
from contracts.vocabulary import AgencyCode, FindingId, PrincipalId

Stage: TypeAlias = Literal["open", "assigned", "done", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The action that holds; `rung_for`: the day of which it was said that it is over."""

    number: int
    text: str
    owner: Owner
    due_on: date
    done_by: PrincipalId | None = None
    rung_for: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found; `of_officer`: by an officer's score, which is for leaders and for whoever acts on it alone."""

    id: FindingId
    agency: AgencyCode
    of_officer: bool
    cause: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Nothing is being done about it."""

    finding: Finding

    @property
    def agency(self) -> AgencyCode:
        """Whose it is."""
        return self.finding.agency


@dataclass(frozen=True, slots=True)
class Assigned(Unsettled):
    """Somebody has to do something about it."""

    action: Action


@dataclass(frozen=True, slots=True)
class Done(Assigned):
    """It was done, and somebody else has to look."""


@dataclass(frozen=True, slots=True)
class Closed(Assigned):
    """It helped."""


State: TypeAlias = Unsettled | Assigned | Done | Closed | None
INITIAL: Final[State] = None


def may_see(state: Unsettled, who: PrincipalId, *, leads: bool) -> bool:
    """Tell whether somebody may see a finding: what is said of an officer is for leaders, and for the officer who acts on it."""
    return leads or not state.finding.of_officer or (isinstance(state, Assigned) and state.action.owner.officer == who)


def stage_of(state: State) -> Stage | None:
    """Say where a finding stands."""
    match state:
        case None:
            return None
        case Closed():
            return "closed"
        case Done():
            return "done"
        case Assigned():
            return "assigned"
        case Unsettled():
            return "open"


def is_acted_on(state: State) -> bool:
    """Tell whether something is done about a finding: somebody was given an action, and it has not turned out to be of no use."""
    return isinstance(state, Assigned)
