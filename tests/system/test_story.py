"""The main job, whole: what the demo tells is what the reports say and what the logs prove."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

DEMO = """
import sys
from pathlib import Path
from deploy.local import demo
sys.exit(demo.main(dossiers=40, days=60, seed=7, as_json=True, keep=False, data=Path(sys.argv[1])))
"""


def told(folder: Path) -> dict[str, Any]:
    ran = subprocess.run([sys.executable, "-c", DEMO, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_demo_ends_well_and_the_same_seed_tells_the_same_story(tmp_path: Path) -> None:
    first, second = told(tmp_path / "a"), told(tmp_path / "b")
    assert first["streams"] == first["events"]
    assert (first["lag"], first["parked"], first["verified"]) == (0, 0, True)
    assert first["received"] > 0
    assert first["received"] == first["resolved"] + first["in_progress"]
    assert first["permits_checked"] == 2
    business = (
        "dossiers",
        "received",
        "resolved",
        "on_time_rate",
        "late",
        "in_progress",
        "refused",
        "withdrawn",
        "satisfaction",
    )  # not the rate of response: who was asked is counted in groups of the log's order, which dossiers that go on at once do not have
    assert {name: first[name] for name in business} == {name: second[name] for name in business}
