"""The load generator, a process of its own: reads one job (JSON) from its standard input, does it, prints what it saw as JSON.

Closed jobs have users who wait for each answer before they ask again; open ones (see `spike`) send as the clock says,
whatever has been answered so far.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import uvloop

from deploy.local.processes import ROOT
from tests.benchmarks.wire import Answer, Broken, Connection, connect, request

FAILURES_SHOWN: Final = 5

Job = dict[str, Any]
"""`kind`, `urls` per service, `tokens` per actor, `submission` (a body), `users`, `warm_seconds`, `seconds`; see the kinds below."""


@dataclass
class Seen:
    """What the users saw between `since` and `until`: the time of each answer by the name of the step, and how it ended."""

    since: float
    until: float
    took_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[str] = field(default_factory=Counter[str])
    failures: list[str] = field(default_factory=list[str])
    rounds: int = 0
    asked: int = 0

    def note(self, step: str, began: float, answer: Answer) -> None:
        """Count one answer."""
        now = time.perf_counter()
        if self.since <= now < self.until:
            self.took_ms[step].append((now - began) * 1000)
            self.statuses[str(answer.status)] += 1
            if answer.status >= 400 and len(self.failures) < FAILURES_SHOWN:
                self.failures.append(f"{step}: {answer.status} {answer.body[:200]!r}")

    def done(self) -> None:
        """Count one round that was gone through to its end."""
        self.rounds += self.since <= time.perf_counter() < self.until

    def as_json(self) -> Job:
        """Give it, latencies as percentiles."""
        every = [value for values in self.took_ms.values() for value in values]
        return {
            "rate": self.rounds / (self.until - self.since),
            "requests": len(every) / (self.until - self.since),
            "p50_ms": percentile(every, 0.5),
            "p95_ms": percentile(every, 0.95),
            "p99_ms": percentile(every, 0.99),
            "steps": {step: {"p50_ms": percentile(took, 0.5), "p95_ms": percentile(took, 0.95)} for step, took in self.took_ms.items()},
            "statuses": dict(self.statuses),
            "failures": self.failures,
        }


def percentile(values: list[float], share: float) -> float:
    """Give the value below which that share of all lies; 0 of none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


class Unexpected(Exception):  # noqa: N818 - says what happened
    """An answer that ends a user's round: it is counted, and the user begins the next one."""


@dataclass
class User:
    """Somebody with a connection to each service."""

    job: Job
    seen: Seen
    connections: dict[str, Connection] = field(default_factory=dict[str, Connection])

    async def ask(self, step: str, service: str, asked: bytes, good: int = 200) -> Any:
        """Ask a service, and read its answer.

        Raises:
            Unexpected: if it is another than hoped for.
        """
        if service not in self.connections or not self.connections[service].open:
            self.connections[service] = await connect(self.job["urls"][service])
        began = time.perf_counter()
        answer = await self.connections[service].ask(asked)
        self.seen.note(step, began, answer)
        if answer.status != good:
            raise Unexpected(step)
        return answer.json()

    async def submit(self) -> dict[str, Any]:
        """Hand in a dossier."""
        key = uuid.uuid4().hex
        return await self.ask("submit", "intake", request("POST", "/v1/dossiers", self.token("portal"), self.job["submission"], key), 201)

    async def lifecycle(self) -> None:
        """Take one dossier through: submit, accept, search for its case with what one has written, claim, decide."""
        dossier = (await self.submit())["id"]
        key = uuid.uuid4().hex
        accepted = await self.ask(
            "accept", "intake", request("POST", f"/v1/dossiers/{dossier}/acceptance", self.token("desk"), {}, key + "a")
        )
        search = f"/v1/cases?dossier={dossier}&after={accepted['position']}"
        found = await self.ask("search", "processing", request("GET", search, self.token("leader")))
        case = f"/v1/cases/{found['items'][0]['case_id']}"
        await self.ask("claim", "processing", request("POST", f"{case}/claim", self.token("leader"), {}, key + "c"))
        decision = request("POST", f"{case}/decision", self.token("leader"), {"outcome": "granted"}, key + "d")
        await self.ask("decide", "processing", decision)

    async def get(self) -> None:
        """Read the next of the job's `paths` from its `service`."""
        path = self.job["paths"][self.seen.asked % len(self.job["paths"])]
        self.seen.asked += 1
        await self.ask(path.split("?")[0], self.job["service"], request("GET", path, self.token("leader")))

    def token(self, actor: str) -> str:
        """Give somebody's token."""
        return self.job["tokens"][actor]

    async def repeat(self, work: Callable[[User], Awaitable[Any]]) -> None:
        """Do something again and again until time is up."""
        while time.perf_counter() < self.seen.until:
            try:
                await work(self)
                self.seen.done()
            except Unexpected:
                continue
            except (Broken, OSError) as error:
                self.seen.statuses[type(error).__name__] += 1
                self.connections.clear()
        for connection in self.connections.values():
            connection.close()


WORK: Final[dict[str, Callable[[User], Awaitable[Any]]]] = {"submit": User.submit, "lifecycle": User.lifecycle, "get": User.get}


async def closed(job: Job) -> Job:
    """Let `users` users repeat the work of the job's kind; what is answered in the first `warm_seconds` does not count."""
    since = time.perf_counter() + job["warm_seconds"]
    seen = Seen(since, since + job["seconds"])
    await asyncio.gather(*(User(job, seen).repeat(WORK[job["kind"]]) for _ in range(job["users"])))
    return seen.as_json()


async def generate(job: Job, module: str = "tests.benchmarks.users") -> Job:
    """Run a generator as a process of its own and give what it saw.

    Raises:
        RuntimeError: if it failed.
    """
    command = [sys.executable, "-m", module]
    done = await asyncio.to_thread(
        partial(subprocess.run, command, cwd=ROOT, input=json.dumps(job).encode(), stdout=subprocess.PIPE, check=False)
    )
    if done.returncode != 0:
        raise RuntimeError("the load generator failed")
    return json.loads(done.stdout)


def tell(seen: Job) -> None:
    """Print what was seen, all of it: an unbuffered `print` forgets what the pipe does not take at once."""
    with open(sys.stdout.fileno(), "wb", closefd=False) as out:
        out.write(json.dumps(seen).encode())


if __name__ == "__main__":
    tell(uvloop.run(closed(json.load(sys.stdin))))
