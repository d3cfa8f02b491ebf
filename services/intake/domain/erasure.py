"""Step 3 of 8, decide: when the person behind a dossier may be forgotten."""

from __future__ import annotations

from contracts.intake_erasure import DossierPersonalDataErased
from kernel.eventlog import Refused
from kernel.legalclock import day_of
from services.intake.domain.commands import Erase
from services.intake.domain.retention import Ending, kept_until, rule_on
from services.intake.domain.states import Dossier


def erased(dossier: Dossier, ending: Ending, command: Erase) -> DossierPersonalDataErased:
    """Say that the person was forgotten, and which rule let it. A demand of the person shortens no term that the law sets.

    Raises:
        Refused: "retention-runs" while the law wants it kept; "retention-unknown" if no rule says for how long.
    """
    today = day_of(command.at)
    rule = rule_on(command.rules, ending, today)
    if rule is None or dossier.ended_at is None:
        raise Refused("retention-unknown", legal=[])
    if (until := kept_until(rule, dossier.ended_at)) > today:
        raise Refused("retention-runs", legal=[], until=until.isoformat(), legal_basis=rule.legal_basis)
    return DossierPersonalDataErased(
        dossier_id=dossier.id,
        agency=dossier.agency,
        ground=command.ground,
        legal_basis=rule.legal_basis,
        erased_at=command.at,
        erased_by=command.by,
    )
