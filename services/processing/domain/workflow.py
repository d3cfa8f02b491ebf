"""Step 3 of 8, decide: the versions of one procedure's workflow, and what its steps are for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, TypeAlias
from uuid import UUID, uuid5

from contracts.processing import Step, WorkflowPublished
from contracts.vocabulary import ContentHash, ProcedureCode
from kernel.eventlog import Decider
from services.processing.domain import NAMESPACE
from services.processing.domain.guard import Facts, holds, parse

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


def index_of(steps: Steps, code: str) -> int:
    """Give the place of a step.

    Raises:
        ValueError: if the workflow has no such step.
    """
    return [step.code for step in steps].index(code)


def step_of(steps: Steps, code: str) -> Step:
    """Give a step by its code.

    Raises:
        ValueError: if the workflow has no such step.
    """
    return steps[index_of(steps, code)]


def before_each(steps: Steps) -> dict[str, tuple[str, ...]]:
    """Give, for each step, those that must be done before it: those that it names, or else the one above it."""
    above: tuple[str, ...] = ()
    found: dict[str, tuple[str, ...]] = {}
    for step in steps:
        found[step.code] = above if step.after is None else step.after
        above = (step.code,)
    return found


def befores(steps: Steps, step: Step) -> tuple[str, ...]:
    """Give the steps that must be done before one."""
    return before_each(steps)[step.code]


def ready(steps: Steps, done: Collection[str]) -> tuple[Step, ...]:
    """Give the steps that are to be done once some are: several, where branches run beside each other."""
    before = before_each(steps)
    return tuple(step for step in steps if step.code not in done and all(code in done for code in before[step.code]))


def onward(steps: Steps, passed: Collection[str], is_open: Collection[str], facts: Facts) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Give the steps that are to be done once some are passed, and those that are skipped, as their condition is not true now.

    What is open already stays so: its turn came when its condition was true.
    """
    gone, skipped = {*passed}, list[Step]()
    while True:
        now = ready(steps, gone)
        away = [step for step in now if step.code not in is_open and step.when is not None and not holds(parse(step.when), facts)]
        if not away:
            return now, tuple(skipped)
        gone |= {step.code for step in away}
        skipped += away


def beyond(steps: Steps, code: str) -> frozenset[str]:
    """Give every step that comes after one, at once or later."""
    before = before_each(steps)
    found: set[str] = set()
    while more := {later for later, earlier in before.items() if later not in found and any(it == code or it in found for it in earlier)}:
        found |= more
    return frozenset(found)
