"""A dossier is submitted and answered with 201 once it is durable: one intake process that serves HTTP (role `api`), 64 callers.

The load comes from another process on the same machine. The first peer is the same app with a log that stores nothing: rim, token,
policy, validation, sealing of personal data and decision are as in ours, so the ratio is what durability leaves of the rest. The
second is a plain FastAPI app with the same body and one INSERT per request through a pool of asyncpg connections, without token,
idempotency key, vault or history; it commits as durably. All three are served by the same server with the same settings.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import asyncpg

from deploy.local.issuer import AUDIENCE, ISSUER, Issuer
from deploy.local.processes import answers, free_port, spawn, stop, wait_until
from kernel.eventlog.rebuild import install
from services.intake.main import SERVICE
from tests.benchmarks.department import submission
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Measure, Size, Target, interleaved
from tests.benchmarks.peers import DSN, PORT, TABLE
from tests.benchmarks.users import generate

NAME: Final = "http"
CALLERS: Final = 64
NOTHING: Final = "same app, not storing"
INSERT: Final = "FastAPI + asyncpg INSERT"
STOP_SECONDS: Final = 10.0
VAULT_KEYS: Final = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Serve the three side by side and load one after the other."""
    issuer = Issuer(machine.folder / "issuer")
    database = await machine.database("intake", SERVICE.migrations)
    plain = await machine.database("intake")
    owner = await asyncpg.connect(plain.owner_dsn)
    await owner.execute(f"{TABLE}; GRANT ALL ON dossier TO intake")
    await owner.close()
    async with asyncpg.create_pool(database.runtime_dsn, min_size=1, max_size=1) as pool:
        for model in SERVICE.models:  # there is no worker here, and an API is ready once it sees what it reads
            await install(pool, model)
    issuer.prepare()
    told = {
        "INTAKE_DATABASE_URL": database.runtime_dsn,
        "INTAKE_HOST": "127.0.0.1",
        "INTAKE_ISSUER": ISSUER,
        "INTAKE_AUDIENCE": AUDIENCE,
        "INTAKE_JWKS_FILE": str(issuer.jwks),
        "INTAKE_CURSOR_SECRET": "of the benchmark",
        "INTAKE_VAULT_KEYS": VAULT_KEYS,
    }
    job = {
        "kind": "submit",
        "tokens": {"portal": issuer.token("portal:bench", ["portal"])},
        "submission": submission(),
        "users": CALLERS,
        "warm_seconds": 1.0,
        "seconds": size.of(8, 3),
    }
    async with (
        served(machine, "services.intake", "api", told, "INTAKE_PORT") as ours,
        served(machine, "tests.benchmarks.peers", "nothing", told, "INTAKE_PORT") as nothing,
        served(machine, "tests.benchmarks.peers", "insert", {DSN: plain.runtime_dsn}, PORT) as insert,
    ):
        mine, peers = await interleaved(
            size.rounds,
            partial(rate, job, ours),
            {NOTHING: partial(rate, job, nothing), INSERT: partial(rate, job, insert)},
        )
    return [Measure(NAME, f"{CALLERS} callers", "submissions/s", "more", mine, peers, (Target(NOTHING, 0.75), Target(INSERT, 1.2)))]


async def rate(job: Mapping[str, Any], url: str) -> float:
    """Load one of them; give its answers with 201 per second.

    Raises:
        RuntimeError: if it answered anything else.
    """
    seen = await generate({**job, "urls": {"intake": url}})
    if seen["failures"]:
        raise RuntimeError(seen["failures"][0])
    print(f"  {url}: {seen['rate']:.0f}/s, p50 {seen['p50_ms']:.1f} ms, p99 {seen['p99_ms']:.1f} ms", flush=True)
    return seen["rate"]


@asynccontextmanager
async def served(machine: Machine, module: str, role: str, told: Mapping[str, str], port_name: str) -> AsyncGenerator[str]:
    """Run a server process; give its URL."""
    port = free_port()
    log = machine.folder / f"{role}.log"
    environment = {**told, port_name: str(port)}
    process = spawn([sys.executable, "-m", module, role], log=log, when_parent_dies=signal.SIGKILL, environment=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        ready = partial(answers, f"{url}/readyz")
        await asyncio.to_thread(partial(wait_until, ready, within_seconds=60, what=f"{role} is ready", log=log))
        yield url
    finally:
        await asyncio.to_thread(partial(stop, process, signal.SIGTERM, within_seconds=STOP_SECONDS))
