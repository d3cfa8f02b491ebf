from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

import pytest

from tests.services.feedback.listening import Listening, listening
from tests.services.rig import Rig

MANY: Final = 1_000_000


@pytest.fixture
async def ear(rig: Rig) -> AsyncGenerator[Listening]:
    # What few tests do in a few seconds is more than one network may ask in a minute; how that is turned away, `test_spam.py` tells.
    async with listening(rig, anonymous_per_minute=MANY, anonymous_total_per_minute=MANY) as made:
        yield made
