"""Step 6 of 8, consume: the applicant is invited when intake received or refused his dossier, asked for more, or handed a result over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypeAlias, get_args

from contracts.feedback_surveys import Occasion, SurveyCode
from contracts.intake import DossierAccepted, DossierRefused, DossierReturned, DossierSupplementRequested
from contracts.vocabulary import PrincipalId
from kernel.eventlog import Reaction, Reactor, Recorded
from services.feedback.domain.invitation import DECIDER, Issue, invitation_id
from services.feedback.domain.token import hash_of, token_of
from services.feedback.surveys import Survey, survey_for

NAME: Final = "feedback-intake"
SOURCE: Final = "intake"
Invites: TypeAlias = DossierAccepted | DossierSupplementRequested | DossierReturned | DossierRefused
"""After these an applicant is asked."""


def reactor(secret: bytes, invitation_days: int, surveys: Mapping[SurveyCode, Survey]) -> Reactor:
    """Make the reactor; all of it is configuration, so the same fact always leads to the same invitation."""

    def react(event: Recorded) -> Reaction | None:
        match event.fact:
            case DossierAccepted() as fact:
                return invite(event, fact, "receipt", fact.accepted_by)
            case DossierSupplementRequested() as fact:
                # Whoever wants more at appraisal stands at no counter.
                return invite(event, fact, "supplement", fact.requested_by if fact.stage == "desk" else None)
            case DossierReturned() as fact:
                return invite(event, fact, "result", fact.returned_by)
            case DossierRefused() as fact:
                return invite(event, fact, "refusal", fact.refused_by)
            case _:
                return None

    def invite(event: Recorded, fact: Invites, occasion: Occasion, officer: PrincipalId | None) -> Reaction | None:
        # An older request for more does not say of which procedure it was.
        if fact.procedure is None or fact.field is None or survey_for(occasion, surveys) is None:
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
            issued_at=event.time,
            expires_at=event.time + timedelta(days=invitation_days),
            officer=officer,
        )
        return Reaction(id, DECIDER, command)

    return Reactor(NAME, SOURCE, react, facts=get_args(Invites))
