"""Step 3 of 8, decide: which facts made the difference between a figure as it was and as it is.

A dossier counts in some columns at a past position, and after each of its facts since. A fact made a difference to a column if the
dossier did not end up there as it began, and this fact moved it in or out.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Steps: TypeAlias = Sequence[tuple[int, AbstractSet[str]]]
"""Positions in order, and the columns that a dossier counted in as of each; the first is the past position itself."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A dossier that came into a column, or left it, and the positions of the facts that moved it."""

    came: bool
    facts: tuple[int, ...]


def moved(steps: Steps) -> dict[str, Moved]:
    """Say by column what a dossier's facts since have changed."""
    (_, then), (_, now) = steps[0], steps[-1]
    return {
        column: Moved(
            column in now,
            tuple(pos for (_, before), (pos, after) in pairwise(steps) if (column in before) != (column in after)),
        )
        for column in then ^ now
    }
