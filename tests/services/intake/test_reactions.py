"""What intake does when the department has done something: it asks, moves the appointment, takes the result; each once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx2
import pytest

from contracts.catalogue import FACTS
from contracts.intake import DossierAccepted, DossierReappointed, DossierRescheduled, DossierResultReady, DossierSupplementRequested
from contracts.processing import CaseResultIssued
from contracts.processing_clock import CaseClockPaused, CaseClockResumed, CaseReappointed
from contracts.vocabulary import CaseId, Deadline, DossierId, MissingComponent
from kernel.eventlog import Recorded
from kernel.legalclock import load_calendar, resume
from services.intake.consume import REACTOR, react
from services.intake.main import SERVICE
from tests.contracts.golden import golden
from tests.services.intake.desk import NOT_COMPLETE, Desk
from tests.services.rig import AGENCY, Neighbour, Rig, eventually

MISSING: Final = (MissingComponent(component="don-de-nghi", reason="not-certified"),)
ANSWERS: Final = ("clock-paused", "clock-resumed", "prolonged", "reappointed", "result-issued", "supplement-reminded", "time-excluded")
ANSWERED: Final = frozenset(f"processing.case.{what}.v1" for what in ANSWERS)


@dataclass
class Department:
    """What the department says of one dossier."""

    processing: Neighbour
    dossier: DossierId
    deadline: Deadline | None

    @property
    def case(self) -> CaseId:
        """The case's id."""
        return CaseId(UUID(int=self.dossier.int ^ 1))

    def paused(self, at: datetime, round_: int = 1) -> CaseClockPaused:
        """Say that something is missing."""
        of: dict[str, Any] = {"case_id": self.case, "dossier_id": self.dossier, "agency": AGENCY}
        return CaseClockPaused(**of, round=round_, missing=MISSING, officer="nv-tm-03", paused_at=at)

    def resumed(self, paused_at: datetime, at: datetime, round_: int = 1) -> CaseClockResumed:
        """Say that the limit counts anew."""
        assert self.deadline is not None
        before = self.deadline
        self.deadline = Deadline.model_validate(resume(before, paused_at, at, "restart", load_calendar().as_known_at(at)))
        of: dict[str, Any] = {"case_id": self.case, "dossier_id": self.dossier, "agency": AGENCY}
        return CaseClockResumed(**of, round=round_, due_before_at=before.due_at, deadline=self.deadline, resumed_at=at)

    def reappointed(self, at: datetime) -> CaseReappointed:
        """Say that the result will be late, and when it will be there."""
        assert self.deadline is not None
        of: dict[str, Any] = {"case_id": self.case, "dossier_id": self.dossier, "agency": AGENCY}
        day = date(2026, 12, 1)
        new: dict[str, Any] = {"new_due_on": day, "new_due_at": datetime(2026, 12, 1, 10, tzinfo=UTC), "reason": "workload"}
        return CaseReappointed(**of, **new, due_at=self.deadline.due_at, in_time=True, officer="nv-tm-01", reappointed_at=at)

    def issued(self, at: datetime) -> CaseResultIssued:
        """Say that the result is on its way."""
        of: dict[str, Any] = {"case_id": self.case, "dossier_id": self.dossier, "agency": AGENCY}
        return CaseResultIssued(**of, outcome="granted", result_number="1/GCN-SCT", officer="nv-vt-01", issued_at=at)


@pytest.fixture
async def processing(rig: Rig) -> AsyncGenerator[Neighbour]:
    async with rig.neighbour("processing") as neighbour:
        yield neighbour


async def received(desk: Desk, processing: Neighbour, **members: Any) -> Department:
    """Receive a dossier, so that the department knows it."""
    id = await desk.accepted(**members)
    (event,) = await desk.intake.events(DossierAccepted, stream=id)
    return Department(processing, event.fact.dossier_id, event.fact.deadline)


async def heard(desk: Desk, department: Department, *facts: Any, at: datetime) -> str:
    """Let the department say something, and wait until intake has heard it; give the position."""
    position = await department.processing.tell(department.case, *facts, at=at)
    await desk.intake.reacted_to(position)
    return position


async def test_from_a_pause_to_the_result_intake_follows_the_department(processing: Neighbour, desk: Desk) -> None:
    department, intake = await received(desk, processing), desk.intake
    id = str(department.dossier)
    paused_at = intake.later(days=2)
    position = await heard(desk, department, department.paused(paused_at), at=paused_at)
    found = await desk.dossier(id)
    assert (found["state"], found["legal"]) == ("awaiting-supplement", ["supplement", "withdrawal"])
    (asked,) = await intake.events(DossierSupplementRequested)
    assert (asked.fact.stage, asked.fact.round, asked.fact.missing, asked.fact.requested_by) == ("appraisal", 1, MISSING, "nv-tm-03")
    assert (asked.cause, asked.actor, asked.time) == (position, "system:intake", paused_at)

    brought_at = intake.later(days=7)
    await desk.do(id, "supplement", {"components": ["don-de-nghi"]})
    await heard(desk, department, department.resumed(paused_at, brought_at), at=brought_at)
    found = await desk.dossier(id)
    assert department.deadline is not None
    assert (found["state"], found["due_on"]) == ("accepted", department.deadline.due_on.isoformat())
    assert found["due_on"] == "2026-04-08", "twenty working days from 11 March on"

    issued_at = intake.later(days=5)
    await heard(desk, department, department.issued(issued_at), at=issued_at)
    found = await desk.dossier(id)
    assert (found["state"], found["legal"]) == ("result-ready", ["return"])
    (ready,) = await intake.events(DossierResultReady)
    assert (ready.fact.outcome, ready.fact.result_number, ready.fact.ready_at) == ("granted", "1/GCN-SCT", issued_at)
    assert (await desk.do(id, "return"))["state"] == "returned"
    assert await intake.parked() == []


async def test_an_apology_gives_the_applicant_a_new_day_and_leaves_the_limit_what_it_was(processing: Neighbour, desk: Desk) -> None:
    department = await received(desk, processing)
    before = await desk.dossier(str(department.dossier))
    at = desk.intake.later(days=3)
    await heard(desk, department, department.reappointed(at), at=at)
    after = await desk.dossier(str(department.dossier))
    assert (before["new_due_on"], after["new_due_on"]) == (None, "2026-12-01")
    assert [after[key] for key in ("state", "due_on", "due_at")] == [before[key] for key in ("state", "due_on", "due_at")]
    (told,) = await desk.intake.events(DossierReappointed)
    assert (told.fact.due_at, told.fact.reason) == (department.deadline and department.deadline.due_at, "workload")
    (row,) = (await desk.intake.get("/v1/dossiers", desk.officer, after=after["position"])).json()["items"]
    assert (row["due_on"], row["new_due_on"]) == (before["due_on"], "2026-12-01")


async def test_the_same_facts_heard_again_leave_nothing(rig: Rig, processing: Neighbour) -> None:
    database = await rig.database(SERVICE.name, SERVICE.migrations)
    async with rig.running(SERVICE, database) as intake:
        desk = Desk(intake)
        department = await received(desk, processing)
        for round_ in (1, 2):
            paused_at = intake.later(days=1)
            await heard(desk, department, department.paused(paused_at, round_), at=paused_at)
            await desk.do(str(department.dossier), "supplement", {"components": ["don-de-nghi"]})
            brought_at = intake.later(days=3)
            await heard(desk, department, department.resumed(paused_at, brought_at, round_), at=brought_at)
        before = await intake.bodies()
        assert [event.fact.round for event in await intake.events(DossierSupplementRequested)] == [1, 2]
        assert len(await intake.events(DossierRescheduled)) == 2
    # A database that was restored from a copy and completed from its own stream has an older checkpoint than log.
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("UPDATE log.checkpoint SET pos = 0 WHERE consumer = $1", REACTOR.name)
    await owner.close()
    async with rig.running(SERVICE, database) as intake:
        await intake.reacted_to(f"processing/{await processing.log.head()}")
        assert await intake.bodies() == before
        assert await intake.parked() == []


async def test_what_is_told_of_several_dossiers_in_any_order_leads_to_the_same(processing: Neighbour, desk: Desk) -> None:
    at = desk.intake.moment
    for order in permutations(("paused", "issued", "unknown")):
        departments = {name: await received(desk, processing) for name in ("paused", "issued")}
        departments["unknown"] = Department(processing, DossierId(UUID(int=len(order))), None)
        for name in order:
            department = departments[name]
            fact = department.paused(at) if name == "paused" else department.issued(at)
            await department.processing.tell(department.case, fact, at=at)
        await desk.intake.reacted_to(f"processing/{await processing.log.head()}")
        states = [(await desk.dossier(str(departments[name].dossier)))["state"] for name in ("paused", "issued")]
        assert states == ["awaiting-supplement", "result-ready"], order
    assert await desk.intake.parked() == []


async def test_what_is_told_of_a_dossier_that_has_ended_meanwhile_is_heard_and_leaves_nothing(processing: Neighbour, desk: Desk) -> None:
    department = await received(desk, processing)
    await desk.do(str(department.dossier), "withdrawal", {"reason": "other"})
    before = await desk.kept()
    at = desk.intake.moment
    paused, resumed = department.paused(at), department.resumed(at, desk.intake.later(days=1))
    await heard(desk, department, paused, resumed, department.issued(desk.intake.moment), at=at)
    assert await desk.kept() == before
    assert await desk.intake.parked() == []


async def test_while_the_department_is_not_heard_the_door_stays_open(rig: Rig) -> None:
    async with rig.running(SERVICE, nats_url="nats://127.0.0.1:9") as intake:
        desk = Desk(intake)
        id = await desk.submit(without={"don-de-nghi"})
        await desk.do(id, "supplement-request", NOT_COMPLETE)
        await desk.do(id, "supplement", {"components": ["don-de-nghi"]})
        receipt = await desk.do(id, "acceptance")

        async def listed() -> httpx2.Response:
            return await intake.get("/v1/dossiers", desk.officer, after=receipt["position"])

        answer = await eventually(listed, lambda answer: answer.status_code == 200)
        assert [item["code"] for item in answer.json()["items"]] == [receipt["code"]]


@pytest.mark.parametrize("type_", sorted(FACTS))
def test_of_all_facts_only_a_pause_its_end_a_limit_that_moves_and_a_result_are_intakes_business(type_: str) -> None:
    event = golden(type_)
    fact = FACTS[type_].model_validate(event["data"])
    at = datetime.fromisoformat(event["time"])
    told = Recorded("processing", 1, UUID(event["subject"]), 1, event["id"], type_, at, at, AGENCY, event["actor"], None, None, fact)
    reaction = react(told)
    assert (reaction is not None) == (type_ in ANSWERED)
    assert reaction is None or reaction.stream == fact.model_dump()["dossier_id"]
