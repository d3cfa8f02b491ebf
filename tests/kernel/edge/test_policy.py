from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response

from kernel.edge.app import create_app
from kernel.edge.identity import Principal
from kernel.edge.policy import Policy, allowed, matrix, unguarded_routes
from tests.kernel.edge.conftest import Caller, SettingsOf

SHELF = "/v1/shelves/6f9619ff-8b86-d011-b42d-00c04fc964ff"


def test_the_matrix_of_rights_is_read_from_the_routes(offline: FastAPI) -> None:
    assert unguarded_routes(offline) == []
    assert matrix(offline) == {
        "POST /v1/shelves": {"desk"},
        "POST /v1/shelves/{shelf_id}/books": {"desk", "officer", "public"},
        "POST /v1/shelves/{shelf_id}/removal": {"leader"},
        "GET /v1/shelves/{shelf_id}": {"public"},
        "GET /v1/numbers": {"public"},
        "GET /v1/broken": {"public"},
    }


def test_an_app_with_a_door_that_nobody_watches_does_not_start(settings_of: SettingsOf) -> None:
    api = APIRouter()

    @api.get("/v1/secrets")
    async def secrets() -> None: ...

    with pytest.raises(ValueError, match="GET /v1/secrets does not name who may call it"):
        create_app("x", "1", routers=[api], policy=Policy({}), settings=settings_of())


def test_an_action_that_the_policy_does_not_know_does_not_start(settings_of: SettingsOf) -> None:
    api = APIRouter()

    @api.get("/v1/secrets")
    async def secrets(principal: Annotated[Principal, allowed("secret.read")]) -> None: ...

    with pytest.raises(ValueError, match=r"secret\.read"):
        create_app("x", "1", routers=[api], policy=Policy({"other": {"desk"}}), settings=settings_of())


def test_an_action_that_nobody_may_do_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Policy({"secret.read": set()})


async def name(principal: Annotated[Principal, allowed("secret.read")]) -> str:
    return principal.sub


def test_a_guard_behind_another_dependency_counts(settings_of: SettingsOf) -> None:
    api = APIRouter()

    @api.get("/v1/secrets")
    async def secrets(who: Annotated[str, Depends(name)]) -> Response:
        return Response(who)

    app = create_app("x", "1", routers=[api], policy=Policy({"secret.read": {"desk"}}), settings=settings_of())
    assert matrix(app) == {"GET /v1/secrets": {"desk"}}


@pytest.mark.parametrize("role", ["portal", "officer", "leader", "analyst", "public"])
async def test_only_the_roles_of_the_table_are_let_through(stranger: Caller, role: str) -> None:
    answer = await stranger.post("/v1/shelves", {"agency": "H09.13"}, token=stranger.issuer.token(roles=[role]))
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (403, "not-allowed")


async def test_another_agencys_shelf_is_out_of_reach(stranger: Caller) -> None:
    answer = await stranger.post("/v1/shelves", {"agency": "H10.1"})
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (403, "other-agency")


async def test_without_a_token_one_is_asked_to_sign_in(stranger: Caller) -> None:
    answer = await stranger.client.post("/v1/shelves", json={"agency": "H09.13"}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="motcua"')


async def test_what_is_public_needs_no_token_but_a_bad_one_is_not_overlooked(stranger: Caller) -> None:
    assert (await stranger.get("/v1/numbers")).status_code == 200
    assert (await stranger.get("/v1/numbers", Authorization="Bearer x.y.z")).status_code == 401
    assert (await stranger.get("/v1/numbers", Authorization="Basic eDp5")).status_code == 401
    assert (await stranger.get("/v1/numbers", Authorization=f"Bearer {stranger.issuer.token(roles=['analyst'])}")).status_code == 200


async def test_who_may_not_call_learns_nothing_of_the_fields(stranger: Caller) -> None:
    answer = await stranger.post("/v1/shelves", {"nonsense": 1}, token=stranger.issuer.token(roles=["analyst"]))
    assert answer.status_code == 403
