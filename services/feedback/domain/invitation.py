"""Step 3 of 8, decide: the life of one invitation, from its issue to the right to the one answer (TT 01/2018, Điều 12.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from contracts.feedback import InvitationIssued, InvitationUsed
from contracts.feedback_surveys import AnswerChannel, Occasion
from contracts.vocabulary import AgencyCode, ContentHash, DossierId, FieldCode, InvitationId, PrincipalId, ProcedureCode, SurveyClassId
from kernel.eventlog import Decider, Refused
from services.feedback.domain.token import same_hash

NAMESPACE: Final = UUID("2f0a5f4e-6a0b-5b0e-8a63-2d0c1b6e9d57")

Refusal: TypeAlias = Literal["no-such-invitation", "invitation-used", "invitation-expired"]


def invitation_id(dossier_id: DossierId, occasion: Occasion) -> InvitationId:
    """Name the invitation of a dossier on an occasion: there is one, however often it is asked for."""
    return InvitationId(uuid5(NAMESPACE, f"invitation:{dossier_id}:{occasion}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Let the applicant of a dossier answer once, from `issued_at` until before `expires_at`; `officer` served him at the counter."""

    invitation_id: InvitationId
    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    occasion: Occasion
    token_hash: ContentHash
    issued_at: datetime
    expires_at: datetime
    officer: PrincipalId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Have a hidden token signed under the key of a class, with the invitation's token whose hash this is."""

    token_hash: ContentHash
    class_id: SurveyClassId
    blinded_hash: ContentHash
    channel: AnswerChannel
    at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody was invited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The right to an answer may be had. What the answer is about is its class's, which does not name the dossier."""

    invitation_id: InvitationId
    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    occasion: Occasion
    token_hash: ContentHash
    expires_at: datetime
    officer: PrincipalId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was signed may be signed once more, for whoever lost the signature; nothing else. The hash still tells who guesses."""

    about: Open
    class_id: SurveyClassId | None
    blinded_hash: ContentHash | None


Command: TypeAlias = Issue | Use
Event: TypeAlias = InvitationIssued | InvitationUsed
State: TypeAlias = Absent | Open | Used
INITIAL: Final[State] = Absent()


def decide(command: Command, state: State) -> list[Event]:
    """Give what a command leads to.

    Raises:
        Refused: a `Refusal`. A token that does not fit is told nothing, not even that there is an invitation.
    """
    match command, state:
        case Issue(), Absent():
            return [
                InvitationIssued(
                    invitation_id=command.invitation_id,
                    dossier_id=command.dossier_id,
                    agency=command.agency,
                    procedure=command.procedure,
                    field=command.field,
                    occasion=command.occasion,
                    token_hash=command.token_hash,
                    issued_at=command.issued_at,
                    expires_at=command.expires_at,
                    officer=command.officer,
                )
            ]
        case Use(token_hash=given, at=at), Open(token_hash=issued, expires_at=end) if same_hash(given, issued):
            if at >= end:
                raise refused("invitation-expired")
            return [
                InvitationUsed(
                    invitation_id=state.invitation_id,
                    class_id=command.class_id,
                    blinded_hash=command.blinded_hash,
                    channel=command.channel,
                    used_at=at,
                )
            ]

        # A dossier is returned once, but its fact may be read twice.
        case Issue(), Open() | Used():
            return []
        # The signature was lost on its way: the same hidden token signed again is the same signature.
        case Use(), Used() if signed_before(command, state):
            return []

        case Use(token_hash=given), Used(about=Open(token_hash=issued)) if same_hash(given, issued):
            raise refused("invitation-used")
        case Use(), Absent() | Open() | Used():
            raise refused("no-such-invitation")


def evolve(state: State, event: Event) -> State:
    """Give the state after an event."""
    match event, state:
        case InvitationIssued(), _:
            return Open(
                invitation_id=event.invitation_id,
                agency=event.agency,
                procedure=event.procedure,
                field=event.field,
                occasion=event.occasion,
                token_hash=event.token_hash,
                expires_at=event.expires_at,
                dossier_id=event.dossier_id,
                officer=event.officer,
            )
        case InvitationUsed(), Open():
            return Used(about=state, class_id=event.class_id, blinded_hash=event.blinded_hash)
        # A token may claim a stream of another kind: there is no invitation in it.
        case _:
            return state


def signed_before(use: Use, state: Used) -> bool:
    """Tell whether this very token was signed for this very invitation."""
    return same_hash(use.token_hash, state.about.token_hash) and (use.class_id, use.blinded_hash) == (state.class_id, state.blinded_hash)


def asked_about(state: State, token_hash: ContentHash, at: datetime) -> Open:
    """Give what the holder of a token is asked about, whether he has used it or not.

    Raises:
        Refused: "no-such-invitation", if nobody was invited with this token; "invitation-expired".
    """
    match state:
        case (Open() as asked) | Used(about=asked) if same_hash(token_hash, asked.token_hash):
            if at >= asked.expires_at:
                raise refused("invitation-expired")
            return asked
        case Open() | Used() | Absent():
            raise refused("no-such-invitation")


def refused(reason: Refusal) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
