"""Before step 1: what intake is told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.edge.settings import ServiceSettings, service_prefix

CATALOGUE: Final = Path(__file__).parent / "catalogue"


class IntakeSettings(ServiceSettings):
    """Settings of intake; each comes from the environment as `INTAKE_<NAME>`."""

    model_config = service_prefix("INTAKE")

    catalogue: Path = CATALOGUE
