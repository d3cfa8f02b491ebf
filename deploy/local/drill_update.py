"""`./motcua drill update`: every process of every service is replaced, one after the other, while people work; no request may fail.

As the manifests have it: two APIs and two workers of each service, the new process beside the old one before that is asked to go. The
callers here try nothing twice. They go to whichever API says that it is ready, as a Kubernetes Service lets them. The old processes run
the program of `--from`; its databases are migrated, while it works on them, before the first is replaced.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import aiohttp

from deploy.local import verify
from deploy.local.demo import say
from deploy.local.permits import WHOLESALE
from deploy.local.processes import ROOT, answers, free_port, spawn, tail, wait_until
from deploy.local.release import check_out
from deploy.local.stack import SERVICES, Stack
from deploy.local.story import FIRST_DAY, end_of, plan
from deploy.local.supervisor import StartFailed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator, Iterator

EACH: Final = 2
CALLERS: Final = 8
DRAIN_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.25
START_SECONDS: Final = 60.0
END_SECONDS: Final = 45.0
BEFORE_SECONDS: Final = 10.0
REQUEST_SECONDS: Final = 30.0
SERVER_ERROR: Final = 500

Role: TypeAlias = Literal["api", "worker"]
ROLES: Final[tuple[Role, ...]] = ("worker", "api")
"""Workers first: a new API is ready once the worker shows what it reads. Kubernetes starts both at once, and the API waits."""


@dataclass
class Process:
    """One process of a service, in one of its roles."""

    service: str
    role: Role
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Deployment:
    """What the manifests would run, as processes of this machine."""

    stack: Stack
    code: Path
    running: list[Process] = field(default_factory=list[Process])
    ready: dict[str, list[str]] = field(default_factory=dict[str, "list[str]"])

    def start(self, service: str, role: Role) -> Process:
        """Start a process, and return when it is alive; an API also when it is ready."""
        taken = frozenset(process.port for process in self.running)
        port, upper = free_port(taken), service.upper()
        more = {f"{upper}_PORT": str(port), f"{upper}_DRAIN_SECONDS": str(DRAIN_SECONDS)}
        log = self.stack.data / "logs" / f"{service}-{role}-{port}.log"
        made = spawn(
            [sys.executable, "-m", f"services.{service}", role],
            log=log,
            when_parent_dies=signal.SIGKILL,
            environment={**self.stack.environment(service), **more},
            code=self.code,
        )
        process = Process(service, role, port, made)
        probe = f"{process.url}/{'readyz' if role == 'api' else 'livez'}"
        wait_until(lambda: answers(probe), within_seconds=START_SECONDS, what=f"{service} {role} answers", log=log)
        self.running.append(process)
        return process

    def migrate(self) -> None:
        """Bring every database to this program's version, as the Jobs do, all at once and beside whatever runs."""
        logs = {service: self.stack.data / "logs" / f"{service}-migrate.log" for service in self.stack.services}
        jobs = {
            service: spawn(
                [sys.executable, "-m", f"services.{service}", "migrate"],
                log=log,
                when_parent_dies=signal.SIGKILL,
                environment=self.stack.environment(service, migrate=True),
                code=self.code,
            )
            for service, log in logs.items()
        }
        if failed := [f"{service}: {tail(logs[service])}" for service, job in jobs.items() if job.wait(START_SECONDS) != 0]:
            raise StartFailed("\n".join(failed))

    def replace(self, old: Process) -> None:
        """Start a new process, and only then ask the old one to go; return when it has gone."""
        self.start(old.service, old.role)
        old.process.terminate()
        old.process.wait(END_SECONDS)
        self.running.remove(old)

    def stop(self) -> None:
        """Ask all to go."""
        for process in self.running:
            process.process.terminate()
        for process in self.running:
            process.process.wait(END_SECONDS)

    async def look(self) -> None:
        """See, again and again, which APIs are ready."""
        while True:
            apis = [process for process in self.running if process.role == "api"]
            ready = await asyncio.gather(*(asyncio.to_thread(answers, f"{api.url}/readyz") for api in apis))
            for service in self.stack.services:
                self.ready[service] = [api.url for api, is_ready in zip(apis, ready, strict=True) if is_ready and api.service == service]
            await asyncio.sleep(LOOK_SECONDS)


@dataclass
class People:
    """Callers who work the whole time, and note each request that failed and how long each took."""

    deployment: Deployment
    failures: list[str] = field(default_factory=list[str])
    seconds: list[float] = field(default_factory=list[float])
    submitted: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    turn: Iterator[int] = field(default_factory=lambda: cycle(range(EACH)))

    async def work(self, session: aiohttp.ClientSession) -> None:
        """Once all are ready, hand in a dossier, look at it, and look at the other services; again and again."""
        while not all(map(self.deployment.ready.get, self.deployment.stack.services)):  # noqa: ASYNC110 - looked for, not told
            await asyncio.sleep(LOOK_SECONDS)
        stack, ask = self.deployment.stack, partial(self.ask, session)
        portal, leader = stack.token("portal:binh-duong", ["portal"]), stack.token("lanh-dao-01", ["leader", "officer"])
        while True:
            n = next(self.numbers)
            told = plan(1, n, 1, [WHOLESALE])
            body = {"procedure": told.procedure, "channel": "online", "applicant": told.applicant, "components": []}
            made = await ask("POST", "intake", "/v1/dossiers", portal, body, f"drill-{n}")
            if made is not None:
                self.submitted += 1
                await ask("GET", "intake", f"/v1/dossiers/{made['id']}", portal)
            await ask("GET", "processing", "/v1/cases?limit=5", leader)
            await ask("GET", "feedback", "/v1/opinions?limit=5", leader)
            await ask("GET", "reporting", "/v1/summary", leader)

    async def ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        service: str,
        path: str,
        token: str,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> dict[str, Any] | None:
        """Ask once; a refusal with a reason is an answer, no answer is none."""
        ready = self.deployment.ready.get(service, [])
        headers = {"Authorization": f"Bearer {token}", "Motcua-Demo-Time": end_of(FIRST_DAY).isoformat()}
        headers |= {"Idempotency-Key": key} if key else {}
        began = time.monotonic()
        try:
            url = ready[next(self.turn) % len(ready)]
            async with session.request(method, url + path, json=body, headers=headers) as answer:
                text = await answer.text()
                self.seconds.append(time.monotonic() - began)
                if answer.status >= SERVER_ERROR:
                    self.failures.append(f"{method} {service}{path}: {answer.status} {text[:200]}")
                return json.loads(text) if answer.ok else None
        except (aiohttp.ClientError, TimeoutError, ZeroDivisionError) as error:
            self.failures.append(f"{method} {service}{path}: {type(error).__name__} {error}")
            await asyncio.sleep(LOOK_SECONDS)
            return None


@contextmanager
def at_work(people: People) -> Generator[None]:
    """Let people work in a thread of its own: a process ends with the thread that started it, and that is to be this one."""
    over = threading.Event()

    async def work() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS)) as session:
            tasks = [asyncio.create_task(one) for one in (people.deployment.look(), *(people.work(session) for _ in range(CALLERS)))]
            await asyncio.to_thread(over.wait)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(work(),), name="people")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def update(*, since: str | None, as_json: bool, data: Path) -> int:
    """Rehearse an update from the program of a revision (None: the present one); 0 if no request failed and all is as it must be."""
    shutil.rmtree(data, ignore_errors=True)
    older = ROOT if since is None else check_out(since, data / "older")
    stack = Stack(data, demo_clock=True, code=older)
    with stack:
        for name in stack.services:
            stack.hold(name)
        deployment = Deployment(stack, older)
        people = People(deployment)
        try:
            for role in ROLES:
                for name in stack.services:
                    for _ in range(EACH):
                        deployment.start(name, role)
            with at_work(people):
                time.sleep(BEFORE_SECONDS)
                before, people.seconds = people.seconds, []
                began = time.monotonic()
                deployment.code = ROOT
                deployment.migrate()
                migrated = time.monotonic() - began
                say(f"  migrated; {len(people.seconds)} requests, {len(people.failures)} failed")
                for old in [*deployment.running]:
                    deployment.replace(old)
                    say(f"  {old.service} {old.role}: replaced; {len(people.seconds)} requests, {len(people.failures)} failed")
                lasted = time.monotonic() - began
            verify.wait_until_level(stack)
            result = verify.inspect(stack)
        finally:
            deployment.stop()
    figures: dict[str, Any] = {
        "from": since,
        "migrations": added(older),
        "replaced": len(ROLES) * EACH * len(stack.services),
        "migrate_seconds": round(migrated, 1),
        "seconds": round(lasted, 1),
        "requests": len(people.seconds),
        "submitted": people.submitted,
        "failed": len(people.failures),
        "p95_ms_before": percentile(before),
        "p95_ms_meanwhile": percentile(people.seconds),
        "longest_ms": round(1000 * max(people.seconds)),
        "facts": {name: verdict.events for name, verdict in result.verdicts.items()},
        "failures": people.failures[:20],
        "findings": result.findings,
        "verified": result.good,
    }
    print(json.dumps(figures, ensure_ascii=False, indent=None if as_json else 2))
    return 0 if result.good and people.submitted and not people.failures else 1


def percentile(seconds: list[float], part: float = 0.95) -> int:
    """Give a percentile, in milliseconds."""
    return round(1000 * sorted(seconds)[int(part * len(seconds))])


def added(older: Path) -> dict[str, list[str]]:
    """Name the migrations of each service that an older program lacks."""
    found: dict[str, list[str]] = {}
    for service in SERVICES:
        present, before = ({file.stem for file in (code / "services" / service / "migrations").glob("*.sql")} for code in (ROOT, older))
        found[service] = sorted(present - before)
    return found
