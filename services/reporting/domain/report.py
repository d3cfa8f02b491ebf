"""Step 3 of 8, decide: one periodic report, published once and never changed."""

from __future__ import annotations

from typing import Final, TypeAlias

from contracts.reporting import ReportPublished
from kernel.eventlog import Decider

State: TypeAlias = ReportPublished | None


def decide(command: ReportPublished, state: State) -> list[ReportPublished]:
    """Publish a report; the second time there is nothing left to publish."""
    return [] if state is not None else [command]


def evolve(_: State, event: ReportPublished) -> State:
    """Remember it as it was published."""
    return event


DECIDER: Final = Decider[ReportPublished, State](None, decide, evolve)
