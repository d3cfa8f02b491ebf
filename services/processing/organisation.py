"""Before step 1: who works in the department and whose steps he may do, and which agencies are asked, as organisation.yaml says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import PartnerCode, PrincipalId
from services.processing.domain.case_commands import Officer
from services.processing.domain.soundness import Posts
from services.processing.domain.workflow import SIGNING_ROLE
from services.processing.on_file import Misread, read_yaml

HEAD: Final = "truong-phong"
"""The role of who leads a unit; deputies and heads of equal units act for it."""


class RoleOnFile(BaseModel):
    """A role, and the other roles whose steps its holder may do."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    acts_for: tuple[str, ...] = ()


class OfficerOnFile(BaseModel):
    """A pseudonymous account with its post."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: PrincipalId
    unit: str
    role: str


class UnitOnFile(BaseModel):
    """A unit, and the one above it (None: there is none)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    parent: str | None


class PartnerOnFile(BaseModel):
    """Another agency that is asked for its opinion, and how many working days the coordination agreement gives it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: PartnerCode
    name: str
    name_en: str
    answer_days: Annotated[int, Field(gt=0)]


class OrganisationOnFile(BaseModel):
    """What is used of the file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    units: tuple[UnitOnFile, ...]
    roles: tuple[RoleOnFile, ...]
    officers: tuple[OfficerOnFile, ...]
    partners: tuple[PartnerOnFile, ...]


@dataclass(frozen=True, slots=True)
class Organisation:
    """Everybody by account, the agencies that are asked by code, and what a workflow may name."""

    roster: Mapping[PrincipalId, Officer]
    partners: Mapping[PartnerCode, PartnerOnFile]
    posts: Posts


@lru_cache
def load_organisation(file: Path) -> Organisation:
    """Read who works here and who is asked. Read once, then kept.

    Raises:
        Misread: if the file does not have the form, an account stands twice, or an officer's unit or role is not listed.
    """
    on_file = read_yaml(file, OrganisationOnFile)
    found = on_file.content
    roles = {role.code: frozenset({role.code, *role.acts_for}) for role in found.roles}
    units = frozenset(unit.code for unit in found.units)
    roster: dict[PrincipalId, Officer] = {}
    done_in: dict[str, frozenset[str]] = {}
    for n, one in enumerate(found.officers):
        wrong = (
            f"{one.id} stands twice" if one.id in roster
            else f"{one.id} has the role {one.role}, which is not listed" if one.role not in roles
            else f"{one.id} works in {one.unit}, which is not listed" if one.unit not in units
            else None
        )  # fmt: skip
        if wrong:
            message = f"{on_file.lines.at(('officers', n))}: {wrong}"
            raise Misread(message)
        roster[one.id] = Officer(id=one.id, unit=one.unit, roles=roles[one.role], leads=_led(one.unit, roles[one.role], found.units))
        done_in[one.unit] = done_in.get(one.unit, frozenset()) | roles[one.role]
    partners = {partner.code: partner for partner in found.partners}
    posts = Posts(
        roles=frozenset(roles),
        units=units,
        done_in=done_in,
        partners={code: partner.answer_days for code, partner in partners.items()},
    )
    return Organisation(MappingProxyType(roster), MappingProxyType(partners), posts)


def _led(unit: str, roles: frozenset[str], units: Sequence[UnitOnFile]) -> frozenset[str]:
    """Give the units whose work an officer shares out: the head of a unit has it and those below, the director every one."""
    if SIGNING_ROLE in roles:
        return frozenset(one.code for one in units)
    if HEAD not in roles:
        return frozenset()
    return frozenset(one.code for one in units if unit in {one.code, one.parent})
