"""Step 3 of 8, decide: what of a dossier's life the applicant, a portal and everybody they tell may see.

A contract of its own: what the department records of itself (who did what, which step, which hash) has no member here to stand in.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

from contracts.fact import Value
from contracts.intake import (
    DossierAccepted,
    DossierReappointed,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplemented,
    DossierSupplementReminded,
    DossierSupplementRequested,
    DossierWithdrawn,
)
from contracts.vocabulary import AgencyCode, DossierCode, DossierId, MissingComponent, Outcome, ProcedureCode
from kernel.legalclock import day_of

PublicKind: TypeAlias = Literal[
    "submitted",
    "supplement-requested",
    "supplement-reminded",
    "supplemented",
    "accepted",
    "appointment-moved",
    "late-apology",
    "result-ready",
    "returned",
    "refused",
    "withdrawn",
]

PUBLIC: Final = (
    DossierSubmitted,
    DossierSupplementRequested,
    DossierSupplementReminded,
    DossierSupplemented,
    DossierAccepted,
    DossierRescheduled,
    DossierReappointed,
    DossierResultReady,
    DossierReturned,
    DossierRefused,
    DossierWithdrawn,
)
"""The facts that have a public side; every other stays inside."""


class PublicEvent(Value):
    """What happened to a dossier, as the applicant may know it. A member that has nothing to say is left out of the JSON."""

    kind: PublicKind
    dossier_id: DossierId
    agency: AgencyCode
    at: datetime
    code: DossierCode | None = None
    procedure: ProcedureCode | None = None
    due_before_on: date | None = None
    due_on: date | None = None
    missing: tuple[MissingComponent, ...] = ()
    reason: str | None = None
    legal_basis: str | None = None
    outcome: Outcome | None = None
    result_number: str | None = None

    def told(self) -> dict[str, Any]:
        """Give its JSON."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value not in (None, [])}


def public_view(fact: object) -> PublicEvent | None:
    """Give the public side of a fact, or None where it has none."""
    match fact:
        case DossierSubmitted():
            return _of(fact, "submitted", fact.submitted_at, procedure=fact.procedure)
        case DossierSupplementRequested():
            return _of(fact, "supplement-requested", fact.requested_at, missing=fact.missing)
        case DossierSupplementReminded():
            return _of(fact, "supplement-reminded", fact.reminded_at)
        case DossierSupplemented():
            return _of(fact, "supplemented", fact.received_at)
        case DossierAccepted(deadline=deadline):
            due_on = deadline.due_on if deadline else None
            return _of(fact, "accepted", fact.accepted_at, code=fact.code, procedure=fact.procedure, due_on=due_on)
        case DossierRescheduled(deadline=deadline):
            before = day_of(fact.due_before_at)
            return _of(fact, "appointment-moved", fact.rescheduled_at, due_before_on=before, due_on=deadline.due_on)
        case DossierReappointed():
            before = day_of(fact.due_at)
            return _of(fact, "late-apology", fact.reappointed_at, due_before_on=before, due_on=fact.new_due_on)
        case DossierResultReady():
            return _of(fact, "result-ready", fact.ready_at, outcome=fact.outcome, result_number=fact.result_number)
        case DossierReturned():
            return _of(fact, "returned", fact.returned_at, code=fact.code)
        case DossierRefused():
            return _of(fact, "refused", fact.refused_at, reason=fact.reason, legal_basis=fact.legal_basis)
        case DossierWithdrawn():
            return _of(fact, "withdrawn", fact.withdrawn_at)
        case _:
            return None


def _of(fact: Any, kind: PublicKind, at: datetime, **more: Any) -> PublicEvent:
    return PublicEvent(kind=kind, dossier_id=fact.dossier_id, agency=fact.agency, at=at, **more)
