"""The four services, for what must hold for each of them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from kernel.edge.service import Service
from services.feedback.main import SERVICE as FEEDBACK
from services.intake.main import SERVICE as INTAKE
from services.processing.main import SERVICE as PROCESSING
from services.reporting.main import SERVICE as REPORTING

SERVICES: Final[tuple[Service[Any], ...]] = (INTAKE, PROCESSING, FEEDBACK, REPORTING)

TOLD: Final[dict[str, dict[str, Any]]] = {"intake": {"stream_seconds": 0.01}, "reporting": {"stream_seconds": 0.01}}
"""What a service is told so that each of its answers comes to an end."""

each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
