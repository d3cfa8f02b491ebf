from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.services.processing.department import Department, department
from tests.services.rig import Rig


@pytest.fixture
async def dept(rig: Rig) -> AsyncGenerator[Department]:
    async with department(rig) as made:
        yield made
