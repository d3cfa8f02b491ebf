"""Step 7 of 8, projections: what the legal clock of each dossier did, fact by fact.

Only the last appointment would not do: whoever asks in May how March ended must get March's answer, and an appointment that
was missed stays missed when the clock begins anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from contracts.intake import DossierAccepted, DossierRescheduled, DossierSupplementRequested
from contracts.vocabulary import Deadline, DossierId
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of

FACTS: Final = (DossierAccepted, DossierRescheduled, DossierSupplementRequested)


def key(event: Recorded) -> int | None:
    """Give the fact's position; None where it moves no clock. At the desk, before acceptance, there is no clock to stop."""
    match event.fact:
        case DossierSupplementRequested(stage="desk"):
            return None
        case _:
            return event.pos


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case DossierAccepted(deadline=deadline) as fact:
            arrived = deadline is not None and deadline.start_rule == "arrival"
            row = turn(fact.dossier_id, fact.accepted_at, "begun", deadline)
            return {**row, "at": fact.arrived_at if arrived else fact.accepted_at, "mode": fact.supplement_mode}
        case DossierRescheduled() as fact:
            return turn(fact.dossier_id, fact.rescheduled_at, fact.reason or "resumed", fact.deadline)
        case DossierSupplementRequested(stage="appraisal") as fact:
            return {**turn(fact.dossier_id, fact.requested_at, "paused", None), "runs": False}
        case _:
            return {}


def turn(dossier_id: DossierId, at: datetime, what: str, deadline: Deadline | None) -> dict[str, Any]:
    """Give what one fact did, and how the limit is counted that it left."""
    return {
        "dossier_id": dossier_id,
        "changed_on": day_of(at),
        "runs": True,
        "due_on": deadline.due_on if deadline else None,
        "what": what,
        "at": at,
        "start_rule": deadline.start_rule if deadline else None,
        "amount": deadline.limit.amount if deadline else None,
        "unit": deadline.limit.unit if deadline else None,
        "rule_pack": deadline.rule_pack if deadline else None,
        "mode": None,
    }


CLOCK: Final = Projection(table="clock", key_column="intake_pos", key=key, columns=columns, facts=FACTS)
