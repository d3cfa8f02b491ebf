"""Step 3 of 8, decide: the inspections of a year: planned by unit and subject, held, and how much of the plan they cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.processing_organisation import UnitCode
from contracts.reporting_findings import InspectedSubject
from contracts.reporting_oversight import InspectionFact, InspectionHeld, InspectionPlanAdopted, InspectionPlanChanged, PlannedInspection
from contracts.reporting_reform import Evidence
from contracts.vocabulary import AgencyCode, InspectionId, InspectionPlanId, PrincipalId, ProcedureCode
from kernel.eventlog import Decider, Refused
from kernel.legalclock import day_of

Refusal: TypeAlias = Literal[
    "no-such-plan", "plan-adopted-already", "no-such-inspection", "not-held-yet", "inspected-in-another-year", "planned-twice"
]

Cell: TypeAlias = tuple[UnitCode, InspectedSubject]
"""A cell of the plan: a subject to be looked at in a unit."""
Part: TypeAlias = tuple[UnitCode, ProcedureCode]
"""A procedure to be looked at in a unit."""


def plan_id(agency: AgencyCode, year: int) -> InspectionPlanId:
    """Name the plan of an agency and a year: there is one."""
    return InspectionPlanId(uuid5(NAMESPACE_URL, f"inspection-plan/{agency}/{year}"))


def inspection_id(plan: UUID, number: int) -> InspectionId:
    """Name an inspection by its number within a plan."""
    return InspectionId(uuid5(plan, f"inspection/{number}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Sign the plan of a year."""

    agency: AgencyCode
    year: int
    decision: Evidence
    planned: tuple[PlannedInspection, ...]
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Put another plan in its place."""

    decision: Evidence
    planned: tuple[PlannedInspection, ...]
    reason: str
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Put down an inspection that was held, planned or not."""

    unit: UnitCode
    subjects: tuple[InspectedSubject, ...]
    procedures: tuple[ProcedureCode, ...]
    held_on: date
    team: tuple[PrincipalId, ...]
    unannounced: bool
    minutes: Evidence
    text: str
    by: PrincipalId
    at: datetime


Command: TypeAlias = Adopt | Change | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """It was adopted; `held` counts the inspections, the two sets are what they looked at."""

    id: InspectionPlanId
    agency: AgencyCode
    year: int
    planned: tuple[PlannedInspection, ...]
    held: int = 0
    looked_at: frozenset[Cell] = frozenset()
    procedures: frozenset[Part] = frozenset()


State: TypeAlias = Plan | None
INITIAL: Final[State] = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was planned was looked at: cells of unit and subject, procedures in units. What was not planned counts nowhere."""

    planned: int
    covered: int
    procedures_planned: int
    procedures_covered: int
    left: tuple[Cell, ...]

    @property
    def percent(self) -> float:
        """The covered of the planned cells, in percent with two decimals."""
        return round(100 * self.covered / self.planned, 2)


def coverage_of(plan: Plan) -> Coverage:
    """Say how much of a plan is covered; a plan has at least one cell."""
    cells, parts = cells_of(plan.planned), parts_of(plan.planned)
    left = tuple(sorted(cells - plan.looked_at))
    return Coverage(len(cells), len(cells) - len(left), len(parts), len(parts & plan.procedures), left)


def cells_of(planned: Iterable[PlannedInspection]) -> frozenset[Cell]:
    """Give the cells of a plan."""
    return frozenset((one.unit, subject) for one in planned for subject in one.subjects)


def parts_of(planned: Iterable[PlannedInspection]) -> frozenset[Part]:
    """Give the procedures of a plan, each in its unit."""
    return frozenset((one.unit, code) for one in planned for code in one.procedures)


def decide(command: Command, state: State) -> list[InspectionFact]:
    """Give what a command leads to.

    Raises:
        Refused: a `Refusal`.
    """
    match command, state:
        case Adopt(), None:
            insist_once(command.planned)
            return [
                InspectionPlanAdopted(
                    plan_id=plan_id(command.agency, command.year),
                    agency=command.agency,
                    year=command.year,
                    decision=command.decision,
                    planned=command.planned,
                    adopted_by=command.by,
                    adopted_at=command.at,
                )
            ]
        case Adopt(), Plan():
            raise refused("plan-adopted-already")
        case _, None:
            raise refused("no-such-plan")
        case Change(), Plan():
            insist_once(command.planned)
            if command.planned == state.planned:
                return []
            return [
                InspectionPlanChanged(
                    plan_id=state.id,
                    agency=state.agency,
                    decision=command.decision,
                    planned=command.planned,
                    reason=command.reason,
                    changed_by=command.by,
                    changed_at=command.at,
                )
            ]
        case Hold(), Plan():
            return [held(command, state)]


def insist_once(planned: tuple[PlannedInspection, ...]) -> None:
    """Insist that no subject is planned twice in a unit: coverage counts cells, and it would not be known which day holds.

    Raises:
        Refused: "planned-twice".
    """
    cells = [(one.unit, subject) for one in planned for subject in one.subjects]
    if len(cells) != len({*cells}):
        raise refused("planned-twice")


def held(command: Hold, plan: Plan) -> InspectionHeld:
    """Put an inspection down.

    Raises:
        Refused: a `Refusal`.
    """
    if command.held_on > day_of(command.at):
        raise refused("not-held-yet")
    if command.held_on.year != plan.year:
        raise refused("inspected-in-another-year")
    number = plan.held + 1
    return InspectionHeld(
        plan_id=plan.id,
        inspection_id=inspection_id(plan.id, number),
        agency=plan.agency,
        number=number,
        unit=command.unit,
        subjects=command.subjects,
        procedures=command.procedures,
        held_on=command.held_on,
        team=command.team,
        unannounced=command.unannounced,
        minutes=command.minutes,
        text=command.text,
        recorded_by=command.by,
        recorded_at=command.at,
    )


def evolve(state: State, event: InspectionFact) -> State:
    """Give the state after a fact."""
    match event, state:
        case InspectionPlanAdopted(), None:
            return Plan(id=event.plan_id, agency=event.agency, year=event.year, planned=event.planned)
        case InspectionPlanChanged(), Plan():
            return replace(state, planned=event.planned)
        case InspectionHeld(), Plan():
            return replace(
                state,
                held=event.number,
                looked_at=state.looked_at | {(event.unit, subject) for subject in event.subjects},
                procedures=state.procedures | {(event.unit, code) for code in event.procedures},
            )
        # Whoever asks by an id may name a stream of another kind: there is no plan in it.
        case _:
            return state


def refused(reason: Refusal, **detail: Any) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason, **detail)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
