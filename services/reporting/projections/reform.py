"""Step 7 of 8, projections: the read model "reform": plans, findings, reviews, inspections, directives, publicity, promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.intake import CatalogueRevised, ProcedurePublished
from contracts.reporting_oversight import InspectionHeld, InspectionPlanAdopted, InspectionPlanChanged, ReviewClosed, ReviewOpened
from contracts.reporting_reform import (
    ReformPlanAdopted,
    ReformPlanChanged,
    ReformTaskCompleted,
    ReformTaskDropped,
    ReformTaskOverdue,
    ReformTaskProgressed,
    ReformTaskSet,
)
from kernel.edge.wall import walled
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl
from kernel.legalclock import day_of
from services.reporting.domain.simplification import offers_of
from services.reporting.projections.json_text import json_text
from services.reporting.projections.reform_duties import DIRECTIVE, PUBLICITY_ITEM
from services.reporting.projections.reform_findings import CORRECTIVE_ACTION, FINDING

PLANS: Final = (ReformPlanAdopted, ReformPlanChanged)
TASKS: Final = (ReformTaskSet, ReformTaskDropped, ReformTaskProgressed, ReformTaskCompleted, ReformTaskOverdue)
INSPECTION_PLANS: Final = (InspectionPlanAdopted, InspectionPlanChanged)


def plan_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.plan_id


def plan_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case ReformPlanAdopted() as fact:
            return {"agency": fact.agency, "year": fact.year, "decision": fact.decision.reference, "adopted_at": fact.adopted_at}
        case ReformPlanChanged() as fact:
            return {"changed_at": fact.changed_at}
        case _:
            return {}


def task_key(event: Recorded) -> UUID:
    """Give the row's key: a task has its number within its plan."""
    return uuid5(event.fact.plan_id, str(event.fact.number))


def task_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case ReformTaskSet() as fact:
            names = ("plan_id", "agency", "year", "number", "content", "title", "product", "due_on")
            own: dict[str, Any] = {name: getattr(fact, name) for name in names}
            return {**own, "unit": fact.owner.unit, "officer": fact.owner.officer}
        case ReformTaskProgressed() as fact:
            return {"percent": fact.percent, "note": fact.note}
        case ReformTaskCompleted() as fact:
            done = {"state": "done", "percent": 100, "late": fact.late, "ended_on": day_of(fact.completed_at)}
            return {**done, "evidence": json_text(fact.evidence)}
        case ReformTaskDropped() as fact:
            return {"state": "dropped", "ended_on": day_of(fact.dropped_at)}
        case ReformTaskOverdue() as fact:
            return {"overdue_on": fact.due_on}
        case _:
            return {}


def review_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.review_id


def review_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case ReviewOpened() as fact:
            return {name: getattr(fact, name) for name in ("agency", "kind", "year", "report_id", "opened_at")}
        case ReviewClosed() as fact:
            return {"closed_at": fact.closed_at}
        case _:
            return {}


def inspection_plan_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case InspectionPlanAdopted() as fact:
            return {"agency": fact.agency, "year": fact.year, "decision": fact.decision.reference, "adopted_at": fact.adopted_at}
        case InspectionPlanChanged() as fact:
            return {"decision": fact.decision.reference}
        case _:
            return {}


def inspection_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.inspection_id


def inspection_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case InspectionHeld() as fact:
            own: dict[str, Any] = {n: getattr(fact, n) for n in ("plan_id", "agency", "number", "unit", "held_on", "unannounced", "text")}
            lists = {"subjects": json_text(fact.subjects), "procedures": json_text(fact.procedures), "minutes": json_text(fact.minutes)}
            return {**own, **lists}
        case _:
            return {}


def position_key(event: Recorded) -> int:
    """Give the fact's position."""
    return event.pos


def version_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case ProcedurePublished() as fact:
            own: dict[str, Any] = {n: getattr(fact, n) for n in ("code", "agency", "name", "field", "field_name", "decision")}
            said = {"legal_basis": json_text(fact.legal_basis), "offers": json_text(offers_of(fact))}
            return {**own, **said, "published_on": day_of(fact.published_at)}
        case _:
            return {}


def decision_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case CatalogueRevised() as fact:
            return {"agency": fact.agency, "decision": fact.decision, "signed_on": fact.signed_on}
        case _:
            return {}


REFORM: Final = ReadModel(
    name="reform",
    version=1,
    sources=("intake", "reporting"),
    ddl=walled(read_ddl(Path(__file__).with_name("reform.sql"))),
    projections=(
        Projection(table="reform_plan", key_column="plan_id", key=plan_key, columns=plan_columns, facts=PLANS),
        Projection(table="reform_task", key_column="task_id", key=task_key, columns=task_columns, facts=TASKS),
        FINDING,
        CORRECTIVE_ACTION,
        Projection(table="review", key_column="review_id", key=review_key, columns=review_columns, facts=(ReviewOpened, ReviewClosed)),
        Projection(table="inspection_plan", key_column="plan_id", key=plan_key, columns=inspection_plan_columns, facts=INSPECTION_PLANS),
        Projection(table="inspection", key_column="inspection_id", key=inspection_key, columns=inspection_columns, facts=(InspectionHeld,)),
        DIRECTIVE,
        PUBLICITY_ITEM,
        Projection(
            table="procedure_version", key_column="version_pos", key=position_key, columns=version_columns, facts=(ProcedurePublished,)
        ),
        Projection(
            table="catalogue_decision", key_column="decision_pos", key=position_key, columns=decision_columns, facts=(CatalogueRevised,)
        ),
    ),
)
