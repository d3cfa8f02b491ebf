"""A workflow changes while cases run: a dry run says what would become of each, and the watermark keeps what has gone on since."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from contracts.processing import CaseMoved, Step
from kernel.eventlog import Busy
from services.processing.domain.case_commands import Move
from services.processing.domain.case_moves import obstacles
from services.processing.handle_case import deciding_by
from services.processing.main import SERVICE
from services.processing.settings import HERE
from tests.services.processing.department import Department
from tests.services.processing.dossiers import PROMOTION, WINE, workflow
from tests.services.processing.test_case import LATER, STEPS, TO_B3, TO_B5, after, claim, complete, following, grant, pause
from tests.services.rig import Rig, problem

NEWER: Final = "f" * 64


def changed(code: str, **changes: Any) -> tuple[Step, ...]:
    """Give the workflow with a step that is otherwise."""
    return tuple(step.model_copy(update=changes) if step.code == code else step for step in STEPS)


def move(steps: tuple[Step, ...]) -> Move:
    return Move(workflow_hash=NEWER, steps=steps, at=LATER)


def test_a_case_goes_on_by_the_new_steps_and_what_is_done_stays_done() -> None:
    # From now on the check runs beside the appraisal.
    beside = changed("B4", after=("B2",))
    history = after(*TO_B3, claim("B3"))
    (fact,) = history.when(move(beside)).facts
    assert (fact.from_hash, fact.workflow_hash) == (workflow(WINE).content_hash, NEWER)
    assert [(step.step, step.officer) for step in fact.open] == [("B3", claim("B3").officer.id), ("B4", None)]
    following(history.facts, move(beside)).when(move(beside)).then_nothing()
    moved = following(history.facts, move(beside), replace(complete("B3"), steps=beside)).state
    assert [step.code for step in moved.open] == ["B4"]


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (STEPS[1:], "B1 was done by cong-chuc-mot-cua in bo-phan-mot-cua, and is not there, or is another's"),
        (changed("B2", unit="van-phong"), "B2 was done by truong-phong in phong-quan-ly-thuong-mai, and is not there, or is another's"),
        (changed("B2", after=("B1", "B4")), "B2 is done, and what comes before it there is not"),
        (changed("B2", role="giam-doc", unit="ban-giam-doc")[:2], "B2 was done by truong-phong in phong-quan-ly-thuong-mai"),
    ],
)
def test_a_case_that_would_have_begun_otherwise_is_not_moved_and_it_is_said_why(steps: tuple[Step, ...], why: str) -> None:
    refused = after(*TO_B3).when(move(steps)).then_refused("cannot-move")
    assert refused.detail["why_en"][0].startswith(why)
    assert refused.detail["why"][0].split()[0] == why.split(maxsplit=1)[0]
    assert "hoàn thành" in refused.detail["why"][0]


def test_a_decision_is_signed_where_the_new_version_says_or_the_case_is_not_moved() -> None:
    later_signed = changed("B5", role="truong-phong", unit="van-phong")
    signed = after(*TO_B5, grant())
    assert signed.when(move(later_signed)).then_refused("cannot-move")
    two_directors = (*STEPS[:5], STEPS[5].model_copy(update={"role": "giam-doc", "unit": "ban-giam-doc"}))
    assert signed.when(move(two_directors)).then_refused("cannot-move").detail["why_en"] == ["the decision is signed in another step there"]
    assert obstacles(STEPS, signed.state) == []


def test_while_the_clock_stands_still_nothing_is_moved() -> None:
    after(*TO_B3, pause("B3")).when(move(changed("B4", hours=7))).then_nothing()


def test_a_command_that_was_prepared_with_the_old_steps_is_not_decided_by_them() -> None:
    moved = following(after(*TO_B3).facts, move(changed("B3", role="truong-phong"))).state
    old, new = (deciding_by(name) for name in (workflow(WINE).content_hash, NEWER))
    with pytest.raises(Busy):
        old.decide(complete("B3"), moved)
    head = replace(complete("B3"), steps=changed("B3", role="truong-phong"), officer=complete("B2").officer)
    assert new.decide(head, moved)


async def test_running_cases_are_moved_as_the_dry_run_said_except_those_that_have_gone_on_since(rig: Rig, tmp_path: Path) -> None:
    database = await rig.database(SERVICE.name, SERVICE.migrations)
    newer = shutil.copytree(HERE / "workflows", tmp_path / "workflows")
    template = newer / "templates" / "standard-15-days.yaml"
    text = template.read_text(encoding="utf-8").replace("hours: 92", "hours: 90").replace("Kiểm tra, ký nháy", "Kiểm tra, ký tắt")
    template.write_text(text.replace("    hours: 8\n    returns_to: [B3]\n", "    hours: 10\n    returns_to: [B3]\n"), encoding="utf-8")
    async with rig.neighbour("intake") as intake:
        async with rig.running(SERVICE, database) as running:
            dept = Department(running, intake)
            await dept.offered(WINE, PROMOTION)
            await dept.settled(rig)
            still, goes_on, paused, other = [await dept.opened(code) for code in (WINE, WINE, WINE, PROMOTION)]
            await dept.advanced(still, to="B3")
            await dept.ask(still, "claim", {}, "nv-tm-04")
            await dept.ask(paused, "pause", {"missing": [{"component": "don-de-nghi", "reason": "absent"}]}, "nv-mc-01")
            before = (await dept.see(still))["workflow_hash"]
        async with rig.running(SERVICE, database, workflows=newer) as running:
            dept = Department(running, intake)
            await dept.settled(rig)
            address, admin = f"/v1/workflows/{WINE}/move", running.token("admin")
            count = await dept.count()
            await running.get("/v1/cases", dept.token(), after=f"processing/{count}")
            dry = (await running.post(address, {}, admin)).json()
            assert (dry["dry_run"], dry["watermark"], await dept.count()) == (True, count, count)
            assert {one["case_id"]: one["moves"] for one in dry["cases"]} == {str(still): True, str(goes_on): True, str(paused): False}
            assert (await dept.ask(goes_on, "completion", {"step": "B1"}, "nv-mc-01")).status_code == 200
            done = (await running.post(address, {"watermark": dry["watermark"]}, admin)).json()
            assert {one["case_id"]: one["moves"] for one in done["cases"]} == {str(still): True, str(goes_on): False, str(paused): False}
            said = {one["case_id"]: (one["why"], one["why_en"]) for one in done["cases"]}
            assert said[str(goes_on)] == (["Hồ sơ đã được xử lý tiếp sau lần chạy thử"], ["it has gone on since the dry run"])
            assert said[str(paused)][0] == ["Đang tạm dừng thời hạn, hoặc đã kết thúc"]
            (event,) = await running.events(CaseMoved)
            assert (event.stream, event.fact.from_hash) == (still, before)
            now = await dept.see(still)
            assert (now["workflow_hash"] != before, now["step"], now["officer"]) == (True, "B3", "nv-tm-04")
            assert (await dept.see(goes_on))["workflow_hash"] == before
            assert (await dept.advanced(still))["state"] == (await dept.advanced(goes_on))["state"] == "issued"
            assert (await dept.see(other))["state"] == "waiting"
            problem(await running.post("/v1/workflows/9.999999/move", {}, admin), 404, "not-found")
