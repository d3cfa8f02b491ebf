"""The kernel speaks of logs, clocks, vaults and edges, and never of what a service does with them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT, Source, listed, plant, sources

SERVICE_WORDS: Final = frozenset({"intake", "processing", "feedback", "reporting", "dossier", "dossiers", "permit", "permits"})

PLAIN_ENGLISH: Final = frozenset({"processing", "reporting", "permit", "permits"})
"""Those of them that a sentence may use as verbs: "the state does not permit this"."""

EXCUSED: Final[dict[str, str]] = {}
"""Kernel files that may say such a word, each with the reason."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def _said(source: Source) -> Iterator[tuple[int, str]]:
    """Give every identifier and every string with its line; docstrings and comments may give examples."""
    docstrings = source.docstrings()
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text) | ast.FunctionDef(name=text) | ast.ClassDef(name=text):
                yield node.lineno, text
            case ast.Constant(value=str() as text) if node not in docstrings:
                yield node.lineno, text
            case _:
                pass


def service_words(root: Path) -> list[str]:
    """Give the places in the kernel that name a service or what it works on."""
    said = ((source.path, line, text) for source in sources(root, "kernel/**/*.py") for line, text in _said(source))
    return [
        f"{path}:{line}: {text[:60]!r}: the kernel knows no service; let the caller pass it in"
        for path, line, text in said
        if path not in EXCUSED
        and {word.lower() for word in _WORD.findall(text)} & (SERVICE_WORDS - PLAIN_ENGLISH if " " in text else SERVICE_WORDS)
    ] + [
        f"{path.relative_to(root).as_posix()}:{number}: {line.strip()[:60]!r}: the kernel knows no service"
        for path in sorted(root.glob("kernel/**/*.sql"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if set(_WORD.findall(line.partition("--")[0])) & SERVICE_WORDS
    ]


def test_the_kernel_names_no_service() -> None:
    findings = service_words(ROOT)
    assert not findings, listed(findings)


def test_a_services_word_in_the_kernel_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/eventlog/event.py", '"""Streams such as a dossier\'s."""\n\ndef load_dossier():\n    return "from intake"\n')
    plant(tmp_path, "kernel/eventlog/schema.sql", "CREATE TABLE permit (id uuid); -- a dossier's\n")
    plant(tmp_path, "kernel/edge/policy.py", "permitted = 'does not permit this'\n")
    assert [finding.split(": ")[0] for finding in service_words(tmp_path)] == [
        "kernel/eventlog/event.py:3",
        "kernel/eventlog/event.py:4",
        "kernel/eventlog/schema.sql:1",
    ]
