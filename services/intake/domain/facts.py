"""Step 3 of 8, decide: how facts are made of what was asked and of what is known."""

from __future__ import annotations

from contracts.intake import (
    DossierAccepted,
    DossierReappointed,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplementRequested,
)
from contracts.vocabulary import DossierCode, SupplementStage
from services.intake.domain.commands import (
    Accept,
    MoveDue,
    Reappoint,
    Refuse,
    RequestSupplement,
    RequestSupplementAtAppraisal,
    Reschedule,
    Return,
    TakeResult,
)
from services.intake.domain.states import Dossier


def begun(event: DossierSubmitted) -> Dossier:
    """Give what is known of a dossier once it is submitted."""
    return Dossier(
        id=event.dossier_id,
        agency=event.agency,
        procedure=event.procedure,
        procedure_hash=event.procedure_hash,
        field=event.field,
        channel=event.channel,
        applicant_kind=event.applicant_kind,
        personal_ref=event.personal_ref,
        arrived_at=event.arrived_at,
        components=frozenset(event.components),
    )


def supplement_requested(
    dossier: Dossier, stage: SupplementStage, round_: int, command: RequestSupplement | RequestSupplementAtAppraisal
) -> DossierSupplementRequested:
    """Say what the applicant is asked for."""
    return DossierSupplementRequested(
        dossier_id=dossier.id,
        agency=dossier.agency,
        procedure=dossier.procedure,
        field=dossier.field,
        stage=stage,
        round=round_,
        missing=command.missing,
        requested_at=command.at,
        requested_by=command.by,
    )


def accepted(dossier: Dossier, command: Accept) -> DossierAccepted:
    """Say that the dossier is received."""
    return DossierAccepted(
        dossier_id=dossier.id,
        agency=dossier.agency,
        code=command.code,
        procedure=dossier.procedure,
        procedure_hash=dossier.procedure_hash,
        field=dossier.field,
        channel=dossier.channel,
        applicant_kind=dossier.applicant_kind,
        arrived_at=dossier.arrived_at,
        accepted_at=command.at,
        accepted_by=command.by,
        supplement_mode=command.supplement_mode,
        extension_max=command.extension_max,
        deadline=command.deadline,
        by_law=command.by_law,
        case_code=command.case_code,
        places=command.places,
        fee_vnd=command.fee_vnd,
        fee_before_result=command.fee_before_result,
    )


def refused(dossier: Dossier, command: Refuse) -> DossierRefused:
    """Say that it is not received, and why."""
    return DossierRefused(
        dossier_id=dossier.id,
        agency=dossier.agency,
        procedure=dossier.procedure,
        field=dossier.field,
        channel=dossier.channel,
        reason=command.reason,
        legal_basis=command.legal_basis,
        refused_at=command.at,
        refused_by=command.by,
    )


def moved(dossier: Dossier, command: MoveDue) -> DossierRescheduled:
    """Move the appointment with the department's limit."""
    return DossierRescheduled(
        dossier_id=dossier.id,
        agency=dossier.agency,
        due_before_at=command.due_before_at,
        deadline=command.deadline,
        reason=command.reason,
        rescheduled_at=command.at,
    )


def rescheduled(dossier: Dossier, command: Reschedule) -> DossierRescheduled:
    """Give the appointment that the limit leads to once the clock goes on."""
    return DossierRescheduled(
        dossier_id=dossier.id,
        agency=dossier.agency,
        due_before_at=command.due_before_at,
        deadline=command.deadline,
        rescheduled_at=command.at,
    )


def reappointed(dossier: Dossier, command: Reappoint) -> DossierReappointed:
    """Give the applicant the new day that came with an apology."""
    return DossierReappointed(
        dossier_id=dossier.id,
        agency=dossier.agency,
        due_at=command.due_at,
        new_due_on=command.new_due_on,
        new_due_at=command.new_due_at,
        reason=command.reason,
        reappointed_at=command.at,
    )


def ready(dossier: Dossier, command: TakeResult) -> DossierResultReady:
    """Say that the result waits at the desk."""
    return DossierResultReady(
        dossier_id=dossier.id,
        agency=dossier.agency,
        outcome=command.outcome,
        result_number=command.result_number,
        ready_at=command.at,
    )


def returned(dossier: Dossier, code: DossierCode, command: Return) -> DossierReturned:
    """Say that the applicant has the result."""
    return DossierReturned(
        dossier_id=dossier.id,
        agency=dossier.agency,
        procedure=dossier.procedure,
        field=dossier.field,
        code=code,
        channel=dossier.channel,
        returned_at=command.at,
        returned_by=command.by,
    )
