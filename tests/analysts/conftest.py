from __future__ import annotations

from pathlib import Path

import pytest

from deploy.synthetic.year import synthesize
from tests.servers import NatsServer, PostgresServer
from tests.services.rig import Rig


@pytest.fixture(scope="session")
def small_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a made-up year of a few dossiers."""
    file = tmp_path_factory.mktemp("small") / "bundle.jsonl"
    with file.open("w", encoding="utf-8") as target:
        synthesize(2026, 150, 1, target)
    return file


@pytest.fixture
async def rig(postgres: PostgresServer, nats: NatsServer, tmp_path: Path) -> Rig:
    """Servers of its own for one test, and a broker that holds nothing yet."""
    made = Rig(postgres, nats, tmp_path)
    await made.empty_broker()
    return made
