"""Before step 1: the frame of every service process. A service says what it consists of; this runs it.

python -m services.<name> all       HTTP, relay, readers: one process
python -m services.<name> api       HTTP only
python -m services.<name> worker    relay and readers only, with probes
python -m services.<name> migrate   bring the database to this version, then end
python -m services.<name> unpark    apply what was parked once more, beside the running worker, then end
python -m services.<name> retire    drop what only an older version of the program reads, after an update, then end
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeVar, get_args
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI

from kernel.edge import logs, telemetry
from kernel.edge.app import Words, create_app
from kernel.edge.clock import Clock
from kernel.edge.health import Check, Health, database_check, flag_check
from kernel.edge.idempotency import COMMAND, Commands
from kernel.edge.mirror import mirror_for_ever
from kernel.edge.pages import Pages
from kernel.edge.policy import Policy
from kernel.edge.serve import run, serve
from kernel.edge.settings import ServiceSettings
from kernel.edge.transport import never_wait_for_ever
from kernel.edge.turnstile import Turnstile
from kernel.edge.versions import keep_unparking, retire, shown_check
from kernel.eventlog import Codec, Log, Reactor, ReadModel, Table, Worker
from kernel.eventlog.endless import for_ever
from kernel.eventlog.migrate import migrate, newest
from kernel.eventlog.seal import load_key
from kernel.eventlog.sql import QUERY
from kernel.vault import ENTRY, KeyRing, Vault
from kernel.vault.keys import KEY_BYTES

Role = Literal["all", "api", "worker", "migrate", "unpark", "retire"]
Settings = TypeVar("Settings", bound=ServiceSettings)

FORGET_SECONDS: Final = 3600.0
USAGE: Final = f"usage: python -m services.<name> {'|'.join(get_args(Role))}"


@dataclass(frozen=True, slots=True)
class Runtime(Generic[Settings]):
    """What the parts of one running service work with. `log` and `vault` are open from the lifespan's beginning to its end."""

    name: str
    settings: Settings
    log: Log
    commands: Commands
    vault: Vault
    pages: Pages


async def nothing(_: Any) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True)
class Service(Generic[Settings]):
    """What a service consists of.

    Args:
        name: its name; also that of its log, its stream and its database.
        folder: where its `migrations/` are.
        settings: reads its settings from the environment.
        codec: how bodies become facts.
        policy: who may do what.
        words: its refusals, in both languages.
        routers: makes its routes.
        models: its read models.
        reactors: what it does when others have done something.
        purposes: for what its vault may be read; a service without any has no vault.
        jobs: what a worker does besides, by name; each runs again whenever it ends or fails.
        tables: further tables that take rows beside events; `migrations` makes them.
        prepare: runs once the log is open, before the first request; must be harmless the second time.
        signed: actions without an account whose requests prove by a signature whose they are; no turnstile stands before them.
    """

    name: str
    folder: Path
    settings: Callable[[], Settings]
    codec: Codec
    policy: Policy
    words: Words
    routers: Callable[[Runtime[Settings]], Sequence[APIRouter]]
    models: Sequence[ReadModel] = ()
    reactors: Callable[[Runtime[Settings]], Sequence[Reactor]] = lambda _: ()
    purposes: frozenset[str] = frozenset()
    jobs: Callable[[Runtime[Settings]], Mapping[str, Callable[[], Awaitable[None]]]] = lambda _: {}
    tables: Sequence[Table] = ()
    prepare: Callable[[Runtime[Settings]], Awaitable[None]] = nothing
    signed: frozenset[str] = frozenset()

    @property
    def migrations(self) -> Path:
        """Where its migrations are."""
        return self.folder / "migrations"

    def runtime(self, settings: Settings) -> Runtime[Settings]:
        """Make what its parts work with; nothing is connected yet."""
        tables = (COMMAND, *((ENTRY,) if self.purposes else ()), *self.tables)
        log = Log(settings.database_url.get_secret_value(), self.name, self.codec, tables)
        return Runtime(
            self.name,
            settings,
            log,
            Commands(log, Clock(settings.demo_clock)),
            Vault(self._keys(settings), self.purposes),
            Pages(settings.cursor_secret.get_secret_value().encode()),
        )

    def app(self, settings: Settings, role: Role = "all") -> FastAPI:
        """Make the process's app: for a worker it has only the probes."""
        runtime, health = self.runtime(settings), Health()
        log = runtime.log

        @contextlib.asynccontextmanager
        async def living(_: FastAPI) -> AsyncGenerator[None]:
            await log.open()
            try:
                await self.prepare(runtime)
                tasks = self._tasks(runtime, role)
                for task in tasks:
                    health.watch(task)
                try:
                    yield
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                await log.close()

        health.require("database", database_check(lambda: log.pool))
        health.require("append", flag_check(lambda: log.alive, "ended"))
        health.require("log", halted_check(log))
        health.require("schema", schema_check(log, newest(self.migrations)))
        if role == "api":  # whoever fills them himself would wait for himself
            health.require("models", shown_check(log, self.models))
        return create_app(
            f"Motcua {self.name}",
            "1",
            routers=self._guarded(runtime) if role != "worker" else (),
            policy=self.policy,
            settings=settings,
            words=self.words,
            health=health,
            lifespan=living,
        )

    def _tasks(self, runtime: Runtime[Settings], role: Role) -> list[asyncio.Task[None]]:
        if role == "api":
            return []
        worker = self._worker(runtime)
        return [
            asyncio.create_task(worker.run(), name="worker"),
            asyncio.create_task(for_ever("unparking", partial(keep_unparking, worker)), name="unparking"),
            asyncio.create_task(for_ever("forgetting", partial(forget_commands, runtime.commands)), name="forgetting"),
            *self._mirroring(runtime.settings),
            *(asyncio.create_task(for_ever(name, job), name=name) for name, job in self.jobs(runtime).items()),
        ]

    def _guarded(self, runtime: Runtime[Settings]) -> Sequence[APIRouter]:
        """Make the routes; before those that everybody may call stands the turnstile."""
        routers, settings = self.routers(runtime), runtime.settings
        turnstile = Turnstile(settings.anonymous_per_minute, settings.anonymous_total_per_minute, settings.trusted_proxies)
        turnstile.guard(routers, self.policy, self.signed)
        return routers

    def _mirroring(self, settings: Settings) -> list[asyncio.Task[None]]:
        if settings.nats_url is None or not settings.stream_mirrored:
            return []
        job = partial(mirror_for_ever, settings.nats_url.get_secret_value(), self.name)
        return [asyncio.create_task(for_ever("mirrors", job), name="mirrors")]

    def _keys(self, settings: Settings) -> KeyRing:
        if settings.vault_keys is not None:
            return KeyRing.parse(settings.vault_keys.get_secret_value())
        if self.purposes:
            raise ValueError("vault_keys must be set")
        # Nothing can be kept under this one: the service has no vault table.
        return KeyRing(1, {1: os.urandom(KEY_BYTES)})

    def _worker(self, runtime: Runtime[Settings]) -> Worker:
        settings = runtime.settings
        never_wait_for_ever()
        return Worker(
            runtime.log,
            settings.nats_url.get_secret_value() if settings.nats_url else "",
            self.models,
            self.reactors(runtime),
            load_key(settings.seal_key_file) if settings.seal_key_file else None,
            settings.stream_replicas,
        )

    async def main(self, role: Role) -> None:
        """Run the process in one role until it is told to end."""
        settings = self.settings()
        logs.configure(self.name, settings.log_level)
        if role == "migrate":
            await self._migrate(settings)
            return
        if role == "unpark":
            await self._unpark(settings)
            return
        if role == "retire":
            await self._retire(settings)
            return
        stop_tracing = telemetry.start(self.name, settings.otlp_endpoint)
        try:
            app = self.app(settings, role)
            drain, shutdown = settings.drain_seconds, settings.shutdown_seconds
            await serve(app, settings.host, settings.port, drain_seconds=drain, shutdown_seconds=shutdown)
        finally:
            stop_tracing()

    async def _migrate(self, settings: Settings) -> None:
        if settings.migrate_database_url is None:
            raise ValueError("migrate needs the owner's database url")
        role = urlsplit(settings.database_url.get_secret_value()).username or self.name
        await migrate(settings.migrate_database_url.get_secret_value(), role, self.migrations)

    async def _unpark(self, settings: Settings) -> None:
        runtime = self.runtime(settings)
        await runtime.log.open()
        try:
            parked = await self._worker(runtime).unpark()
        finally:
            await runtime.log.close()
        if parked:
            sys.exit(f"{parked} facts are parked still")

    async def _retire(self, settings: Settings) -> None:
        runtime = self.runtime(settings)
        await runtime.log.open()
        try:
            await retire(runtime.log.pool, self.models)
        finally:
            await runtime.log.close()

    def run(self, argv: Sequence[str]) -> None:
        """Run the process as the command line says; the whole of a service's `main.py` ends in this call."""
        match argv:
            case [("all" | "api" | "worker" | "migrate" | "unpark" | "retire") as role]:
                run(self.main(role))
            case _:
                sys.exit(USAGE)


async def forget_commands(commands: Commands) -> None:
    """Forget idempotency keys that are too old to be asked for again, every hour."""
    while True:
        await commands.forget()
        await asyncio.sleep(FORGET_SECONDS)


def halted_check(log: Log) -> Check:
    """Be unready while the log is known to be an older copy of itself: it takes nothing on, and what it answers is old."""

    async def check() -> str | None:
        return "halted" if await log.pool.fetchval(QUERY["is_halted"]) else None

    return check


def schema_check(log: Log, wanted: str) -> Check:
    """Be unready on a database that lacks this program's last migration."""

    async def check() -> str | None:
        found = await log.pool.fetchval("SELECT 1 FROM public.migration WHERE name = $1", wanted)
        return None if found else "older"

    return check
