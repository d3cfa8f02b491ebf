"""Watching child processes: start, notice an end, start again after a pause, for ever; stop in reverse order.

Every method must be called from one and the same thread, and that thread must stay: a child dies with the thread that
started it (see processes.spawn). Stack keeps such a thread.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.local import postgres
from deploy.local.processes import answers, stop, tail

if TYPE_CHECKING:
    import subprocess
    import threading
    from collections.abc import Callable, Mapping
    from pathlib import Path

TICK_SECONDS = 0.05
PAUSE_MIN_SECONDS = 0.2
PAUSE_MAX_SECONDS = 5.0
STEADY_SECONDS = 10.0  # a process that ran this long has earned a short pause again
STOP_SECONDS = 15.0


class StartFailed(Exception):  # noqa: N818 - reads as what happened
    """A server or a migration did not come up; the message ends with what it printed."""


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Somebody asked to stop while something was still starting."""


@dataclass
class Child:
    """One watched process. `probe` is the address that anyone may ask whether it is ready."""

    name: str
    port: int
    probe: str
    log: Path
    launch: Callable[[], subprocess.Popen[bytes]]
    stop_by: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    held: bool = False
    started_at: datetime | None = None
    launched: float = 0.0
    pause_seconds: float = PAUSE_MIN_SECONDS
    retry_at: float | None = None

    def start(self) -> None:
        """Launch, and remember when."""
        self.process, self.retry_at = self.launch(), None
        self.started_at, self.launched = datetime.now(UTC), time.monotonic()

    def ready(self) -> bool:
        """Tell whether the process is there and answers."""
        return self.process is not None and self.process.poll() is None and is_ready(self.probe)


def is_ready(probe: str) -> bool:
    """Ask a process whether it is ready: an HTTP page that answers 200, or Postgres accepting connections."""
    if probe.startswith("postgresql:"):
        return postgres.accepts_connections(int(probe.rpartition(":")[2]))
    return answers(probe)


@dataclass
class Supervisor:
    """Keeps `children` alive until `stopping` is set; tells `changed` after each start and `say` about each end."""

    stopping: threading.Event
    changed: Callable[[], None]
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list[Child])

    def add(self, child: Child) -> None:
        """Start `child` and watch it from now on."""
        self.children.append(child)
        child.start()
        self.changed()

    def watch(self) -> None:
        """Start again what has ended, for ever, until somebody asks to stop."""
        while not self.stopping.wait(TICK_SECONDS):
            self.tick()

    def tick(self) -> None:
        """Look at every child once."""
        now = time.monotonic()
        for child in self.children:
            if child.held or child.process is None or child.process.poll() is None:
                continue
            if child.retry_at is None:
                if now - child.launched > STEADY_SECONDS:
                    child.pause_seconds = PAUSE_MIN_SECONDS
                child.retry_at = now + child.pause_seconds
                self.say(f"{child.name} ended ({child.process.returncode}), starts again in {child.pause_seconds:g} s; see {child.log}")
                child.pause_seconds = min(2 * child.pause_seconds, PAUSE_MAX_SECONDS)
            elif now >= child.retry_at:
                child.restarts += 1
                try:
                    child.start()
                except OSError as problem:  # no process or no memory to be had: the next try may find some
                    child.retry_at = now + PAUSE_MAX_SECONDS
                    self.say(f"{child.name} cannot be started: {problem}")
                self.changed()

    def wait_ready(self, child: Child, within_seconds: float) -> None:
        """Watch all until `child` answers; raise StartFailed when it does not in time."""
        give_up_at = time.monotonic() + within_seconds
        while not child.ready():
            if time.monotonic() > give_up_at:
                message = f"{child.name} is not ready after {within_seconds:g} s\n{tail(child.log)}"
                raise StartFailed(message)
            if self.stopping.wait(TICK_SECONDS):
                raise Stopped
            self.tick()

    def finish(self, tasks: Mapping[str, subprocess.Popen[bytes]], logs: Path) -> None:
        """Watch all until every task has ended; raise StartFailed at the first that ended badly."""
        try:
            while any(task.poll() is None for task in tasks.values()):
                if self.stopping.wait(TICK_SECONDS):
                    raise Stopped
                self.tick()
        finally:
            for task in tasks.values():
                if task.poll() is None:
                    stop(task, signal.SIGTERM, within_seconds=STOP_SECONDS)
        for name, task in tasks.items():
            if task.returncode != 0:
                message = f"{name} ended with {task.returncode}\n{tail(logs / f'{name}.log')}"
                raise StartFailed(message)

    def stop(self) -> None:
        """Stop all, the last started first."""
        for child in reversed(self.children):
            if child.process is not None and child.process.poll() is None:
                stop(child.process, child.stop_by, within_seconds=STOP_SECONDS)
        self.children.clear()
