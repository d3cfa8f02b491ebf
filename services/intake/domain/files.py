"""Step 3 of 8, decide: files that are attached to a dossier, and what a scanner says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.intake_files import DossierFileAttached, DossierFileScanned
from kernel.eventlog import Refused
from services.intake.domain.commands import Attach, Judge
from services.intake.domain.states import Absent, Attached, Dossier, State, file_of


def attached(dossier: Dossier, command: Attach, legal: Sequence[str]) -> DossierFileAttached:
    """Say that a file was added.

    Raises:
        Refused: "too-many-files", if the dossier has as many as it may have.
    """
    if len(dossier.files) >= command.files_max:
        raise Refused("too-many-files", legal=legal, files_max=command.files_max)
    return DossierFileAttached(
        dossier_id=dossier.id,
        agency=dossier.agency,
        file_id=command.file_id,
        component=command.component,
        media_type=command.media_type,
        size_bytes=command.size_bytes,
        personal_ref=command.personal_ref,
        commitment=command.commitment,
        attached_at=command.at,
        attached_by=command.by,
    )


def scanned(state: State, command: Judge) -> list[DossierFileScanned]:
    """Say what the scanner found, unless there is no such file, a verdict on it already, or nobody left whom it concerns."""
    file = file_of(state, command.file_id)
    if isinstance(state, Absent) or file is None or file.verdict is not None or state.dossier.is_erased:
        return []
    return [
        DossierFileScanned(
            dossier_id=state.dossier.id,
            agency=state.dossier.agency,
            file_id=command.file_id,
            verdict=command.verdict,
            scanner=command.scanner,
            finding=command.finding,
            scanned_at=command.at,
        )
    ]


def with_file(dossier: Dossier, event: DossierFileAttached | DossierFileScanned) -> Dossier:
    """Remember a file, or the verdict on one."""
    if isinstance(event, DossierFileScanned):
        judged = (replace(file, verdict=event.verdict) if file.id == event.file_id else file for file in dossier.files)
        return replace(dossier, files=tuple(judged))
    file = Attached(
        id=event.file_id,
        component=event.component,
        media_type=event.media_type,
        size_bytes=event.size_bytes,
        personal_ref=event.personal_ref,
        attached_at=event.attached_at,
    )
    return replace(dossier, files=(*dossier.files, file))
