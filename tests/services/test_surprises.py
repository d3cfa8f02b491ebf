"""Whatever the published API description lets somebody send, or does not: no service breaks, and each answers as it says it would."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from deploy.local.processes import free_port
from kernel.edge.service import Service
from tests.services.feedback.listening import SAID
from tests.services.four import SERVICES, TOLD, each_service
from tests.services.intake.desk import submission
from tests.services.rig import Rig, eventually

CASES: Final = int(os.environ.get("MOTCUA_TEST_SURPRISES", "8"))
"""How many requests of each kind are made of each operation."""
SETTINGS: Final = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=(HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large),
)
CHECKS: Final = [status_code_conformance, content_type_conformance, response_schema_conformance]
EVERYBODY: Final = sorted({role for service in SERVICES for roles in service.policy.values() for role in roles})
FIRST: Final[dict[str, tuple[str, dict[str, Any]]]] = {"intake": ("/v1/dossiers", submission()), "feedback": ("/v1/opinions", SAID)}
"""What makes something that the other operations can be tried on."""

schemathesis.serializer.alias(["application/offset+octet-stream", "application/partial-upload"], "application/octet-stream")


@asynccontextmanager
async def served(app: FastAPI) -> AsyncGenerator[str]:
    """Serve an app that lives already; give its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


def surprise(document: dict[str, Any], address: str, token: str, ids: list[str]) -> int:
    """Send each operation what fits its description and what does not; give how many requests that were."""
    sent = 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation: Any = cast("Any", found).ok()
        for mode in GenerationMode:

            @SETTINGS
            @given(case=operation.as_strategy(generation_mode=mode), known=st.sampled_from([None, *ids]))
            def check(case: Case[Any], known: str | None) -> None:
                nonlocal sent
                sent += 1
                if known is not None and "id" in case.path_parameters:
                    case.path_parameters["id"] = known
                answer = case.call(base_url=address, headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code < 500 or "retry-after" in answer.headers, f"{case.as_curl_command()}: {answer.text}"
                case.validate_response(answer, checks=CHECKS)

            # What takes nothing cannot be asked wrongly.
            with contextlib.suppress(Unsatisfiable):
                check()
    return sent


@each_service
async def test_no_request_breaks_a_service_or_gets_an_answer_that_is_not_described(rig: Rig, service: Service[Any]) -> None:
    async with rig.running(service, **TOLD.get(service.name, {})) as running, served(running.app) as address:
        token = running.token(*EVERYBODY, agencies=("*",))
        path, body = FIRST.get(service.name, (None, None))
        ids = [(await running.post(path, body, token)).json()["id"]] if path else []
        document = (await running.get("/openapi.json")).json()
        operations = sum(len(methods) for methods in document["paths"].values())
        recorded = len(await running.events())
        reading = {path: {"get": methods["get"]} for path, methods in document["paths"].items() if "get" in methods}
        sent = await asyncio.to_thread(surprise, document | {"paths": reading}, address, token, ids)
        assert len(await running.events()) == recorded, "something that only reads has recorded a fact"
        writing = {path: {name: one for name, one in methods.items() if name != "get"} for path, methods in document["paths"].items()}
        assert sent + await asyncio.to_thread(surprise, document | {"paths": writing}, address, token, ids) >= operations
        assert await running.parked() == []
