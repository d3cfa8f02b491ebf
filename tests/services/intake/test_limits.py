"""Limit and fee by channel and case, and a promise that is shorter than the law."""

from __future__ import annotations

from typing import Any, Final

import pytest

from contracts.intake import DossierAccepted
from services.intake.catalogue import load_catalogue
from tests.services.intake.desk import CHEMICALS, PETROL, Desk, pointers
from tests.services.intake.office import Office
from tests.services.rig import problem

CASES: Final[dict[str, Any]] = {
    "limits": [
        {"limit": {"amount": 10, "unit": "working-days"}, "channel": "online"},
        {"limit": {"amount": 5, "unit": "working-days"}, "case_code": "cap-lai"},
        {"limit": {"amount": 3, "unit": "working-days"}, "case_code": "cap-lai", "channel": "online"},
    ],
    "fees": [
        {"case": "Cấp mới", "case_code": "cap-moi", "amount_vnd": 400_000},
        {"case": "Cấp mới, nộp trực tuyến", "case_code": "cap-moi", "channel": "online", "amount_vnd": 360_000},
        {"case": "Cấp lại", "case_code": "cap-lai", "amount_vnd": 200_000},
    ],
}
"""Twenty working days unless a line says otherwise."""


@pytest.mark.parametrize(
    ("channel", "case", "days", "fee"),
    [
        ("desk", "cap-moi", 20, 400_000),
        ("online", "cap-moi", 10, 360_000),
        ("desk", "cap-lai", 5, 200_000),
        ("online", "cap-lai", 3, 200_000),
    ],
)
async def test_e_05_limit_and_fee_go_by_the_channel_and_by_the_case_that_the_desk_says(
    office: Office, channel: str, case: str, days: int, fee: int
) -> None:
    office.amend(PETROL, **CASES)
    async with office.open() as desk:
        id = await desk.submit(channel=channel)
        await desk.do(id, "acceptance", {"case_code": case})
        fact = await acceptance(desk, id)
        assert (await desk.dossier(id))["case_code"] == case
    assert fact.deadline is not None
    assert (fact.deadline.limit.amount, fact.fee_vnd, fact.case_code) == (days, fee, case)


async def test_e_05_where_there_are_cases_one_of_them_is_said_and_where_there_are_none_none_is(office: Office) -> None:
    async with office.open() as desk:
        answer = await desk.ask(await desk.submit(), "acceptance", {"case_code": "cap-moi"})
        assert pointers(problem(answer, 422, "invalid-input")) == ["/case_code"]
    office.amend(PETROL, **CASES)
    async with office.open() as desk:
        id = await desk.submit()
        before = await desk.kept()
        for body in ({}, {"case_code": "cap-doi"}):
            found = problem(await desk.ask(id, "acceptance", body), 422, "invalid-input")
            assert pointers(found) == ["/case_code"]
        assert await desk.kept() == before


async def test_e_55_one_dossier_for_three_shops_costs_three_fees_where_the_fee_goes_by_places(desk: Desk) -> None:
    id, one, other = await desk.submit(), await desk.accepted(), await desk.submit(CHEMICALS)
    await desk.do(id, "acceptance", {"places": 3})
    three, single = await acceptance(desk, id), await acceptance(desk, one)
    assert single.fee_vnd is not None
    assert (three.fee_vnd, three.places, single.places) == (3 * single.fee_vnd, 3, None)
    for dossier, places in ((other, 3), (other, 0)):
        assert pointers(problem(await desk.ask(dossier, "acceptance", {"places": places}), 422, "invalid-input")) == ["/places"]


async def test_e_06_the_receipt_goes_by_the_promise_and_the_law_s_own_limit_is_kept_beside_it(office: Office) -> None:
    law, promise = {"amount": 20, "unit": "working-days"}, {"amount": 15, "unit": "working-days"}
    async with office.open() as desk:
        before = await acceptance(desk, await desk.accepted())
    office.amend(PETROL, limits=[{"limit": law, "committed": promise}])
    async with office.open() as desk:
        id = await desk.submit()
        receipt = await desk.do(id, "acceptance")
        fact, shown = await acceptance(desk, id), await desk.dossier(id)
    assert fact.deadline is not None
    assert fact.by_law is not None
    assert (fact.deadline.limit.amount, fact.by_law.limit.amount) == (15, 20)
    assert fact.by_law == before.deadline, "the law's date is what it is without a promise"
    assert before.by_law is None
    assert receipt["due_on"] == shown["due_on"] == fact.deadline.due_on.isoformat() == "2026-03-23"
    assert shown["due_by_law_on"] == "2026-03-30"
    assert "15 ngày làm việc" in shown["why"]


@pytest.mark.parametrize("committed", [{"amount": 20, "unit": "working-days"}, {"amount": 5, "unit": "calendar-days"}])
async def test_e_06_a_promise_that_is_no_shorter_or_counts_otherwise_is_no_promise(office: Office, committed: dict[str, Any]) -> None:
    office.amend(PETROL, limits=[{"limit": {"amount": 20, "unit": "working-days"}, "committed": committed}])
    load_catalogue.cache_clear()
    with pytest.raises(ValueError, match="no promise"):
        load_catalogue(office.catalogue)


async def acceptance(desk: Desk, id: str) -> DossierAccepted:
    """Give a dossier's acceptance."""
    (event,) = await desk.intake.events(DossierAccepted, stream=id)
    fact: DossierAccepted = event.fact
    return fact
