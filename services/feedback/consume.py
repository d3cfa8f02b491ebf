"""Step 6 of 8, consume: when intake has received or refused a dossier, or handed over a result, the applicant is invited to answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from contracts.feedback_surveys import Occasion, SurveyCode
from contracts.intake import DossierAccepted, DossierRefused, DossierReturned
from contracts.vocabulary import PrincipalId
from kernel.eventlog import Reaction, Reactor, Recorded
from services.feedback.domain.invitation import DECIDER, Issue, invitation_id
from services.feedback.domain.token import hash_of, token_of
from services.feedback.surveys import Survey, survey_for

NAME: Final = "feedback-intake"
SOURCE: Final = "intake"


def reactor(secret: bytes, invitation_days: int, surveys: Mapping[SurveyCode, Survey]) -> Reactor:
    """Make the reactor; all of it is configuration, so the same fact always leads to the same invitation."""

    def react(event: Recorded) -> Reaction | None:
        match event.fact:
            case DossierAccepted() as fact:
                return invite(fact, "receipt", fact.accepted_by, event.time)
            case DossierReturned() as fact:
                return invite(fact, "result", fact.returned_by, event.time)
            case DossierRefused() as fact:
                return invite(fact, "refusal", fact.refused_by, event.time)
            case _:
                return None

    def invite(
        fact: DossierAccepted | DossierReturned | DossierRefused, occasion: Occasion, officer: PrincipalId, at: datetime
    ) -> Reaction | None:
        if survey_for(occasion, surveys) is None:
            return None
        id = invitation_id(fact.dossier_id, occasion)
        command = Issue(
            invitation_id=id,
            dossier_id=fact.dossier_id,
            agency=fact.agency,
            procedure=fact.procedure,
            field=fact.field,
            occasion=occasion,
            token_hash=hash_of(token_of(secret, id)),
            issued_at=at,
            expires_at=at + timedelta(days=invitation_days),
            officer=officer,
        )
        return Reaction(id, DECIDER, command)

    return Reactor(NAME, SOURCE, react, facts=(DossierAccepted, DossierReturned, DossierRefused))
