"""Step 3 of 8, decide: whether a dossier may be another one handed in again, and what speaks for it. Nothing is ever merged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from services.intake.domain.states import Ended, Returned, State

LikenessReason: TypeAlias = Literal["same-applicant", "same-procedure", "same-components", "most-components", "open", "days-apart"]

WINDOW: Final = timedelta(days=90)
"""How far apart two dossiers may have been handed in."""
MOST: Final = 0.5
"""The part of their components that two dossiers have in common at least."""


@dataclass(frozen=True, slots=True)
class Because:
    """One thing that speaks for it; `n` is how many, where it counts something."""

    reason: LikenessReason
    n: int | None = None


def likeness(components: frozenset[str], at: datetime, other: State, other_components: frozenset[str], other_at: datetime) -> list[Because]:
    """Give what speaks for two dossiers of one applicant and procedure being the same; nothing, if too little does."""
    apart = abs(at - other_at)
    both = components | other_components
    common = len(components & other_components) / len(both) if both else 1.0
    if apart > WINDOW or common < MOST:
        return []
    found = [Because("same-applicant"), Because("same-procedure")]
    found.append(Because("same-components") if common == 1 else Because("most-components", len(components & other_components)))
    if not isinstance(other, Returned | Ended):
        found.append(Because("open"))
    return [*found, Because("days-apart", apart.days)]
