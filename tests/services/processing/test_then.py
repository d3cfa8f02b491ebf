"""Lists as they were: whatever a list showed at an instant, it shows again for whoever asks for that instant later."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import pytest
import pytest_asyncio

from services.processing import query_then
from services.processing.domain import permit
from tests.servers import NatsServer, PostgresServer
from tests.services.processing.department import BASIS, LEADER, Department, department
from tests.services.processing.dossiers import CONTRACTS, COORDINATED, PROMOTION, WINE
from tests.services.rig import AGENCY, MONDAY, Rig, problem

TRADE: Final = "phong-quan-ly-thuong-mai"
MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}
LISTS: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("/v1/cases", {}),
    ("/v1/cases", {"limit": 2}),
    ("/v1/cases", {"unit": TRADE, "role": "chuyen-vien"}),
    ("/v1/cases", {"state": "paused"}),
    ("/v1/cases", {"state": "issued"}),
    ("/v1/cases", {"state": "stopped"}),
    ("/v1/cases", {"overdue": "true"}),
    ("/v1/cases", {"overdue": "false"}),
    ("/v1/worklist", {}),
    ("/v1/worklist", {"limit": 2}),
    ("/v1/worklist", {"officer": "nv-tm-03"}),
    ("/v1/worklist", {"overdue": "true"}),
    ("/v1/worklist", {"due_within": 40}),
    ("/v1/worklist", {"procedure": WINE}),
    (f"/v1/units/{TRADE}/load", {}),
    ("/v1/partners/lateness", {}),
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def dept(postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Department]:
    """Run one department."""
    rig = Rig(postgres, nats, tmp_path_factory.mktemp("then"))
    await rig.empty_broker()
    async with department(rig) as made:
        yield made


async def pages(dept: Department, address: str, query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what an address shows, page after page, but for where the read table is."""
    told, after = list[dict[str, Any]](), f"processing/{await dept.count()}"
    more: Mapping[str, Any] = {}
    while True:
        answer = await dept.running.get(address, dept.token("nv-tm-01", "officer", "leader"), after=after, **query, **more)
        assert answer.status_code == 200, answer.text
        body = {name: value for name, value in answer.json().items() if name not in {"positions", "lag"}}
        cursor = body.pop("next", None)
        told.append(body)
        if cursor is None:
            return told
        more = {"cursor": cursor}


async def everything(dept: Department, **query: Any) -> list[list[dict[str, Any]]]:
    """Give what all lists show."""
    return [await pages(dept, address, {**filters, **query}) for address, filters in LISTS]


def rows(told: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Put pages together."""
    return [item for page in told for item in page.get("items", [page])]


async def test_what_every_list_showed_at_an_instant_it_shows_again(dept: Department) -> None:
    dept.running.moment = MONDAY
    shown = dict[str, list[list[dict[str, Any]]]]()

    async def keep() -> None:
        shown[dept.running.moment.isoformat()] = await everything(dept)
        dept.running.later(hours=3)

    async def act(case_id: Any, what: str, body: Any, officer: str) -> None:
        answer = await dept.ask(case_id, what, body, officer)
        assert answer.status_code == 200, answer.text

    await keep()
    first, second = await dept.opened(WINE), await dept.opened(COORDINATED)
    await keep()
    await dept.advanced(first, to="B3")
    await act(first, "claim", {"step": "B3"}, "nv-tm-03")
    await dept.advanced(second, to="B3")
    await act(second, "consultation", {"partner": "cong-an-tinh"}, "nv-tm-03")
    third = await dept.opened(PROMOTION)
    await keep()
    await act(first, "pause", MISSING, "nv-tm-03")
    fourth = await dept.opened(CONTRACTS)
    await dept.advanced(fourth, to="B3")
    await keep()
    dept.running.later(days=9)
    await dept.supplemented(first, dept.running.moment)
    await act(second, "consultations/1/answer", {"opinion": "agrees"}, "nv-tm-03")
    await dept.advanced(third)
    await keep()
    dept.running.later(days=40)
    await dept.advanced(fourth, outcome="refused")
    await keep()
    for instant, then in shown.items():
        for (address, filters), was, now in zip(LISTS, then, await everything(dept, as_of=instant), strict=True):
            if "limit" in filters:  # pages may be cut otherwise, and show the same
                assert rows(now) == rows(was), f"{address} {filters} {instant}"
            else:
                assert now == was, f"{address} {filters} {instant}"
    assert len({str(then) for then in shown.values()}) == len(shown), "what was shown has changed from one instant to the next"


async def test_a_search_that_ends_before_the_page_is_full_goes_on_where_it_ended(dept: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    dept.running.moment = MONDAY + timedelta(days=100)
    cases = [await dept.opened(WINE) for _ in range(7)]
    now = dept.running.later(hours=1).isoformat()
    await dept.advanced(cases[0], to="B3")
    monkeypatch.setattr(query_then, "BATCH", 1)
    monkeypatch.setattr(query_then, "BATCHES_MAX", 2)
    for limit in (1, 3, 50):
        told = await pages(dept, "/v1/cases", {"unit": "bo-phan-mot-cua", "as_of": now, "limit": limit})
        assert {row["case_id"] for row in rows(told)} >= {str(case_id) for case_id in cases[1:]}
        assert str(cases[0]) not in {row["case_id"] for row in rows(told) if row["opened_at"] > MONDAY.isoformat() and row["step"] != "B1"}
        assert len(rows(told)) == len({row["case_id"] for row in rows(told)})


async def test_more_open_cases_than_can_be_counted_anew_are_said_to_be_too_many(dept: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    dept.running.moment = MONDAY + timedelta(days=200)
    for _ in range(2):
        await dept.opened(WINE)
    monkeypatch.setattr(query_then, "OPEN_MAX", 1)
    answer = await dept.running.get(f"/v1/units/{TRADE}/load", dept.token(), as_of=dept.running.moment.isoformat())
    assert [error["pointer"] for error in problem(answer, 422, "invalid-input")["errors"]] == ["/as_of"]


async def test_nobody_sees_what_is_yet_to_come(dept: Department) -> None:
    dept.running.moment = MONDAY + timedelta(days=300)
    await dept.opened(WINE)
    asked = {"as_of": (dept.running.moment + timedelta(days=1000)).isoformat(), "overdue": "true"}
    now = {"as_of": dept.running.moment.isoformat(), "overdue": "true"}
    assert await pages(dept, "/v1/worklist", asked) == await pages(dept, "/v1/worklist", now)


async def test_records_decisions_forms_and_the_clock_are_given_as_they_were(dept: Department) -> None:
    dept.running.moment = MONDAY + timedelta(days=400)
    case_id = await dept.opened(WINE)
    before = dept.running.moment
    dept.running.later(hours=1)
    await dept.advanced(case_id, outcome="refused")
    base, token = f"/v1/cases/{case_id}", dept.token("nv-tm-01", "officer")
    for what, name in (("decisions", "decisions"), ("records", "records")):
        then = await dept.running.get(f"{base}/{what}", token, as_of=before.isoformat())
        assert (then.json()["version"], then.json()[name], then.headers["etag"]) == (1, [], '"1"')
        by_version = await dept.running.get(f"{base}/{what}", token, version=1)
        assert by_version.json() == then.json()
    now = (await dept.running.get(f"{base}/decisions", token)).json()
    assert [(one["outcome"], one["legal_basis"]) for one in now["decisions"]] == [("refused", BASIS)]
    forms = {
        when: {one["form"] for one in (await dept.running.get(f"{base}/forms", token, **query)).json()["forms"]}
        for when, query in {"then": {"version": 1}, "now": {}}.items()
    }
    assert "refusal" in forms["now"] - forms["then"]
    problem(await dept.running.get(f"{base}/forms/refusal", token, as_of=before.isoformat()), 404, "not-found")
    clock = (await dept.running.get(f"{base}/deadline", token, version=1)).json()
    assert (clock["version"], len(clock["steps"])) == (1, 1)
    assert clock == (await dept.running.get(f"{base}/deadline", token, as_of=clock["as_of"])).json()


async def test_a_permit_is_told_as_it_stood_on_the_day_that_matters(dept: Department) -> None:
    dept.running.moment = MONDAY + timedelta(days=500)
    case_id = await dept.opened(WINE, enterprise=True)
    await dept.read_to(f"intake/{await dept.intake.log.head()}")
    terms = (await dept.running.get("/openapi.json")).json()["components"]["schemas"]["DraftBody"]["examples"][0]["terms"]
    assert (await dept.ask(case_id, "permit-draft", {"terms": terms}, "nv-tm-03")).status_code == 200
    old = (await dept.advanced(case_id))["result_number"]
    granted, id_ = dept.running.moment, permit.stream_of(case_id)

    async def change(what: str, body: Any, who: str) -> None:
        dept.running.later(hours=1)
        answer = await dept.running.post(f"/v1/{what}", body, dept.token(who))
        assert answer.status_code == 200, answer.text

    await change("blanks/AB/parcels", {"agency": AGENCY, "first": 1, "last": 3}, "nv-vt-01")
    await change(f"permits/{id_}/publication", {"blank": {"series": "AB", "number": 1}}, "nv-vt-01")
    out = dept.running.moment
    await change(f"permits/{id_}/reissue", {"reason": "paper-lost"}, LEADER)
    reissued = dept.running.moment
    await change(f"permits/{id_}/revocation", {"reason": "obtained-by-fraud", "legal_basis": BASIS}, LEADER)
    after = f"processing/{await dept.count()}"

    async def stood(number: str, as_of: Any) -> Any:
        answer = await dept.running.get(f"/v1/permits/{number}/verification", after=after, as_of=as_of.isoformat())
        return answer.json().get("state", answer.json().get("type", "").rpartition("/")[2])

    assert await stood(old, granted) == "not-published"
    assert await stood(old, out) == "in-force"
    assert await stood(old, reissued) == "replaced"
    new = (await dept.running.get(f"/v1/permits/{old}/verification", after=after)).json()["replaced_by"]
    assert await stood(new, out) == "not-found", "a number that was given later was none then"
    assert await stood(new, dept.running.moment) == "revoked"
    problem(await dept.running.get(f"/v1/permits/{old}/verification", after=after, as_of=MONDAY.isoformat()), 404, "not-found")

    async def book(as_of: Any) -> dict[str, tuple[str, str | None]]:
        query = {"agency": AGENCY, "as_of": as_of.isoformat(), "after": after}
        answer = await dept.running.get(f"/v1/books/{out.year}", dept.token(LEADER, "leader"), **query)
        return {row["number"]: (row["state"], row["replaced_by"]) for row in answer.json()["entries"]}

    mine = {when: {number: row for number, row in (await book(when)).items() if number in {old, new}} for when in (out, reissued)}
    assert mine == {out: {old: ("in-force", None)}, reissued: {old: ("replaced", new), new: ("not-published", None)}}
    now = (await dept.running.get(f"/v1/books/{out.year}", dept.token(LEADER, "leader"), agency=AGENCY, after=after)).json()["entries"]
    assert {row["number"]: (row["state"], row["replaced_by"]) for row in now} == await book(dept.running.moment), "as the register has it"
    stock = [
        (await dept.running.get("/v1/blanks/AB", dept.token(LEADER, "leader"), agency=AGENCY, as_of=when.isoformat())).json()
        for when in (granted, out)
    ]
    assert [(one["received"], one["issued"], one["left"]) for one in stock] == [(0, 0, 0), (3, 1, 2)]
    page = f"/v1/permits/{old}/document"
    assert (await dept.running.get(page, dept.token(), as_of=out.isoformat())).content[:5] == b"%PDF-"
    problem(await dept.running.get(page, dept.token(), as_of=granted.isoformat()), 404, "not-found")


NO_THEN: Final = {"/v1/signing-keys", "/v1/cases/{id}/permit-draft"}
"""The key in use, and a page that is made anew whenever somebody looks at it."""


async def test_every_read_may_be_asked_as_of_an_instant(dept: Department) -> None:
    paths = (await dept.running.get("/openapi.json")).json()["paths"]
    reads = {path: routes["get"] for path, routes in paths.items() if "get" in routes and path.startswith("/v1/")}
    without = {path for path, route in reads.items() if "as_of" not in {one["name"] for one in route.get("parameters", ())}}
    assert without == NO_THEN
