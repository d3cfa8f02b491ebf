"""Forms: each says what the facts of the case say, under the number of the rules that the dossier was accepted under."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

import pytest
from pypdf import PdfReader

from contracts.processing import CaseDecided, CaseDecisionCorrected, CaseResultIssued, CaseStepCompleted, CaseStepSkipped, OpenStep
from contracts.vocabulary import DossierId
from kernel.paper.pictures import Pictured, stale
from kernel.paper.typeset import typeset
from services.processing.domain.control_slip import ControlSlip
from services.processing.domain.forms import FormName, Refusal, SupplementRequest
from services.processing.pictures import TEMPLATES, form_pictured, pages, read_cases
from services.processing.templates import load_stationery
from tests.architecture.source import ROOT
from tests.kernel.paper.conformance import AS_IT_SHOULD_BE, conforms
from tests.services.processing.department import BASIS, Department
from tests.services.processing.dossiers import ORGANISATION, PROMOTION, WINE, withdrawn, workflow
from tests.services.rig import eventually, problem

PICTURES: Final = ROOT / "docs" / "pictures"
CASES: Final = read_cases(PICTURES / "cases.json")
STATIONERY: Final = load_stationery(TEMPLATES, ORGANISATION)
PAGES: Final = pages(PICTURES / "cases.json")
AT: Final = datetime(2026, 4, 1, tzinfo=UTC)
STEPS: Final = workflow(WINE).steps


def form(name: FormName, of: str = "granted") -> Any:
    return made(name, CASES[of])


def made(name: FormName, facts: Sequence[Any]) -> Any:
    return form_pictured(name, facts, CASES["permit"], STATIONERY).data


def words(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_the_pictures_of_the_papers_are_of_what_the_templates_make() -> None:
    assert stale(PICTURES, PAGES) == [], "draw them again: ./motcua pictures"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_paper_is_pdf_a_the_same_each_time_and_bears_the_nations_name(page: Pictured) -> None:
    one, again = (typeset(page.template, page.data, AT) for _ in range(2))
    assert one == again
    assert conforms(one) == AS_IT_SHOULD_BE
    said = words(one)
    for line in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "ỦY BAN NHÂN DÂN TỈNH BÌNH DƯƠNG", "SỞ CÔNG THƯƠNG"):
        assert line in said
    assert "H09.13-260302-00001" in said


def test_the_control_slip_has_a_row_for_every_hop_and_says_how_punctual_it_was() -> None:
    slip: ControlSlip = form("control-slip")
    told = [(hop.number, hop.giver, hop.receiver, hop.punctuality, hop.note) for hop in slip.hops]
    trade = "Phòng Quản lý thương mại"
    desk = "Bộ phận Tiếp nhận và Trả kết quả"
    assert told == [
        (1, "Người nộp hồ sơ", f"{desk} (Bộ phận một cửa) (Công chức Bộ phận một cửa)", None, None),
        (2, f"{desk} (Bộ phận một cửa) (nv-mc-01)", f"{trade} (Trưởng phòng)", "on-time", None),
        (3, f"{trade} (nv-tm-01)", f"{trade} (Chuyên viên)", "on-time", None),
        (4, f"{trade} (nv-tm-03)", "Người nộp hồ sơ", None, "Yêu cầu bổ sung lần 1"),
        (5, "Người nộp hồ sơ", f"{trade} (nv-tm-03)", None, "Đã bổ sung lần 1"),
        (6, f"{trade} (nv-tm-03)", f"{trade} (nv-tm-04)", None, "Chuyển người xử lý: nghỉ phép"),
        (7, f"{trade} (nv-tm-04)", f"{trade} (Trưởng phòng)", "early", None),
        (8, f"{trade} (nv-tm-01)", "Ban Giám đốc (Giám đốc)", "on-time", None),
        (9, "Ban Giám đốc (nv-bgd-01)", "Văn thư (Văn thư)", "late", None),
        (10, "Văn thư (nv-vt-01)", desk, "late", "Kết quả số 12/GP-SCT"),
    ]
    assert [hop.at for hop in slip.hops] == sorted(hop.at for hop in slip.hops)
    assert slip.hops[-1].said == "14 giờ 45 phút, ngày 01 tháng 4 năm 2026"


def test_a_form_names_the_limit_as_it_was_on_its_day() -> None:
    assert (form("supplement-request").about.due_on, form("apology").about.due_on) == (date(2026, 3, 23), date(2026, 3, 30))


def test_a_supplement_request_names_each_component_and_what_it_lacks() -> None:
    asked: SupplementRequest = form("supplement-request")
    assert [(one.component, one.lacks) for one in asked.lacking] == [
        ("ban-sao-dkkd", "chưa chứng thực, cần chứng thực"),
        ("hop-dong-nguyen-tac", "thiếu, cần nộp"),
        ("bao-cao-kinh-doanh", "sai mẫu, cần làm lại theo mẫu"),
    ]
    assert asked.lacking[0].name == "Bản sao giấy chứng nhận đăng ký doanh nghiệp"


def test_a_refusal_names_the_law_and_bears_the_number_of_the_result() -> None:
    refused: Refusal = form("refusal", "refused")
    assert refused.head.number == "9/TB-SCT"
    assert refused.legal_basis.startswith("Nghị định số 105/2017/NĐ-CP, Điều 12")


def corrected(of: str, **said: Any) -> list[Any]:
    """Give a case whose decision was corrected a minute before its result went out."""
    facts = list(CASES[of])
    decided = next(fact for fact in facts if isinstance(fact, CaseDecided))
    n, issued = next((n, fact) for n, fact in enumerate(facts) if isinstance(fact, CaseResultIssued))
    records = next(step for step in STEPS if step.code == "B6")
    fact = CaseDecisionCorrected(
        **decided.model_dump(include={"case_id", "dossier_id", "agency"}),
        outcome_before=decided.outcome,
        legal_basis_before=decided.legal_basis,
        open=(OpenStep(step=records.code, unit=records.unit, role=records.role, officer=None),),
        corrected_at=issued.issued_at - timedelta(minutes=1),
        **said,
    )
    # The step that gives the number is completed with it: what comes before that goes before the correction.
    last = n - 1 if isinstance(facts[n - 1], CaseStepCompleted) else n
    return [*facts[:last], fact, *facts[last:]]


def test_a_corrected_refusal_is_worded_as_it_was_corrected_and_one_that_was_taken_back_is_none() -> None:
    said = {"outcome": "refused", "legal_basis": "Điều 13", "reason": "wrong-legal-basis", "officer": "nv-bgd-02"}
    facts = corrected("refused", **said)
    page: Refusal = made("refusal", facts)
    assert (page.legal_basis, page.foot.name) == ("Điều 13", "nv-bgd-02")
    granted = corrected("refused", outcome="granted", legal_basis=None, reason="wrong-outcome", officer="nv-bgd-01")
    with pytest.raises(ValueError, match="lead to no refusal"):
        made("refusal", granted)


def test_the_control_slip_tells_of_a_corrected_decision_and_of_a_step_that_was_skipped() -> None:
    facts = corrected("granted", outcome="granted", legal_basis="Điều 13", reason="clerical", officer="nv-bgd-01")
    n, done = next((n, fact) for n, fact in enumerate(facts) if isinstance(fact, CaseStepCompleted) and fact.step == "B2")
    away = CaseStepSkipped(case_id=done.case_id, dossier_id=done.dossier_id, step="B9", when="channel = desk", skipped_at=done.completed_at)
    slip: ControlSlip = made("control-slip", [*facts[: n + 1], away, *facts[n + 1 :]])
    notes = [(hop.giver, hop.receiver, hop.note) for hop in slip.hops if hop.note and hop.note.startswith(("Sửa", "Bỏ"))]
    trade = "Phòng Quản lý thương mại"
    assert notes == [
        (f"{trade} (nv-tm-01)", f"{trade} (Chuyên viên)", "Bỏ qua bước B9: không cần thực hiện"),
        ("Ban Giám đốc (nv-bgd-01)", "Văn thư (Văn thư)", "Sửa quyết định: đồng ý → đồng ý (lỗi soạn thảo)"),
    ]


@pytest.mark.parametrize(
    ("day", "numbers"),
    [
        (datetime(2018, 10, 1, tzinfo=UTC), {"control-slip": "Mẫu số 05", "stop-notice": None, "apology": "Mẫu số 04"}),
        (datetime(2026, 3, 2, tzinfo=UTC), {"control-slip": "Mẫu số 06", "stop-notice": "Mẫu số 05", "apology": "Mẫu số 04"}),
    ],
)
def test_one_form_has_different_numbers_under_different_rules(day: datetime, numbers: dict[FormName, str | None]) -> None:
    for name, number in numbers.items():
        found = STATIONERY.form(name, day.date())
        assert (found.number if found else None) == number
    apology = STATIONERY.title("apology", day.date())
    assert ("xin lỗi và hẹn lại" in apology) == (day.year == 2018)


def test_a_form_is_not_made_of_facts_that_do_not_give_it() -> None:
    given: dict[FormName, str] = {"refusal": "granted", "apology": "refused", "supplement-request": "stopped", "stop-notice": "granted"}
    for name, of in given.items():
        with pytest.raises(ValueError, match=f"lead to no {name}"):
            form(name, of)


# Over HTTP. --------------------------------------------------------------------------------------------------------------


async def of(dept: Department, case_id: Any, name: str, accept: str | None = None, **query: Any) -> Any:
    headers = {"Authorization": f"Bearer {dept.token()}"} | ({"Accept": accept} if accept else {})

    async def get() -> Any:
        return await dept.running.client.get(f"/v1/cases/{case_id}/forms/{name}", params=query, headers=headers)

    # What intake told of the dossier may not have been read yet: then the answer is to ask again.
    return await eventually(get, lambda answer: answer.status_code != 503)


async def test_a_form_comes_as_json_or_as_a_pdf_of_the_same_words(dept: Department) -> None:
    case_id = await dept.opened(WINE, enterprise=True)
    await dept.advanced(case_id, outcome="refused")
    as_json = await of(dept, case_id, "refusal")
    assert (as_json.status_code, as_json.headers["vary"]) == (200, "Accept")
    body = as_json.json()
    assert (body["legal_basis"], body["about"]["applicant"]) == (BASIS, "Công ty TNHH Thương mại Rượu Thủ Dầu Một")
    pdf, again = [await of(dept, case_id, "refusal", "application/pdf") for _ in range(2)]
    assert (pdf.headers["content-type"], pdf.content == again.content) == ("application/pdf", True)
    for text in (body["title"].upper(), body["legal_basis"], body["head"]["number"], body["about"]["dossier_code"]):
        assert text in words(pdf.content)
    listed = await dept.running.get(f"/v1/cases/{case_id}/forms", dept.token())
    names = [one["form"] for one in listed.json()["forms"]]
    assert names == ["control-slip", "refusal", "dossier-hand-over", "result-hand-over"]


async def test_each_round_of_asking_has_its_own_form_and_a_form_that_is_not_there_is_not_found(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    problem(await of(dept, case_id, "supplement-request"), 404, "not-found")
    missing = {"missing": [{"component": "don-de-nghi", "reason": "illegible"}]}
    once_more = missing | {"legal_basis": BASIS}
    for round_, body, officer in ((1, missing, "nv-tm-03"), (2, once_more, "nv-tm-01")):
        assert (await dept.ask(case_id, "pause", body, officer)).status_code == 200
        await dept.supplemented(case_id, dept.running.later(days=1), round_)
    assert [(await of(dept, case_id, "supplement-request", round=n)).json()["round"] for n in (1, 2)] == [1, 2]
    problem(await of(dept, case_id, "supplement-request", round=3), 404, "not-found")
    problem(await of(dept, case_id, "certificate"), 422, "invalid-input")


async def test_a_withdrawn_dossier_gives_a_stop_notice_and_an_individual_is_not_named(dept: Department) -> None:
    case_id = await dept.opened(PROMOTION)
    dossier = DossierId(UUID((await dept.see(case_id))["dossier"]))
    await dept.running.reacted_to(await dept.intake.tell(dossier, withdrawn(dossier)))
    notice = (await of(dept, case_id, "stop-notice")).json()
    assert (notice["cause"], notice["about"]["applicant"]) == ("theo đề nghị rút hồ sơ của người nộp", None)


def test_there_is_a_picture_of_every_form() -> None:
    assert {page.name.removeprefix("form-") for page in PAGES if page.name.startswith("form-")} == set(get_args(FormName))
