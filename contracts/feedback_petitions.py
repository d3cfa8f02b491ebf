"""Facts of feedback about petitions (phản ánh, kiến nghị), and what turned out to be a complaint or a denunciation.

Who petitions, and every word that is written, lie in the vault. What leads to a person by another way (the dossier that it is about, the
visit at which it was raised) is not in the first fact: it is recorded once somebody has seen that it is no denunciation, whose author the
law protects, and never of one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.fact import Fact
from contracts.vocabulary import (
    AgencyCode,
    ContentHash,
    Deadline,
    DossierId,
    EngagementId,
    PartnerCode,
    PetitionId,
    PrincipalId,
    VaultRef,
)

PetitionKind: TypeAlias = Literal["petition", "complaint", "denunciation"]
"""Phản ánh, kiến nghị; khiếu nại; tố cáo: three things with a law of its own each (NĐ 20/2008, Điều 1)."""

PetitionTopic: TypeAlias = Literal["conduct", "regulation", "procedure", "difficulty", "question", "other"]

PetitionLimit: TypeAlias = Literal["sort", "answer", "publish"]
"""What a petition has limits for: to say what it is, to answer it, to publish the answer."""

UnitCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,60}$")]
"""A unit of the department, as processing's organisation calls it."""


class PetitionReceived(Fact, type="feedback.petition.received.v1"):
    """A petition with its particulars is in the register (NĐ 20/2008).

    `sort_by`: until when somebody says what it is; `deadline`: until when it is answered, unless it turns out to be something else.
    `code_hash` is of the code that the petitioner follows it up with.
    """

    petition_id: PetitionId
    agency: AgencyCode
    channel: Literal["box", "hotline", "web", "portal", "visit", "survey", "letter", "in-person"]
    party: Literal["individual", "enterprise", "association"]
    topic: PetitionTopic
    text_ref: VaultRef
    commitment: ContentHash
    code_hash: ContentHash
    sort_by: Deadline
    deadline: Deadline
    received_at: datetime


class PetitionClassified(Fact, type="feedback.petition.classified.v1"):
    """Somebody said what it is, and may say otherwise later; each kind has a limit of its own. Of a denunciation no link is recorded."""

    petition_id: PetitionId
    agency: AgencyCode
    kind: PetitionKind
    topic: PetitionTopic
    dossier_id: DossierId | None
    engagement_id: EngagementId | None
    deadline: Deadline
    classified_by: PrincipalId
    classified_at: datetime


class PetitionRefused(Fact, type="feedback.petition.refused.v1"):
    """It is not receivable; the petitioner reads the explanation."""

    petition_id: PetitionId
    agency: AgencyCode
    reason: Literal["unclear", "false-particulars", "settled", "out-of-time", "no-right", "another-procedure"]
    explanation_ref: VaultRef
    commitment: ContentHash
    refused_by: PrincipalId
    refused_at: datetime


class PetitionForwarded(Fact, type="feedback.petition.forwarded.v1"):
    """It is for another agency, and went there; `deadline` is until when it should have (NĐ 20/2008), `late` says that it had not."""

    petition_id: PetitionId
    agency: AgencyCode
    partner: PartnerCode
    deadline: Deadline
    late: bool
    forwarded_by: PrincipalId
    forwarded_at: datetime


class PetitionAssigned(Fact, type="feedback.petition.assigned.v1"):
    """A unit leads, other agencies coordinate. A later one takes the place of the earlier; limits run on."""

    petition_id: PetitionId
    agency: AgencyCode
    unit: UnitCode
    partners: tuple[PartnerCode, ...]
    assigned_by: PrincipalId
    assigned_at: datetime


class PetitionExtended(Fact, type="feedback.petition.extended.v1"):
    """It is complicated: the law gives more time, once. The petitioner was told why."""

    petition_id: PetitionId
    agency: AgencyCode
    reason: Literal["complicated", "coordinating-agency", "site-check", "remote-area"]
    due_before_at: datetime
    deadline: Deadline
    explanation_ref: VaultRef
    commitment: ContentHash
    extended_by: PrincipalId
    extended_at: datetime


class PetitionAnswered(Fact, type="feedback.petition.answered.v1"):
    """The department answered; `late` says that the limit of this round had run out.

    Before `reopen_until` the petitioner may open it again; nothing moves that. `publish_by`: until when the answer is published (None: what
    it is may not be).
    """

    petition_id: PetitionId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    answer_ref: VaultRef
    commitment: ContentHash
    late: bool
    reopen_until: datetime
    publish_by: Deadline | None
    answered_by: PrincipalId
    answered_at: datetime


class PetitionPublished(Fact, type="feedback.petition.published.v1"):
    """Question and answer are public, in words that name nobody."""

    petition_id: PetitionId
    agency: AgencyCode
    public_ref: VaultRef
    commitment: ContentHash
    published_by: PrincipalId
    published_at: datetime


class PetitionJudged(Fact, type="feedback.petition.judged.v1"):
    """The petitioner said what the answer of a round is worth, once."""

    petition_id: PetitionId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    verdict: Literal["satisfied", "partly", "dissatisfied"]
    judged_at: datetime


class PetitionReopened(Fact, type="feedback.petition.reopened.v1"):
    """The petitioner was not content, said why within the window, and there is a new limit."""

    petition_id: PetitionId
    agency: AgencyCode
    round: Annotated[int, Field(ge=2)]
    reason_ref: VaultRef
    commitment: ContentHash
    deadline: Deadline
    reopened_at: datetime


class PetitionMessageSent(Fact, type="feedback.petition.message-sent.v1"):
    """Something was written to the petitioner, or by him. It moves no limit and no window."""

    petition_id: PetitionId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    direction: Literal["to-petitioner", "from-petitioner"]
    words_ref: VaultRef
    commitment: ContentHash
    sent_at: datetime


class PetitionMerged(Fact, type="feedback.petition.merged.v1"):
    """It says the same as another one, whose answer is its own from now on. Its petitioner is told by his code."""

    petition_id: PetitionId
    agency: AgencyCode
    into: PetitionId
    merged_by: PrincipalId
    merged_at: datetime


class PetitionJoined(Fact, type="feedback.petition.joined.v1"):
    """The other end: another one that says the same is answered with this one."""

    petition_id: PetitionId
    agency: AgencyCode
    duplicate: PetitionId
    joined_at: datetime


class PetitionWithdrawn(Fact, type="feedback.petition.withdrawn.v1"):
    """The petitioner took it back."""

    petition_id: PetitionId
    agency: AgencyCode
    withdrawn_at: datetime


class PetitionAlarmRaised(Fact, type="feedback.petition.alarm-raised.v1"):
    """A limit is near, or has run out; each says so once.

    `raised_at` is the instant that the limit gives, whenever somebody looked: the same history raises the same alarms. `next_at` is when
    the next one is due if nothing happens.
    """

    petition_id: PetitionId
    agency: AgencyCode
    limit: PetitionLimit
    kind: Literal["due-soon", "overdue"]
    due_at: datetime
    next_at: datetime | None
    raised_at: datetime


PetitionFact: TypeAlias = (
    PetitionReceived
    | PetitionClassified
    | PetitionRefused
    | PetitionForwarded
    | PetitionAssigned
    | PetitionExtended
    | PetitionAnswered
    | PetitionPublished
    | PetitionJudged
    | PetitionReopened
    | PetitionMessageSent
    | PetitionMerged
    | PetitionJoined
    | PetitionWithdrawn
    | PetitionAlarmRaised
)
