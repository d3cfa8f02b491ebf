"""Step 7 of 8, projections: what became of each dossier, by local day (Asia/Ho_Chi_Minh), and which fact said so."""

from __future__ import annotations

from typing import Final

from contracts.intake import (
    DossierAccepted,
    DossierRefused,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierWithdrawn,
)
from contracts.processing import CaseOpened
from contracts.vocabulary import DossierId
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of

FACTS: Final = (
    DossierSubmitted,
    DossierAccepted,
    DossierRefused,
    DossierWithdrawn,
    DossierResultReady,
    DossierReturned,
    CaseOpened,
)


def key(event: Recorded) -> DossierId:
    """Give the row's key."""
    return event.fact.dossier_id


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets; punctuality is judged by date, so days are kept (Bộ luật Dân sự 2015, Điều 148.6)."""
    match event.fact:
        case DossierSubmitted() as fact:
            return {
                "agency": fact.agency,
                "procedure": fact.procedure,
                "field": fact.field,
                "channel": fact.channel,
                "submitted_on": day_of(fact.submitted_at),
                "submitted_pos": event.pos,
            }
        case DossierAccepted() as fact:
            return {"code": fact.code, "accepted_on": day_of(fact.accepted_at), "accepted_pos": event.pos}
        case DossierRefused() as fact:
            return {"refused_on": day_of(fact.refused_at), "refused_pos": event.pos}
        case DossierWithdrawn() as fact:
            return {"withdrawn_on": day_of(fact.withdrawn_at), "withdrawn_pos": event.pos}
        case DossierResultReady() as fact:
            return {"ready_on": day_of(fact.ready_at), "outcome": fact.outcome, "ready_pos": event.pos}
        case DossierReturned() as fact:
            return {"returned_on": day_of(fact.returned_at), "returned_pos": event.pos}
        case CaseOpened() as fact:
            return {"unit": fact.unit, "opened_pos": event.pos}
        case _:
            return {}


DOSSIER_REGISTER: Final = Projection(table="dossier_register", key_column="dossier_id", key=key, columns=columns, facts=FACTS)
