"""Step 3 of 8, decide: what becomes of what is personal about a dossier: files attached, and a person forgotten."""

from __future__ import annotations

from dataclasses import replace

from contracts.intake_vault import DossierFileAttached, DossierFileScanned, DossierPersonalDataErased
from kernel.eventlog import Refused
from kernel.legalclock import day_of
from services.intake.domain.commands import Attach, Erase
from services.intake.domain.retention import Ending, kept_until, rule_on
from services.intake.domain.states import Attached, Dossier


def attached(dossier: Dossier, command: Attach) -> list[DossierFileAttached | DossierFileScanned]:
    """Say what the scanner found, and before it that the file was attached, if it is kept."""
    scanned = DossierFileScanned(
        dossier_id=dossier.id,
        agency=dossier.agency,
        file_id=command.file_id,
        content_hash=command.content_hash,
        verdict=command.verdict,
        scanner=command.scanner,
        finding=command.finding,
        scanned_at=command.at,
    )
    if command.verdict == "infected":
        return [scanned]
    added = DossierFileAttached(
        dossier_id=dossier.id,
        agency=dossier.agency,
        file_id=command.file_id,
        component=command.component,
        media_type=command.media_type,
        size_bytes=command.size_bytes,
        content_hash=command.content_hash,
        personal_ref=command.personal_ref,
        attached_at=command.at,
        attached_by=command.by,
    )
    return [added, scanned]


def with_file(dossier: Dossier, event: DossierFileAttached) -> Dossier:
    """Remember a file."""
    file = Attached(
        component=event.component,
        media_type=event.media_type,
        size_bytes=event.size_bytes,
        content_hash=event.content_hash,
        personal_ref=event.personal_ref,
    )
    return replace(dossier, files={**dossier.files, event.file_id: file})


def erased(dossier: Dossier, ending: Ending, command: Erase) -> DossierPersonalDataErased:
    """Say that the person was forgotten, and which rule let it.

    Raises:
        Refused: "retention-runs" while the law wants it kept, or says nothing of how long.
    """
    rule = rule_on(command.rules, ending, day_of(command.at))
    if rule is None or dossier.ended_at is None:
        raise Refused("retention-runs", legal=[], until=None, legal_basis=None)
    if (until := kept_until(rule, dossier.ended_at)) > day_of(command.at):
        raise Refused("retention-runs", legal=[], until=until, legal_basis=rule.legal_basis)
    return DossierPersonalDataErased(
        dossier_id=dossier.id,
        agency=dossier.agency,
        ground=command.ground,
        legal_basis=rule.legal_basis,
        erased_at=command.at,
        erased_by=command.by,
    )
