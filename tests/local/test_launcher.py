"""The file `motcua` on a machine with nothing but python3: when it installs, when it does not, what it hands over."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.processes import ROOT

RECORD = '#!/bin/sh\necho "$0 $*" >>"$RECORD"\n'
MAKE_VENV = 'PATH=/usr/bin:/bin; mkdir -p "$UV_PROJECT_ENVIRONMENT/bin" && ln -sf "$PYTHON_STUB" "$UV_PROJECT_ENVIRONMENT/bin/python"\n'


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

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the launcher with our tools first in PATH, and more in its environment."""
        path = f"{self.tools}:{os.defpath}"
        environment = {"PATH": path, "RECORD": str(self.record), "PYTHON_STUB": str(self.tools / "python"), **more}
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


DEBIANS_PIP = """
import os, pathlib, sys
if "--target" not in sys.argv:
    sys.exit("error: externally-managed-environment")
uv = pathlib.Path(sys.argv[sys.argv.index("--target") + 1], "bin", "uv")
uv.parent.mkdir(parents=True)
uv.symlink_to(os.environ["UV_STUB"])
"""
"""A pip that, as Debian's, refuses to install beside the machine's own packages."""

WORKING_VENV = """
import os, pathlib, sys
bin = pathlib.Path(sys.argv[-1], "bin")
bin.mkdir(parents=True)
(bin / "python").write_text('#!/bin/sh\\n/bin/ln -s "$UV_STUB" "${0%/*}/uv"\\n')
(bin / "python").chmod(0o755)
"""
"""A venv whose pip works."""

NOT_HERE = "raise ImportError('not here')"


@pytest.mark.parametrize(
    ("venv", "pip", "found"),
    [(WORKING_VENV, NOT_HERE, "venv/bin/uv"), (NOT_HERE, DEBIANS_PIP, "target/bin/uv")],
    ids=["venv", "pip alone"],
)
def test_where_venv_or_pip_is_there_uv_is_fetched_once_and_the_machines_own_python_is_left_alone(
    checkout: Checkout, tmp_path: Path, venv: str, pip: str, found: str
) -> None:
    stub = checkout.tools / "uv"
    stub.rename(tmp_path / "uv")
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "venv.py").write_text(venv)
    (plain / "pip.py").write_text(pip)
    environment = {"PATH": str(checkout.tools), "PYTHONPATH": str(plain), "UV_STUB": str(tmp_path / "uv")}
    first, second = (checkout.run("status", **environment), checkout.run("down", **environment))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert (checkout.folder / ".motcua" / "tool" / found).exists()
    assert [call.split()[0] for call in checkout.calls()] == ["uv", "python", "python"]
    assert ("first run: fetching uv" in first.stderr, second.stderr) == (True, "")


def test_the_launcher_is_written_for_python_3_9() -> None:
    ast.parse((ROOT / "motcua").read_text(), feature_version=(3, 9))


def test_an_older_python_is_told_so(checkout: Checkout) -> None:
    asked = "import runpy, sys; sys.version_info = (3, 8, 18); runpy.run_path(sys.argv[1], run_name='__main__')"
    command = [sys.executable, "-c", asked, str(checkout.folder / "motcua")]
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    assert told.returncode != 0
    assert "needs Python 3.9 or later" in told.stderr


def test_a_machine_that_cannot_get_uv_is_told_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    (checkout.tools / "uv").unlink()
    bare = tmp_path / "bare"
    bare.mkdir()
    # Neither venv nor pip can be imported, as on a Debian with python3 alone.
    for module in ("venv", "pip"):
        (bare / f"{module}.py").write_text(NOT_HERE)
    environment = {"PATH": str(checkout.tools), "PYTHONPATH": str(bare)}
    command = [sys.executable, str(checkout.folder / "motcua"), "status"]
    told = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert told.returncode != 0
    assert "python3-venv" in told.stderr
