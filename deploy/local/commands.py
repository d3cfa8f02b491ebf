"""What `./motcua up`, `down`, `status`, `test`, `faults`, `fuzz` and `check` do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from deploy.local.processes import ROOT, tail, wait_until
from deploy.local.stack import STOP_SECONDS, AlreadyRunning, Stack, supervisor_of
from deploy.local.supervisor import StartFailed, is_ready

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DETACHED_START_SECONDS = 120.0
NOT_RUNNING = 3  # the exit code of `systemctl status` for the same answer


def say(text: str) -> None:
    """Print a line, at once even into a file."""
    print(text, flush=True)


def up(data: Path, services: Sequence[str], package: str, *, demo_clock: bool) -> int:
    """Run Motcua in the foreground until SIGINT or SIGTERM. Return the exit code."""
    stopping = threading.Event()

    def stop_soon(_signal: int, _frame: object) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_soon)
    # Who has a portal of his own to try things out on names it himself.
    portal = "intake" in services and "INTAKE_NATIONAL_URL" not in os.environ
    stack = Stack(data, services=services, package=package, demo_clock=demo_clock, portal=portal, say=say)
    try:
        stack.start()
    except AlreadyRunning:
        return already_running(data)
    except (StartFailed, TimeoutError, RuntimeError) as problem:
        say(f"không khởi động được · did not start: {problem}")
        return 1
    try:
        waiter = threading.Thread(target=announce, args=(stack,), daemon=True)
        waiter.start()
        while stack.running and not stopping.wait(0.2):
            pass
        say("đang dừng · stopping")
        return 0 if stopping.is_set() else 1
    finally:
        stack.stop()


def announce(stack: Stack) -> None:
    """Say where everything is as soon as it answers; until then, say what does not."""
    while stack.running:
        try:
            stack.wait_ready()
        except TimeoutError as late:
            say(str(late))
            continue
        say(f"Motcua đang chạy · Motcua is running, data in {stack.data}")
        for name, url in stack.urls.items():
            say(f"  {name:<12}{url}   {url}/docs")
        if stack.portal:
            say(f"  {'portal':<12}{stack.portal_url}   {stack.portal_url}/docs   cổng quốc gia để thử · a national portal to try out")
        say("  token       ./motcua token --role desk      stop: Ctrl-C or ./motcua down")
        return


def up_detached(data: Path, arguments: Sequence[str]) -> int:
    """Start `up` in a session of its own and return when all of it answers."""
    if supervisor_of(data) is not None:
        return already_running(data)
    log = data / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "up", "--data", str(data), *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def settled() -> bool:
        return process.poll() is not None or "Motcua is running" in tail(log)

    try:
        wait_until(settled, within_seconds=DETACHED_START_SECONDS, what="Motcua answers", log=log)
    except TimeoutError as late:
        say(str(late))
        return 1
    say(tail(log).rstrip())
    return process.poll() or 0


def already_running(data: Path) -> int:
    """Say what runs and where; that is what the caller wanted, so the exit code is 0."""
    run = remembered_run(data)
    say(f"Motcua đã chạy sẵn · Motcua is running already (process {supervisor_of(data)}), data in {data}")
    for name, url in run.get("urls", {}).items():
        say(f"  {name:<12}{url}")
    return 0


def down(data: Path) -> int:
    """Stop the Motcua that runs in `data` and return when it has stopped."""
    pid = supervisor_of(data)
    if not pid:
        say("Motcua không chạy · Motcua is not running")
        return 0
    os.kill(pid, signal.SIGTERM)
    try:
        wait_until(lambda: supervisor_of(data) is None, within_seconds=STOP_SECONDS, what=f"process {pid} stops")
    except TimeoutError as late:
        say(str(late))
        return 1
    say("đã dừng · stopped")
    return 0


def status(data: Path, *, as_json: bool) -> int:
    """Show who runs, where, and whether it answers now."""
    pid = supervisor_of(data)
    run = remembered_run(data) if pid is not None else {}
    processes: dict[str, dict[str, Any]] = run.get("processes", {})
    for process in processes.values():
        process["ready"] = is_ready(process["probe"])
    if as_json:
        say(json.dumps({"running": pid is not None, **run}, indent=2))
    elif pid is None:
        say("Motcua không chạy · Motcua is not running")
    else:
        row = "{:<16}{:>8}{:>7}  {:<6}{:>9}   {}"
        say(row.format("process", "pid", "port", "ready", "restarts", "since (UTC)"))
        for name, process in processes.items():
            ready = "yes" if process["ready"] else "no"
            say(row.format(name, process["pid"], process["port"], ready, process["restarts"], process["started_at"][:19]))
    return 0 if pid is not None else NOT_RUNNING


def remembered_run(data: Path) -> dict[str, Any]:
    """Return what the running supervisor wrote about itself; {} while it is still starting."""
    file = data / "run.json"
    return json.loads(file.read_text()) if file.exists() else {}


def pytest_command(arguments: Sequence[str]) -> list[str]:
    """Return the command that runs pytest on two processes, on everything unless paths are named."""
    named = any(not word.startswith("-") and (ROOT / word.partition("::")[0]).exists() for word in arguments)
    return [sys.executable, "-m", "pytest", "-n", "2", *arguments, *([] if named else ["tests"])]


def test(arguments: Sequence[str]) -> None:
    """Become pytest, so that its closing line and exit code are pytest's own."""
    os.chdir(ROOT)
    command = pytest_command(arguments)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def bench(arguments: Sequence[str]) -> None:
    """Become the benchmarks, so that their last line and exit code are theirs."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.benchmarks", *arguments])  # noqa: S606 - no shell is wanted


def faults(*, minutes: float, seed: int, cluster: bool, as_json: bool) -> None:
    """Become the nemesis, which stands with the tests: its last line and its exit code are the result."""
    os.chdir(ROOT)
    switches = [name for name, wanted in (("--cluster", cluster), ("--json", as_json)) if wanted]
    command = [sys.executable, "-m", "tests.faults", "--minutes", str(minutes), "--seed", str(seed), *switches]
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def fuzz(parsers: Sequence[str], *, minutes: float) -> None:
    """Become the fuzzer, which stands with the tests: its last line and its exit code are the result."""
    os.chdir(ROOT)
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", str(minutes), *parsers]
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def check() -> int:
    """Run every check, say how each went, and show in full what a failing one printed."""
    tool = [sys.executable, "-m"]
    steps = {
        "format": [*tool, "ruff", "format", "--check", ".", "motcua"],
        "lint": [*tool, "ruff", "check", ".", "motcua"],
        "types": [*tool, "basedpyright"],
        "imports": [str(ROOT / ".venv" / "bin" / "lint-imports"), "--no-cache"],
        "fast tests": pytest_command(["-q", "-m", "not servers and not slow"]),
    }
    failed: list[str] = []
    for name, command in steps.items():
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        lines = (done.stdout + done.stderr).strip().splitlines() or [""]
        if done.returncode != 0:
            failed.append(name)
            say("\n".join(lines))
        say(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name:<11}{time.monotonic() - began:6.1f} s  {lines[-1].strip('= ')}")
    say(f"check failed: {', '.join(failed)}" if failed else "check passed")
    return 1 if failed else 0
