"""Step 3 of 8, decide: where a case can stand, and no more of it than the next decision needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from contracts.vocabulary import (
    AgencyCode,
    CaseId,
    ContentHash,
    Deadline,
    DossierCode,
    DossierId,
    Outcome,
    PrincipalId,
    ProcedureCode,
    SupplementMode,
)
from services.processing.domain.workflow import Steps, signing_step

Verdict: TypeAlias = Literal["pending", "granted", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a case is about. `deadline` is None where the law sets no limit; `rounds` counts the supplements asked for."""

    id: CaseId
    dossier: DossierId
    agency: AgencyCode
    code: DossierCode
    procedure: ProcedureCode
    workflow_hash: ContentHash
    supplement_mode: SupplementMode
    deadline: Deadline | None
    rounds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """The step that is to be done now, and whose work it is."""

    code: str
    unit: str
    role: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The dossier was not accepted, or its acceptance has not arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A step is open, and nobody has taken it."""

    case: Case
    step: OpenStep
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An officer works on the open step."""

    case: Case
    step: OpenStep
    verdict: Verdict
    officer: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The clock stands still until the applicant has brought what is missing; then it goes on as `held`."""

    held: Claimed
    paused_at: datetime

    @property
    def case(self) -> Case:
        """What it is about."""
        return self.held.case


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The result is on its way to the desk."""

    case: Case
    outcome: Outcome
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The applicant withdrew before there was a decision."""

    case: Case


State: TypeAlias = Absent | Waiting | Claimed | Paused | Issued | Stopped
Known: TypeAlias = Waiting | Claimed | Paused | Issued | Stopped


def legal_in(state: State, steps: Steps) -> list[str]:
    """List what an officer may do in a state, by the names of the API; whether it is his to do is another question."""
    match state:
        case Waiting() | Claimed():
            signing = state.verdict == "pending" and state.step.code == signing_step(steps).code
            claim = ["claim"] if isinstance(state, Waiting) else []
            pause = ["pause"] if state.verdict == "pending" and state.case.deadline is not None else []
            return [*claim, "decision" if signing else "completion", *pause]
        case Absent() | Paused() | Issued() | Stopped():
            return []
