"""Step 3 of 8, decide: what can be asked of the plan of a year's reform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from contracts.reporting_reform import Evidence, Owner, ReformContent
from contracts.vocabulary import AgencyCode, PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a task is to be. `number` None: a new one, which gets the next."""

    number: int | None = None
    content: ReformContent
    title: str
    product: str
    owner: Owner
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Sign the plan of a year."""

    agency: AgencyCode
    year: int
    decision: Evidence
    tasks: tuple[Planned, ...]
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Set tasks and drop others, by a decision."""

    decision: Evidence
    reason: str
    tasks: tuple[Planned, ...]
    dropped: tuple[int, ...]
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Say how far a task is."""

    number: int
    percent: int
    note: str
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Say that a task is done, and show it."""

    number: int
    evidence: tuple[Evidence, ...]
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Ring:
    """Say what is overdue by an instant."""

    at: datetime


Step: TypeAlias = Adopt | Change | Progress | Complete
Command: TypeAlias = Step | Ring
