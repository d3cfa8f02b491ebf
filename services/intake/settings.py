"""Before step 1: what intake is told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from kernel.edge.settings import ServiceSettings, service_prefix

CATALOGUE: Final = Path(__file__).parent / "catalogue"
RETENTION: Final = Path(__file__).parent / "retention.yaml"


class IntakeSettings(ServiceSettings):
    """Settings of intake; each comes from the environment as `INTAKE_<NAME>`."""

    model_config = service_prefix("INTAKE")

    catalogue: Path = CATALOGUE
    erasure_look_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How often a worker looks for an erasure that a crash interrupted."""
    retention: Path = RETENTION
    """How long personal data are kept, as data: see the file that comes with the code."""
