"""Step 3 of 8, decide: a directive from above: received, given to one owner, answered; overdue when its day is over before that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

from contracts.reporting_duties import DirectiveAnswered, DirectiveAssigned, DirectiveFact, DirectiveOverdue, DirectiveReceived
from contracts.reporting_reform import Evidence, Owner
from contracts.vocabulary import AgencyCode, DirectiveId, PrincipalId
from kernel.eventlog import Decider, Refused
from kernel.legalclock import day_of
from services.reporting.domain.due import is_over, over_at, with_alarms
from services.reporting.domain.reform_plan import may_answer

Refusal: TypeAlias = Literal[
    "no-such-directive", "directive-answered", "no-owner", "not-the-owner", "due-after-the-directive", "due-in-the-past", "signed-later"
]


@dataclass(frozen=True, slots=True)
class Receive:
    """Enter it; the fact says what came."""

    received: DirectiveReceived

    @property
    def at(self) -> datetime:
        """When."""
        return self.received.received_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Give it to one owner."""

    owner: Owner
    due_on: date
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer it."""

    answer: Evidence
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Ring:
    """Say whether it is overdue by an instant."""

    at: datetime


Step: TypeAlias = Receive | Assign | Answer
Command: TypeAlias = Step | Ring


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """It waits. `limit` is the directive's own day, `due_on` the one that holds: the owner's, if there is one."""

    id: DirectiveId
    agency: AgencyCode
    limit: date | None
    due_on: date | None
    owner: Owner | None = None
    rung_for: date | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """It was answered."""

    agency: AgencyCode


State: TypeAlias = Open | Answered | None
INITIAL: Final[State] = None


def decide(command: Command, state: State) -> list[DirectiveFact]:
    """Give what a command leads to, and beside it whether the directive is overdue by then.

    Raises:
        Refused: a `Refusal`.
    """
    if isinstance(command, Ring):
        return [*overdue(command.at, state)]
    return with_alarms(command.at, state, decided(command, state), overdue, evolve)


def decided(command: Step, state: State) -> list[DirectiveFact]:
    """Give what a command itself leads to.

    Raises:
        Refused: as `decide`.
    """
    match command, state:
        case Receive(received=received), None:
            if received.signed_on > day_of(received.received_at):
                raise refused("signed-later")
            return [received]
        case Receive(), _:
            return []
        case _, None:
            raise refused("no-such-directive")
        case _, Answered():
            raise refused("directive-answered")
        case Assign(), Open():
            if (state.owner, state.due_on) == (command.owner, command.due_on):
                return []
            if state.limit is not None and command.due_on > state.limit:
                raise refused("due-after-the-directive", due_on=state.limit)
            # One that is overdue already is given to somebody all the same: its own day is the best there is.
            if is_over(command.due_on, command.at) and command.due_on != state.limit:
                raise refused("due-in-the-past", due_on=command.due_on)
            return [
                DirectiveAssigned(
                    directive_id=state.id,
                    agency=state.agency,
                    owner=command.owner,
                    due_on=command.due_on,
                    assigned_by=command.by,
                    assigned_at=command.at,
                )
            ]
        case Answer(), Open(owner=None):
            raise refused("no-owner")
        case Answer(), Open(owner=owner):
            if owner is not None and not may_answer(owner, command.by):
                raise refused("not-the-owner")
            return [
                DirectiveAnswered(
                    directive_id=state.id,
                    agency=state.agency,
                    answer=command.answer,
                    late=is_over(state.due_on, command.at),
                    answered_by=command.by,
                    answered_at=command.at,
                )
            ]


def overdue(by: datetime, state: State) -> list[DirectiveFact]:
    """Say that it is overdue by an instant, if it is and was not said to be."""
    match state:
        case Open(due_on=due_on) if due_on is not None and due_on != state.rung_for and over_at(due_on) <= by:
            return [DirectiveOverdue(directive_id=state.id, agency=state.agency, due_on=due_on, raised_at=over_at(due_on))]
        case _:
            return []


def evolve(state: State, event: DirectiveFact) -> State:
    """Give the state after a fact."""
    match event, state:
        case DirectiveReceived(), None:
            return Open(id=event.directive_id, agency=event.agency, limit=event.due_on, due_on=event.due_on)
        case DirectiveAssigned(), Open():
            return replace(state, owner=event.owner, due_on=event.due_on)
        case DirectiveOverdue(), Open():
            return replace(state, rung_for=event.due_on)
        case DirectiveAnswered(), Open():
            return Answered(state.agency)
        # Whoever asks by an id may name a stream of another kind: there is no directive in it.
        case _:
            return state


def refused(reason: Refusal, **detail: Any) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason, **detail)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
