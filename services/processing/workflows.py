"""Before step 1: the internal procedures (quy trình nội bộ) as the YAML beside this module gives them (TT 01/2018, Điều 8).

A template becomes the workflow of a procedure by putting the assigned unit in the place of `responsible-unit`. A workflow that is not
sound (`domain/soundness.py`) is refused when it is read, with the file, the line and the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from contracts.processing import Step, WorkflowPublished
from contracts.vocabulary import Confidence, ContentHash, Limit, ProcedureCode
from services.processing.domain import soundness, soundness_paths
from services.processing.domain.soundness import Posts
from services.processing.domain.workflow import Steps
from services.processing.on_file import Misread, OnFile, read_yaml
from services.processing.organisation import load_organisation

RESPONSIBLE_UNIT: Final = "responsible-unit"


class Strict(BaseModel):
    """A part of a file: a key that is not here is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StepOnFile(Step, Strict):
    """A step, with its English name for whoever maintains the file."""

    name_en: str


class WorkflowOnFile(Strict):
    """A template, or an internal procedure with its own unit."""

    code: str
    name: str
    name_en: str
    unit: str | None = None
    limit: Limit | None
    hours: Annotated[int, Field(gt=0)]
    confidence: Confidence
    source: str
    notes: tuple[str, ...]
    steps: Annotated[tuple[StepOnFile, ...], Field(min_length=1)]


class Assignment(Strict):
    """Which template a procedure follows, and whose work it is."""

    procedure: ProcedureCode
    template: str
    unit: str


class AssignmentsOnFile(Strict):
    """All of assignments.yaml."""

    confidence: Confidence
    source: str
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
def load_workflows(folder: Path, organisation: Path) -> Mapping[ProcedureCode, Workflow]:
    """Read every workflow in force, by procedure: those of the catalogue, then the internal ones. Read once, then kept.

    Raises:
        Misread: if a file has not the form, a workflow is not sound, or a procedure stands twice; each line names the file and the line.
    """
    posts = load_organisation(organisation).posts
    templates = [read_yaml(file, WorkflowOnFile) for file in sorted((folder / "templates").glob("*.yaml"))]
    internal = [read_yaml(file, WorkflowOnFile) for file in sorted((folder / "internal").glob("*.yaml"))]
    assignments = read_yaml(folder / "assignments.yaml", AssignmentsOnFile)
    wrong = [each for on_file in (*templates, *internal) for each in _faults(on_file, posts)] or list(
        _misplaced(assignments, templates, posts)
    )
    if wrong:
        raise Misread("\n".join(wrong))
    by_code = {on_file.content.code: on_file.content for on_file in templates}
    found = [workflow_of(each.procedure, by_code[each.template].steps, each.unit) for each in assignments.content.assignments]
    found += [workflow_of(each.content.code, each.content.steps, each.content.unit or "") for each in internal]
    return MappingProxyType({workflow.procedure: workflow for workflow in found})


def workflow_of(procedure: ProcedureCode, steps: Sequence[Step], unit: str) -> Workflow:
    """Put the responsible unit in its place, and name the result by its content; what a step leaves out is not part of the name."""
    placed = tuple(_placed(step, unit) for step in steps)
    said = [step.model_dump(exclude_defaults=True) for step in placed]
    content = json.dumps([procedure, said], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Workflow(procedure, placed, hashlib.sha256(content.encode()).hexdigest())


def _placed(step: Step, unit: str) -> Step:
    said = step.model_dump(include=set(Step.model_fields))
    return Step.model_validate(said | {"unit": unit if step.unit == RESPONSIBLE_UNIT else step.unit})


def _faults(on_file: OnFile[WorkflowOnFile], posts: Posts) -> Iterator[str]:
    """Say what is wrong with one workflow by itself; the unit of a template is not known yet."""
    flow = on_file.content
    steps = tuple(_placed(step, flow.unit or RESPONSIBLE_UNIT) for step in flow.steps)
    if on_file.lines.file.parent.name == "internal" and flow.unit is None:
        yield f"{on_file.lines.at(())}: an internal procedure names the unit that stands for {RESPONSIBLE_UNIT}"
    faults = list(soundness.faults_of_names(steps)) or [
        *soundness.faults_of_order(steps),
        *soundness.faults_of_time(steps, flow.limit, flow.hours),
        *soundness.faults_of_guards(steps),
        *soundness_paths.faults_of_conditions(steps),
        *soundness_paths.faults_of_records(steps),
        *soundness_paths.faults_of_timers(steps),
        *soundness.faults_of_posts(steps, posts, RESPONSIBLE_UNIT),
    ]
    yield from (f"{on_file.lines.at(place)}: {why}" for place, why in faults)


def _misplaced(assigned: OnFile[AssignmentsOnFile], templates: Sequence[OnFile[WorkflowOnFile]], posts: Posts) -> Iterator[str]:
    """Say what is wrong with the assignments: no such template or unit, nobody there to do a step, two workflows for one procedure."""
    by_code, seen = {on_file.content.code: on_file.content for on_file in templates}, set[ProcedureCode]()
    for n, each in enumerate(assigned.content.assignments):
        line = assigned.lines.at(("assignments", n))
        if each.procedure in seen:
            yield f"{line}: {each.procedure} has two workflows"
        seen.add(each.procedure)
        if (template := by_code.get(each.template)) is None:
            yield f"{line}: {each.procedure} follows {each.template}, which is no template"
            continue
        steps = workflow_of(each.procedure, template.steps, each.unit).steps
        yield from (f"{line}: {each.procedure}: {why}" for _, why in soundness.faults_of_posts(steps, posts, RESPONSIBLE_UNIT))
