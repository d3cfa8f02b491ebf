"""Step 7 of 8, projections: findings with the action that holds, and all actions that anybody was given."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid5

from contracts.reporting_findings import (
    FindingActionAssigned,
    FindingActionDone,
    FindingActionOverdue,
    FindingActionVerified,
    FindingCauseRecorded,
    FindingOpened,
    FindingReopened,
)
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of

NO_ACTION: Final[dict[str, Any]] = dict.fromkeys(("action", "unit", "officer", "due_on", "overdue_on", "closed_at"))


def key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.finding_id


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case FindingOpened() as fact:
            own: dict[str, Any] = {n: getattr(fact, n) for n in ("agency", "found_by", "found_in", "subject", "text", "opened_at")}
            return {**own, "concerns": fact.unit, "state": "open"}
        case FindingCauseRecorded() as fact:
            return {"cause": fact.cause}
        case FindingActionAssigned() as fact:
            owner = {"unit": fact.owner.unit, "officer": fact.owner.officer}
            return {"state": "assigned", "number": fact.number, "action": fact.action, "due_on": fact.due_on, **owner}
        case FindingActionOverdue() as fact:
            return {"overdue_on": fact.due_on}
        case FindingActionDone():
            return {"state": "done"}
        case FindingActionVerified(effective=True) as fact:
            return {"state": "closed", "closed_at": fact.verified_at}
        case FindingActionVerified() | FindingReopened():
            return {"state": "open", **NO_ACTION}
        case _:
            return {}


def action_key(event: Recorded) -> UUID:
    """Give the row's key: an action has its number within its finding."""
    return uuid5(event.fact.finding_id, str(event.fact.number))


def action_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case FindingActionAssigned() as fact:
            owner = {"unit": fact.owner.unit, "officer": fact.owner.officer}
            own: dict[str, Any] = {name: getattr(fact, name) for name in ("finding_id", "agency", "number", "due_on")}
            return {**own, **owner, "assigned_on": day_of(fact.assigned_at)}
        case FindingActionDone() as fact:
            return {"done_on": day_of(fact.done_at), "late": fact.late}
        case FindingActionVerified() as fact:
            return {"verified_on": day_of(fact.verified_at), "effective": fact.effective}
        case _:
            return {}


FINDING: Final = Projection(
    table="finding",
    key_column="finding_id",
    key=key,
    columns=columns,
    facts=(
        FindingOpened,
        FindingCauseRecorded,
        FindingActionAssigned,
        FindingActionOverdue,
        FindingActionDone,
        FindingActionVerified,
        FindingReopened,
    ),
)
CORRECTIVE_ACTION: Final = Projection(
    table="corrective_action",
    key_column="action_id",
    key=action_key,
    columns=action_columns,
    facts=(FindingActionAssigned, FindingActionDone, FindingActionVerified),
)
