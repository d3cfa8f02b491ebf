"""Step 1 of 8, http_api: the same command twice is one command (Idempotency-Key, after draft-ietf-httpapi-idempotency-key-header-07).

The record of a command is stored in the same statement as its events, so there is no moment in which one exists without
the other. Nothing is looked up beforehand: a command goes straight to the decision, and only when that leads to no new
event, or to a conflict, or to a refusal, do we look whether this very command was carried out before. The usual request
thus pays nothing for it, and two that arrive at the same instant are told apart by the database.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from kernel.edge.answer import MEDIA_TYPE, encode
from kernel.edge.clock import Clock
from kernel.edge.etag import etag, expected_version
from kernel.edge.identity import PUBLIC, Principal
from kernel.edge.policy import ANYBODY
from kernel.edge.problem import KEY_MISSING, KEY_REUSED, MALFORMED, Problem
from kernel.edge.telemetry import traceparent_of
from kernel.eventlog import Busy, Conflict, Log, Meta, Refused, Table, VersionMismatch
from kernel.eventlog.errors import UNAVAILABLE
from kernel.eventlog.sql import read_queries

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEY_PATTERN: Final = r"^[!-~]{1,200}$"
KEEP_HOURS: Final = 72

COMMAND: Final = Table(
    "edge.command",
    {"id": "uuid", "fingerprint": "bytea", "stream": "uuid", "version": "integer", "status": "smallint", "response": "bytea"},
)
"""Give it to the service's `Log(tables=…)`."""

_KEY: Final = re.compile(KEY_PATTERN)


QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))


class Done(Protocol):
    """What is used of a command's outcome; `kernel.eventlog.Outcome` is one."""

    @property
    def stream(self) -> UUID:
        """The stream."""
        ...

    @property
    def version(self) -> int:
        """Its version now."""
        ...

    @property
    def pos(self) -> int:
        """Position of its last event."""
        ...

    @property
    def facts(self) -> Sequence[Any]:
        """What is new."""
        ...


Answer = Callable[[Any], Mapping[str, Any]]
"""Says what a caller is told of an outcome, beside id, version and position. It is stored: no personal data."""

Rows = Mapping[Table, Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command as its handler gets it: ready for `carry_out(log, target, c.meta, expected=c.expected, beside=c.beside)`.

    `id` is the same each time the same command comes, so ids of new things can be made from it (`uuid5(command.id, …)`).
    """

    id: UUID
    fingerprint: bytes
    meta: Meta
    expected: int | None
    principal: Principal
    status: int
    answer: Answer

    def beside(self, outcome: Done) -> dict[Table, list[tuple[Any, ...]]]:
        """Make the row that is stored with the events."""
        body = encode(self.body(outcome, None))
        return {COMMAND: [(self.id, self.fingerprint, outcome.stream, outcome.version, self.status, body)]}

    def beside_with(self, rows: Rows) -> Callable[[Done], dict[Table, list[tuple[Any, ...]]]]:
        """The same with further rows, such as what the vault sealed."""
        return lambda outcome: {**{table: list(values) for table, values in rows.items()}, **self.beside(outcome)}

    def body(self, outcome: Done, position: str | None) -> dict[str, Any]:
        """Give the whole answer; the position is known only once the events are stored."""
        head: dict[str, Any] = {"id": outcome.stream, "version": outcome.version, "position": position}
        return head | {name: value for name, value in self.answer(outcome).items() if name not in {"version", "position"}}


def nothing_more(_: Done) -> Mapping[str, Any]:
    """Answer with id, version and position only."""
    return {}


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs a service's commands, each once.

    Args:
        log: the service's log, opened before the first request; COMMAND must be among its tables.
        clock: what time it is for a command.
    """

    log: Log
    clock: Clock = field(default_factory=Clock)

    async def run(
        self,
        request: Request,
        principal: Principal,
        work: Callable[[Command], Awaitable[Done]],
        answer: Answer = nothing_more,
        *,
        status: int = 200,
        location: str | None = None,
        must_match: bool = False,
    ) -> Response:
        """Carry a command out, or give the answer of the first time.

        The answer is `{"id", "version", "position": "intake/1234", …answer(outcome)}` with the ETag of the new version.

        Args:
            request: the request; its body has been read by the route.
            principal: whoever asks.
            work: the handler: `lambda command: handle.accept(log, dossier_id, body, command)`.
            answer: what else the caller is told.
            status: 200, or 201 with `location`.
            location: address of what was made, `/v1/dossiers/{id}`, filled from the answer.
            must_match: insist on If-Match.

        Raises:
            Problem: 400 without a key, 422 if the key was used for something else, 428 without If-Match where it is needed.
            Refused, VersionMismatch, Busy, Conflict: as the handler says; the rim answers 409, 412 and 503.
        """
        command = await self._command(request, principal, answer, status, must_match=must_match)
        try:
            outcome = await work(command)
        except (Conflict, Refused, VersionMismatch, Problem):
            # Perhaps it is refused because it is done already: the client did not get the answer and asks again.
            if (again := await self._replay(command, location)) is not None:
                return again
            raise
        if not outcome.facts and (again := await self._replay(command, location)) is not None:
            return again
        body = command.body(outcome, f"{self.log.source}/{outcome.pos}")
        return respond(body, status, location, {})

    async def forget(self, older_than_hours: int = KEEP_HOURS) -> int:
        """Remove old records, every now and then; returns how many."""
        return int(await self.log.pool.fetchval(QUERY["forget"], older_than_hours))

    async def _command(self, request: Request, principal: Principal, answer: Answer, status: int, *, must_match: bool) -> Command:
        key = request.headers.get(HEADER)
        if key is None or _KEY.fullmatch(key) is None:
            raise Problem(KEY_MISSING)
        method, path = request.method, request.scope["path"]
        fingerprint = fingerprint_of(method, path, await request.body())
        id_ = command_id(principal, method, path, key, fingerprint)
        meta = Meta(
            # With the fingerprint in it, the events of another body under the same key are other events: the log cannot take
            # one for a repetition of the other, and the row's own key tells them apart.
            command_id=f"{id_.hex}{fingerprint[:8].hex()}",
            actor=principal.sub,
            time=self.clock.now(request),
            traceparent=traceparent_of(request),
        )
        return Command(id_, fingerprint, meta, expected_version(request, required=must_match), principal, status, answer)

    async def _replay(self, command: Command, location: str | None) -> Response | None:
        """Give the first answer, if there was one.

        Raises:
            Problem: 422, if the key was used with another body.
            Busy: if the database is away.
        """
        try:
            row = await self.log.pool.fetchrow(QUERY["command"], command.id)
        except UNAVAILABLE as error:
            raise Busy("database-away") from error
        if row is None:
            return None
        if row["fingerprint"] != command.fingerprint:
            raise Problem(KEY_REUSED)
        body: dict[str, Any] = orjson.loads(row["response"])
        body["position"] = f"{self.log.source}/{row['pos']}"
        return respond(body, row["status"], location, {REPLAYED: "true"})


def respond(body: Mapping[str, Any], status: int, location: str | None, headers: dict[str, str]) -> Response:
    """Answer a command."""
    headers["ETag"] = etag(body["version"])
    if location is not None:
        headers["Location"] = location.format_map(body)
    return Response(encode(body), status, headers=headers, media_type=MEDIA_TYPE)


def fingerprint_of(method: str, path: str, body: bytes) -> bytes:
    """Hash what a command says; the order of a JSON object's members and white space do not count.

    Raises:
        Problem: 400, if the body is not JSON in the strict sense (NaN, a lone surrogate).
    """
    try:
        canonical = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS) if body else b""
    except orjson.JSONDecodeError as error:
        raise Problem(MALFORMED) from error
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), canonical))).digest()


def command_id(principal: Principal, method: str, path: str, key: str, fingerprint: bytes) -> UUID:
    """Name a command by who asks, what, and under which key.

    Callers without a token have no name of their own, and two of them may invent the same key; what they say is then part
    of the name, so that they never meet.
    """
    who = f"{ANYBODY}:{fingerprint.hex()}" if principal is PUBLIC else f"token:{principal.sub}"
    return UUID(bytes=hashlib.sha256(f"{who}\n{method}\n{path}\n{key}".encode()).digest()[:16], version=5)
