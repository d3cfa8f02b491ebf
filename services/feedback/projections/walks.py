"""Step 7 of 8, projections: the read model "walks": which steps each dossier went through, from processing's facts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contracts.processing import CaseOpened, CaseStepCompleted
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl


def begun_key(event: Recorded) -> str | None:
    """Name the step that begins, if one does. Branches beside the first are known when they end."""
    match event.fact:
        case CaseOpened(step=step) | CaseStepCompleted(next_step=str(step)):
            return f"{event.fact.dossier_id}/{step}"
        case _:
            return None


def begun(event: Recorded) -> Columns:
    """Say when it began, and whose work it is."""
    match event.fact:
        case CaseOpened() as fact:
            return {"dossier_id": fact.dossier_id, "step": fact.step, "unit": fact.unit, "begun_at": fact.opened_at}
        case CaseStepCompleted() as fact:
            return {"dossier_id": fact.dossier_id, "step": fact.next_step, "unit": fact.next_unit, "begun_at": fact.completed_at}
        case _:
            return {}


def ended_key(event: Recorded) -> str:
    """Name the step that ends."""
    return f"{event.fact.dossier_id}/{event.fact.step}"


def ended(event: Recorded) -> Columns:
    """Say when."""
    match event.fact:
        case CaseStepCompleted() as fact:
            return {"dossier_id": fact.dossier_id, "step": fact.step, "ended_at": fact.completed_at}
        case _:
            return {}


WALKS: Final = ReadModel(
    name="walks",
    version=1,
    sources=("processing",),
    ddl=read_ddl(Path(__file__).with_name("walks.sql")),
    projections=(
        Projection("step_begun", "id", begun_key, begun, (CaseOpened, CaseStepCompleted)),
        Projection("step_ended", "id", ended_key, ended, (CaseStepCompleted,)),
    ),
)
