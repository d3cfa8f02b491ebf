"""Numbers of results: dense per book and year, never shared, and each given together with what it is given to."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from contracts.processing import BookNumberAllotted, CaseResultIssued
from contracts.processing_permits import PermitIssued
from services.processing.domain import book
from services.processing.main import SERVICE
from tests.services.processing.department import Department
from tests.services.processing.dossiers import PROMOTION, WINE
from tests.services.rig import AGENCY, Rig

LAST_STEP = {"step": "B6"}


async def the_book_is_whole(dept: Department, year: int, numbers: list[str]) -> None:
    """Insist that a year's book holds these numbers in order, each in one commit with the result that got it."""
    entries = await dept.running.events(BookNumberAllotted, stream=book.stream_of(AGENCY, year))
    results = {event.fact.case_id: event for event in await dept.running.events(CaseResultIssued)}
    assert [entry.fact.serial for entry in entries] == [entry.version for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.fact.number for entry in entries] == numbers
    for entry in entries:
        result = results[entry.fact.case_id]
        assert result.fact.result_number == entry.fact.number
        assert result.id.rpartition("/")[0] == entry.id.rpartition("/")[0]


async def test_of_many_results_that_are_issued_at_once_each_has_a_number_of_its_own_and_none_is_left_out(dept: Department) -> None:
    cases = [await dept.opened(WINE) for _ in range(8)]
    for case_id in cases:
        await dept.advanced(case_id, to="B6")

    async def issue(case_id: object) -> str:
        answer = await dept.ask(case_id, "completion", LAST_STEP, "nv-vt-01")  # pyright: ignore[reportArgumentType] - a CaseId
        assert answer.status_code == 200, answer.text
        return answer.json()["result_number"]

    given = await asyncio.gather(*(issue(case_id) for case_id in cases))
    assert sorted(given) == [f"{serial}/GP-SCT" for serial in range(1, 9)]
    await the_book_is_whole(dept, 2026, sorted(given))
    assert {event.fact.number for event in await dept.running.events(PermitIssued)} == set(given)


async def test_two_processes_of_the_department_write_one_book(rig: Rig, dept: Department) -> None:
    cases = [await dept.opened(WINE) for _ in range(6)]
    for case_id in cases:
        await dept.advanced(case_id, to="B6")
    async with rig.running(SERVICE, dept.running.database) as replica:
        other = Department(replica, dept.intake)
        answers = await asyncio.gather(
            *((dept, other)[n % 2].ask(case_id, "completion", LAST_STEP, "nv-vt-01", key=f"issue-{n}") for n, case_id in enumerate(cases))
        )
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({answer.json()["result_number"] for answer in answers}) == 6
    await the_book_is_whole(dept, 2026, [f"{serial}/GP-SCT" for serial in range(1, 7)])


async def test_e_52_permits_letters_and_refusals_share_a_book_and_a_new_year_begins_a_new_one(dept: Department) -> None:
    await dept.advanced(await dept.opened(WINE))
    await dept.advanced(await dept.opened(PROMOTION))
    await dept.advanced(await dept.opened(WINE), outcome="refused")
    await dept.advanced(await dept.opened(WINE))
    # The last minutes of the year in Vietnam, then the first of the next; in UTC both are the same day.
    dept.running.moment = dept.running.moment.replace(month=12, day=31, hour=16, minute=30)
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B6")
    dept.running.later(minutes=29)
    await dept.ask(case_id, "completion", LAST_STEP, "nv-vt-01")
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B6")
    dept.running.moment += timedelta(minutes=1)
    await dept.ask(case_id, "completion", LAST_STEP, "nv-vt-01")
    await the_book_is_whole(dept, 2026, ["1/GP-SCT", "2/TB-SCT", "3/TB-SCT", "4/GP-SCT", "5/GP-SCT"])
    await the_book_is_whole(dept, 2027, ["1/GP-SCT"])


async def test_an_attempt_that_is_refused_takes_no_number(dept: Department) -> None:
    first, second = await dept.opened(WINE), await dept.opened(WINE)
    for case_id in (first, second):
        await dept.advanced(case_id, to="B6")
    assert (await dept.ask(first, "completion", LAST_STEP, "nv-mc-01")).status_code == 403
    assert (await dept.ask(first, "completion", {"step": "B5"}, "nv-vt-01")).status_code == 409
    await dept.ask(second, "completion", LAST_STEP, "nv-vt-01")
    await dept.ask(first, "completion", LAST_STEP, "nv-vt-01")
    await the_book_is_whole(dept, 2026, ["1/GP-SCT", "2/GP-SCT"])
