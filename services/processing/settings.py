"""Before step 1: what processing is told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from contracts.vocabulary import AgencyCode
from kernel.edge.settings import ServiceSettings, service_prefix

HERE: Final = Path(__file__).parent


class ProcessingSettings(ServiceSettings):
    """Settings of processing; each comes from the environment as `PROCESSING_<NAME>`.

    `agency` publishes the workflows; a case belongs to the agency that its dossier was handed in to. A worker looks for limits that are
    near or have run out every `alarms_seconds`; what it records does not depend on it. In work lists a limit is near when `due_soon_hours`
    of working time are left; alarms have a threshold of their own, for they are facts.
    """

    model_config = service_prefix("PROCESSING")

    agency: AgencyCode = "H09.13"
    workflows: Path = HERE / "workflows"
    organisation: Path = HERE / "organisation.yaml"
    documents: Path = HERE / "controlled_documents.yaml"
    due_soon_hours: Annotated[int, Field(ge=1, le=400)] = 16
    alarms_seconds: Annotated[float, Field(gt=0)] = 60.0
