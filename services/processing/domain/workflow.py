"""Step 3 of 8, decide: the versions of one procedure's workflow, and what its steps are for."""

from __future__ import annotations

from typing import Final, TypeAlias
from uuid import UUID, uuid5

from contracts.processing import Step, WorkflowPublished
from contracts.vocabulary import ContentHash, ProcedureCode
from kernel.eventlog import Decider
from services.processing.domain import NAMESPACE

Steps: TypeAlias = tuple[Step, ...]
State: TypeAlias = ContentHash | None
"""The content hash of the version in force; None = none was published."""

SIGNING_ROLE: Final = "giam-doc"


def stream_of(procedure: ProcedureCode) -> UUID:
    """Give the stream of a procedure's workflow."""
    return uuid5(NAMESPACE, f"workflow:{procedure}")


def decide(command: WorkflowPublished, state: State) -> list[WorkflowPublished]:
    """Publish a version that differs from the one in force."""
    return [] if command.content_hash == state else [command]


def evolve(_: State, event: WorkflowPublished) -> State:
    """Remember the version."""
    return event.content_hash


DECIDER: Final = Decider[WorkflowPublished, State](None, decide, evolve)


def signing_step(steps: Steps) -> Step:
    """Give the step in which the decision is signed: the director's last one; the very last where the director has none (a notice)."""
    return next((step for step in reversed(steps) if step.role == SIGNING_ROLE), steps[-1])


def step_after(steps: Steps, code: str) -> Step | None:
    """Give the step that follows one; None after the last.

    Raises:
        ValueError: if the workflow has no such step.
    """
    n = [step.code for step in steps].index(code) + 1
    return steps[n] if n < len(steps) else None
