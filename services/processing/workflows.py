"""Before step 1: the internal procedures (quy trình nội bộ) as the YAML beside this module gives them (TT 01/2018, Điều 8).

A template becomes the workflow of a procedure by putting the assigned unit in the place of `responsible-unit`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from contracts.processing import Step, WorkflowPublished
from contracts.vocabulary import ContentHash, ProcedureCode
from services.processing.domain.workflow import Steps

RESPONSIBLE_UNIT: Final = "responsible-unit"

Form = TypeVar("Form", bound=BaseModel)


class StepsOnFile(BaseModel):
    """What is used of a template, or of an internal procedure with its own unit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    unit: str | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @field_validator("steps")
    @classmethod
    def _numbered(cls, steps: Steps) -> Steps:
        if [step.code for step in steps] != [f"B{number}" for number in range(1, len(steps) + 1)]:
            raise ValueError("the steps are not numbered B1, B2, … in order")
        return steps


class Assignment(BaseModel):
    """Which template a procedure follows, and whose work it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    procedure: ProcedureCode
    template: str
    unit: str


class AssignmentsOnFile(BaseModel):
    """What is used of assignments.yaml."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Workflow:
    """One version of the workflow of one procedure; the hash is that of procedure and steps."""

    procedure: ProcedureCode
    steps: Steps
    content_hash: ContentHash

    def published(self, at: datetime) -> WorkflowPublished:
        """Make the fact that publishes it."""
        return WorkflowPublished(procedure=self.procedure, content_hash=self.content_hash, steps=self.steps, published_at=at)


@lru_cache
def load_workflows(folder: Path) -> Mapping[ProcedureCode, Workflow]:
    """Read every workflow in force, by procedure: those of the catalogue, then the internal ones. Read once, then kept.

    Raises:
        ValueError: if a file does not have the form, or a procedure stands twice; the message names the file and the place.
    """
    templates = {template.code: template for template in _read_all(folder / "templates")}
    found = [_assigned(each, templates) for each in read_yaml(folder / "assignments.yaml", AssignmentsOnFile).assignments]
    found += [_internal(each) for each in _read_all(folder / "internal")]
    counted = Counter(workflow.procedure for workflow in found)
    if twice := [procedure for procedure, times in counted.items() if times > 1]:
        message = f"assignments.yaml: {', '.join(twice)} has two workflows"
        raise ValueError(message)
    return MappingProxyType({workflow.procedure: workflow for workflow in found})


def workflow_of(procedure: ProcedureCode, steps: Steps, unit: str) -> Workflow:
    """Put the responsible unit in its place, and name the result by its content."""
    placed = tuple(step.model_copy(update={"unit": unit}) if step.unit == RESPONSIBLE_UNIT else step for step in steps)
    content = json.dumps([procedure, [step.model_dump() for step in placed]], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Workflow(procedure, placed, hashlib.sha256(content.encode()).hexdigest())


def read_yaml(file: Path, form: type[Form]) -> Form:
    """Read a YAML file that must have a form.

    Raises:
        ValueError: if it has not; the message names the file and the place.
    """
    try:
        return form.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValueError) as error:
        message = f"{file.name}: {error}"
        raise ValueError(message) from error


def _read_all(folder: Path) -> list[StepsOnFile]:
    return [read_yaml(file, StepsOnFile) for file in sorted(folder.glob("*.yaml"))]


def _assigned(each: Assignment, templates: Mapping[str, StepsOnFile]) -> Workflow:
    if (template := templates.get(each.template)) is None:
        message = f"assignments.yaml: {each.procedure} follows {each.template}, which is no template"
        raise ValueError(message)
    return workflow_of(each.procedure, template.steps, each.unit)


def _internal(each: StepsOnFile) -> Workflow:
    if each.unit is None:
        message = f"{each.code}: an internal procedure names the unit that stands for {RESPONSIBLE_UNIT}"
        raise ValueError(message)
    return workflow_of(each.code, each.steps, each.unit)
