"""What each guarantee costs a command: intake's submission as a whole, and the same without one of its parts.

The whole app is called without a socket by 64 callers, each with a new dossier: the caller is let in, the body checked, the personal part
sealed, the dossier loaded, decided on and appended with the vault's row and the idempotency key's, durably. *Ours is* the share of the
speed that each part leaves: 0.9 means that it costs a tenth of a command. A part is taken away by composing the app with another.

* policy: the token is checked (one that was verified before and is remembered, as in use) and the action is looked up.
* vault: AES-GCM and a commitment for the personal part, and its row beside the event.
* hash chain: SHA-256 over every event. The column stays: only the computing is left out.
* seals: beside the callers, everything is sealed and signed ten times a second rather than every ten seconds.
* tracing: a sampled span per request and per commit, handed to an exporter that drops them, and the `traceparent` in the event.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from pydantic import SecretStr

from deploy.local.issuer import Issuer
from kernel.edge.identity import Principal
from kernel.eventlog import Appended, Beside, Log, Meta, Slice
from kernel.eventlog import event as event_module
from kernel.eventlog import trace as trace_module
from kernel.eventlog.event import NO_HASH
from kernel.eventlog.seal import SEAL_EVENTS_MAX, seal_next
from kernel.eventlog.sql import Pool
from kernel.vault import ENTRY, Vault
from kernel.vault.keys import KEY_BYTES
from kernel.vault.vault import Sealed
from services.intake.main import SERVICE
from services.intake.settings import IntakeSettings
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Measure, Size, Target, interleaved
from tests.benchmarks.rows.append import rate
from tests.services.intake.desk import submission

NAME: Final = "cost"
CALLERS: Final = 64
CREATED: Final = 201
SECONDS: Final = 2.0
SEAL_SECONDS: Final = 0.1
LEFT: Final = 0.85
"""No single part above 15 % of a command."""


class Dropping(SpanExporter):
    """Takes spans as a collector's exporter does, and drops them."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Drop them."""
        del spans
        return SpanExportResult.SUCCESS


class NoDigest:
    """Takes what SHA-256 takes, and computes nothing."""

    def __init__(self, _: bytes) -> None:
        pass

    def digest(self) -> bytes:
        """Give what has a digest's length."""
        return NO_HASH


class Anybody:
    """A guard that asks nobody who he is."""

    async def admit(self, authorization: str | None, action: str) -> Principal:
        """Let everybody through."""
        del authorization, action
        return Principal("desk", frozenset({"desk"}), ("*",))


def unsealed(_: Vault, stream: UUID, document: Mapping[str, Any]) -> Sealed:
    """Seal nothing."""
    del document
    return Sealed(stream, "0" * 64, ())


_append: Final = Log.append


async def append_without_vault(log: Log, slices: Sequence[Slice], meta: Meta, beside: Beside | None = None) -> Appended:
    """Append with what stands beside the events, but for the vault's rows."""
    return await _append(log, slices, meta, {table: rows for table, rows in (beside or {}).items() if table is not ENTRY})


@contextmanager
def in_place_of(owner: Any, name: str, part: Any) -> Generator[None]:
    """Compose with another part for a while."""
    before = getattr(owner, name)
    setattr(owner, name, part)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def traced_by(provider: trace.TracerProvider) -> Generator[None]:
    """Let requests and commits open their spans there."""
    with in_place_of(trace, "_TRACER_PROVIDER", provider), in_place_of(trace_module, "_TRACER", provider.get_tracer("bench")):
        yield


@contextmanager
def without_vault() -> Generator[None]:
    """Seal nothing and store nothing of it."""
    with in_place_of(Vault, "seal", unsealed), in_place_of(Log, "append", append_without_vault):
        yield


@asynccontextmanager
async def sealing(pool: Pool) -> AsyncGenerator[None]:
    """Seal beside what goes on, until everything is sealed."""
    key, over = Ed25519PrivateKey.generate(), asyncio.Event()
    while await seal_next(pool, SERVICE.name, key):
        pass  # what an earlier round left is not this one's

    async def seal() -> None:
        while not over.is_set():
            if await seal_next(pool, SERVICE.name, key) < SEAL_EVENTS_MAX:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), SEAL_SECONDS)

    task = asyncio.create_task(seal())
    try:
        yield
    finally:
        over.set()
        await task


@dataclass
class Portal:
    """Submits dossiers to an app without a socket."""

    app: FastAPI
    token: str
    body: bytes = field(default_factory=lambda: orjson.dumps(submission()))
    keys: itertools.count[int] = field(default_factory=itertools.count)

    async def submit(self, _: int) -> None:
        """Submit one.

        Raises:
            RuntimeError: if the answer is not 201.
        """
        said: list[Any] = []
        key = f"bench-{next(self.keys):09d}"
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.token}", "idempotency-key": key}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/v1/dossiers",
            "raw_path": b"/v1/dossiers",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await self.app(scope, receive, send)
        if said[0]["status"] != CREATED:
            raise RuntimeError(said)


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Measure the whole command, and the command without each part; not in a quick run, which cannot tell a tenth from noise."""
    if size.quick:
        return []
    issuer = Issuer(machine.folder / "issuer")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Dropping()))
    database = await machine.database("intake", SERVICE.migrations)
    keys = SecretStr(f"1:{b64encode(bytes(KEY_BYTES)).decode()}")
    settings = IntakeSettings(database_url=SecretStr(database.runtime_dsn), jwks_file=issuer.jwks, vault_keys=keys, nats_url=SecretStr(""))
    app = SERVICE.app(settings, "api")
    portal = Portal(app, issuer.token("desk", ["desk"]))
    async with app.router.lifespan_context(app), asyncpg.create_pool(database.runtime_dsn, min_size=1, max_size=2) as pool:

        def measured(*, sealed: bool = True, tracer: trace.TracerProvider = provider) -> Callable[..., Awaitable[float]]:
            async def measure(other: AbstractContextManager[None] | None = None) -> float:
                with traced_by(tracer), other or contextlib.nullcontext():
                    async with sealing(pool) if sealed else contextlib.nullcontext():
                        return await rate(CALLERS, SECONDS, portal.submit)

            return measure

        whole = measured()
        without = {
            "without policy": lambda: whole(in_place_of(app.state, "guard", Anybody())),
            "without vault": lambda: whole(without_vault()),
            "without hash chain": lambda: whole(in_place_of(event_module, "hashlib", SimpleNamespace(sha256=NoDigest))),
            "without seals": measured(sealed=False),
            "without tracing": measured(tracer=trace.NoOpTracerProvider()),
        }
        mine, theirs = await interleaved(size.rounds, whole, without)
    provider.shutdown()
    return [Measure(NAME, "submission", "commands/s", "more", mine, theirs, [Target(name, LEFT) for name in without])]
