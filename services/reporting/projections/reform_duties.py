"""Step 7 of 8, projections: directives from above, and what is to be made public."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from contracts.reporting_duties import (
    DirectiveAnswered,
    DirectiveAssigned,
    DirectiveOverdue,
    DirectiveReceived,
    PublicityDone,
    PublicityDropped,
    PublicityOverdue,
    PublicityPlanned,
)
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of
from services.reporting.projections.json_text import json_text


def directive_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.directive_id


def directive_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case DirectiveReceived() as fact:
            own: dict[str, Any] = {n: getattr(fact, n) for n in ("agency", "issuer", "signed_on", "wanted", "due_on", "received_at")}
            return {**own, "paper": json_text(fact.paper)}
        case DirectiveAssigned() as fact:
            return {"unit": fact.owner.unit, "officer": fact.owner.officer, "due_on": fact.due_on}
        case DirectiveAnswered() as fact:
            return {"answer": json_text(fact.answer), "late": fact.late, "answered_at": fact.answered_at}
        case DirectiveOverdue() as fact:
            return {"overdue_on": fact.due_on}
        case _:
            return {}


def item_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.item_id


def item_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case PublicityPlanned() as fact:
            own: dict[str, Any] = {name: getattr(fact, name) for name in ("agency", "topic", "medium", "place", "due_on")}
            return {**own, "unit": fact.owner.unit, "officer": fact.owner.officer}
        case PublicityDone() as fact:
            done = {"state": "done", "late": fact.late, "ended_on": day_of(fact.done_at)}
            return {**done, "evidence": json_text(fact.evidence)}
        case PublicityDropped() as fact:
            return {"state": "dropped", "ended_on": day_of(fact.dropped_at)}
        case PublicityOverdue() as fact:
            return {"overdue_on": fact.due_on}
        case _:
            return {}


DIRECTIVE: Final = Projection(
    table="directive",
    key_column="directive_id",
    key=directive_key,
    columns=directive_columns,
    facts=(DirectiveReceived, DirectiveAssigned, DirectiveAnswered, DirectiveOverdue),
)
PUBLICITY_ITEM: Final = Projection(
    table="publicity_item",
    key_column="item_id",
    key=item_key,
    columns=item_columns,
    facts=(PublicityPlanned, PublicityDone, PublicityDropped, PublicityOverdue),
)
