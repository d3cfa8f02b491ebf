"""What each guarantee costs a command: the whole path, and the same path composed without one of its parts.

The path is a submission's, without HTTP, from 64 callers at once: let the caller in, seal the personal part, load, decide, append with the
vault's row, durably. *Ours is* what share of the speed is left by that part: 0.9 means that it costs a tenth of a command.

* policy: the token is checked (as in use, one that was verified before and is remembered) and the action is looked up.
* vault: AES-GCM and a commitment for the personal part, and its row beside the event.
* hash chain: SHA-256 over every event. The column stays: only the computing is left out.
* seals: beside the callers, everything is sealed and signed ten times a second rather than every ten seconds.
* tracing: a sampled span per command and per commit, handed to an exporter that drops them, and the `traceparent` in the event.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from contracts.vocabulary import VaultRef
from deploy.local.issuer import AUDIENCE, ISSUER, Issuer
from deploy.local.processes import ROOT
from kernel.edge.identity import PUBLIC, Keys, Principal, Verifier
from kernel.edge.policy import Guard
from kernel.eventlog import Log, Meta, Target, carry_out, current_traceparent
from kernel.eventlog import event as event_module
from kernel.eventlog import trace as trace_module
from kernel.eventlog.event import NO_HASH
from kernel.eventlog.seal import SEAL_EVENTS_MAX, seal_next
from kernel.vault import ENTRY, Vault
from kernel.vault.keys import KEY_BYTES, KeyRing
from services.intake.domain import dossier
from services.intake.http_api import POLICY, PURPOSES
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Measure, Size, interleaved
from tests.benchmarks.measure import Target as AtLeastAsFast
from tests.benchmarks.payload import AGENCY, CODEC, SUBMITTED
from tests.benchmarks.rows.append import rate

NAME: Final = "cost"
CALLERS: Final = 64
SEAL_SECONDS: Final = 0.1
LEFT: Final = 0.85
"""No single part above 15 % of a command."""

PERSONAL: Final = {"full_name": "Nguyễn Văn Ví Dụ", "id_number": "001099000001", "phone": "0900000001", "email": "vi.du@example.vn"}


class Dropping(SpanExporter):
    """Takes spans as a collector's exporter does, and drops them."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Drop them."""
        del spans
        return SpanExportResult.SUCCESS


@dataclass(frozen=True, slots=True)
class NoDigest:
    """Takes what SHA-256 takes, and computes nothing."""

    data: bytes

    def digest(self) -> bytes:
        """Give what has the length of one."""
        return NO_HASH


@dataclass(frozen=True)
class Path:
    """The parts of a command's way; each can be put in place of another of its kind."""

    log: Log
    admit: Callable[[], Awaitable[Principal]]
    vault: Vault | None
    tracer: trace.Tracer

    async def command(self, _: int) -> None:
        """Carry out one submission."""
        with self.tracer.start_as_current_span("POST /v1/dossiers"):
            principal, stream, at = await self.admit(), uuid4(), datetime.now(UTC)
            fact, beside = SUBMITTED, None
            if self.vault is not None:
                sealed = self.vault.seal(stream, PERSONAL)
                fact = SUBMITTED.model_copy(update={"personal_ref": VaultRef(sealed.ref), "commitment": sealed.commitment})
                beside = {ENTRY: [sealed.row]}
            meta = Meta(str(stream), principal.sub, at, traceparent=current_traceparent())
            await carry_out(self.log, Target(stream, dossier.DECIDER, fact), meta, agency=AGENCY, beside=lambda _: beside or {})


@contextmanager
def in_place_of(module: Any, name: str, value: Any) -> Generator[None]:
    """Compose a module with another part for a while."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


@asynccontextmanager
async def sealing(log: Log) -> AsyncGenerator[None]:
    """Seal beside what goes on, and everything at the end."""
    key, over = Ed25519PrivateKey.generate(), asyncio.Event()

    async def seal() -> None:
        while not over.is_set():
            if await seal_next(log.pool, log.source, key) < SEAL_EVENTS_MAX:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), SEAL_SECONDS)

    task = asyncio.create_task(seal())
    try:
        yield
    finally:
        over.set()
        await task


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Measure the whole path, and the path without each part."""
    issuer, seconds = Issuer(machine.folder / "issuer"), size.of(2, 1)
    bearer = f"Bearer {issuer.token('portal', ['portal'])}"
    guard = Guard(Verifier(Keys(file=issuer.jwks), ISSUER, AUDIENCE), POLICY)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Dropping()))
    database = await machine.database("intake", ROOT / "services" / "intake" / "migrations")
    log = await Log(database.runtime_dsn, "intake", CODEC, (ENTRY,)).open()

    async def admit() -> Principal:
        return await guard.admit(bearer, "dossier.submit")

    async def admit_anybody() -> Principal:
        return PUBLIC

    async def measured(path: Path, *, sealed: bool = True) -> float:
        with in_place_of(trace_module, "_TRACER", path.tracer):
            async with sealing(log) if sealed else contextlib.nullcontext():
                return await rate(CALLERS, seconds, path.command)

    async def unchained() -> float:
        with in_place_of(event_module, "hashlib", SimpleNamespace(sha256=NoDigest)):
            return await measured(whole)

    vault, tracer = Vault(KeyRing(1, {1: bytes(KEY_BYTES)}), PURPOSES), provider.get_tracer("bench")
    whole = Path(log, admit, vault, tracer)
    without = {
        "without policy": lambda: measured(Path(log, admit_anybody, vault, tracer)),
        "without vault": lambda: measured(Path(log, admit, None, tracer)),
        "without hash chain": unchained,
        "without seals": lambda: measured(whole, sealed=False),
        "without tracing": lambda: measured(Path(log, admit, vault, trace.NoOpTracer())),
    }
    try:
        mine, theirs = await interleaved(size.rounds, lambda: measured(whole), without)
    finally:
        await log.close()
        provider.shutdown()
    targets = [AtLeastAsFast(name, LEFT) for name in without]
    return [Measure(NAME, f"{CALLERS} callers", "commands/s", "more", mine, theirs, targets)]
