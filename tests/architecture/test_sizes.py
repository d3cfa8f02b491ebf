"""Small enough to read: functions, domain modules and the event log have bounds, and no drawer for odds and ends exists."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT, Source, all_sources, listed, plant, sources

FUNCTION_LINES_MAX: Final = 70
DOMAIN_MODULE_LINES_MAX: Final = 300
EVENTLOG_CODE_LINES_MAX: Final = 2400
"""Lines of code of kernel/eventlog: comments, docstrings and blank lines are free, so that nobody saves at explaining."""

DRAWERS: Final = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"})


def long_functions(root: Path) -> list[str]:
    """Give the functions that do not fit a screen."""
    return [
        f"{source.path}:{function.lineno}: {function.name} has {lines} lines (at most {FUNCTION_LINES_MAX}): which step of it wants a name?"
        for source in all_sources(root)
        for function in source.functions()
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]


def long_domain_modules(root: Path) -> list[str]:
    """Give the domain modules that hold more than one life."""
    return [
        f"{source.path}: {lines} lines (at most {DOMAIN_MODULE_LINES_MAX}): is there a second aggregate in it?"
        for source in sources(root, "services/*/domain/**/*.py")
        if (lines := len(source.text.splitlines())) > DOMAIN_MODULE_LINES_MAX
    ]


def drawers(root: Path) -> list[str]:
    """Give the modules and folders whose names say nothing."""
    paths = {parent for source in all_sources(root) for parent in (Path(source.path), *Path(source.path).parents)}
    return sorted(f"{path.as_posix()}: call it by what it does" for path in paths if path.stem in DRAWERS)


def code_lines(source: Source) -> int:
    """Count the lines that are neither blank, nor comment, nor docstring."""
    free = {line for node in source.docstrings() for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    lines = enumerate((line.strip() for line in source.text.splitlines()), 1)
    return sum(1 for number, line in lines if line and not line.startswith("#") and number not in free)


def test_a_function_fits_a_screen() -> None:
    findings = long_functions(ROOT)
    assert not findings, listed(findings)


def test_a_long_function_would_be_found(tmp_path: Path) -> None:
    body = "    pass\n" * FUNCTION_LINES_MAX
    plant(tmp_path, "kernel/long.py", f"def short():\n{body[9:]}\nasync def endless():\n{body}")
    assert long_functions(tmp_path) == ["kernel/long.py:72: endless has 71 lines (at most 70): which step of it wants a name?"]


def test_a_domain_module_tells_one_life() -> None:
    findings = long_domain_modules(ROOT)
    assert not findings, listed(findings)


def test_a_long_domain_module_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "services/alpha/domain/dossier.py", "x = 1\n" * (DOMAIN_MODULE_LINES_MAX + 1))
    assert [finding.split(":")[0] for finding in long_domain_modules(tmp_path)] == ["services/alpha/domain/dossier.py"]


def test_the_event_log_can_be_read_in_an_afternoon() -> None:
    counts = {source.path: code_lines(source) for source in sources(ROOT, "kernel/eventlog/**/*.py")}
    assert sum(counts.values()) <= EVENTLOG_CODE_LINES_MAX, f"{sum(counts.values())} lines of code: {counts}"


def test_only_lines_of_code_are_counted(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/a.py", '"""Two\nlines."""\n\n# why\nx = 1\n"""What x is."""\n\ndef f():\n    """Say."""\n    return x\n')
    [source] = sources(tmp_path, "kernel/*.py")
    assert code_lines(source) == len(["x = 1", "def f():", "return x"])


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    findings = drawers(ROOT)
    assert not findings, listed(findings)


def test_a_drawer_would_be_found(tmp_path: Path) -> None:
    plant(plant(tmp_path, "kernel/utils.py", ""), "services/alpha/common/words.py", "")
    assert [finding.split(":")[0] for finding in drawers(tmp_path)] == ["kernel/utils.py", "services/alpha/common"]
