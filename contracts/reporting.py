"""Facts of reporting, the mirror: reports published, with the positions that they were drawn at, scores, and the management of reform."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import LEFT_OUT, Fact, Value
from contracts.reporting_duties import DirectiveFact, PublicityFact
from contracts.reporting_findings import FindingFact
from contracts.reporting_folds import FoldPromoted
from contracts.reporting_indicators import IndicatorOverridden, IndicatorOverrideWithdrawn
from contracts.reporting_oversight import InspectionFact, ReviewFact
from contracts.reporting_reform import ReformPlanFact
from contracts.vocabulary import AgencyCode, ContentHash, FieldCode, PrincipalId, ReportId, ScoreId

Count: TypeAlias = Annotated[int, Field(ge=0)]


class FieldFigures(Value):
    """One line of form II.06a: received = online + direct + carried over = resolved + in progress.

    `field_name` is what the field was called then.
    """

    field: FieldCode
    field_name: Annotated[str | None, LEFT_OUT] = None
    received: Count
    received_online: Count
    received_direct: Count
    carried_over: Count
    resolved: Count
    resolved_early: Count
    resolved_on_time: Count
    resolved_late: Count
    in_progress: Count
    in_progress_in_time: Count
    in_progress_late: Count


class ReportPublished(Fact, type="reporting.report.published.v1"):
    """A periodic report as it was published: its lines, the definition they follow, and the position of each source."""

    report_id: ReportId
    agency: AgencyCode
    agency_name: Annotated[str | None, LEFT_OUT] = None
    period_from: date
    period_to: date
    definition_hash: ContentHash
    positions: dict[str, Annotated[int, Field(ge=0)]]
    lines: tuple[FieldFigures, ...]
    published_by: PrincipalId
    published_at: datetime


ScoredWhose: TypeAlias = Literal["unit", "officer"]


class ScoreFell(Fact, type="reporting.score.fell.v1"):
    """Of those who answered about a unit or an officer in some months, fewer than `floor` percent were satisfied. Once per episode.

    `satisfied` of `answers`, counted in groups that hide everybody in them, as of `positions`.
    """

    score_id: ScoreId
    agency: AgencyCode
    whose: ScoredWhose
    subject: Annotated[str, Field(min_length=1, max_length=60)]
    period_from: date
    period_to: date
    answers: Count
    satisfied: Count
    floor: Annotated[int, Field(ge=0, le=100)]
    positions: dict[str, Annotated[int, Field(ge=0)]]
    measured_at: datetime


class ScoreRecovered(Fact, type="reporting.score.recovered.v1"):
    """A score that had fallen is above its floor again, by enough that it is not only trembling."""

    score_id: ScoreId
    agency: AgencyCode
    whose: ScoredWhose
    subject: Annotated[str, Field(min_length=1, max_length=60)]
    period_from: date
    period_to: date
    answers: Count
    satisfied: Count
    floor: Annotated[int, Field(ge=0, le=100)]
    positions: dict[str, Annotated[int, Field(ge=0)]]
    measured_at: datetime


ReportingFact: TypeAlias = (
    ReportPublished
    | ScoreFell
    | ScoreRecovered
    | IndicatorOverridden
    | IndicatorOverrideWithdrawn
    | ReformPlanFact
    | FindingFact
    | ReviewFact
    | InspectionFact
    | DirectiveFact
    | PublicityFact
    | FoldPromoted
)
