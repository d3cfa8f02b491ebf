"""Step 3 of 8, decide: the permit that a granted case leads to. It has a stream of its own, because it outlives the dossier."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import date, datetime
from typing import Final, Literal, TypeAlias
from uuid import uuid5

from contracts.processing_permits import (
    Holder,
    PermitAmended,
    PermitDrafted,
    PermitExpired,
    PermitIssued,
    PermitPublished,
    PermitReissued,
    PermitRevoked,
)
from contracts.vocabulary import CaseId, PermitId
from kernel.eventlog import Decider, Refused
from kernel.legalclock import day_of
from services.processing.domain import NAMESPACE
from services.processing.domain.case_states import Case
from services.processing.domain.permit_facts import amended, draft_of, drafted, permit_of, published, reissued, revoked
from services.processing.domain.permit_states import (
    Absent,
    Amend,
    Command,
    Drafted,
    Expire,
    Expired,
    InForce,
    Known,
    Page,
    Permit,
    Publish,
    Reissue,
    Revoke,
    Revoked,
    State,
    Write,
)

ABBREVIATIONS: Final = {"Giấy phép": "GP", "Giấy chứng nhận": "GCN", "Giấy xác nhận": "GXN", "Thẻ": "THE"}
"""Results that let their holder do something, by the words that they begin with. Every other result is a letter."""

Event: TypeAlias = PermitDrafted | PermitIssued | PermitPublished | PermitAmended | PermitReissued | PermitRevoked | PermitExpired

Reason: TypeAlias = Literal[
    "no-such-permit",
    "permit-published",
    "permit-not-published",
    "permit-revoked",
    "permit-expired",
    "terms-do-not-fit",
    "terms-of-a-person",
    "blank-needed",
    "no-blank-here",
    "page-of-another-edition",
]

INITIAL: Final[State] = Absent()


def stream_of(case_id: CaseId) -> PermitId:
    """Give the permit, and the stream, that a case may lead to."""
    return PermitId(uuid5(NAMESPACE, f"permit:{case_id}"))


def abbreviation_of(result: str | None) -> str | None:
    """Give the sign of a permit's kind; None if a procedure's result is no permit."""
    return next((sign for words, sign in ABBREVIATIONS.items() if result is not None and result.startswith(words)), None)


def expiry(issued_on: date, validity_months: int | None) -> date | None:
    """Give the last day of validity: the same day so many months later, or the last day of a month that is too short."""
    if validity_months is None:
        return None
    year, month = divmod(issued_on.year * 12 + issued_on.month - 1 + validity_months, 12)
    return date(year, month + 1, min(issued_on.day, monthrange(year, month + 1)[1]))


def issue(case: Case, kind: str, number: str, validity_months: int | None, at: datetime, holder: Holder | None) -> PermitIssued:
    """Issue the permit that a granted case leads to; it is dated with the local day."""
    issued_on = day_of(at)
    return PermitIssued(
        permit_id=stream_of(case.id),
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        procedure=case.procedure,
        kind=kind,
        number=number,
        issued_on=issued_on,
        expires_on=expiry(issued_on, validity_months),
        holder=holder,
        issued_at=at,
    )


def decide(command: Command, state: State) -> list[Event]:
    """Say what a command leads to.

    Raises:
        Refused: a `Reason`; "terms-do-not-fit" with the places that are at fault.
    """
    match command, state:
        case Write(), Absent() | Drafted():
            return [drafted(command)]
        case Expire(today=today), InForce(permit=Permit(expires_on=date() as last) as permit) if last < today:
            over = PermitExpired(permit_id=permit.id, agency=permit.agency, number=permit.number, expires_on=last, expired_at=command.at)
            return [over]
        # Whoever looks may find that it has not expired, or that somebody looked before; a second revocation changes nothing.
        case (Expire(), _) | (Revoke(), Revoked()):
            return []
        case ((Write() | Publish() | Amend() | Reissue() | Revoke()), _):
            return change(command, insist_in_force(state, command.at))


def change(command: Write | Publish | Amend | Reissue | Revoke, permit: Permit) -> list[Event]:
    """Say what a command leads to while the permit is in force."""
    match command:
        case Write() if permit.page is None:
            return [drafted(command)]
        case Write():
            raise Refused("permit-published")
        case Publish():
            return [*published(command, permit)]
        case Revoke():
            return [revoked(command, permit)]
        case Amend() | Reissue() if not permit.is_out:
            raise Refused("permit-not-published")
        case Amend():
            return [amended(command, permit)]
        case Reissue():
            return [reissued(command, permit)]


def insist_in_force(state: State, at: datetime) -> Permit:
    """Give the permit that is in force at an instant.

    Raises:
        Refused: "no-such-permit", "permit-revoked", "permit-expired".
    """
    match state:
        case Absent() | Drafted():
            raise Refused("no-such-permit")
        case Revoked():
            raise Refused("permit-revoked")
        case InForce(permit=permit) if not is_over(permit, at):
            return permit
        case InForce() | Expired():
            raise Refused("permit-expired")


def name_of(state: Known, at: datetime | None) -> str:
    """Name a state; a permit whose last day is over has expired, noted or not."""
    match state:
        case Revoked():
            return "revoked"
        case _ if state.permit.expires_on and at and is_over(state.permit, at):
            return "expired"
        case InForce(permit=of):
            return "in-force" if of.is_out else "not-published"
        case _:
            return "expired"


def is_over(permit: Permit, at: datetime) -> bool:
    """Tell whether its last day is over, noted or not: it is good until midnight (Bộ luật Dân sự 2015, Điều 148.6)."""
    return permit.expires_on is not None and day_of(at) > permit.expires_on


def evolve(state: State, event: Event) -> State:
    """Say where a permit stands after a fact."""
    match event, state:
        case PermitDrafted(), InForce(permit=permit):
            return InForce(replace(permit, draft=draft_of(event)))
        case PermitDrafted(), _:
            return Drafted(draft_of(event))
        case PermitIssued(), _:
            return InForce(permit_of(event, state.draft if isinstance(state, Drafted) else None))
        case PermitPublished(), InForce(permit=permit):
            page = Page(
                edition=event.edition,
                blank=event.blank,
                document_hash=event.document_hash,
                trial=event.trial,
                published_at=event.published_at,
            )
            return InForce(replace(permit, page=page))
        case PermitAmended(), InForce(permit=permit):
            return InForce(replace(permit, edition=event.edition, draft=draft_of(event)))
        case PermitReissued(), InForce(permit=permit):
            again = replace(permit, number=event.number, issued_on=event.issued_on, edition=event.edition, reissues=permit.reissues + 1)
            return InForce(replace(again, void=(*permit.void, event.replaces)))
        case PermitRevoked(), InForce(permit=permit):
            return Revoked(permit, event.revoked_at, event.reason)
        case PermitExpired(), InForce(permit=permit):
            return Expired(permit)
        case _:
            return state


DECIDER: Final = Decider[Command, State](INITIAL, decide, evolve)
