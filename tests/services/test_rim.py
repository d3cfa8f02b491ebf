"""What stands around each of the four services, whatever its routes do: bounds, headers, a turnstile, and logs that tell no secret."""

from __future__ import annotations

import io
import logging
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from typing import Any, Final

import httpx2
import pytest
import structlog
from fastapi import FastAPI

from deploy.access import SETTINGS, app_of, routes
from deploy.local.issuer import ISSUER, Issuer
from kernel.edge import logs
from kernel.edge.policy import ANYBODY, guarded_routes, matrix
from kernel.edge.rim import ResponseBroken
from kernel.edge.service import Service
from tests.services.four import TOLD, each_service
from tests.services.rig import Rig, problem

PASSWORDS: Final = {
    "database_url": "postgresql://somebody:hunter2-database@127.0.0.1:1/none",
    "nats_url": "nats://somebody:hunter2-broker@127.0.0.1:1",
    "cursor_secret": "hunter2-cursor",
    "token_secret": "hunter2-token-that-is-long-enough-to-be-one",
    "code_secret": "hunter2-code-that-is-long-enough-to-be-one",
    "vault_keys": f"1:{b64encode(b'hunter2-vault-key-of-32-bytes---').decode()}",
}


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    """Call an app that is connected to nothing."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test")


def address(path: str) -> str:
    """Put something into the places of an address."""
    return "/".join("1" if part.startswith("{") else part for part in path.split("/"))


@each_service
async def test_no_route_reads_a_body_that_is_too_large(service: Service[Any]) -> None:
    async with client_of(app_of(service)) as client:
        for route, _ in routes(service):
            method, _, path = route.partition(" ")
            if method in {"POST", "PUT", "PATCH"}:
                answer = await client.request(method, address(path), content=b" " * (1024 * 1024 + 1))
                problem(answer, 413, "body-too-large")

                async def unannounced() -> AsyncGenerator[bytes]:
                    for _ in range(20):
                        yield b"1" * 65536

                # Who may not come in at all is told so first; nobody gets so far that more than the bound was read.
                answer = await client.request(method, address(path), content=unannounced())
                assert answer.status_code in {401, 411, 413, 415, 422, 429}, f"{route}: {answer.status_code}"


@each_service
async def test_every_answer_of_every_route_has_safe_headers(service: Service[Any]) -> None:
    async with client_of(app_of(service)) as client:
        for route, _ in routes(service):
            method, _, path = route.partition(" ")
            answer = await client.request(method, address(path))
            for name, value in (("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")):
                assert answer.headers[name] == value, route
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy, route
            assert "frame-ancestors 'none'" in policy, route
            assert answer.headers["cache-control"] == "no-store" or "{" not in path, route
            assert not {"server", "x-powered-by"} & answer.headers.keys(), route


@each_service
async def test_who_asks_without_an_account_asks_no_more_than_his_share(rig: Rig, service: Service[Any]) -> None:
    share: dict[str, Any] = {"anonymous_per_minute": 4, "anonymous_total_per_minute": 1000}
    async with rig.running(service, **{**TOLD.get(service.name, {}), **share}) as running:
        open_to_all = {route for route, roles in matrix(running.app).items() if ANYBODY in roles}
        signed = {f"{one.method} {one.path}" for one in guarded_routes(running.app) if one.action in service.signed}
        turned_away = set[str]()
        for route in open_to_all:
            method, _, path = route.partition(" ")
            answers = [await running.ask(method, address(path)) for _ in range(3)]
            if 429 in {answer.status_code for answer in answers}:
                turned_away.add(route)
                assert int(answers[-1].headers["retry-after"]) > 0
        assert open_to_all
        assert turned_away == open_to_all - signed
        method, _, path = min(open_to_all - signed).partition(" ")
        assert (await running.ask(method, address(path), running.token("officer"))).status_code != 429, (
            "with an account nobody is turned away"
        )


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    out = io.StringIO()
    root, handlers = logging.getLogger(), list(logging.getLogger().handlers)
    logs.configure("any", "DEBUG", out=out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(logging.WARNING)


@each_service
async def test_no_secret_is_said_in_logs_answers_or_a_refusal_to_start(
    service: Service[Any], said: io.StringIO, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    kind: Any = service.settings
    issuer = Issuer(tmp_path / "issuer")
    issuer.prepare()
    settings = kind(**{**SETTINGS, **PASSWORDS, "jwks_file": issuer.jwks, "issuer": ISSUER})
    token = issuer.token("nv-1", ["desk", "officer", "leader", "admin"])
    answers = list[str]()
    async with client_of(service.app(settings, "api")) as client:
        for route, _ in routes(service):
            method, _, path = route.partition(" ")
            with suppress(ResponseBroken):  # a stream that had begun when its database was found to be away
                told = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
                answers.append((await client.request(method, address(path), headers=told)).text)
        answers.append((await client.get("/metrics")).text + (await client.get("/readyz")).text + (await client.get("/openapi.json")).text)
    with pytest.raises(ValueError, match="port") as refused:
        kind(**{**SETTINGS, **PASSWORDS, "port": "hunter2"})
    everything = (
        said.getvalue() + "".join(answers) + repr(settings) + str(settings.model_dump()) + str(refused.value) + "".join(capsys.readouterr())
    )
    assert said.getvalue().count("\n") >= len(answers) // 2, "something was said"
    assert "hunter2" not in everything
    assert b64encode(b"hunter2-vault-key-of-32-bytes---").decode() not in everything
    assert token not in everything
