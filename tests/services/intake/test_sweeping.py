"""What uploads leave is removed by a worker, and nothing that a fact names: after a crash, after an outage, after somebody gave up."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from contracts.intake_files import DossierFileAttached
from services.intake.main import SERVICE
from tests.services.intake.desk import Desk
from tests.services.intake.papers import PDF_BYTES, Papers, judged, kept_in
from tests.services.rig import Rig, Running, eventually, problem

LOOKING: Final[dict[str, Any]] = {"files_look_seconds": 0.05, "scan_look_seconds": 0.05, "upload_hours": 2}
LEAVING: Final = {"reason": "no-longer-needed"}


@pytest.fixture
async def looking(rig: Rig) -> AsyncGenerator[Papers]:
    async with rig.running(SERVICE, **LOOKING) as running:
        yield Papers(Desk(running))


def file_of(upload: str) -> UUID:
    return UUID(upload.split("/")[-2])


async def states(intake: Running) -> dict[str, str]:
    """Give how each file stands in the service's own books."""
    async with intake.connected() as connection:
        return {str(row["id"]): row["state"] for row in await connection.fetch("SELECT id, state FROM files.object")}


async def age(intake: Running, *uploads: str, hours: float) -> None:
    """Let time pass for what is on its way: these uploads, or everything."""
    moved = "UPDATE files.object SET touched_at = touched_at - make_interval(secs => $1) WHERE id = ANY ($2) OR $2 = '{}'"
    async with intake.connected() as connection:
        await connection.execute(moved, hours * 3600, [file_of(upload) for upload in uploads])


async def seen_to(looking: Papers, id: str) -> None:
    """Wait until the sweeper has looked once more: an old upload that was not there before is gone."""
    intake = looking.desk.intake
    upload = await looking.declare(id)
    await age(intake, upload, hours=3)
    await eventually(lambda: states(intake), lambda found: str(file_of(upload)) not in found)


def age_objects(folder: Path, *, hours: float) -> None:
    """Let time pass in the store."""
    before = time.time() - hours * 3600
    for file in folder.rglob("*"):
        os.utime(file, (before, before))


@asynccontextmanager
async def halted(intake: Running) -> AsyncGenerator[None]:
    """Let the log take nothing on for a while: whoever has put a file into the store cannot say so.

    As if it were halted, but that the relay, which sees log and stream tell the same, does not let it go on.
    """
    anew = "ALTER TABLE log.head DROP CONSTRAINT head_is_halted, ADD CONSTRAINT head_is_halted CHECK ({})"
    async with intake.connected(intake.database.owner_dsn) as connection:
        # The lock keeps the head from moving between the look and the constraint.
        async with connection.transaction():
            await connection.execute("LOCK TABLE log.head IN ACCESS EXCLUSIVE MODE")
            head = await connection.fetchval("SELECT pos FROM log.head")
            await connection.execute(anew.format(f"pos = {head}"))
        yield
        await connection.execute(anew.format("pos = halted_at"))


async def test_what_nobody_went_on_with_is_removed_and_what_somebody_did_stays(looking: Papers, folder: Path) -> None:
    desk, intake = looking.desk, looking.desk.intake
    id = await desk.submit()
    declared, begun, whole, kept = await looking.declare(id), await looking.declare(id), await looking.send(id), await looking.declare(id)
    await looking.patch(begun, 0, PDF_BYTES[:10])
    await looking.patch(kept, 0, PDF_BYTES[:10])
    await age(intake, hours=1.9)
    await seen_to(looking, id)
    assert len(await states(intake)) == 4
    await looking.patch(kept, 10, PDF_BYTES[10:20])
    await age(intake, hours=0.2)
    await eventually(lambda: states(intake), lambda found: found == {str(file_of(kept)): "under-way"})
    assert {name.split("/")[1] for name in kept_in(folder)} == {str(file_of(kept))}
    assert (await desk.kept())["vault.entry"] == 2
    for gone in (declared, begun, whole):
        assert (await looking.head(gone)).status_code == 404
    await looking.patch(kept, 20, PDF_BYTES[20:])
    Desk.done(await looking.complete(kept))


async def test_a_crash_between_store_and_fact_leaves_an_upload_that_can_be_completed_once_more(looking: Papers, folder: Path) -> None:
    intake = looking.desk.intake
    id = await looking.desk.submit()
    upload = await looking.send(id)
    async with halted(intake):
        problem(await looking.complete(upload), 503, "busy")
    assert f"files/{file_of(upload)}" in kept_in(folder)
    assert await intake.events(DossierFileAttached) == []
    assert await looking.files(id) == []
    Desk.done(await looking.complete(upload))
    assert await judged(looking, id) == ["clean"]


async def test_an_orphan_that_a_crash_left_between_store_and_fact_is_swept(looking: Papers, folder: Path) -> None:
    intake = looking.desk.intake
    upload = await looking.send(await looking.desk.submit())
    async with halted(intake):
        problem(await looking.complete(upload), 503, "busy")
    await age(intake, hours=3)
    await eventually(lambda: states(intake), lambda found: found == {})
    assert kept_in(folder) == {}
    assert (await looking.desk.kept())["vault.entry"] == 1
    problem(await looking.complete(upload), 404, "not-found")


async def test_a_crash_right_after_the_fact_removes_nothing(looking: Papers, folder: Path) -> None:
    intake = looking.desk.intake
    id = await looking.desk.submit()
    file = await looking.attach(id)
    async with intake.connected() as connection:
        # Whoever dies there has recorded the fact and not yet said so here.
        await connection.execute("UPDATE files.object SET state = 'under-way', received = size_bytes")
    await age(intake, hours=3)
    await eventually(lambda: states(intake), lambda found: found == {file: "attached"})
    assert await judged(looking, id) == ["clean"]
    given = await intake.get(f"/v1/dossiers/{id}/files/{file}", looking.desk.officer, purpose="appraisal")
    assert given.content == PDF_BYTES


async def test_parts_that_belong_to_nothing_are_swept_once_they_are_old_and_whole_files_never(looking: Papers, folder: Path) -> None:
    id = await looking.desk.submit()
    file, upload = await looking.attach(id), await looking.declare(id)
    await looking.patch(upload, 0, PDF_BYTES[:10])
    stray = {f"parts/{file}/000000000000-aa", f"parts/{uuid4()}/000000000000-bb"}
    for name in stray:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"left by a request that died")
    await seen_to(looking, id)
    await seen_to(looking, id)  # the parts come after the uploads: those of the first look are through by now
    assert stray < set(kept_in(folder))
    age_objects(folder, hours=3)
    await eventually(lambda: asyncio.to_thread(kept_in, folder), lambda found: not stray & set(found))
    assert {name.split("/")[0] for name in kept_in(folder)} == {"files", "parts"}
    await looking.patch(upload, 10, PDF_BYTES[10:])
    Desk.done(await looking.complete(upload))


async def test_what_was_given_up_while_the_store_was_away_is_removed_when_it_is_back(looking: Papers, folder: Path) -> None:
    intake = looking.desk.intake
    upload = await looking.send(await looking.desk.submit(), sha256="0" * 64)
    (part,) = kept_in(folder)
    async with intake.connected() as connection:
        # As a crash leaves it after it was given up.
        await connection.execute("UPDATE files.object SET state = 'gone'")
    assert (await looking.head(upload)).status_code == 404
    await eventually(lambda: states(intake), lambda found: found == {})
    assert part not in kept_in(folder)


async def test_files_that_a_crash_left_after_an_erasure_are_given_to_nobody_and_removed_by_the_worker(rig: Rig, folder: Path) -> None:
    async with rig.running(SERVICE, erasure_look_seconds=0.7, **LOOKING) as intake:
        papers = Papers(Desk(intake))
        id, other = await papers.desk.submit(), await papers.desk.submit()
        file, neighbours = await papers.attach(id), await papers.attach(other)
        await judged(papers, id)
        await papers.desk.do(id, "withdrawal", LEAVING)
        copy = await asyncio.to_thread(shutil.copy, folder / "files" / file, folder.with_name("copy"))
        async with intake.connected() as connection:
            row = await connection.fetchrow("SELECT * FROM files.object WHERE id = $1", UUID(file))
            intake.later(days=92)
            token = intake.token("data-protection")
            Desk.done(await papers.desk.ask(id, "erasure", {"ground": "on-demand"}, token))
            assert row is not None
            # Whoever dies between the vault and the store leaves the file as it was.
            await asyncio.to_thread(shutil.copy, copy, folder / "files" / file)
            marks = ", ".join(f"${n + 1}" for n in range(len(row)))
            await connection.execute(f"INSERT INTO files.object VALUES ({marks})", *row.values())  # noqa: S608 - no names in it
        problem(await intake.get(f"/v1/dossiers/{id}/files/{file}", papers.desk.officer, purpose="appraisal"), 404, "erased")
        await eventually(lambda: states(intake), lambda found: found == {neighbours: "attached"})
        assert list(kept_in(folder)) == [f"files/{neighbours}"]
