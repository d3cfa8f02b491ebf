"""The open load of the row `spike`, a process of its own: people come when they come, whether or not the others were answered.

Reads one job (JSON) from its standard input: `url`, `token`, `submission`, and `phases`, each `[seconds, arrivals per second]`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop

from tests.benchmarks.users import percentile, tell
from tests.benchmarks.wire import Answer, Broken, Connection, connect, request

TICK_SECONDS: Final = 0.002
CONNECTIONS_MAX: Final = 5000
"""As many as this process holds: about those whom the rim lets in (1,024) and the queue of the listening socket (4,096)."""
PATIENCE_SECONDS: Final = 30.0
BUSY: Final = (429, 503)
CREATED: Final = 201


@dataclass
class Crowd:
    """Everybody who came: what they were answered, and how long after their arrival, by the second in which they came."""

    job: dict[str, Any]
    since: float = field(default_factory=time.perf_counter)
    idle: deque[Connection] = field(default_factory=deque[Connection])
    open: int = 0
    ends: Counter[str] = field(default_factory=Counter[str])
    accepted: list[str] = field(default_factory=list[str])
    took_ms: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def come(self) -> None:
        """Submit one dossier, on a connection of one's own."""
        began = time.perf_counter()
        asked = request("POST", "/v1/dossiers", self.job["token"], self.job["submission"], uuid.uuid4().hex)
        self.open += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                connection, answer = await self.ask(asked)
        except (Broken, OSError, TimeoutError) as error:
            self.ends[f"{type(error).__name__} {error}".strip()] += 1
            return
        finally:
            self.open -= 1
        self.took_ms[int(began - self.since)].append((time.perf_counter() - began) * 1000)
        if answer.status == CREATED:
            self.accepted.append(answer.json()["id"])
        patient = answer.status not in BUSY or b"retry-after:" in answer.head
        self.ends[str(answer.status) if patient else f"{answer.status} without Retry-After"] += 1
        self.idle.append(connection)

    async def ask(self, asked: bytes) -> tuple[Connection, Answer]:
        """Ask on the connection that was used last, or on a new one; give the connection and the answer.

        A server may close what nobody has used for some seconds just when it is used again: whoever meets that asks
        again on a new one, as every HTTP client does (RFC 9112, 9.3.1), with the same Idempotency-Key.
        """
        while self.idle:
            connection = self.idle.pop()
            if connection.open:
                try:
                    return connection, await connection.ask(asked)
                except Broken:
                    break
        connection = await connect(self.job["url"])
        return connection, await connection.ask(asked)

    async def stream_in(self) -> dict[str, Any]:
        """Come as the phases say; give what was seen."""
        tasks, begin = set[asyncio.Task[None]](), self.since
        for seconds, rate in self.job["phases"]:
            come = 0
            while (passed := time.perf_counter() - begin) < seconds:
                while come < passed * rate:
                    come += 1
                    if self.open >= CONNECTIONS_MAX:
                        self.ends["did not get in the door"] += 1
                        continue
                    task = asyncio.create_task(self.come())
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                await asyncio.sleep(TICK_SECONDS)
            begin += seconds
        await asyncio.gather(*tasks)
        p95s = {second: percentile(took, 0.95) for second, took in sorted(self.took_ms.items())}
        return {"ends": dict(self.ends), "accepted": self.accepted, "p95_ms": p95s}


if __name__ == "__main__":
    tell(uvloop.run(Crowd(json.load(sys.stdin)).stream_in()))
