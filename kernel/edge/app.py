"""Step 1 of 8, http_api: the HTTP app of a service, complete but for its routes.

Whatever goes wrong ends here as a problem, so routes and handlers only raise.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import structlog
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from kernel.edge import health as health_
from kernel.edge import openapi, problem
from kernel.edge.health import Health
from kernel.edge.identity import Keys, Verifier
from kernel.edge.policy import Guard, Policy, guarded_routes
from kernel.edge.problem import Kind, Problem, Sentence, retry_later
from kernel.edge.rim import PROBES, Rim, template
from kernel.edge.settings import ServiceSettings
from kernel.edge.telemetry import trace_id
from kernel.edge.validation import faults_of
from kernel.eventlog import Busy, Conflict, Refused, VersionMismatch
from kernel.eventlog.errors import UNAVAILABLE
from kernel.vault import Erased

LOG: Final[Any] = structlog.get_logger("kernel.edge")

BY_STATUS: Final[Mapping[int, Kind]] = {
    400: problem.MALFORMED,
    401: problem.TOKEN_MISSING,
    403: problem.NOT_ALLOWED,
    404: problem.NOT_FOUND,
    405: problem.METHOD,
    413: problem.TOO_LARGE,
    415: problem.MEDIA,
}

AWAY: Final = (*UNAVAILABLE, asyncpg.UndefinedTableError)
READ_SCHEMA: Final = "read"

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@contextlib.asynccontextmanager
async def nothing_to_open(_: FastAPI) -> AsyncGenerator[None]:
    """Serve an app that has nothing to open or close."""
    yield


@dataclass(frozen=True, slots=True)
class Words:
    """What a service's problems say: refusals by their reason, and sentences for its own kinds of validation error."""

    refusals: Mapping[str, Kind] = field(default_factory=dict[str, Kind])
    faults: Mapping[str, Sentence] = field(default_factory=dict[str, Sentence])


def create_app(
    title: str,
    version: str,
    *,
    routers: Sequence[APIRouter],
    policy: Policy,
    settings: ServiceSettings,
    words: Words | None = None,
    health: Health | None = None,
    lifespan: Lifespan = nothing_to_open,
) -> FastAPI:
    """Make the app of a service. Nothing is connected before its lifespan begins.

    Args:
        title: the service's name in the OpenAPI document.
        version: its version there.
        routers: the service's routes, with their whole address (`APIRouter(prefix="/v1")`).
        policy: who may do which action.
        settings: what this process was told.
        words: the service's refusals, in both languages.
        health: tasks and checks that `main.py` adds to.
        lifespan: opens the service's connections and closes them; runs inside the rim's own.

    Raises:
        ValueError: if a route does not name who may call it, or names an action that the policy does not know.
    """
    watched = health or Health()
    keys = Keys(settings.jwks_url, settings.jwks_file, settings.issuer)
    claims = settings.roles_claims, settings.agencies_claims
    verifier = Verifier(keys, settings.issuer, settings.audience, settings.algorithms, settings.leeway_seconds, *claims)

    @contextlib.asynccontextmanager
    async def living(app: FastAPI) -> AsyncGenerator[None]:
        async with watched.watching(), lifespan(app):
            try:
                yield
            finally:
                await keys.close()

    # Logs of FastAPI's telemetry would hold what people typed; a span per operation would cost more than it tells.
    telemetry: TelemetryConfig = {"logs": False, "metrics": False, "operation_spans": False, "exclude": is_probe}
    app = FastAPIOffline(
        title=title,
        version=version,
        redoc_url=None,
        lifespan=living,
        redirect_slashes=False,
        telemetry=telemetry,
        middleware=[Middleware(Rim, body_max_bytes=settings.body_max_bytes)],
    )
    app.state.guard, app.state.health, app.state.demo_clock = Guard(verifier, policy), watched, settings.demo_clock
    # Taken over as they are, and before the documentation's own: an included router is searched twice for every request.
    app.router.routes[:0] = [route for router in (*routers, health_.router(watched)) for route in router.routes]
    insist_on_guards(app, policy)
    handle_exceptions(app, words or Words())
    app.openapi = lambda: openapi.document(app)
    return app


def is_probe(scope: Mapping[str, Any]) -> bool:
    """Leave probes out of the traces."""
    return scope["path"] in PROBES


def insist_on_guards(app: FastAPI, policy: Policy) -> None:
    """Refuse to start with a door that nobody watches."""
    for route in guarded_routes(app):
        if route.action is None:
            message = f"{route.method} {route.path} does not name who may call it"
            raise ValueError(message)
        if route.action not in policy:
            message = f"{route.method} {route.path}: the policy does not know the action {route.action!r}"
            raise ValueError(message)


def handle_exceptions(app: FastAPI, words: Words) -> None:
    """Turn what is raised into problems."""

    async def on_problem(request: Request, error: Exception) -> Response:
        found = problem_of(error, words)
        number = trace_id()
        if found.kind.status >= 500:  # noqa: PLR2004 - RFC 9110
            LOG.warning("unavailable", problem=found.kind.slug, trace_id=number, method=request.method, route=template(request.scope))
        else:
            fields: dict[str, Any] = {"problem": found.kind.slug, "status": found.kind.status, "trace_id": number}
            LOG.info("refused", **fields, method=request.method, route=template(request.scope))
        return found.response(number)

    for kind in (Problem, Refused, VersionMismatch, Busy, Conflict, Erased, RequestValidationError, HTTPException, *AWAY):
        app.add_exception_handler(kind, on_problem)


def problem_of(error: Exception, words: Words) -> Problem:
    """Say what an exception means to the caller."""
    match error:
        case Problem():
            return error
        case Refused():
            kind = words.refusals.get(error.reason, problem.NOT_NOW)
            return Problem(kind, members={name: error.detail[name] for name in kind.members if name in error.detail})
        case VersionMismatch():
            return Problem(problem.CHANGED)
        case Busy():
            return retry_later(problem.BUSY, error.retry_after_seconds)
        case Erased():
            return Problem(problem.ERASED)
        case Conflict():
            return retry_later(problem.BUSY)
        case RequestValidationError():
            return invalid(error, words)
        case HTTPException():
            kind = BY_STATUS.get(error.status_code) or Kind("other", error.status_code, problem.OTHER.title, problem.OTHER.detail)
            return Problem(kind, headers=error.headers)
        case _ if passes(error):
            return retry_later(problem.BUSY)
        case _:
            raise error


def passes(error: Exception) -> bool:
    """Say whether the database is away, or its read tables are being made for the first time."""
    return isinstance(error, UNAVAILABLE) or (isinstance(error, asyncpg.UndefinedTableError) and f'"{READ_SCHEMA}.' in str(error))


def invalid(error: RequestValidationError, words: Words) -> Problem:
    """Tell unreadable from missing from wrong."""
    errors: Sequence[Mapping[str, Any]] = error.errors()
    if any(one["type"] == "json_invalid" and one["loc"][0] == "body" for one in errors):
        return Problem(problem.MALFORMED)
    if any(tuple(one["loc"]) == ("body",) for one in errors):
        if error.body is None:
            return Problem(problem.BODY_MISSING)
        if isinstance(error.body, bytes):  # FastAPI did not parse it, because of its Content-Type
            return Problem(problem.MEDIA)
    return Problem(problem.INVALID, faults=faults_of(errors, error.body, words.faults))
