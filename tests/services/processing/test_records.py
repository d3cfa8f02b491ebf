"""Records and timers over HTTP: what is put down stays readable, and a step passes by itself though nobody asks for it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from contracts.processing import CaseStepSkipped, CaseTimerFired
from contracts.processing_coordination import SiteFinding
from services.processing.settings import HERE
from tests.services.processing.department import Department, department
from tests.services.processing.dossiers import FOOD, WINE
from tests.services.rig import MONDAY, Rig, problem


async def test_a_team_goes_on_site_twice_where_something_was_to_be_put_right_and_both_records_are_read(dept: Department) -> None:
    case_id = await dept.opened(FOOD)
    await dept.advanced(case_id, to="B4")
    problem(await dept.ask(case_id, "completion", {"step": "B4"}, "nv-at-03"), 409, "record-needed")
    nobody = dept.site_check("B4", "nv-at-03") | {
        "members": [{"role": "chair", "officer": "nv-xx-99"}, {"role": "member", "partner": "bo"}]
    }
    found = problem(await dept.ask(case_id, "site-check", nobody, "nv-at-03"), 422, "invalid-input")
    assert {error["pointer"] for error in found["errors"]} == {"/members/0/officer", "/members/1/partner"}
    picnic = dept.site_check("B4", "nv-at-03") | {"finding": "nice"}
    problem(await dept.ask(case_id, "site-check", picnic, "nv-at-03"), 422, "invalid-input")
    problem(
        await dept.ask(case_id, "council", dept.site_check("B4", "nv-at-03") | {"finding": "approves"}, "nv-at-03"), 409, "no-such-record"
    )
    visits: list[tuple[str, SiteFinding, str]] = [("B4", "meets-after-remedy", "B5"), ("B5", "meets", "B6")]
    for step, finding, after in visits:
        answer = await dept.ask(case_id, "site-check", dept.site_check(step, "nv-at-03", finding), "nv-at-03")
        assert answer.status_code == 200, answer.text
        dept.running.later(days=1)
        assert (await dept.ask(case_id, "completion", {"step": step}, "nv-at-03")).json()["step"] == after
    read = (await dept.running.get(f"/v1/cases/{case_id}/records", dept.token())).json()["records"]
    assert [(one["kind"], one["step"], one["number"], one["finding"]) for one in read] == [
        ("site-check", "B4", 1, "meets-after-remedy"),
        ("site-check", "B5", 2, "meets"),
    ]
    assert read[0]["members"][2] == {"role": "member", "partner": "so-xay-dung"}
    assert (await dept.advanced(case_id))["state"] == "issued"
    assert await dept.running.events(CaseStepSkipped) == []


async def test_a_step_passes_by_itself_when_its_time_has_run_out_and_once_however_often_somebody_looks(rig: Rig, tmp_path: Path) -> None:
    folder = shutil.copytree(HERE / "workflows", tmp_path / "workflows")
    template = folder / "templates" / "standard-15-days.yaml"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("    hours: 92\n", "    hours: 92\n    passes_after: 5\n"), encoding="utf-8")
    async with department(rig, workflows=folder) as dept:
        case_id = await dept.opened(WINE)
        await dept.advanced(case_id, to="B3")
        admin = dept.running.token("admin")
        dept.running.later(days=7)
        for _ in range(2):
            await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}")
            assert (await dept.running.post("/v1/alarms", {}, admin)).status_code == 200
        assert (await dept.see(case_id))["step"] == "B3"
        dept.running.later(days=1)
        for _ in range(2):
            await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}")
            assert (await dept.running.post("/v1/alarms", {}, admin)).status_code == 200
        assert (await dept.see(case_id))["step"] == "B4"
        (fired,) = await dept.running.events(CaseTimerFired)
        assert (fired.time, fired.actor) == (fired.fact.fired_at, "system:processing")
        assert fired.time - MONDAY < timedelta(days=8)
        assert (await dept.advanced(case_id))["state"] == "issued"
