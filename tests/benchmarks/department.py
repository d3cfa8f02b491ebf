"""All of Motcua as processes on durable servers, and the job of taking dossiers through it.

The case of a dossier has one step here, the director's: claim and decide are then all there is to do, as in the benchmark that
the published figures come from. The templates of the model department have six steps; each would add two requests of the same kind.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import yaml

from deploy.local.stack import Stack
from services.intake.catalogue import load_catalogue
from services.intake.settings import CATALOGUE

WORKFLOWS: Final = "PROCESSING_WORKFLOWS"
SETTLED_SECONDS: Final = 120.0
PROCEDURE: Final = "2.000591"
DIRECTOR: Final = "nv-bgd-01"


@dataclass(frozen=True)
class Department:
    """A running Motcua that is measured."""

    stack: Stack
    workflows: Path

    def job(self, kind: str, users: int, warm_seconds: float, seconds: float) -> dict[str, Any]:
        """Say what the load generator is to do."""
        return {
            "kind": kind,
            "urls": self.stack.urls,
            "tokens": tokens(self.stack),
            "submission": submission(),
            "users": users,
            "warm_seconds": warm_seconds,
            "seconds": seconds,
        }

    async def settled(self, within_seconds: float = SETTLED_SECONDS) -> float:
        """Return when every log is carried, answered and shown everywhere; give the seconds that it took.

        Raises:
            TimeoutError: if it is not within the bound.
        """
        since = time.monotonic()
        async with asyncio.timeout(within_seconds):
            while await self.behind():  # noqa: ASYNC110 - it is other processes that move
                await asyncio.sleep(0.02)
        return time.monotonic() - since

    async def behind(self) -> int:
        """Count the events that some reader has not read yet."""
        heads = {service: await self.ask(service, "SELECT pos FROM log.head") for service in self.stack.services}
        behind = 0
        for service in self.stack.services:
            for row in await self.fetch(service, "SELECT consumer, source, pos FROM log.checkpoint"):
                behind += max(0, heads[row["source"]] - row["pos"])
        # A reactor's answers move its own log's head, which was asked for first: look again until nothing moves.
        return behind + sum([await self.ask(service, "SELECT pos FROM log.head") - head for service, head in heads.items()])

    @asynccontextmanager
    async def services_down(self) -> AsyncGenerator[None]:
        """Take the services down meanwhile; the servers stay."""
        for service in self.stack.services:
            self.stack.hold(service)
        try:
            yield
        finally:
            for service in self.stack.services:
                self.stack.release(service)
            await asyncio.to_thread(self.stack.wait_ready)

    def memory_mb(self) -> dict[str, float]:
        """Give the resident memory of each service's process."""
        return {service: resident_mb(self.stack.pid(service)) for service in self.stack.services}

    async def ask(self, service: str, query: str, *arguments: Any) -> Any:
        """Ask a service's database for one value."""
        return (await self.fetch(service, query, *arguments))[0][0]

    async def fetch(self, service: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Ask a service's database."""
        connection = await asyncpg.connect(self.stack.dsn(service))
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()


@asynccontextmanager
async def department(folder: Path) -> AsyncGenerator[Department]:
    """Start Motcua in a folder, durable, and stop it afterwards."""
    with workflows_in(folder / "workflows"):
        stack = Stack(folder / "motcua")
        await asyncio.to_thread(stack.__enter__)
        try:
            yield Department(stack, folder / "workflows")
        finally:
            await asyncio.to_thread(stack.stop)


@contextmanager
def workflows_in(folder: Path) -> Generator[None]:
    """Let the processes that are started meanwhile read one-step workflows for every procedure of the catalogue."""
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "internal").mkdir(exist_ok=True)
    step = {"code": "B1", "name": "Ký duyệt", "name_en": "Sign", "unit": "ban-giam-doc", "role": "giam-doc", "hours": 4}
    about = {"code": "one", "name": "Một bước", "name_en": "One step", "limit": None, "hours": 4, "notes": []}
    sure = {"confidence": "L", "source": "benchmark"}
    (folder / "templates" / "one.yaml").write_text(yaml.safe_dump(about | sure | {"steps": [step]}), encoding="utf-8")
    assigned = [{"procedure": code, "template": "one", "unit": "ban-giam-doc"} for code in sorted(load_catalogue(CATALOGUE).procedures)]
    (folder / "assignments.yaml").write_text(yaml.safe_dump(sure | {"assignments": assigned}), encoding="utf-8")
    before = os.environ.get(WORKFLOWS)
    os.environ[WORKFLOWS] = str(folder)
    try:
        yield
    finally:
        del os.environ[WORKFLOWS]
        if before is not None:
            os.environ[WORKFLOWS] = before


def resident_mb(pid: int | None) -> float:
    """Give the resident memory of a process; not a number where this system does not say, or the process is down."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), math.nan)


def tokens(stack: Stack) -> dict[str, str]:
    """Give a token to everybody who acts."""
    return {
        "portal": stack.token("portal:bench", ["portal"]),
        "desk": stack.token("nv-mc-01", ["desk", "officer"]),
        "leader": stack.token(DIRECTOR, ["leader", "officer"]),
    }


def submission() -> dict[str, Any]:
    """Give a complete dossier of an enterprise."""
    applicant = {
        "kind": "enterprise",
        "name": "Công ty TNHH Thực phẩm Sạch Miền Đông",
        "tax_code": "3700000018",
        "phone": "0900000000",
        "email": "lien-he@example.vn",
        "address": "Số 1 Đại lộ Bình Dương, Thủ Dầu Một, Bình Dương",
    }
    components = sorted(load_catalogue(CATALOGUE).procedures[PROCEDURE].required)
    return {"procedure": PROCEDURE, "channel": "online", "applicant": applicant, "components": components}
