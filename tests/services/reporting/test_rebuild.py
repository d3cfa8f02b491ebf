"""A read model that is rebuilt by command: what differs is found and mended, while facts come and people read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count

import asyncpg
import nats
import pytest

from deploy.local.rebuild import Rebuilding, Rebuilt, Table
from kernel.eventlog.errors import Doubt
from services.reporting.main import SERVICE
from services.reporting.projections import MIRROR
from tests.services.reporting.facts import Paper
from tests.services.reporting.mirror import MARCH, Mirrored, some_weeks
from tests.services.reporting.test_projection import defined, recorded, shown
from tests.services.rig import eventually

SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'mirror%'"


async def rebuild(mirrored: Mirrored, *, only_compare: bool = False) -> Rebuilt:
    """Do as the command does."""
    async with asyncpg.create_pool(mirrored.service.database.runtime_dsn, min_size=1, max_size=1) as pool:
        broker = await nats.connect(mirrored.rig.nats.url)
        try:
            return await Rebuilding(pool, broker, SERVICE, MIRROR).run(only_compare=only_compare)
        finally:
            await broker.close()


async def spoil(mirrored: Mirrored) -> None:
    """Change a row by hand; what the database keeps follows it."""
    async with mirrored.service.connected() as connection:
        changed = await connection.execute(f"UPDATE {MIRROR.consumer}.dossier_register SET field = 'xang-dau' WHERE field = 'dien'")  # noqa: S608 - the model's own name
        assert changed == "UPDATE 1"


async def wrong(mirrored: Mirrored) -> list[asyncpg.Record]:
    """Give what the database has kept wrongly."""
    async with mirrored.service.connected() as connection:
        return [row for table in MIRROR.kept for row in await connection.fetch(f"SELECT * FROM {MIRROR.consumer}.{table}_wrong")]  # noqa: S608 - the model's own names


@asynccontextmanager
async def busy(mirrored: Mirrored) -> AsyncGenerator[None]:
    """Let facts come and figures be read before, meanwhile and after; insist that every answer was one."""
    over, answers = asyncio.Event(), list[int]()

    async def answered() -> int:
        return len(answers)

    async def tell() -> None:
        for n in count():
            paper = Paper(f"meanwhile-{n}")
            await mirrored.tell(paper.submitted(n % 20), paper.accepted(n % 20, due=n % 20 + 5), paper.decided(9))
            if over.is_set():
                return

    async def read() -> None:
        while not over.is_set():
            answers.append((await mirrored.get("/v1/figures", "leader", agencies=("*",), **MARCH)).status_code)

    async with asyncio.TaskGroup() as tasks:
        _ = tasks.create_task(tell()), tasks.create_task(read())
        try:
            _ = await eventually(answered)
            yield
            before = len(answers)
            _ = await eventually(answered, lambda now: now > before + 1)
        finally:
            over.set()
    assert set(answers) == {200}


async def test_a_row_that_was_changed_by_hand_is_found_and_mended_while_facts_come_and_people_read(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    await spoil(mirrored)
    assert await shown(mirrored) != defined(await recorded(mirrored))
    async with busy(mirrored):
        found = await rebuild(mirrored)
    assert found.switched
    differing = {name: (table.only_shown, table.only_rebuilt) for name, table in found.tables.items() if table.only_shown}
    assert {name: differing[name] for name in ("dossier_register", "judged")} == {"dossier_register": (1, 1), "judged": (1, 1)}
    assert set(differing) == {"dossier_register", "judged", "tally"}
    assert found.tables["clock"].rows > 0
    await mirrored.level()
    assert await shown(mirrored) == defined(await recorded(mirrored))
    # The reader goes on, in the new tables, and what is kept is kept.
    await mirrored.tell(Paper("after").submitted(1), Paper("after").accepted(1, due=9), Paper("after").ready(5))
    await mirrored.level()
    assert await shown(mirrored) == defined(await recorded(mirrored))
    assert await wrong(mirrored) == []
    assert await mirrored.service.parked() == []
    assert (await rebuild(mirrored)).differ == 0


async def test_only_comparing_changes_nothing(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    await spoil(mirrored)
    before = await shown(mirrored)
    found = await rebuild(mirrored, only_compare=True)
    assert (found.events, found.switched, found.tables["dossier_register"].only_shown) == (len(await recorded(mirrored)), False, 1)
    assert found.tables["rating"] == Table(rows=7, only_shown=0, only_rebuilt=0)
    assert await shown(mirrored) == before
    async with mirrored.service.connected() as connection:
        assert [row["nspname"] for row in await connection.fetch(SCHEMAS)] == [MIRROR.consumer]


async def test_while_another_version_is_shown_nothing_is_rebuilt(mirrored: Mirrored) -> None:
    other = "UPDATE log.read_model SET version = $1 WHERE name = 'mirror'"
    async with mirrored.service.connected() as connection:
        await connection.execute(other, MIRROR.version - 1)
        with pytest.raises(Doubt, match="another version"):
            await rebuild(mirrored)
        await connection.execute(other, MIRROR.version)
