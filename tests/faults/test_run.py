"""A short storm, so that every run of the tests sees one: kills, a leader that wakes up as a zombie, a broker that forgot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.run import run

SEED = 5
MINUTES = 0.15


@pytest.mark.slow
async def test_after_a_short_storm_nothing_is_lost_doubled_or_out_of_order_and_everything_agrees(tmp_path: Path) -> None:
    report = await run(SEED, MINUTES, tmp_path / "storm")
    assert report.surprises == []
    assert report.findings.lines == []
    assert report.good, report.figures()
    assert sum(report.faults.values()) >= 1
