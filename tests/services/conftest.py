from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import NatsServer, PostgresServer
from tests.services.rig import Rig


@pytest.fixture
async def rig(postgres: PostgresServer, nats: NatsServer, tmp_path: Path) -> Rig:
    made = Rig(postgres, nats, tmp_path)
    await made.empty_broker()
    return made
