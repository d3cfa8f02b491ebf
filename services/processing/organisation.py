"""Before step 1: who works in the department, in which unit, and whose steps he may do, as organisation.yaml gives it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import BaseModel, ConfigDict

from contracts.vocabulary import PrincipalId
from services.processing.domain.case_commands import Officer


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
        ValueError: if the file does not have the form.
        KeyError: if an officer has a role that is not listed.
    """
    found = OrganisationOnFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    roles = {role.code: frozenset({role.code, *role.acts_for}) for role in found.roles}
    return MappingProxyType({one.id: Officer(id=one.id, unit=one.unit, roles=roles[one.role]) for one in found.officers})
