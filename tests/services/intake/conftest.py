from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from services.intake.main import SERVICE
from tests.services.intake.desk import Desk
from tests.services.rig import Rig, Running


@pytest.fixture
async def intake(rig: Rig) -> AsyncGenerator[Running]:
    async with rig.running(SERVICE) as running:
        yield running


@pytest.fixture
def desk(intake: Running) -> Desk:
    return Desk(intake)
