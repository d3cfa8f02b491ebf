"""The OpenAPI document is complete: every route says its problems, and every example of it is carried out here."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import pytest_asyncio

from kernel.edge.answer import MEDIA_TYPE
from services.processing.domain import permit
from services.processing.http_api import WORDS
from services.processing.settings import HERE
from tests.servers import NatsServer, PostgresServer
from tests.services.processing.department import LEADER, Department, department
from tests.services.processing.dossiers import CONTRACTS, COORDINATED, FOOD, WINE
from tests.services.rig import MONDAY, Rig, eventually

DRAFTING: Final = "    hours: 12\n    returns_to: [B3, B4]\n"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Department]:
    """Run one department: the examples are carried out one after another, those that change it most last.

    Its workflow for food safety has a council, which none of those in force has.
    """
    folder = shutil.copytree(HERE / "workflows", tmp_path_factory.mktemp("council") / "workflows")
    template = folder / "templates" / "site-check-20-days.yaml"
    text = template.read_text(encoding="utf-8")
    assert text.count(DRAFTING) == 1
    template.write_text(text.replace(DRAFTING, DRAFTING + "    record: {kind: council}\n"), encoding="utf-8")
    rig = Rig(postgres, nats, tmp_path_factory.mktemp("examples"))
    await rig.empty_broker()
    async with department(rig, workflows=folder) as made:
        yield made


async def document(dept: Department) -> dict[str, Any]:
    answer = await dept.running.get("/openapi.json")
    return answer.json()


def example_of(doc: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """Give the example of a route's body.

    Raises:
        AssertionError: if there is none, or more than one.
    """
    schema = doc["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    body = doc["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if body.get("title") == "EmptyBody":
        return {}
    (example,) = body["examples"]
    return example


CASES: Final[dict[str, tuple[str, str, str]]] = {
    "claim": (WINE, "B3", "nv-tm-03"),
    "assignment": (WINE, "B3", "nv-tm-01"),
    "completion": (WINE, "B3", "nv-tm-03"),
    "pause": (WINE, "B3", "nv-tm-03"),
    "return": (WINE, "B4", "nv-tm-01"),
    "undo": (WINE, "B4", "nv-tm-03"),
    "decision": (WINE, "B5", LEADER),
    "consultation": (COORDINATED, "B3", "nv-tm-03"),
    "reappointment": (WINE, "B3", "nv-tm-03"),
    "extension": (CONTRACTS, "B3", LEADER),
    "site-check": (FOOD, "B4", "nv-at-03"),
    "council": (FOOD, "B6", "nv-at-03"),
    "correction": (WINE, "B6", LEADER),
}
"""For each address of a case: the procedure, the step that is open, and who acts."""

DEPARTMENT: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("/v1/alarms", "admin", {}),
    ("/v1/workflows/{procedure}/move", "admin", {"procedure": WINE}),
    ("/v1/calendar/restatement", "admin", {}),
    ("/v1/reassignments", "leader", {}),
    ("/v1/organisation/officers/{officer}/leave", "leader", {"officer": "nv-tm-03"}),
    ("/v1/organisation/officers/{officer}/leave/end", "leader", {"officer": "nv-tm-03"}),
    ("/v1/time-exclusions", "leader", {}),
    ("/v1/organisation/officers/{officer}/signing-delegation", "leader", {"officer": "nv-tm-01"}),
    ("/v1/organisation/officers/{officer}/signing-delegation/end", "leader", {"officer": "nv-tm-01"}),
    ("/v1/organisation/officers/{officer}/appointment", "leader", {"officer": "nv-tm-03"}),
    ("/v1/organisation/officers/{officer}/release", "leader", {"officer": "nv-tm-06"}),
    ("/v1/organisation/reform-officer", "leader", {}),
    ("/v1/organisation/roles/{role}", "admin", {"role": "chuyen-vien"}),
    ("/v1/organisation/units", "admin", {}),
    ("/v1/organisation/units/{unit}/change", "admin", {"unit": "phong-quan-ly-thuong-mai"}),
    ("/v1/organisation/reorganisations", "leader", {}),
    ("/v1/agreements", "leader", {}),
    ("/v1/agreements/{code}/end", "leader", {"code": "QCPH-HC-01"}),
    ("/v1/controlled-documents", "leader", {}),
    ("/v1/controlled-documents/{code}/withdrawal", "leader", {"code": "QT-SCT-10"}),
)
"""Routes that change the department, in an order in which each example can be."""

RECORDS: Final = "nv-vt-01"
PERMIT: Final[tuple[tuple[str, str, str], ...]] = (
    ("/v1/blanks/{series}/parcels", "", RECORDS),
    ("/v1/blanks/{series}/{serial}/spoiling", "1", RECORDS),
    ("/v1/blanks/{series}/{serial}/return", "2", RECORDS),
    ("/v1/blanks/{series}/{serial}/loss", "3", RECORDS),
    ("/v1/permits/{id}/publication", "", RECORDS),
    ("/v1/permits/{id}/amendment", "", LEADER),
    ("/v1/permits/{id}/publication", "5", RECORDS),
    ("/v1/permits/{id}/reissue", "", LEADER),
    ("/v1/permits/{id}/revocation", "", LEADER),
    ("/v1/expiries", "", LEADER),
)
"""What happens to blanks and to a permit, in an order in which each example can be; the number of the blank where it is another."""

DRAFT: Final = "/v1/cases/{id}/permit-draft"
ANSWER: Final = "/v1/cases/{id}/consultations/{consultation}/answer"
RECEIPT: Final = "/v1/cases/{id}/consultations/{consultation}/receipt"


@pytest.mark.parametrize("what", CASES)
async def test_an_example_of_a_case_is_carried_out(shared: Department, what: str) -> None:
    procedure, step, officer = CASES[what]
    shared.running.moment = MONDAY
    case_id = await shared.opened(procedure)
    await shared.advanced(case_id, to=step)
    if what == "undo":  # taken back by whoever did it
        officer = next(event.fact.officer for event in reversed(await shared.running.events(stream=case_id)) if event.fact.step == "B3")
    doc = await document(shared)
    answer = await shared.ask(case_id, what, example_of(doc, "post", f"/v1/cases/{{id}}/{what}"), officer)
    assert answer.status_code == 200, answer.text
    if what == "consultation":
        there = await shared.ask(case_id, "consultations/1/receipt", example_of(doc, "post", RECEIPT), officer)
        assert there.status_code == 200, there.text
        answered = await shared.ask(case_id, "consultations/1/answer", example_of(doc, "post", ANSWER), officer)
        assert answered.status_code == 200, answered.text
    for address in (f"/v1/cases/{case_id}", f"/v1/cases/{case_id}/timeline"):
        assert (await shared.running.get(address, shared.token())).status_code == 200


async def test_the_examples_about_a_permit_are_carried_out_one_after_another(shared: Department) -> None:
    shared.running.moment = MONDAY
    doc = await document(shared)
    case_id = await shared.opened(WINE, enterprise=True)

    async def draft() -> Any:
        return await shared.ask(case_id, "permit-draft", example_of(doc, "post", DRAFT), "nv-tm-03")

    # Until what intake told of the dossier has been read, the answer is to ask again.
    assert (await eventually(draft, lambda answer: answer.status_code != 503)).status_code == 200
    assert (await shared.advanced(case_id))["state"] == "issued"
    for path, number, officer in PERMIT:
        body = example_of(doc, "post", path)
        if "blank" in body and number:
            body |= {"blank": {**body["blank"], "number": int(number)}}
        address = path.format(series="AB", serial=number, id=permit.stream_of(case_id))
        answer = await shared.running.post(address, body, shared.token(officer, "admin" if path == "/v1/expiries" else "officer"))
        assert answer.status_code == 200, f"{path}: {answer.text}"


async def test_the_examples_about_the_department_are_carried_out_one_after_another(shared: Department) -> None:
    shared.running.moment = datetime(2026, 3, 9, 1, 30, tzinfo=UTC)
    doc = await document(shared)
    for path, role, named in DEPARTMENT:
        token = shared.token(LEADER, role)
        answer = await shared.running.post(path.format_map(named), example_of(doc, "post", path), token)
        assert answer.status_code == 200, f"{path}: {answer.text}"


async def test_every_route_that_writes_has_an_example_that_was_carried_out(shared: Department) -> None:
    doc = await document(shared)
    writing = {path for path, routes in doc["paths"].items() if "post" in routes}
    carried_out = (
        {f"/v1/cases/{{id}}/{what}" for what in CASES}
        | {path for path, _, _ in DEPARTMENT}
        | {ANSWER, RECEIPT, DRAFT}
        | {path for path, _, _ in PERMIT}
    )
    assert writing == carried_out


async def test_every_example_of_what_is_asked_is_answered(shared: Department) -> None:
    doc = await document(shared)
    dossier = (await shared.see(await shared.opened(WINE)))["dossier"]
    named = {"unit": "phong-quan-ly-thuong-mai", "officer": "nv-tm-03", "number": "9999/GP-SCT", "series": "AB", "year": 2026}
    named |= {"dossier": dossier}
    for path, routes in doc["paths"].items():
        if "get" not in routes or "{id}" in path or not path.startswith("/v1"):
            continue
        parameters = routes["get"].get("parameters", [])
        examples = {one["name"]: one["schema"]["examples"][0] for one in parameters if "examples" in one["schema"]}
        given = named | {"code": "QCPH-HC-01" if "agreements" in path else "QT-SCT-09"}
        asked = {one["name"]: examples[one["name"]] for one in parameters if one["required"] and one["in"] == "query"}
        answer = await shared.running.get(path.format_map(examples | given), shared.token(LEADER, "leader"), **asked)
        # No permit has this number: that it is not found is the answer.
        assert answer.status_code == (404 if "permits" in path else 200), f"{path}: {answer.text}"


async def test_every_route_says_who_may_what_it_is_for_and_which_problems_are_its_own(shared: Department) -> None:
    doc = await document(shared)
    told = set[str]()
    for path, routes in doc["paths"].items():
        for method, route in routes.items():
            if not path.startswith("/v1"):
                continue
            assert route["description"], f"{method} {path}"
            assert route["x-roles"], f"{method} {path}"
            assert {"200", "422", "500", "503"} <= set(route["responses"]), f"{method} {path}"
            own = route["x-problems"]
            assert all(one["detail"] != one["detail_en"] for one in own)
            assert {str(one["status"]) for one in own} <= set(route["responses"]), f"{method} {path}"
            told |= {one["type"].rpartition("/")[2] for one in own}
    assert told == set(WORDS.refusals), "a problem that no route names, or one that is none of ours"


async def test_every_route_says_what_it_answers(shared: Department) -> None:
    doc = await document(shared)
    for path, routes in doc["paths"].items():
        for method, route in routes.items():
            if path.startswith("/v1"):
                told = route["responses"]["200"]["content"]
                assert all(one.get("schema") for media, one in told.items() if media != MEDIA_TYPE or len(told) == 1), f"{method} {path}"
