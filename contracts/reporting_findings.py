"""Facts of reporting about findings and corrective actions (TCVN ISO 9001:2015, 10.2): cause, one owner, evidence, verified by another.

Texts are an official's words about work, and name no citizen.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact
from contracts.processing_organisation import UnitCode
from contracts.reporting_reform import Evidence, Number, Owner, ReformContent, Text
from contracts.vocabulary import AgencyCode, FindingId, FindingSourceId, PrincipalId

FindingSource: TypeAlias = Literal["review", "inspection", "score", "petition"]
"""What it was found by: a six-monthly review, an inspection, a score that fell, a petition."""

InspectedSubject: TypeAlias = ReformContent | Literal["discipline"]
"""What is looked at: a content of the plan, or discipline (kỷ luật, kỷ cương hành chính)."""


class FindingOpened(Fact, type="reporting.finding.opened.v1"):
    """Something is not as it should be (tồn tại, hạn chế), in a unit or in the whole agency (no unit).

    `found_by` is what it was found by, `found_in` its id.
    """

    finding_id: FindingId
    agency: AgencyCode
    found_by: FindingSource
    found_in: FindingSourceId
    subject: InspectedSubject
    unit: UnitCode | None
    text: Text
    opened_by: PrincipalId
    opened_at: datetime


class FindingCauseRecorded(Fact, type="reporting.finding.cause-recorded.v1"):
    """Why it is so (10.2.1 b); a later one takes the place of the earlier."""

    finding_id: FindingId
    agency: AgencyCode
    cause: Text
    recorded_by: PrincipalId
    recorded_at: datetime


class FindingActionAssigned(Fact, type="reporting.finding.action-assigned.v1"):
    """A corrective action (hành động khắc phục) was given to one owner, to be done by a day. A later one takes its place."""

    finding_id: FindingId
    agency: AgencyCode
    number: Number
    action: Text
    owner: Owner
    due_on: date
    assigned_by: PrincipalId
    assigned_at: datetime


class FindingActionOverdue(Fact, type="reporting.finding.action-overdue.v1"):
    """The day by which a corrective action was due is over, and it is not done."""

    finding_id: FindingId
    agency: AgencyCode
    number: Number
    due_on: date
    raised_at: datetime


class FindingActionDone(Fact, type="reporting.finding.action-done.v1"):
    """A corrective action was carried out, and this shows it; whether it helped is for somebody else to say."""

    finding_id: FindingId
    agency: AgencyCode
    number: Number
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1)]
    late: bool
    done_by: PrincipalId
    done_at: datetime


class FindingActionVerified(Fact, type="reporting.finding.action-verified.v1"):
    """Somebody else than its owner, and than whoever did it, looked whether it helped (10.2.1 d). If it did, the finding is closed.

    `unit` is for which unit he looked.
    """

    finding_id: FindingId
    agency: AgencyCode
    number: Number
    effective: bool
    note: Text
    unit: UnitCode
    verified_by: PrincipalId
    verified_at: datetime


class FindingReopened(Fact, type="reporting.finding.reopened.v1"):
    """It is so again: a finding that was closed is open once more."""

    finding_id: FindingId
    agency: AgencyCode
    reason: Text
    reopened_by: PrincipalId
    reopened_at: datetime


FindingFact: TypeAlias = (
    FindingOpened
    | FindingCauseRecorded
    | FindingActionAssigned
    | FindingActionOverdue
    | FindingActionDone
    | FindingActionVerified
    | FindingReopened
)
