from __future__ import annotations

import base64

import pytest
from fastapi import FastAPI

from kernel.edge.position import Position
from kernel.eventlog import Log
from tests.kernel.edge import shelf
from tests.kernel.edge.conftest import Caller, Issuer, SettingsOf, caller_of


async def test_a_list_is_walked_by_its_links_and_nothing_comes_twice(stranger: Caller) -> None:
    seen: list[int] = []
    path = "/v1/numbers?limit=3&odd=true"
    for _ in range(5):
        answer = await stranger.get(path)
        seen += [item["n"] for item in answer.json()["items"]]
        if "link" not in answer.headers:
            assert answer.json()["next"] is None
            break
        link = answer.headers["link"]
        assert link.endswith('>; rel="next"')
        path = link.split(">")[0].removeprefix("<")
        assert answer.json()["next"] in path
    assert seen == [1, 3, 5, 7, 9]


async def test_a_list_says_how_far_it_has_got(stranger: Caller) -> None:
    assert (await stranger.get("/v1/numbers")).json()["positions"] == {"shelf": 0}


async def test_a_cursor_is_good_for_its_own_list_only(stranger: Caller) -> None:
    cursor = (await stranger.get("/v1/numbers?limit=3&odd=true")).json()["next"]
    assert (await stranger.get(f"/v1/numbers?limit=5&odd=true&cursor={cursor}")).status_code == 200
    answer = await stranger.get(f"/v1/numbers?limit=3&cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cursor")


@pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 60, base64.urlsafe_b64encode(b"\0" * 16 + b"[1]").decode()])
async def test_a_forged_cursor_is_refused(stranger: Caller, cursor: str) -> None:
    assert (await stranger.get(f"/v1/numbers?cursor={cursor}")).status_code == 422


@pytest.mark.parametrize(("limit", "status"), [(0, 422), (1, 200), (200, 200), (201, 422)])
async def test_a_page_has_bounds(stranger: Caller, limit: int, status: int) -> None:
    assert (await stranger.get(f"/v1/numbers?limit={limit}")).status_code == status


async def test_a_cursor_does_not_outlive_its_secret(stranger: Caller, issuer: Issuer, settings_of: SettingsOf) -> None:
    cursor = (await stranger.get("/v1/numbers?limit=3")).json()["next"]
    other = caller_of(shelf.make(settings_of(cursor_secret="another")), issuer)
    assert (await other.get(f"/v1/numbers?limit=3&cursor={cursor}")).status_code == 422
    await other.client.aclose()


async def test_a_list_that_is_not_as_far_as_the_caller_says_so(caller: Caller) -> None:
    assert (await caller.get("/v1/numbers?after=shelf/0")).status_code == 200
    answer = await caller.get("/v1/numbers?after=shelf/1")
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (503, "not-there-yet")
    assert answer.headers["retry-after"] == "1"


async def test_a_list_that_has_got_there_answers(app: FastAPI, caller: Caller) -> None:
    log: Log = app.state.log
    await log.pool.execute("INSERT INTO log.read_model VALUES ('numbers', 1)")
    await log.pool.execute("INSERT INTO log.checkpoint VALUES ('numbers_v1', 'shelf', 7)")
    assert (await caller.get("/v1/numbers?after=shelf/7")).status_code == 200
    assert (await caller.get("/v1/numbers?after=shelf/8")).status_code == 503
    answer = await caller.get("/v1/numbers?after=elsewhere/1")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/after"), "it would never get there"


@pytest.mark.parametrize("token", ["", "intake", "intake/", "intake/-1", "Intake/1", "intake/1/2", "intake/" + "9" * 19])
def test_what_is_no_position_is_not_taken_for_one(token: str) -> None:
    with pytest.raises(ValueError, match="position"):
        Position.parse(token)


def test_a_position_reads_as_it_is_written() -> None:
    assert str(Position.parse("intake/1234")) == "intake/1234"


async def test_who_has_the_version_already_is_not_sent_it_again(caller: Caller) -> None:
    path = f"/v1/shelves/{await caller.shelf()}"
    first = await caller.get(path)
    assert (first.status_code, first.headers["etag"], first.json()) == (200, '"1"', {"titles": []})
    for held in ('"1"', 'W/"1"', '"0", "1"', "*"):
        again = await caller.get(path, If_None_Match=held)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"1"')
    assert (await caller.get(path, If_None_Match='"2"')).status_code == 200
