from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.intake.main import SERVICE
from services.intake.settings import CATALOGUE
from tests.services.intake.desk import Desk
from tests.services.intake.office import Office
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
async def office(rig: Rig, tmp_path: Path) -> Office:
    database = await rig.database(SERVICE.name, SERVICE.migrations)
    return Office(rig, database, shutil.copytree(CATALOGUE, tmp_path / "catalogue"))


@pytest.fixture
def desk(intake: Running) -> Desk:
    return Desk(intake)
