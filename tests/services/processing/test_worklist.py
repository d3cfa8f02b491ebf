"""What officers ask for all day: what waits for them and how urgent it is, a unit's load, a case as it was, and its life in words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

import pytest
import pytest_asyncio

from contracts.catalogue import FACTS
from contracts.processing import AssignmentReason, CaseTimerCancelled, CorrectionReason, ReopeningReason
from contracts.processing_clock import CaseAlarmRaised
from contracts.processing_coordination import CaseConsultationAnswered, CouncilFinding, SiteFinding
from contracts.terms import TERMS
from contracts.vocabulary import LatenessReason, Outcome
from kernel.legalclock import load_calendar
from services.processing.domain.organisation_states import Organisation
from services.processing.http_worklist import NAMES, Clockwork
from services.processing.timeline import Names, place_of, sentence
from services.processing.timeline_words import WORDS
from tests.contracts.golden import golden
from tests.servers import NatsServer, PostgresServer
from tests.services.processing.department import LEADER, Department, department
from tests.services.processing.dossiers import COORDINATED, NOTICE, PROMOTION, WINE
from tests.services.rig import MONDAY, Rig, problem

TRADE, SAFETY = "phong-quan-ly-thuong-mai", "phong-ky-thuat-an-toan-moi-truong"
MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Department]:
    """Run one department; each test looks at cases of a day of its own."""
    rig = Rig(postgres, nats, tmp_path_factory.mktemp("worklist"))
    await rig.empty_broker()
    async with department(rig) as made:
        yield made


@pytest.fixture(autouse=True)
def at_the_beginning(shared: Department) -> None:
    """Let every test begin on Monday."""
    shared.running.moment = MONDAY


async def listed(dept: Department, **query: Any) -> dict[str, Any]:
    """Ask for the work list, all that was recorded being shown."""
    answer = await dept.running.get("/v1/worklist", dept.token(), after=f"processing/{await dept.count()}", **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(dept: Department, **query: Any) -> list[str]:
    return [one["case_id"] for one in (await listed(dept, **query))["items"]]


# Colours. ----------------------------------------------------------------------------------------------------------------


def row(**changes: Any) -> dict[str, Any]:
    due_at = datetime(2026, 3, 6, 10, 0, tzinfo=UTC)
    return {"state": "claimed", "due_at": due_at, "late_from": due_at + timedelta(hours=7)} | changes


@pytest.mark.parametrize(
    ("now", "changes", "colour", "left"),
    [
        # Friday 17:00 is the limit. Sixteen working hours before that is Thursday's opening, which is Wednesday's closing.
        ("2026-03-04T09:59:00Z", {}, "on-time", 961),
        ("2026-03-04T10:00:00Z", {}, "due-soon", 960),
        ("2026-03-05T03:00:00Z", {}, "due-soon", 810),
        ("2026-03-06T10:00:00Z", {}, "due-soon", 0),
        ("2026-03-06T16:59:59Z", {}, "due-soon", 0),
        ("2026-03-06T17:00:00Z", {}, "overdue", 0),
        ("2026-03-20T03:00:00Z", {"state": "paused"}, "paused", None),
        ("2026-03-20T03:00:00Z", {"due_at": None, "late_from": None}, "no-limit", None),
    ],
)
async def test_the_colour_is_that_of_the_legal_clock_to_the_minute(
    now: str, changes: dict[str, Any], colour: str, left: int | None
) -> None:
    clock = Clockwork(datetime.fromisoformat(now), load_calendar(), 16)
    assert clock.colour(row(**changes)) == colour
    found = clock.left(row(**changes))
    assert (found["working_minutes"] if found else None) == left
    if found:
        assert (found["days"] * 8 + found["hours"]) * 60 + found["minutes"] == left


async def test_the_threshold_is_configuration() -> None:
    now = datetime(2026, 3, 5, 3, 0, tzinfo=UTC)
    assert [Clockwork(now, load_calendar(), hours).colour(row()) for hours in (8, 14)] == ["on-time", "due-soon"]
    assert set(NAMES) == {"on-time", "due-soon", "overdue", "paused", "no-limit"}


# The list. ---------------------------------------------------------------------------------------------------------------


async def test_a_list_has_the_steps_that_were_asked_for_with_colours_and_the_working_time_that_is_left(shared: Department) -> None:
    dept, case_id = shared, await shared.opened(PROMOTION)
    await dept.advanced(case_id, to="B3")
    await dept.ask(case_id, "claim", {}, "nv-tm-03")
    (one,) = (await listed(dept, procedure=PROMOTION, officer="nv-tm-03"))["items"]
    assert one["steps"] == [{"step": "B3", "unit": TRADE, "role": "chuyen-vien", "officer": "nv-tm-03", "done_by": TRADE}]
    assert (one["colour"], one["colour_name"], one["due_on"]) == ("on-time", "Đúng hạn", "2026-03-09")
    assert one["left"]["working_minutes"] > 16 * 60
    dept.running.moment = MONDAY + timedelta(days=4)
    (one,) = (await listed(dept, procedure=PROMOTION))["items"]
    assert (one["colour"], one["left"]["days"]) == ("due-soon", 1)
    assert await ids(dept, procedure=PROMOTION, due_within=16) == [str(case_id)]
    assert await ids(dept, procedure=PROMOTION, due_within=8) == []
    dept.running.moment = MONDAY + timedelta(days=8)
    assert await ids(dept, procedure=PROMOTION, overdue=True) == [str(case_id)]
    assert await ids(dept, procedure=PROMOTION, overdue=False) == []
    assert (await listed(dept, procedure=PROMOTION))["items"][0]["colour_name_en"] == "Overdue"


async def test_pages_of_the_list_hold_each_case_once_though_work_goes_on_and_new_cases_come(shared: Department) -> None:
    dept, opened = shared, [str(await shared.opened(NOTICE, at=shared.running.later(minutes=1))) for _ in range(5)]
    shown, cursor = list[str](), dict[str, str]()
    for n in range(3):
        page = await listed(dept, procedure=NOTICE, limit=2, **cursor)
        shown += [one["case_id"] for one in page["items"]]
        cursor = {"cursor": page["next"]}
        await dept.advanced(UUID(opened[n]), to="B2")
        if n == 0:
            await dept.opened(NOTICE, at=dept.running.later(minutes=1))
    assert shown[:5] == opened
    assert len(shown) == len(set(shown)) == 6
    colours = {one["colour"] for one in (await listed(dept, procedure=NOTICE))["items"]}
    assert colours == {"no-limit"}


async def test_a_branch_is_in_the_list_of_its_own_unit_with_its_own_step_only(shared: Department) -> None:
    dept, case_id = shared, await shared.opened(COORDINATED)
    await dept.advanced(case_id, to="B3")
    steps = {
        unit: [step["step"] for one in (await listed(dept, procedure=COORDINATED, unit=unit))["items"] for step in one["steps"]]
        for unit in (TRADE, SAFETY, "van-thu")
    }
    assert steps == {TRADE: ["B3", "B5"], SAFETY: ["B4"], "van-thu": []}
    await dept.ask(case_id, "claim", {"step": "B4"}, "nv-at-03")
    assert await ids(dept, officer="nv-at-03", role="chuyen-vien") == [str(case_id)]
    assert await ids(dept, officer="nv-at-03", role="truong-phong") == []


async def test_a_filter_that_is_not_known_is_refused_and_so_is_another_agencys_eye(shared: Department) -> None:
    answer = await shared.running.get("/v1/worklist", shared.token(), colour="red")
    assert [error["pointer"] for error in problem(answer, 422, "invalid-input")["errors"]] == ["/colour"]
    other = await shared.running.get("/v1/worklist", shared.token(agencies=("H10",)))
    assert other.json()["items"] == []


async def test_what_is_open_of_a_split_unit_is_in_the_lists_of_its_heirs_and_counted_there(shared: Department) -> None:
    dept = shared
    dept.running.moment = datetime(2026, 9, 7, 1, 30, tzinfo=UTC)
    wine, other = [await dept.opened(procedure) for procedure in (WINE, PROMOTION)]
    for case_id in (wine, other):
        await dept.advanced(case_id, to="B3")
    heirs = [{"unit": "phong-quan-ly-cong-nghiep", "procedures": [WINE]}, {"unit": "phong-quan-ly-nang-luong"}]
    split = {"units": [TRADE], "heirs": heirs, "from_on": "2026-09-08", "basis": "Quyết định 90/QĐ-SCT"}
    answer = await dept.running.post("/v1/organisation/reorganisations", split, dept.token(LEADER, "leader"))
    assert answer.status_code == 200, answer.text
    assert await ids(dept, unit="phong-quan-ly-cong-nghiep") == []
    dept.running.later(days=1)
    (one,) = (await listed(dept, unit="phong-quan-ly-cong-nghiep"))["items"]
    assert (one["case_id"], one["steps"][0]["unit"]) == (str(wine), TRADE)
    assert one["steps"][0]["done_by"] == "phong-quan-ly-cong-nghiep"
    assert str(other) in await ids(dept, unit="phong-quan-ly-nang-luong")
    assert str(wine) not in await ids(dept, unit="phong-quan-ly-nang-luong")
    plain = await dept.running.get("/v1/cases", dept.token(), unit="phong-quan-ly-cong-nghiep")
    assert [case["case_id"] for case in plain.json()["items"]] == [str(wine)]
    load = await dept.running.get("/v1/units/phong-quan-ly-cong-nghiep/load", dept.token())
    assert load.json()["open"] == 1


async def test_a_units_load_is_counted_by_officer_and_by_urgency(shared: Department) -> None:
    dept = shared
    dept.running.moment = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
    before = (await dept.running.get(f"/v1/units/{SAFETY}/load", dept.token())).json()
    taken, waits = await dept.opened(COORDINATED), await dept.opened(COORDINATED)
    for case_id in (taken, waits):
        await dept.advanced(case_id, to="B3")
    await dept.ask(taken, "claim", {"step": "B4"}, "nv-at-05")
    answer = await dept.running.get(f"/v1/units/{SAFETY}/load", dept.token(), after=f"processing/{await dept.count()}")
    found = answer.json()
    assert found["open"] - before["open"] == 2
    counts = {one["officer"]: (one["open"], one["overdue"], one["due_soon"], one["paused"]) for one in found["by_officer"]}
    assert counts["nv-at-05"] == (1, 0, 0, 0)
    dept.running.later(days=60)
    late = (await dept.running.get(f"/v1/units/{SAFETY}/load", dept.token())).json()
    assert late["overdue"] - before["overdue"] >= 2
    problem(await dept.running.get("/v1/units/phong-tro/load", dept.token()), 404, "not-found")


# A case as it was. -------------------------------------------------------------------------------------------------------


async def test_a_case_is_read_as_it_was_at_every_instant_and_at_every_version(shared: Department) -> None:
    dept, case_id = shared, await shared.opened(WINE)
    kept, shown = list[tuple[str, int]](), dict[int, dict[str, Any]]()

    async def keep() -> None:
        standing = await dept.see(case_id)
        kept.append((dept.running.moment.isoformat(), standing["version"]))
        shown[standing["version"]] = {name: standing[name] for name in ("state", "step", "officer", "due_at", "supplements", "outcome")}
        dept.running.later(hours=1)

    await keep()
    for what, body, officer in (
        ("completion", {"step": "B1"}, "nv-mc-01"),
        ("completion", {"step": "B2"}, "nv-tm-01"),
        ("claim", {"step": "B3"}, "nv-tm-03"),
        ("pause", MISSING, "nv-tm-03"),
    ):
        assert (await dept.ask(case_id, what, body, officer)).status_code == 200
        await keep()
    await dept.supplemented(case_id, dept.running.later(days=7))
    await keep()
    for instant, version in kept:
        at = await dept.see(case_id, as_of=instant)
        assert (at["version"], {name: at[name] for name in shown[version]}) == (version, shown[version])
        by_version = await dept.running.get(f"/v1/cases/{case_id}", dept.token(), version=version)
        assert (by_version.headers["etag"], by_version.json()["state"]) == (f'"{version}"', shown[version]["state"])
        lines = (await dept.running.get(f"/v1/cases/{case_id}/timeline", dept.token(), as_of=instant)).json()["items"]
        assert [line["version"] for line in lines] == list(range(1, version + 1))
    early = (MONDAY - timedelta(minutes=1)).isoformat()
    problem(await dept.running.get(f"/v1/cases/{case_id}", dept.token(), as_of=early), 404, "not-found")
    beyond = problem(await dept.running.get(f"/v1/cases/{case_id}", dept.token(), version=99), 422, "invalid-input")
    assert [error["pointer"] for error in beyond["errors"]] == ["/version"]


# In words. ---------------------------------------------------------------------------------------------------------------


async def test_the_life_of_a_case_is_told_in_both_languages_and_a_renamed_unit_has_its_old_name_on_old_facts(shared: Department) -> None:
    dept = shared
    dept.running.moment = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)
    case_id = await dept.opened(COORDINATED)
    await dept.advanced(case_id, to="B3")
    await dept.ask(case_id, "claim", {"step": "B4"}, "nv-at-03")
    name = {"name": "Phòng An toàn - Môi trường", "name_en": "Safety and Environment Division", "parent": "ban-giam-doc"}
    body = name | {"from_on": "2026-06-02", "basis": "Quyết định 50/QĐ-SCT"}
    answer = await dept.running.post(f"/v1/organisation/units/{SAFETY}/change", body, dept.token(LEADER, "leader"))
    assert answer.status_code == 200, answer.text
    dept.running.later(days=1)
    await dept.ask(case_id, "assignment", {"step": "B4", "officer": "nv-at-04", "reason": "leave"}, "nv-at-01")
    await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh"}, "nv-tm-04")
    told = await dept.running.get(f"/v1/cases/{case_id}/timeline", dept.token())
    assert told.headers["etag"] == f'"{told.json()["version"]}"'
    lines = told.json()["items"]
    steps = [(line["text"], line["unit_name"]) for line in lines if line["step"] == "B4"]
    (claimed, old_name), (moved, new_name) = steps
    assert (old_name, new_name) == ("Phòng Kỹ thuật an toàn môi trường", "Phòng An toàn - Môi trường")
    assert claimed.startswith("nv-at-03 nhận xử lý bước B4 “")
    assert moved.startswith("nv-at-01 chuyển bước B4 “")
    assert moved.endswith("từ nv-at-03 sang nv-at-04 (nghỉ phép).")
    assert lines[-1]["text"] == "Lấy ý kiến Công an tỉnh, đề nghị trả lời trước hết ngày 09/06/2026."
    assert lines[-1]["text_en"] == "Asked Provincial police for its opinion, due on 09/06/2026."
    assert all(line["text"] != line["text_en"] and line["text"].endswith(".") and line["text_en"].endswith(".") for line in lines)


async def test_every_fact_of_a_whole_case_has_a_sentence_and_the_same_facts_give_the_same_ones(shared: Department) -> None:
    dept = shared
    dept.running.moment = datetime(2026, 7, 6, 1, 30, tzinfo=UTC)
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B4")
    await dept.ask(case_id, "return", {"step": "B4", "to": "B3", "reason": "incomplete"}, "nv-tm-01")
    dept.running.later(days=60)
    await dept.running.post("/v1/alarms", {}, dept.token("quan-tri", "admin"))
    await dept.advanced(case_id, outcome="refused")
    told = [(await dept.running.get(f"/v1/cases/{case_id}/timeline", dept.token())).json()["items"] for _ in range(2)]
    assert told[0] == told[1]
    texts = " ".join(line["text"] for line in told[0])
    for words in (
        "Thụ lý hồ sơ",
        "trả lại bước B3",
        "Cảnh báo sắp đến hạn",
        "Xin lỗi và hẹn lại",
        "ký quyết định: từ chối",
        "Cấp số kết quả",
    ):
        assert words in texts


@pytest.mark.parametrize("type_", [type_ for type_ in FACTS if type_.startswith("processing.case.")])
async def test_every_fact_of_a_case_has_a_sentence_of_its_own(type_: str) -> None:
    fact = FACTS[type_].model_validate(golden(type_)["data"])
    names = Names(steps={}, staff=Organisation(), partners={})
    vi, en = sentence(fact, place_of(fact, ()), names)
    assert vi != en
    assert vi != f"{TERMS[type_]}."


async def test_every_word_of_a_closed_list_is_said_in_both_languages() -> None:
    words = {*get_args(AssignmentReason), *get_args(ReopeningReason), *get_args(LatenessReason), *get_args(Outcome)}
    words |= {
        *get_args(CaseAlarmRaised.model_fields["kind"].annotation),
        *get_args(CaseConsultationAnswered.model_fields["opinion"].annotation),
        *get_args(CaseTimerCancelled.model_fields["cause"].annotation),
    }
    words |= {*get_args(CorrectionReason), *get_args(SiteFinding), *get_args(CouncilFinding)}
    assert words <= set(WORDS)
    assert all(vi != en for vi, en in WORDS.values())
