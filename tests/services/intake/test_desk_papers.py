"""The papers of the desk: the receipt is what the acceptance says, the register has every number, and who may not see a name sees none."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from pypdf import PdfReader

from contracts.intake import DossierSupplemented
from kernel.paper.pictures import Pictured, stale
from kernel.paper.typeset import typeset
from services.intake.catalogue import load_catalogue
from services.intake.domain.papers import Party, party_of, proxy_of, receipt, register_line
from services.intake.look_up import secret_of
from services.intake.pictures import ENTERPRISE, MORNING, PERSON, PETROL, facts_of, pages, reappointed, returned, withdrawn, words_of
from services.intake.settings import CATALOGUE, IntakeSettings
from tests.architecture.source import ROOT
from tests.kernel.paper.conformance import AS_IT_SHOULD_BE, conforms
from tests.services.intake.desk import CITIZEN, NOTICE, Desk, pointers
from tests.services.intake.desk import ENTERPRISE as FIRM
from tests.services.rig import MONDAY, Running, problem

PAGES: Final = pages()
ENTRY: Final = load_catalogue(CATALOGUE).procedures[PETROL]
AS_PDF: Final = {"Accept": "application/pdf"}
LEAVING: Final = {"reason": "will-resubmit"}


def words(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


async def printed(intake: Running, path: str, role: str = "desk", **query: Any) -> bytes:
    answer = await intake.ask("GET", path, intake.token(role), AS_PDF, params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    return answer.content


async def book(intake: Running, role: str = "desk", **query: Any) -> dict[str, Any]:
    return Desk.done(await intake.get("/v1/register-book", intake.token(role), year=2026, **query))


def slip(facts: list[Any], party: Party | None = None) -> Any:
    return receipt(facts, words_of("receipt", ENTRY, MORNING.date()), party or Party(), None, None)


# What is decided. ---------------------------------------------------------------------------------------------------------


def test_a_dossier_that_was_not_received_has_no_receipt() -> None:
    assert slip(facts_of(1, MORNING, ENTRY)[:1]) is None


def test_the_receipt_says_what_the_acceptance_says_whatever_happened_since() -> None:
    submitted, accepted = facts_of(1, MORNING, ENTRY)
    made = slip([submitted, accepted])
    assert (made.code, made.officer, made.made_at) == (accepted.code, accepted.accepted_by, accepted.accepted_at)
    assert (made.limit, made.received) == ("20 ngày làm việc", "09 giờ 32 phút, ngày 02 tháng 3 năm 2026")
    assert (made.due, made.due_on) == ("17 giờ 00 phút, ngày 30 tháng 3 năm 2026", accepted.deadline.due_on)
    assert made.fee == "400.000 đồng"
    assert made == slip([submitted, accepted, reappointed(accepted), withdrawn(accepted)])


def test_the_receipt_names_what_was_there_at_the_acceptance_in_the_procedures_order() -> None:
    submitted, accepted = facts_of(1, MORNING, ENTRY)
    few = submitted.model_copy(update={"components": submitted.components[1:]})
    of: dict[str, Any] = {"dossier_id": submitted.dossier_id, "agency": submitted.agency, "received_at": MORNING}
    brought = DossierSupplemented(**of, stage="desk", round=1, components=submitted.components[:1])
    later = DossierSupplemented(**of, stage="appraisal", round=1, components=("giay-khac",))
    names = [one["name"] for one in ENTRY.content["components"] if one["code"] in ENTRY.required]
    assert list(slip([few, brought, accepted, later]).components) == names
    assert len(slip([few, accepted]).components) == len(names) - 1


def test_an_enterprises_name_is_public_and_a_persons_is_not() -> None:
    assert party_of(ENTERPRISE, None) == Party(name=ENTERPRISE.name, number=ENTERPRISE.tax_code)
    assert party_of(None, None) == Party()
    assert party_of(None, PERSON).name == PERSON["name"]
    assert proxy_of(None) is None


def test_the_receipt_names_who_handed_in_for_the_owner_and_by_what_right() -> None:
    given = PERSON["representative"]
    by_law = proxy_of(PERSON | {"representative": {**given, "authority": "law", "paper": None}})
    proxy = proxy_of(PERSON)
    assert proxy is not None
    assert (proxy.name, proxy.number, proxy.right) == (given["name"], given["identity_number"], f"theo ủy quyền: {given['paper']}")
    assert by_law is not None
    assert by_law.right == "đại diện theo pháp luật"


def test_a_line_of_the_register_keeps_the_limit_beside_the_day_that_came_with_an_apology() -> None:
    submitted, accepted = facts_of(1, MORNING, ENTRY)
    late = reappointed(accepted)
    line = register_line(7, [submitted, accepted, late, returned(accepted)], "Thủ tục", Party())
    assert (line.number, line.due_on, line.note) == (7, accepted.deadline.due_on, f"Hẹn lại {late.new_due_on:%d/%m/%Y}")
    assert (line.returned_on, line.returned_by) == (date(2026, 3, 20), "nv-mc-02")


# On paper. ----------------------------------------------------------------------------------------------------------------


def test_the_pictures_of_the_desks_papers_are_of_what_the_templates_make() -> None:
    assert stale(ROOT / "docs" / "pictures" / "desk", PAGES) == [], "draw them again: ./motcua pictures"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_paper_is_pdf_a_the_same_each_time_and_keeps_every_letter(page: Pictured) -> None:
    one, again = (typeset(page.template, page.data, MORNING) for _ in range(2))
    assert one == again
    assert conforms(one) == AS_IT_SHOULD_BE
    said = words(one)
    for line in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "ỦY BAN NHÂN DÂN TỈNH BÌNH DƯƠNG", "H09.13-260302-0001", "Đặng Thị Huỳnh Nga"):
        assert line in said


# Over HTTP. ---------------------------------------------------------------------------------------------------------------


async def test_the_receipt_is_printed_with_the_code_to_look_the_dossier_up_and_is_the_same_to_the_byte(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    path, readings = f"/v1/dossiers/{id}/receipt", len(await intake.readings())
    first = await printed(intake, path, personal=True)
    assert (await intake.readings())[readings:] == [("desk", "receipt-slip")]
    said, found = words(first), await desk.dossier(id)
    secret = secret_of(IntakeSettings.model_fields["token_secret"].default.get_secret_value().encode(), UUID(id))
    assert all(text in said for text in (found["code"], secret, CITIZEN["name"], CITIZEN["identity_number"], CITIZEN["address"]))
    degree = await intake.client.get("/v1/look-up", params={"code": found["code"]}, headers={"look-up-secret": secret})
    assert degree.json()["done"] == 2
    await desk.do(id, "withdrawal", LEAVING)
    assert await printed(intake, path, personal=True) == first


async def test_what_is_personal_is_printed_only_for_roles_that_may_read_it(intake: Running, desk: Desk) -> None:
    id, firm = await desk.accepted(), await desk.accepted(applicant=FIRM)
    readings = len(await intake.readings())
    for role in ("portal", "officer", "leader"):
        answer = await intake.get(f"/v1/dossiers/{id}/receipt", intake.token(role))
        assert set(Desk.done(answer)["party"].values()) == {None}
        assert (answer.json()["look_up"] is not None) == (role == "portal")
        assert not [value for name, value in CITIZEN.items() if name != "kind" and value in answer.text]
    for role in ("portal", "leader"):
        problem(await intake.get(f"/v1/dossiers/{id}/receipt", intake.token(role), personal=True), 403, "not-allowed")
    problem(await intake.get("/v1/register-book", intake.token("leader"), year=2026, personal=True), 403, "not-allowed")
    assert Desk.done(await intake.get(f"/v1/dossiers/{firm}/receipt", intake.token("leader")))["party"]["name"] == FIRM["name"]
    assert len(await intake.readings()) == readings
    submitted = await desk.submit()
    problem(await intake.get(f"/v1/dossiers/{submitted}/receipt", desk.officer), 404, "not-found")
    foreign = intake.token("desk", agencies=("H10.5",))
    problem(await intake.get(f"/v1/dossiers/{id}/receipt", foreign), 403, "other-agency")
    problem(await intake.get("/v1/register-book", foreign, year=2026), 403, "other-agency")


async def test_of_a_person_who_was_forgotten_the_papers_say_nothing_any_more(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    await desk.do(id, "withdrawal", LEAVING)
    intake.later(days=100)
    done = await desk.ask(id, "erasure", {"ground": "retention-over"}, intake.token("data-protection"))
    after = Desk.done(done)["position"]
    assert CITIZEN["name"] not in words(await printed(intake, f"/v1/dossiers/{id}/receipt", personal=True))
    (line,) = (await book(intake, personal=True, after=after))["lines"]
    assert (line["holder"], line["code"][:7]) == (None, "H09.13-")


async def test_the_register_numbers_the_year_without_a_gap_however_it_is_printed(intake: Running, desk: Desk) -> None:
    codes = list[str]()
    for n in range(7):
        intake.moment = MONDAY + timedelta(days=n // 3)
        id = await desk.accepted(NOTICE) if n % 2 else await desk.accepted()
        await desk.submit()  # what was not received has no place in the register
        codes.append((await desk.dossier(id))["code"])
    last = await desk.submit()
    after = Desk.done(await intake.get(f"/v1/dossiers/{last}", desk.officer))["position"]
    whole = await book(intake, after=after)
    assert [(line["number"], line["code"]) for line in whole["lines"]] == list(enumerate(codes, start=1))
    days = [MONDAY.date() + timedelta(days=n) for n in range(3)]
    parts = [await book(intake, **{"from": day.isoformat(), "until": day.isoformat()}) for day in days]
    assert [line for part in parts for line in part["lines"]] == whole["lines"]
    one, again = [await printed(intake, "/v1/register-book", year=2026, personal=True) for _ in range(2)]
    assert one == again
    assert all(code in words(one) for code in codes)
    assert CITIZEN["name"] in words(one)
    assert (await book(intake, "leader"))["lines"] == whole["lines"]
    assert Desk.done(await intake.get("/v1/register-book", desk.officer, year=2025))["lines"] == []
    before = Desk.done(await intake.get("/v1/register-book", desk.officer, year=2000))
    assert (before["lines"], before["form"]) == ([], None), "no rules of that year are known, and no form's number"


async def test_a_period_that_is_not_of_the_year_or_ends_before_it_begins_is_refused(intake: Running, desk: Desk) -> None:
    cases = [
        ({"from": "2025-12-31"}, "/from"),
        ({"until": "2027-01-01"}, "/until"),
        ({"from": "2026-03-02", "until": "2026-03-01"}, "/until"),
    ]
    for query, pointer in cases:
        answer = await intake.get("/v1/register-book", desk.officer, year=2026, **query)
        assert pointers(problem(answer, 422, "invalid-input")) == [pointer]
