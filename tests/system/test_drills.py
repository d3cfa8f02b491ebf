"""The drills that docs/operations.md gives the times of. The update drill takes four minutes and is a person's to run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.local.asking import motcua

if TYPE_CHECKING:
    from pathlib import Path


def test_a_restore_that_is_too_old_for_every_service_ends_with_everything_whole(tmp_path: Path) -> None:
    drilled = motcua("drill", "restore", "--dossiers", "4", "--json", "--data", tmp_path / "drill")
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    figures = json.loads(drilled.stdout)
    assert figures["verified"]
    assert figures["missing_after_restore"] == figures["brought_back"]
    assert all(figures["brought_back"].values())
