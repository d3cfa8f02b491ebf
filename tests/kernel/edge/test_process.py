from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import uvloop
from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from kernel.edge import health
from kernel.edge.app import create_app
from kernel.edge.health import Health
from kernel.edge.policy import Policy, allowed
from kernel.edge.serve import BACKLOG, GC_THRESHOLDS, doors, serve
from tests.kernel.edge import shelf
from tests.kernel.edge.conftest import Caller, SettingsOf


async def until(check: Any, within_seconds: float = 10.0) -> None:
    end = time.monotonic() + within_seconds
    while not check():
        assert time.monotonic() < end, "not within the bound"
        await asyncio.sleep(0.01)


async def test_a_service_with_its_database_is_ready(caller: Caller) -> None:
    assert (await caller.get("/livez")).json() == {"alive": True, "wrong": {}}
    assert (await caller.get("/readyz")).json() == {"ready": True, "wrong": {}}


async def test_a_service_without_its_database_is_alive_but_not_ready(caller: Caller, app: FastAPI) -> None:
    await app.state.log.pool.close()
    assert (await caller.get("/livez")).status_code == 200
    answer = await caller.get("/readyz")
    assert (answer.status_code, answer.json()["wrong"]) == (503, {"database": "away"})


async def test_a_task_that_has_ended_makes_the_process_dead() -> None:
    watched = Health()
    task = asyncio.create_task(asyncio.sleep(0), name="relay")
    watched.watch(task)
    assert watched.alive() == {}
    await task
    assert watched.alive() == {"relay": "ended"}


async def test_a_loop_that_does_not_turn_makes_the_process_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Health()
    async with watched.watching():
        assert watched.alive() == {}
        monkeypatch.setattr(health, "LAG_SECONDS_MAX", -1.0)
        assert watched.alive() == {"loop": "late"}


async def test_a_check_that_hangs_is_slow_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS_MAX", 0.01)
    watched = Health()

    async def hang() -> str | None:
        await asyncio.Event().wait()
        return None

    watched.require("database", hang)
    assert await watched.ready() == {"database": "slow"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_requests_finish_and_closes_what_was_opened(settings_of: SettingsOf, number: signal.Signals) -> None:
    api, watched = APIRouter(), Health()
    begun, release, closed, port = asyncio.Event(), asyncio.Event(), asyncio.Event(), free_port()

    @api.get("/v1/slow", dependencies=[allowed("slow")])
    async def slow() -> Response:
        begun.set()
        await release.wait()
        return Response("done")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        closed.set()

    app = create_app(
        "x", "1", routers=[api], policy=Policy({"slow": {"public"}}), settings=settings_of(), health=watched, lifespan=lifespan
    )
    served = asyncio.create_task(serve(app, "127.0.0.1", port))
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        await until(lambda: listening(port))
        asked = asyncio.create_task(client.get("/v1/slow"))
        await begun.wait()
        os.kill(os.getpid(), number)
        await until(lambda: watched.draining)
        await until(lambda: not listening(port))
        assert not closed.is_set()
        release.set()
        assert (await asked).text == "done"
    await asyncio.wait_for(served, 10)
    assert closed.is_set()


async def test_a_port_that_is_taken_is_an_error(settings_of: SettingsOf) -> None:
    app = create_app("x", "1", routers=[], policy=Policy({}), settings=settings_of())
    taken = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    with pytest.raises(RuntimeError, match="did not start"):
        await serve(app, "127.0.0.1", port)
    taken.close()


async def test_a_database_that_cannot_be_reached_keeps_the_service_from_starting(settings_of: SettingsOf) -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        await serve(shelf.make(settings_of()), "127.0.0.1", free_port())


def test_callers_who_come_all_at_once_are_let_in_within_a_few_turns_of_the_loop() -> None:
    """A storm against a filled system found it: uvloop takes one connection per turn, and 578 of 187,000 callers were never answered."""
    come, let_in, turns = 320, 0, 0

    class Caller(asyncio.Protocol):
        def connection_made(self, _: asyncio.BaseTransport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - nobody names it
            nonlocal let_in
            let_in += 1

    async def let_them_in() -> None:
        nonlocal turns
        port = free_port()
        servers = [await asyncio.get_running_loop().create_server(Caller, sock=door, backlog=BACKLOG) for door in doors("127.0.0.1", port)]
        callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(come)]
        while let_in < come:
            turns += 1
            await asyncio.sleep(0)
        for closed in (*callers, *servers):
            closed.close()

    uvloop.run(asyncio.wait_for(let_them_in(), 10))
    assert turns <= 20


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def listening(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


async def test_a_process_spares_its_garbage_collector_what_start_up_has_made() -> None:
    script = (
        "import gc; from kernel.edge.serve import run\nasync def main(): print(gc.get_freeze_count(), *gc.get_threshold())\nrun(main())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    frozen, *thresholds = map(int, (await process.communicate())[0].split())
    assert frozen > 10_000
    assert tuple(thresholds) == GC_THRESHOLDS
