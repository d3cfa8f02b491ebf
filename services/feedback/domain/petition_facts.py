"""Step 3 of 8, decide: the facts that a petition's commands lead to, and why some lead to none."""

from __future__ import annotations

from typing import Literal, TypeAlias

from contracts.feedback_petitions import (
    PetitionAnswered,
    PetitionAssigned,
    PetitionClassified,
    PetitionExtended,
    PetitionFact,
    PetitionForwarded,
    PetitionMerged,
    PetitionMessageSent,
    PetitionReceived,
)
from kernel.eventlog import Refused
from kernel.legalclock import is_late
from services.feedback.domain import petition_commands as asked
from services.feedback.domain.petition_rules import due, forward_span, reopen_until
from services.feedback.domain.petition_states import Open, Petition

Refusal: TypeAlias = Literal[
    "no-such-petition",
    "petition-closed",
    "petition-answered",
    "petition-open",
    "not-classified",
    "no-lead-unit",
    "kind-stands",
    "already-linked",
    "never-linked",
    "extended-already",
    "limit-run-out",
    "judged-already",
    "not-dissatisfied",
    "window-closed",
    "reopened-too-often",
    "not-to-be-published",
    "published-already",
    "not-a-duplicate",
    "duplicate-due-sooner",
]


def received(command: asked.Receive) -> PetitionReceived:
    """Make the fact that it is in the register, with its first two limits."""
    rules, calendar = command.by.rules, command.by.calendar
    return PetitionReceived(
        petition_id=command.petition_id,
        agency=command.agency,
        channel=command.channel,
        party=command.party,
        topic=command.topic,
        text_ref=command.words.ref,
        commitment=command.words.commitment,
        code_hash=command.code_hash,
        sort_by=due(command.received_at, rules.sort, calendar),
        deadline=due(command.received_at, rules.answer["petition"], calendar),
        received_at=command.received_at,
    )


def classified(command: asked.Classify, petition: Petition) -> list[PetitionFact]:
    """Say what it is. A petition counts from its arrival; what another law is for counts from when it was taken up."""
    links = command.dossier_id is not None or command.engagement_id is not None
    if petition.round > 1:
        # The limit that runs is that of the round. What it is was settled before the first answer.
        raise refused("kind-stands")
    if links and (command.kind == "denunciation" or petition.protected):
        raise refused("never-linked")
    if command.kind == "denunciation" and (petition.linked or petition.duplicates):
        # What is recorded stays recorded. The denunciation begins anew, as a part that nothing leads to.
        raise refused("already-linked")
    start_at = petition.received_at if command.kind == "petition" else command.at
    return [
        PetitionClassified(
            petition_id=petition.id,
            agency=petition.agency,
            kind=command.kind,
            topic=command.topic,
            dossier_id=command.dossier_id,
            engagement_id=command.engagement_id,
            deadline=due(start_at, command.by.rules.answer[command.kind], command.by.calendar),
            classified_by=command.officer,
            classified_at=command.at,
        )
    ]


def forwarded(command: asked.Forward, petition: Petition) -> PetitionForwarded:
    """Hand it on."""
    limit = due(petition.received_at, forward_span(command.by.rules, petition.topic), command.by.calendar)
    return PetitionForwarded(
        petition_id=petition.id,
        agency=petition.agency,
        partner=command.partner,
        deadline=limit,
        late=is_late(limit, command.at),
        forwarded_by=command.officer,
        forwarded_at=command.at,
    )


def assigned(command: asked.Assign, petition: Petition) -> list[PetitionFact]:
    """Give it to a unit; the same once more is nothing new."""
    if (petition.unit, petition.partners) == (command.unit, command.partners):
        return []
    return [
        PetitionAssigned(
            petition_id=petition.id,
            agency=petition.agency,
            unit=command.unit,
            partners=command.partners,
            assigned_by=command.officer,
            assigned_at=command.at,
        )
    ]


def extended(command: asked.Extend, petition: Petition) -> list[PetitionFact]:
    """Give it the longer limit, from where the first one began. What has run out cannot be extended: lateness stays."""
    if petition.extended:
        raise refused("extended-already")
    if is_late(petition.deadline, command.at):
        raise refused("limit-run-out")
    longer = due(petition.counts_from, command.by.rules.longer[petition.kind or "petition"], command.by.calendar)
    return [
        PetitionExtended(
            petition_id=petition.id,
            agency=petition.agency,
            reason=command.reason,
            due_before_at=petition.deadline.due_at,
            deadline=longer,
            explanation_ref=command.words.ref,
            commitment=command.words.commitment,
            extended_by=command.officer,
            extended_at=command.at,
        )
    ]


def answered(command: asked.Answer, petition: Petition) -> PetitionAnswered:
    """Answer it; somebody must lead, so that somebody stands by the answer."""
    if petition.unit is None:
        raise refused("no-lead-unit")
    rules, calendar = command.by.rules, command.by.calendar
    return PetitionAnswered(
        petition_id=petition.id,
        agency=petition.agency,
        round=petition.round,
        answer_ref=command.words.ref,
        commitment=command.words.commitment,
        late=is_late(petition.deadline, command.at),
        reopen_until=reopen_until(command.at, rules),
        publish_by=due(command.at, rules.publish, calendar) if petition.kind == "petition" and not petition.protected else None,
        answered_by=command.officer,
        answered_at=command.at,
    )


def message(command: asked.Write, petition: Petition) -> PetitionMessageSent:
    """Write something to the petitioner, or as him."""
    return PetitionMessageSent(
        petition_id=petition.id,
        agency=petition.agency,
        number=petition.messages + 1,
        direction=command.direction,
        words_ref=command.words.ref,
        commitment=command.words.commitment,
        sent_at=command.at,
    )


def merged(command: asked.Merge, petition: Petition) -> list[PetitionFact]:
    """Let it be answered with another one, which must not be due later: nobody waits longer because others said the same."""
    match command.into:
        case Open(petition=other) if other.id != petition.id and other.agency == petition.agency:
            protected = petition.protected or other.protected
            if protected or other.kind is None or petition.kind not in {None, other.kind} or petition.duplicates:
                raise refused("not-a-duplicate")
            if other.deadline.due_at > petition.deadline.due_at:
                raise refused("duplicate-due-sooner")
            fact = PetitionMerged(
                petition_id=petition.id, agency=petition.agency, into=other.id, merged_by=command.officer, merged_at=command.at
            )
            return [fact]
        case _:
            raise refused("not-a-duplicate")


def refused(reason: Refusal) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason)
