"""Before step 1: the internal procedures (quy trình nội bộ) as the YAML beside this module gives them (TT 01/2018, Điều 8).

A template becomes the workflow of a procedure by putting the assigned unit in the place of `responsible-unit`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from contracts.processing import Step, WorkflowPublished
from contracts.vocabulary import ContentHash, ProcedureCode
from services.processing.domain.workflow import Steps

RESPONSIBLE_UNIT: Final = "responsible-unit"


class StepsOnFile(BaseModel):
    """What is used of a template, or of an internal procedure with its own unit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    unit: str | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class Assignment(BaseModel):
    """Which template a procedure follows, and whose work it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    procedure: ProcedureCode
    template: str
    unit: str


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
        ValueError: if a file does not have the form, or a procedure stands twice.
        KeyError: if an assignment names a template that is not there.
    """
    templates = {template.code: template for template in _read_all(folder / "templates")}
    assignments = [Assignment.model_validate(row) for row in _yaml(folder / "assignments.yaml")["assignments"]]
    found = [workflow_of(each.procedure, templates[each.template].steps, each.unit) for each in assignments]
    found += [workflow_of(each.code, each.steps, each.unit or RESPONSIBLE_UNIT) for each in _read_all(folder / "internal")]
    by_procedure = {workflow.procedure: workflow for workflow in found}
    if len(by_procedure) != len(found):
        raise ValueError("assignments.yaml: a procedure has two workflows")
    return MappingProxyType(by_procedure)


def workflow_of(procedure: ProcedureCode, steps: Steps, unit: str) -> Workflow:
    """Put the responsible unit in its place, and name the result by its content."""
    placed = tuple(step.model_copy(update={"unit": unit}) if step.unit == RESPONSIBLE_UNIT else step for step in steps)
    content = json.dumps([procedure, [step.model_dump() for step in placed]], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Workflow(procedure, placed, hashlib.sha256(content.encode()).hexdigest())


def _read_all(folder: Path) -> list[StepsOnFile]:
    return [StepsOnFile.model_validate(_yaml(file)) for file in sorted(folder.glob("*.yaml"))]


def _yaml(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))
