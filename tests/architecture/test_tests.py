"""How tests are written here: real parts, no sleeping, and a reason beside every exception from a rule."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT, Source, all_sources, listed, plant, sources

SLEEPS: Final[dict[str, str]] = {
    "tests/kernel/eventlog/rig.py::eventually": "asks for a condition until a deadline",
    "tests/services/rig.py::eventually": "asks for a condition until a deadline",
    "tests/benchmarks/measure.py::until": "asks for a condition until a deadline",
    "tests/benchmarks/crowd.py::stream_in": "people come when the clock says",
    "tests/benchmarks/department.py::settled": "asks for a condition until a deadline",
    "tests/benchmarks/rows/latency.py::look": "looks again and again, which is its work",
    "tests/benchmarks/rows/latency.py::paced": "facts are appended when the clock says",
    "tests/benchmarks/rows/scale.py::rebuild": "asks for a condition until a deadline",
    "tests/kernel/edge/test_process.py::until": "asks for a condition until a deadline",
    "tests/simulation/loop.py::connect": "the time is virtual",
    "tests/simulation/world.py::pause": "the time is virtual",
    "tests/system/test_rehearsals.py::taken": "asks again until a deadline, as a patient client does",
    "tests/faults/nemesis.py::until": "asks for a condition until a deadline",
    "tests/faults/nemesis.py::last": "a fault lasts for as long as its schedule says",
    "tests/faults/proxy.py::_pump": "a slow wire is slow",
}
"""Functions below tests/ that may sleep between two questions, each with the reason."""

NO_REASON: Final = re.compile(r"#\s*(noqa|type: ignore|pyright: ignore)(?!.* - \S)")


def mocks(root: Path) -> list[str]:
    """Give the tests that replace a real part by a mock."""
    return [
        f"{source.path}:{line}: {name}: use the real part, or pass a fake in"
        for source in sources(root, "tests/**/*.py")
        for line, name in _names_brought_in(source)
        if name.startswith(("unittest.mock", "mock.", "pytest_mock")) or name == "mocker"
    ]


def _names_brought_in(source: Source) -> Iterator[tuple[int, str]]:
    """Give every imported name and every argument of a function."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, f"{alias.name}.") for alias in names)
            case ast.ImportFrom(module=module, names=names):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
            case ast.arg(arg=name):
                yield node.lineno, name
            case _:
                pass


def _imported_sleeps(source: Source) -> set[str]:
    imports = (node for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom) and node.module in {"time", "asyncio"})
    return {alias.asname or alias.name for node in imports for alias in node.names if alias.name == "sleep"}


def sleeps(root: Path) -> list[str]:
    """Give the tests that wait for time to pass instead of for something to be so. `asyncio.sleep(0)` only lets others go first."""
    findings: list[str] = []
    for source in sources(root, "tests/**/*.py"):
        names = {"time.sleep", "asyncio.sleep", "anyio.sleep"} | _imported_sleeps(source)
        excused = {
            line
            for function in source.functions()
            for line in range(function.lineno, (function.end_lineno or function.lineno) + 1)
            if f"{source.path}::{function.name}" in SLEEPS
        }
        waits = [(call.lineno, ast.unparse(call)) for name, call in source.calls() if name in names and call.lineno not in excused]
        findings += [
            f"{source.path}:{line}: {text}: wait for a condition with a deadline (a function that does may stand in SLEEPS)"
            for line, text in waits
            if not text.endswith("(0)")
        ]
    return findings


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def unexplained(root: Path) -> list[str]:
    """Give the places where a checker is told to look away with no reason given."""
    return [
        f"{source.path}:{line}: {comment}: say why: `# noqa: RULE - reason`"
        for source in all_sources(root)
        for line, comment in _comments(source)
        if NO_REASON.search(comment)
    ]


def test_no_test_replaces_a_real_part_by_a_mock() -> None:
    findings = mocks(ROOT)
    assert not findings, listed(findings)


def test_a_mock_would_be_found(tmp_path: Path) -> None:
    for number, text in enumerate(
        ["from unittest.mock import patch", "from unittest import mock", "import unittest.mock", "def test_it(mocker): ..."]
    ):
        plant(tmp_path, f"tests/test_{number}.py", text)
    plant(tmp_path, "tests/test_good.py", "import unittest\n\ndef test_it(monkeypatch): ...\n")
    assert [finding.split(":")[0] for finding in mocks(tmp_path)] == [f"tests/test_{number}.py" for number in range(4)]


def test_no_test_sleeps() -> None:
    findings = sleeps(ROOT)
    assert not findings, listed(findings)


def test_a_sleep_would_be_found(tmp_path: Path) -> None:
    text = "from asyncio import sleep as nap\n\nasync def test_it():\n    await nap(1)\n    time.sleep(0.1)\n    await asyncio.sleep(0)\n"
    assert [finding.split(": ")[1] for finding in sleeps(plant(tmp_path, "tests/test_it.py", text))] == ["nap(1)", "time.sleep(0.1)"]


def test_whoever_tells_a_checker_to_look_away_says_why() -> None:
    findings = unexplained(ROOT)
    assert not findings, listed(findings)


def test_a_missing_reason_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/a.py", "a = 1  # noqa: X001\nb = 2  # noqa: X001 - because\nc = '# noqa'\nd = 3  # type: ignore[misc]\n")
    assert [finding.split(": ")[0] for finding in unexplained(tmp_path)] == ["kernel/a.py:1", "kernel/a.py:4"]


def test_every_lint_rule_that_is_switched_off_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lint = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.flake8-builtins]")]
    bare = [line.strip() for line in lint.splitlines() if re.match(r'\s+"[A-Z]+[0-9]+",', line) and "#" not in line]
    assert not bare, f"pyproject.toml: {bare}"


def test_the_list_of_exceptions_names_only_functions_that_exist() -> None:
    functions = {f"{source.path}::{function.name}" for source in sources(ROOT, "tests/**/*.py") for function in source.functions()}
    assert set(SLEEPS) <= functions
