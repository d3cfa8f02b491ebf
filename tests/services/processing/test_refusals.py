"""What the department refuses, and how it says so: each test makes a case of its own in one department that runs all the while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio

from kernel.edge.policy import guarded_routes, unguarded_routes
from services.processing.http_api import POLICY
from tests.servers import NatsServer, PostgresServer
from tests.services.processing.department import LEADER, Department, department
from tests.services.processing.dossiers import WINE
from tests.services.rig import Rig, problem

MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def dept(postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Department]:
    rig = Rig(postgres, nats, tmp_path_factory.mktemp("refusals"))
    await rig.empty_broker()
    async with department(rig) as made:
        yield made


TOO_MANY: Final = {"missing": MISSING["missing"] * 51}

BAD_BODIES: Final = [
    pytest.param("claim", {"officer": "nv-tm-04"}, "/officer", id="nobody claims for another"),
    pytest.param("completion", {}, "/step", id="no step"),
    pytest.param("completion", {"stpe": "B3"}, "/stpe", id="misspelt"),
    pytest.param("completion", {"step": "3"}, "/step", id="no such form of a step"),
    pytest.param("completion", {"step": None}, "/step", id="null"),
    pytest.param("completion", {"step": "B3", "at": "2026-03-02T08:00:00+07:00"}, "/at", id="the caller does not say when"),
    pytest.param("claim", {"step": "3"}, "/step", id="no such form of a step to claim"),
    pytest.param("assignment", {"step": "B1", "officer": "nv-mc-02", "reason": "friend"}, "/reason", id="no such reason to assign"),
    pytest.param("assignment", {"step": "B1"}, "/officer", id="assigned to nobody"),
    pytest.param("return", {"step": "B4", "to": "B3"}, "/reason", id="returned for no reason"),
    pytest.param("undo", {"step": "B1", "reason": None}, "/reason", id="undone for no reason"),
    pytest.param("consultation", {"partner": "Công an"}, "/partner", id="no code of an agency"),
    pytest.param("consultation", {"partner": "cong-an-xa"}, "/partner", id="an agency with no agreement"),
    pytest.param("consultations/1/answer", {"opinion": "maybe"}, "/opinion", id="no such opinion"),
    pytest.param("reappointment", {"new_due_on": "30/03/2026", "reason": "workload"}, "/new_due_on", id="no date"),
    pytest.param("reappointment", {"new_due_on": "2026-03-30", "reason": "lazy"}, "/reason", id="no such reason to be late"),
    pytest.param("pause", {"missing": []}, "/missing", id="nothing missing"),
    pytest.param("pause", {"missing": [{"component": "x", "reason": "lost"}]}, "/missing/0/reason", id="no such reason"),
    pytest.param("pause", {"missing": [{"component": "Đơn", "reason": "absent"}]}, "/missing/0/component", id="no code of a component"),
    pytest.param("pause", TOO_MANY, "/missing", id="too many"),
    pytest.param("decision", {"outcome": "maybe"}, "/outcome", id="no such outcome"),
    pytest.param("decision", {"outcome": "refused"}, "/legal_basis", id="a refusal with no legal basis"),
    pytest.param("decision", {"outcome": "refused", "legal_basis": None}, "/legal_basis", id="a refusal with null for a legal basis"),
    pytest.param("decision", {"outcome": "refused", "legal_basis": "   "}, "/legal_basis", id="a refusal with blanks for a legal basis"),
    pytest.param("decision", {"outcome": "refused", "legal_basis": "x" * 501}, "/legal_basis", id="a legal basis that is a book"),
]


@pytest.mark.parametrize(("what", "body", "pointer"), BAD_BODIES)
async def test_a_wrong_body_is_refused_and_the_field_is_named(dept: Department, what: str, body: Any, pointer: str) -> None:
    case_id = await dept.opened(WINE)
    before = await dept.count()
    found = problem(await dept.ask(case_id, what, body, "nv-mc-01"), 422, "invalid-input")
    assert (pointer, "body") in {(error["pointer"], error["in"]) for error in found["errors"]}
    assert await dept.count() == before


@pytest.mark.parametrize("what", ["claim", "completion", "pause", "decision"])
async def test_a_missing_body_or_one_that_is_no_json_or_no_object_is_refused(dept: Department, what: str) -> None:
    case_id = await dept.opened(WINE)
    before, client = await dept.count(), dept.running.client
    headers = {"Authorization": f"Bearer {dept.token('nv-mc-01')}", "Idempotency-Key": "k"}
    address = f"/v1/cases/{case_id}/{what}"
    problem(await client.post(address, headers=headers), 400, "body-missing")
    json_headers = headers | {"Content-Type": "application/json"}
    problem(await client.post(address, content=b"{", headers=json_headers), 400, "malformed-body")
    assert (await client.post(address, json=[], headers=headers)).status_code == 422
    problem(await client.post(address, content=b"{}", headers=headers | {"Content-Type": "text/plain"}), 415, "media-type-not-supported")
    assert await dept.count() == before


async def test_a_command_needs_its_key(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    headers = {"Authorization": f"Bearer {dept.token('nv-mc-01')}"}
    before = await dept.count()
    problem(await dept.running.client.post(f"/v1/cases/{case_id}/claim", json={}, headers=headers), 400, "idempotency-key-missing")
    assert await dept.count() == before


WORK: Final = [
    ("claim", {}),
    ("completion", {"step": "B1"}),
    ("pause", MISSING),
    ("decision", {"outcome": "granted"}),
]


@pytest.mark.parametrize(("what", "body"), WORK)
async def test_a_case_that_is_not_there_cannot_be_worked_on(dept: Department, what: str, body: Any) -> None:
    before = await dept.count()
    problem(await dept.ask(uuid4(), what, body, "nv-mc-01"), 404, "not-found")
    answer = await dept.running.post(f"/v1/cases/12/{what}", body, dept.token("nv-mc-01"))
    found = problem(answer, 422, "invalid-input")
    assert [(error["in"], error["pointer"]) for error in found["errors"]] == [("path", "/id")]
    assert await dept.count() == before


@pytest.mark.parametrize(("what", "body"), WORK)
async def test_who_may_not_does_not(dept: Department, what: str, body: Any) -> None:
    case_id = await dept.opened(WINE)
    before, post, address = await dept.count(), dept.running.post, f"/v1/cases/{case_id}/{what}"
    problem(await post(address, body), 401, "token-missing")
    problem(await post(address, body, "x.y.z"), 401, "token-invalid")
    problem(await post(address, body, dept.token("nv-mc-01", "desk")), 403, "not-allowed")
    problem(await post(address, body, dept.token("nv-mc-01", agencies=("H10.5",))), 403, "other-agency")
    problem(await post(address, body, dept.token("nv-xx-99")), 403, "not-in-roster")
    problem(await post(address, body, dept.token("nv-tm-03")), 403, "not-your-step")
    await dept.ask(case_id, "claim", {}, "nv-mc-02")
    problem(await post(address, body, dept.token("nv-mc-01")), 409, "claimed-by-another")
    assert await dept.count() == before + 1


@pytest.mark.parametrize("number", ["1", "1/gp-sct", "1-GP-SCT", "1/GP", "x/GP-SCT", "1234567/GP-SCT"])
async def test_what_is_no_permit_number_is_refused_and_not_looked_up(dept: Department, number: str) -> None:
    found = problem(await dept.running.get(f"/v1/permits/{number}"), 422, "invalid-input")
    assert [(error["in"], error["pointer"]) for error in found["errors"]] == [("path", "/number")]


async def test_a_case_is_read_by_officers_of_its_agency_only(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    address = f"/v1/cases/{case_id}"
    problem(await dept.running.get(address), 401, "token-missing")
    problem(await dept.running.get(address, dept.token("x", "desk")), 403, "not-allowed")
    problem(await dept.running.get(address, dept.token("x", agencies=("H10",))), 403, "other-agency")
    problem(await dept.running.get(f"/v1/cases/{uuid4()}", dept.token()), 404, "not-found")
    assert (await dept.running.get(address, dept.token("x", agencies=("H09",)))).status_code == 200


async def test_a_department_that_has_heard_of_no_dossier_is_ready(dept: Department) -> None:
    assert (await dept.running.get("/readyz")).status_code == 200


# Who may do what. --------------------------------------------------------------------------------------------------------

ROLES: Final = ("portal", "desk", "officer", "leader", "analyst", "public", "admin")
ROUTES: Final = {
    "GET /v1/cases": "case.list",
    "GET /v1/cases/{id}": "case.read",
    "GET /v1/cases/{id}/timeline": "case.tell",
    "GET /v1/worklist": "work.list",
    "GET /v1/units/{unit}/load": "work.count",
    "GET /v1/cases/{id}/deadline": "case.clock",
    "GET /v1/deadlines/{dossier}": "deadline.read",
    "GET /v1/partners/lateness": "partner.lateness",
    "POST /v1/cases/{id}/claim": "case.claim",
    "POST /v1/cases/{id}/assignment": "case.assign",
    "POST /v1/cases/{id}/return": "case.return",
    "POST /v1/cases/{id}/undo": "case.undo",
    "POST /v1/cases/{id}/consultation": "case.consult",
    "POST /v1/cases/{id}/consultations/{consultation}/answer": "case.consult",
    "POST /v1/cases/{id}/consultations/{consultation}/receipt": "case.consult",
    "POST /v1/cases/{id}/reappointment": "case.reappoint",
    "POST /v1/workflows/{procedure}/move": "workflow.move",
    "POST /v1/calendar/restatement": "calendar.restate",
    "POST /v1/time-exclusions": "time.exclude",
    "POST /v1/cases/{id}/extension": "case.prolong",
    "POST /v1/alarms": "alarm.raise",
    "POST /v1/cases/{id}/site-check": "case.put-down",
    "POST /v1/cases/{id}/council": "case.put-down",
    "POST /v1/cases/{id}/correction": "case.correct",
    "GET /v1/cases/{id}/decisions": "case.decisions",
    "POST /v1/reassignments": "case.reassign",
    "GET /v1/cases/{id}/records": "case.records",
    "POST /v1/cases/{id}/completion": "case.complete",
    "POST /v1/cases/{id}/pause": "case.pause",
    "POST /v1/cases/{id}/decision": "case.decide",
    "GET /v1/organisation": "organisation.read",
    "GET /v1/organisation/units/{unit}": "organisation.read",
    "GET /v1/organisation/officers/{officer}": "organisation.read",
    "POST /v1/organisation/units": "unit.change",
    "POST /v1/organisation/units/{unit}/change": "unit.change",
    "POST /v1/organisation/reorganisations": "unit.change",
    "POST /v1/organisation/roles/{role}": "role.define",
    "POST /v1/organisation/officers/{officer}/appointment": "officer.appoint",
    "POST /v1/organisation/officers/{officer}/release": "officer.appoint",
    "POST /v1/organisation/officers/{officer}/leave": "leave.grant",
    "POST /v1/organisation/officers/{officer}/leave/end": "leave.grant",
    "POST /v1/organisation/reform-officer": "reform-officer.designate",
    "POST /v1/organisation/officers/{officer}/signing-delegation": "signing.delegate",
    "POST /v1/organisation/officers/{officer}/signing-delegation/end": "signing.delegate",
    "GET /v1/agreements": "agreement.read",
    "GET /v1/agreements/{code}": "agreement.read",
    "POST /v1/agreements": "agreement.conclude",
    "POST /v1/agreements/{code}/end": "agreement.conclude",
    "GET /v1/controlled-documents": "document.read",
    "GET /v1/controlled-documents/{code}": "document.read",
    "POST /v1/controlled-documents": "document.issue",
    "POST /v1/controlled-documents/{code}/withdrawal": "document.issue",
    "GET /v1/permits/{number}": "permit.read",
    "GET /v1/permits/{number}/verification": "permit.read",
    "GET /v1/permits/{number}/document": "permit.document",
    "GET /v1/signing-keys": "permit.read",
    "POST /v1/cases/{id}/permit-draft": "permit.draft",
    "GET /v1/cases/{id}/permit-draft": "permit.preview",
    "POST /v1/permits/{id}/publication": "permit.publish",
    "POST /v1/permits/{id}/amendment": "permit.change",
    "POST /v1/permits/{id}/reissue": "permit.change",
    "POST /v1/permits/{id}/revocation": "permit.change",
    "POST /v1/expiries": "permit.expire",
    "POST /v1/blanks/{series}/parcels": "blank.handle",
    "POST /v1/blanks/{series}/{serial}/spoiling": "blank.handle",
    "POST /v1/blanks/{series}/{serial}/return": "blank.handle",
    "POST /v1/blanks/{series}/{serial}/loss": "blank.handle",
    "GET /v1/blanks/{series}": "book.read",
    "GET /v1/books/{year}": "book.read",
    "GET /v1/cases/{id}/forms": "form.read",
    "GET /v1/cases/{id}/forms/{form}": "form.read",
}
NAMED: Final = {"number": "1/GP-SCT", "consultation": 1, "procedure": WINE, "unit": "van-phong", "officer": "nv-tm-03", "dossier": uuid4()}
NAMED_TOO: Final = {"role": "chuyen-vien", "code": "QT-SCT-09", "series": "AB", "serial": 1, "year": 2026, "form": "apology"}
"""What stands in the addresses."""


async def test_every_route_names_its_action_and_no_action_is_without_a_route(dept: Department) -> None:
    app: Any = getattr(dept.running.client._transport, "app", None)
    assert unguarded_routes(app) == []
    assert {f"{route.method} {route.path}": route.action for route in guarded_routes(app)} == ROUTES
    assert POLICY.keys() == set(ROUTES.values())


@pytest.mark.parametrize("route", ROUTES)
async def test_a_role_is_let_through_exactly_where_the_policy_says(dept: Department, route: str) -> None:
    method, _, path = route.partition(" ")
    address, may = path.format(id=uuid4(), **NAMED, **NAMED_TOO), POLICY[ROUTES[route]]
    for role in (None, *ROLES):
        token = dept.token(LEADER, role) if role else None
        answer = await (dept.running.get(address, token) if method == "GET" else dept.running.post(address, {}, token))
        kind = answer.json().get("type", "").rpartition("/")[2]
        if "public" in may or role in may:
            assert answer.status_code not in {401, 403}, f"{route} {role}: {answer.text}"
        else:
            assert (answer.status_code, kind) == ((403, "not-allowed") if role else (401, "token-missing"))


async def test_of_two_officers_who_saw_the_same_one_wins_and_the_other_is_told_what_may_be_done_now(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    seen = (await dept.running.get(f"/v1/cases/{case_id}", dept.token())).headers["etag"]
    officers = ("nv-mc-01", "nv-mc-02")
    answers = await asyncio.gather(*(dept.ask(case_id, "claim", {}, officer, If_Match=seen) for officer in officers))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (lost,) = [answer for answer in answers if answer.status_code == 409]
    assert problem(lost, 409, "claimed-by-another")["legal"] == ["completion", "pause", "assignment", "consultation", "reappointment"]
    (winner,) = [officer for officer, answer in zip(officers, answers, strict=True) if answer.status_code == 200]
    # What may be done, but was asked for on the ground of what is no more: the condition fails, and it says the same.
    stale = problem(await dept.ask(case_id, "completion", {"step": "B1"}, winner, If_Match=seen), 412, "changed-meanwhile")
    assert (stale["version"], stale["legal"][0]) == (2, "completion")
