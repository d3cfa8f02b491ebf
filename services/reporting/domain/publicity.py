"""Step 3 of 8, decide: what is to be made public, where and by when: planned, done with something that shows it, or dropped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

from contracts.reporting_duties import PublicityDone, PublicityDropped, PublicityFact, PublicityOverdue, PublicityPlanned
from contracts.reporting_reform import Evidence
from contracts.vocabulary import AgencyCode, PrincipalId
from kernel.eventlog import Decider, Refused
from services.reporting.domain.due import is_over, over_at, with_alarms
from services.reporting.domain.reform_plan import may_answer

Refusal: TypeAlias = Literal["no-such-item", "item-done", "item-dropped", "due-in-the-past", "not-the-owner"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Say what is to be made public; `again`: it was planned before, and otherwise."""

    planned: PublicityPlanned
    again: bool = False

    @property
    def at(self) -> datetime:
        """When."""
        return self.planned.planned_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Show that it is public."""

    evidence: tuple[Evidence, ...]
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Say that it is not to be."""

    reason: str
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Ring:
    """Say whether it is overdue by an instant."""

    at: datetime


Step: TypeAlias = Plan | Finish | Drop
Command: TypeAlias = Step | Ring


@dataclass(frozen=True, slots=True)
class Planned:
    """It is to be made public."""

    said: PublicityPlanned
    rung_for: date | None = None

    @property
    def agency(self) -> AgencyCode:
        """Whose it is."""
        return self.said.agency


@dataclass(frozen=True, slots=True)
class Ended:
    """It is public, or will not be."""

    agency: AgencyCode
    how: Literal["item-done", "item-dropped"]


State: TypeAlias = Planned | Ended | None
INITIAL: Final[State] = None


def decide(command: Command, state: State) -> list[PublicityFact]:
    """Give what a command leads to, and beside it whether the item is overdue by then.

    Raises:
        Refused: a `Refusal`.
    """
    if isinstance(command, Ring):
        return [*overdue(command.at, state)]
    return with_alarms(command.at, state, decided(command, state), overdue, evolve)


def decided(command: Step, state: State) -> list[PublicityFact]:
    """Give what a command itself leads to.

    Raises:
        Refused: as `decide`.
    """
    match command, state:
        case Plan(again=False), Planned() | Ended():
            return []
        case Plan(again=True) | Finish() | Drop(), None:
            raise refused("no-such-item")
        case _, Ended(how=how):
            raise refused(how)
        case Plan(planned=planned), _:
            if isinstance(state, Planned) and same(planned, state.said):
                return []
            if is_over(planned.due_on, planned.planned_at):
                raise refused("due-in-the-past", due_on=planned.due_on)
            return [planned]
        case Finish(), Planned(said=said):
            if not may_answer(said.owner, command.by):
                raise refused("not-the-owner")
            return [
                PublicityDone(
                    item_id=said.item_id,
                    agency=said.agency,
                    evidence=command.evidence,
                    late=is_over(said.due_on, command.at),
                    done_by=command.by,
                    done_at=command.at,
                )
            ]
        case Drop(), Planned(said=said):
            return [
                PublicityDropped(
                    item_id=said.item_id, agency=said.agency, reason=command.reason, dropped_by=command.by, dropped_at=command.at
                )
            ]


def same(one: PublicityPlanned, other: PublicityPlanned) -> bool:
    """Tell whether two say the same, whoever says it and when."""
    who = {"planned_by", "planned_at"}
    return one.model_dump(exclude=who) == other.model_dump(exclude=who)


def overdue(by: datetime, state: State) -> list[PublicityFact]:
    """Say that it is overdue by an instant, if it is and was not said to be."""
    match state:
        case Planned(said=said) if state.rung_for != said.due_on and over_at(said.due_on) <= by:
            return [PublicityOverdue(item_id=said.item_id, agency=said.agency, due_on=said.due_on, raised_at=over_at(said.due_on))]
        case _:
            return []


def evolve(state: State, event: PublicityFact) -> State:
    """Give the state after a fact."""
    match event, state:
        case PublicityPlanned(), None:
            return Planned(event)
        case PublicityPlanned(), Planned():
            return replace(state, said=event)
        case PublicityOverdue(), Planned():
            return replace(state, rung_for=event.due_on)
        case PublicityDone(agency=agency), Planned():
            return Ended(agency, "item-done")
        case PublicityDropped(agency=agency), Planned():
            return Ended(agency, "item-dropped")
        # Whoever asks by an id may name a stream of another kind: there is no item in it.
        case _:
            return state


def refused(reason: Refusal, **detail: Any) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason, **detail)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
