from __future__ import annotations

from pathlib import Path

from tests.architecture.source import ROOT, listed, plant
from tests.docs.pages import Page, below, drifted_excerpts, missing_paths, unknown_names


def test_every_excerpt_stands_in_its_file() -> None:
    findings = [finding for one in below(ROOT, "docs") for finding in drifted_excerpts(ROOT, one)]
    assert not findings, listed(findings)


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
    findings = [finding for one in below(ROOT, "docs") for finding in unknown_names(ROOT, one)]
    assert not findings, listed(findings)


def test_a_name_that_is_gone_would_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/a.py", "LIMIT = 1\n\nclass Log:\n    pos: int\n\n    def append(self): ...\n")
    plant(tmp_path, "kernel/a.sql", "CREATE TABLE log.head (pos bigint); -- log.secret\n")
    text = "`Log`, `Log.append`, `Log.pos`, `append()`, `LIMIT`, `log.head`, `kernel.a`, `word`; `Lug`, `Log.put`, `LIMITS`, `log.secret`"
    found = unknown_names(tmp_path, Page("docs/t.md", text))
    assert [finding.split(": ")[1] for finding in found] == ["Lug", "Log.put", "LIMITS", "log.secret"]
