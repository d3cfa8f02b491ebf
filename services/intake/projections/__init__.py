"""Step 7 of 8, projections: the register of dossiers as the desk lists it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from contracts.intake import (
    DossierAccepted,
    DossierReappointed,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplemented,
    DossierSupplementRequested,
    DossierWithdrawn,
)
from contracts.intake_erasure import DossierPersonalDataErased
from kernel.edge.wall import walled
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl
from services.intake.projections.fees import FEES
from services.intake.projections.originals import ORIGINALS

FACTS: Final = (
    DossierSubmitted,
    DossierSupplementRequested,
    DossierSupplemented,
    DossierAccepted,
    DossierRescheduled,
    DossierReappointed,
    DossierResultReady,
    DossierReturned,
    DossierRefused,
    DossierWithdrawn,
    DossierPersonalDataErased,
)


def key(event: Recorded) -> Any:
    """Each dossier has one row."""
    return event.fact.dossier_id


def columns(event: Recorded) -> Columns:
    """Say which columns an event sets."""
    match event.fact:
        case DossierSubmitted() as fact:
            return {
                "state": "submitted",
                "agency": fact.agency,
                "procedure": fact.procedure,
                "field": fact.field,
                "channel": fact.channel,
                "applicant_kind": fact.applicant_kind,
                "submitted_at": fact.submitted_at,
            }
        case DossierSupplementRequested():
            return {"state": "awaiting-supplement"}
        case DossierSupplemented(stage=stage):
            return {"state": "submitted" if stage == "desk" else "accepted"}
        case DossierAccepted(deadline=deadline) as fact:
            due_on = deadline.due_on if deadline else None
            return {"state": "accepted", "code": fact.code, "accepted_at": fact.accepted_at, "due_on": due_on}
        case DossierRescheduled(deadline=deadline):
            return {"due_on": deadline.due_on}
        case DossierReappointed(new_due_on=new_due_on):
            return {"new_due_on": new_due_on}
        case DossierResultReady() as fact:
            return {"state": "result-ready", "ready_at": fact.ready_at, "outcome": fact.outcome, "result_number": fact.result_number}
        case DossierReturned() as fact:
            return {"state": "returned", "ended_at": fact.returned_at}
        case DossierRefused() as fact:
            return {"state": "refused", "ended_at": fact.refused_at}
        case DossierWithdrawn() as fact:
            return {"state": "withdrawn", "ended_at": fact.withdrawn_at}
        case DossierPersonalDataErased() as fact:
            return {"erased_at": fact.erased_at}
        case _:
            return {}


REGISTER: Final = ReadModel(
    name="register",
    version=5,
    sources=("intake",),
    ddl=walled(read_ddl(Path(__file__).with_name("tables.sql"))),
    projections=(Projection(table="dossier", key_column="dossier_id", key=key, columns=columns, facts=FACTS), FEES, ORIGINALS),
)
