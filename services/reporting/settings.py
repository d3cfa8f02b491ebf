"""Before step 1: what reporting is told from outside."""

from __future__ import annotations

from kernel.edge.settings import ServiceSettings, service_prefix


class ReportingSettings(ServiceSettings):
    """Settings of reporting; each comes from the environment as `REPORTING_<NAME>`."""

    model_config = service_prefix("REPORTING")
