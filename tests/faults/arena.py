"""Motcua with a breakable wire between each service and each server, and room for a second process of a service."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Final, Literal

from deploy.local.processes import answers, free_port, spawn, stop
from deploy.local.stack import Stack
from tests.faults.proxy import Proxy

STOP_SECONDS: Final = 25.0
Role = Literal["all", "worker"]


@dataclass
class Arena(Stack):
    """A stack whose services reach their servers through proxies, one for each pair."""

    proxies: dict[tuple[str, str], Proxy] = field(default_factory=dict["tuple[str, str]", Proxy], init=False)

    async def open_proxies(self) -> None:
        """Lay the wires; call before `start`."""
        for service in self.services:
            for server in ("postgres", *self.nats_names):
                self.proxies[service, server] = await Proxy(lambda server=server: self._port(server)).open()

    def close_proxies(self) -> None:
        """Take the wires away; call after `stop`."""
        for proxy in self.proxies.values():
            proxy.close()

    def wires(self, service: str, server: str) -> list[Proxy]:
        """Give the wires from a service to a server; to every node of it, if it is several."""
        return [proxy for (a, b), proxy in self.proxies.items() if a == service and b.startswith(server)]

    def environment(self, service: str, *, migrate: bool = False) -> dict[str, str]:
        """Give the settings of a service, with the wires' ports in the place of the servers'."""
        settings = self.direct(service, migrate=migrate)
        for (of, server), proxy in self.proxies.items():
            for name in ("DATABASE_URL", "NATS_URL"):
                if of == service:
                    key = f"{service.upper()}_{name}"
                    settings[key] = settings[key].replace(f":{self._port(server)}", f":{proxy.port}")
        return settings

    def direct(self, service: str, *, migrate: bool = False) -> dict[str, str]:
        """Give the settings of a service as on a machine whose network is well."""
        return super().environment(service, migrate=migrate)


@dataclass
class Second:
    """A second process of a service, as a second machine would run it: own port, own connections, the same database.

    Start it from the main thread, which stays: a child dies with the thread that made it.
    """

    arena: Arena
    service: str
    role: Role
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Launch it."""
        self.process = spawn(
            [sys.executable, "-m", f"services.{self.service}", self.role],
            log=self.arena.data / "logs" / f"{self.service}-second.log",
            when_parent_dies=signal.SIGKILL,
            environment={**self.arena.direct(self.service), f"{self.service.upper()}_PORT": str(self.port)},
        )

    @property
    def ready(self) -> bool:
        """Whether it could take work."""
        return answers(f"{self.url}/readyz")

    async def end(self) -> None:
        """Let it end in order, and if it does not, kill it."""
        if self.process is not None:
            await asyncio.to_thread(stop, self.process, signal.SIGTERM, within_seconds=STOP_SECONDS)


def send(pid: int | None, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    if pid is not None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
