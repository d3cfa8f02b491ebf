"""Step 3 of 8, decide: what of the counts may be shown to everybody.

A line that only one or two dossiers stand behind tells a neighbour what became of them. Such lines are put together into
one, with the next smallest if they are still too few, so that the whole stays the sum of its lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

DOSSIERS_MIN: Final = 3
"""The fewest dossiers that are shown together."""

OTHER: Final = ""
"""The name of the line that holds what was put together."""

Line = Mapping[str, int]


def added(lines: Sequence[Line]) -> dict[str, int]:
    """Add lines up, column by column."""
    return {name: sum(line[name] for line in lines) for name in (lines[0] if lines else ())}


def pooled(lines: Mapping[str, Line], size: str) -> dict[str, dict[str, int]]:
    """Put small lines together under `OTHER`; `size` is the column that says how many dossiers a line holds.

    If everything together is too small, nothing is left to show.
    """
    alone = {name: dict(line) for name, line in lines.items()}
    apart: list[Line] = []
    for name in sorted(alone, key=lambda name: (alone[name][size], name)):
        few = sum(line[size] for line in apart)
        if alone[name][size] >= DOSSIERS_MIN and (few == 0 or few >= DOSSIERS_MIN):
            break
        apart.append(alone.pop(name))
    rest = added(apart)
    return alone | ({OTHER: rest} if rest and rest[size] >= DOSSIERS_MIN else {})
