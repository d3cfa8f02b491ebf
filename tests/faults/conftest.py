"""Runs of the nemesis and its checker stand on stacks of their own, and are marked like other tests that need servers."""

from __future__ import annotations

import pytest

NEED_NOTHING = ("test_schedule.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/faults" in str(item.path) and item.path.name not in NEED_NOTHING:
            item.add_marker("servers")
            item.add_marker(pytest.mark.xdist_group("faults"))
