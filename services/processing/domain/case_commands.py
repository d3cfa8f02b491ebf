"""Step 3 of 8, decide: what may be asked of a case. `steps` is always the workflow that the case is pinned to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from contracts.intake import DossierAccepted
from contracts.processing import AssignmentReason, CorrectionReason, ReopeningReason
from contracts.processing_clock import ExclusionCause
from contracts.processing_coordination import CouncilFinding, Seat, SiteFinding
from contracts.vocabulary import CaseId, ContentHash, LatenessReason, MissingComponent, Outcome, PartnerCode
from kernel.legalclock import Calendar
from services.processing.domain.officer import Officer
from services.processing.domain.workflow import Steps

Opinion: TypeAlias = Literal["agrees", "disagrees", "agrees-with-changes", "not-competent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Take over an accepted dossier."""

    case_id: CaseId
    dossier: DossierAccepted
    workflow_hash: ContentHash
    steps: Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """What every act of an officer says: who, under which workflow, when. Only a step with a timer asks for the calendar."""

    officer: Officer
    steps: Steps
    at: datetime
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(_Act):
    """Take an open step; without `step`, the first that is the officer's to do."""

    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(_Act):
    """Give an open step to an officer, as the head of its unit; from another who has it only for a reason."""

    step: str
    to: Officer
    reason: AssignmentReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete(_Act):
    """Finish a step that neither decides nor issues."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(_Act):
    """Send the work back to an earlier step, to whoever did it."""

    step: str
    to: str
    reason: ReopeningReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(_Act):
    """Take back a step that one has finished oneself, before somebody works on what it opened."""

    step: str
    reason: ReopeningReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Consult(_Act):
    """Ask another agency; `days` are the working days that the coordination agreement gives it, which is named by its code."""

    partner: PartnerCode
    days: int
    calendar: Calendar  # pyright: ignore[reportGeneralTypeIssues] - keyword only, and this act cannot do without
    agreement: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive(_Act):
    """Record that another agency has confirmed that it has the papers."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(_Act):
    """Record what another agency answered."""

    number: int
    opinion: Opinion


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDownSiteCheck(_Act):
    """Put down what a team found on site; the step cannot be finished before."""

    step: str
    held_on: date
    members: tuple[Seat, ...]
    finding: SiteFinding


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDownCouncil(_Act):
    """Put down what an appraisal council concluded; the step cannot be finished before."""

    step: str
    held_on: date
    members: tuple[Seat, ...]
    finding: CouncilFinding


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(_Act):
    """Stop the clock and ask the applicant, through the desk, for what is missing (NĐ 61/2018, Điều 19.4).

    `legal_basis` names the law that lets it be asked for again; `notice_days` are the procedure's own working days to ask in. After
    `reminder_days` working days the applicant is reminded (0: never).
    """

    missing: tuple[MissingComponent, ...]
    legal_basis: str | None = None
    notice_days: int | None = None
    reminder_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide(_Act):
    """Sign the decision; that completes the signing step."""

    outcome: Outcome
    legal_basis: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(_Act):
    """Correct a signed decision before its result is issued; what was signed stays readable."""

    outcome: Outcome
    legal_basis: str | None
    reason: CorrectionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue(_Act):
    """Finish the last step: number the result and pass it to the desk.

    `serial` is the book's next, `result` what the procedure leads to where it is granted.
    """

    step: str
    serial: int
    result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reappoint(_Act):
    """Apologise for being late, and name a new day (NĐ 61/2018, Điều 19.9)."""

    new_due_on: date
    reason: LatenessReason
    calendar: Calendar  # pyright: ignore[reportGeneralTypeIssues] - keyword only, and this act cannot do without


@dataclass(frozen=True, slots=True, kw_only=True)
class Prolong(_Act):
    """Make the limit longer by an amount of its unit, on the basis of a law, and apologise for it."""

    amount: int
    legal_basis: str
    reason: LatenessReason
    calendar: Calendar  # pyright: ignore[reportGeneralTypeIssues] - keyword only, and this act cannot do without


@dataclass(frozen=True, slots=True, kw_only=True)
class Restate:
    """Apply what is known of the calendar by now to a running limit."""

    at: datetime
    calendar: Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude:
    """Leave time that has passed out of a running limit, by a decision that is named with its number and day."""

    officer: Officer
    decision: str
    cause: ExclusionCause
    since: datetime
    until: datetime
    at: datetime
    calendar: Calendar


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Go on by another version of the workflow, whose steps these are."""

    workflow_hash: ContentHash
    steps: Steps
    at: datetime
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetPass:
    """Let the open steps pass whose time has run out by an instant; each at its own."""

    steps: Steps
    at: datetime
    calendar: Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind:
    """Say that other agencies have let their limits run out by an instant, and remind an applicant who has not brought a supplement."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Raise the alarm that is due by an instant, the earliest first."""

    at: datetime


Act: TypeAlias = (
    Claim
    | Assign
    | Complete
    | Return
    | Undo
    | Consult
    | Receive
    | Answer
    | PutDownSiteCheck
    | PutDownCouncil
    | Pause
    | Decide
    | Correct
    | Issue
    | Reappoint
    | Prolong
)
"""What an officer asks for."""

Command: TypeAlias = OpenCase | Act | Resume | Restate | Exclude | Stop | Ring | Remind | LetPass | Move
