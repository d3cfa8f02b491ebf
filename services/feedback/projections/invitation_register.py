"""Step 7 of 8, projections: who may answer, and who has."""

from __future__ import annotations

from typing import Final

from contracts.feedback import InvitationIssued, InvitationUsed
from contracts.vocabulary import InvitationId
from kernel.eventlog import Columns, Projection, Recorded


def key(event: Recorded) -> InvitationId:
    """Give the row's key."""
    return event.fact.invitation_id


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case InvitationIssued() as fact:
            return {
                "dossier_id": fact.dossier_id,
                "agency": fact.agency,
                "procedure": fact.procedure,
                "field": fact.field,
                "occasion": fact.occasion,
                "token_hash": fact.token_hash,
                "issued_at": fact.issued_at,
                "expires_at": fact.expires_at,
                "officer": fact.officer,
            }
        case InvitationUsed() as fact:
            return {"used": True, "channel": fact.channel}
        case _:
            return {}


INVITATION_REGISTER: Final = Projection(
    table="invitation_register", key_column="invitation_id", key=key, columns=columns, facts=(InvitationIssued, InvitationUsed)
)
