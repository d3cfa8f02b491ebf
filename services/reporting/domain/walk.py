"""Step 3 of 8, decide: the way a case really went, turn by turn, as its facts tell it.

A turn is what conformance and fairness need of one fact, and no more: whose facts these are, a reader of the read table and a reader of an
exported bundle see the same turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from contracts.fact import Fact
from contracts.processing import (
    CaseDecided,
    CaseMoved,
    CaseOpened,
    CaseResultIssued,
    CaseStepAssigned,
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStepSkipped,
    CaseStopped,
    CaseTimerFired,
    Step,
)
from contracts.processing_clock import (
    CaseClockPaused,
    CaseClockResumed,
    CaseProlonged,
    CaseRestated,
    CaseTimeExcluded,
)
from contracts.processing_coordination import (
    CaseConsultationAnswered,
    CaseConsultationRequested,
    CaseCouncilHeld,
    CaseSiteChecked,
)
from contracts.vocabulary import CaseId

What: TypeAlias = Literal[
    "opened",
    "claimed",
    "assigned",
    "completed",
    "skipped",
    "reopened",
    "passed",
    "recorded",
    "asked",
    "answered",
    "paused",
    "resumed",
    "due",
    "decided",
    "issued",
    "stopped",
    "moved",
]

FACTS: Final[tuple[type[Fact], ...]] = (
    CaseOpened,
    CaseStepClaimed,
    CaseStepAssigned,
    CaseStepCompleted,
    CaseStepSkipped,
    CaseStepReopened,
    CaseTimerFired,
    CaseSiteChecked,
    CaseCouncilHeld,
    CaseConsultationRequested,
    CaseConsultationAnswered,
    CaseClockPaused,
    CaseClockResumed,
    CaseProlonged,
    CaseRestated,
    CaseTimeExcluded,
    CaseDecided,
    CaseResultIssued,
    CaseStopped,
    CaseMoved,
)
"""The facts that are turns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One thing that happened to a case. `word` is what its kind needs besides: a record's kind, a partner, a condition, a workflow's hash.

    `undone` are steps that are to be done or judged once more, `due_on` the day by which the case is to be decided now.
    """

    pos: int
    case_id: CaseId
    at: datetime
    what: What
    step: str | None = None
    officer: str | None = None
    word: str | None = None
    undone: tuple[str, ...] = ()
    due_on: date | None = None


def turn_of(pos: int, fact: Fact) -> Turn | None:
    """Give what a fact is in the way of a case; None where it is nothing."""

    def turn(what: What, at: datetime, **more: object) -> Turn:
        return Turn(pos=pos, case_id=fact.case_id, what=what, at=at, **more)  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType] - every fact of FACTS has a case

    match fact:
        case CaseOpened(deadline=deadline):
            due_on = deadline.due_on if deadline else None
            return turn("opened", fact.opened_at, step=fact.step, word=fact.workflow_hash, due_on=due_on)
        case CaseStepClaimed():
            return turn("claimed", fact.claimed_at, step=fact.step, officer=fact.officer)
        case CaseStepAssigned():
            return turn("assigned", fact.assigned_at, step=fact.step, officer=fact.officer)
        case CaseStepCompleted():
            return turn("completed", fact.completed_at, step=fact.step, officer=fact.officer)
        case CaseStepSkipped():
            return turn("skipped", fact.skipped_at, step=fact.step, word=fact.when)
        case CaseStepReopened():
            again = (*fact.undone, *fact.judged_anew)
            return turn("reopened", fact.reopened_at, step=fact.step, officer=fact.officer, word=fact.how, undone=again)
        case CaseTimerFired():
            return turn("passed", fact.fired_at, step=fact.step)
        case CaseSiteChecked() | CaseCouncilHeld():
            kind = "site-check" if isinstance(fact, CaseSiteChecked) else "council"
            return turn("recorded", fact.recorded_at, step=fact.step, officer=fact.officer, word=kind)
        case CaseConsultationRequested():
            return turn("asked", fact.requested_at, step=fact.step, officer=fact.officer, word=fact.partner)
        case CaseConsultationAnswered():
            return turn("answered", fact.answered_at, word=fact.partner)
        case CaseClockPaused():
            return turn("paused", fact.paused_at, step=fact.step, officer=fact.officer)
        case CaseClockResumed():
            return turn("resumed", fact.resumed_at, due_on=fact.deadline.due_on)
        case CaseProlonged():
            return turn("due", fact.prolonged_at, due_on=fact.deadline.due_on)
        case CaseRestated():
            return turn("due", fact.restated_at, due_on=fact.deadline.due_on)
        case CaseTimeExcluded():
            return turn("due", fact.excluded_at, due_on=fact.deadline.due_on)
        case CaseDecided():
            return turn("decided", fact.decided_at, officer=fact.officer, word=fact.outcome)
        case CaseResultIssued():
            return turn("issued", fact.issued_at, officer=fact.officer)
        case CaseStopped():
            return turn("stopped", fact.stopped_at)
        case CaseMoved():
            return turn("moved", fact.moved_at, word=fact.workflow_hash)
        case _:
            return None


Steps: TypeAlias = tuple[Step, ...]


def before_each(steps: Steps) -> dict[str, tuple[str, ...]]:
    """Give, for each step, those that must be done before it: those that it names (`after`), or else the one above it."""
    above: tuple[str, ...] = ()
    found: dict[str, tuple[str, ...]] = {}
    for step in steps:
        found[step.code] = above if step.after is None else step.after
        above = (step.code,)
    return found


def signing_step(steps: Steps) -> str:
    """Give the step in which the decision is signed: the director's last one, or the very last (TT 01/2018/TT-VPCP, Điều 8)."""
    return next((step.code for step in reversed(steps) if step.role == "giam-doc"), steps[-1].code)
