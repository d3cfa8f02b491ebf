"""Facts of feedback, the listening: invitations, ratings, opinions and their answers. Free text stays in the vault."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import LEFT_OUT, Fact
from contracts.feedback_campaigns import CampaignFact
from contracts.feedback_engagement import EngagementFact
from contracts.feedback_petitions import PetitionFact
from contracts.feedback_surveys import AnswerChannel, Criterion, Occasion, SurveyFact
from contracts.vocabulary import (
    AgencyCode,
    ContentHash,
    DossierId,
    FieldCode,
    InvitationId,
    OpinionId,
    PrincipalId,
    ProcedureCode,
    RatingId,
    SurveyClassId,
    VaultRef,
)


class InvitationIssued(Fact, type="feedback.invitation.issued.v1"):
    """An applicant may answer once about this occasion: a receipt, a request for more, a result, a refusal (TT 01/2018, Điều 12.2)."""

    invitation_id: InvitationId
    dossier_id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    occasion: Occasion
    token_hash: ContentHash
    issued_at: datetime
    expires_at: datetime
    officer: Annotated[PrincipalId | None, LEFT_OUT] = None


class InvitationUsed(Fact, type="feedback.invitation.used.v1"):
    """The right to the one answer was handed out: a blind signature under a class's key. Before there were any, the answer was given.

    `blinded_hash` is of what was signed. It says nothing of the token inside, and lets whoever lost the signature have it again.
    """

    invitation_id: InvitationId
    class_id: Annotated[SurveyClassId | None, LEFT_OUT] = None
    blinded_hash: Annotated[ContentHash | None, LEFT_OUT] = None
    channel: Annotated[AnswerChannel | None, LEFT_OUT] = None
    used_at: datetime


class RatingRecorded(Fact, type="feedback.rating.recorded.v1"):
    """An answer as it was recorded before answers were mixed: whoever reads the log can tell whose. `AnswerRecorded` took its place."""

    rating_id: RatingId
    agency: AgencyCode
    procedure: ProcedureCode
    field: FieldCode
    occasion: Literal["result", "refusal"]
    satisfaction: Annotated[int, Field(ge=1, le=5)]
    points: dict[Criterion, Annotated[int, Field(ge=0, le=2)]]
    comment_ref: VaultRef | None
    commitment: ContentHash | None
    recorded_at: datetime


class OpinionReceived(Fact, type="feedback.opinion.received.v1"):
    """Something somebody wanted to say: suggestion box, hotline, web, letter or in person."""

    opinion_id: OpinionId
    agency: AgencyCode
    channel: Literal["box", "hotline", "web", "portal", "letter", "in-person"]
    topic: Literal["attitude", "delay", "procedure", "fee", "facility", "praise", "other"]
    anonymous: bool
    text_ref: VaultRef
    commitment: ContentHash
    received_at: datetime


class OpinionAnswered(Fact, type="feedback.opinion.answered.v1"):
    """The department answered; the answer's text stays in the vault beside the opinion's."""

    opinion_id: OpinionId
    agency: AgencyCode
    answer_ref: VaultRef
    commitment: ContentHash
    answered_by: PrincipalId
    answered_at: datetime


FeedbackFact: TypeAlias = (
    InvitationIssued
    | InvitationUsed
    | RatingRecorded
    | OpinionReceived
    | OpinionAnswered
    | SurveyFact
    | CampaignFact
    | PetitionFact
    | EngagementFact
)
