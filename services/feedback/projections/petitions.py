"""Step 7 of 8, projections: the read model "petitions": the register, enterprises met, and what the figures count."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args
from uuid import UUID

from contracts.feedback import InvitationIssued, InvitationUsed
from contracts.feedback_engagement import EngagementHeld, EngagementStruck, SupportGroupDissolved, SupportGroupFormed
from contracts.feedback_petitions import (
    PetitionAlarmRaised,
    PetitionAnswered,
    PetitionAssigned,
    PetitionClassified,
    PetitionExtended,
    PetitionFact,
    PetitionForwarded,
    PetitionJoined,
    PetitionJudged,
    PetitionMerged,
    PetitionMessageSent,
    PetitionPublished,
    PetitionReceived,
    PetitionRefused,
    PetitionReopened,
    PetitionWithdrawn,
)
from contracts.vocabulary import Deadline
from kernel.edge.wall import walled
from kernel.eventlog import Columns, Projection, ReadModel, Recorded, read_ddl
from kernel.legalclock import day_of
from services.feedback.domain.petition_alarms import first_after, of_limit

NOT_IN_THE_REGISTER: Final = frozenset({PetitionMessageSent, PetitionJoined})
"""Facts that the register has no column for."""


def limit(deadline: Deadline, from_at: datetime) -> dict[str, Any]:
    """Give the columns of a limit that runs from an instant on: what it had to say before was said beside the fact that it came with."""
    return {"due_on": deadline.due_on, "due_at": deadline.due_at, "alarm_at": first_after(from_at, *of_limit("answer", deadline))}


def petition_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.petition_id


def petition_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case PetitionReceived() as fact:
            return {
                **{name: getattr(fact, name) for name in ("agency", "channel", "party", "topic", "code_hash", "received_at")},
                "received_on": day_of(fact.received_at),
                "received_event": event.id,
                "sort_by_on": fact.sort_by.due_on,
                "round": 1,
                **limit(fact.deadline, fact.received_at),
                "alarm_at": first_after(fact.received_at, *of_limit("sort", fact.sort_by), *of_limit("answer", fact.deadline)),
            }
        case PetitionClassified() as fact:
            links = {"dossier_id": fact.dossier_id, "engagement_id": fact.engagement_id}
            said = {"kind": fact.kind, "topic": fact.topic, "classified_at": fact.classified_at}
            return {**said, **links, **limit(fact.deadline, fact.classified_at)}
        case PetitionAssigned() as fact:
            return {"unit": fact.unit, "partners": " ".join(fact.partners)}
        case PetitionExtended() as fact:
            return {"extended": True, **limit(fact.deadline, fact.extended_at)}
        case PetitionReopened() as fact:
            # That the round before was late stays.
            gone: dict[str, Any] = dict.fromkeys(("answered_at", "answered_on", "answered_event", "verdict", "reopen_until"))
            again = {"round": fact.round, "extended": False, "publish_by_on": None, "published_at": None}
            return {**again, **gone, **limit(fact.deadline, fact.reopened_at)}
        case PetitionAnswered() as fact:
            return {
                "answered_at": fact.answered_at,
                "answered_on": day_of(fact.answered_at),
                "answered_event": event.id,
                "reopen_until": fact.reopen_until,
                "publish_by_on": fact.publish_by.due_on if fact.publish_by else None,
                "alarm_at": first_after(fact.answered_at, *(of_limit("publish", fact.publish_by) if fact.publish_by else ())),
                **({"ever_late": True} if fact.late else {}),
            }
        case PetitionJudged() as fact:
            return {"verdict": fact.verdict}
        case PetitionPublished() as fact:
            return {"published_at": fact.published_at, "alarm_at": None}
        case PetitionAlarmRaised() as fact:
            return {"alarm": fact.kind, "alarm_limit": fact.limit, "alarm_raised_at": fact.raised_at, "alarm_at": fact.next_at}
        case _:
            return ended(event.fact)


def ended(fact: Any) -> Columns:
    """Give the columns of an end without an answer: no limit says anything any more."""
    match fact:
        case PetitionRefused():
            return {"ended_how": "refused", "ended_at": fact.refused_at, "alarm_at": None}
        case PetitionForwarded():
            late = {"ever_late": True} if fact.late else {}
            return {"ended_how": "forwarded", "ended_at": fact.forwarded_at, "alarm_at": None, **late}
        case PetitionMerged():
            return {"ended_how": "merged", "ended_at": fact.merged_at, "alarm_at": None, "merged_into": fact.into}
        case PetitionWithdrawn():
            return {"ended_how": "withdrawn", "ended_at": fact.withdrawn_at, "alarm_at": None}
        case _:
            return {}


def engagement_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.engagement_id


def engagement_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case EngagementHeld() as fact:
            return {
                "agency": fact.agency,
                "kind": fact.kind,
                "held_on": fact.held_on,
                "held_event": event.id,
                "unit": fact.unit,
                "group_id": fact.group_id,
                "partners": " ".join(fact.partners),
                "enterprises": " ".join(one.tax_code for one in fact.enterprises),
                "seats": sum(one.seats for one in fact.attendance),
            }
        case EngagementStruck() as fact:
            return {"struck_at": fact.struck_at}
        case _:
            return {}


def group_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.group_id


def group_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case SupportGroupFormed() as fact:
            named = {name: getattr(fact, name) for name in ("agency", "decision", "lead", "from_on")}
            return {**named, "members": " ".join(fact.members), "ended_on": None}
        case SupportGroupDissolved() as fact:
            return {"ended_on": fact.from_on}
        case _:
            return {}


def slip_key(event: Recorded) -> UUID:
    """Give the row's key."""
    return event.fact.invitation_id


def slip_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets. That one came back is kept; when, and by which event, would help who guesses."""
    match event.fact:
        case InvitationIssued() as fact:
            return {"agency": fact.agency, "issued_on": day_of(fact.issued_at), "issued_event": event.id}
        case InvitationUsed():
            return {"returned": True}
        case _:
            return {}


PETITION_REGISTER: Final = Projection(
    table="petition_register",
    key_column="petition_id",
    key=petition_key,
    columns=petition_columns,
    facts=tuple(fact for fact in get_args(PetitionFact) if fact not in NOT_IN_THE_REGISTER),
)
ENGAGEMENT_REGISTER: Final = Projection(
    table="engagement_register",
    key_column="engagement_id",
    key=engagement_key,
    columns=engagement_columns,
    facts=(EngagementHeld, EngagementStruck),
)
SUPPORT_GROUP: Final = Projection(
    table="support_group",
    key_column="group_id",
    key=group_key,
    columns=group_columns,
    facts=(SupportGroupFormed, SupportGroupDissolved),
)
SLIP: Final = Projection(table="slip", key_column="slip_id", key=slip_key, columns=slip_columns, facts=(InvitationIssued, InvitationUsed))

PETITIONS: Final = ReadModel(
    name="petitions",
    version=2,
    sources=("feedback",),
    ddl=walled(read_ddl(Path(__file__).with_name("petitions.sql"))),
    projections=(PETITION_REGISTER, ENGAGEMENT_REGISTER, SUPPORT_GROUP, SLIP),
)
