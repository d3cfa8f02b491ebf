"""Instants are aware and come in as arguments; texts are written in one form of Unicode."""

from __future__ import annotations

import ast
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT, Source, all_sources, listed, plant, sources

CLOCKS_AND_DICE: Final = frozenset(
    {"now", "today", "utcnow", "time", "time_ns", "monotonic", "perf_counter", "uuid1", "uuid4", "uuid7", "random", "randint", "token_hex"}
)
"""What a decision may not call: the last part of the name."""

NAIVE: Final[dict[str, str]] = {
    "tests/kernel/legalclock/test_calendar.py": "proves that the clock refuses a naive instant",
    "tests/kernel/legalclock/moments.py": "hypothesis draws local instants and makes them aware at once",
}
"""Files that may make a naive datetime, each with the reason."""

TZINFO_PLACE: Final = 8
"""The place of `tzinfo` among the arguments of `datetime`."""

BINARY: Final = frozenset({".png", ".jpg", ".ico", ".gif", ".pdf", ".ttf", ".woff2", ".gz", ".zip", ".parquet"})
SKIPPED: Final = frozenset({"__pycache__", "node_modules"})


def clocks_and_dice(root: Path) -> list[str]:
    """Give the places where a decision asks a clock, or throws dice."""
    return [
        f"{source.path}:{call.lineno}: {name}(): a decision gets instants and ids in its command"
        for source in sources(root, "services/*/domain/**/*.py")
        for name, call in source.calls()
        if name.rsplit(".", 1)[-1] in CLOCKS_AND_DICE
    ]


def _naive_calls(source: Source) -> Iterator[tuple[int, str]]:
    for name, call in source.calls():
        last = name.rsplit(".", 1)[-1]
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        now = last == "now" and "datetime" in name and not call.args and "tz" not in keywords
        utc = last in {"utcnow", "utcfromtimestamp"} or name in {"date.today", "datetime.date.today", "datetime.today"}
        made = name in {"datetime", "datetime.datetime"} and len(call.args) < TZINFO_PLACE and "tzinfo" not in keywords
        dropped = (
            not source.path.startswith("tests/")
            and last == "replace"
            and isinstance(tz := keywords.get("tzinfo"), ast.Constant)
            and tz.value is None
        )
        if now or utc or made or dropped:
            yield call.lineno, ast.unparse(call)


def naive_instants(root: Path) -> list[str]:
    """Give the places where an instant, or a day, comes without its time zone."""
    return [
        f"{source.path}:{line}: {text[:60]}: say the time zone (UTC, or Asia/Ho_Chi_Minh for days of the law)"
        for source in all_sources(root)
        if source.path not in NAIVE
        for line, text in _naive_calls(source)
    ]


def text_files(root: Path) -> Iterator[Path]:
    """Give every text file, leaving out hidden folders and what tools leave behind."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix not in BINARY)


def not_composed(root: Path) -> list[str]:
    """Give the text files that are not UTF-8 in NFC: `ế` as one character, so that searching and hashing find it."""
    findings: list[str] = []
    for path in text_files(root):
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            findings.append(f"{name}: not UTF-8 (a binary file? add its suffix to BINARY)")
            continue
        findings += [
            f"{name}:{number}: not NFC: {line.strip()[:60]}"
            for number, line in enumerate(text.split("\n"), 1)
            if not unicodedata.is_normalized("NFC", line)
        ]
    return findings


def test_a_decision_asks_no_clock_and_throws_no_dice() -> None:
    findings = clocks_and_dice(ROOT)
    assert not findings, listed(findings)


def test_a_clock_in_a_decision_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "services/alpha/domain/dossier.py", "at = datetime.now(UTC)\nid = uuid.uuid4()\nstream = uuid5(NS, code)\n")
    assert [finding.split(": ")[0] for finding in clocks_and_dice(tmp_path)] == [
        "services/alpha/domain/dossier.py:1",
        "services/alpha/domain/dossier.py:2",
    ]


def test_every_instant_has_its_time_zone() -> None:
    findings = naive_instants(ROOT)
    assert not findings, listed(findings)


def test_naive_instants_would_be_found(tmp_path: Path) -> None:
    naive = ["datetime.now()", "datetime.utcnow()", "date.today()", "datetime(2019, 3, 4)", "at.replace(tzinfo=None)"]
    aware = [
        "datetime.now(UTC)",
        "datetime.now(tz=UTC)",
        "datetime(2019, 3, 4, tzinfo=UTC)",
        "at.replace(tzinfo=UTC)",
        "at.replace(hour=0)",
    ]
    plant(tmp_path, "kernel/instants.py", "\n".join(naive + aware))
    assert [finding.split(": ")[1] for finding in naive_instants(tmp_path)] == naive


def test_every_text_is_utf_8_in_nfc() -> None:
    findings = not_composed(ROOT)
    assert not findings, listed(findings)


def test_a_decomposed_text_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "docs/good.md", "Tiếp nhận\n")
    plant(tmp_path, "docs/bad.md", "một cửa\n" + unicodedata.normalize("NFD", "Tiếp nhận") + "\n")
    plant(tmp_path, "docs/other.md", "").joinpath("docs/other.md").write_bytes("Tiếp".encode("utf-16"))
    assert [finding.split(": ")[0] for finding in not_composed(tmp_path)] == ["docs/bad.md:2", "docs/other.md"]


def test_the_lists_of_exceptions_name_only_files_that_exist() -> None:
    assert [path for path in NAIVE if not (ROOT / path).is_file()] == []
