"""Step 1 of 8, http_api: what every request passes, in one layer of plain ASGI.

Bounds (body size, requests under way), safe headers, the time it took, and the last word on an exception that nobody
expected: the caller gets a number, the log gets the places, and neither gets the message, which may hold what was typed.
"""

from __future__ import annotations

import time
from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel.edge.health import HTTP_SECONDS
from kernel.edge.logs import error_name, places
from kernel.edge.problem import BUSY, INTERNAL, TOO_LARGE, Problem, retry_later
from kernel.edge.telemetry import trace_id

UNDER_WAY_MAX: Final = 1024
PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
PAGES: Final = ("/docs", "/static-offline-docs")
NO_ROUTE: Final = "-"

_STRICT: Final = b"default-src 'none'; frame-ancestors 'none'"
_DOCS: Final = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)

LOG: Final[Any] = structlog.get_logger("kernel.edge")


class Rim:
    """The outermost layer of an app."""

    def __init__(self, app: ASGIApp, *, body_max_bytes: int, under_way_max: int = UNDER_WAY_MAX) -> None:
        self._app, self._body_max, self._under_way_max = app, body_max_bytes, under_way_max
        self._under_way = 0
        self._timers: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        policy = _DOCS if scope["path"].startswith(PAGES) else _STRICT

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                add_headers(message["headers"], policy)
            await send(message)

        self._under_way += 1
        try:
            if (refused := self._refusal(scope)) is not None:
                await refused.response(trace_id())(scope, receive, send_safely)
            else:
                await self._app(scope, self._bounded(scope, receive), send_safely)
        except Exception as error:  # noqa: BLE001 - the last one to hear of it
            number = trace_id()
            # Named and placed here: how a traceback would be shown is not left to whoever configured the log.
            fields = {"error": error_name(error), "where": places(error), "trace_id": number, "route": template(scope)}
            LOG.error("unexpected", **fields)  # noqa: TRY400 - the message may hold what was typed
            if status:
                raise ResponseBroken from None
            await Problem(INTERNAL).response(number)(scope, receive, send_safely)
        finally:
            self._under_way -= 1
            self._observe(scope, status, time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> Problem | None:
        """Refuse what is too much before any of it is read."""
        if self._under_way > self._under_way_max and scope["path"] not in PROBES:
            return retry_later(BUSY)
        length = announced_length(scope)
        return Problem(TOO_LARGE, headers={"Connection": "close"}) if length is not None and length > self._body_max else None

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Count a body whose length was not announced."""
        if scope["method"] in {"GET", "HEAD"} or announced_length(scope) is not None:
            return receive
        read = 0

        async def receive_bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._body_max:
                raise HTTPException(TOO_LARGE.status)
            return message

        return receive_bounded

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        name = (scope["method"] if scope["method"] in METHODS else "other", template(scope), status)
        if (timer := self._timers.get(name)) is None:
            timer = self._timers[name] = HTTP_SECONDS.labels(*map(str, name))
        timer.observe(seconds)


METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ResponseBroken(Exception):  # noqa: N818 - says what happened
    """An answer broke off in the middle: the connection must be closed, so that the caller notices."""


def add_headers(headers: list[tuple[bytes, bytes]], policy: bytes) -> None:
    """Add what a route has not said otherwise."""
    names = {name.lower() for name, _ in headers}
    headers.extend((name, value) for name, value in _HEADERS if name not in names)
    if b"content-security-policy" not in names:
        headers.append((b"content-security-policy", policy))


def announced_length(scope: Scope) -> int | None:
    """Read Content-Length; the server has checked its form."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None


def template(scope: Scope) -> str:
    """Give the address with names in place of ids: a metric or a log line has no use for an id."""
    route = scope.get("route")
    return getattr(route, "path_format", None) or NO_ROUTE
