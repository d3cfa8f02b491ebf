"""Step 1 of 8, http_api: what is answered where one command changes many running cases, for the OpenAPI document."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kernel.edge.openapi import Answer


class DryRun(Answer):
    """Whether nothing was recorded; with its `watermark` the same is then done."""

    dry_run: bool
    watermark: int


class ReassignedStep(Answer):
    """What became of an officer's step."""

    case_id: UUID
    step: str
    moves: bool
    why: str | None


class Reassigned(DryRun):
    """What became of an officer's steps."""

    steps: list[ReassignedStep]


class Moved(Answer):
    """What became of a case, and why it could not be."""

    case_id: UUID
    moves: bool
    why: list[str]
    why_en: list[str]


class MovedCases(DryRun):
    """What became of running cases when their workflow changed."""

    cases: list[Moved]


class Restated(Moved):
    """What became of a limit when the calendar changed."""

    code: str
    calendar: str
    due_before_on: date
    due_on: date
    promised_on: date


class RestatedCases(DryRun):
    """What became of running limits when the calendar changed."""

    cases: list[Restated]


class Lengthened(Moved):
    """What became of a limit when time was left out of it."""

    code: str
    due_before_on: date
    due_on: date


class LengthenedCases(DryRun):
    """What became of running limits when time was left out of them by a decision."""

    cases: list[Lengthened]


class Raised(Answer):
    """How many alarms were raised."""

    raised: int
