"""Is everything as it must be? Logs dense, chained and sealed; streams their mirrors; read tables the fold of the logs.

`./motcua verify` asks this of what runs (or of the demo's data), and the demo of itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib
import json
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
import nats
import yaml
from nats.js.errors import NotFoundError

from deploy.local.keys import trusted_keys
from deploy.local.processes import ROOT
from deploy.local.stack import Stack
from kernel.eventlog.errors import Halt
from kernel.eventlog.relay import stream_name
from kernel.eventlog.verify import Verdict, verify_log, verify_mirror, verify_read_model
from kernel.eventlog.witness import read_witnesses

if TYPE_CHECKING:
    from nats.aio.client import Client

    from deploy.local.composed import Composed
    from kernel.edge.service import Service
    from kernel.eventlog.seal import Signed

LEVEL_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.1
READERS: Final = """
    SELECT c.source, c.pos FROM log.checkpoint AS c
    WHERE NOT EXISTS (
        SELECT FROM log.read_model AS m WHERE c.consumer ~ ('^' || m.name || '_v[0-9]+$') AND c.consumer <> m.name || '_v' || m.version
    )"""
"""How far every reader is. A version of a read model that is not shown any more, or not yet, holds nobody up."""

Reachable: TypeAlias = "Stack | Composed"
"""A running Motcua that lets itself be looked into: on this machine, or in containers."""


@dataclass
class Inspection:
    """What was found, per service."""

    verdicts: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    lag: int = 0
    parked: int = 0

    @property
    def findings(self) -> list[str]:
        """Everything that is wrong."""
        return [f"{name}: {finding}" for name, verdict in self.verdicts.items() for finding in verdict.findings]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong, nothing waits and nothing is parked."""
        return not self.findings and self.lag == 0 and self.parked == 0

    def figures(self) -> dict[str, Any]:
        """Give it as the demo prints it."""
        return {
            "events": {name: verdict.events for name, verdict in self.verdicts.items()},
            "streams": {name: verdict.mirrored for name, verdict in self.verdicts.items()},
            "seals": {name: verdict.seals for name, verdict in self.verdicts.items()},
            "witnesses": {name: verdict.witnesses for name, verdict in self.verdicts.items()},
            "lag": self.lag,
            "parked": self.parked,
            "verified": self.good,
        }


def main(data: Path, *, as_json: bool) -> int:
    """Verify what runs in a data folder; print one line per service, or JSON; 0 if all is well, 3 if nothing runs."""
    if is_free(data):
        print("Motcua không chạy ở đó · Motcua is not running there; start it first: ./motcua up", file=sys.stderr)
        return 3
    found = inspect(Stack(data))
    if as_json:
        print(json.dumps({**found.figures(), "findings": found.findings}, ensure_ascii=False))
    else:
        for name, v in found.verdicts.items():
            seals = f"{v.seals:>5} seals (to {v.sealed_upto}, {v.witnesses} witnessed)"
            print(f"{name:<12}{v.events:>9} events  {v.streams:>8} chains  {seals}  stream {v.mirrored}")
        for finding in found.findings:
            print(f"! {finding}")
        print("tốt · good" if found.good else f"KHÔNG tốt · NOT good (lag {found.lag}, parked {found.parked})")
    return 0 if found.good else 1


def inspect(stack: Reachable) -> Inspection:
    """Verify every service of a running stack."""
    return asyncio.run(_inspect(stack))


async def _inspect(stack: Reachable) -> Inspection:
    found = Inspection()
    async with _connections(stack) as (databases, broker):
        for name, database in databases.items():
            witnesses, broken = await _witnesses(broker, name)
            verdict = await verify_log(database, name, trusted_keys(stack.seals, name), witnesses)
            verdict.findings += broken
            await verify_mirror(database, broker, verdict)
            for model in service_of(name).models:
                sources = {source: databases[source] for source in model.sources}
                await verify_read_model(database, model, service_of(name).codec, sources, verdict)
            found.verdicts[name] = verdict
        found.lag = await _lag(databases, broker)
        found.parked = sum([await database.fetchval("SELECT count(*) FROM log.parked") for database in databases.values()])
    return found


async def _witnesses(broker: Client, name: str) -> tuple[list[Signed], list[str]]:
    """Give the seals that the witnesses hold, or what is wrong with what they hold."""
    try:
        return await read_witnesses(broker, name), []
    except Halt as halt:
        return [], [str(halt)]


@contextlib.asynccontextmanager
async def _connections(stack: Reachable) -> AsyncGenerator[tuple[dict[str, Any], Client]]:
    async with contextlib.AsyncExitStack() as opened:
        databases: dict[str, Any] = {}
        for name in stack.services:
            databases[name] = await asyncpg.connect(stack.dsn(name))
            opened.push_async_callback(databases[name].close)
        broker = await nats.connect(stack.nats_url("admin").split(","))
        opened.push_async_callback(broker.close)
        yield databases, broker


async def _lag(databases: dict[str, Any], broker: Client) -> int:
    """Add up what is not yet published and what is not yet applied, over all services."""
    heads = {name: await database.fetchval("SELECT pos FROM log.head") for name, database in databases.items()}
    lag = 0
    for name, head in heads.items():
        try:
            lag += head - (await broker.jetstream().stream_info(stream_name(name))).state.last_seq
        except NotFoundError:
            lag += head
    for database in databases.values():
        rows = await database.fetch(READERS)
        lag += sum(heads.get(row["source"], row["pos"]) - row["pos"] for row in rows)
    return lag


def wait_until_level(stack: Reachable) -> None:
    """Return when everything stored is published and applied.

    Raises:
        TimeoutError: if that takes longer than `LEVEL_SECONDS`.
    """
    asyncio.run(_wait_until_level(stack))


async def _wait_until_level(stack: Reachable) -> None:
    end = time.monotonic() + LEVEL_SECONDS
    async with _connections(stack) as (databases, broker):
        while lag := await _lag(databases, broker):
            if time.monotonic() > end:
                message = f"{lag} events are not applied everywhere after {LEVEL_SECONDS:.0f} s"
                raise TimeoutError(message)
            await asyncio.sleep(POLL_SECONDS)


def service_of(name: str) -> Service[Any]:
    """Give a service by its name."""
    return importlib.import_module(f"services.{name}.main").SERVICE


def roster() -> dict[tuple[str, str], str]:
    """Give an officer for each unit and role, from the department's organisation."""
    data = yaml.safe_load((ROOT / "services" / "processing" / "organisation.yaml").read_text(encoding="utf-8"))
    return {(officer["unit"], officer["role"]): officer["id"] for officer in reversed(data["officers"])}


def resident_mb(stack: Stack) -> dict[str, int]:
    """Give the resident memory of each service's process, in MB (Linux)."""
    found: dict[str, int] = {}
    for name in stack.services:
        if (pid := stack.pid(name)) is not None:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
            found[name] = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024
    return found


def is_free(data: Path) -> bool:
    """Tell whether nothing runs in a data folder."""
    if not (data / "lock").exists():
        return True
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
