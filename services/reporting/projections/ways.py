"""Step 7 of 8, projections: the read model "ways": how cases really went, the workflows they were pinned to, and who held which post."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from contracts.processing import CaseOpened, CaseResultIssued, CaseStopped, WorkflowPublished
from kernel.edge.wall import walled
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl
from kernel.legalclock import day_of
from services.reporting.domain import staff, walk

ENDS: Final = (CaseOpened, CaseResultIssued, CaseStopped)


def case_of(event: Recorded) -> Any:
    """Give the row's key: the case."""
    return event.fact.case_id


def of_case(event: Recorded) -> Columns:
    """Give the columns of a case that the event sets."""
    match event.fact:
        case CaseOpened() as fact:
            return {
                "dossier_id": fact.dossier_id,
                "agency": fact.agency,
                "procedure": fact.procedure,
                "code": fact.code,
                "opened_on": day_of(fact.opened_at),
            }
        case CaseResultIssued(issued_at=at) | CaseStopped(stopped_at=at):
            return {"ended_on": day_of(at)}
        case _:
            return {}


def position(event: Recorded) -> int:
    """Give the row's key: the fact's own position."""
    return event.pos


def of_turn(event: Recorded) -> Columns:
    """Give the columns of a turn."""
    turn = walk.turn_of(event.pos, event.fact)
    if turn is None:
        return {}
    return {
        "case_id": turn.case_id,
        "happened_at": turn.at,
        "what": turn.what,
        "step": turn.step,
        "officer": turn.officer,
        "word": turn.word,
        "undone": " ".join(turn.undone) or None,
        "due_on": turn.due_on,
    }


def hash_of(event: Recorded) -> str:
    """Give the row's key: the version's hash."""
    return event.fact.content_hash


def of_version(event: Recorded) -> Columns:
    """Give the columns of a version."""
    match event.fact:
        case WorkflowPublished() as fact:
            return {"procedure": fact.procedure, "steps": fact.model_dump_json(include={"steps"})}
        case _:
            return {}


def of_staffing(event: Recorded) -> Columns:
    """Give what was said."""
    fact = event.fact
    return {"type": fact.TYPE, "said": fact.model_dump_json()} if type(fact) in staff.FACTS else {}


FOLDER: Final = Path(__file__).parent
WAYS: Final = ReadModel(
    name="ways",
    version=1,
    sources=("processing",),
    ddl=walled(read_ddl(FOLDER / "ways.sql")),
    projections=(
        Projection(table="way", key_column="case_id", key=case_of, columns=of_case, facts=ENDS),
        Projection(table="turn", key_column="turn_pos", key=position, columns=of_turn, facts=walk.FACTS),
        Projection(table="workflow_version", key_column="content_hash", key=hash_of, columns=of_version, facts=(WorkflowPublished,)),
        Projection(table="staffing", key_column="staffing_pos", key=position, columns=of_staffing, facts=staff.FACTS),
    ),
)
