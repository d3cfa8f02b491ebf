"""Step 7 of 8, projections: the register of dossiers, ratings and invitations, from the facts of all services."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from contracts.feedback import InvitationIssued, RatingRecorded
from contracts.intake import (
    DossierAccepted,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierWithdrawn,
)
from contracts.processing import CaseDecided
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl
from kernel.legalclock import day_of

SOURCES: Final = ("intake", "processing", "feedback", "reporting")


def dossier(event: Recorded) -> Any:
    """Each dossier has one row; invitations name a dossier too, but say nothing about its way."""
    return None if event.source == "feedback" else getattr(event.fact, "dossier_id", None)


def dossier_columns(event: Recorded) -> Columns:
    """Say which columns an event sets. Punctuality is judged by local date (Bộ luật Dân sự 2015, Điều 148.6)."""
    match event.fact:
        case DossierSubmitted() as fact:
            return {
                "agency": fact.agency,
                "procedure": fact.procedure,
                "field": fact.field,
                "channel": fact.channel,
                "submitted_at": fact.submitted_at,
            }
        case DossierAccepted(deadline=deadline) as fact:
            due_on = deadline.due_on if deadline else None
            return {"code": fact.code, "accepted_at": fact.accepted_at, "accepted_on": day_of(fact.accepted_at), "due_on": due_on}
        case DossierRescheduled(deadline=deadline):
            return {"due_on": deadline.due_on}
        case DossierResultReady() as fact:
            return {"ready_on": day_of(fact.ready_at), "outcome": fact.outcome}
        case DossierReturned() as fact:
            return {"returned_at": fact.returned_at}
        case DossierRefused() as fact:
            return {"refused_on": day_of(fact.refused_at)}
        case DossierWithdrawn() as fact:
            return {"withdrawn_on": day_of(fact.withdrawn_at)}
        case CaseDecided() as fact:
            return {"decided_at": fact.decided_at}
        case _:
            return {}


def rating(event: Recorded) -> Any:
    """Each rating has one row."""
    return getattr(event.fact, "rating_id", None)


def rating_columns(event: Recorded) -> Columns:
    """Keep what was said, and nothing of who said it."""
    match event.fact:
        case RatingRecorded() as fact:
            said = {"agency": fact.agency, "field": fact.field, "satisfaction": fact.satisfaction}
            return said | {"recorded_on": day_of(fact.recorded_at)}
        case _:
            return {}


def invitation(event: Recorded) -> Any:
    """Each invitation has one row."""
    return event.fact.invitation_id if isinstance(event.fact, InvitationIssued) else None


def invitation_columns(event: Recorded) -> Columns:
    """Keep when it was issued, for the response rate."""
    match event.fact:
        case InvitationIssued() as fact:
            return {"issued_on": day_of(fact.issued_at)}
        case _:
            return {}


MIRROR: Final = ReadModel(
    name="mirror",
    version=1,
    sources=SOURCES,
    ddl=read_ddl(Path(__file__).with_name("tables.sql")),
    projections=(
        Projection(table="dossier_register", key_column="dossier_id", key=dossier, columns=dossier_columns),
        Projection(table="rating", key_column="rating_id", key=rating, columns=rating_columns),
        Projection(table="invitation", key_column="invitation_id", key=invitation, columns=invitation_columns),
    ),
)
