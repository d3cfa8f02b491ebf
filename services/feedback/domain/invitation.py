"""Step 3 of 8, decide: the life of one invitation, from its issue to the one answer (TT 01/2018, Điều 12.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from contracts.feedback import InvitationIssued, InvitationUsed
from contracts.vocabulary import AgencyCode, ContentHash, DossierId, FieldCode, InvitationId, ProcedureCode
from kernel.eventlog import Decider, Refused
from services.feedback.domain.token import same_hash

NAMESPACE: Final = UUID("2f0a5f4e-6a0b-5b0e-8a63-2d0c1b6e9d57")

Occasion: TypeAlias = Literal["result", "refusal"]
Refusal: TypeAlias = Literal["no-such-invitation", "invitation-used", "invitation-expired"]


def invitation_id(dossier_id: DossierId, occasion: Occasion) -> InvitationId:
    """Name the invitation of a dossier on an occasion: there is one, however often it is asked for."""
    return InvitationId(uuid5(NAMESPACE, f"invitation:{dossier_id}:{occasion}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Let the applicant of a dossier answer once, from `issued_at` until before `expires_at`."""

    invitation_id: InvitationId
    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    occasion: Occasion
    token_hash: ContentHash
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Answer now, with the token whose hash this is."""

    token_hash: ContentHash
    at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody was invited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The answer may be given. What it is about goes into the rating, which does not name the dossier."""

    invitation_id: InvitationId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    occasion: Occasion
    token_hash: ContentHash
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """The answer was given; the hash still tells the holder of the token from somebody who guesses."""

    about: Open


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
                )
            ]
        case Use(token_hash=given, at=at), Open(token_hash=issued, expires_at=end) if same_hash(given, issued):
            if at >= end:
                raise refused("invitation-expired")
            return [InvitationUsed(invitation_id=state.invitation_id, used_at=at)]

        # A dossier is returned once, but its fact may be read twice.
        case Issue(), Open() | Used():
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
            )
        case InvitationUsed(), Open():
            return Used(about=state)
        # A token may claim a stream of another kind: there is no invitation in it.
        case _:
            return state


def about(state: State) -> Open:
    """Give what was asked about, whether it may still be answered or not.

    Raises:
        Refused: "no-such-invitation", if nobody was invited.
    """
    match state:
        case Open():
            return state
        case Used(about=asked):
            return asked
        case Absent():
            raise refused("no-such-invitation")


def refused(reason: Refusal) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
