from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest

from services.intake.main import SERVICE
from tests.services.intake.desk import CITIZEN, ENTERPRISE, NOT_COMPLETE, Desk, pointers, submission
from tests.services.rig import AGENCY, MONDAY, Rig, Running, eventually, problem

GONE: Final = object()
WRONG_FIELDS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a channel that does not exist": ({"channel": "fax"}, "/channel"),
    "a channel that is no text": ({"channel": 7}, "/channel"),
    "a field that is misspelt": ({"chanel": "desk"}, "/chanel"),
    "a field of the applicant that is misspelt": ({"applicant": CITIZEN | {"adress": "Thủ Dầu Một"}}, "/applicant/adress"),
    "a field that is missing": ({"procedure": GONE}, "/procedure"),
    "a field of the applicant that is missing": ({"applicant": {"kind": "individual", "name": "Lê Thị Hòa"}}, "/applicant/address"),
    "an applicant that is no object": ({"applicant": "Nguyễn Thị Ánh"}, "/applicant"),
    "an unknown procedure": ({"procedure": "3.999999"}, "/procedure"),
    "what is no procedure's code": ({"procedure": "xăng dầu"}, "/procedure"),
    "an unknown component": ({"components": ["don-de-nghi", "giay-la"]}, "/components/1"),
    "what is no component's code": ({"components": ["Đơn đề nghị"]}, "/components/0"),
    "more components than any procedure has": ({"components": ["don-de-nghi"] * 51}, "/components"),
    "an arrival in the future": ({"arrived_at": (MONDAY + timedelta(seconds=1)).isoformat()}, "/arrived_at"),
    "an arrival beyond what can be a postmark": ({"arrived_at": (MONDAY - timedelta(days=31)).isoformat()}, "/arrived_at"),
    "an arrival at the beginning of time": ({"arrived_at": "0001-01-01T00:00:00+14:00"}, "/arrived_at"),
    "an arrival without an offset": ({"arrived_at": "2026-03-02T08:00:00"}, "/arrived_at"),
    "an enterprise without a tax code": ({"applicant": {k: v for k, v in ENTERPRISE.items() if k != "tax_code"}}, "/applicant"),
    "an enterprise with no tax code": ({"applicant": ENTERPRISE | {"tax_code": None}}, "/applicant/tax_code"),
    "an enterprise with a person's number": ({"applicant": ENTERPRISE | {"tax_code": "079123456789"}}, "/applicant/tax_code"),
    "a tax code whose check digit does not fit": ({"applicant": ENTERPRISE | {"tax_code": "0106831098"}}, "/applicant/tax_code"),
    "a tax code with letters": ({"applicant": ENTERPRISE | {"tax_code": "37O1234567"}}, "/applicant/tax_code"),
    "a phone number that is none": ({"applicant": CITIZEN | {"phone": "0912-345-678"}}, "/applicant/phone"),
    "digits of another script": ({"applicant": CITIZEN | {"phone": "0٩١٢٣٤٥٦٧٨"}}, "/applicant/phone"),
    "an identity number that is none": ({"applicant": CITIZEN | {"identity_number": "12345"}}, "/applicant/identity_number"),
    "a citizen's number of no province": ({"applicant": CITIZEN | {"identity_number": "003123456789"}}, "/applicant/identity_number"),
    "a citizen's number of a year to come": ({"applicant": CITIZEN | {"identity_number": "079399456789"}}, "/applicant/identity_number"),
    "a tax code that is no citizen's number": ({"applicant": CITIZEN | {"tax_code": "003123456789"}}, "/applicant/tax_code"),
    "an e-mail address that is none": ({"applicant": CITIZEN | {"email": "anh tại bình dương"}}, "/applicant/email"),
    "a name of blanks": ({"applicant": CITIZEN | {"name": "   "}}, "/applicant/name"),
    "a name too long to be one": ({"applicant": CITIZEN | {"name": "Á" * 201}}, "/applicant/name"),
    "a name of 200 kB": ({"applicant": CITIZEN | {"name": "Á" * 100_000}}, "/applicant/name"),
    "a name that no database can show": ({"applicant": ENTERPRISE | {"name": "Công ty\u0000 Hòa Lợi"}}, "/applicant/name"),
}
"""What is wrong with a submission, and the field that is named."""


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (submission() | changes).items() if value is not GONE}


async def raw(intake: Running, content: bytes, **headers: str) -> httpx2.Response:
    """Send a submission byte for byte."""
    given = {"Authorization": f"Bearer {intake.token('desk')}", "Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
    return await intake.client.post("/v1/dossiers", content=content, headers=given | headers)


async def test_a_wrong_field_is_named_and_leaves_nothing_behind(intake: Running, desk: Desk, subtests: pytest.Subtests) -> None:
    before = await desk.kept()
    for name, (changes, pointer) in WRONG_FIELDS.items():
        with subtests.test(name):
            answer = await intake.post("/v1/dossiers", changed(changes), desk.officer)
            body = problem(answer, 422, "invalid-input")
            assert pointers(body) == [pointer]
            assert body["errors"][0]["in"] == "body"
    assert await desk.kept() == before


async def test_several_wrong_fields_are_named_together(intake: Running, desk: Desk) -> None:
    answer = await intake.post("/v1/dossiers", changed({"channel": "fax", "procedure": GONE, "fee": 5}), desk.officer)
    assert sorted(pointers(problem(answer, 422, "invalid-input"))) == ["/channel", "/fee", "/procedure"]


async def test_a_problem_does_not_repeat_what_was_typed(intake: Running, desk: Desk) -> None:
    wrong = CITIZEN | {"identity_number": "079-123-456-789", "phone": "số của tôi"}
    answer = await intake.post("/v1/dossiers", submission(applicant=wrong), desk.officer)
    problem(answer, 422, "invalid-input")
    assert not [text for text in wrong.values() if text in answer.text]


async def test_an_enterprise_is_told_in_plain_words_that_its_tax_code_is_missing_or_wrong(intake: Running, desk: Desk) -> None:
    without = {name: value for name, value in ENTERPRISE.items() if name != "tax_code"}
    answer = await intake.post("/v1/dossiers", submission(applicant=without), desk.officer)
    (error,) = problem(answer, 422, "invalid-input")["errors"]
    assert error["detail"] == "Doanh nghiệp phải khai mã số thuế (trường tax_code)."
    assert error["detail_en"] == "An enterprise gives its tax code (field tax_code)."
    answer = await intake.post("/v1/dossiers", submission(applicant=ENTERPRISE | {"tax_code": "37"}), desk.officer)
    (error,) = problem(answer, 422, "invalid-input")["errors"]
    assert error["detail_en"] == "An enterprise's tax code has 10 digits, or 10, a hyphen and 3."


async def test_a_body_that_cannot_be_read_leaves_nothing_behind(intake: Running, desk: Desk, subtests: pytest.Subtests) -> None:
    before = await desk.kept()
    cases: dict[str, tuple[bytes, dict[str, str], int, str]] = {
        "no body": (b"", {}, 400, "body-missing"),
        "half a JSON object": (b'{"procedure": "2.000648"', {}, 400, "malformed-body"),
        "text": (b"Kinh gui Bo phan Mot cua", {}, 400, "malformed-body"),
        "bytes that are no UTF-8": (b'{"channel": "\xff\xfe"}', {}, 400, "malformed-body"),
        "half a character": (b'{"procedure": "\\ud800"}', {}, 422, "invalid-input"),
        "a form": (b"procedure=2.000648", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "media-type-not-supported"),
        "JSON that calls itself text": (b'{"channel": "desk"}', {"Content-Type": "text/plain"}, 415, "media-type-not-supported"),
        "more than is accepted": (b" " * (1024 * 1024 + 1), {}, 413, "body-too-large"),
        "a list": (b"[]", {}, 422, "invalid-input"),
        "null": (b"null", {}, 400, "body-missing"),
    }
    for name, (content, headers, status, kind) in cases.items():
        with subtests.test(name):
            problem(await raw(intake, content, **headers), status, kind)
    assert await desk.kept() == before


async def test_the_same_key_with_another_body_is_a_problem_and_no_second_dossier(intake: Running, desk: Desk) -> None:
    await intake.post("/v1/dossiers", submission(), desk.officer, key="twice")
    kept = await desk.kept()
    problem(await intake.post("/v1/dossiers", submission(channel="post"), desk.officer, key="twice"), 422, "idempotency-key-reused")
    assert await desk.kept() == kept


async def test_a_command_without_a_key_or_with_half_a_key_is_not_carried_out(intake: Running, desk: Desk) -> None:
    before = await desk.kept()
    for key in ({}, {"Idempotency-Key": "with blanks"}, {"Idempotency-Key": "k" * 201}):
        headers = {"Authorization": f"Bearer {desk.officer}"} | key
        problem(await intake.client.post("/v1/dossiers", json=submission(), headers=headers), 400, "idempotency-key-missing")
    assert await desk.kept() == before


async def test_who_has_no_good_token_leaves_nothing_behind(intake: Running, desk: Desk, subtests: pytest.Subtests) -> None:
    before = await desk.kept()
    expired = intake.issuer.token("desk", ["desk"], [AGENCY], ttl_seconds=-3600)
    cases: dict[str, tuple[str | None, int, str]] = {
        "no token": (None, 401, "token-missing"),
        "a token that is none": ("x.y.z", 401, "token-invalid"),
        "a token that was changed": (desk.officer[:-4] + "AAAA", 401, "token-invalid"),
        "a token that has expired": (expired, 401, "token-expired"),
        "a token of the wrong role": (intake.token("leader"), 403, "not-allowed"),
        "a token without a role": (intake.token(), 403, "not-allowed"),
        "a token of another agency": (intake.token("desk", agencies=("H10.1",)), 403, "other-agency"),
        "a token of a unit below": (intake.token("desk", agencies=("H09.13.01",)), 403, "other-agency"),
        "a token for no agency": (intake.token("desk", agencies=()), 403, "other-agency"),
    }
    for name, (token, status, kind) in cases.items():
        with subtests.test(name):
            answer = await intake.post("/v1/dossiers", submission(), token)
            problem(answer, status, kind)
            assert ("www-authenticate" in answer.headers) == (status == 401)
    assert await desk.kept() == before


async def test_a_dossier_of_another_agency_can_be_neither_read_nor_touched(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    before = await desk.kept()
    stranger = intake.token("desk", "officer", "portal", agencies=("H10",))
    for path in (f"/v1/dossiers/{id}", f"/v1/dossiers/{id}/personal"):
        problem(await intake.get(path, stranger, purpose="contact"), 403, "other-agency")
    bodies: dict[str, dict[str, Any]] = {
        "acceptance": {},
        "supplement-request": NOT_COMPLETE,
        "supplement": {"components": ["don-de-nghi"]},
        "refusal": {"reason": "duplicate", "legal_basis": "Nghị định 61/2018/NĐ-CP"},
        "withdrawal": {"reason": "other"},
        "return": {},
    }
    for what, body in bodies.items():
        problem(await desk.ask(id, what, body, stranger), 403, "other-agency")
    assert await desk.kept() == before
    assert await desk.readings() == []


async def test_what_was_decided_on_an_older_version_is_not_carried_out(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    seen = (await intake.get(f"/v1/dossiers/{id}", desk.officer)).headers["etag"]
    await desk.do(id, "supplement-request", NOT_COMPLETE)
    before = await desk.kept()
    problem(await desk.ask(id, "withdrawal", {"reason": "other"}, If_Match=seen), 412, "changed-meanwhile")
    problem(await desk.ask(id, "acceptance", If_Match='"99"'), 412, "changed-meanwhile")
    problem(await desk.ask(id, "withdrawal", {"reason": "other"}, If_Match="2"), 400, "if-match-malformed")
    assert await desk.kept() == before
    now = (await intake.get(f"/v1/dossiers/{id}", desk.officer)).headers["etag"]
    assert (await desk.ask(id, "withdrawal", {"reason": "other"}, If_Match=now)).is_success


async def test_an_address_or_a_method_that_is_not_there_is_a_problem(intake: Running, desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.officer}"}
    answer = await intake.client.delete("/v1/dossiers", headers=headers)
    problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) <= {"GET", "POST", "HEAD"}
    problem(await intake.get("/v1/dossier", desk.officer), 404, "not-found")
    problem(await intake.get("/v1/procedures/3.999999"), 404, "not-found")
    problem(await intake.get(f"/v1/dossiers/{uuid4()}", desk.officer), 404, "not-found")


async def test_nothing_can_be_done_with_a_dossier_that_is_not_there(intake: Running, desk: Desk) -> None:
    before = await desk.kept()
    problem(await desk.ask(str(uuid4()), "acceptance"), 404, "not-found")
    assert pointers(problem(await desk.ask("17", "acceptance"), 422, "invalid-input")) == ["/id"]
    assert await desk.kept() == before


WRONG_BODIES: Final[dict[str, tuple[str, dict[str, Any], list[str]]]] = {
    "an acceptance that says something": ("acceptance", {"fee": 0}, ["/fee"]),
    "a request for nothing": ("supplement-request", {"missing": []}, ["/missing"]),
    "a request for an unknown component": (
        "supplement-request",
        {"missing": [*NOT_COMPLETE["missing"], {"component": "giay-la", "reason": "absent"}]},
        ["/missing/1"],
    ),
    "a misspelt field of a missing component": (
        "supplement-request",
        {"missing": [{"component": "don-de-nghi", "reason": "absent", "note": "thiếu"}]},
        ["/missing/0/note"],
    ),
    "a reason for a missing component that does not exist": (
        "supplement-request",
        {"missing": [{"component": "don-de-nghi", "reason": "lost"}]},
        ["/missing/0/reason"],
    ),
    "a supplement of nothing": ("supplement", {"components": []}, ["/components"]),
    "a supplement with an unknown component": ("supplement", {"components": ["giay-la"]}, ["/components/0"]),
    "a refusal with no basis in law": ("refusal", {"reason": "duplicate", "legal_basis": " "}, ["/legal_basis"]),
    "a refusal for no reason": ("refusal", {"legal_basis": "Nghị định 61/2018/NĐ-CP"}, ["/reason"]),
    "a withdrawal for a reason that does not exist": ("withdrawal", {"reason": "bored"}, ["/reason"]),
    "a return that says something": ("return", {"to": "Nguyễn Văn An"}, ["/to"]),
}


async def test_a_wrong_body_of_a_command_is_named_and_leaves_nothing_behind(desk: Desk, subtests: pytest.Subtests) -> None:
    id = await desk.submit()
    before = await desk.kept()
    for name, (what, body, expected) in WRONG_BODIES.items():
        with subtests.test(name):
            assert pointers(problem(await desk.ask(id, what, body), 422, "invalid-input")) == expected
    assert await desk.kept() == before


async def test_a_refused_command_says_why_what_is_missing_and_what_may_be_done(desk: Desk) -> None:
    id = await desk.submit(without={"don-de-nghi"})
    before = await desk.kept()
    body = problem(await desk.ask(id, "acceptance"), 409, "components-missing")
    assert body["missing"] == ["don-de-nghi"]
    body = problem(await desk.ask(id, "return"), 409, "not-now")
    assert body["legal"] == ["acceptance", "supplement-request", "refusal", "withdrawal"]
    assert await desk.kept() == before


async def test_while_the_database_is_away_a_caller_is_asked_to_come_again(rig: Rig) -> None:
    async with rig.running(SERVICE) as intake:
        # Until its read table is made for the first time, a list asks to come again, too.
        await eventually(lambda: intake.get("/v1/dossiers", intake.token("desk")), lambda answer: answer.status_code == 200)
        rig.postgres.kill()
        try:
            answer = await intake.get("/v1/dossiers", intake.token("desk"))
            problem(answer, 503, "busy")
            assert int(answer.headers["retry-after"]) >= 1
        finally:
            rig.postgres.restart()
