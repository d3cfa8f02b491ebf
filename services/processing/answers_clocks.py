"""Step 1 of 8, http_api: what is answered about limits, deadlines and every clock of a case, for the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from kernel.edge.openapi import Answer
from kernel.legalclock import LimitUnit, StartRule
from services.processing.answers import OpenStepAnswer


class LimitAnswer(Answer):
    """So much of a unit of time."""

    amount: int
    unit: LimitUnit


class ToldDay(Answer):
    """A day that the applicant was told, and by which fact."""

    at: datetime
    cause: str
    due_at: datetime
    due_on: date


class Longer(Answer):
    """A limit that a law made longer."""

    amount: int
    cause: str
    at: datetime
    source: str


class ApologyAnswer(Answer):
    """An apology with a new day."""

    number: str
    cause: str
    at: datetime
    before: date
    due_on: date
    in_time: bool


class SegmentAnswer(Answer):
    """A stretch of time that counts or does not, by which rule and calendar, and the fact that opened it."""

    start_at: datetime
    end_at: datetime
    counts: bool
    rule: str
    why: str
    source: str
    calendar: str
    cause: str


class DeadlineAnswer(Answer):
    """A legal limit with all that it follows from."""

    due_at: datetime
    due_on: date
    starts_at: datetime
    start_rule: StartRule
    limit: LimitAnswer
    calendar: str
    rule_pack: str
    state: str
    since: datetime
    promised: ToldDay
    told: list[ToldDay]
    prolonged: list[Longer]
    extensions: list[ApologyAnswer]
    segments: list[SegmentAnswer]


class CauseAnswer(Answer):
    """A fact that moved the clock."""

    type: str
    at: datetime
    cause: str | None


class HolderAnswer(Answer):
    """Who had the papers."""

    kind: str
    name: str


class Share(Answer):
    """How long somebody had the papers."""

    holder: HolderAnswer
    calendar_minutes: int
    working_minutes: int


class StepSpan(OpenStepAnswer):
    """The clock of a step."""

    hours: int
    since: datetime
    until: datetime | None
    cause: str
    due_at: datetime | None
    due_on: date | None
    late: bool


class AnswerClock(Answer):
    """The clock of another agency."""

    number: int
    partner: str
    asked_at: datetime
    answered_at: datetime | None
    cause: str
    due_at: datetime
    due_on: date
    late: bool
    why: str


class ClockByLaw(Answer):
    """The law's own limit, where the department promised less."""

    deadline: DeadlineAnswer
    late: bool
    why: str
    why_en: str


class CaseClocks(Answer):
    """Every clock of a case."""

    id: UUID
    as_of: datetime
    version: int
    dossier: UUID
    code: str
    deadline: DeadlineAnswer | None
    late: bool | None
    by_law: ClockByLaw | None
    recorded_due_at: datetime | None
    why: str | None
    why_en: str | None
    causes: dict[str, CauseAnswer]
    holders: list[Share]
    steps: list[StepSpan]
    consultations: list[AnswerClock]


class PartnerLateness(Answer):
    """How another agency answered."""

    partner: str
    asked: int
    answered: int
    answered_late: int
    owed_late: int


class Lateness(Answer):
    """How other agencies answered."""

    partners: list[PartnerLateness]
