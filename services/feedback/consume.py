"""Step 6 of 8, consume: the applicant is invited when intake received or refused his dossier, asked for more, or handed a result over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from contracts.feedback_surveys import Occasion, SurveyCode
from contracts.intake import DossierAccepted, DossierRefused, DossierReturned, DossierSupplementRequested
from contracts.vocabulary import AgencyCode, DossierId, FieldCode, PrincipalId, ProcedureCode
from kernel.eventlog import Reaction, Reactor, Recorded
from services.feedback.domain.invitation import DECIDER, Issue, invitation_id
from services.feedback.domain.token import hash_of, token_of
from services.feedback.surveys import Survey, survey_for

NAME: Final = "feedback-intake"
SOURCE: Final = "intake"


class Of(NamedTuple):
    """Of which dossier the applicant is asked."""

    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode


def reactor(secret: bytes, invitation_days: int, surveys: Mapping[SurveyCode, Survey]) -> Reactor:
    """Make the reactor; all of it is configuration, so the same fact always leads to the same invitation."""

    def react(event: Recorded) -> Reaction | None:
        match event.fact:
            case DossierAccepted() as fact:
                return invite(event, Of(fact.dossier_id, fact.agency, fact.procedure, fact.field), "receipt", fact.accepted_by)
            case DossierReturned() as fact:
                return invite(event, Of(fact.dossier_id, fact.agency, fact.procedure, fact.field), "result", fact.returned_by)
            case DossierRefused() as fact:
                return invite(event, Of(fact.dossier_id, fact.agency, fact.procedure, fact.field), "refusal", fact.refused_by)
            case DossierSupplementRequested(procedure=str() as procedure, field=str() as field) as fact:
                # Whoever wants more at appraisal stands at no counter.
                officer = fact.requested_by if fact.stage == "desk" else None
                return invite(event, Of(fact.dossier_id, fact.agency, procedure, field), "supplement", officer)
            case _:
                return None

    def invite(event: Recorded, of: Of, occasion: Occasion, officer: PrincipalId | None) -> Reaction | None:
        if survey_for(occasion, surveys) is None:
            return None
        id = invitation_id(of.dossier_id, occasion)
        command = Issue(
            invitation_id=id,
            dossier_id=of.dossier_id,
            agency=of.agency,
            procedure=of.procedure,
            field=of.field,
            occasion=occasion,
            token_hash=hash_of(token_of(secret, id)),
            issued_at=event.time,
            expires_at=event.time + timedelta(days=invitation_days),
            officer=officer,
        )
        return Reaction(id, DECIDER, command)

    return Reactor(NAME, SOURCE, react, facts=(DossierAccepted, DossierReturned, DossierRefused, DossierSupplementRequested))
