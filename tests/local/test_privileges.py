"""PostgreSQL refuses to run as root. Motcua starts it anyway: as an ordinary user, in a user namespace, or as nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.local.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.servers, pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has one way only: all tests go it")]

START = """
import os, sys
from deploy.local.stack import Stack
with Stack(sys.argv[1], services=("probe",), package="tests.local", fast=True) as stack:
    owner = os.stat(stack.postgres.cluster).st_uid
    print(os.geteuid(), owner, bool(stack.postgres.server.prefix), stack.postgres.server.user)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that nobody may reach; pytest's own are closed to all but us."""
    with tempfile.TemporaryDirectory(prefix="motcua-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def start(folder: Path, prefix: tuple[str, ...] = (), **environment: str) -> list[str]:
    """Start and stop a stack in a process of its own; return what it says of itself."""
    command = [*prefix, sys.executable, "-c", START, str(folder / "data")]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_an_ordinary_user_starts_it_directly(open_folder: Path) -> None:
    me = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    assert start(open_folder, me) == ["1000", "1000", "False", "None"]


def test_root_starts_it_in_a_user_namespace_and_keeps_its_files(open_folder: Path) -> None:
    assert start(open_folder) == ["0", "0", "True", "None"]


def test_root_without_user_namespaces_starts_it_as_nobody(open_folder: Path) -> None:
    euid, owner, in_namespace, user = start(open_folder, MOTCUA_NO_USER_NAMESPACE="1")
    assert (euid, in_namespace) == ("0", "False")
    assert owner == user != "0"
