"""`./motcua up`, `down`, `status` and `token`, run as a person runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deploy.local.processes import ROOT, wait_until
from deploy.local.stack import Stack, supervisor_of
from kernel.edge.policy import ANYBODY
from tests.local.asking import ask_postgres, motcua
from tests.services.four import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBE = ("--services", "probe", "--package", "tests.local")


def status(data: Path) -> dict[str, Any]:
    return json.loads(motcua("status", "--data", data, "--json").stdout)


def is_alive(pid: int) -> bool:
    """Tell whether `pid` runs; one that has ended and that nobody has asked about yet (a zombie) does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("commands")
    started = motcua("up", "--detach", "--data", folder, *PROBE)
    assert started.returncode == 0, started.stdout + started.stderr
    yield folder
    motcua("down", "--data", folder)


@pytest.mark.servers
def test_status_shows_every_process_ready(data: Path) -> None:
    processes = status(data)["processes"]
    assert {name: process["ready"] for name, process in processes.items()} == {"postgres": True, "nats": True, "probe": True}
    assert str(processes["nats"]["pid"]) in motcua("status", "--data", data).stdout


@pytest.mark.servers
def test_a_second_up_says_what_runs_and_where(data: Path) -> None:
    for again in (motcua("up", "--data", data, *PROBE), motcua("up", "--detach", "--data", data, *PROBE)):
        assert again.returncode == 0
        assert "is running already" in again.stdout
        assert status(data)["urls"]["probe"] in again.stdout


@pytest.mark.servers
def test_down_stops_every_process(tmp_path: Path) -> None:
    assert motcua("up", "--detach", "--data", tmp_path, *PROBE).returncode == 0
    pids = [process["pid"] for process in status(tmp_path)["processes"].values()]

    assert motcua("down", "--data", tmp_path).returncode == 0

    assert not any(map(is_alive, pids))
    assert motcua("status", "--data", tmp_path).returncode == 3
    assert status(tmp_path) == {"running": False}


@pytest.mark.servers
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children that their parent has died")
def test_a_killed_supervisor_leaves_nothing_behind_and_the_next_one_finds_its_ports_and_data(tmp_path: Path) -> None:
    assert motcua("up", "--detach", "--data", tmp_path, *PROBE).returncode == 0
    before = status(tmp_path)
    ask_postgres(Stack(tmp_path).dsn("probe"), "INSERT INTO start VALUES (0)")

    os.kill(before["pid"], signal.SIGKILL)
    pids = [process["pid"] for process in before["processes"].values()]
    wait_until(lambda: not any(map(is_alive, pids)), within_seconds=20, what="all children have ended")
    assert supervisor_of(tmp_path) is None

    assert motcua("up", "--detach", "--data", tmp_path, *PROBE).returncode == 0
    after = status(tmp_path)
    assert {name: process["port"] for name, process in after["processes"].items()} == {
        name: process["port"] for name, process in before["processes"].items()
    }
    assert ask_postgres(Stack(tmp_path).dsn("probe"), "SELECT FROM start WHERE pid = 0")
    motcua("down", "--data", tmp_path)


@pytest.mark.servers
def test_up_in_the_foreground_stops_all_on_a_signal(tmp_path: Path) -> None:
    log = tmp_path / "out"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "deploy.local", "up", "--data", str(tmp_path), *PROBE]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    wait_until(lambda: "Motcua is running" in log.read_text(), within_seconds=60, what="up is up", log=log)
    pids = [one["pid"] for one in status(tmp_path)["processes"].values()]

    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 0
    assert not any(map(is_alive, pids))


def test_a_token_is_printed_for_the_roles_asked_for(tmp_path: Path) -> None:
    printed = motcua("token", "--role", "desk", "--role", "leader", "--agency", "H09.13", "--data", tmp_path)
    assert printed.returncode == 0
    assert len(printed.stdout.strip().split(".")) == 3


def test_the_help_of_token_names_every_role_that_opens_a_door() -> None:
    roles = {role for service in SERVICES for roles in service.policy.values() for role in roles} - {ANYBODY}
    told = motcua("token", "--help").stdout
    assert "inspector" in roles
    assert not [role for role in roles if role not in told], told


@pytest.mark.parametrize(
    "command", ["up", "down", "status", "demo", "test", "check", "fuzz", "verify", "recover", "events", "token", "contracts"]
)
def test_every_command_explains_itself(command: str) -> None:
    helped = motcua(command, "--help")
    assert helped.returncode == 0
    assert f"Usage: ./motcua {command}" in helped.stdout
