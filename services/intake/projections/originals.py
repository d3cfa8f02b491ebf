"""Step 7 of 8, projections: original papers and who has them, one row each."""

from __future__ import annotations

from typing import Final

from contracts.intake_originals import DossierOriginalLost, DossierOriginalPassedOn, DossierOriginalReturned, DossierOriginalTaken
from kernel.eventlog import Columns, Projection, Recorded


def key(event: Recorded) -> str:
    """Each original has one row: its dossier and its number there."""
    return f"{event.stream}/{event.fact.original}"


def columns(event: Recorded) -> Columns:
    """Say which columns an event sets."""
    match event.fact:
        case DossierOriginalTaken() as fact:
            taken = {"dossier_id": fact.dossier_id, "number": fact.original, "component": fact.component, "agency": fact.agency}
            return taken | {"state": "held", "holder": fact.taken_by, "since": fact.taken_at}
        case DossierOriginalPassedOn() as fact:
            return {"holder": fact.holder, "since": fact.passed_at}
        case DossierOriginalReturned() as fact:
            return {"state": "given-back", "since": fact.returned_at}
        case DossierOriginalLost() as fact:
            return {"state": "lost", "since": fact.lost_at}
        case _:
            return {}


ORIGINALS: Final = Projection(
    table="original",
    key_column="original",
    key=key,
    columns=columns,
    facts=(DossierOriginalTaken, DossierOriginalPassedOn, DossierOriginalReturned, DossierOriginalLost),
)
