"""Reporting over HTTP: who may ask what, what bad questions get, and what every answer says of itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.local.processes import free_port
from kernel.edge.policy import ANYBODY, matrix
from services.reporting.domain.figures import FORM
from services.reporting.http_api import POLICY
from services.reporting.main import SERVICE
from services.reporting.query import DEFINITION_FILES, DEFINITION_HASH
from tests.services.reporting.facts import day
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.test_folds import WHOLE as PROMOTION
from tests.services.rig import eventually, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLES: Final = ("portal", "desk", "officer", "leader", "analyst", "operator")
ANSWERS: Final = ("/v1/figures", "/v1/summary", "/v1/register", "/v1/satisfaction", "/v1/reports")


async def test_every_answer_says_how_far_it_goes_what_it_lacks_and_by_which_definition(told: Mirrored) -> None:
    for path in ANSWERS:
        answer = await told.answer(path)
        assert answer["positions"].keys() == answer["lag"].keys() == {"intake", "processing", "feedback", "reporting"}, path
        assert answer["positions"] == {name: int(said.partition("/")[2]) for name, said in told.said.items()} | {
            "reporting": answer["positions"]["reporting"]
        }
        assert answer["definition_hash"] == DEFINITION_HASH
        assert answer["parked"] == 0
    await eventually(lambda: told.answer("/v1/figures"), lambda answer: set(answer["lag"].values()) == {0})


async def test_the_definition_hash_covers_the_rules_the_queries_and_the_projections() -> None:
    assert re.fullmatch("[0-9a-f]{64}", DEFINITION_HASH)
    assert {"domain/figures.py", "queries.sql", "projections/clock.py", "projections/tables.sql"} <= set(DEFINITION_FILES)
    assert all((SERVICE.folder / file).is_file() for file in DEFINITION_FILES)


async def test_the_figures_are_those_of_the_form(told: Mirrored) -> None:
    answer = await told.answer("/v1/figures", **MARCH)
    assert answer["period"] == MARCH
    assert all(item.keys() == {"month", "agency", "field", *FORM} for item in answer["items"])
    found = {(item["agency"], item["field"]): {name: item[name] for name in FORM if item[name]} for item in answer["items"]}
    assert found == {
        ("H09.13", "dien"): {"received": 1, "received_direct": 1, "in_progress": 1, "in_progress_in_time": 1},
        ("H09.13", "hoa-chat"): {
            "received": 5,
            "received_online": 3,
            "received_direct": 2,
            "resolved": 5,
            "resolved_early": 3,
            "resolved_on_time": 1,
            "resolved_late": 1,
        },
        ("H10", "hoa-chat"): {"received": 1, "received_direct": 1, "in_progress": 1, "in_progress_late": 1},
    }


async def test_a_caller_sees_the_figures_of_his_own_agencies_and_may_ask_for_one_of_them(told: Mirrored) -> None:
    own = await told.answer("/v1/figures", "officer", agencies=("H09.13",), **MARCH)
    assert {item["agency"] for item in own["items"]} == {"H09.13"}
    one = await told.answer("/v1/figures", "officer", agencies=("*",), agency="H10", **MARCH)
    assert {item["agency"] for item in one["items"]} == {"H10"}
    for path in ("/v1/figures", "/v1/register", "/v1/satisfaction"):
        problem(await told.get(path, "officer", agencies=("H09.13",), agency="H10"), 403, "other-agency")


async def test_the_summary_adds_everything_up(told: Mirrored) -> None:
    found = await told.answer("/v1/summary", **MARCH)
    counts = {name: found[name] for name in ("received", "resolved", "late", "in_progress", "in_progress_late", "refused", "withdrawn")}
    assert counts == {"received": 7, "resolved": 5, "late": 1, "in_progress": 2, "in_progress_late": 1, "refused": 1, "withdrawn": 1}
    assert found["on_time_rate"] == 80.0
    # Of hoa-chat there are five answers, of dien one, of H10 one; invitations of three whose dossiers are known, and of five others.
    assert (found["ratings"], found["satisfaction"]) == (5, 60.0)
    assert (found["invitations"], found["response_rate"]) == (5, 40.0)
    assert found["withheld"] == ["invitations", "ratings"]
    assert found["satisfaction_period"] == {"from": "2026-03-01", "to": "2026-03-31"}


async def test_without_a_period_everything_known_is_meant(told: Mirrored) -> None:
    assert (await told.answer("/v1/figures"))["period"] == {"from": day(0).isoformat(), "to": day(13).isoformat()}
    assert (await told.answer("/v1/figures", to=day(3).isoformat()))["period"] == {"from": day(0).isoformat(), "to": day(3).isoformat()}
    assert (await told.answer("/v1/figures", from_=day(9).isoformat()))["period"]["to"] == day(13).isoformat()


async def test_the_public_gets_whole_months_as_far_as_anything_is_known(told: Mirrored) -> None:
    public = (await told.get("/v1/summary", from_=day(3).isoformat(), to=day(3).isoformat())).json()
    assert public["period"] == {"from": "2026-03-01", "to": day(13).isoformat()}
    assert public["received"] == 7
    exact = await told.answer("/v1/summary", "analyst", from_=day(3).isoformat(), to=day(3).isoformat())
    assert exact["period"] == {"from": day(3).isoformat(), "to": day(3).isoformat()}


BAD: Final[dict[str, tuple[str, dict[str, str], str, str]]] = {
    "the wrong way round": ("/v1/figures", {"from": "2026-03-31", "to": "2026-03-01"}, "query", "/to"),
    "too long": ("/v1/summary", {"from": "2000-01-01", "to": "2026-03-01"}, "query", "/to"),
    "no day": ("/v1/satisfaction", {"from": "31/03/2026"}, "query", "/from"),
    "the page, the wrong way round": ("/", {"from": "2026-03-31", "to": "2026-03-01"}, "query", "/to"),
    "no such field": ("/v1/register", {"field": "chua-co"}, "query", "/field"),
    "no field at all": ("/v1/register", {"field": "Hóa chất"}, "query", "/field"),
    "no such state": ("/v1/register", {"state": "lost"}, "query", "/state"),
    "no such book": ("/v1/register", {"book": "black"}, "query", "/book"),
    "no truth": ("/v1/register", {"late": "maybe"}, "query", "/late"),
    "no agency": ("/v1/figures", {"agency": "h09"}, "query", "/agency"),
    "too many rows": ("/v1/register", {"limit": "201"}, "query", "/limit"),
    "no cursor of ours": ("/v1/register", {"cursor": "AAAA"}, "query", "/cursor"),
    "no position": ("/v1/figures", {"after": "intake"}, "query", "/after"),
}


async def test_a_bad_question_is_told_what_is_wrong_with_it_in_both_languages(told: Mirrored) -> None:
    for name, (path, query, place, pointer) in BAD.items():
        response = await told.service.get(path, told.service.token("leader", agencies=("*",)), **query)
        (error,) = problem(response, 422, "invalid-input")["errors"]
        assert (error["in"], error["pointer"]) == (place, pointer), name


BAD_REPORTS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "the wrong way round": ({"from": "2026-03-31", "to": "2026-03-01"}, "/to"),
    "too long": ({"from": "2000-01-01", "to": "2026-03-01"}, "/to"),
    "no end": ({"from": "2026-03-01"}, "/to"),
    "a field that nobody knows": ({**MARCH, "note": "x"}, "/note"),
}


async def test_a_bad_report_is_told_what_is_wrong_with_it_and_leaves_nothing_behind(told: Mirrored) -> None:
    for name, (body, pointer) in BAD_REPORTS.items():
        response = await told.service.post("/v1/reports", body, told.service.token("leader"))
        (error,) = problem(response, 422, "invalid-input")["errors"]
        assert (error["in"], error["pointer"]) == ("body", pointer), name
    assert await told.service.events() == []


async def test_a_position_that_is_not_reached_in_time_is_asked_for_later(told: Mirrored) -> None:
    response = await told.get("/v1/figures", "leader", after="intake/999")
    problem(response, 503, "not-there-yet")
    assert response.headers["retry-after"]


async def test_only_those_whom_the_policy_names_get_in(told: Mirrored) -> None:
    app = SERVICE.app(SERVICE.settings(database_url="postgresql://nowhere", jwks_file=Path("none"), demo_clock=True))  # pyright: ignore[reportCallIssue] - settings take what the environment would give
    routes = matrix(app)
    assert {role for roles in routes.values() for role in roles} <= {*ROLES, ANYBODY}
    assert set(POLICY.values()) == set(routes.values())
    for route, roles in routes.items():
        method, path = route.split(" ")
        path = path.replace("{code}", "2.000648").replace("{name}", "dwell-by-office")
        path = re.sub(r"\{(?!id)\w+\}", "1", path).replace("{id}", "11111111-1111-4111-8111-111111111111")
        body = {"POST": MARCH, "PUT": PROMOTION}.get(method)
        for role in (None, *ROLES):
            token = told.service.token(role) if role else None
            answer = await told.service.ask(method, path, token, json=body)
            if role is None and ANYBODY not in roles:
                problem(answer, 401, "token-missing")
            elif role is not None and roles.isdisjoint({role, ANYBODY}):
                problem(answer, 403, "not-allowed")
            else:
                # Whoever is let in may yet have asked for nothing: a period is no plan, a question names a procedure.
                assert answer.status_code in {200, 201, 404, 422}, (route, role, answer.text)


async def test_a_token_that_is_not_ours_is_refused_where_none_is_needed_too(told: Mirrored) -> None:
    for path in ("/", "/v1/summary", "/v1/figures"):
        problem(await told.service.get(path, "nonsense"), 401, "token-invalid")


async def test_while_the_broker_is_away_the_lag_to_the_others_is_unknown_and_not_nothing(told: Mirrored) -> None:
    nobody = f"nats://127.0.0.1:{free_port()}"
    async with told.rig.running(SERVICE, told.service.database, nats_url=nobody) as blind:
        answer = (await blind.get("/v1/figures", blind.token("leader", agencies=("*",)), **MARCH)).json()
        assert answer["lag"] == {"intake": None, "processing": None, "feedback": None, "reporting": 0}
        assert answer["items"] == (await told.answer("/v1/figures", **MARCH))["items"]
        assert "không rõ" in (await blind.get("/")).text
