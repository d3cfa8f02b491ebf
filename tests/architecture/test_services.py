"""Every service looks like every other: the same file names, in the order in which the data goes."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT, listed, plant, service_folders, sources

FILES: Final = (
    "http_api.py",
    "handle.py",
    "domain/__init__.py",
    "consume.py",
    "projections/__init__.py",
    "query.py",
    "settings.py",
    "main.py",
    "__main__.py",
    "schema.sql",
    "README.md",
)
"""What every service has, beside `migrations/`."""

STEPS: Final = {"http_api": 1, "handle": 2, "domain": 3, "consume": 6, "projections": 7, "query": 8}
"""The step that a module (or the modules of a folder) belongs to; 4 (append) and 5 (relay) are the kernel's."""

PARTS: Final = {"http": 1, "handle": 2, "query": 8}
"""The step of modules that a longer one was split into, by what their names begin with: `http_cases` is a part of `http_api`."""

NO_STEP: Final = frozenset({"__init__", "__main__", "main", "settings"})
"""Modules that put a service together and have no place on the data's way."""


def missing_files(root: Path) -> list[str]:
    """Give the files that a service lacks."""
    missing = [
        f"services/{folder.name}/{file}: missing" for folder in service_folders(root) for file in FILES if not (folder / file).is_file()
    ]
    empty = [folder for folder in service_folders(root) if not any((folder / "migrations").glob("*.sql"))]
    return missing + [f"services/{folder.name}/migrations: holds no migration" for folder in empty]


def unnamed_steps(root: Path) -> list[str]:
    """Give the modules of services whose docstring does not open with their step."""
    findings: list[str] = []
    for source in sources(root, "services/*/**/*.py"):
        name = source.path.split("/")[2].removesuffix(".py")
        if Path(source.path).stem in NO_STEP:
            continue
        step = STEPS.get(name) or PARTS.get(name.split("_")[0])
        opening = re.compile(f"Step {step} of 8, " if step else "Step [1-8] of 8, |(Before|Beside|After) step [1-8]: ")
        docstring = ast.get_docstring(source.tree) or ""
        if not opening.match(docstring):
            findings.append(f"{source.path}: the docstring should open with {opening.pattern!r}, not {docstring[:40]!r}")
    return findings


def readers_of_settings(root: Path) -> list[str]:
    """Give the places outside main.py that make settings or look into the environment; others are handed what they need."""
    return [
        f"{source.path}:{node.lineno}: {text}: only main.py reads settings"
        for source in sources(root, "services/*/**/*.py")
        if Path(source.path).stem not in {"main", "__main__"}
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call | ast.Attribute)
        and ((text := ast.unparse(node)).endswith("Settings()") or text in {"os.environ", "os.getenv"})
    ]


def test_only_main_reads_settings() -> None:
    findings = readers_of_settings(ROOT)
    assert not findings, listed(findings)


def test_another_reader_of_settings_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "services/alpha/handle.py", "def handle(settings: AlphaSettings): ...\n\nsettings = AlphaSettings()\n")
    plant(tmp_path, "services/alpha/query.py", "import os\n\nlimit = os.environ['LIMIT']\n")
    plant(tmp_path, "services/alpha/main.py", "settings = AlphaSettings()\n")
    assert [finding.split(": ")[0] for finding in readers_of_settings(tmp_path)] == [
        "services/alpha/handle.py:3",
        "services/alpha/query.py:3",
    ]


def test_every_service_has_the_same_file_names() -> None:
    findings = missing_files(ROOT)
    assert not findings, listed(findings)


def test_a_service_without_a_handler_would_be_found(tmp_path: Path) -> None:
    for file in (*FILES, "migrations/0001_read.sql"):
        plant(tmp_path, f"services/alpha/{file}", "")
    assert missing_files(tmp_path) == []
    (tmp_path / "services/alpha/handle.py").unlink()
    (tmp_path / "services/alpha/migrations/0001_read.sql").unlink()
    assert missing_files(tmp_path) == ["services/alpha/handle.py: missing", "services/alpha/migrations: holds no migration"]


def test_every_module_of_a_service_opens_with_its_step() -> None:
    findings = unnamed_steps(ROOT)
    assert not findings, listed(findings)


def test_a_module_with_no_step_or_the_wrong_one_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "services/alpha/handle.py", '"""Handles commands."""')
    plant(tmp_path, "services/alpha/domain/dossier.py", '"""Step 2 of 8, handle: no, this one decides."""')
    plant(tmp_path, "services/alpha/http_cases.py", '"""Step 2 of 8, handle: a part of http_api, and says otherwise."""')
    plant(tmp_path, "services/alpha/query.py", '"""Step 8 of 8, query: what the desk asks."""')
    plant(tmp_path, "services/alpha/main.py", '"""Put the service together."""')
    assert [finding.split(":")[0] for finding in unnamed_steps(tmp_path)] == [
        "services/alpha/domain/dossier.py",
        "services/alpha/handle.py",
        "services/alpha/http_cases.py",
    ]
