"""Read the repository's own pages, so that what they say can be held against the code.

As in tests/architecture, every rule is a function that takes a root folder and gives what breaks it, one line each. Its test asks it about
the repository, and about a small tree in which the rule is broken on purpose.
"""

from __future__ import annotations

import ast
import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from contracts.catalogue import FACTS
from tests.architecture.source import PACKAGES, all_sources

SKIPPED: Final = frozenset({"__pycache__", "node_modules"})
SUFFIXES: Final = (".py", ".sql", ".md", ".yaml", ".toml", ".json", ".svg", ".lock", "/")
INDENTS_MAX: Final = 5
VALUES: Final = frozenset({"H", "M", "L"})
"""Words of a closed list that look like constants."""

_FENCE: Final = re.compile(r"^```(\w*)[ ]?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`([^`\n]+)`")
_PATH: Final = re.compile(r"[\w.-]+(/[\w.-]+)*/?")
_WORDS_OF_SQL: Final = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?")
_WORDS_OF_MANIFESTS: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_CODE_NAME: Final = re.compile(
    r"(?P<name>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)(\(\))?"  # one name, or a dotted one, or a call
)


@dataclass(frozen=True)
class Fence:
    """A fenced excerpt: its language, what is written behind the language, its text, and the line that it begins at."""

    language: str
    about: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """One Markdown file: where it lies below the root, and what it says."""

    path: str
    text: str

    @property
    def prose(self) -> str:
        """The text with its fences blanked out; lines keep their numbers."""
        return _FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), self.text)

    def fences(self) -> list[Fence]:
        """Give the fenced excerpts."""
        return [Fence(f[1], f[2].strip(), f[3], self.text.count("\n", 0, f.start()) + 1) for f in _FENCE.finditer(self.text)]

    def inline(self) -> Iterator[tuple[int, str]]:
        """Give what stands between single backticks, with its line."""
        for number, line in enumerate(self.prose.split("\n"), 1):
            yield from ((number, said[1]) for said in _INLINE.finditer(line))


def pages(root: Path) -> list[Page]:
    """Give every Markdown file of the repository, leaving out hidden folders and what tools leave behind."""
    found: list[Page] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        found += [
            Page(Path(folder, name).relative_to(root).as_posix(), Path(folder, name).read_text(encoding="utf-8"))
            for name in sorted(names)
            if name.endswith(".md")
        ]
    return found


def page(root: Path, path: str) -> Page:
    """Give one page."""
    return Page(path, (root / path).read_text(encoding="utf-8"))


def is_path(text: str) -> bool:
    """Tell whether inline code means a file or a folder of the repository: it has a suffix that we use, or ends with a slash."""
    return _PATH.fullmatch(text) is not None and text.endswith(SUFFIXES)


def missing_paths(root: Path, of: Page) -> list[str]:
    """Give the files and folders that a page names and that are not there.

    A path is looked for below the root, beside the page, and beside the other files that the same line names.
    """
    findings: list[str] = []
    lines: dict[int, list[str]] = {}
    for line, said in of.inline():
        if is_path(said):
            lines.setdefault(line, []).append(said)
    for line, said in lines.items():
        here = (root / of.path).parent
        beside = [root, here, *((folder / path).parent for folder in (root, here) for path in said if "/" in path)]
        findings += [f"{of.path}:{line}: {path}: no such file" for path in said if not any((folder / path).exists() for folder in beside)]
    return findings


def excerpt_stands_in(text: str, file: str) -> bool:
    """Tell whether an excerpt is found verbatim in a file; it may have been moved to the left as a whole."""
    return any(textwrap.indent(text.rstrip("\n"), "    " * n) in file for n in range(INDENTS_MAX))


def drifted_excerpts(root: Path, of: Page) -> list[str]:
    """Give the excerpts that are marked with their file and do not stand in it any more."""
    findings: list[str] = []
    for fence in of.fences():
        if not is_path(fence.about):
            continue
        if not (root / fence.about).is_file():
            findings.append(f"{of.path}:{fence.line}: {fence.about}: no such file")
        elif not excerpt_stands_in(fence.text, (root / fence.about).read_text(encoding="utf-8")):
            findings.append(f"{of.path}:{fence.line}: the excerpt does not stand in {fence.about}: copy it anew")
    return findings


@cache
def names(root: Path) -> frozenset[str]:
    """Give every name that the code defines.

    Functions, classes, constants, fields, `Class.member`, modules, facts, words of SQL, what manifests say, and settings as the
    environment has them.
    """
    found = set(FACTS)
    for source in all_sources(root):
        module = source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        found |= {module, module.rpartition(".")[2]} | _definitions(source.tree)
    # Only where code is kept: a run beside this one makes and removes folders of its own (.motcua, .hypothesis) meanwhile.
    for path in (path for package in PACKAGES for path in root.glob(f"{package}/**/*.sql")):
        text = path.read_text(encoding="utf-8")
        found |= set(_WORDS_OF_SQL.findall("\n".join(line.partition("--")[0] for line in text.splitlines())))
    for path in root.glob("deploy/k8s/**/*.*"):
        found |= set(_WORDS_OF_MANIFESTS.findall(path.read_text(encoding="utf-8")))
    settings = (source for source in all_sources(root) if source.path.endswith("/settings.py"))
    return frozenset(found | {name.upper() for source in settings for name in _definitions(source.tree)})


def _definitions(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name, body=body):
                members = {member for one in body for member in _defined_by(one)}
                found |= {name} | members | {f"{name}.{member}" for member in members}
            case ast.Module(body=body):
                found |= {member for one in body for member in _defined_by(one)}
            case _:
                found |= _defined_by(node)
    return found


def _defined_by(node: ast.AST) -> set[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return {name}
        case _:
            return set()


def looks_like_code(text: str) -> str | None:
    """Give the name that inline code means, if it is a name of ours: dotted, with an underscore, in CamelCase, or a constant.

    A plain lower-case word (`post`, `bytea`) may be anything, so it is left alone.
    """
    found = _CODE_NAME.fullmatch(text)
    if found is None:
        return None
    name = found["name"]
    bare = name.rpartition(".")[2]
    return name if "." in name or "_" in bare or text.endswith("()") or any(letter.isupper() for letter in bare) else None


def unknown_names(root: Path, of: Page) -> list[str]:
    """Give the code names that a page cites and that the code does not define."""
    known = names(root)
    return [
        f"{of.path}:{line}: {name}: the code defines no such name"
        for line, said in of.inline()
        if not is_path(said) and (name := looks_like_code(said)) is not None and name not in known | VALUES
    ]


def below(root: Path, folder: str) -> list[Page]:
    """Give the pages below a folder."""
    return [one for one in pages(root) if one.path.startswith(f"{folder}/")]
