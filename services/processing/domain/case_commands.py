"""Step 3 of 8, decide: what may be asked of a case. `steps` is always the workflow that the case is pinned to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from contracts.intake import DossierAccepted
from contracts.vocabulary import CaseId, ContentHash, MissingComponent, Outcome, PrincipalId
from kernel.legalclock import Calendar
from services.processing.domain.case_states import OpenStep
from services.processing.domain.workflow import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Who acts: his unit, and the roles whose steps he may do there, his own and those that he stands in for."""

    id: PrincipalId
    unit: str
    roles: frozenset[str]

    def may_do(self, step: OpenStep) -> bool:
        """Tell whether a step is his work."""
        return step.unit == self.unit and step.role in self.roles


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Take over an accepted dossier."""

    case_id: CaseId
    dossier: DossierAccepted
    workflow_hash: ContentHash
    steps: Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Take the open step."""

    officer: Officer
    steps: Steps
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Finish a step that neither decides nor issues."""

    step: str
    officer: Officer
    steps: Steps
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Stop the clock and ask the applicant, through the desk, for what is missing (NĐ 61/2018, Điều 19.4)."""

    missing: tuple[MissingComponent, ...]
    officer: Officer
    steps: Steps
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Sign the decision; that completes the signing step."""

    outcome: Outcome
    legal_basis: str | None
    officer: Officer
    steps: Steps
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Finish the last step: number the result and pass it to the desk.

    `serial` is the book's next, `result` what the procedure leads to where it is granted.
    """

    step: str
    serial: int
    result: str | None
    officer: Officer
    steps: Steps
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Let the clock go on: the supplement of a round is here. `calendar` is the calendar as known at that instant."""

    round: int
    resumed_at: datetime
    calendar: Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End a case whose dossier was withdrawn."""

    at: datetime


Act: TypeAlias = Claim | Complete | Pause | Decide | Issue
"""What an officer asks for."""

Command: TypeAlias = OpenCase | Act | Resume | Stop
