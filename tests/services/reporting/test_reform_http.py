"""The management of reform as its users have it: decided and reported over HTTP, listed by the page, each caller within his agencies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from pydantic_core import PydanticCustomError

from contracts.feedback_surveys import Path
from contracts.reporting_findings import FindingOpened
from contracts.reporting_reform import ReformTaskOverdue
from services.reporting.domain import directive, finding, inspection_plan, publicity, reform_plan, review
from services.reporting.http_api import WORDS
from services.reporting.http_reform_fields import about_work
from tests.services.reporting.facts import mixed
from tests.services.reporting.mirror import Mirrored, some_weeks
from tests.services.reporting.reform_http import (
    ACTION,
    CAUSE,
    DIRECTIVE,
    DONE,
    FINDING,
    HELPED,
    ITEM,
    OFFICER,
    OWNER,
    Reforming,
    inspection,
    inspections,
    paper,
    plan,
    task,
)
from tests.services.reporting.test_petitions import fact as petition_fact
from tests.services.rig import AGENCY, eventually, problem, said_in_both_languages

FOREIGN: Final = ("H10.5",)


@pytest.fixture
def reform(mirrored: Mirrored) -> Reforming:
    return Reforming(mirrored)


def test_every_reason_to_refuse_is_explained_in_both_languages() -> None:
    aliases = (reform_plan, finding, review, inspection_plan, directive, publicity)
    reasons = {reason for module in aliases for reason in module.Refusal.__args__} | {"no-such-petition", "no-such-override"}
    said_in_both_languages(WORDS, *reasons)


async def test_a_plan_is_adopted_worked_on_and_read_by_its_seven_contents(reform: Reforming) -> None:
    adopted = await reform.post("/plans", plan(2026, *(task(content) for content in ("direction", "procedures", "procedures"))))
    assert adopted.status_code == 201, adopted.text
    id, position = adopted.json()["id"], adopted.json()["position"]
    assert adopted.headers["location"] == f"/v1/reform/plans/{id}"
    problem(await reform.post("/plans", plan()), 409, "plan-adopted-already")
    problem(
        await reform.post(f"/plans/{id}/tasks/2/progress", {"percent": 50, "note": "Một nửa"}, "officer", "nv-kt-02"), 409, "not-the-owner"
    )
    await reform.done(f"/plans/{id}/tasks/2/progress", {"percent": 50, "note": "Một nửa"}, "officer", OFFICER)
    done = await reform.done(f"/plans/{id}/tasks/1/completion", DONE, "officer", OFFICER)
    change = {"decision": paper("310/QĐ-SCT"), "reason": "Điều chỉnh", "tasks": [task("apparatus")], "dropped": [3]}
    changed = await reform.done(f"/plans/{id}/change", change)
    read = await reform.get(f"/plans/{id}", "analyst")
    contents = read.json()["contents"]
    assert len(contents) == 7
    assert {name: (one["tasks"], one["done"], one["dropped"], one["percent"]) for name, one in contents.items() if one["tasks"]} == {
        "direction": (1, 1, 0, 100.0),
        "procedures": (1, 0, 1, 50.0),
        "apparatus": (1, 0, 0, 0.0),
    }
    assert read.headers["etag"] == f'"{changed["version"]}"'
    assert [fact["what"] for fact in read.json()["facts"]][-3:] == ["changed", "task-set", "task-dropped"]
    tasks = await reform.items("/tasks", "officer", after=changed["position"], plan=id)
    assert [(one["number"], one["state"], one["percent"]) for one in sorted(tasks, key=lambda one: one["number"])] == [
        (1, "done", 100),
        (2, "open", 50),
        (3, "dropped", 0),
        (4, "open", 0),
    ]
    assert next(one for one in tasks if one["number"] == 1)["evidence"] == [paper("21/BC-KT")]
    assert position != done["position"]


async def test_tasks_come_by_the_page_and_are_seen_within_the_callers_agencies_alone(reform: Reforming) -> None:
    made = await reform.done("/plans", plan(2026, *(task(due_on=f"2026-0{n}-10") for n in range(4, 9))))
    first = (await reform.get("/tasks", limit=2, after=made["position"])).json()
    second = (await reform.get("/tasks", limit=2, cursor=first["next"])).json()
    third = (await reform.get("/tasks", limit=2, cursor=second["next"])).json()
    days = [one["due_on"] for page in (first, second, third) for one in page["items"]]
    assert (days, third["next"]) == ([f"2026-0{n}-10" for n in range(4, 9)], None)
    assert (await reform.get("/tasks", agencies=FOREIGN)).json()["items"] == []
    problem(await reform.get(f"/plans/{made['id']}", agencies=FOREIGN), 403, "other-agency")
    assert [one["year"] for one in await reform.items("/plans")] == [2026]


async def test_what_is_overdue_is_told_once_and_listed_until_it_is_done(reform: Reforming) -> None:
    service = reform.mirrored.service
    made = await reform.done("/plans", plan(2026, task(due_on="2026-03-05"), task("direction", due_on="2026-03-06")))
    await reform.items("/tasks", after=made["position"])
    service.moment = datetime(2026, 3, 6, 3, tzinfo=UTC)
    assert [(await reform.done("/overdue", {}))["recorded"] for _ in range(1)] == [1]

    async def overdue() -> list[Any]:
        return await reform.items("/tasks", overdue="true")

    [late] = await eventually(overdue, lambda items: len(items) == 1)
    assert late["number"] == 1
    assert (await reform.done("/overdue", {}))["recorded"] == 0
    [told] = await service.events(ReformTaskOverdue)
    assert (told.actor, told.time) == ("system:reporting", datetime(2026, 3, 5, 17, tzinfo=UTC))
    done = await reform.done(f"/plans/{made['id']}/tasks/1/completion", DONE, "officer", OFFICER)
    assert await reform.items("/tasks", overdue="true", after=done["position"]) == []
    [ended] = await reform.items("/tasks", state="done")
    assert ended["late"] is True


async def test_a_finding_is_closed_by_somebody_else_than_its_owner(reform: Reforming) -> None:
    id = await reform.finding()
    problem(await reform.post(f"/findings/{id}/action", ACTION), 409, "cause-unknown")
    await reform.done(f"/findings/{id}/cause", CAUSE, "officer")
    assert (await reform.post(f"/findings/{id}/action", ACTION, "officer")).status_code == 403
    await reform.done(f"/findings/{id}/action", ACTION)
    problem(await reform.post(f"/findings/{id}/completion", DONE, "officer", "nv-kt-02"), 409, "not-the-owner")
    await reform.done(f"/findings/{id}/completion", DONE, "officer", OFFICER)
    problem(await reform.post(f"/findings/{id}/verification", HELPED, "officer", OFFICER), 409, "verified-by-owner")
    verified = await reform.done(f"/findings/{id}/verification", HELPED, "officer", "nv-kt-02")
    read = (await reform.get(f"/findings/{id}", "analyst")).json()
    assert (read["state"], [fact["what"] for fact in read["facts"]]) == (
        "closed",
        ["opened", "cause-recorded", "action-assigned", "action-done", "action-verified"],
    )
    assert [one["id"] for one in await reform.items("/findings", state="closed", after=verified["position"])] == [id]
    assert await reform.items("/findings", state="open") == []


async def test_a_review_keeps_the_published_figures_and_closes_when_something_is_done_about_each_finding(reform: Reforming) -> None:
    await some_weeks(reform.mirrored)
    report = (await reform.mirrored.publish({"from": "2026-01-01", "to": "2026-06-30"})).json()["id"]
    other = (await reform.mirrored.publish({"from": "2026-01-01", "to": "2026-03-31"})).json()["id"]
    body = {"agency": AGENCY, "kind": "mid-year", "year": 2026}
    problem(await reform.post("/reviews", {**body, "report_id": other}), 409, "report-of-another-period")
    problem(await reform.post("/reviews", {**body, "report_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}), 404, "no-such-report")
    id = (await reform.done("/reviews", {**body, "report_id": report}))["id"]
    found = [(await reform.done(f"/reviews/{id}/findings", FINDING, "officer"))["id"] for _ in range(2)]
    refused = problem(await reform.post(f"/reviews/{id}/closing", {"conclusions": paper()}), 409, "findings-without-action")
    assert sorted(refused["findings"]) == sorted(found)
    for one in found:
        await reform.done(f"/findings/{one}/cause", CAUSE)
        await reform.done(f"/findings/{one}/action", ACTION)
    closed = await reform.done(f"/reviews/{id}/closing", {"conclusions": paper("88/TB-SCT")})
    read = (await reform.get(f"/reviews/{id}")).json()
    assert (read["state"], [one["state"] for one in read["findings"]]) == ("closed", ["assigned", "assigned"])
    published = (await reform.mirrored.answer(f"/v1/reports/{report}"))["lines"]
    assert read["figures"]["received"] == sum(line["received"] for line in published) > 0
    problem(await reform.post(f"/reviews/{id}/findings", FINDING), 409, "review-closed")
    assert [one["kind"] for one in await reform.items("/reviews", after=closed["position"])] == ["mid-year"]


async def test_a_plan_of_inspections_says_what_is_covered_and_what_is_left(reform: Reforming) -> None:
    id = (await reform.done("/inspection-plans", inspections()))["id"]
    held = await reform.done(f"/inspection-plans/{id}/inspections", inspection(), "officer")
    assert held["number"] == 1
    problem(await reform.post(f"/inspection-plans/{id}/inspections", inspection("2026-03-03")), 409, "not-held-yet")
    problem(await reform.post(f"/inspection-plans/{id}/inspections/2/findings", FINDING), 404, "no-such-inspection")
    found = await reform.done(f"/inspection-plans/{id}/inspections/1/findings", FINDING)
    read = (await reform.get(f"/inspection-plans/{id}")).json()
    assert (read["coverage"]["planned"], read["coverage"]["covered"], read["coverage"]["percent"]) == (3, 1, 33.33)
    assert (read["coverage"]["procedures_planned"], read["coverage"]["procedures_covered"]) == (1, 1)
    assert read["coverage"]["left"] == [{"unit": "ky-thuat", "subject": "discipline"}, {"unit": "van-phong", "subject": "direction"}]
    [one] = await reform.items("/inspections", after=found["position"], plan=id)
    assert (one["findings"], one["subjects"], one["minutes"]) == (1, ["procedures"], paper("03/BB-ĐKT"))


async def test_a_petition_leads_to_a_finding_and_a_denunciation_to_none(reform: Reforming) -> None:
    petition, hidden, fresh = (petition_fact(name, "received", 0, due=20) for name in ("plain", "hidden", "fresh"))
    await reform.mirrored.tell(petition, hidden, fresh, petition_fact("plain", "classified", 0, due=20, kind="petition"))
    await reform.mirrored.tell(
        petition_fact("hidden", "classified", 0, due=20, kind="denunciation"),
        petition_fact("hidden", "classified", 1, due=20, kind="complaint"),
    )
    await reform.mirrored.level()
    ids = [str(getattr(one, "petition_id")) for one in (petition, hidden, fresh)]  # noqa: B009 - of a fact by its type's name
    found = await reform.done(f"/petitions/{ids[0]}/findings", FINDING, "officer")
    for id in ids[1:]:
        problem(await reform.post(f"/petitions/{id}/findings", FINDING), 404, "no-such-petition")
    [one] = await reform.items("/findings", found_by="petition", after=found["position"])
    assert one["found_in"] == ids[0]


async def test_a_directive_and_what_is_to_be_public_go_their_way(reform: Reforming) -> None:
    id = (await reform.done("/directives", DIRECTIVE, "officer"))["id"]
    problem(await reform.post(f"/directives/{id}/answer", {"answer": paper()}), 409, "no-owner")
    problem(await reform.post(f"/directives/{id}/assignment", {"owner": OWNER, "due_on": "2026-03-21"}), 409, "due-after-the-directive")
    await reform.done(f"/directives/{id}/assignment", {"owner": OWNER, "due_on": "2026-03-16"})
    answered = await reform.done(f"/directives/{id}/answer", {"answer": paper("67/BC-SCT")}, "officer", OFFICER)
    [one] = await reform.items("/directives", after=answered["position"])
    assert (one["state"], one["late"], one["answer"], one["paper"]) == ("answered", False, paper("67/BC-SCT"), paper("02/CT-UBND"))
    item = (await reform.done("/publicity", ITEM))["id"]
    otherwise = {**{name: value for name, value in ITEM.items() if name != "agency"}, "due_on": "2026-04-10"}
    moved = await reform.done(f"/publicity/{item}/change", otherwise)
    assert [one["due_on"] for one in await reform.items("/publicity", after=moved["position"])] == ["2026-04-10"]
    shown = await reform.done(f"/publicity/{item}/completion", DONE, "officer", OFFICER)
    dropped = (await reform.done("/publicity", {**ITEM, "medium": "press"}))["id"]
    last = await reform.done(f"/publicity/{dropped}/dropping", {"reason": "Trùng"})
    states = {one["id"]: one["state"] for one in await reform.items("/publicity", after=last["position"])}
    assert states == {item: "done", dropped: "dropped"}
    assert shown["id"] == item


@pytest.mark.parametrize("text", ["Số định danh 074090001234 của người nộp", "Gọi 0912 345 678", "Gọi +84912345678", "Thư an@example.vn"])
def test_what_looks_like_a_persons_particulars_is_not_about_work(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="particulars"):
        about_work(text)


@pytest.mark.parametrize("text", ["Quyết định 2071/QĐ-UBND ngày 27/07/2018, 118 thủ tục", "Mã 2.000648", "Hồ sơ H09.13-190306-0007"])
def test_numbers_of_papers_procedures_and_dossiers_are(text: str) -> None:
    assert about_work(text) == text


async def test_particulars_of_a_person_do_not_come_into_a_fact(reform: Reforming) -> None:
    body = problem(await reform.post("/plans", plan(2026, task(title="Gọi 0912 345 678"))), 422, "invalid-input")
    assert [error["pointer"] for error in body["errors"]] == ["/tasks/0/title"]
    assert await reform.mirrored.service.events() == []


async def test_the_same_command_twice_is_once(reform: Reforming) -> None:
    first = await reform.post("/plans", plan(), key="plan-1")
    again = await reform.post("/plans", plan(), key="plan-1")
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, first.json(), "true")


async def test_a_score_that_fell_opens_a_finding_which_of_an_officer_leaders_and_who_acts_alone_see(reform: Reforming) -> None:
    mirrored = reform.mirrored
    for n in range(30):
        fact = mixed(f"low-{n}", 3, 2, path=Path(officer="nv-mc-01", unit="ky-thuat", slowest="B3"))
        mirrored.said["feedback"] = await mirrored.neighbours["feedback"].tell(fact.answer_id, fact)
    await mirrored.level()
    mirrored.service.moment = datetime(2026, 3, 20, tzinfo=UTC)
    token = mirrored.service.token("leader")
    assert (await mirrored.service.post("/v1/low-scores/measuring", {}, token)).json()["recorded"] == 2
    opened = await mirrored.service.events(FindingOpened)
    assert [event.fact.unit for event in opened] == ["ky-thuat", None] or [event.fact.unit for event in opened] == [None, "ky-thuat"]
    assert all("nv-mc-01" not in event.fact.text for event in opened)
    of_officer = next(str(event.stream) for event in opened if event.fact.unit is None)
    position = f"reporting/{opened[-1].pos}"
    assert len(await reform.items("/findings", found_by="score", after=position)) == 2
    assert [one["concerns"] for one in await reform.items("/findings", "officer")] == ["ky-thuat"]
    problem(await reform.get(f"/findings/{of_officer}", "analyst"), 404, "no-such-finding")
    problem(await reform.post(f"/findings/{of_officer}/cause", CAUSE, "officer"), 404, "no-such-finding")
    await reform.done(f"/findings/{of_officer}/cause", CAUSE)
    given = await reform.done(f"/findings/{of_officer}/action", {**ACTION, "due_on": "2026-04-30"})
    assert len(await reform.items("/findings", "officer", sub=OFFICER, after=given["position"])) == 2
    assert (await reform.get(f"/findings/{of_officer}", "officer", sub=OFFICER)).status_code == 200


async def test_evidence_for_commendation_puts_deeds_side_by_side_and_ranks_nobody(reform: Reforming) -> None:
    made = await reform.done("/plans", plan())
    done = await reform.done(f"/plans/{made['id']}/tasks/1/completion", DONE, "officer", OFFICER)
    await reform.items("/tasks", after=done["position"])
    period: dict[str, Any] = {"from": "2026-01-01", "to": "2026-12-31", "after": done["position"]}
    found = (await reform.get("/commendation-evidence", whose="officer", **period)).json()["items"]
    assert [(one["officer"], one["reform"]["tasks_in_time"]) for one in found] == [(OFFICER, 1)]
    units = (await reform.get("/commendation-evidence", **period)).json()["items"]
    assert {one["unit"]: one["reform"]["tasks_in_time"] for one in units} == {"van-phong": 1}
    assert (await reform.get("/commendation-evidence", "officer")).status_code == 403
    assert not {"rank", "score", "award"} & {name for one in units for name in one}
