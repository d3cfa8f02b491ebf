"""Before step 1: what the papers of the desk are made of, as `templates/` has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import AgencyCode, Confidence
from kernel.legalclock import NoRulePack, rule_pack_on
from kernel.paper.administrative import FormNumber

TEMPLATES: Final = Path(__file__).parent / "templates"

PaperName: TypeAlias = Literal["receipt", "register"]


class Strict(BaseModel):
    """A part of the file: a key that is not here is a mistake in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Letterhead(Strict):
    """What stands on every paper of an agency: the agency above it, its name, its place, who answers for the desk, and its telephone."""

    code: AgencyCode
    parent: str
    name: str
    place: str
    capacity: str
    telephone: str | None


class FormsOnFile(Strict):
    """The numbers that forms have under a rule pack."""

    pack: str
    source: str
    numbers: Mapping[PaperName, str]


class PaperOnFile(Strict):
    """All of paper.yaml."""

    confidence: Confidence
    source: str
    agencies: Annotated[tuple[Letterhead, ...], Field(min_length=1)]
    forms: tuple[FormsOnFile, ...]


@dataclass(frozen=True, slots=True)
class Stationery:
    """Letterheads, numbers of forms, and templates."""

    letterheads: Mapping[AgencyCode, Letterhead]
    numbering: Mapping[str, FormsOnFile]
    templates: Mapping[PaperName, bytes]

    def letterhead(self, agency: AgencyCode) -> Letterhead:
        """Give what stands on an agency's papers; a unit's are those of the agency that it belongs to, and at last the first one's."""
        above = [code for code in self.letterheads if agency == code or agency.startswith(f"{code}.")]
        return self.letterheads[max(above, key=len)] if above else next(iter(self.letterheads.values()))

    def form(self, name: PaperName, on: date) -> FormNumber | None:
        """Give the number of a form under the rules of a day (None: it has none)."""
        try:
            found = self.numbering.get(rule_pack_on(on).id)
        except NoRulePack:  # a day before the first rules that are known
            return None
        return FormNumber(number=found.numbers[name], source=found.source) if found and name in found.numbers else None


@cache
def load_stationery(folder: Path = TEMPLATES) -> Stationery:
    """Read everything, once per process.

    Raises:
        pydantic.ValidationError: if the file has not the form.
    """
    on_file = PaperOnFile.model_validate(yaml.safe_load((folder / "paper.yaml").read_text(encoding="utf-8")))
    return Stationery(
        letterheads=MappingProxyType({one.code: one for one in on_file.agencies}),
        numbering=MappingProxyType({one.pack: one for one in on_file.forms}),
        templates=MappingProxyType({"receipt": (folder / "receipt.typ").read_bytes(), "register": (folder / "register.typ").read_bytes()}),
    )
