"""Lawful histories, as the deciders of all services make them: whole cases with their workflows and the department's staff."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contracts.fact import Fact
from contracts.processing import WorkflowPublished
from contracts.vocabulary import CaseId
from deploy.synthetic.department import Department
from deploy.synthetic.year import synthesize
from kernel.eventlog import Recorded
from services.processing.workflows import Workflow
from services.reporting.domain import staff, walk
from services.reporting.domain.staff import Staff
from services.reporting.domain.walk import Steps, Turn

Placed = tuple[int, Fact]
"""A fact with its position."""


class Nowhere(io.StringIO):
    """A file that keeps nothing."""

    def write(self, text: str, /) -> int:
        return len(text)


@dataclass
class Lives:
    """What was heard of a made-up year in processing's log."""

    workflows: dict[str, tuple[str, Steps]] = field(default_factory=dict[str, "tuple[str, Steps]"])
    staff: Staff = field(default_factory=Staff)
    before: list[Fact] = field(default_factory=list[Fact])
    """What was said before the first case: workflows, and who is who."""
    cases: dict[CaseId, list[Placed]] = field(default_factory=dict[CaseId, list[Placed]])

    def hear(self, event: Recorded, _: bytes) -> None:
        match event.fact:
            case WorkflowPublished() as fact:
                self.workflows[fact.content_hash] = (fact.procedure, fact.steps)
                self.before.append(fact)
            case fact if type(fact) in staff.FACTS:
                self.staff.add(fact)
                self.before.append(fact)
            case fact if type(fact) in walk.FACTS:
                self.cases.setdefault(fact.case_id, []).append((event.pos, fact))
            case _:
                pass

    def of(self, procedure: str) -> list[CaseId]:
        """Give the cases of a procedure, in the order of their opening."""
        return [case for case, facts in self.cases.items() if getattr(facts[0][1], "procedure", None) == procedure]


def turns_of(facts: Iterable[Placed]) -> list[Turn]:
    return [turn for pos, fact in facts if (turn := walk.turn_of(pos, fact)) is not None]


def lives(dossiers: int, seed: int, procedures: Iterable[str] = (), workflows: Mapping[str, Workflow] | None = None) -> Lives:
    """Make up a year: of these procedures only, by these workflows instead of the department's."""
    heard, department = Lives(), Department(datetime(2025, 12, 31, 17, tzinfo=UTC))
    said: dict[str, Any] = {"workflows": {**department.workflows, **workflows} if workflows else None, "procedures": list(procedures)}
    for name, value in said.items():
        if value:
            setattr(department, name, value)
    synthesize(2026, dossiers, seed, Nowhere(), heard.hear, department)
    return heard
