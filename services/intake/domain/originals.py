"""Step 3 of 8, decide: taking an original for comparison, passing it on, giving it back, reporting it lost."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.intake_originals import (
    DossierOriginalLost,
    DossierOriginalPassedOn,
    DossierOriginalReturned,
    DossierOriginalTaken,
    OriginalFact,
)
from kernel.eventlog import Refused
from services.intake.domain.commands import GiveOriginalBack, PassOriginalOn, ReportOriginalLost, TakeOriginal
from services.intake.domain.custody import Original
from services.intake.domain.states import Absent, Dossier, Ended, Returned, State, legal_in


def original_facts(state: State, command: TakeOriginal | PassOriginalOn | GiveOriginalBack | ReportOriginalLost) -> Sequence[OriginalFact]:
    """Say what a command does to the originals of a dossier. Whatever is here can go back, however the dossier stands.

    Raises:
        Refused: if there is no such dossier or original, or it is not here.
    """
    if isinstance(state, Absent):
        raise Refused("no-such-dossier")
    dossier = state.dossier
    if isinstance(command, TakeOriginal):
        if isinstance(state, Returned | Ended):
            raise Refused("not-now", legal=legal_in(state))
        return [_taken(dossier, command)]
    found = next((one for one in dossier.originals if one.number == command.original), None)
    if found is None:
        raise Refused("no-such-original")
    return _moved(dossier, found, command)


def _taken(dossier: Dossier, command: TakeOriginal) -> OriginalFact:
    return DossierOriginalTaken(
        dossier_id=dossier.id,
        agency=dossier.agency,
        original=len(dossier.originals) + 1,
        component=command.component,
        taken_at=command.at,
        taken_by=command.by,
    )


def _moved(dossier: Dossier, found: Original, command: PassOriginalOn | GiveOriginalBack | ReportOriginalLost) -> list[OriginalFact]:
    match command, found.state:
        case PassOriginalOn(to=to), "held" if to != found.holder:
            return [
                DossierOriginalPassedOn(
                    dossier_id=dossier.id,
                    agency=dossier.agency,
                    original=found.number,
                    holder_before=found.holder,
                    holder=to,
                    passed_at=command.at,
                    passed_by=command.by,
                )
            ]
        # What was lost may be found again.
        case GiveOriginalBack(), "held" | "lost":
            return [
                DossierOriginalReturned(
                    dossier_id=dossier.id, agency=dossier.agency, original=found.number, returned_at=command.at, returned_by=command.by
                )
            ]
        case ReportOriginalLost(), "held":
            return [
                DossierOriginalLost(
                    dossier_id=dossier.id,
                    agency=dossier.agency,
                    original=found.number,
                    holder=found.holder,
                    lost_at=command.at,
                    reported_by=command.by,
                )
            ]
        # Twice is once.
        case (PassOriginalOn(), "held") | (GiveOriginalBack(), "given-back") | (ReportOriginalLost(), "lost"):
            return []
        case _:
            raise Refused("original-not-held")
