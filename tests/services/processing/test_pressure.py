from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.processing.main import SERVICE
from services.processing.pressure import Pressure
from services.processing.query import Register
from services.processing.settings import ProcessingSettings
from tests.servers import NatsServer, PostgresServer
from tests.services.processing.department import Department, department
from tests.services.processing.dossiers import NOTICE, PROMOTION
from tests.services.rig import AGENCY, MONDAY, Rig


@pytest.fixture
async def dept(postgres: PostgresServer, nats: NatsServer, tmp_path: Path) -> AsyncGenerator[Department]:
    rig = Rig(postgres, nats, tmp_path)
    await rig.empty_broker()
    async with department(rig) as made:
        yield made


def figures() -> tuple[float | None, float | None]:
    """Give what is late and what is nearly so, as Prometheus would read it."""
    labels = {"agency": AGENCY}
    return REGISTRY.get_sample_value("cases_overdue", labels), REGISTRY.get_sample_value("cases_due_soon", labels)


@asynccontextmanager
async def watched(dept: Department) -> AsyncGenerator[Pressure]:
    """Give what a worker of this department counts with."""
    runtime = SERVICE.runtime(ProcessingSettings(database_url=dept.running.database.runtime_dsn, jwks_file=dept.running.issuer.jwks))  # pyright: ignore[reportArgumentType] - pydantic reads it
    await runtime.log.open()
    yield Pressure(Register(runtime))
    await runtime.log.close()


async def shown(dept: Department) -> None:
    """Return when the register has all that was recorded."""
    answer = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}")
    assert answer.status_code == 200, answer.text


async def test_cases_are_counted_when_their_limit_is_near_and_when_it_is_over_and_not_once_they_are_done(dept: Department) -> None:
    async with watched(dept) as pressure:
        late = await dept.opened(PROMOTION)
        await dept.opened(NOTICE)  # has no limit, so it is never late
        await shown(dept)
        assert (await pressure.look(MONDAY), figures()) == (0, (0, 0))
        assert (await pressure.look(MONDAY + timedelta(days=6, hours=23)), figures()) == (1, (0, 1))  # Monday 9 March, the last day
        assert (await pressure.look(MONDAY + timedelta(days=30)), figures()) == (1, (1, 0))
        await dept.advanced(late)
        await shown(dept)
        assert (await pressure.look(MONDAY + timedelta(days=30)), figures()) == (0, (0, 0))
