"""What the department does when intake tells something: a case per acceptance, exactly once, whatever is killed or read again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import pytest

from contracts.processing import CaseOpened, CaseStopped
from contracts.processing_clock import CaseClockPaused, CaseClockResumed
from contracts.vocabulary import DossierId
from services.processing import consume
from services.processing.domain import case
from services.processing.main import SERVICE
from services.processing.settings import ProcessingSettings
from tests.servers import Database
from tests.services.processing.department import Department
from tests.services.processing.dossiers import WINE, accepted, new_dossier, submitted, supplemented, withdrawn
from tests.services.rig import MONDAY, VAULT_KEYS, Neighbour, Rig

ROOT: Final = Path(__file__).parents[3]
MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}


@asynccontextmanager
async def at_work(rig: Rig, intake: Neighbour, database: Database) -> AsyncGenerator[Department]:
    """Run processing for a while beside an intake that goes on."""
    async with rig.running(SERVICE, database) as running:
        made = Department(running, intake)
        await made.offered(WINE)
        await made.settled(rig)
        yield made


async def read_all_again(dept: Department) -> None:
    """Send the reactor back to the beginning of intake's log, as a checkpoint restored from an old copy would."""
    async with dept.running.connected() as connection:
        await connection.execute("UPDATE log.checkpoint SET pos = 0 WHERE consumer = $1", consume.NAME)


async def test_an_acceptance_that_is_told_twice_opens_one_case(dept: Department) -> None:
    dossier = new_dossier()
    await dept.intake.tell(dossier, accepted(dossier))
    await dept.running.reacted_to(await dept.intake.tell(dossier, accepted(dossier)))
    (opened,) = await dept.running.events(CaseOpened)
    assert opened.stream == case.stream_of(dossier)
    assert await dept.running.parked() == []


async def test_intakes_whole_log_read_again_makes_nothing(rig: Rig) -> None:
    database = await rig.database(SERVICE.name, SERVICE.migrations)
    async with rig.neighbour("intake") as intake:
        async with at_work(rig, intake, database) as dept:
            paused = await dept.opened(WINE)
            await dept.advanced(paused, to="B3")
            await dept.ask(paused, "pause", MISSING, "nv-tm-03")
            await dept.supplemented(paused, dept.running.later(days=2))
            stopped = DossierId((await dept.running.events(CaseOpened))[0].fact.dossier_id)
            last = await dept.intake.tell(stopped, withdrawn(stopped, dept.running.later(days=1)))
            await dept.running.reacted_to(last)
            before = await dept.running.bodies()
            assert len(await dept.running.events(CaseClockResumed)) == len(await dept.running.events(CaseStopped)) == 1
        async with at_work(rig, intake, database) as again:
            await read_all_again(again)
            # Applying what comes next, the reactor finds its checkpoint moved, and begins again from there.
            new = new_dossier()
            await again.running.reacted_to(await intake.tell(new, accepted(new)))
            assert (await again.running.bodies()).startswith(before)
            assert len(await again.running.events(CaseOpened)) == 2
            assert await again.running.parked() == []


async def test_every_acceptance_opens_one_case_though_processing_ends_and_begins_again_meanwhile(rig: Rig) -> None:
    database = await rig.database(SERVICE.name, SERVICE.migrations)
    numbers = [new_dossier() for _ in range(60)]
    async with rig.neighbour("intake") as intake:

        async def accept() -> list[str]:
            return [await intake.tell(number, accepted(number)) for number in numbers]

        accepting = asyncio.create_task(accept())
        for _ in range(3):
            async with at_work(rig, intake, database):
                pass
        positions = await accepting
        async with at_work(rig, intake, database) as dept:
            await dept.running.reacted_to(positions[-1])
            opened = await dept.running.events(CaseOpened)
    assert [event.cause for event in opened] == positions
    assert [event.fact.dossier_id for event in opened] == numbers


async def test_a_withdrawal_before_the_decision_stops_the_case_and_after_it_leaves_nothing(dept: Department) -> None:
    open_, decided = await dept.opened(WINE), await dept.opened(WINE)
    await dept.advanced(decided, to="B6")
    for case_id in (open_, decided):
        dossier = DossierId((await dept.running.events(CaseOpened, stream=case_id))[0].fact.dossier_id)
        await dept.running.reacted_to(await dept.intake.tell(dossier, withdrawn(dossier, MONDAY + timedelta(hours=1))))
    (stopped,) = await dept.running.events(CaseStopped)
    assert (stopped.stream, stopped.fact.stopped_at) == (open_, MONDAY + timedelta(hours=1))
    assert (await dept.see(open_))["state"] == "stopped"
    assert (await dept.advanced(decided))["state"] == "issued"


async def test_a_withdrawal_of_a_dossier_that_was_never_accepted_leaves_nothing(dept: Department) -> None:
    dossier, before = new_dossier(), await dept.count()
    await dept.running.reacted_to(await dept.intake.tell(dossier, submitted(dossier), withdrawn(dossier)))
    assert await dept.count() == before
    assert await dept.running.parked() == []


@pytest.mark.parametrize("round_", [1, 2])
async def test_only_the_supplement_that_was_asked_for_resumes_a_case(dept: Department, round_: int) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    await dept.ask(case_id, "pause", MISSING, "nv-tm-03")
    assert len(await dept.running.events(CaseClockPaused)) == 1
    dossier, at = DossierId((await dept.running.events(CaseOpened))[0].fact.dossier_id), dept.running.later(days=1)
    # One of the desk's own rounds, before the acceptance, is none of the department's business.
    early = supplemented(dossier, at, stage="desk")
    await dept.running.reacted_to(await dept.intake.tell(dossier, early, supplemented(dossier, at, round_=round_), at=at))
    assert len(await dept.running.events(CaseClockResumed)) == (1 if round_ == 1 else 0)
    assert (await dept.see(case_id))["state"] == ("claimed" if round_ == 1 else "paused")


async def test_an_acceptance_of_a_procedure_with_no_workflow_is_parked_and_the_other_dossiers_go_on(dept: Department) -> None:
    lost = new_dossier()
    nobodys = accepted(lost).model_copy(update={"procedure": "3.999999"})
    position = await dept.intake.tell(lost, nobodys)
    after = await dept.intake.tell(lost, withdrawn(lost))
    case_id = await dept.opened(WINE)
    assert (await dept.see(case_id))["state"] == "waiting"
    assert [event.stream for event in await dept.running.events(CaseOpened)] == [case_id]
    assert [(at, error.partition(":")[0]) for at, error in await dept.running.parked()] == [(position, "NoWorkflow"), (after, "Waiting")]


async def unpark(dept: Department, workflows: Path) -> tuple[int | None, str]:
    """Run `unpark` as an operator does, beside the running service; give its exit code and what it said last."""
    settings = {
        "DATABASE_URL": dept.running.database.runtime_dsn,
        "VAULT_KEYS": VAULT_KEYS,
        "JWKS_FILE": str(dept.running.issuer.jwks),
        "WORKFLOWS": str(workflows),
    }
    environment = {**os.environ, **{f"PROCESSING_{name}": value for name, value in settings.items()}}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.processing", "unpark", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode().strip().rpartition("\n")[2]


async def test_what_is_parked_is_applied_beside_the_running_service_once_a_workflow_is_assigned(dept: Department, tmp_path: Path) -> None:
    late = new_dossier()
    await dept.intake.tell(late, accepted(late).model_copy(update={"procedure": "3.999999"}))
    await dept.running.reacted_to(await dept.intake.tell(late, withdrawn(late)))
    workflows = tmp_path / "workflows"
    copytree(ProcessingSettings.model_fields["workflows"].default, workflows)
    assert await unpark(dept, workflows) == (1, "2 facts are parked still")

    with (workflows / "assignments.yaml").open("a", encoding="utf-8") as assignments:
        assignments.write("  - {procedure: '3.999999', template: standard-07-days, unit: phong-quan-ly-thuong-mai}\n")
    assert (await unpark(dept, workflows))[0] == 0

    assert await dept.running.parked() == []
    assert [type(event.fact) for event in await dept.running.events(stream=case.stream_of(late))] == [CaseOpened, CaseStopped]
