"""Facts of processing about the department itself: its units, roles and posts, whom it agreed with, and its controlled documents.

Every one says from which day on it holds (`from_on`, local day, the first that counts) and some until which (`to_on`, the last that
counts; None: until further notice). When it was said is the event's own time: the two need not agree, and both can be asked for.
`basis` is the decision or the text that it rests on.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.fact import Fact, Value
from contracts.vocabulary import AgencyCode, FieldCode, PartnerCode, PrincipalId, ProcedureCode

UnitCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,60}$")]
"""A unit of the department, for example `phong-quan-ly-thuong-mai`. A code is never used again, whatever becomes of the unit."""

RoleCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,60}$")]
"""What somebody is in a unit (chức danh), for example `chuyen-vien`."""

DocumentCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)*$", max_length=40)]
"""A controlled document (mã tài liệu), for example `QT-SCT-09`."""

AgreementCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)*$", max_length=40)]
"""An agreement with one agency in one area, for example `QCPH-HC-01`."""

CoordinationArea: TypeAlias = Literal["industrial-clusters", "food-safety", "chemicals", "price-management", "trade-fraud-prevention"]
"""The five areas in which the department has coordination regulations."""

LeaveReason: TypeAlias = Literal["annual", "sick", "maternity", "study", "mission", "other"]


class Unit(Value):
    """A unit as it is called on some days, and the unit above it (None: there is none)."""

    code: UnitCode
    name: str
    name_en: str
    parent: UnitCode | None


class Role(Value):
    """What somebody can be in a unit: `access` are the roles in the access token, `acts_for` other roles whose steps the holder may do."""

    code: RoleCode
    name: str
    name_en: str
    abbreviation: str | None
    access: tuple[Literal["desk", "officer", "leader"], ...]
    acts_for: tuple[RoleCode, ...]


class Post(Value):
    """Who is what, and where. An officer has one post at a time."""

    officer: PrincipalId
    unit: UnitCode
    role: RoleCode


class Heir(Value):
    """Who takes over the open work of a unit that is no more: for these procedures, or (none named) for all others."""

    unit: UnitCode
    procedures: tuple[ProcedureCode, ...] = ()


class OrganisationFounded(Fact, type="processing.organisation.founded.v1"):
    """The department as it is on the first day that the system knows of; what changes after that is a fact of its own."""

    agency: AgencyCode
    units: tuple[Unit, ...]
    roles: tuple[Role, ...]
    posts: tuple[Post, ...]
    reform_officer: PrincipalId
    from_on: date
    basis: str
    founded_at: datetime


class UnitEstablished(Fact, type="processing.organisation.unit-established.v1"):
    """There is a further unit."""

    agency: AgencyCode
    unit: Unit
    from_on: date
    basis: str
    established_at: datetime


class UnitChanged(Fact, type="processing.organisation.unit-changed.v1"):
    """A unit has another name, or another above it. What happened before keeps the name of its day."""

    agency: AgencyCode
    unit: Unit
    from_on: date
    basis: str
    changed_at: datetime


class UnitsReorganised(Fact, type="processing.organisation.units-reorganised.v1"):
    """Units are no more: merged into another, or split among several. `heirs` take over what is open; exactly one of them takes the rest.

    `posts` are those of the officers who were there: they go to that one, until they are appointed elsewhere. Clocks run on.
    """

    agency: AgencyCode
    units: tuple[UnitCode, ...]
    heirs: tuple[Heir, ...]
    posts: tuple[Post, ...]
    from_on: date
    basis: str
    reorganised_at: datetime


class RoleDefined(Fact, type="processing.organisation.role-defined.v1"):
    """There is a further role, or one means something else."""

    agency: AgencyCode
    role: Role
    from_on: date
    basis: str
    defined_at: datetime


class OfficerAppointed(Fact, type="processing.organisation.officer-appointed.v1"):
    """An officer has a post, in place of any other on these days: an appointment, or a transfer from `before` (None: had no post)."""

    agency: AgencyCode
    post: Post
    before: Post | None
    from_on: date
    to_on: date | None
    basis: str
    appointed_at: datetime


class OfficerReleased(Fact, type="processing.organisation.officer-released.v1"):
    """An officer has no post any more: retired, resigned, or transferred to another agency."""

    agency: AgencyCode
    post: Post
    from_on: date
    basis: str
    released_at: datetime


class LeaveGranted(Fact, type="processing.organisation.leave-granted.v1"):
    """An officer is away and does no steps; `stand_in` may do what waits for him (None: whoever leads the unit sees to it)."""

    agency: AgencyCode
    officer: PrincipalId
    stand_in: PrincipalId | None
    reason: LeaveReason
    from_on: date
    to_on: date
    granted_by: PrincipalId
    granted_at: datetime


class LeaveEnded(Fact, type="processing.organisation.leave-ended.v1"):
    """An officer is back before the leave was over: `from_on` is the first day back."""

    agency: AgencyCode
    officer: PrincipalId
    from_on: date
    ended_by: PrincipalId
    ended_at: datetime


class ReformOfficerDesignated(Fact, type="processing.organisation.reform-officer-designated.v1"):
    """One leader is the reform officer (cán bộ đầu mối cải cách hành chính), in place of another: exactly one is so on every day."""

    agency: AgencyCode
    officer: PrincipalId
    replaces: PrincipalId
    from_on: date
    basis: str
    designated_at: datetime


class SigningDelegated(Fact, type="processing.organisation.signing-delegated.v1"):
    """Who signs lets a head of unit sign for him (thừa ủy quyền; NĐ 30/2020, Điều 13.3): in writing, for a time, and for what is named.

    `procedures` are those whose decisions he may sign (none named: all). The day after `to_on` he may not any more.
    """

    agency: AgencyCode
    officer: PrincipalId
    by: PrincipalId
    procedures: tuple[ProcedureCode, ...]
    from_on: date
    to_on: date
    basis: str
    delegated_at: datetime


class SigningDelegationEnded(Fact, type="processing.organisation.signing-delegation-ended.v1"):
    """A delegation was taken back before its last day: `from_on` is the first day without it."""

    agency: AgencyCode
    officer: PrincipalId
    by: PrincipalId
    from_on: date
    ended_at: datetime


class AgreementConcluded(Fact, type="processing.agreement.concluded.v1"):
    """Coordination with another agency in one area (quy chế phối hợp): in how many working days it answers when it is asked."""

    agency: AgencyCode
    code: AgreementCode
    area: CoordinationArea
    partner: PartnerCode
    partner_name: str
    partner_name_en: str
    answer_days: Annotated[int, Field(gt=0)]
    signed_on: date
    from_on: date
    to_on: date | None
    basis: str
    concluded_at: datetime


class AgreementEnded(Fact, type="processing.agreement.ended.v1"):
    """An agreement does not hold any more: `from_on` is the first day without it."""

    agency: AgencyCode
    code: AgreementCode
    from_on: date
    basis: str
    ended_at: datetime


class ControlledDocumentIssued(Fact, type="processing.controlled-document.issued.v1"):
    """An issue of a controlled document (TCVN ISO 9001:2015, 7.5.3) is in force, in place of the one before, which stays readable.

    It governs the procedures of a field, or those that it names (None and none: no procedure).
    """

    agency: AgencyCode
    code: DocumentCode
    issue: Annotated[int, Field(ge=1)]
    title: str
    title_en: str
    standard: str
    field: FieldCode | None
    procedures: tuple[ProcedureCode, ...]
    approved_by: PrincipalId
    from_on: date
    basis: str
    issued_at: datetime


class ControlledDocumentWithdrawn(Fact, type="processing.controlled-document.withdrawn.v1"):
    """A controlled document is out of force, and no further issue takes its place: `from_on` is the first day without it."""

    agency: AgencyCode
    code: DocumentCode
    issue: Annotated[int, Field(ge=1)]
    from_on: date
    basis: str
    withdrawn_at: datetime


OrganisationFact: TypeAlias = (
    OrganisationFounded
    | UnitEstablished
    | UnitChanged
    | UnitsReorganised
    | RoleDefined
    | OfficerAppointed
    | OfficerReleased
    | LeaveGranted
    | LeaveEnded
    | ReformOfficerDesignated
    | SigningDelegated
    | SigningDelegationEnded
)
"""Facts of the one stream of the organisation."""

AgreementFact: TypeAlias = AgreementConcluded | AgreementEnded
ControlledDocumentFact: TypeAlias = ControlledDocumentIssued | ControlledDocumentWithdrawn
