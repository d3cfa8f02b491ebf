from __future__ import annotations

import ast
import re
from datetime import datetime
from pathlib import Path
from typing import Final, get_args

from kernel.legalclock import Limit, LimitUnit, StartRule, day_of, deadline, explain, load_calendar, rule_pack_on
from tests.architecture.source import ROOT, listed, plant, sources
from tests.docs.pages import Page, page

TOUR: Final = "docs/tour.md"
STEPS: Final = 8

_HEADING: Final = re.compile(r"^## Step (\d), ([\w ]+): ", re.MULTILINE)
_OPENING: Final = re.compile(r"Step (\d) of (\d), ([\w ]+):")


def steps_told(of: Page) -> dict[int, str]:
    """Give the steps that a tour tells, with their names."""
    return {int(number): name for number, name in _HEADING.findall(of.text)}


def untold_modules(root: Path, of: Page) -> list[str]:
    """Give the modules whose docstring names a step that the tour does not tell, or by another name."""
    told = steps_told(of)
    findings: list[str] = []
    for source in sources(root, "kernel/**/*.py", "services/**/*.py"):
        opening = _OPENING.match(ast.get_docstring(source.tree) or "")
        if opening is None:
            continue
        number, steps, name = int(opening[1]), int(opening[2]), opening[3]
        if steps != STEPS or number not in told or told[number] not in name:
            findings.append(f"{source.path}: {opening[0]!r} is no step of the tour")
    return findings


def sections(of: Page) -> dict[int, str]:
    """Give the text of each step."""
    parts = re.split(r"^## ", of.text, flags=re.MULTILINE)
    return {int(part[5]): part for part in parts if part.startswith("Step ")}


def explained(about: str) -> str:
    """Give the explanation of the deadline that a fence names: `explain <start> <amount> <unit> <start rule>`."""
    _, start, amount, unit, rule = about.split()
    start_at = datetime.fromisoformat(start)
    [limit_unit] = [known for known in get_args(LimitUnit) if known == unit]
    [start_rule] = [known for known in get_args(StartRule) if known == rule]
    calendar = load_calendar().as_known_at(start_at)
    return explain(deadline(start_at, Limit(int(amount), limit_unit), start_rule, calendar, rule_pack_on(day_of(start_at))))


def test_the_tour_has_eight_steps_in_order() -> None:
    assert list(steps_told(page(ROOT, TOUR))) == list(range(1, STEPS + 1))


def test_every_step_shows_code_or_says_where_it_is() -> None:
    for number, text in sections(page(ROOT, TOUR)).items():
        assert re.search(r"^```(python|sql) \S+$", text, re.MULTILINE), f"step {number} shows no excerpt"


def test_every_module_with_a_step_is_of_a_step_that_the_tour_tells() -> None:
    findings = untold_modules(ROOT, page(ROOT, TOUR))
    assert not findings, listed(findings)


def test_a_module_of_an_untold_step_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/a.py", '"""Step 1 of 8, http_api: good."""')
    plant(tmp_path, "kernel/b.py", '"""Step 2 of 8, handle: not told."""')
    plant(tmp_path, "services/alpha/c.py", '"""Step 1 of 8, decide: by another name."""')
    plant(tmp_path, "services/alpha/d.py", '"""Before step 1: no step."""')
    of = Page(TOUR, "## Step 1, http_api: in\n")
    assert [finding.split(":")[0] for finding in untold_modules(tmp_path, of)] == ["kernel/b.py", "services/alpha/c.py"]


def test_the_deadline_is_explained_as_the_legal_clock_explains_it() -> None:
    told = [fence for fence in page(ROOT, TOUR).fences() if fence.about.startswith("explain ")]
    assert told, "the tour explains no deadline"
    for fence in told:
        assert fence.text.rstrip("\n") == explained(fence.about)
