"""Facts of reporting about what was asked of the department from above, and about what it has to make public.

A directive (văn bản chỉ đạo) is received, given to one owner and answered. An item of the publicity plan (kế hoạch thông tin, tuyên
truyền) says what is to be made public where, and by when.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact
from contracts.reporting_reform import Evidence, Owner, Text
from contracts.vocabulary import AgencyCode, DirectiveId, PrincipalId, PublicityItemId

Medium: TypeAlias = Literal["notice-board", "website", "portal", "press", "broadcast", "social-network", "conference", "leaflet"]


class DirectiveReceived(Fact, type="reporting.directive.received.v1"):
    """A paper from above wants something of the department, by a day (None: it names none)."""

    directive_id: DirectiveId
    agency: AgencyCode
    paper: Evidence
    issuer: Annotated[str, Field(min_length=1, max_length=200)]
    signed_on: date
    wanted: Text
    due_on: date | None
    received_by: PrincipalId
    received_at: datetime


class DirectiveAssigned(Fact, type="reporting.directive.assigned.v1"):
    """One owner sees to it, by a day that is not after the directive's own. A later one takes its place."""

    directive_id: DirectiveId
    agency: AgencyCode
    owner: Owner
    due_on: date
    assigned_by: PrincipalId
    assigned_at: datetime


class DirectiveAnswered(Fact, type="reporting.directive.answered.v1"):
    """The department has answered with this paper; `late`: after the day that held."""

    directive_id: DirectiveId
    agency: AgencyCode
    answer: Evidence
    late: bool
    answered_by: PrincipalId
    answered_at: datetime


class DirectiveOverdue(Fact, type="reporting.directive.overdue.v1"):
    """The day by which it was due is over, and nothing was answered."""

    directive_id: DirectiveId
    agency: AgencyCode
    due_on: date
    raised_at: datetime


class PublicityPlanned(Fact, type="reporting.publicity-item.planned.v1"):
    """Something is to be made public: what, by which medium, where exactly, by which day. A later one takes its place.

    `plan` is the decision that wants it.
    """

    item_id: PublicityItemId
    agency: AgencyCode
    plan: Evidence
    topic: Text
    medium: Medium
    place: Annotated[str, Field(min_length=1, max_length=300)]
    owner: Owner
    due_on: date
    planned_by: PrincipalId
    planned_at: datetime


class PublicityDone(Fact, type="reporting.publicity-item.done.v1"):
    """It was made public, and this shows it."""

    item_id: PublicityItemId
    agency: AgencyCode
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1)]
    late: bool
    done_by: PrincipalId
    done_at: datetime


class PublicityDropped(Fact, type="reporting.publicity-item.dropped.v1"):
    """It is not to be made public any more."""

    item_id: PublicityItemId
    agency: AgencyCode
    reason: Text
    dropped_by: PrincipalId
    dropped_at: datetime


class PublicityOverdue(Fact, type="reporting.publicity-item.overdue.v1"):
    """The day by which it was to be public is over, and nobody has shown that it is."""

    item_id: PublicityItemId
    agency: AgencyCode
    due_on: date
    raised_at: datetime


DirectiveFact: TypeAlias = DirectiveReceived | DirectiveAssigned | DirectiveAnswered | DirectiveOverdue
PublicityFact: TypeAlias = PublicityPlanned | PublicityDone | PublicityDropped | PublicityOverdue
