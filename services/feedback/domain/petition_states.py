"""Step 3 of 8, decide: where a petition can stand, and what each fact makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

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
    PetitionKind,
    PetitionLimit,
    PetitionMerged,
    PetitionMessageSent,
    PetitionPublished,
    PetitionReceived,
    PetitionRefused,
    PetitionReopened,
    PetitionTopic,
    PetitionWithdrawn,
    UnitCode,
)
from contracts.vocabulary import AgencyCode, Deadline, PartnerCode, PetitionId

Ending: TypeAlias = Literal["refused", "forwarded", "merged", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Petition:
    """What the next decision needs of a petition. `counts_from` is where its limit began; `kind` None = nobody has said yet.

    `protected`: it was once called a denunciation, and is never linked to anything from then on. `rung`: which limit has said what of
    which instant.
    """

    id: PetitionId
    agency: AgencyCode
    received_at: datetime
    counts_from: datetime
    topic: PetitionTopic
    sort_by: Deadline
    deadline: Deadline
    kind: PetitionKind | None = None
    linked: bool = False
    protected: bool = False
    unit: UnitCode | None = None
    partners: tuple[PartnerCode, ...] = ()
    extended: bool = False
    round: int = 1
    messages: int = 0
    judged: frozenset[int] = frozenset()
    dissatisfied: bool = False
    published: bool = False
    publish_by: Deadline | None = None
    duplicates: frozenset[PetitionId] = frozenset()
    rung: frozenset[tuple[PetitionLimit, str, datetime]] = frozenset()


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody has petitioned."""


@dataclass(frozen=True, slots=True)
class Open:
    """It waits for an answer, and has a limit."""

    petition: Petition


@dataclass(frozen=True, slots=True)
class Answered:
    """It was answered; until `reopen_until` the petitioner may open it again."""

    petition: Petition
    reopen_until: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """It ended without an answer of its own; `into` is the one that it was merged into."""

    petition: Petition
    how: Ending
    into: PetitionId | None = None


State: TypeAlias = Absent | Open | Answered | Closed
INITIAL: Final[State] = Absent()


def evolve(state: State, event: PetitionFact) -> State:
    """Give the state after a fact."""
    match event, state:
        case PetitionReceived(), Absent():
            return Open(
                Petition(
                    id=event.petition_id,
                    agency=event.agency,
                    received_at=event.received_at,
                    counts_from=event.received_at,
                    topic=event.topic,
                    sort_by=event.sort_by,
                    deadline=event.deadline,
                )
            )
        case PetitionRefused() | PetitionForwarded() | PetitionMerged() | PetitionWithdrawn(), Open(petition=petition):
            return _closed(event, petition)
        case PetitionAnswered(), Open(petition=petition):
            return Answered(replace(petition, publish_by=event.publish_by), event.reopen_until)
        case PetitionReopened(), Answered(petition=petition):
            again = replace(petition, round=event.round, deadline=event.deadline, counts_from=event.reopened_at)
            return Open(replace(again, dissatisfied=False, extended=False, published=False))
        case _, Open(petition=petition):
            return Open(after(petition, event))
        case _, Answered(petition=petition, reopen_until=end):
            return Answered(after(petition, event), end)
        # Whoever asks by an id may name a stream of another kind: there is no petition in it.
        case _:
            return state


def after(petition: Petition, event: PetitionFact) -> Petition:
    """Give what a petition is after a fact that leaves it where it stands."""
    match event:
        case PetitionClassified():
            changed = replace(petition, kind=event.kind, topic=event.topic, deadline=event.deadline, extended=False)
            begun = petition.received_at if event.kind == "petition" else event.classified_at
            linked = event.dossier_id is not None or event.engagement_id is not None
            protected = petition.protected or event.kind == "denunciation"
            return replace(changed, counts_from=begun, linked=petition.linked or linked, protected=protected)
        case PetitionAssigned():
            return replace(petition, unit=event.unit, partners=event.partners)
        case PetitionExtended():
            return replace(petition, deadline=event.deadline, extended=True)
        case PetitionMessageSent():
            return replace(petition, messages=event.number)
        case PetitionJudged():
            return replace(petition, judged=petition.judged | {event.round}, dissatisfied=event.verdict == "dissatisfied")
        case PetitionPublished():
            return replace(petition, published=True)
        case PetitionJoined():
            return replace(petition, duplicates=petition.duplicates | {event.duplicate})
        case PetitionAlarmRaised():
            return replace(petition, rung=petition.rung | {(event.limit, event.kind, event.due_at)})
        case _:
            return petition


def _closed(event: PetitionFact, petition: Petition) -> Closed:
    match event:
        case PetitionMerged(into=into):
            return Closed(petition, "merged", into)
        case PetitionForwarded():
            return Closed(petition, "forwarded")
        case PetitionWithdrawn():
            return Closed(petition, "withdrawn")
        case _:
            return Closed(petition, "refused")
