"""The consumer example of the documentation runs as a stranger would run it, and goes on where it stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deploy.local.processes import ROOT
from tests.services.reporting.facts import PROCEDURES, Paper
from tests.services.rig import Rig, eventually

EXAMPLE = ROOT / "docs" / "analysts" / "read_facts.py"


def run(url: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, str(EXAMPLE), url], cwd=folder, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_the_example_counts_what_was_late_and_goes_on_behind_its_position(rig: Rig, tmp_path: Path) -> None:
    early, late, moved = Paper("early"), Paper("late"), Paper("moved")
    async with rig.neighbour("intake") as intake:

        async def told(paper: Paper, *facts: object) -> int:
            position = await intake.tell(paper.id, *facts)
            return int(position.partition("/")[2])

        await told(early, early.accepted(0, due=7), early.ready(7))
        last = await told(late, late.accepted(0, due=7), late.ready(8))
        found = await eventually(lambda: run_when(rig, tmp_path), lambda said: f"read up to intake/{last}" in said)
        assert f"{PROCEDURES['hoa-chat']}  2 ready, 1 of them late" in found
        last = await told(moved, moved.accepted(0, due=7), moved.rescheduled(6, due=12), moved.ready(11))
        found = await eventually(lambda: run_when(rig, tmp_path), lambda said: f"read up to intake/{last}" in said)
        assert f"{PROCEDURES['hoa-chat']}  3 ready, 1 of them late" in found


async def run_when(rig: Rig, folder: Path) -> str:
    return run(rig.nats.url, folder)
