"""The day's register: a serial for each dossier that is received, none twice, none left out."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from contracts.intake import DossierAccepted, RegisterNumberAllotted
from contracts.vocabulary import DossierId
from services.intake.domain.register import allot, code_of, stream_of
from services.intake.main import SERVICE
from tests.services.intake.desk import Desk
from tests.services.rig import AGENCY, Rig, Running, problem

DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("serial", "code"),
    [(1, "H09.13-260302-0001"), (9999, "H09.13-260302-9999"), (10_000, "H09.13-260302-10000"), (99_999, "H09.13-260302-99999")],
)
def test_a_serial_has_four_digits_and_widens_rather_than_beginning_anew(serial: int, code: str) -> None:
    assert code_of(AGENCY, DAY, serial) == code
    assert allot(AGENCY, DAY, serial - 1, DossierId(UUID(int=1))).code == code


def test_each_agency_and_each_day_has_a_register_of_its_own() -> None:
    streams = {stream_of(agency, day) for agency in (AGENCY, "H09.13.02") for day in (DAY, date(2027, 3, 2), date(2026, 3, 3))}
    assert len(streams) == 6


async def serials(intake: Running) -> list[tuple[date, int]]:
    """Give the serials of the register, as they were given, and insist that each stands on the receipt of its dossier."""
    allotted = [event.fact for event in await intake.events(RegisterNumberAllotted)]
    receipts = {event.fact.dossier_id: event.fact.code for event in await intake.events(DossierAccepted)}
    assert {fact.dossier_id: fact.code for fact in allotted} == receipts
    assert all(fact.code == code_of(AGENCY, fact.day, fact.serial) for fact in allotted)
    return [(fact.day, fact.serial) for fact in allotted]


async def test_dossiers_that_are_received_at_once_in_two_processes_get_dense_serials_none_twice(
    rig: Rig, intake: Running, desk: Desk
) -> None:
    ids = [await desk.submit() for _ in range(12)]
    async with rig.running(SERVICE, intake.database) as second:
        desks = [desk, Desk(second)]
        answers = await asyncio.gather(*(desks[n % 2].ask(id, "acceptance") for n, id in enumerate(ids)))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert await serials(intake) == [(DAY, n) for n in range(1, 13)]
    assert len({answer.json()["code"] for answer in answers}) == 12


async def test_of_two_who_receive_the_same_dossier_at_once_one_does_and_one_serial_is_used(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    answers = await asyncio.gather(*(desk.ask(id, "acceptance") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await serials(intake) == [(DAY, 1)]


async def test_a_refused_acceptance_uses_no_serial(intake: Running, desk: Desk) -> None:
    problem(await desk.ask(await desk.submit(without={"don-de-nghi"}), "acceptance"), 409, "components-missing")
    await desk.accepted()
    assert await serials(intake) == [(DAY, 1)]


async def test_a_register_begins_with_the_local_day(intake: Running, desk: Desk) -> None:
    for moment in (datetime(2026, 3, 2, 16, 59, tzinfo=UTC), datetime(2026, 3, 2, 17, 0, tzinfo=UTC)):
        intake.moment = moment
        await desk.accepted()
    assert await serials(intake) == [(DAY, 1), (date(2026, 3, 3), 1)]


async def test_a_code_survives_everything_that_happens_to_its_dossier_and_is_given_to_no_other(intake: Running, desk: Desk) -> None:
    first = await desk.accepted()
    await desk.do(first, "withdrawal", {"reason": "other"})
    second = await desk.accepted()
    assert [(await desk.dossier(id))["code"] for id in (first, second)] == [f"{AGENCY}-260302-000{n}" for n in (1, 2)]
