"""`./motcua drill restore`: the worst day, rehearsed on this machine, with its times.

A department works; its database is copied while it does, and its write-ahead log is received beside it. Then the disk is gone. The copy is
brought back to an instant before the end: too old by facts that were acknowledged and that others have acted on. Every service finds that
out by itself and halts; its log is completed from its stream; and then all must be as if nothing had happened, but for the personal
data of that gap, which stood in the database alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import httpx2

from deploy.local import verify
from deploy.local.demo import play, say
from deploy.local.postgres import installed_binaries
from deploy.local.processes import PROBE_SECONDS, spawn, stop, wait_until
from deploy.local.recover import recover_service
from deploy.local.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

DAYS: Final = 60
RESTORE_SECONDS: Final = 300.0
HALT_SECONDS: Final = 120.0
READY_SECONDS: Final = 120.0
RECEIVED_SECONDS: Final = 30.0
SLOT: Final = "drill"
MEGABYTE: Final = 1024 * 1024


@dataclass
class Clock:
    """How long each part took, in seconds, in the order of the drill."""

    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def measure(self, what: str) -> Generator[None]:
        """Measure one part, and say that it is over."""
        began = time.monotonic()
        yield
        self.seconds[what] = round(time.monotonic() - began, 1)
        say(f"  {what:<40}{self.seconds[what]:>7} s")


def restore(*, dossiers: int, as_json: bool, data: Path) -> int:
    """Rehearse the restore of a database that is too old; print the figures; 0 if all is as it must be afterwards."""
    shutil.rmtree(data, ignore_errors=True)
    clock, stack = Clock(), Stack(data, demo_clock=True)
    with stack, receiving(stack, data / "wal"):
        with clock.measure("work before the backup"):
            tell(stack, dossiers, seed=1)
        with clock.measure("base backup, services running"):
            back_up(stack, data / "backup")
        with clock.measure("work after the backup"):
            tell(stack, dossiers, seed=2)
        target = sql(stack, "SELECT clock_timestamp()::text")
        with clock.measure("work that the restored copy lacks"):
            tell(stack, dossiers, seed=3)
        facts, end = heads(stack), sql(stack, "SELECT pg_current_wal_flush_lsn()::text")
        received = "SELECT coalesce(bool_and(flush_lsn >= $1::text::pg_lsn), false) FROM pg_stat_replication"
        wait_until(lambda: bool(sql(stack, received, end)), within_seconds=RECEIVED_SECONDS, what="the write-ahead log is received")

        for name in (*stack.services, "postgres"):
            stack.hold(name)
        lose_the_disk(stack)
        with clock.measure("restore to an instant before the end"):
            bring_back(stack, data, target)
        older = heads(stack)
        for name in stack.services:
            stack.release(name)
        with clock.measure("every service knows that it is too old"):
            wait_until(lambda: all(map(is_halted, stack.urls.values())), within_seconds=HALT_SECONDS, what="all services have halted")
        with clock.measure("logs completed from their streams"):
            found = {name: asyncio.run(recover_service(stack, name)) for name in stack.services}
        with clock.measure("everything answers and is level again"):
            stack.wait_ready(READY_SECONDS)
            verify.wait_until_level(stack)
        with clock.measure("work afterwards"):
            tell(stack, dossiers, seed=4)
        result = verify.inspect(stack)
        missing = {name: facts[name] - older[name] for name in facts}
        back = {name: recovered.upto - recovered.since for name, (recovered, _) in found.items()}
        figures: dict[str, Any] = {
            "facts": facts,
            "missing_after_restore": missing,
            "brought_back": back,
            "personal_data_lost": sum(len(lost) for _, lost in found.values()),
            "backup_mb": megabytes(data / "backup"),
            "seconds": clock.seconds,
            "findings": result.findings,
            "verified": result.good,
        }
    print(json.dumps(figures, ensure_ascii=False, indent=None if as_json else 2))
    return 0 if result.good and missing == back and all(back.values()) else 1


def tell(stack: Stack, dossiers: int, seed: int) -> None:
    """Let the department work, and wait until everybody knows of it."""
    asyncio.run(play(stack, dossiers=dossiers, days=DAYS, seed=seed, show=False))
    verify.wait_until_level(stack)


@contextmanager
def receiving(stack: Stack, folder: Path) -> Generator[None]:
    """Receive the write-ahead log into a folder for as long as the database is there, as an operator's archive does."""
    folder.mkdir()
    # A slot keeps what has not been received; without one the server may throw it away before.
    sql(stack, "SELECT pg_create_physical_replication_slot($1, true)::text", SLOT)
    command = [installed_binaries() / "pg_receivewal", "-D", folder, "-S", SLOT, "--synchronous", "--no-loop", "-d", connection(stack)]
    process = spawn(command, log=stack.data / "logs" / "wal.log", when_parent_dies=signal.SIGTERM, environment=password(stack))
    try:
        yield
    finally:
        stop(process, signal.SIGINT, within_seconds=RECEIVED_SECONDS)


def back_up(stack: Stack, folder: Path) -> None:
    """Copy the cluster while it runs; its log is received apart.

    Raises:
        RuntimeError: with the words of pg_basebackup.
    """
    command = [installed_binaries() / "pg_basebackup", "-D", folder, "-X", "none", "--checkpoint=fast", "-d", connection(stack)]
    done = subprocess.run(command, env={**os.environ, **password(stack)}, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def lose_the_disk(stack: Stack) -> None:
    """Lose the cluster: nothing of it is used any more."""
    wait_until(lambda: stack.pid("postgres") is None, within_seconds=RESTORE_SECONDS, what="postgres has ended")
    shutil.rmtree(stack.postgres.cluster)


def bring_back(stack: Stack, data: Path, target: str) -> None:
    """Put the backup in the place of the cluster, let it replay what was received up to an instant, and begin to live."""
    cluster = stack.postgres.cluster
    shutil.copytree(data / "backup", cluster)
    wal = data / "wal"
    # The last segment is not full when the disk goes: what was received of it stands in a file of another name.
    fetch = f"cp {wal}/%f %p || cp {wal}/%f.partial %p"
    with (cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(f"restore_command = '{fetch}'\nrecovery_target_time = '{target}'\nrecovery_target_action = 'promote'\n")
    (cluster / "recovery.signal").touch()
    cluster.chmod(0o700)
    if (user := stack.postgres.server.user) is not None:
        for path in (cluster, *cluster.rglob("*"), wal, *wal.iterdir()):
            shutil.chown(path, user)
    stack.release("postgres")
    wait_until(lambda: is_alive(stack), within_seconds=RESTORE_SECONDS, what="postgres has recovered", log=stack.postgres.log)


def is_alive(stack: Stack) -> bool:
    """Tell whether the database takes writes again."""
    try:
        return stack.postgres.ready() and not sql(stack, "SELECT pg_is_in_recovery()")
    except (OSError, asyncpg.PostgresError):
        return False


def is_halted(url: str) -> bool:
    """Tell whether a service has found that its log is older than its stream."""
    try:
        return '"log":"halted"' in httpx2.get(f"{url}/readyz", timeout=PROBE_SECONDS).text
    except httpx2.TransportError:
        return False


def heads(stack: Stack) -> dict[str, int]:
    """Give the position that each log has reached."""
    return {name: sql(stack, "SELECT pos FROM log.head", dsn=stack.dsn(name)) for name in stack.services}


def sql(stack: Stack, statement: str, *arguments: object, dsn: str | None = None) -> Any:
    """Ask the database for one value."""

    async def ask() -> Any:
        database = await asyncpg.connect(dsn or stack.postgres.admin_dsn)
        try:
            return await database.fetchval(statement, *arguments)
        finally:
            await database.close()

    return asyncio.run(ask())


def connection(stack: Stack) -> str:
    """Give how PostgreSQL's own programs reach the cluster; the password travels by environment."""
    return f"postgresql://postgres@127.0.0.1:{stack.postgres.port}/postgres"


def password(stack: Stack) -> dict[str, str]:
    """Give the variable that they take the password from."""
    return {"PGPASSWORD": stack.postgres.password}


def megabytes(folder: Path) -> int:
    """Give how much a folder holds."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) // MEGABYTE
