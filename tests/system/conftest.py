"""One throw-away Motcua for the stories of this folder: real PostgreSQL, real NATS, the four services as processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("motcua"), fast=True, demo_clock=True) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/system" in str(item.path):
            item.add_marker("servers")
            item.add_marker(pytest.mark.xdist_group("system"))
