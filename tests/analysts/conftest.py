from __future__ import annotations

from pathlib import Path

import pytest

from deploy.synthetic.year import synthesize


@pytest.fixture(scope="session")
def small_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a made-up year of a few dossiers."""
    file = tmp_path_factory.mktemp("small") / "bundle.jsonl"
    with file.open("w", encoding="utf-8") as target:
        synthesize(2026, 150, 1, target)
    return file
