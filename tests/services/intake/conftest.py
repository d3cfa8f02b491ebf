from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.intake.main import SERVICE
from tests.services.intake.desk import Desk
from tests.services.intake.papers import Papers
from tests.services.rig import Rig, Running


@pytest.fixture
async def intake(rig: Rig) -> AsyncGenerator[Running]:
    async with rig.running(SERVICE) as running:
        yield running


@pytest.fixture
def folder(rig: Rig) -> Path:
    """Where intake keeps its files."""
    return rig.folder / "files"


@pytest.fixture
def papers(desk: Desk) -> Papers:
    return Papers(desk)


@pytest.fixture
def desk(intake: Running) -> Desk:
    return Desk(intake)
