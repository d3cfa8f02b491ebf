"""Step 7 of 8, projections: what other services tell that the national portal is to know."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from contracts.feedback import RatingRecorded
from contracts.feedback_surveys import AnswerRecorded
from contracts.processing import CaseOpened, CaseStepCompleted, CaseStopped
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl

FACTS: Final = (CaseOpened, CaseStepCompleted, CaseStopped, RatingRecorded, AnswerRecorded)


def key(event: Recorded) -> Any:
    """Each fact has one row."""
    return f"{event.source}/{event.pos}"


def columns(event: Recorded) -> Columns:
    """Keep the fact."""
    match event.fact:
        case CaseOpened() | CaseStepCompleted() | CaseStopped() as fact:
            stream = fact.dossier_id
        case RatingRecorded() as fact:
            stream = fact.rating_id
        case AnswerRecorded() as fact:
            stream = fact.answer_id
        case _:
            return {}
    return {"stream": stream, "cause": event.cause, "type": event.type, "body": fact.model_dump_json()}


OUTWARD: Final = ReadModel(
    name="outward",
    version=2,
    sources=("processing", "feedback"),
    ddl=read_ddl(Path(__file__).with_name("outward.sql")),
    projections=(Projection(table="outward", key_column="id", key=key, columns=columns, facts=FACTS),),
)
