"""Child processes that cannot outlive the thread that started them: spawn, stop, ports, and waiting with a deadline."""

from __future__ import annotations

import functools
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
PORTS = range(15_000, 32_000)
PORT_ATTEMPTS_MAX = 200
POLL_SECONDS = 0.02
PROBE_SECONDS = 2.0
LOG_TAIL_CHARS = 2_000


@functools.cache
def death_signal_prefix() -> tuple[str, ...]:
    """Return the argv prefix that ties a child to its parent, or () where the kernel has no such thing (macOS).

    `setpriv --pdeathsig` does in the child what prctl(PR_SET_PDEATHSIG) in a preexec_fn would do, without running
    Python between fork and exec, which is not safe in a process with threads.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    tried = subprocess.run([setpriv, "--pdeathsig", "KILL", "true"], check=False, capture_output=True)
    return (setpriv, "--pdeathsig") if tried.returncode == 0 else ()


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    when_parent_dies: signal.Signals,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    code: Path = ROOT,
) -> subprocess.Popen[bytes]:
    """Start `argv` with its output appended to `log`, in the folder `code`, whose modules Python finds first.

    The kernel sends `when_parent_dies` when the *thread* that called this ends: call it from one that stays.
    `prefix` is what drops privileges; it goes first, because changing identity forgets the death signal.
    """
    tie = [*death_signal_prefix(), when_parent_dies.name.removeprefix("SIG"), "--"] if death_signal_prefix() else []
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [*prefix, *tie, *map(str, argv)],
            cwd=code,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C in the terminal is for the supervisor, which stops its children in order
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )


def stop(process: subprocess.Popen[bytes], by: signal.Signals, *, within_seconds: float) -> None:
    """Ask with `by`, then kill."""
    process.send_signal(by)
    try:
        process.wait(within_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port(taken: frozenset[int] = frozenset()) -> int:
    """Return a port that nobody listens on, below the range from which the kernel takes ports for outgoing connections.

    A port of that range could be lent to anybody's outgoing connection while our server restarts.
    """
    for _ in range(PORT_ATTEMPTS_MAX):
        port = random.choice(PORTS)  # noqa: S311 - spreads parallel test runs, guards nothing
        if port not in taken and is_free(port):
            return port
    message = f"no free port between {PORTS.start} and {PORTS.stop}"
    raise RuntimeError(message)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not hinder a server
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(condition: Callable[[], bool], *, within_seconds: float, what: str, log: Path | None = None) -> None:
    """Return when `condition` holds; raise TimeoutError naming `what`, with the end of `log`, when it does not in time."""
    give_up_at = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > give_up_at:
            message = f"not within {within_seconds:g} s: {what}" + (f"\n{tail(log)}" if log else "")
            raise TimeoutError(message)
        time.sleep(POLL_SECONDS)


def tail(log: Path) -> str:
    """Return the last lines of `log`, or "" when there is none."""
    return log.read_text(errors="replace")[-LOG_TAIL_CHARS:] if log.exists() else ""


def answers(url: str) -> bool:
    """Tell whether GET `url` answers 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
