"""The file `motcua` on a machine with nothing but python3: when it installs, when it does not, what it hands over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.processes import ROOT

RECORD = '#!/bin/sh\necho "$0 $*" >>"$RECORD"\n'
MAKE_VENV = 'mkdir -p "$UV_PROJECT_ENVIRONMENT/bin" && ln -sf "$PYTHON_STUB" "$UV_PROJECT_ENVIRONMENT/bin/python"\n'


class Checkout:
    """A copy of the launcher with a uv and a python that only write down how they were called."""

    def __init__(self, folder: Path) -> None:
        """Lay it out."""
        self.folder, self.record = folder / "checkout", folder / "record"
        self.tools = folder / "tools"
        for made in (self.folder, self.tools):
            made.mkdir()
        for name in ("motcua", "uv.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, self.folder)
        self.script(self.tools / "python", RECORD)
        self.script(self.tools / "uv", RECORD + MAKE_VENV)

    def script(self, file: Path, text: str) -> None:
        """Write an executable."""
        file.write_text(text)
        file.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the launcher with our tools first in PATH."""
        path = f"{self.tools}:{os.defpath}"
        environment = {"PATH": path, "RECORD": str(self.record), "PYTHON_STUB": str(self.tools / "python")}
        command = [sys.executable, str(self.folder / "motcua"), *arguments]
        return subprocess.run(command, env=environment, cwd="/", check=False, capture_output=True, text=True)

    def calls(self) -> list[str]:
        """Return what was called since the last time: "uv …" or "python …"."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        self.record.unlink(missing_ok=True)
        return [Path(line.partition(" ")[0]).name + " " + line.partition(" ")[2] for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_run_installs_what_the_lock_names_and_hands_over(checkout: Checkout) -> None:
    assert checkout.run("status", "--json").returncode == 0
    install, handed_over = checkout.calls()
    assert install.startswith("uv sync --locked")
    assert install.endswith("--group local --inexact")
    assert handed_over == "python -m deploy.local status --json"


def test_the_second_run_installs_nothing(checkout: Checkout) -> None:
    checkout.run("status")
    checkout.calls()
    checkout.run("down")
    assert checkout.calls() == ["python -m deploy.local down"]


def test_tests_need_the_developers_tools_and_what_follows_does_not_take_them_away(checkout: Checkout) -> None:
    checkout.run("status")
    checkout.run("test", "-k", "two words")
    checkout.run("status")
    groups = [call.partition("--group ")[2].split()[0] for call in checkout.calls() if call.startswith("uv")]
    assert groups == ["local", "dev"]


def test_a_changed_lock_is_installed(checkout: Checkout) -> None:
    checkout.run("status")
    checkout.calls()
    with (checkout.folder / "uv.lock").open("a") as lock:
        lock.write("\n")
    checkout.run("status")
    assert [call.split()[0] for call in checkout.calls()] == ["uv", "python"]


def test_an_installation_that_fails_is_tried_again_the_next_time(checkout: Checkout) -> None:
    checkout.script(checkout.tools / "uv", RECORD + "exit 2\n")
    for _ in range(2):
        failed = checkout.run("status")
        assert failed.returncode != 0
        assert "uv sync failed" in failed.stderr
        assert [call.split()[0] for call in checkout.calls()] == ["uv"]


def test_a_machine_that_cannot_get_uv_is_told_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    (checkout.tools / "uv").unlink()
    bare = tmp_path / "bare"
    bare.mkdir()
    # Neither venv nor pip can be imported, as on a Debian with python3 alone.
    for module in ("venv", "pip"):
        (bare / f"{module}.py").write_text("raise ImportError('not here')")
    environment = {"PATH": str(checkout.tools), "PYTHONPATH": str(bare)}
    command = [sys.executable, str(checkout.folder / "motcua"), "status"]
    told = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert told.returncode != 0
    assert "python3-venv" in told.stderr
