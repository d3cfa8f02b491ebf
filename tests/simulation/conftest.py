from __future__ import annotations

from tests.kernel.eventlog.conftest import rig_fixture, templates_fixture

__all__ = ["rig_fixture", "templates_fixture"]
