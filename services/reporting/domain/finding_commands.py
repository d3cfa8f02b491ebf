"""Step 3 of 8, decide: what can be asked of a finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from contracts.processing_organisation import UnitCode
from contracts.reporting_findings import FindingOpened
from contracts.reporting_reform import Evidence, Owner
from contracts.vocabulary import PrincipalId


@dataclass(frozen=True, slots=True)
class Open:
    """Begin it; the fact is made by whoever found it."""

    opened: FindingOpened

    @property
    def at(self) -> datetime:
        """When."""
        return self.opened.opened_at


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCause:
    """Say why it is so."""

    cause: str
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Give a corrective action to its owner, or to another one."""

    action: str
    owner: Owner
    due_on: date
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Show that the action is done."""

    evidence: tuple[Evidence, ...]
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Say whether it helped, for a unit."""

    effective: bool
    note: str
    unit: UnitCode
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """Say that it is so again."""

    reason: str
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Ring:
    """Say whether the action is overdue by an instant."""

    at: datetime


Step: TypeAlias = Open | RecordCause | Assign | Finish | Verify | Reopen
Command: TypeAlias = Step | Ring
