"""Facts of reporting about the plan of a year's reform (kế hoạch cải cách hành chính): its tasks, who answers for each, how far it is.

Texts name no citizen: they are what a signed plan says. Papers are not kept here; a fact names them and holds their hash.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact, Value
from contracts.processing_organisation import UnitCode
from contracts.vocabulary import AgencyCode, ContentHash, PrincipalId, ReformPlanId

ReformContent: TypeAlias = Literal[
    "direction", "institutions", "procedures", "apparatus", "civil-service", "public-finance", "modernisation"
]
"""The seven contents of a plan (nội dung cải cách hành chính)."""

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=1000)]
Number: TypeAlias = Annotated[int, Field(ge=1, le=10_000)]
Year: TypeAlias = Annotated[int, Field(ge=2000, le=2100)]


class Evidence(Value):
    """A paper or a file that is kept elsewhere: by what it is found (number and symbol, address), and the SHA-256 of its bytes."""

    reference: Annotated[str, Field(min_length=1, max_length=300)]
    sha256: ContentHash


class Owner(Value):
    """Who answers for something, and there is one: an officer of a unit, or the unit as such (no officer)."""

    unit: UnitCode
    officer: PrincipalId | None


class ReformPlanAdopted(Fact, type="reporting.reform-plan.adopted.v1"):
    """The plan of a year was signed. Its tasks follow, each as a fact of its own, in the same commit."""

    plan_id: ReformPlanId
    agency: AgencyCode
    year: Year
    decision: Evidence
    adopted_by: PrincipalId
    adopted_at: datetime


class ReformPlanChanged(Fact, type="reporting.reform-plan.changed.v1"):
    """A decision adjusted the plan; what it set and dropped follows in the same commit."""

    plan_id: ReformPlanId
    agency: AgencyCode
    decision: Evidence
    reason: Text
    changed_by: PrincipalId
    changed_at: datetime


class ReformTaskSet(Fact, type="reporting.reform-plan.task-set.v1"):
    """A task of the plan: what is to be done, what comes of it (sản phẩm), who answers for it, and by which day.

    One for a number that was set already takes the place of what the task said before; how far it is stays.
    """

    plan_id: ReformPlanId
    agency: AgencyCode
    year: Year
    number: Number
    content: ReformContent
    title: Text
    product: Text
    owner: Owner
    due_on: date
    set_by: PrincipalId
    set_at: datetime


class ReformTaskDropped(Fact, type="reporting.reform-plan.task-dropped.v1"):
    """A task is not to be done any more; it stays in the plan, struck."""

    plan_id: ReformPlanId
    agency: AgencyCode
    number: Number
    dropped_by: PrincipalId
    dropped_at: datetime


class ReformTaskProgressed(Fact, type="reporting.reform-plan.task-progressed.v1"):
    """Whoever answers for a task says how far it is, in percent; a hundred is said by completing it."""

    plan_id: ReformPlanId
    agency: AgencyCode
    number: Number
    percent: Annotated[int, Field(ge=0, le=99)]
    note: Text
    reported_by: PrincipalId
    reported_at: datetime


class ReformTaskCompleted(Fact, type="reporting.reform-plan.task-completed.v1"):
    """A task is done, and this shows it; `late`: on a day after that by which it was due."""

    plan_id: ReformPlanId
    agency: AgencyCode
    number: Number
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1)]
    late: bool
    completed_by: PrincipalId
    completed_at: datetime


class ReformTaskOverdue(Fact, type="reporting.reform-plan.task-overdue.v1"):
    """The day by which a task was due is over, and it is not done. It follows from the day itself, whoever looks and when."""

    plan_id: ReformPlanId
    agency: AgencyCode
    number: Number
    due_on: date
    raised_at: datetime


ReformPlanFact: TypeAlias = (
    ReformPlanAdopted
    | ReformPlanChanged
    | ReformTaskSet
    | ReformTaskDropped
    | ReformTaskProgressed
    | ReformTaskCompleted
    | ReformTaskOverdue
)
