"""Step 6 of 8, consume: when intake has handed over a result, or refused a dossier, the applicant is invited to answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from contracts.intake import DossierRefused, DossierReturned
from kernel.eventlog import Reaction, Reactor, Recorded
from services.feedback.domain.invitation import DECIDER, Issue, Occasion, invitation_id
from services.feedback.domain.token import hash_of, token_of

NAME: Final = "feedback-intake"
SOURCE: Final = "intake"


def reactor(secret: bytes, invitation_days: int) -> Reactor:
    """Make the reactor; secret and days are configuration, so the same fact always leads to the same invitation."""

    def react(event: Recorded) -> Reaction | None:
        match event.fact:
            case DossierReturned() as fact:
                return invite(fact, "result", event.time)
            case DossierRefused() as fact:
                return invite(fact, "refusal", event.time)
            case _:
                return None

    def invite(fact: DossierReturned | DossierRefused, occasion: Occasion, at: datetime) -> Reaction:
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
        )
        return Reaction(id, DECIDER, command)

    return Reactor(NAME, SOURCE, react, facts=(DossierReturned, DossierRefused))
