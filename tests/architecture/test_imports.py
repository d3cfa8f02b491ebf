"""Who may import whom: the contracts of import-linter hold, and each of them fails when it is broken on purpose."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT, listed, plant, service_folders, sources

CODE: Final = ("contracts", "kernel", "services", "deploy")

DECIDERS_WORDS: Final = frozenset({"Decider", "Refused"})
"""What a decision may name of the event log."""

BROKEN: Final[dict[str, dict[str, str]]] = {
    "Services know each other only through contracts": {"services/beta/handle.py": "import services.alpha.handle"},
    "The kernel knows no service": {"kernel/edge/bad.py": "import contracts.fact"},
    "Contracts stand alone": {"contracts/bad.py": "import kernel.eventlog.event"},
    "Domain is pure": {"services/alpha/domain/permit.py": "import asyncpg"},
    "A service's layers go one way: main, http_api, handle, domain": {"services/alpha/domain/dossier.py": "import services.alpha.handle"},
    "Decisions and read models know no settings": {"services/alpha/projections/register.py": "import services.alpha.settings"},
    "The event log knows nothing of the edge": {"kernel/eventlog/bad.py": "import kernel.vault"},
    "The legal clock is arithmetic": {"kernel/legalclock/bad.py": "import pydantic"},
}
"""For every contract, a file that breaks it."""

ALLOWED: Final[dict[str, str]] = {
    "services/alpha/__init__.py": "",
    "services/alpha/domain/__init__.py": "",
    "services/alpha/projections/__init__.py": "",
    "services/alpha/settings.py": "import pydantic_settings",
    "services/alpha/handle.py": "import contracts.intake; import kernel.eventlog; import services.alpha.domain",
    "services/alpha/main.py": "import services.alpha.handle; import services.alpha.settings",
    "services/alpha/domain/deadline.py": "import contracts.intake; import kernel.legalclock; from kernel.eventlog import Decider, Refused",
    "services/beta/__init__.py": "",
}
"""Two services as they should be."""


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the import linter on a tree, in a process of its own: in this one the repository's packages are imported already."""
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache", "--no-logo", "--config", str(root / "pyproject.toml")]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def copy_of_the_repository(root: Path, files: dict[str, str]) -> Path:
    """Copy what the linter reads, and add some files."""
    for package in CODE:
        shutil.copytree(ROOT / package, root / package, ignore=lambda folder, names: [n for n in names if not _is_code(folder, n)])
    shutil.copy(ROOT / "pyproject.toml", root)
    for path, text in files.items():
        plant(root, path, text + "\n")
    return root


def _is_code(folder: str | os.PathLike[str], name: str) -> bool:
    return name.endswith(".py") or (name != "__pycache__" and (Path(folder) / name).is_dir())


def impure_names(root: Path) -> list[str]:
    """Give what decisions import from the log beyond the decider's vocabulary; import-linter sees modules, not names."""
    return [
        f"{source.path}:{node.lineno}: {alias.name}: of kernel.eventlog a decision may name {', '.join(sorted(DECIDERS_WORDS))}"
        for source in sources(root, "services/*/domain/**/*.py")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kernel.eventlog")
        for alias in node.names
        if alias.name not in DECIDERS_WORDS
    ]


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Break every contract at once, each in a file of its own, and give what the linter says to each."""
    everything = ALLOWED | {path: text for files in BROKEN.values() for path, text in files.items()}
    output = lint_imports(copy_of_the_repository(tmp_path_factory.mktemp("broken"), everything)).stdout
    names = "|".join(re.escape(name) for name in BROKEN)
    _, *sections = re.split(rf"^({names})\n-+\n", output.partition("Broken contracts")[2], flags=re.MULTILINE)
    return dict(zip(sections[::2], sections[1::2], strict=True))


def test_the_import_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_two_services_as_they_should_be_break_no_contract(tmp_path: Path) -> None:
    result = lint_imports(copy_of_the_repository(tmp_path, ALLOWED))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("contract", BROKEN)
def test_a_broken_contract_names_the_import_that_broke_it(contract: str, complaints: dict[str, str]) -> None:
    [(path, text)] = BROKEN[contract].items()
    importer = path.removesuffix(".py").replace("/", ".")
    assert f"{importer} -> {text.removeprefix('import ')}" in complaints[contract]


def test_a_decision_names_nothing_of_the_log_but_the_deciders_words() -> None:
    findings = impure_names(ROOT)
    assert not findings, listed(findings)


def test_a_decision_that_names_the_log_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "services/alpha/domain/dossier.py", "from kernel.eventlog import Decider, Log, Refused\n")
    assert [finding.split(": ")[1] for finding in impure_names(tmp_path)] == ["Log"]


def test_every_contract_is_broken_once_by_these_tests() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert set(re.findall(r'^id = ".+"\nname = "(.+)"$', text, re.MULTILINE)) == set(BROKEN)


def parts_outside_the_layers(root: Path) -> list[str]:
    """Give the parts of an `http_api` that the layers do not name: the linter would let anything import them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [layers] = [" ".join(one["layers"]) for one in config["contracts"] if one["id"] == "layers"]
    named = set(re.findall(r"\w+", layers))
    return [source.path for source in sources(root, "services/*/http_*.py") if Path(source.path).stem not in named]


def test_every_part_of_an_http_api_has_its_layer() -> None:
    findings = parts_outside_the_layers(ROOT)
    assert not findings, listed(findings)


def test_a_part_with_no_layer_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "services/alpha/http_api.py", "")
    plant(tmp_path, "services/alpha/http_secrets.py", "")
    assert parts_outside_the_layers(tmp_path) == ["services/alpha/http_secrets.py"]


def imports_alone(service: str, folder: Path, root: Path = ROOT) -> str:
    """Import every module of a service with only contracts and the kernel beside it; give what went wrong."""
    for of, package in ((ROOT, "contracts"), (ROOT, "kernel"), (root, f"services/{service}")):
        shutil.copytree(of / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    paths = [path.relative_to(folder) for path in sorted((folder / "services").rglob("*.py")) if path.name != "__main__.py"]
    names = [path.with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__") for path in paths]
    program = f"import importlib, sys\nsys.path.insert(0, '.')\nfor name in {names!r}: importlib.import_module(name)"
    return subprocess.run([sys.executable, "-I", "-c", program], cwd=folder, capture_output=True, text=True, check=False).stderr


def test_a_service_can_be_imported_with_only_contracts_and_the_kernel_beside_it(tmp_path: Path) -> None:
    for service in service_folders(ROOT):
        error = imports_alone(service.name, tmp_path / service.name)
        assert not error, f"services/{service.name} with only contracts and kernel beside it:\n{error}"


def test_a_service_that_needs_another_would_be_found(tmp_path: Path) -> None:
    service = plant(tmp_path, "services/alpha/query.py", "import services.intake.query\n") / "services" / "alpha"
    assert "No module named 'services.intake'" in imports_alone(service.name, tmp_path / "alone", tmp_path)
