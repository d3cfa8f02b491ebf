"""Facts of reporting about how reform is watched: six-monthly reviews (sơ kết, tổng kết), and inspections by a plan of the year.

Texts are an official's words about work, and name no citizen.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact, Value
from contracts.processing_organisation import UnitCode
from contracts.reporting_findings import InspectedSubject
from contracts.reporting_reform import Evidence, Number, Text, Year
from contracts.vocabulary import (
    AgencyCode,
    ContentHash,
    FindingId,
    InspectionId,
    InspectionPlanId,
    PrincipalId,
    ProcedureCode,
    ReportId,
    ReviewId,
)

ReviewKind: TypeAlias = Literal["mid-year", "year-end"]


class ReviewOpened(Fact, type="reporting.review.opened.v1"):
    """A review began: mid-year (sơ kết) of January to June, year-end (tổng kết) of the whole year.

    Its figures are those of a published report, pinned by what that was drawn at, so that they are the same whenever they are read.
    """

    review_id: ReviewId
    agency: AgencyCode
    kind: ReviewKind
    year: Year
    report_id: ReportId
    definition_hash: ContentHash
    positions: dict[str, Annotated[int, Field(ge=0)]]
    opened_by: PrincipalId
    opened_at: datetime


class ReviewFindingNoted(Fact, type="reporting.review.finding-noted.v1"):
    """The review found something; the finding is a stream of its own, begun in the same commit."""

    review_id: ReviewId
    agency: AgencyCode
    finding_id: FindingId
    noted_by: PrincipalId
    noted_at: datetime


class ReviewClosed(Fact, type="reporting.review.closed.v1"):
    """The review is over: everything that it found has an action, and its conclusions (thông báo kết luận) are this paper."""

    review_id: ReviewId
    agency: AgencyCode
    conclusions: Evidence
    closed_by: PrincipalId
    closed_at: datetime


class PlannedInspection(Value):
    """What is to be looked at in a unit, and in which procedures, by which day."""

    unit: UnitCode
    subjects: Annotated[tuple[InspectedSubject, ...], Field(min_length=1)]
    procedures: tuple[ProcedureCode, ...]
    due_on: date


class InspectionPlanAdopted(Fact, type="reporting.inspection-plan.adopted.v1"):
    """The plan of a year's inspections (kế hoạch kiểm tra cải cách hành chính) was signed."""

    plan_id: InspectionPlanId
    agency: AgencyCode
    year: Year
    decision: Evidence
    planned: Annotated[tuple[PlannedInspection, ...], Field(min_length=1)]
    adopted_by: PrincipalId
    adopted_at: datetime


class InspectionPlanChanged(Fact, type="reporting.inspection-plan.changed.v1"):
    """A decision put another plan in its place; what was inspected already counts on."""

    plan_id: InspectionPlanId
    agency: AgencyCode
    decision: Evidence
    planned: Annotated[tuple[PlannedInspection, ...], Field(min_length=1)]
    reason: Text
    changed_by: PrincipalId
    changed_at: datetime


class InspectionHeld(Fact, type="reporting.inspection-plan.inspection-held.v1"):
    """A unit was inspected by a team; `minutes` is the record (biên bản). `unannounced`: nobody was told beforehand (đột xuất)."""

    plan_id: InspectionPlanId
    inspection_id: InspectionId
    agency: AgencyCode
    number: Number
    unit: UnitCode
    subjects: Annotated[tuple[InspectedSubject, ...], Field(min_length=1)]
    procedures: tuple[ProcedureCode, ...]
    held_on: date
    team: Annotated[tuple[PrincipalId, ...], Field(min_length=1)]
    unannounced: bool
    minutes: Evidence
    text: Text
    recorded_by: PrincipalId
    recorded_at: datetime


ReviewFact: TypeAlias = ReviewOpened | ReviewFindingNoted | ReviewClosed
InspectionFact: TypeAlias = InspectionPlanAdopted | InspectionPlanChanged | InspectionHeld
