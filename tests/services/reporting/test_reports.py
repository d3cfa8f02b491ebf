"""Reports: published once, and read as they were published, whatever becomes known afterwards."""

from __future__ import annotations

import pytest

from services.reporting.domain.figures import FORM
from tests.services.reporting.facts import Paper
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.rig import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_report_says_what_the_figures_say_at_the_positions_that_it_names(told: Mirrored) -> None:
    figures = await told.answer("/v1/figures", "leader", agencies=("H09.13",), **MARCH)
    published = await told.publish(MARCH)
    assert published.status_code == 201, published.text
    found = await told.answer(published.headers["location"])
    assert found["positions"] == figures["positions"]
    assert found["definition_hash"] == figures["definition_hash"]
    lines = {line["field"]: {name: line[name] for name in FORM} for line in found["lines"]}
    assert lines == {item["field"]: {name: item[name] for name in FORM} for item in figures["items"]}
    assert (found["period_from"], found["period_to"], found["agency"]) == (MARCH["from"], MARCH["to"], "H09.13")


async def test_a_report_stays_as_it_was_and_the_same_period_again_is_a_new_one(told: Mirrored) -> None:
    first = (await told.publish(MARCH)).headers["location"]
    before = (await told.get(first, "leader")).content
    late = Paper("late-arrival")
    await told.tell(late.submitted(3), late.accepted(3, due=10))
    await told.level()
    second = (await told.publish(MARCH)).headers["location"]
    assert second != first
    assert (await told.get(first, "leader")).content == before
    received = [sum(line["received"] for line in (await told.answer(at))["lines"]) for at in (first, second)]
    assert received[1] == received[0] + 1


async def test_publishing_twice_with_the_same_key_publishes_once(told: Mirrored) -> None:
    before = len(await told.service.events())
    first, again = [await told.publish(MARCH, key="march") for _ in range(2)]
    assert again.json() == first.json()
    assert len(await told.service.events()) == before + 1


async def test_reports_are_listed_newest_first_by_the_page_and_only_to_their_agency(told: Mirrored) -> None:
    made = []
    for _ in range(3):
        told.service.later(hours=1)
        made.append((await told.publish(MARCH)).json())
    first = await told.answer("/v1/reports", "analyst", limit=2, after=made[-1]["position"])
    second = await told.answer("/v1/reports", "analyst", limit=2, cursor=first["next"])
    assert [item["report_id"] for item in (*first["items"], *second["items"])][:3] == [one["id"] for one in reversed(made)]
    assert (await told.answer("/v1/reports", "leader", agencies=("H10",)))["items"] == []
    problem(await told.get(f"/v1/reports/{made[0]['id']}", "leader", agencies=("H10",)), 403, "other-agency")


async def test_a_report_of_another_agency_is_not_published(told: Mirrored) -> None:
    before = len(await told.service.events())
    problem(await told.publish(MARCH, agency="H10"), 403, "other-agency")
    assert len(await told.service.events()) == before


async def test_a_report_that_is_not_there_is_not_found(told: Mirrored) -> None:
    problem(await told.get("/v1/reports/11111111-1111-4111-8111-111111111111", "leader"), 404, "not-found")


async def test_a_report_that_the_caller_has_already_is_not_sent_again(told: Mirrored) -> None:
    at = (await told.publish(MARCH)).headers["location"]
    tag = (await told.get(at, "leader")).headers["etag"]
    token = told.service.token("leader", agencies=("*",))
    again = await told.service.client.get(at, headers={"Authorization": f"Bearer {token}", "If-None-Match": tag})
    assert again.status_code == 304
