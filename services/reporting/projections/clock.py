"""Step 7 of 8, projections: what the legal clock of each dossier did, fact by fact.

Only the last appointment would not do: whoever asks in May how March ended must get March's answer, and an appointment that
was missed stays missed when the clock begins anew.
"""

from __future__ import annotations

from typing import Final

from contracts.intake import DossierAccepted, DossierRescheduled, DossierSupplementRequested
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
            due_on = deadline.due_on if deadline else None
            return {"dossier_id": fact.dossier_id, "changed_on": day_of(fact.accepted_at), "runs": True, "due_on": due_on}
        case DossierRescheduled(deadline=deadline) as fact:
            return {"dossier_id": fact.dossier_id, "changed_on": day_of(fact.rescheduled_at), "runs": True, "due_on": deadline.due_on}
        case DossierSupplementRequested(stage="appraisal") as fact:
            return {"dossier_id": fact.dossier_id, "changed_on": day_of(fact.requested_at), "runs": False, "due_on": None}
        case _:
            return {}


CLOCK: Final = Projection(table="clock", key_column="intake_pos", key=key, columns=columns, facts=FACTS)
