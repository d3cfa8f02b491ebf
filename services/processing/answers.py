"""Step 1 of 8, http_api: what is answered about cases and the work on them, for the OpenAPI document.

Answers are written by hand where they are made, for speed; here stands what a caller may rely on. The tests hold every answer that they
get against it (`tests/services/described.py`). Beside this module: `answers_clocks.py`, `answers_running.py` (many cases at once),
`answers_department.py`, `answers_permits.py`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.processing_coordination import CouncilFinding, SeatRole, SiteFinding
from contracts.vocabulary import Outcome
from kernel.edge.openapi import Answer, ListPage, Receipt
from services.processing.domain.forms import FormName

StateName = Literal["waiting", "claimed", "paused", "issued", "stopped"]
Colour = Literal["on-time", "due-soon", "overdue", "paused", "no-limit"]


class OpenStepAnswer(Answer):
    """An open step: for which unit and role, and who has taken it (null: nobody)."""

    step: str
    unit: str
    role: str
    officer: str | None


class Standing(Answer):
    """Where a case stands; `step`, `unit`, `role`, `officer` are those of its first open step, null once none is open."""

    state: StateName
    step: str | None
    unit: str | None
    role: str | None
    officer: str | None
    outcome: Outcome | None
    result_number: str | None
    open: list[OpenStepAnswer]
    due_at: Annotated[datetime | None, Field(description="The legal limit; null where the law sets none.")]
    due_on: date | None
    new_due_at: Annotated[datetime | None, Field(description="What the applicant was told with an apology; the limit stays.")]
    paused_at: Annotated[datetime | None, Field(description="Since when the applicant has had to bring something.")]


class CaseReceipt(Receipt, Standing):
    """What a command about a case led to."""


class StepClock(OpenStepAnswer):
    """An open step with its hours, which are a target inside the department."""

    since: datetime
    due_at: datetime
    late: bool


class AskedPartner(Answer):
    """Another agency that was asked, until when it should answer, and whether it did."""

    number: int
    partner: str
    due_at: datetime
    due_on: date
    received_at: Annotated[datetime | None, Field(description="When it confirmed that it has the papers.")]
    answered_at: datetime | None
    late: bool


class GoverningDocument(Answer):
    """The issue of a controlled document."""

    code: str
    issue: int
    title: str
    title_en: str


class CaseView(CaseReceipt):
    """A case: where it stands, what may be done, and why its limit ends when it does."""

    open: list[StepClock]  # pyright: ignore[reportIncompatibleVariableOverride] - it says more
    step_name: str | None
    legal: Annotated[list[str], Field(description="What may be done now; each is the last part of an address.")]
    dossier: UUID
    code: str
    agency: str
    procedure: str
    workflow_hash: str
    supplements: int
    consultations: list[AskedPartner]
    governed_by: GoverningDocument | None
    why: str | None
    why_en: str | None


class CaseRow(Answer):
    """A row of the register of cases."""

    case_id: UUID
    dossier_id: UUID
    code: str
    agency: str
    procedure: str
    field: str
    state: StateName
    step: str | None
    unit: str | None
    role: str | None
    officer: str | None
    beside: Annotated[list[OpenStepAnswer], Field(description="Further open steps.")]
    opened_at: datetime
    due_at: datetime | None
    due_on: date | None
    new_due_at: datetime | None
    reappointed_at: datetime | None
    alarm: Literal["due-soon", "overdue", "escalated"] | None
    alarm_raised_at: datetime | None
    paused_at: datetime | None
    supplements: int | None
    decided_at: datetime | None
    outcome: Outcome | None
    result_number: str | None
    issued_at: datetime | None
    stopped_at: datetime | None
    overdue: bool


class CasePage(ListPage):
    """A page of the register."""

    items: list[CaseRow]


class WorkStep(OpenStepAnswer):
    """An open step of the work list; `done_by` is the unit that does it today."""

    done_by: str


class TimeLeft(Answer):
    """Working time until the limit, in minutes, and the same in days of eight hours, hours and minutes."""

    working_minutes: int
    days: int
    hours: int
    minutes: int


class WorkRow(Answer):
    """A case of the work list."""

    case_id: UUID
    code: str
    agency: str
    procedure: str
    field: str
    state: StateName
    opened_at: datetime
    due_at: datetime | None
    due_on: date | None
    new_due_at: datetime | None
    supplements: int | None
    steps: list[WorkStep]
    colour: Colour
    colour_name: str
    colour_name_en: str
    left: TimeLeft | None


class WorkPage(ListPage):
    """A page of the work list."""

    items: list[WorkRow]


class Load(Answer):
    """Open steps, counted."""

    open: int
    paused: int
    overdue: int
    due_soon: int


class OfficerLoad(Load):
    """Those of an officer; null: nobody has taken them."""

    officer: str | None
    oldest_opened_at: datetime


class UnitLoad(Load):
    """Those of a unit."""

    unit: str
    as_of: datetime
    by_officer: list[OfficerLoad]
    positions: dict[str, int]
    lag: dict[str, int]


class TimelineItem(Answer):
    """A fact of a case in words."""

    version: int
    at: datetime
    type: str
    actor: str
    step: str | None
    unit: str | None
    unit_name: str | None
    unit_name_en: str | None
    text: str
    text_en: str


class Timeline(Answer):
    """The life of a case, the oldest fact first."""

    id: UUID
    version: int
    items: list[TimelineItem]


class SeatAnswer(Answer):
    """Who was there: an officer's account, or another agency's code."""

    role: SeatRole
    officer: str | None = None
    partner: str | None = None


class RecordAnswer(Answer):
    """What was put down outside the papers."""

    kind: Literal["site-check", "council"]
    agency: str
    number: int
    step: str
    held_on: date
    members: list[SeatAnswer]
    finding: SiteFinding | CouncilFinding
    officer: str
    recorded_at: datetime


class Records(Answer):
    """Every record of a case."""

    id: UUID
    version: int
    records: list[RecordAnswer]


class SignedForAnswer(Answer):
    """Who let the signer sign, by which paper, and what the signer is himself."""

    by: str
    basis: str
    title: str


class WordingAnswer(Answer):
    """A decision as it was signed, or as it was corrected."""

    outcome: Outcome
    legal_basis: str | None
    reason: str | None
    officer: str
    signed_for: Annotated[SignedForAnswer | None, Field(description="By whose leave he signed (TUQ.); null where he signs himself.")]
    day_off: Annotated[bool, Field(description="Nobody works on the day of the signature.")]
    at: datetime
    version: int


class Decisions(Answer):
    """Every wording of a case's decision."""

    id: UUID
    version: int
    decisions: list[WordingAnswer]


class FormMade(Answer):
    """A form that the facts of a case give."""

    form: FormName
    title: str
    number: str | None
    made_at: datetime


class FormList(Answer):
    """Which forms the facts of a case give."""

    id: UUID
    forms: list[FormMade]
