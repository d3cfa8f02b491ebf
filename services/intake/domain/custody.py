"""Step 3 of 8, decide: original papers in custody, an axis of its own: a dossier may be over while its originals are here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from contracts.intake_originals import (
    DossierOriginalLost,
    DossierOriginalPassedOn,
    DossierOriginalReturned,
    DossierOriginalTaken,
    OriginalFact,
    OriginalNumber,
)
from contracts.vocabulary import PrincipalId

CustodyState: TypeAlias = Literal["held", "given-back", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """One original: of what it is, where it stands since when, and who has it or had it last."""

    number: OriginalNumber
    component: str
    state: CustodyState
    holder: PrincipalId
    since: datetime


def with_original(originals: tuple[Original, ...], event: OriginalFact) -> tuple[Original, ...]:
    """Give the originals after one more fact."""
    match event:
        case DossierOriginalTaken():
            taken = Original(
                number=event.original, component=event.component, state="held", holder=event.taken_by, since=event.taken_at
            )  # fmt: skip
            return (*originals, taken)
        case DossierOriginalPassedOn():
            return _changed(originals, event.original, "held", event.holder, event.passed_at)
        case DossierOriginalReturned():
            return _changed(originals, event.original, "given-back", None, event.returned_at)
        case DossierOriginalLost():
            return _changed(originals, event.original, "lost", None, event.lost_at)


def _changed(
    originals: tuple[Original, ...], number: OriginalNumber, state: CustodyState, holder: PrincipalId | None, since: datetime
) -> tuple[Original, ...]:
    def after(one: Original) -> Original:
        return replace(one, state=state, holder=holder or one.holder, since=since) if one.number == number else one

    return tuple(map(after, originals))
