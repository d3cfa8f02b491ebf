"""Reads the reference data the way the services will: strictly, every key known, nothing missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.processing import Step
from contracts.processing_organisation import CoordinationArea
from contracts.vocabulary import (
    AgencyCode,
    ApplicantKind,
    Channel,
    Confidence,
    FieldCode,
    Limit,
    ProcedureCode,
    StartRule,
    SupplementMode,
)

ROOT: Final = Path(__file__).resolve().parents[2]
CATALOGUE: Final = ROOT / "services" / "intake" / "catalogue"
WORKFLOWS: Final = ROOT / "services" / "processing" / "workflows"
ORGANISATION: Final = ROOT / "services" / "processing" / "organisation.yaml"
DOCUMENTS: Final = ROOT / "services" / "processing" / "controlled_documents.yaml"
RESPONSIBLE_UNIT: Final = "responsible-unit"

Text = Annotated[str, StringConstraints(min_length=2, strip_whitespace=False, pattern=r"^\S(.*\S)?$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Strict(BaseModel):
    """A part of a reference file: a key that is not here is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Vouched(Strict):
    """Something that says how sure it is, and of what."""

    confidence: Confidence
    source: Text


class AgencyEntry(Vouched):
    """The department."""

    code: AgencyCode
    code_confidence: Literal["verified", "recalled"]
    name: Text
    name_en: Text
    notes: tuple[Text, ...]


class FieldEntry(Vouched):
    """One field of state management."""

    code: FieldCode
    name: Text
    name_en: Text
    national_code: str | None = None


class FeeEntry(Vouched):
    """One line of a fee table, in đồng; the dates are inclusive."""

    case: Text
    case_code: Slug | None = None
    per_place: bool = False
    applicant_kind: ApplicantKind | None = None
    channel: Channel | None = None
    amount_vnd: Annotated[int, Field(ge=0)]
    valid_from: date | None = None
    valid_until: date | None = None


class LimitEntry(Strict):
    """One line of the table of limits: what the law allows, and what was promised if that is less."""

    case_code: Slug | None = None
    channel: Channel | None = None
    limit: Limit
    committed: Limit | None = None


class ComponentEntry(Strict):
    """One paper of a dossier."""

    code: Slug
    name: Text
    required: bool


class ProcedureEntry(Vouched):
    """One procedure of the catalogue."""

    code: ProcedureCode
    code_confidence: Literal["verified", "recalled"]
    name: Text
    name_en: Text
    field: FieldCode
    legal_basis: Annotated[tuple[Text, ...], Field(min_length=1)]
    limit: Limit | None
    limits: tuple[LimitEntry, ...] = ()
    start_rule: StartRule
    supplement_mode: SupplementMode
    notice_days: Annotated[int, Field(gt=0)] | None
    extension_max: Annotated[int, Field(gt=0)] | None = None
    fees: tuple[FeeEntry, ...]
    fee_before_result: bool = False
    components: Annotated[tuple[ComponentEntry, ...], Field(min_length=1)]
    result: Text | None
    validity_months: Annotated[int, Field(gt=0)] | None
    doubtful: tuple[
        Literal["limit", "notice_days", "start_rule", "supplement_mode", "fees", "components", "result", "validity_months", "legal_basis"],
        ...,
    ]
    notes: tuple[Text, ...]


class RecordEntry(Strict):
    """The record that a step must put down, and how many sit there."""

    kind: Literal["site-check", "council"]
    members: tuple[int, int] | None = None


class StepEntry(Strict):
    """One step of a workflow, in working hours."""

    code: Annotated[str, StringConstraints(pattern=r"^B[1-9]$")]
    name: Text
    name_en: Text
    unit: Slug
    role: Slug
    hours: Annotated[int, Field(gt=0)]
    after: tuple[str, ...] | None = None
    when: str | None = None
    requires: str | None = None
    consults: tuple[Slug, ...] = ()
    record: RecordEntry | None = None
    passes_after: Annotated[int | None, Field(gt=0)] = None
    returns_to: tuple[str, ...] = ()


class WorkflowEntry(Vouched):
    """A template, or an internal procedure with its own unit."""

    code: str
    name: Text
    name_en: Text
    unit: Slug | None = None
    limit: Limit | None
    hours: Annotated[int, Field(gt=0)]
    notes: tuple[Text, ...]
    steps: Annotated[tuple[StepEntry, ...], Field(min_length=1)]


class Assignment(Strict):
    """Which template a procedure follows, and whose work it is."""

    procedure: ProcedureCode
    template: Slug
    unit: Slug


class Assignments(Vouched):
    """All assignments."""

    assignments: tuple[Assignment, ...]


class UnitEntry(Strict):
    """A unit of the department."""

    code: Slug
    name: Text
    name_en: Text
    parent: Slug | None


class RoleEntry(Strict):
    """A role in the department; `acts_for` names other roles whose steps its holder may do."""

    code: Slug
    name: Text
    name_en: Text
    abbreviation: str | None
    access: Annotated[tuple[Literal["desk", "officer", "leader"], ...], Field(min_length=1)]
    acts_for: tuple[Slug, ...]


class OfficerEntry(Strict):
    """A pseudonymous account."""

    id: Annotated[str, StringConstraints(pattern=r"^nv-[a-z]+-\d{2}$")]
    unit: Slug
    role: Slug


class PartnerEntry(Strict):
    """Another agency that is asked."""

    code: Slug
    name: Text
    name_en: Text


class AgreementEntry(Strict):
    """What was agreed with another agency in one area: how many working days it has to answer."""

    code: Annotated[str, StringConstraints(pattern=r"^QCPH-[A-Z]+-\d{2}$")]
    area: CoordinationArea
    partner: Slug
    answer_days: Annotated[int, Field(gt=0)]
    signed_on: date


class DocumentEntry(Strict):
    """A controlled document, and the field that it governs."""

    code: Annotated[str, StringConstraints(pattern=r"^QT-SCT-\d{2}$")]
    title: Text
    title_en: Text
    field: Slug


class Documents(Vouched):
    """The controlled documents."""

    standard: Text
    from_on: date
    approved_by: str
    documents: tuple[DocumentEntry, ...]


class Organisation(Vouched):
    """Units, roles and the roster."""

    units: tuple[UnitEntry, ...]
    roles: tuple[RoleEntry, ...]
    officers: tuple[OfficerEntry, ...]
    reform_officer: str
    partners: tuple[PartnerEntry, ...]
    agreements: tuple[AgreementEntry, ...]
    from_on: date


@dataclass(frozen=True, slots=True)
class Reference:
    """All reference data; `procedures` goes with the file that each was read from."""

    agency: AgencyEntry
    fields: tuple[FieldEntry, ...]
    procedures: tuple[tuple[Path, ProcedureEntry], ...]
    templates: tuple[tuple[Path, WorkflowEntry], ...]
    internal: tuple[tuple[Path, WorkflowEntry], ...]
    assignments: Assignments
    organisation: Organisation
    documents: Documents

    def workflows(self) -> dict[str, tuple[Step, ...]]:
        """The steps of every procedure by its code, internal procedures included, with the responsible unit filled in."""
        templates = {template.code: template for _, template in self.templates}
        of_citizens = {each.procedure: expand(templates[each.template], each.unit) for each in self.assignments.assignments}
        return of_citizens | {workflow.code: expand(workflow, workflow.unit or "") for _, workflow in self.internal}


def expand(workflow: WorkflowEntry, unit: str) -> tuple[Step, ...]:
    """The steps with `unit` in place of `responsible-unit`."""
    return tuple(
        Step.model_validate(step.model_dump() | {"unit": unit if step.unit == RESPONSIBLE_UNIT else step.unit}) for step in workflow.steps
    )


def all_files() -> tuple[Path, ...]:
    """Every YAML file of the reference data."""
    return (*sorted(CATALOGUE.rglob("*.yaml")), *sorted(WORKFLOWS.rglob("*.yaml")), ORGANISATION, DOCUMENTS)


def read(path: Path) -> Any:
    """What a YAML file holds."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def reference() -> Reference:
    """All reference data, read and checked once."""
    return Reference(
        agency=AgencyEntry.model_validate(read(CATALOGUE / "agency.yaml")),
        fields=tuple(FieldEntry.model_validate(entry) for entry in read(CATALOGUE / "fields.yaml")["fields"]),
        procedures=tuple((path, ProcedureEntry.model_validate(read(path))) for path in sorted(CATALOGUE.glob("*/*.yaml"))),
        templates=tuple((path, WorkflowEntry.model_validate(read(path))) for path in sorted(WORKFLOWS.glob("templates/*.yaml"))),
        internal=tuple((path, WorkflowEntry.model_validate(read(path))) for path in sorted(WORKFLOWS.glob("internal/*.yaml"))),
        assignments=Assignments.model_validate(read(WORKFLOWS / "assignments.yaml")),
        organisation=Organisation.model_validate(read(ORGANISATION)),
        documents=Documents.model_validate(read(DOCUMENTS)),
    )
