from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.kernel.eventlog.rig import Rig
from tests.servers import NatsServer, PostgresServer


@pytest.fixture(scope="session", name="templates")
def templates_fixture() -> dict[str, str]:
    """Give the migrated databases that the others are copies of, by service."""
    return {}


@pytest_asyncio.fixture(name="rig")
async def rig_fixture(postgres: PostgresServer, nats: NatsServer, templates: dict[str, str]) -> AsyncGenerator[Rig]:
    """Give the test a rig of its own."""
    rig = Rig(postgres, nats, templates)
    yield rig
    await rig.close()
