"""Step 6 of 8, consume: intake accepts a dossier, the department opens a case; the applicant withdraws or supplements, it follows.

An accepted dossier whose procedure has no workflow raises, and so is parked: nobody could say whose work it is. It is applied
again once assignments.yaml names a template (`./motcua parked --again`), and meanwhile the other dossiers go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts.intake import DossierAccepted, DossierSupplemented, DossierWithdrawn
from contracts.vocabulary import DossierId, ProcedureCode
from kernel.eventlog import Reaction, Reactor, Recorded
from kernel.legalclock import load_calendar
from services.processing.domain import case
from services.processing.domain.case_commands import Command, OpenCase, Resume, Stop
from services.processing.workflows import Workflow

NAME: Final = "processing-intake"
SOURCE: Final = "intake"


class NoWorkflow(LookupError):  # noqa: N818 - says what is missing
    """A procedure that no workflow is assigned to."""


def reactor(workflows: Mapping[ProcedureCode, Workflow]) -> Reactor:
    """Make the reactor; a case is pinned to the workflow that is in force when it is opened."""

    def react(event: Recorded) -> Reaction | None:
        match event.fact:
            case DossierAccepted() as accepted:
                return on(accepted.dossier_id, open_case(accepted))
            case DossierWithdrawn() as withdrawn:
                return on(withdrawn.dossier_id, Stop(at=withdrawn.withdrawn_at))
            case DossierSupplemented(stage="appraisal") as brought:
                calendar = load_calendar().as_known_at(brought.received_at)
                return on(brought.dossier_id, Resume(round=brought.round, resumed_at=brought.received_at, calendar=calendar))
            case _:
                return None

    def open_case(dossier: DossierAccepted) -> OpenCase:
        if (workflow := workflows.get(dossier.procedure)) is None:
            raise NoWorkflow(dossier.procedure)
        case_id = case.stream_of(dossier.dossier_id)
        return OpenCase(case_id=case_id, dossier=dossier, workflow_hash=workflow.content_hash, steps=workflow.steps)

    def on(dossier: DossierId, command: Command) -> Reaction:
        return Reaction(case.stream_of(dossier), case.DECIDER, command)

    return Reactor(NAME, SOURCE, react, facts=(DossierAccepted, DossierWithdrawn, DossierSupplemented))
