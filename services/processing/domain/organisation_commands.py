"""Step 3 of 8, decide: what may be asked of the organisation. `at` is when it is asked, `from_on` the first day on which it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from contracts.processing_organisation import Heir, LeaveReason, Post, Role, Unit
from contracts.vocabulary import AgencyCode, PrincipalId, ProcedureCode
from services.processing.domain.officer import Officer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What every command says: of which agency, from which day on, and when."""

    agency: AgencyCode
    from_on: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(_Said):
    """Write down the department as the seed has it; once."""

    units: tuple[Unit, ...]
    roles: tuple[Role, ...]
    posts: tuple[Post, ...]
    reform_officer: PrincipalId
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EstablishUnit(_Said):
    """Make a unit."""

    unit: Unit
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUnit(_Said):
    """Give a unit another name, or another above it."""

    unit: Unit
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorganise(_Said):
    """Merge units into others, or split one; exactly one heir names no procedures and takes the rest."""

    units: tuple[str, ...]
    heirs: tuple[Heir, ...]
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineRole(_Said):
    """Say what a role is."""

    role: Role
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appoint(_Said):
    """Give an officer a post, in place of the one that he has; `to_on` is the last day (None: until further notice)."""

    post: Post
    to_on: date | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(_Said):
    """Let an officer have no post any more."""

    officer: PrincipalId
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantLeave(_Said):
    """Let an officer be away until `to_on`; `by` grants it."""

    officer: PrincipalId
    stand_in: PrincipalId | None
    reason: LeaveReason
    to_on: date
    by: Officer


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLeave(_Said):
    """Have an officer back from `from_on` on."""

    officer: PrincipalId
    by: Officer


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignateReformOfficer(_Said):
    """Make a leader the reform officer in place of `replaces`, who must be the one (None: nobody is replaced, so it is refused)."""

    officer: PrincipalId
    replaces: PrincipalId | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateSigning(_Said):
    """Let a head of unit sign decisions for `by`, of these procedures (none named: all), until `to_on`."""

    officer: PrincipalId
    by: PrincipalId
    procedures: tuple[ProcedureCode, ...]
    to_on: date
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDelegation(_Said):
    """Take back from `from_on` on what an officer may sign for `by`."""

    officer: PrincipalId
    by: PrincipalId


Command: TypeAlias = (
    Found
    | EstablishUnit
    | ChangeUnit
    | Reorganise
    | DefineRole
    | Appoint
    | Release
    | GrantLeave
    | EndLeave
    | DesignateReformOfficer
    | DelegateSigning
    | EndDelegation
)
