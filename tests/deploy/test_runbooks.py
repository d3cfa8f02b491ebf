"""An alert that nobody has rehearsed is a page that nobody has tried: each has its runbook and a test that walks through it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT, listed
from tests.deploy.manifests import deployed, one

RUNBOOKS: Final = ROOT / "docs" / "runbooks"
ROW: Final = re.compile(r"^\| *(\w*) *\| \[[\w-]+\]\(([\w-]+\.md)\) \|[^|]+\|([^|]*)\|$", re.MULTILINE)
TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def alerts() -> dict[str, str]:
    """Give the page of each alert, as a cluster gets them."""
    groups = one(deployed("production"), "PrometheusRule", "motcua")["spec"]["groups"]
    return {rule["alert"]: Path(rule["annotations"]["runbook"]).name for group in groups for rule in group["rules"]}


def unrehearsed(table: str, rung: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Say which alerts nobody has rehearsed, and which rehearsals are not there."""
    rows = {alert: (page, tests) for alert, page, tests in ROW.findall(table)}
    findings = [f"{alert}: has no row" for alert in rung if alert not in rows]
    findings += [
        f"{alert}: rings for {rung.get(alert)}, the row says {rows[alert][0]}"
        for alert in rows
        if alert and rows[alert][0] != rung.get(alert)
    ]
    for alert, (page, said) in rows.items():
        tests = TEST.findall(said)
        findings += [] if tests else [f"{alert or page}: nobody rehearses it"]
        for file, name in tests:
            text = (root / file).read_text(encoding="utf-8") if (root / file).exists() else ""
            if not re.search(rf"^(async )?def {name}\(", text, re.MULTILINE):
                findings.append(f"{alert or page}: {file} has no {name}")
    return findings


def test_every_alert_is_rehearsed_by_a_test_that_is_there() -> None:
    findings = unrehearsed((RUNBOOKS / "README.md").read_text(encoding="utf-8"), alerts())
    assert not findings, listed(findings)


def test_every_page_stands_in_the_table() -> None:
    pages = {page for _, page, _ in ROW.findall((RUNBOOKS / "README.md").read_text(encoding="utf-8"))}
    assert pages == {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}


def test_what_nobody_rehearses_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_it() -> None: ...\n", encoding="utf-8")
    rung = {name: f"{name.lower()}.md" for name in ("Good", "Bare", "Gone", "Lost", "Else")}
    table = """
| Good | [good](good.md) | it | `tests/test_a.py::test_it` |
| Bare | [bare](bare.md) | it | a person, once |
| Gone | [gone](gone.md) | it | `tests/test_a.py::test_it_no_more` |
| Else | [good](good.md) | it | `tests/test_a.py::test_it` |
| Mute | [mute](mute.md) | it | `tests/test_a.py::test_it` |
"""
    assert sorted(unrehearsed(table, rung, tmp_path)) == [
        "Bare: nobody rehearses it",
        "Else: rings for else.md, the row says good.md",
        "Gone: tests/test_a.py has no test_it_no_more",
        "Lost: has no row",
        "Mute: rings for None, the row says mute.md",
    ]
