"""Step 3 of 8, decide: an analyst's fold, of which the rows that a leader promoted last are shown."""

from __future__ import annotations

from typing import Final, TypeAlias

from contracts.reporting_folds import FoldPromoted
from kernel.eventlog import Decider

State: TypeAlias = FoldPromoted | None


def decide(command: FoldPromoted, state: State) -> list[FoldPromoted]:
    """Promote rows; the same ones of the same program once more are nothing new."""
    if state is not None and (state.source_hash, state.rows_hash, state.positions) == (
        command.source_hash,
        command.rows_hash,
        command.positions,
    ):
        return []
    return [command]


def evolve(_: State, event: FoldPromoted) -> State:
    """Show what was promoted last."""
    return event


DECIDER: Final = Decider[FoldPromoted, State](None, decide, evolve)
