from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.services.feedback.listening import Listening, listening
from tests.services.rig import Rig


@pytest.fixture
async def ear(rig: Rig) -> AsyncGenerator[Listening]:
    async with listening(rig) as made:
        yield made
