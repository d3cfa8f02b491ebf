"""Read the repository's own source, so that rules can be tests.

Every rule is a function that takes a root folder and gives what breaks it, one line each (`path:line: what is wrong and what to do`). Its
test asks it about the repository, and about a small tree in which the rule is broken on purpose: a rule that cannot fail is no rule.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("contracts", "kernel", "services", "deploy", "tests")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its path below the root, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        """Give every function and method."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Give every call with the dotted name it was written with: `datetime.now`, `sleep`."""
        calls = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return ((ast.unparse(call.func), call) for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)))

    def docstrings(self) -> set[ast.Constant]:
        """Give the constants that are docstrings, of definitions and of names."""
        statements = (node for node in ast.walk(self.tree) if isinstance(node, ast.Expr))
        return {statement.value for statement in statements if isinstance(statement.value, ast.Constant)}


@cache
def _parsed(root: Path, path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(root).as_posix(), text, ast.parse(text, str(path)))


def sources(root: Path, *patterns: str) -> list[Source]:
    """Give the Python files below the root that match a pattern: `sources(ROOT, "services/*/domain/**/*.py")`."""
    paths = sorted({path for pattern in patterns for path in root.glob(pattern)})
    return [_parsed(root, path) for path in paths if "__pycache__" not in path.parts]


def all_sources(root: Path) -> list[Source]:
    """Give every Python file of the repository, the launcher's too."""
    launcher = [_parsed(root, root / "motcua")] if (root / "motcua").is_file() else []
    return [*launcher, *sources(root, *(f"{package}/**/*.py" for package in PACKAGES))]


def service_folders(root: Path) -> list[Path]:
    """Give the folders of the services that have code."""
    return sorted(folder for folder in (root / "services").glob("*") if any(folder.glob("*.py")))


def plant(root: Path, path: str, text: str) -> Path:
    """Write a file into a tree made for a test, and give the tree's root."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return root


def listed(findings: list[str]) -> str:
    """Give findings as a failure's message."""
    return "\n" + "\n".join(findings)
