"""Before step 1: who works in the department, in which unit, and whose steps he may do, as organisation.yaml gives it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from contracts.vocabulary import PrincipalId
from services.processing.domain.case_commands import Officer
from services.processing.workflows import read_yaml


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


class OrganisationOnFile(BaseModel):
    """What is used of the file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    roles: tuple[RoleOnFile, ...]
    officers: tuple[OfficerOnFile, ...]


@lru_cache
def load_roster(file: Path) -> Mapping[PrincipalId, Officer]:
    """Read every officer by account. Read once, then kept.

    Raises:
        ValueError: if the file does not have the form, an account stands twice, or an officer's role is not listed.
    """
    found = read_yaml(file, OrganisationOnFile)
    roles = {role.code: frozenset({role.code, *role.acts_for}) for role in found.roles}
    roster: dict[PrincipalId, Officer] = {}
    for one in found.officers:
        if one.id in roster:
            message = f"{file.name}: {one.id} stands twice"
            raise ValueError(message)
        if one.role not in roles:
            message = f"{file.name}: {one.id} has the role {one.role}, which is not listed"
            raise ValueError(message)
        roster[one.id] = Officer(id=one.id, unit=one.unit, roles=roles[one.role])
    return MappingProxyType(roster)
