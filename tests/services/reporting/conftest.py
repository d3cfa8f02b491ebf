from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from services.reporting.main import SERVICE
from tests.servers import NatsServer, PostgresServer
from tests.services.reporting.mirror import Mirrored, mirroring, some_weeks
from tests.services.reporting.tables import Tables, tables
from tests.services.rig import Rig


@pytest.fixture
async def mirror(postgres: PostgresServer, nats: NatsServer, tmp_path: Path) -> AsyncGenerator[Tables]:
    """The read tables alone. The broker is not emptied for them: a module's service may be using it."""
    async with tables(Rig(postgres, nats, tmp_path), SERVICE.migrations) as made:
        yield made


@pytest.fixture
async def mirrored(rig: Rig) -> AsyncGenerator[Mirrored]:
    """The whole service, and three neighbours that have recorded nothing yet."""
    async with mirroring(rig) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def told(postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Mirrored]:
    """The whole service after some weeks; a module's tests share it, and those that add to it stand in a module of their own."""
    rig = Rig(postgres, nats, tmp_path_factory.mktemp("told"))
    await rig.empty_broker()
    async with mirroring(rig) as made:
        await some_weeks(made)
        yield made
