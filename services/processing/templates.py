"""Before step 1: the permit templates and what stands on every document, as the YAML in `templates/` gives them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from contracts.processing_permits import Placeholder, TemplatePublished
from contracts.vocabulary import AgencyCode, Confidence, ContentHash, PartnerCode, ProcedureCode
from kernel.legalclock import rule_pack_on
from kernel.paper.administrative import FormNumber
from services.processing.domain import permit_states
from services.processing.on_file import Misread, read_yaml

PERMITS: Final = "permits.yaml"
PAPER: Final = "paper.yaml"


class Strict(BaseModel):
    """A part of a file: a key that is not here is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TemplateOnFile(Strict):
    """A version of a permit template, who gets what is made of it beside its holder, and the hash of the file that it is in.

    `return_days` are the working days within which the holder of a revoked one brings the paper: sector laws differ.
    """

    code: str
    version: Annotated[int, Field(ge=1)]
    file: str
    sha256: ContentHash
    title: str
    legal_basis: tuple[str, ...]
    recipients: tuple[str, ...]
    blank: bool
    return_days: Annotated[int, Field(ge=1)]
    effective_from: date
    procedures: tuple[ProcedureCode, ...]
    placeholders: tuple[Placeholder, ...]


class TemplatesOnFile(Strict):
    """All of permits.yaml."""

    confidence: Confidence
    source: str
    templates: Annotated[tuple[TemplateOnFile, ...], Field(min_length=1)]


class Letterhead(Strict):
    """What stands on every document of an agency: the agency above it, its name, its place, and in which capacity its head signs."""

    code: AgencyCode
    parent: str
    name: str
    place: str
    capacity: str


class FormsOnFile(Strict):
    """The numbers that forms have under a rule pack, by their semantic key."""

    pack: str
    source: str
    numbers: Mapping[str, str]
    titles: Mapping[str, str]


class PaperOnFile(Strict):
    """All of paper.yaml."""

    confidence: Confidence
    source: str
    agencies: Annotated[tuple[Letterhead, ...], Field(min_length=1)]
    forms: tuple[FormsOnFile, ...]


class Named(BaseModel):
    """A unit, a role or another agency of organisation.yaml, by code."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    name: str


class NamesOnFile(BaseModel):
    """What is used of organisation.yaml here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    units: tuple[Named, ...]
    roles: tuple[Named, ...]
    partners: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A version of a permit template with its source; the hash is that of the source."""

    on_file: TemplateOnFile
    source: bytes

    @property
    def known(self) -> permit_states.Template:
        """What a decision needs of it."""
        of = self.on_file
        return permit_states.Template(code=of.code, content_hash=of.sha256, placeholders=of.placeholders, blank=of.blank)

    def published(self, at: datetime) -> TemplatePublished:
        """Make the fact that publishes it."""
        of = self.on_file
        return TemplatePublished(
            code=of.code,
            version=of.version,
            content_hash=of.sha256,
            title=of.title,
            placeholders=of.placeholders,
            legal_basis=of.legal_basis,
            blank=of.blank,
            effective_from=of.effective_from,
            published_at=at,
        )


@dataclass(frozen=True, slots=True)
class Stationery:
    """Everything that papers are made of: templates by hash, sources of forms, letterheads, names, numbers of forms."""

    templates: Mapping[ContentHash, Template]
    forms: Mapping[str, bytes]
    letterheads: Mapping[AgencyCode, Letterhead]
    numbering: Mapping[str, FormsOnFile]
    units: Mapping[str, str]
    roles: Mapping[str, str]
    partners: Mapping[PartnerCode, str]

    def template_for(self, procedure: ProcedureCode, on: date) -> Template:
        """Give the newest version in force on a day of the template for a procedure's permits, or of the one for all others."""
        in_force = [one for one in self.templates.values() if one.on_file.effective_from <= on]
        own = [one for one in in_force if procedure in one.on_file.procedures]
        return max(own or [one for one in in_force if not one.on_file.procedures], key=lambda one: one.on_file.version)

    def letterhead(self, agency: AgencyCode) -> Letterhead:
        """Give what stands on an agency's documents; a unit's are those of the agency that it belongs to, and at last the first one's."""
        above = [code for code in self.letterheads if agency == code or agency.startswith(f"{code}.")]
        return self.letterheads[max(above, key=len)] if above else next(iter(self.letterheads.values()))

    def form(self, name: str, on: date) -> FormNumber | None:
        """Give the number of a form under the rules of a day (None: it has none)."""
        found = self.numbering.get(rule_pack_on(on).id)
        return FormNumber(number=found.numbers[name], source=found.source) if found and name in found.numbers else None

    def title(self, name: str, on: date) -> str:
        """Give what a form is called under the rules of a day."""
        return self.numbering[rule_pack_on(on).id].titles[name]


@lru_cache
def load_stationery(folder: Path, organisation: Path) -> Stationery:
    """Read everything that papers are made of. Read once, then kept.

    Raises:
        Misread: if a file has not the form, or a template's file is not the one that was published under its version.
    """
    on_file = read_yaml(folder / PERMITS, TemplatesOnFile)
    templates: dict[ContentHash, Template] = {}
    for n, one in enumerate(on_file.content.templates):
        source = (folder / one.file).read_bytes()
        if (found := hashlib.sha256(source).hexdigest()) != one.sha256:
            message = f"{on_file.lines.at(('templates', n))}: {one.file} has the hash {found}: a version that was published is never edited"
            raise Misread(message)
        templates[one.sha256] = Template(one, source)
    paper, names = read_yaml(folder / PAPER, PaperOnFile).content, read_yaml(organisation, NamesOnFile).content
    return Stationery(
        templates=MappingProxyType(templates),
        forms=MappingProxyType({file.stem: file.read_bytes() for file in sorted((folder / "forms").glob("*.typ"))}),
        letterheads=MappingProxyType({one.code: one for one in paper.agencies}),
        numbering=MappingProxyType({one.pack: one for one in paper.forms}),
        units=MappingProxyType({one.code: one.name for one in names.units}),
        roles=MappingProxyType({one.code: one.name for one in names.roles}),
        partners=MappingProxyType({one.code: one.name for one in names.partners}),
    )
