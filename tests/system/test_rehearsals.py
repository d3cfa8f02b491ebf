"""What operators do on a bad day, as docs/runbooks says it: each page is walked through here, or where its README points."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx2
import pytest
from nats.errors import TimeoutError as NatsTimeoutError

from deploy.local import verify
from deploy.local.drill_restore import connection, password
from deploy.local.postgres import Postgres, installed_binaries
from deploy.local.processes import free_port, stop, wait_until
from deploy.local.stack import Stack
from tests.benchmarks.department import submission, tokens
from tests.local.asking import ask_postgres

AT: Final = {"Motcua-Demo-Time": datetime(2026, 3, 2, 2, tzinfo=UTC).isoformat()}
KEYS: Final[Iterator[int]] = itertools.count(1)
WITHIN_SECONDS: Final = 90.0
DISK: Final = "300m"
"""Enough for four fresh databases and their write-ahead log; a test fills the rest."""

pytestmark = pytest.mark.timeout(300)


def hand_in(stack: Stack, key: str) -> httpx2.Response:
    """Hand in a dossier, once."""
    headers = {"Authorization": f"Bearer {tokens(stack)['portal']}", "Idempotency-Key": key, **AT}
    return httpx2.post(f"{stack.urls['intake']}/v1/dossiers", json=submission(), headers=headers, timeout=30.0)


def taken(stack: Stack, key: str | None = None) -> str:
    """Hand in a dossier as a patient client does; give its id."""
    key, end = key or f"rehearsal-{next(KEYS)}", time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            answer = hand_in(stack, key)
            if answer.is_success:
                return answer.json()["id"]
            assert answer.status_code == 503, answer.text  # refused for now, and for no other reason
        except httpx2.TransportError:
            pass  # a process that has just been killed
        assert time.monotonic() < end, f"no dossier was taken within {WITHIN_SECONDS} s"
        time.sleep(0.1)


def something_waits(stack: Stack) -> bool:
    """Tell whether a stream lacks facts. A server that could not write may shut its streams, and then says nothing of them at all."""
    try:
        return verify.inspect(stack).lag > 0
    except NatsTimeoutError:
        return True


def all_holds(stack: Stack, dossiers: set[str]) -> None:
    """Everything that was acknowledged is in the log, the streams and the read tables, once."""
    stack.wait_ready()
    verify.wait_until_level(stack)
    found = verify.inspect(stack)
    assert (found.findings, found.lag, found.parked) == ([], 0, 0)
    shown = {str(row["dossier_id"]) for row in ask_postgres(stack.dsn("intake"), "SELECT dossier_id FROM read.dossier")}
    assert dossiers <= shown


def superuser(stack: Stack, statement: str) -> Any:
    """Ask the server itself something."""

    async def ask() -> Any:
        database = await asyncpg.connect(stack.postgres.admin_dsn)
        try:
            return await database.fetchval(statement)
        finally:
            await database.close()

    return asyncio.run(ask())


# A database is lost, and its standby takes its place. ----------------------------------------------------------------------


@contextmanager
def standby(stack: Stack, home: Path) -> Generator[Postgres]:
    """Run a standby that follows the database, which answers nobody before the standby has what it answers (as in production)."""
    home.mkdir(mode=0o711)
    copy = Postgres(home, free_port(), stack.postgres.password, home / "standby.log", fast=True, server=stack.postgres.server)
    command = [installed_binaries() / "pg_basebackup", "-D", copy.cluster, "-R", "-X", "stream", "--checkpoint=fast"]
    subprocess.run([*command, "-d", f"{connection(stack)}?application_name=standby"], env=password(stack), check=True)
    if (user := copy.server.user) is not None:
        for path in (home, copy.cluster, *copy.cluster.rglob("*")):
            shutil.chown(path, user)
    # The connection that pg_basebackup wrote down has no password: it took it from the environment.
    with (copy.cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        told = f"host=127.0.0.1 port={stack.postgres.port} user=postgres password={copy.password} application_name=standby"
        settings.write(f"primary_conninfo = '{told}'\n")
    process = copy.launch()
    try:
        wait_until(copy.ready, within_seconds=WITHIN_SECONDS, what="the standby answers", log=copy.log)
        superuser(stack, "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        superuser(stack, "SELECT pg_reload_conf()")
        follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: superuser(stack, follows) == 1, within_seconds=WITHIN_SECONDS, what="the standby is in step", log=copy.log)
        yield copy
    finally:
        if process.poll() is None:
            stop(process, signal.SIGINT, within_seconds=WITHIN_SECONDS)


def promoted(copy: Postgres, stack: Stack) -> None:
    """Let the standby lead, and put it where the services look for their database: what the operator does to the service `postgres-rw`."""
    ask_postgres(copy.admin_dsn, "SELECT pg_promote()")
    subprocess.run(
        [*copy.server.prefix, copy.server.binaries / "pg_ctl", "-D", copy.cluster, "-m", "fast", "-w", "stop"],
        check=True,
        user=copy.server.user,
        stdout=subprocess.DEVNULL,
    )
    shutil.rmtree(stack.postgres.cluster)
    copy.cluster.rename(stack.postgres.cluster)
    stack.release("postgres")


def test_a_lost_database_is_replaced_by_its_standby_and_nothing_that_was_acknowledged_is_missing(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    with Stack(tmp_path / "motcua", fast=True, demo_clock=True) as stack, standby(stack, tmp_path / "standby") as copy:
        dossiers = {taken(stack) for _ in range(10)}
        stack.hold("postgres")  # SIGKILL: it had no time to send anything any more
        began = time.monotonic()
        promoted(copy, stack)
        dossiers |= {taken(stack)}
        assert time.monotonic() - began < WITHIN_SECONDS
        dossiers |= {taken(stack) for _ in range(10)}
        all_holds(stack, dossiers)


# A disk is full. ----------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path) -> Generator[None]:
    """Give a folder a disk of its own, which can be filled without harm to others."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0755", "tmpfs", folder], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("nobody here may mount a file system: a disk cannot be filled")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(disk: Path) -> Generator[None]:
    """Fill a disk to the last byte meanwhile."""
    ballast = disk / "ballast"
    subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=4096"], check=False, capture_output=True)
    assert shutil.disk_usage(disk).free == 0
    try:
        yield
    finally:
        ballast.unlink()


def test_a_full_disk_of_the_database_refuses_commands_with_503_and_once_there_is_room_all_goes_on(tmp_path: Path) -> None:
    disk = tmp_path / "motcua" / "postgres"
    with small_disk(disk), Stack(tmp_path / "motcua", demo_clock=True) as stack:
        dossiers = {taken(stack) for _ in range(3)}
        with filled(disk):
            end, tries = time.monotonic() + WITHIN_SECONDS, itertools.count(1)
            while (answer := hand_in(stack, refused := f"full-{next(tries)}")).is_success:
                dossiers |= {answer.json()["id"]}
                assert time.monotonic() < end, f"took {len(dossiers)} dossiers on a full disk"
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
        dossiers |= {taken(stack, refused)}  # the same key: whatever became of it, it is there once
        all_holds(stack, dossiers)


def test_a_full_disk_of_the_broker_stops_no_command_and_what_waits_arrives_once_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "motcua" / "nats"
    with small_disk(disk), Stack(tmp_path / "motcua", fast=True, demo_clock=True) as stack:
        dossiers = {taken(stack)}
        verify.wait_until_level(stack)
        with filled(disk):
            dossiers |= {taken(stack) for _ in range(40)}
            assert something_waits(stack), "the stream took what there was no room for"
        stack.kill("nats")  # a server that could not write keeps its streams shut until it is started again
        all_holds(stack, dossiers)
