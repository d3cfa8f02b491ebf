"""Step 7 of 8, projections: the read model "walks": what processing told of each dossier's way, fact by fact."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contracts.processing import CaseDecisionCorrected, CaseMoved, CaseOpened, CaseStepCompleted, CaseStepReopened, OpenStep
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl


def key(event: Recorded) -> str:
    """Give the row's key: each fact has its own, so a step that is walked again takes nothing away of the first time."""
    return event.id


def columns(event: Recorded) -> Columns:
    """Say when, which step was done, and which are open since."""
    match event.fact:
        case CaseOpened() as fact:
            found = fact.opened_at, None, f"{fact.step}:{fact.unit}"
        case CaseStepCompleted() as fact:
            alone = f"{fact.next_step}:{fact.next_unit}" if fact.next_step else ""
            found = fact.completed_at, fact.step, listed(fact.open) or alone
        case CaseStepReopened() as fact:
            found = fact.reopened_at, None, listed(fact.open)
        case CaseMoved() as fact:
            found = fact.moved_at, None, listed(fact.open)
        case CaseDecisionCorrected() as fact:
            found = fact.corrected_at, None, listed(fact.open)
        case _:
            return {}
    at, done, open_ = found
    return {"dossier_id": event.fact.dossier_id, "at": at, "done": done, "open": open_}


def listed(steps: tuple[OpenStep, ...]) -> str:
    """Write open steps with their units."""
    return " ".join(f"{one.step}:{one.unit}" for one in steps)


WALKS: Final = ReadModel(
    name="walks",
    version=2,
    sources=("processing",),
    ddl=read_ddl(Path(__file__).with_name("walks.sql")),
    projections=(
        Projection("walk", "id", key, columns, (CaseOpened, CaseStepCompleted, CaseStepReopened, CaseMoved, CaseDecisionCorrected)),
    ),
)
