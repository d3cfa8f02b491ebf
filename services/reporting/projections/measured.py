"""Step 7 of 8, projections: what indicators are counted from, and what was said in their place. No word, no name, no amount of money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from contracts.fact import Fact
from contracts.intake import (
    CatalogueRevised,
    DossierAccepted,
    DossierFeePaid,
    DossierFileAttached,
    DossierRescheduled,
    DossierSubmitted,
    DossierSupplementRequested,
    ProcedurePublished,
)
from contracts.processing import CaseOpened, CaseResultIssued, CaseStopped
from contracts.processing_coordination import CaseConsultationAnswered, CaseConsultationRequested
from contracts.reporting import IndicatorOverridden, IndicatorOverrideWithdrawn
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of
from services.reporting.domain.step_dwell import TURNS, turn_of


def demand(fact: Any) -> Columns:
    """Say what a dossier came with, and what limit it was given."""
    match fact:
        case DossierSubmitted():
            return {"components": " ".join(fact.components)}
        case DossierAccepted(deadline=deadline) if deadline is not None and deadline.limit.unit == "working-days":
            return {"limit_days": deadline.limit.amount}
        case _:
            return {}


def supplement_request(fact: DossierSupplementRequested) -> Columns:
    """Say of which dossier more was asked for."""
    return {"dossier_id": fact.dossier_id, "asked_on": day_of(fact.requested_at)}


def moved_appointment(fact: DossierRescheduled) -> Columns:
    """Say to which day an appointment moved, and whether a law let it; otherwise the clock began anew for a supplement."""
    moved = {"moved_on": day_of(fact.rescheduled_at), "due_on": fact.deadline.due_on}
    return {"dossier_id": fact.dossier_id, **moved, "by_law": fact.reason is not None}


def attachment(fact: DossierFileAttached) -> Columns:
    """Say which component there is a file of."""
    return {"dossier_id": fact.dossier_id, "component": fact.component, "attached_on": day_of(fact.attached_at)}


def payment(fact: DossierFeePaid) -> Columns:
    """Say how a fee was paid."""
    return {"agency": fact.agency, "online": fact.method == "online", "paid_on": day_of(fact.paid_at)}


def revision(fact: CatalogueRevised) -> Columns:
    """Say when a decision was signed and carried out."""
    return {"agency": fact.agency, "signed_on": fact.signed_on, "revised_on": day_of(fact.revised_at)}


def published_version(fact: ProcedurePublished) -> Columns:
    """Say whether a version names what the facts can carry of a procedure's parts (NĐ 63/2010, Điều 8.2)."""
    whole = bool(fact.components and (fact.limit or fact.limits))
    return {"code": fact.code, "agency": fact.agency, "whole": whole, "published_on": day_of(fact.published_at)}


def consultation_turn(fact: CaseConsultationRequested | CaseConsultationAnswered) -> Columns:
    """Say by when an opinion is due, or when it came."""
    own = {"case_id": fact.case_id, "number": fact.number, "agency": fact.agency}
    if isinstance(fact, CaseConsultationRequested):
        return {**own, "asked_on": day_of(fact.requested_at), "due_on": fact.deadline.due_on}
    return {**own, "answered_on": day_of(fact.answered_at)}


def worked_case(fact: CaseOpened | CaseResultIssued | CaseStopped) -> Columns:
    """Say whose a case is, and when it was over."""
    match fact:
        case CaseOpened():
            return {"agency": fact.agency, "field": fact.field, "procedure": fact.procedure}
        case CaseResultIssued():
            return {"ended_on": day_of(fact.issued_at)}
        case CaseStopped():
            return {"ended_on": day_of(fact.stopped_at)}


def step_turn(fact: Any) -> Columns:
    """Say which steps are open from now on."""
    turn = turn_of(fact)
    if turn is None:
        return {}
    steps = {} if turn.open is None else {"open_steps": " ".join(sorted(turn.open))}
    clock = {} if turn.runs is None else {"runs": turn.runs}
    return {"case_id": fact.case_id, "turned_at": turn.at, **steps, **clock}


def by_position(table: str, columns: Callable[[Any], Columns], *facts: type[Fact]) -> Projection:
    """Make a projection with one row per fact, whose key is where the fact stands."""
    source = facts[0].TYPE.partition(".")[0]
    return Projection(
        table=table,
        key_column=f"{source}_pos",
        key=lambda event: event.pos,
        columns=lambda event: columns(event.fact) if isinstance(event.fact, facts) else {},
        facts=facts,
    )


SAID: Final = ("agency", "pack", "indicator", "period_from", "period_to", "value", "computed", "reason", "decision")


def overriding(event: Recorded) -> Columns:
    """Say what was said, or that it stands no more."""
    match event.fact:
        case IndicatorOverridden() as fact:
            return {
                **{name: getattr(fact, name) for name in SAID},
                "evidence": orjson.dumps(fact.evidence).decode(),
                "overridden_by": fact.overridden_by,
                "overridden_at": fact.overridden_at,
                "overridden_pos": event.pos,
                "withdrawn_at": None,
            }
        case IndicatorOverrideWithdrawn() as fact:
            return {"withdrawn_at": fact.withdrawn_at}
        case _:
            return {}


MEASURED: Final = (
    Projection(
        table="demand",
        key_column="dossier_id",
        key=lambda event: event.fact.dossier_id,
        columns=lambda event: demand(event.fact),
        facts=(DossierSubmitted, DossierAccepted),
    ),
    Projection(
        table="attachment",
        key_column="file_id",
        key=lambda event: event.fact.file_id,
        columns=lambda event: attachment(event.fact) if isinstance(event.fact, DossierFileAttached) else {},
        facts=(DossierFileAttached,),
    ),
    by_position("supplement_request", supplement_request, DossierSupplementRequested),
    by_position("moved_appointment", moved_appointment, DossierRescheduled),
    by_position("payment", payment, DossierFeePaid),
    by_position("revision", revision, CatalogueRevised),
    by_position("published_version", published_version, ProcedurePublished),
    by_position("consultation_turn", consultation_turn, CaseConsultationRequested, CaseConsultationAnswered),
    by_position("step_turn", step_turn, *TURNS),
    Projection(
        table="worked_case",
        key_column="case_id",
        key=lambda event: event.fact.case_id,
        columns=lambda event: worked_case(event.fact) if isinstance(event.fact, CaseOpened | CaseResultIssued | CaseStopped) else {},
        facts=(CaseOpened, CaseResultIssued, CaseStopped),
    ),
    Projection(
        table="overriding",
        key_column="override_id",
        key=lambda event: event.fact.override_id,
        columns=overriding,
        facts=(IndicatorOverridden, IndicatorOverrideWithdrawn),
    ),
)
