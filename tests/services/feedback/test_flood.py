"""The same flood against a process with sockets of its own: answers to surveys, opinions and petitions at once, from many networks.

`MOTCUA_TEST_FLOOD=10000` in the environment sends that many posts, as fast as they are answered: faster than ten thousand in a minute.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Final
from uuid import uuid4

import aiohttp

from deploy.local.processes import free_port, spawn, stop
from kernel.edge.turnstile import BURST_PART
from services.feedback.main import SERVICE
from tests.services.feedback.petitioning import PETITION
from tests.services.rig import AGENCY, VAULT_KEYS, Issuer, Rig, eventually

POSTS: Final = int(os.environ.get("MOTCUA_TEST_FLOOD", "1500"))
BATCH: Final = 30
"""Posts under way at a time."""
NETWORKS: Final = 8
PER_MINUTE: Final = 60
STOP_SECONDS: Final = 10.0
OPINION: Final = {"channel": "web", "topic": "other", "text": "Quầy số 2 hướng dẫn chưa rõ."}
ANSWER: Final = {"class_id": str(uuid4()), "token": "A" * 43, "signature": "A" * 342, "satisfaction": 1}
FLOOD: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("/v1/opinions", OPINION),
    ("/v1/answers", ANSWER),
    ("/v1/invitations/class", {"token": "x" * 60}),
    ("/v1/petitions", {**PETITION, "channel": "web"}),
)


@dataclass
class Door:
    """A process, and who comes to it; from which network is said by the proxy before it, here by the test."""

    url: str
    session: aiohttp.ClientSession
    officer: str

    async def post(self, address: str, path: str, body: dict[str, Any]) -> tuple[int, float]:
        """Post something without an account; give the status and the seconds of Retry-After."""
        headers = {"X-Forwarded-For": address, "Idempotency-Key": uuid4().hex}
        async with self.session.post(self.url + path, json=body, headers=headers) as answer:
            await answer.read()
            return answer.status, float(answer.headers.get("Retry-After", 0))

    async def looked(self) -> float:
        """Let an officer look at a list; give how long that took."""
        began = time.perf_counter()
        async with self.session.get(self.url + "/v1/opinions", headers={"Authorization": f"Bearer {self.officer}"}) as answer:
            assert answer.status == 200, await answer.text()
        return time.perf_counter() - began

    async def is_open(self) -> bool:
        """Tell whether it answers, lists too."""
        try:
            await self.looked()
        except (aiohttp.ClientError, AssertionError):
            return False
        return True


@asynccontextmanager
async def opened(rig: Rig) -> AsyncGenerator[Door]:
    """Start the service as a process, behind a proxy that is trusted."""
    issuer, port = Issuer(rig.folder / "issuer"), free_port()
    issuer.prepare()
    settings = {
        "DATABASE_URL": (await rig.database("feedback", SERVICE.migrations)).runtime_dsn,
        "NATS_URL": rig.nats.url,
        "JWKS_FILE": str(issuer.jwks),
        "PORT": str(port),
        "VAULT_KEYS": VAULT_KEYS,
        "TRUSTED_PROXIES": '["127.0.0.0/8"]',
        "ANONYMOUS_PER_MINUTE": str(PER_MINUTE),
    }
    environment = {f"FEEDBACK_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "services.feedback", "all"]
    process = spawn(command, log=rig.folder / "feedback.log", when_parent_dies=signal.SIGKILL, environment=environment)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=BATCH * 2)) as session:
            door = Door(f"http://127.0.0.1:{port}", session, issuer.token("nv-vp-01", ("officer",), (AGENCY,)))
            await eventually(door.is_open)
            yield door
    finally:
        stop(process, signal.SIGTERM, within_seconds=STOP_SECONDS)


async def test_a_flood_over_sockets_is_turned_away_honest_ones_get_through_and_officers_notice_nothing(rig: Rig) -> None:
    async with opened(rig) as door:
        quiet = [await door.looked() for _ in range(30)]
        statuses, waits, during, honest = Counter[int](), list[float](), list[float](), list[int]()

        async def flood(n: int) -> None:
            path, body = FLOOD[n % len(FLOOD)]
            status, wait = await door.post(f"203.0.{n % NETWORKS}.{n % 250}", path, body)
            statuses[status] += 1
            if status == 429:
                waits.append(wait)

        began = time.monotonic()
        for first in range(0, POSTS, BATCH):
            batch = [asyncio.create_task(flood(n)) for n in range(first, min(first + BATCH, POSTS))]
            during.append(await door.looked())
            honest.append((await door.post(f"198.{51 + first // BATCH // 250}.{first // BATCH % 250}.9", "/v1/opinions", OPINION))[0])
            await asyncio.gather(*batch)
        seconds = time.monotonic() - began

    assert POSTS / seconds > 10_000 / 60, f"{POSTS} posts took {seconds:.1f} s: that is no flood"
    # Who was let in was answered as anybody is: heard, or told what was wrong.
    assert set(statuses) <= {201, 202, 404, 409, 422, 429}
    assert POSTS - statuses[429] <= NETWORKS * (PER_MINUTE / BURST_PART + PER_MINUTE * seconds / 60 + 1)
    assert statuses[429] > POSTS / 2
    assert min(waits) >= 1
    assert set(honest) == {201}
    # The median, and with room: the one who floods takes a part of the same machine.
    assert median(during) < max(5 * median(quiet), 0.1)
