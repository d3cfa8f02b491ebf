"""Before step 1: what reporting is told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from kernel.edge.settings import ServiceSettings, service_prefix


class ReportingSettings(ServiceSettings):
    """Settings of reporting; each comes from the environment as `REPORTING_<NAME>`.

    Every `score_seconds` the scores of units and officers are measured over `score_months` whole months, the present one included: a score
    falls below `score_floor` percent of satisfied (the target of Nghị quyết 30c/NQ-CP; later ones are to be verified),
    and recovers `score_margin` points above it; fewer than `score_answers_min` answers say nothing. Every `overdue_seconds` is looked
    which tasks, actions, directives and publicity are overdue. What all without an account may ask is
    half of what it is elsewhere, because counting costs more than looking up. Sets of indicators
    that an agency adds, or newer versions of those that come with the program, are read from `indicators_folder`.
    A question that would cost the database more than `query_cost_max` (its own estimate; a page read in order is 1) is refused, and one
    that takes longer than `query_timeout_ms` is broken off. A stream of news stays open for `stream_seconds`.
    """

    model_config = service_prefix("REPORTING")

    score_seconds: Annotated[float, Field(gt=0)] = 3600
    score_months: Annotated[int, Field(ge=1, le=24)] = 3
    score_floor: Annotated[int, Field(ge=0, le=100)] = 80
    score_margin: Annotated[int, Field(ge=0, le=50)] = 5
    score_answers_min: Annotated[int, Field(ge=5)] = 30
    overdue_seconds: Annotated[float, Field(gt=0)] = 900
    anonymous_total_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    indicators_folder: Path | None = None
    query_cost_max: Annotated[float, Field(gt=0)] = 2_000_000
    query_timeout_ms: Annotated[int, Field(ge=100, le=60_000)] = 5_000
    stream_seconds: Annotated[float, Field(gt=0, le=86400)] = 900.0
