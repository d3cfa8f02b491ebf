from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from fastapi import FastAPI

from kernel.edge.idempotency import COMMAND, Commands, command_id, fingerprint_of
from kernel.edge.identity import PUBLIC, Principal
from kernel.edge.problem import Problem
from kernel.edge.settings import ServiceSettings
from kernel.eventlog import Log
from tests.kernel.edge.conftest import KERNEL, Caller

LEADER = ["leader"]


async def count(app: FastAPI, table: str) -> int:
    log: Log = app.state.log
    return await log.pool.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a test's own words


def slug(answer: Any) -> str:
    return answer.json()["type"].rsplit("/", 1)[1]


async def test_a_command_answers_with_id_version_and_position(caller: Caller) -> None:
    answer = await caller.post("/v1/shelves", {"agency": "H09.13"})
    told = answer.json()
    assert (answer.status_code, told["version"], told["position"], told["titles"]) == (201, 1, "shelf/1", [])
    assert list(told)[:3] == ["id", "version", "position"]
    assert answer.headers["location"] == f"/v1/shelves/{told['id']}"
    assert answer.headers["etag"] == '"1"'
    assert "idempotency-replayed" not in answer.headers


async def test_the_same_command_again_gets_the_first_answer_byte_for_byte(app: FastAPI, caller: Caller) -> None:
    shelf = await caller.shelf()
    first = await caller.post(f"/v1/shelves/{shelf}/books", {"title": "a", "pages": [1]}, key="k")
    await caller.post(f"/v1/shelves/{shelf}/books", {"title": "b"})
    again = await caller.post(f"/v1/shelves/{shelf}/books", {"pages": [1], "title": "a"}, key="k")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert await count(app, "log.event") == 3


async def test_something_made_is_made_once(app: FastAPI, caller: Caller) -> None:
    answers = [await caller.post("/v1/shelves", {"agency": "H09.13"}, key="k") for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["location"] == answers[0].headers["location"]
    assert (await count(app, "log.event"), await count(app, "edge.command")) == (1, 1)


async def test_a_key_used_for_other_content_is_refused(app: FastAPI, caller: Caller) -> None:
    shelf = await caller.shelf()
    await caller.post(f"/v1/shelves/{shelf}/books", {"title": "a"}, key="k")
    answer = await caller.post(f"/v1/shelves/{shelf}/books", {"title": "b"}, key="k")
    assert (answer.status_code, slug(answer)) == (422, "idempotency-key-reused")
    assert await count(app, "log.event") == 2


async def test_a_key_used_for_other_content_is_refused_also_where_nothing_would_happen(caller: Caller) -> None:
    await caller.post("/v1/shelves", {"agency": "H09.13"}, key="k")
    answer = await caller.post("/v1/shelves", {"agency": "H09.13", "kind": "closed"}, key="k")
    assert (answer.status_code, slug(answer)) == (422, "idempotency-key-reused")


async def test_another_address_or_another_principal_has_keys_of_its_own(app: FastAPI, caller: Caller) -> None:
    one, other = await caller.shelf(), await caller.shelf()
    colleague = caller.issuer.token(sub="officer-8")
    for answer in (
        await caller.post(f"/v1/shelves/{one}/books", {"title": "a"}, key="k"),
        await caller.post(f"/v1/shelves/{other}/books", {"title": "a"}, key="k"),
        await caller.post(f"/v1/shelves/{one}/books", {"title": "b"}, key="k", token=colleague),
    ):
        assert answer.status_code == 200
        assert "idempotency-replayed" not in answer.headers
    assert await count(app, "log.event") == 5


async def test_two_strangers_who_invent_the_same_key_never_meet(app: FastAPI, caller: Caller) -> None:
    shelf = await caller.shelf()
    for title in ("a", "b"):
        answer = await caller.client.post(f"/v1/shelves/{shelf}/books", json={"title": title}, headers={"Idempotency-Key": "1"})
        assert (answer.status_code, answer.json()["titles"][-1]) == (200, title)
    again = await caller.client.post(f"/v1/shelves/{shelf}/books", json={"title": "b"}, headers={"Idempotency-Key": "1"})
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("key", [None, "", "x" * 201, "a b", "é".encode().decode("latin-1")])
async def test_without_a_usable_key_nothing_is_carried_out(app: FastAPI, caller: Caller, key: str | None) -> None:
    headers = [("Authorization", f"Bearer {caller.issuer.token()}"), *([] if key is None else [("Idempotency-Key", key)])]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answer = await caller.client.post("/v1/shelves", json={"agency": "H09.13"}, headers=raw)
    assert (answer.status_code, slug(answer)) == (400, "idempotency-key-missing")
    assert await count(app, "log.event") == 0


async def test_of_many_at_the_same_instant_one_is_carried_out_and_all_get_its_answer(app: FastAPI, caller: Caller) -> None:
    shelf = await caller.shelf()
    answers = await asyncio.gather(*(caller.post(f"/v1/shelves/{shelf}/books", {"title": "a"}, key="k") for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert (await count(app, "log.event"), await count(app, "edge.command")) == (2, 2)


async def test_of_different_bodies_under_one_key_at_the_same_instant_one_wins(app: FastAPI, caller: Caller) -> None:
    shelf = await caller.shelf()
    answers = await asyncio.gather(*(caller.post(f"/v1/shelves/{shelf}/books", {"title": f"b{n}"}, key="k") for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 7
    won = next(answer for answer in answers if answer.status_code == 200)
    assert won.json()["titles"] == [f"b{answers.index(won)}"]
    assert await count(app, "log.event") == 2


async def test_commands_of_many_keys_at_the_same_instant_are_all_carried_out(app: FastAPI, caller: Caller) -> None:
    answers = await asyncio.gather(*(caller.post("/v1/shelves", {"agency": "H09.13"}) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(int(answer.json()["position"].split("/")[1]) for answer in answers) == list(range(1, 31))


async def test_a_repetition_is_recognised_although_the_version_has_moved_on(caller: Caller) -> None:
    shelf = await caller.shelf()
    seen = {"If-Match": '"1"'}
    first = await caller.post(f"/v1/shelves/{shelf}/books", {"title": "a"}, key="k", headers=seen)
    again = await caller.post(f"/v1/shelves/{shelf}/books", {"title": "a"}, key="k", headers=seen)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    late = await caller.post(f"/v1/shelves/{shelf}/books", {"title": "a"}, headers=seen)
    assert (late.status_code, slug(late)) == (412, "changed-meanwhile")


async def test_a_refusal_is_told_with_what_is_possible_and_without_what_is_private(app: FastAPI, caller: Caller) -> None:
    shelf = await caller.shelf()
    await caller.post(f"/v1/shelves/{shelf}/books", {"title": "Nhật ký"})
    leader = caller.issuer.token(roles=LEADER)
    answer = await caller.post(f"/v1/shelves/{shelf}/removal", token=leader, headers={"If-Match": '"2"'})
    assert (answer.status_code, slug(answer), answer.json()["legal"]) == (409, "shelf-not-empty", ["put"])
    assert answer.json()["detail"] == "Kệ vẫn còn sách."
    assert "Nhật ký" not in answer.text
    assert await count(app, "edge.command") == 2


async def test_a_refusal_may_mean_that_there_is_no_such_thing(caller: Caller) -> None:
    answer = await caller.post(f"/v1/shelves/{uuid4()}/books", {"title": "a"})
    assert (answer.status_code, slug(answer)) == (404, "no-such-shelf")


async def test_where_the_version_must_be_named_it_must(caller: Caller) -> None:
    leader, path = caller.issuer.token(roles=LEADER), f"/v1/shelves/{await caller.shelf()}/removal"
    assert (await caller.post(path, token=leader)).status_code == 428
    assert (await caller.post(path, token=leader, headers={"If-Match": "1"})).status_code == 400
    assert (await caller.post(path, token=leader, headers={"If-Match": 'W/"1"'})).status_code == 412
    assert (await caller.post(path, token=leader, headers={"If-Match": '"abc"'})).status_code == 412


async def test_the_demo_clock_says_when_it_happened(app: FastAPI, caller: Caller) -> None:
    headers = {"Motcua-Demo-Time": "2026-03-31T08:00:00+07:00", "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    answer = await caller.post("/v1/shelves", {"agency": "H09.13"}, headers=headers)
    log: Log = app.state.log
    event = (await log.load(UUID(answer.json()["id"]))).events[0]
    assert (event.time.isoformat(), event.actor) == ("2026-03-31T01:00:00+00:00", "officer-7")
    assert event.traceparent == headers["traceparent"]


FAR = ["1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "1139-12-20T14:56:29+16:48", "9999-12-31T23:00:00-07:00"]


@pytest.mark.parametrize("said", ["yesterday", "2026-03-31T08:00:00", "0001-01-01T00:00:00+07:00", *FAR])
async def test_a_demo_time_that_is_no_instant_or_a_far_one_is_refused(caller: Caller, said: str) -> None:
    answer = await caller.post("/v1/shelves", {"agency": "H09.13"}, headers={"Motcua-Demo-Time": said})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/Motcua-Demo-Time")


async def test_what_json_does_not_know_is_no_command(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.issuer.token()}", "Content-Type": "application/json", "Idempotency-Key": "k"}
    path = f"/v1/shelves/{await caller.shelf()}/books"
    answer = await caller.client.post(path, content=b'{"title":"a","pages":[NaN]}', headers=headers)
    assert answer.status_code in {400, 422}
    answer = await caller.client.post(path, content=b'{"title":"\\ud800"}', headers=headers)
    assert answer.status_code in {400, 422}


async def test_old_records_are_forgotten(app: FastAPI, caller: Caller, settings: ServiceSettings) -> None:
    await caller.shelf()
    commands = Commands(app.state.log)
    assert await commands.forget() == 0
    assert await commands.forget(older_than_hours=-1) == 1
    assert await count(app, "edge.command") == 0


async def test_the_running_service_cannot_change_a_record(app: FastAPI, caller: Caller) -> None:
    await caller.shelf()
    log: Log = app.state.log
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await log.pool.execute("UPDATE edge.command SET status = 200")


def test_the_table_that_python_writes_is_the_table_of_the_schema() -> None:
    schema = (KERNEL / "edge" / "schema.sql").read_text()
    for name, type_ in COMMAND.columns.items():
        assert re.search(rf"^    {name} +{type_}\b", schema, re.MULTILINE)


def test_members_order_and_white_space_do_not_count() -> None:
    assert fingerprint_of("POST", "/x", b'{"a":1,"b":2}') == fingerprint_of("POST", "/x", b'{ "b": 2, "a": 1 }')
    assert fingerprint_of("POST", "/x", b"") != fingerprint_of("POST", "/y", b"")
    with pytest.raises(Problem):
        fingerprint_of("POST", "/x", b"[NaN]")


def test_a_principal_cannot_pass_for_the_public() -> None:
    assert command_id(PUBLIC, "POST", "/x", "k", b"f") != command_id(Principal("public", frozenset(), ()), "POST", "/x", "k", b"f")
