from __future__ import annotations

import io
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pytest
from rich.console import Console

from deploy.local.__main__ import app
from tests.architecture.source import ROOT, listed, plant
from tests.docs.pages import Page, missing_paths, page, pages

_LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)
_CALL: Final = re.compile(r"\./motcua((?:[ ]+[\w./:=,-]+)*)")
_MACHINE: Final = re.compile(r"(?<![\w.}/-])(?:~/|/(?:home|root|work|tmp|usr|var|opt|etc|mnt|Users)/|[A-Z]:\\)")

FREE: Final = frozenset({"test", "bench", "verify", "contracts", "tail", "export"})
"""Commands that pass what follows on to a program of its own, with its own options."""


def anchors(text: str) -> set[str]:
    """Give the names by which the headings of a page can be reached."""
    plain = (re.sub(r"[`*]", "", heading).lower() for heading in _HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def broken_links(root: Path) -> list[str]:
    """Give the relative links that lead nowhere, be it to a file or to a heading."""
    findings: list[str] = []
    for of in pages(root):
        for target in _LINK.findall(of.prose):
            path, _, anchor = unquote(target).partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            to = (root / of.path).parent / path if path else root / of.path
            if not to.exists():
                findings.append(f"{of.path}: {target}: no such file")
            elif anchor and anchor not in anchors(to.read_text(encoding="utf-8")):
                findings.append(f"{of.path}: {target}: no such heading")
    return findings


def told(command: list[str]) -> str | None:
    """Give what the launcher's help says of a command; None if there is no such command."""
    inner = app
    for word in command:
        try:
            inner = inner[word]
        except KeyError:
            return None
    console = Console(file=io.StringIO(), width=400, force_terminal=False)
    app.help_print(command, console=console)
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def calls(of: Page) -> Iterator[list[str]]:
    """Give every call of the launcher that a page names, in words."""
    yield from (found.split() for found in _CALL.findall(of.text))


def unknown_calls(of: Page) -> list[str]:
    """Give the calls that the launcher would not understand: no such command, or an option that its help does not name."""
    findings: list[str] = []
    for words in calls(of):
        command = [word for word in words if not word.startswith("-")][:1]
        if command in (["drill"], ["events"], ["fold"]) and len(words) > 1:
            command = words[:2]
        if not command:
            continue
        if (said := told(command)) is None:
            findings.append(f"{of.path}: ./motcua {' '.join(command)}: no such command")
        elif command[-1] not in FREE:
            options = [word.partition("=")[0] for word in words if word.startswith("--")]
            findings += [f"{of.path}: ./motcua {' '.join(command)} {option}: no such option" for option in options if option not in said]
    return findings


def machine_paths(of: Page) -> list[str]:
    """Give the lines that name a place on somebody's machine."""
    return [f"{of.path}:{n}: {line.strip()[:60]}" for n, line in enumerate(of.text.splitlines(), 1) if _MACHINE.search(line)]


def not_composed(of: Page) -> list[str]:
    """Give the lines whose letters are not in NFC."""
    lines = enumerate(of.text.splitlines(), 1)
    return [f"{of.path}:{n}: not NFC: {line.strip()[:60]}" for n, line in lines if not unicodedata.is_normalized("NFC", line)]


def test_every_relative_link_leads_somewhere() -> None:
    findings = broken_links(ROOT)
    assert not findings, listed(findings)


def test_a_link_that_leads_nowhere_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "docs/b.md", "# The second\n\n## What `it` says, in short\n")
    text = "[a](b.md) [b](gone.md) ![c](https://example.org/x) [d](b.md#what-it-says-in-short) [e](b.md#other) [f](#here)\n# Here\n"
    plant(tmp_path, "docs/a.md", text + "```\n[in a fence](nowhere.md)\n```\n")
    assert broken_links(tmp_path) == ["docs/a.md: gone.md: no such file", "docs/a.md: b.md#other: no such heading"]


def test_every_command_of_the_launcher_that_a_page_names_exists() -> None:
    findings = [finding for of in pages(ROOT) for finding in unknown_calls(of)]
    assert not findings, listed(findings)


def test_a_command_that_does_not_exist_would_be_found() -> None:
    text = "`./motcua demo --dossiers 60 --seed 1`, `./motcua fly`, `./motcua up --loud`, `./motcua events tail`, `./motcua events sing`"
    assert unknown_calls(Page("a.md", text)) == [
        "a.md: ./motcua fly: no such command",
        "a.md: ./motcua up --loud: no such option",
        "a.md: ./motcua events sing: no such command",
    ]


def test_the_first_page_names_the_two_commands() -> None:
    assert [words for words in calls(page(ROOT, "README.md")) if len(words) == 1][:2] == [["demo"], ["test"]]


def test_every_file_that_a_readme_names_exists() -> None:
    findings = [finding for of in pages(ROOT) if of.path.endswith("README.md") for finding in missing_paths(ROOT, of)]
    assert not findings, listed(findings)


def test_no_page_holds_a_machine_path() -> None:
    findings = [finding for of in pages(ROOT) for finding in machine_paths(of)]
    assert not findings, listed(findings)


@pytest.mark.parametrize("bad", ["see /home/an/motcua", "`/work/x`", "C:\\Users\\an", "~/motcua", "(/tmp/log)"])
def test_a_machine_path_would_be_found(bad: str) -> None:
    assert machine_paths(Page("a.md", f"fine: /v1/dossiers, docs/tmp/x, .motcua/data\n{bad}\n")) == [f"a.md:2: {bad}"]


def test_every_page_is_in_nfc() -> None:
    findings = [finding for of in pages(ROOT) for finding in not_composed(of)]
    assert not findings, listed(findings)


def test_a_page_with_decomposed_letters_would_be_found() -> None:
    assert not_composed(Page("a.md", "một cửa\n" + unicodedata.normalize("NFD", "một cửa"))) != []


def test_every_example_in_python_runs() -> None:
    examples = [(of.path, fence) for of in pages(ROOT) for fence in of.fences() if fence.language == "python" and not fence.about]
    assert examples, "no page holds an example"
    for path, fence in examples:
        ran = subprocess.run([sys.executable, "-c", fence.text], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{path}:{fence.line}\n{ran.stderr}"
        assert ran.stdout.strip(), f"{path}:{fence.line}: says nothing"
