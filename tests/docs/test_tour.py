from __future__ import annotations

import ast
import re
from datetime import datetime
from pathlib import Path
from typing import Final, get_args

from kernel.legalclock import Limit, LimitUnit, StartRule, day_of, deadline, explain, load_calendar, rule_pack_on
from tests.architecture.source import ROOT, listed, plant, sources
from tests.docs.pages import Page, below, drifted_excerpts, missing_paths, page, unknown_names

TOUR: Final = "docs/tour.md"
STEPS: Final = 8

_HEADING: Final = re.compile(r"^## Step (\d), ([\w ]+): ", re.MULTILINE)
_OPENING: Final = re.compile(r"Step (\d) of (\d), ([\w ]+):")

EXCUSED: Final = frozenset({"C.UTF-8", "Idempotency-Key"})
"""Names of other people's that pages may cite."""


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


def test_every_excerpt_stands_in_its_file() -> None:
    findings = [finding for one in below(ROOT, "docs") for finding in drifted_excerpts(ROOT, one)]
    assert not findings, listed(findings)


def test_every_step_shows_code_or_says_where_it_is() -> None:
    for number, text in sections(page(ROOT, TOUR)).items():
        assert re.search(r"^```(python|sql) \S+$", text, re.MULTILINE), f"step {number} shows no excerpt"


def test_an_excerpt_that_drifted_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/a.py", "class A:\n    def f(self) -> int:\n        return 1\n")
    text = "```python kernel/a.py\ndef f(self) -> int:\n    return {}\n```\n\n```python kernel/gone.py\nx\n```\n"
    assert drifted_excerpts(tmp_path, Page("docs/t.md", text.format(1))) == ["docs/t.md:6: kernel/gone.py: no such file"]
    assert "docs/t.md:1: the excerpt does not stand in kernel/a.py: copy it anew" in drifted_excerpts(
        tmp_path, Page("docs/t.md", text.format(2))
    )


def test_every_file_that_a_page_of_docs_names_exists() -> None:
    findings = [finding for one in below(ROOT, "docs") for finding in missing_paths(ROOT, one)]
    assert not findings, listed(findings)


def test_a_file_that_is_gone_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/a.py", "")
    plant(tmp_path, "kernel/b.py", "")
    of = Page("docs/t.md", "`kernel/a.py` and `b.py`, not `c.py`; `post` is no file\n`kernel/`, `lost/`\n")
    assert missing_paths(tmp_path, of) == ["docs/t.md:1: c.py: no such file", "docs/t.md:2: lost/: no such file"]


def test_every_code_name_that_a_page_of_docs_cites_exists() -> None:
    findings = [finding for one in below(ROOT, "docs") for finding in unknown_names(ROOT, one, EXCUSED)]
    assert not findings, listed(findings)


def test_a_name_that_is_gone_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/a.py", "LIMIT = 1\n\nclass Log:\n    pos: int\n\n    def append(self): ...\n")
    plant(tmp_path, "kernel/a.sql", "CREATE TABLE log.head (pos bigint); -- log.secret\n")
    text = "`Log`, `Log.append`, `Log.pos`, `append()`, `LIMIT`, `log.head`, `kernel.a`, `word`; `Lug`, `Log.put`, `LIMITS`, `log.secret`"
    found = unknown_names(tmp_path, Page("docs/t.md", text))
    assert [finding.split(": ")[1] for finding in found] == ["Lug", "Log.put", "LIMITS", "log.secret"]


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
