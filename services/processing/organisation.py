"""Before step 1: the department as organisation.yaml has it: the seed, published once; what changes after that are facts of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.processing_organisation import (
    AgreementConcluded,
    ControlledDocumentIssued,
    CoordinationArea,
    Post,
    Role,
    Unit,
)
from contracts.vocabulary import AgencyCode, FieldCode, PartnerCode, PrincipalId
from kernel.legalclock import midnight
from services.processing.domain import agreements, controlled_documents, organisation
from services.processing.domain.officer import Officer
from services.processing.domain.organisation_commands import Found
from services.processing.domain.soundness import Posts
from services.processing.on_file import Misread, OnFile, read_yaml


class Loose(BaseModel):
    """A part of a file, of which only some is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class OfficerOnFile(Loose):
    """A pseudonymous account with its post."""

    id: PrincipalId
    unit: str
    role: str


class PartnerOnFile(Loose):
    """Another agency that is asked for its opinion."""

    code: PartnerCode
    name: str
    name_en: str


class AgreementOnFile(Loose):
    """What was agreed with it in one area: how many working days it has."""

    code: str
    area: CoordinationArea
    partner: PartnerCode
    answer_days: Annotated[int, Field(gt=0)]
    signed_on: date


class OrganisationOnFile(Loose):
    """What is used of the file."""

    source: str
    from_on: date
    units: tuple[Unit, ...]
    roles: tuple[Role, ...]
    officers: tuple[OfficerOnFile, ...]
    reform_officer: PrincipalId
    partners: tuple[PartnerOnFile, ...]
    agreements: tuple[AgreementOnFile, ...]


class DocumentOnFile(Loose):
    """A controlled document in its first issue."""

    code: str
    title: str
    title_en: str
    field: FieldCode


class DocumentsOnFile(Loose):
    """All of controlled_documents.yaml."""

    source: str
    standard: str
    from_on: date
    approved_by: PrincipalId
    documents: tuple[DocumentOnFile, ...]


@dataclass(frozen=True, slots=True)
class Seed:
    """What the file says, everybody by account, and what a workflow may name."""

    content: OrganisationOnFile
    roster: Mapping[PrincipalId, Officer]
    posts: Posts

    def founding(self, agency: AgencyCode, at: datetime) -> Found:
        """Make the command that writes the department down."""
        return found(self.content, agency, at)

    def agreements(self, agency: AgencyCode, at: datetime) -> agreements.Seed:
        """Make the command that writes the agreements down."""
        named = {partner.code: partner for partner in self.content.partners}
        return agreements.Seed(
            agreements=tuple(
                AgreementConcluded(
                    agency=agency,
                    code=one.code,
                    area=one.area,
                    partner=one.partner,
                    partner_name=named[one.partner].name,
                    partner_name_en=named[one.partner].name_en,
                    answer_days=one.answer_days,
                    signed_on=one.signed_on,
                    from_on=self.content.from_on,
                    to_on=None,
                    basis=self.content.source,
                    concluded_at=at,
                )
                for one in self.content.agreements
            )
        )


def found(content: OrganisationOnFile, agency: AgencyCode, at: datetime) -> Found:
    """Make the command that writes a department down."""
    return Found(
        agency=agency,
        units=content.units,
        roles=content.roles,
        posts=tuple(Post(officer=one.id, unit=one.unit, role=one.role) for one in content.officers),
        reform_officer=content.reform_officer,
        from_on=content.from_on,
        basis=content.source,
        at=at,
    )


@lru_cache
def load_organisation(file: Path) -> Seed:
    """Read the seed. Read once, then kept.

    Raises:
        Misread: if the file does not have the form, an account stands twice, an officer's unit or role or an agreement's partner is not
            listed, or the reform officer leads nothing.
    """
    on_file = read_yaml(file, OrganisationOnFile)
    content = on_file.content
    if wrong := _wrong(on_file):
        raise Misread(wrong)
    facts = organisation.decide(found(content, "NONE", midnight(content.from_on)), organisation.INITIAL)
    state = organisation.DECIDER.fold(facts)
    day = content.from_on
    roster = {one.id: officer for one in content.officers if (officer := state.officer(one.id, day)) is not None}
    done_in: dict[str, frozenset[str]] = {}
    for officer in roster.values():
        done_in[officer.unit] = done_in.get(officer.unit, frozenset()) | officer.roles
    posts = Posts(
        roles=frozenset(state.roles),
        units=frozenset(state.units),
        done_in=done_in,
        partners={one.partner: one.answer_days for one in sorted(content.agreements, key=lambda one: one.answer_days)},
    )
    return Seed(content, MappingProxyType(roster), posts)


def load_documents(file: Path, agency: AgencyCode, at: datetime) -> controlled_documents.Seed:
    """Read the controlled documents, and make the command that writes them down.

    Raises:
        Misread: if the file does not have the form.
    """
    content = read_yaml(file, DocumentsOnFile).content
    return controlled_documents.Seed(
        documents=tuple(
            ControlledDocumentIssued(
                agency=agency,
                code=one.code,
                issue=1,
                title=one.title,
                title_en=one.title_en,
                standard=content.standard,
                field=one.field,
                procedures=(),
                approved_by=content.approved_by,
                from_on=content.from_on,
                basis=content.source,
                issued_at=at,
            )
            for one in content.documents
        )
    )


def _wrong(on_file: OnFile[OrganisationOnFile]) -> str | None:
    """Say the first thing that is wrong with the file."""
    content = on_file.content
    units, roles = {unit.code for unit in content.units}, {role.code for role in content.roles}
    seen = set[str]()
    for n, one in enumerate(content.officers):
        wrong = (
            f"{one.id} stands twice" if one.id in seen
            else f"{one.id} has the role {one.role}, which is not listed" if one.role not in roles
            else f"{one.id} works in {one.unit}, which is not listed" if one.unit not in units
            else None
        )  # fmt: skip
        if wrong:
            return f"{on_file.lines.at(('officers', n))}: {wrong}"
        seen.add(one.id)
    partners = {partner.code for partner in content.partners}
    for n, agreement in enumerate(content.agreements):
        if agreement.partner not in partners:
            return f"{on_file.lines.at(('agreements', n))}: {agreement.code} is with {agreement.partner}, which is not listed"
    if content.reform_officer not in seen:
        return f"{on_file.lines.at(('reform_officer',))}: {content.reform_officer} has no post"
    return None
