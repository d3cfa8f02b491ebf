"""Facts of reporting about indicators whose value somebody said: what was computed stays beside it, and he signs for the other."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.fact import LEFT_OUT, Fact
from contracts.vocabulary import AgencyCode, ContentHash, IndicatorOverrideId, PrincipalId

PackCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
"""A set of indicators, for example `qd-766`."""

IndicatorCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", max_length=40)]
"""An indicator of a set, for example `2.1`."""

Figure: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$")]
"""A figure as it is written, with a decimal point: no binary number stands between what was said and what is shown."""

PaperText: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""Number, day and kind of a paper; never a person's name."""

OverrideReason: TypeAlias = Literal["no-data", "external-source", "verified-on-site", "error-in-facts", "system-outage"]


class IndicatorOverridden(Fact, type="reporting.indicator.overridden.v1"):
    """A leader said what an indicator is worth in a period, by which paper (`decision`), and what shows it (`evidence`).

    `computed` is what was computed then, at `positions` and by the definition of `definition_hash` (None: nothing could be).
    """

    override_id: IndicatorOverrideId
    agency: AgencyCode
    pack: PackCode
    indicator: IndicatorCode
    period_from: date
    period_to: date
    value: Figure
    computed: Annotated[Figure | None, LEFT_OUT] = None
    reason: OverrideReason
    decision: PaperText
    evidence: Annotated[tuple[PaperText, ...], Field(min_length=1, max_length=10)]
    definition_hash: ContentHash
    positions: dict[str, Annotated[int, Field(ge=0)]]
    overridden_by: PrincipalId
    overridden_at: datetime


class IndicatorOverrideWithdrawn(Fact, type="reporting.indicator.override-withdrawn.v1"):
    """What was said no longer stands in the place of what is computed; that it was said stays."""

    override_id: IndicatorOverrideId
    agency: AgencyCode
    decision: PaperText
    withdrawn_by: PrincipalId
    withdrawn_at: datetime
