"""A stranger's fold: it runs over the facts and reaches nothing else; a runaway one is stopped and told why; two are compared."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

import pytest
from pydantic import BaseModel

from deploy.local.bundle import Writer
from deploy.local.fold import compare
from deploy.local.fold_facts import SOURCES, Told, ends_of_bundle, merged, of_bundle
from deploy.local.fold_run import ROWS_MAX, Limits, Run, Stopped, run
from deploy.local.processes import ROOT
from kernel.eventlog import History, Meta, Slice
from kernel.eventlog.event import rows_of
from tests.local.asking import motcua

MONDAY: Final = datetime(2026, 3, 2, 1, tzinfo=UTC)
CASES: Final = 3
QUICK: Final = Limits(cpu_seconds=2, wall_seconds=20, memory_mb=256)
COUNTS: Final = """
NAME, KEY, FACTS = "count-by-type", ("type",), ("processing.", "intake.")
def fold(state, event):
    state[event["type"]] = state.get(event["type"], 0) + 1
def rows(state):
    return [{"type": one, "n": n} for one, n in state.items()]
"""


class Opened(BaseModel):
    TYPE: ClassVar[str] = "processing.case.opened.v1"
    case_id: UUID
    unit: str


class Completed(BaseModel):
    TYPE: ClassVar[str] = "processing.case.step-completed.v1"
    case_id: UUID
    next_unit: str | None


class Submitted(BaseModel):
    TYPE: ClassVar[str] = "intake.dossier.submitted.v1"
    dossier_id: UUID


def written(folder: Path) -> Path:
    """Export the facts of three cases: one day with the first office, then two, three, four with the second."""
    text = io.StringIO()
    writer, pos = Writer(text), 0
    for n in range(CASES):
        case, history = UUID(int=n + 1), History(UUID(int=n + 1))
        facts = [(Opened(case_id=case, unit="van-phong"), 0), (Completed(case_id=case, next_unit="phong-hoa-chat"), 1)]
        for fact, day in [*facts, (Completed(case_id=case, next_unit=None), 3 + n)]:
            at = MONDAY + timedelta(days=day)
            [row] = rows_of("processing", Slice(history, "H09.13", [fact]), Meta(f"c{n}-{day}", "officer-7", at), at, first=0)
            history = History(case, row.version, 0, row.hash)
            pos += 1
            writer.event("processing", pos, row.body)
    at, dossier = MONDAY + timedelta(hours=12), UUID(int=9)
    [row] = rows_of("intake", Slice(History(dossier), "H09.13", [Submitted(dossier_id=dossier)]), Meta("s", "portal", at), at, first=0)
    writer.event("intake", 1, row.body)
    file = folder / "facts.jsonl"
    file.write_text(text.getvalue(), encoding="utf-8")
    return file


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """An exported file."""
    return written(tmp_path)


def over(bundle: Path, source: str, limits: Limits = QUICK, upto: dict[str, int] | None = None) -> Run:
    """Run a fold over an exported file."""
    ends = upto or ends_of_bundle(bundle)

    def read() -> AsyncGenerator[Told]:
        return merged([of_bundle(bundle, one, ends.get(one, 0)) for one in SOURCES])

    return asyncio.run(run(source, ends, read, limits))


def whole(body: str = "pass", rows: str = "return []", top: str = "") -> str:
    """Write a fold."""
    return (
        f'NAME, KEY, FACTS = "a-fold", ("k",), ("processing.",)\n{top}\ndef fold(state, event):\n    {body}\ndef rows(state):\n    {rows}\n'
    )


def test_the_fold_of_the_docs_gives_the_dwell_by_office(bundle: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "folds.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python [^\n]*\n(.*?)```", page, re.DOTALL)
    found = over(bundle, source)
    assert (found.name, found.facts, found.positions) == ("dwell-by-office", 9, {"processing": 9, "intake": 1})
    assert found.rows == (
        {"office": "phong-hoa-chat", "steps": 3, "mean_days": 3.0},
        {"office": "van-phong", "steps": 3, "mean_days": 1.0},
    )
    # As a stranger would: with the command, on the file.
    file = tmp_path / "dwell.py"
    file.write_text(source, encoding="utf-8")
    told = motcua("fold", "run", file, "--bundle", bundle, "--json")
    assert json.loads(told.stdout)["rows"] == list(found.rows)
    shown = motcua("fold", "run", file, "--bundle", bundle)
    assert shown.stdout.splitlines()[0].split() == ["office", "steps", "mean_days"]
    assert "9 facts up to processing/9, intake/1" in shown.stderr


def test_facts_of_several_services_come_in_the_order_in_which_they_were_recorded(bundle: Path) -> None:
    order = over(
        bundle,
        'NAME, KEY, FACTS = "order", ("n",), ("processing.", "intake.")\n'
        'def fold(state, event):\n    state.setdefault("seen", []).append(event["position"])\n'
        'def rows(state):\n    return [{"n": f"{n:02}", "at": at} for n, at in enumerate(state["seen"])]\n',
    )
    assert [row["at"] for row in order.rows][:3] == ["processing/1", "intake/1", "processing/2"]
    # Those of one service come in the order of its log, whatever the clocks said.
    assert [row["at"] for row in order.rows if "processing" in str(row["at"])] == [f"processing/{n}" for n in range(1, 10)]


def test_up_to_a_position_there_is_nothing_of_what_came_later(bundle: Path) -> None:
    assert over(bundle, COUNTS, upto={"processing": 4}).rows == (
        {"type": "processing.case.opened.v1", "n": 2},
        {"type": "processing.case.step-completed.v1", "n": 2},
    )


def test_two_folds_are_compared_row_by_row(bundle: Path, tmp_path: Path) -> None:
    other = COUNTS.replace("return [", 'return [{"type": "more", "n": 1}] + [').replace(
        "+ 1\n", '+ (2 if "opened" in event["type"] else 1)\n'
    )
    found = compare(over(bundle, COUNTS), over(bundle, other))
    assert (found.count, found.only_second) == (2, [{"type": "more", "n": 1}])
    assert found.changed == [({"type": "processing.case.opened.v1", "n": 3}, {"type": "processing.case.opened.v1", "n": 6})]
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text(COUNTS, encoding="utf-8")
    second.write_text(other, encoding="utf-8")
    told = motcua("fold", "compare", second, "--with", first, "--bundle", bundle)
    assert told.returncode == 1
    assert '+ {"type": "more", "n": 1}' in told.stdout
    assert "2 rows differ of 3 and 4" in told.stderr
    assert motcua("fold", "compare", first, "--with", first, "--bundle", bundle).returncode == 0


RUNAWAY: Final[dict[str, tuple[str, str]]] = {
    "for ever": (whole("while True: pass"), "stopped: it used more than 2 seconds of processor"),
    "for ever, at its beginning": (whole(top="while True: pass"), "stopped: it used more than 2 seconds of processor"),
    "asleep": (whole("import time; time.sleep(3600)"), "stopped: it took more than 4 seconds"),
    "memory": (whole('state.setdefault("all", []).append("x" * 100_000_000)'), "stopped: it needed more than 256 MB of memory"),
    "rows": (whole(rows='return ({"k": n} for n in range(10**9))'), f"stopped: it gave more than {ROWS_MAX} rows"),
    "a long row": (whole(rows='yield {"k": "x" * 1_000_000}'), "stopped: a row had more than 64 kB"),
    "a fault": (whole('state["missing"] += 1'), "it failed: line 4: state[\"missing\"] += 1; KeyError: 'missing'"),
    "no python": ("def fold(:\n", "it failed: line 1: def fold(:; SyntaxError: invalid syntax"),
    "nothing": ("x = 1\n", "a fold has NAME, KEY, FACTS, fold and rows; NAME, KEY, FACTS, fold, rows is missing"),
    "leaves": (whole("import os; os._exit(0)"), "it ended with code 0 and said nothing"),
    "twice a key": (whole(rows='return [{"k": 1}, {"k": 1}]'), "two rows have the key 1"),
    "other columns": (whole(rows='return [{"k": 1, "n": 2}, {"k": 2}]'), "every row has the same columns: k, n; not k"),
    "a list": (whole(rows='return [{"k": [1]}]'), "k is no number, no short text and not None: [1]"),
    "a bad name": (whole(top='NAME = "../../etc"'), "NAME is 3 to 60 small letters, digits and hyphens, beginning with a letter"),
    "not a number": (whole(rows='return [{"k": float("nan")}]'), "Out of range float values are not JSON compliant"),
}


@pytest.mark.parametrize("why", RUNAWAY)
def test_a_runaway_fold_is_stopped_and_told_why(bundle: Path, why: str) -> None:
    source, message = RUNAWAY[why]
    with pytest.raises(Stopped) as stopped:
        over(bundle, source, Limits(cpu_seconds=2, wall_seconds=4 if why == "asleep" else 60, memory_mb=256))
    assert message in str(stopped.value)


def test_the_command_says_it_and_ends_otherwise_than_well(bundle: Path, tmp_path: Path) -> None:
    file = tmp_path / "for_ever.py"
    file.write_text(whole("while True: pass"), encoding="utf-8")
    told = motcua("fold", "run", file, "--bundle", bundle, "--cpu-seconds", "1")
    assert (told.returncode, told.stdout) == (4, "")
    assert told.stderr.strip() == "stopped: it used more than 1 seconds of processor"


OUTSIDE: Final = {
    "a file": "open('/etc/passwd').read()",
    "a file by number": "__import__('os').open('/etc/passwd', 0)",
    "what a folder holds": "__import__('os').listdir('/')",
    "a file to write": "open('out', 'w')",
    "the parent's memory": "open(f'/proc/{__import__(\"os\").getppid()}/environ').read()",
    "the network": "__import__('_socket').socket()",
    "the network, by the kernel": "force(41, 2, 1, 0)",
    "a program": "__import__('os').execv('/bin/sh', ['sh'])",
    "a process": "__import__('os').fork()",
    "another process": "__import__('os').kill(__import__('os').getppid(), 15)",
    "more time": "__import__('resource').setrlimit(0, (10**6, 10**6))",
    "another library": "__import__('sqlite3')",
    "its walls": "force(157, 22, 0, 0)",
}
FORCE: Final = """
import ctypes
def force(*call):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(*call) < 0:
        raise OSError(ctypes.get_errno(), "refused")
"""


@pytest.mark.parametrize("what", OUTSIDE)
def test_a_fold_reaches_nothing_but_its_facts(bundle: Path, what: str) -> None:
    top = FORCE if "force" in OUTSIDE[what] else ""
    with pytest.raises(Stopped, match=r"it failed: .*(PermissionError|ModuleNotFoundError|ImportError|OSError|ValueError)"):
        over(bundle, whole(OUTSIDE[what], top=top))
    with pytest.raises(Stopped, match=r"it failed: "):
        over(bundle, whole(top=f"{top}\n{OUTSIDE[what]}"))


def test_a_fold_sees_nothing_of_who_runs_it(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_SECRET", "known to nobody")
    found = over(bundle, whole(rows='import os; return [{"k": ",".join(sorted(os.environ))}]'))
    assert {*str(found.rows[0]["k"]).split(",")} - {"LC_CTYPE"} == {"PYTHONHASHSEED", "PYTHONUTF8"}


def test_what_a_fold_prints_is_nobodys_row_and_the_same_facts_give_the_same_rows(bundle: Path) -> None:
    source = whole('print("x"); state.setdefault("s", set()).add(event["id"])', 'print("y"); return [{"k": one} for one in state["s"]]')
    first, second = over(bundle, source), over(bundle, source)
    assert len(first.rows) == 9
    assert first.rows_hash == second.rows_hash


def test_what_a_fold_may_import_it_can(bundle: Path) -> None:
    names = (
        "bisect collections dataclasses datetime decimal enum fractions functools heapq itertools json math operator re statistics string"
    )
    top = "\n".join(f"import {name}" for name in names.split()) + "\nfrom collections.abc import Mapping\nfrom typing import Any"
    body = 'datetime.datetime.strptime("2026-03-02", "%Y-%m-%d"); statistics.median([1, 2]); re.sub("a", "b", "a")'
    assert over(bundle, whole(body, top=top)).rows == ()


def rows_of_nothing() -> Any:
    """A run that gave nothing."""
    return Run("nothing", ("k",), "", {}, 0, ())


def test_of_nothing_every_row_is_new(bundle: Path) -> None:
    found = compare(rows_of_nothing(), over(bundle, COUNTS))
    assert (len(found.only_second), found.count) == (3, 3)
