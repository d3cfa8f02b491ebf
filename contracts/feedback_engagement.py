"""Facts of feedback about enterprises that are listened to: visits, working sessions, dialogue conferences, and the group that does it.

What was said there is a petition of its own where it asks for something (`PetitionClassified.engagement_id`), and minutes are in the
vault. An enterprise's name and tax code are public.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact, Value
from contracts.feedback_petitions import UnitCode
from contracts.intake import Enterprise
from contracts.vocabulary import AgencyCode, ContentHash, EngagementId, PartnerCode, PrincipalId, SupportGroupId, VaultRef


class Attendance(Value):
    """How many were there for one side; who they were is in the minutes."""

    side: Literal["department", "agency", "enterprise", "association"]
    seats: Annotated[int, Field(ge=1, le=10_000)]


class SupportGroupFormed(Fact, type="feedback.support-group.formed.v1"):
    """The group that keeps itself informed of how enterprises fare (tổ nắm tình hình doanh nghiệp) has these members from a day on.

    A later one for the same group takes the place of the earlier.
    """

    group_id: SupportGroupId
    agency: AgencyCode
    decision: str
    lead: PrincipalId
    members: tuple[PrincipalId, ...]
    from_on: date
    formed_at: datetime


class SupportGroupDissolved(Fact, type="feedback.support-group.dissolved.v1"):
    """There is no such group from a day on."""

    group_id: SupportGroupId
    agency: AgencyCode
    decision: str
    from_on: date
    dissolved_at: datetime


class EngagementHeld(Fact, type="feedback.engagement.held.v1"):
    """The department met enterprises: who came by side, which agencies took part, which enterprises it was about."""

    engagement_id: EngagementId
    agency: AgencyCode
    kind: Literal["visit", "work-session", "dialogue-conference"]
    held_on: date
    unit: UnitCode
    group_id: SupportGroupId | None
    partners: tuple[PartnerCode, ...]
    enterprises: tuple[Enterprise, ...]
    attendance: tuple[Attendance, ...]
    minutes_ref: VaultRef | None
    commitment: ContentHash | None
    recorded_by: PrincipalId
    recorded_at: datetime


class EngagementStruck(Fact, type="feedback.engagement.struck.v1"):
    """It was put down by mistake: it stays in the register and counts no more."""

    engagement_id: EngagementId
    agency: AgencyCode
    reason: Literal["not-held", "put-down-twice", "wrong-particulars"]
    struck_by: PrincipalId
    struck_at: datetime


EngagementFact: TypeAlias = SupportGroupFormed | SupportGroupDissolved | EngagementHeld | EngagementStruck
