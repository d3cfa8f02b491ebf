"""The page that a security office reads: each wall names a test. That the named ones exist, `test_pages.py` sees for every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tests.architecture.source import ROOT

SECURITY: Final = ROOT / "docs" / "security.md"
NAMED: Final = re.compile(r"`(test_\w+)`")
WALLS: Final = "## Who might do harm, and what stops them"
BOUNDARIES: Final = "## What could go wrong at each boundary"


def rows(text: str, heading: str) -> Iterator[list[str]]:
    """Give the cells of the table below a heading, but for its head."""
    table = text.partition(heading)[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_no_wall_is_without_a_test_that_shows_it() -> None:
    walls = list(rows(SECURITY.read_text(encoding="utf-8"), WALLS))
    assert len(walls) > 15
    assert [cells[1] for cells in walls if not NAMED.search(cells[-1])] == []


def test_each_boundary_has_an_answer_to_each_kind_of_threat() -> None:
    boundaries = list(rows(SECURITY.read_text(encoding="utf-8"), BOUNDARIES))
    assert [cells[0] for cells in boundaries] == ["1", "2", "3", "4", "5", "6"]
    assert all(len(cells) == 7 and all(cells) for cells in boundaries)
    assert sum(NAMED.search(cell) is not None for cells in boundaries for cell in cells[1:]) >= 35
