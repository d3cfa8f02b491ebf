"""The department over HTTP: who may do a step is asked of it as of the day; agreements and documents by the day and as was known."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any, Final

import httpx2
import pytest
import pytest_asyncio

from contracts.processing_coordination import CaseConsultationRequested
from contracts.processing_organisation import OrganisationFounded
from services.processing.main import SERVICE, publish
from services.processing.settings import ProcessingSettings
from tests.servers import NatsServer, PostgresServer
from tests.services.processing.department import LEADER, Department, department
from tests.services.processing.dossiers import CHEMICALS, COORDINATED, WINE
from tests.services.rig import MONDAY, Rig, problem

BASIS: Final = "Quyết định 45/QĐ-SCT ngày 20/02/2026"
TRADE, INDUSTRY, SAFETY = "phong-quan-ly-thuong-mai", "phong-quan-ly-cong-nghiep", "phong-ky-thuat-an-toan-moi-truong"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Department]:
    """Run one department for the tests that ask it of different officers, agreements and documents."""
    rig = Rig(postgres, nats, tmp_path_factory.mktemp("establishment"))
    await rig.empty_broker()
    async with department(rig) as made:
        yield made


@pytest.fixture(autouse=True)
def at_the_beginning(shared: Department) -> None:
    """Let every test begin on Monday."""
    shared.running.moment = MONDAY


async def said(dept: Department, path: str, body: dict[str, Any], role: str = "leader", who: str = LEADER) -> httpx2.Response:
    """Change the department."""
    return await dept.running.post(f"/v1/{path}", body, dept.token(who, role))


async def done(dept: Department, path: str, body: dict[str, Any], role: str = "leader", who: str = LEADER) -> dict[str, Any]:
    """Change the department, and insist."""
    answer = await said(dept, path, body, role, who)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(dept: Department, path: str, **query: Any) -> Any:
    """Ask about the department."""
    answer = await dept.running.get(f"/v1/{path}", dept.token(LEADER, "leader"), **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def at_b3(dept: Department, procedure: str = WINE) -> Any:
    case_id = await dept.opened(procedure)
    await dept.advanced(case_id, to="B3")
    return case_id


# The seed. ---------------------------------------------------------------------------------------------------------------


async def test_the_department_is_written_down_when_the_service_starts_for_the_first_time_and_never_again(shared: Department) -> None:
    (founded,) = await shared.running.events(OrganisationFounded)
    running = shared.running
    kind: Any = ProcessingSettings
    runtime = SERVICE.runtime(kind(database_url=running.database.runtime_dsn, jwks_file=running.issuer.jwks))
    await runtime.log.open()
    await publish(runtime)
    await runtime.log.close()
    assert [event.pos for event in await running.events(OrganisationFounded)] == [founded.pos]
    found = await told(shared, "organisation", as_of="2018-06-01")
    assert (found["reform_officer"], len(found["units"]), len(found["officers"])) == ("nv-vp-02", 10, 35)
    assert (await told(shared, "organisation", as_of="2016-12-31"))["units"] == []


# Officers. ---------------------------------------------------------------------------------------------------------------


async def test_a_transferred_officer_does_steps_of_the_old_unit_until_the_day_and_none_from_it_on(shared: Department) -> None:
    dept, case_id, later = shared, await at_b3(shared), await at_b3(shared)
    body = {"unit": INDUSTRY, "role": "chuyen-vien", "from_on": "2026-03-03", "basis": BASIS}
    await done(dept, "organisation/officers/nv-tm-06/appointment", body)
    assert (await dept.ask(case_id, "claim", {}, "nv-tm-06")).status_code == 200
    dept.running.later(days=1)
    problem(await dept.ask(later, "claim", {}, "nv-tm-06"), 403, "not-your-step")
    career = await told(dept, "organisation/officers/nv-tm-06")
    assert [(post["unit"], post["from_on"], post["to_on"]) for post in career["posts"]] == [
        (TRADE, "2017-01-01", "2026-03-02"),
        (INDUSTRY, "2026-03-03", None),
    ]


async def test_whoever_is_away_does_nothing_and_the_stand_in_does_it_for_those_days(shared: Department) -> None:
    dept, case_id = shared, await at_b3(shared)
    body = {"from_on": "2026-03-02", "to_on": "2026-03-04", "reason": "annual", "stand_in": "nv-cn-04"}
    problem(await said(dept, "organisation/officers/nv-tm-05/leave", body, "officer", "nv-cn-01"), 403, "not-your-officer")
    await done(dept, "organisation/officers/nv-tm-05/leave", body, "officer", "nv-tm-01")
    problem(await dept.ask(case_id, "claim", {}, "nv-tm-05"), 403, "on-leave")
    to_him = {"step": "B3", "officer": "nv-tm-05"}
    problem(await dept.ask(case_id, "assignment", to_him, "nv-tm-01"), 409, "cannot-take-step")
    assert (await dept.ask(case_id, "claim", {}, "nv-cn-04")).status_code == 200
    dept.running.later(days=1)
    await done(dept, "organisation/officers/nv-tm-05/leave/end", {"from_on": "2026-03-03"}, "officer", "nv-tm-01")
    problem(await dept.ask(await at_b3(dept), "claim", {}, "nv-cn-04"), 403, "not-your-step")
    assert (await dept.ask(await at_b3(dept), "claim", {}, "nv-tm-05")).status_code == 200


async def test_a_leave_that_ends_before_it_begins_is_refused_with_the_field(shared: Department) -> None:
    body = {"from_on": "2026-03-04", "to_on": "2026-03-02", "reason": "annual"}
    found = problem(await said(shared, "organisation/officers/nv-tm-04/leave", body), 422, "invalid-input")
    assert [(error["pointer"], error["detail_en"]) for error in found["errors"]] == [
        ("/to_on", "The last day must not lie before the first.")
    ]


async def test_a_second_reform_officer_is_refused_unless_he_replaces_the_first(shared: Department) -> None:
    body = {"officer": "nv-vp-01", "from_on": "2026-05-01", "basis": BASIS}
    refused = problem(await said(shared, "organisation/reform-officer", body), 409, "reform-officer-exists")
    assert refused["officer"] == "nv-vp-02"
    await done(shared, "organisation/reform-officer", body | {"replaces": "nv-vp-02"})
    days = ("2026-04-30", "2026-05-01")
    assert [(await told(shared, "organisation", as_of=day))["reform_officer"] for day in days] == ["nv-vp-02", "nv-vp-01"]
    release = {"from_on": "2026-06-01", "basis": BASIS}
    problem(await said(shared, "organisation/officers/nv-vp-01/release", release), 409, "reform-officer-must-lead")


async def test_what_was_known_at_an_instant_is_told_beside_what_is_known_now(shared: Department) -> None:
    # The seed was written down by the wall clock: all that is known here is known some time after that.
    shared.running.moment = datetime.now(UTC).replace(year=2098)
    before = shared.running.later(hours=-1).isoformat()
    shared.running.later(hours=2)
    body = {"unit": SAFETY, "role": "chuyen-vien", "from_on": "2026-02-02", "basis": BASIS}
    await done(shared, "organisation/officers/nv-nl-04/appointment", body)
    said_of = [
        (await told(shared, "organisation/officers/nv-nl-04", as_of="2026-02-10", **at))["unit"] for at in ({}, {"known_at": before})
    ]
    assert said_of == [SAFETY, "phong-quan-ly-nang-luong"]


async def test_what_holds_on_a_day_that_was_named_has_a_tag_and_what_holds_today_has_none(shared: Department) -> None:
    token = shared.token(LEADER, "leader")
    named = await shared.running.get("/v1/agreements", token, as_of="2026-01-15")
    headers = {"Authorization": f"Bearer {token}", "If-None-Match": named.headers["etag"]}
    again = await shared.running.client.get("/v1/agreements", params={"as_of": "2026-01-15"}, headers=headers)
    assert again.status_code == 304
    assert "etag" not in (await shared.running.get("/v1/agreements", token)).headers


# Units. ------------------------------------------------------------------------------------------------------------------


async def test_the_open_steps_of_a_merged_unit_are_the_heirs_to_do_and_its_clock_runs_on(shared: Department) -> None:
    dept = shared
    dept.running.moment = datetime(2026, 8, 20, 1, 30, tzinfo=UTC)
    case_id = await at_b3(dept)
    before = await dept.see(case_id)
    unit = {"code": "phong-thuong-mai-cong-nghiep", "name": "Phòng Thương mại - Công nghiệp", "name_en": "Trade and Industry Division"}
    body = unit | {"parent": "ban-giam-doc", "from_on": "2026-08-21", "basis": BASIS}
    await done(dept, "organisation/units", body, "admin", "quan-tri")
    merge = {"units": [TRADE, INDUSTRY], "heirs": [{"unit": unit["code"]}], "from_on": "2026-08-21", "basis": BASIS}
    await done(dept, "organisation/reorganisations", merge)
    problem(await dept.ask(case_id, "claim", {}, "nv-cn-03"), 403, "not-your-step")
    dept.running.later(days=1)
    assert (await dept.ask(case_id, "claim", {}, "nv-cn-03")).json()["officer"] == "nv-cn-03"
    given = await dept.ask(case_id, "assignment", {"step": "B3", "officer": "nv-tm-03", "reason": "reorganisation"}, "nv-tm-01")
    assert given.json()["officer"] == "nv-tm-03"
    after = await dept.see(case_id)
    assert (after["due_at"], after["open"][0]["since"]) == (before["due_at"], before["open"][0]["since"])
    assert (await dept.advanced(case_id, to="B5"))["step"] == "B5"
    found = await told(dept, f"organisation/units/{TRADE}")
    assert (found["in_force"], found["work_is_done_by"], found["name"]) == (False, unit["code"], "Phòng Quản lý thương mại")


# Agreements. -------------------------------------------------------------------------------------------------------------


async def test_a_consultation_goes_by_the_agreement_that_is_in_force_that_day(shared: Department) -> None:
    dept = shared
    await done(dept, "agreements/QCPH-HC-02/end", {"from_on": "2026-03-04", "basis": BASIS})
    body = {"code": "QCPH-HC-12", "area": "chemicals", "partner": "so-tai-nguyen-moi-truong", "partner_name": "Sở Tài nguyên và Môi trường"}
    body |= {"partner_name_en": "Environment", "signed_on": "2026-03-01", "from_on": "2026-03-04", "basis": BASIS}
    refused = problem(await said(dept, "agreements", body | {"from_on": "2026-03-03", "answer_days": 9}), 409, "agreement-overlaps")
    assert refused["agreement"] == "QCPH-HC-02"
    await done(dept, "agreements", body | {"answer_days": 9})
    for _ in range(2):
        case_id = await at_b3(dept, CHEMICALS)
        assert (await dept.ask(case_id, "consultation", {"partner": "so-tai-nguyen-moi-truong"}, "nv-at-03")).status_code == 200
        dept.running.later(days=2)
    asked = [event.fact for event in await dept.running.events(CaseConsultationRequested)]
    assert [(fact.agreement, fact.deadline.limit.amount) for fact in asked[-2:]] == [("QCPH-HC-02", 5), ("QCPH-HC-12", 9)]
    codes = [
        [one["code"] for one in (await told(dept, "agreements", as_of=day, area="chemicals"))["items"]]
        for day in ("2026-03-03", "2026-03-04")
    ]
    assert codes == [["QCPH-HC-01", "QCPH-HC-02"], ["QCPH-HC-01", "QCPH-HC-12"]]
    assert (await told(dept, "agreements/QCPH-HC-02", as_of="2026-03-04"))["in_force"] is False


async def test_where_several_agreements_are_in_force_the_area_says_which(shared: Department) -> None:
    dept = shared
    body = {"code": "QCPH-GLTM-09", "area": "trade-fraud-prevention", "partner": "cong-an-tinh", "partner_name": "Công an tỉnh"}
    body |= {"partner_name_en": "Police", "answer_days": 2, "signed_on": "2026-03-01", "from_on": "2026-03-10", "basis": BASIS}
    await done(dept, "agreements", body)
    dept.running.later(days=8)
    case_id = await at_b3(dept, COORDINATED)
    found = problem(await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh"}, "nv-tm-03"), 422, "invalid-input")
    assert ([error["pointer"] for error in found["errors"]], found["areas"]) == (["/area"], ["trade-fraud-prevention", "chemicals"])
    answer = await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh", "area": "chemicals"}, "nv-tm-03")
    assert answer.status_code == 200, answer.text
    wrong = await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh", "area": "food-safety"}, "nv-tm-03")
    assert [error["pointer"] for error in problem(wrong, 422, "invalid-input")["errors"]] == ["/partner"]


# Controlled documents. ---------------------------------------------------------------------------------------------------


async def test_a_case_names_the_issue_that_was_in_force_when_it_was_opened_though_another_is_now(shared: Department) -> None:
    dept, first = shared, await shared.opened(CHEMICALS)
    issue = {
        "code": "QT-SCT-01",
        "issue": 2,
        "title": "Quy trình lĩnh vực Lưu thông hàng hóa",
        "title_en": "Goods",
        "field": "luu-thong-hang-hoa",
    }
    body = issue | {"from_on": "2026-03-05", "basis": BASIS}
    problem(await said(dept, "controlled-documents", body | {"issue": 3}), 409, "issue-out-of-order")
    position = (await done(dept, "controlled-documents", body))["position"]
    dept.running.later(days=3)
    second = await dept.opened(CHEMICALS)
    named = [(await dept.see(case_id))["governed_by"] for case_id in (first, second)]
    assert [(one["code"], one["issue"]) for one in named] == [("QT-SCT-01", 1), ("QT-SCT-01", 2)]

    listed = [
        await told(dept, "controlled-documents", field="luu-thong-hang-hoa", as_of=day, after=position)
        for day in ("2026-03-04", "2026-03-05")
    ]
    assert [[(one["issue"], one["approved_by"]) for one in page["items"]] for page in listed] == [[(1, LEADER)], [(2, LEADER)]]
    every = await told(dept, "controlled-documents", field="luu-thong-hang-hoa", obsolete=True, as_of="2026-03-05")
    assert [(one["issue"], one["from_on"], one["to_on"]) for one in every["items"]] == [
        (1, "2018-01-01", "2026-03-04"),
        (2, "2026-03-05", None),
    ]
    found = await told(dept, "controlled-documents/QT-SCT-01", as_of="2026-03-04")
    assert (found["in_force"], [one["issue"] for one in found["issues"]]) == (1, [1, 2])


async def test_documents_come_in_pages_and_a_withdrawn_one_is_not_among_them(shared: Department) -> None:
    position = (await done(shared, "controlled-documents/QT-SCT-16/withdrawal", {"from_on": "2026-04-01", "basis": BASIS}))["position"]
    shown, cursor, page = list[str](), dict[str, str](), dict[str, Any]()
    for _ in range(4):
        page = await told(shared, "controlled-documents", as_of="2026-04-01", after=position, limit=4, **cursor)
        shown += [one["code"] for one in page["items"]]
        cursor = {"cursor": page["next"]}
    assert (shown, page["next"]) == ([f"QT-SCT-{n:02d}" for n in range(1, 16)], None)
    procedure = await told(shared, "controlled-documents", procedure=WINE, as_of="2026-04-01")
    assert procedure["items"] == []


async def test_a_head_of_unit_signs_for_the_director_until_the_last_day_and_the_paper_says_for_whom(shared: Department) -> None:
    case_id, later = await shared.opened(WINE), await shared.opened(WINE)
    await shared.advanced(case_id, to="B5")
    await shared.advanced(later, to="B5")
    refusal = {"outcome": "refused", "legal_basis": "Nghị định 105/2017/NĐ-CP, Điều 12"}
    problem(await shared.ask(case_id, "decision", refusal, "nv-vp-01"), 403, "not-your-step")
    paper = {"procedures": [WINE], "from_on": "2026-03-02", "to_on": "2026-03-06", "basis": "Giấy ủy quyền 12/GUQ-SCT"}
    address = "organisation/officers/nv-vp-01/signing-delegation"
    problem(await said(shared, address, paper, who="nv-tm-01"), 403, "not-yours-to-delegate")
    await done(shared, address, paper)
    officer = await told(shared, "organisation/officers/nv-vp-01")
    assert [(one["by"], one["to_on"]) for one in officer["signs_for"]] == [(LEADER, "2026-03-06")]
    signed = await shared.ask(case_id, "decision", refusal, "nv-vp-01")
    assert signed.status_code == 200, signed.text
    (wording,) = (await shared.running.get(f"/v1/cases/{case_id}/decisions", shared.token())).json()["decisions"]
    assert (wording["officer"], wording["signed_for"]["by"], wording["day_off"]) == ("nv-vp-01", LEADER, False)
    form = (await shared.running.get(f"/v1/cases/{case_id}/forms/refusal", shared.token())).json()
    assert (form["foot"]["on_behalf"], form["foot"]["name"]) == ("TUQ. Giám đốc", "nv-vp-01")
    assert form["foot"]["capacity"] == wording["signed_for"]["title"] != "Giám đốc"
    # The day after the last, the same officer signs nothing, though the case came to him before.
    shared.running.moment = datetime(2026, 3, 7, 2, tzinfo=UTC)
    problem(await shared.ask(later, "decision", refusal, "nv-vp-01"), 403, "not-your-step")
    # What the director signs himself on that Saturday says that nobody works then.
    assert (await shared.ask(later, "decision", refusal, LEADER)).status_code == 200
    (wording,) = (await shared.running.get(f"/v1/cases/{later}/decisions", shared.token())).json()["decisions"]
    assert (wording["signed_for"], wording["day_off"]) == (None, True)
    timeline = (await shared.running.get(f"/v1/cases/{later}/timeline", shared.token())).json()["items"]
    assert any("ký vào ngày nghỉ" in one["text"] for one in timeline)
