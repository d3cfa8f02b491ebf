"""Step 1 of 8, http_api: what is answered about the department, its agreements and its controlled documents, for the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from contracts.processing_organisation import Heir, Role, Unit
from kernel.edge.openapi import Answer, ListPage


class Inheritance(Answer):
    """Whose work a unit has inherited: only on these procedures, or on all but these."""

    unit: str
    only: list[str] | None = None
    all_but: list[str] | None = None


class UnitRow(Answer, Unit):
    """A unit as it is called on a day, and whose work it has inherited."""

    inherits: list[Inheritance]


class Away(Answer):
    """Why somebody is away, and who stands in."""

    reason: str
    stand_in: str | None


class OfficerRow(Answer):
    """Who is what, and where."""

    officer: str
    unit: str
    role: str
    leads: bool
    away: Away | None


class OrganisationAnswer(Answer):
    """The department on a day."""

    as_of: date
    units: list[UnitRow]
    roles: list[Role]
    officers: list[OfficerRow]
    reform_officer: str | None


class UnitName(Answer, Unit):
    """What a unit was called from a day on, and until one."""

    from_on: date
    to_on: date | None


class UnitAnswer(Answer, Unit):
    """A unit with all its names, and who does its work."""

    as_of: date
    in_force: bool
    heirs: list[Heir]
    work_is_done_by: str
    names: list[UnitName]


class PlaceAnswer(Answer):
    """A role in a unit."""

    unit: str
    role: str


class PostAnswer(PlaceAnswer):
    """A post from a day on, and until one."""

    officer: str
    from_on: date
    to_on: date | None


class LeaveAnswer(Away):
    """A leave."""

    from_on: date
    to_on: date | None


class DelegationAnswer(Answer):
    """A leave to sign for somebody, in which procedures (none: all)."""

    by: str
    procedures: list[str]
    basis: str
    from_on: date
    to_on: date | None


class OfficerAnswer(Answer):
    """What an account may do on a day, and every post and leave that was said of it."""

    officer: str
    as_of: date
    unit: str | None
    roles: list[str]
    also: Annotated[list[PlaceAnswer], Field(description="What he may do for somebody who is away.")]
    leads: list[str]
    away: Away | None
    is_reform_officer: bool
    posts: list[PostAnswer]
    leaves: list[LeaveAnswer]
    signs_for: Annotated[list[DelegationAnswer], Field(description="For whom he may sign, and until when.")]


class AgreementAnswer(Answer):
    """A coordination agreement."""

    code: str
    area: str
    partner: str
    partner_name: str
    partner_name_en: str
    answer_days: int
    signed_on: date
    from_on: date
    to_on: date | None
    basis: str
    concluded_at: datetime


class AgreementView(AgreementAnswer):
    """An agreement, and whether it holds on a day."""

    as_of: date
    in_force: bool


class AgreementList(Answer):
    """The agreements that hold on a day."""

    as_of: date
    items: list[AgreementAnswer]


class IssueAnswer(Answer):
    """An issue of a controlled document."""

    code: str
    issue: int
    title: str
    title_en: str
    standard: str
    field: str | None
    procedures: list[str]
    approved_by: str
    from_on: date
    basis: str
    issued_at: datetime
    to_on: date | None


class IssuePage(ListPage):
    """A page of issues."""

    items: list[IssueAnswer]
    as_of: date


class DocumentAnswer(Answer):
    """A controlled document with all its issues; `in_force` is the number of the one that is, on a day."""

    code: str
    as_of: date
    in_force: int | None
    issues: list[IssueAnswer]
