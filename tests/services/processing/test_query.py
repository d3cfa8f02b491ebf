"""What officers ask of cases: pages, filters, whose work waits where, and answers that wait for what the caller has seen."""

from __future__ import annotations

from typing import Any, Final

import pytest

from services.processing.domain.case import stream_of
from tests.services.processing.department import Department
from tests.services.processing.dossiers import CHEMICALS, PROMOTION, WINE, accepted, new_dossier
from tests.services.rig import MONDAY, problem

MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}
TRADE: Final = "phong-quan-ly-thuong-mai"


async def found(dept: Department, **query: Any) -> list[str]:
    """List cases, all that have been recorded being shown; give their ids."""
    answer = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}", **query)
    assert answer.status_code == 200, answer.text
    return [row["case_id"] for row in answer.json()["items"]]


async def some_cases(dept: Department, count: int) -> list[str]:
    """Open cases one after another, an hour apart; give their ids, the newest first."""
    return [str(await dept.opened(WINE, at=dept.running.later(hours=1))) for _ in range(count)][::-1]


async def test_pages_show_each_case_once_though_new_ones_come_in_between(dept: Department) -> None:
    cases, pages, cursor = await some_cases(dept, 5), list[Any](), dict[str, str]()
    for _ in range(3):
        answer = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}", limit=2, **cursor)
        pages.append(answer.json())
        cursor = {"cursor": pages[-1]["next"]}
        await some_cases(dept, 1)
    assert [row["case_id"] for page in pages for row in page["items"]] == cases
    assert pages[-1]["next"] is None
    assert pages[-1]["lag"].keys() == pages[-1]["positions"].keys() == {"processing"}


async def test_cases_that_were_opened_in_the_same_instant_are_on_one_page_or_the_next_and_never_on_both(dept: Department) -> None:
    cases = {str(await dept.opened(WINE)) for _ in range(3)}
    first = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}", limit=2)
    second = await dept.running.get("/v1/cases", dept.token(), limit=2, cursor=first.json()["next"])
    shown = [row["case_id"] for page in (first, second) for row in page.json()["items"]]
    assert (len(shown), set(shown)) == (3, cases)


async def test_a_cursor_of_another_list_is_refused(dept: Department) -> None:
    await some_cases(dept, 2)
    page = await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}", limit=1)
    answer = await dept.running.get("/v1/cases", dept.token(), limit=1, cursor=page.json()["next"], state="waiting")
    assert [error["pointer"] for error in problem(answer, 422, "invalid-input")["errors"]] == ["/cursor"]


async def test_a_unit_finds_what_waits_for_it_and_who_has_what(dept: Department) -> None:
    waits, has, elsewhere = await dept.opened(WINE), await dept.opened(WINE), await dept.opened(WINE)
    for case_id in (waits, has):
        await dept.advanced(case_id, to="B3")
    await dept.ask(has, "claim", {}, "nv-tm-03")
    role = (await dept.see(waits))["role"]
    assert set(await found(dept, unit=TRADE, role=role)) == {str(waits), str(has)}
    assert await found(dept, unit=TRADE, role=role, state="waiting") == [str(waits)]
    assert await found(dept, unit=TRADE, role=role, state="claimed") == [str(has)]
    assert await found(dept, unit=(await dept.see(elsewhere))["unit"]) == [str(elsewhere)]
    answer = await dept.running.get("/v1/cases", dept.token(), state="claimed")
    assert [row["officer"] for row in answer.json()["items"]] == ["nv-tm-03"]


async def test_a_dossiers_case_is_found_by_the_dossier(dept: Department) -> None:
    dossier = new_dossier()
    case_id = await dept.opened(WINE, dossier=dossier)
    await dept.opened(WINE)
    assert await found(dept, dossier=dossier) == [str(case_id)]
    assert await found(dept, dossier=new_dossier()) == []


async def test_overdue_is_what_is_open_past_its_limit_and_neither_paused_nor_ended(dept: Department) -> None:
    late, paused, ended, young = [await dept.opened(procedure) for procedure in (PROMOTION, WINE, PROMOTION, CHEMICALS)]
    await dept.ask(paused, "pause", MISSING, "nv-mc-01")
    await dept.advanced(ended)
    due_on = (await dept.see(late))["due_on"]
    assert due_on == "2026-03-09"
    dept.running.moment = MONDAY.replace(day=9, hour=16, minute=59)
    assert await found(dept, overdue=True) == []
    dept.running.later(minutes=1)  # midnight in Vietnam
    assert await found(dept, overdue=True) == [str(late)]
    assert set(await found(dept, overdue=False)) == {str(paused), str(ended), str(young)}
    dept.running.later(days=60)
    assert set(await found(dept, overdue=True)) == {str(late), str(young)}


async def test_a_list_shows_what_followed_from_a_fact_of_intake_to_whoever_names_its_position(dept: Department) -> None:
    for _ in range(5):
        dossier = new_dossier()
        position = await dept.intake.tell(dossier, accepted(dossier))
        answer = await dept.running.get("/v1/cases", dept.token(), after=position, dossier=dossier)
        assert [row["case_id"] for row in answer.json()["items"]] == [str(stream_of(dossier))]


@pytest.mark.parametrize("source", ["intake", "processing"])
@pytest.mark.parametrize("path", ["/v1/cases", "/v1/permits/1/GP-SCT"])
async def test_a_position_that_does_not_come_is_not_waited_for_endlessly(dept: Department, source: str, path: str) -> None:
    answer = await dept.running.get(path, dept.token(), after=f"{source}/1000000")
    problem(answer, 503, "not-there-yet")
    assert answer.headers["retry-after"]


async def test_nobody_sees_the_cases_of_another_agency(dept: Department) -> None:
    own, other = await dept.opened(WINE), await dept.opened(WINE, agency="H10")
    assert await found(dept) == [str(own)]
    for agencies, seen in ((("H10",), {str(other)}), (("H09",), {str(own)}), (("*",), {str(own), str(other)})):
        answer = await dept.running.get("/v1/cases", dept.token(agencies=agencies))
        assert {row["case_id"] for row in answer.json()["items"]} == seen


async def test_the_derivation_of_a_deadline_tells_each_day_and_the_pause_that_moved_it(dept: Department) -> None:
    case_id = await dept.opened(CHEMICALS)
    await dept.advanced(case_id, to="B3")
    before = await dept.see(case_id)
    assert before["due_on"] == "2026-03-18"
    assert "- 16/03/2026 đến 18/03/2026: tính 3 ngày làm việc." in before["why"]
    assert "- 16/03/2026 to 18/03/2026: 3 working days counted." in before["why_en"]

    dept.running.later(days=1)
    await dept.ask(case_id, "pause", MISSING, "nv-at-03")
    during = await dept.see(case_id)
    assert (during["state"], during["due_on"], during["why"]) == ("paused", before["due_on"], before["why"])
    problem(await dept.ask(case_id, "pause", MISSING, "nv-at-03"), 409, "case-paused")

    await dept.supplemented(case_id, dept.running.later(days=7))
    after = await dept.see(case_id)
    assert (after["state"], after["officer"], after["due_on"]) == ("claimed", "nv-at-03", "2026-03-25")
    for line in ("03/03/2026: tính 1 ngày làm việc.", "08:30 03/03/2026 đến 08:30 10/03/2026: không tính. Chờ bổ sung"):
        assert f"- {line}" in after["why"]
    for line in ("03/03/2026: 1 working day counted.", "08:30 03/03/2026 to 08:30 10/03/2026: not counted. Waiting for the supplement"):
        assert f"- {line}" in after["why_en"]
