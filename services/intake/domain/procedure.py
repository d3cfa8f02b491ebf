"""Step 3 of 8, decide: the versions of one procedure."""

from __future__ import annotations

from typing import Final, TypeAlias

from contracts.intake import ProcedurePublished
from kernel.eventlog import Decider

State: TypeAlias = str | None
"""The content hash of the version in force."""


def decide(command: ProcedurePublished, state: State) -> list[ProcedurePublished]:
    """Publish a version that differs from the one in force."""
    return [] if command.content_hash == state else [command]


def evolve(_: State, event: ProcedurePublished) -> State:
    """Remember the version."""
    return event.content_hash


DECIDER: Final = Decider[ProcedurePublished, State](None, decide, evolve)
