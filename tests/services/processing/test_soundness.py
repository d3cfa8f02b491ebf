"""A workflow that is not sound is refused when it is read, with the file, the line and the reason; and guards say why they are false."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.processing import Step
from services.processing.domain.guard import IN_VIETNAMESE, KINDS, Unreadable, can_hold, holds, parse, why_false
from services.processing.domain.soundness import longest_path
from services.processing.domain.workflow import beyond, ready
from services.processing.on_file import Misread
from services.processing.settings import HERE
from services.processing.workflows import load_workflows
from tests.services.processing.dossiers import ORGANISATION

TEMPLATE: Final = "standard-15-days.yaml"
FIVE: Final = "    hours: 8\n    returns_to: [B3, B4]\n"
"""How B5, the step in which the director signs, ends in the template."""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return shutil.copytree(HERE / "workflows", tmp_path / "workflows")


def after(step: str, *others: str) -> tuple[str, str]:
    """Let a step come after others."""
    return f"  - code: {step}\n", f"  - code: {step}\n    after: [{', '.join(others)}]\n"


def guarded(step: str, guard: str) -> tuple[str, str]:
    """Let a step have a guard."""
    return f"  - code: {step}\n", f"  - code: {step}\n    requires: {guard}\n"


BROKEN: Final = {
    "a step after one that does not exist": ([after("B4", "B3", "B9")], 32, "B4 is never reached: it comes after B9, which is no step"),
    "an endless loop": ([after("B3", "B2", "B4")], 26, "B3 is never reached: it comes after itself, round an endless loop"),
    "a step that leads nowhere": ([after("B4", "B2")], 25, "B3 leads nowhere: B6, the last step, does not come after it"),
    "a decision beside a step that is open": (
        [after("B5", "B3"), after("B6", "B4", "B5")],
        31,
        "the clock is not stopped for B4: B5, the decision, can be signed while it is still open",
    ),
    "a limit that nobody ends": (
        [("role: giam-doc", "role: truong-phong"), ("ban-giam-doc", "responsible-unit")],
        5,
        "the clock is never stopped: no step is one of giam-doc, who signs",
    ),
    "hours over the limit": (
        [("hours: 92", "hours: 100"), ("hours: 120", "hours: 128")],
        5,
        "the steps take 128 hours, and the limit is 120",
    ),
    "hours that do not add up": ([("hours: 92", "hours: 91")], 8, "the longest path takes 119 hours, not 120"),
    "a role that nobody has heard of": ([("role: chuyen-vien", "role: chuyen-gia")], 29, "B3: there is no role chuyen-gia"),
    "a unit that does not exist": ([("unit: ban-giam-doc", "unit: ban-chu-tich")], 41, "B5: there is no unit ban-chu-tich"),
    "a role that the unit has not": ([("role: van-thu", "role: ke-toan")], 49, "B6: nobody in van-thu does the steps of ke-toan"),
    "a return to a later step": ([(FIVE, FIVE.replace("B4", "B6"))], 44, "B5 cannot return to B6: that is no earlier step"),
    "a guard over an unknown fact": ([guarded("B4", "weather = good")], 32, "B4: there is no fact 'weather'"),
    "a guard that compares a number with a word": (
        [guarded("B4", "supplements = granted")],
        32,
        "B4: supplements is a number, 'granted' is none",
    ),
    "a guard that can never be true": (
        [guarded("B4", "verdict = granted")],
        32,
        "B4 can never be completed: 'verdict = granted' does not become true there",
    ),
    "a guard that a refusal can never pass": ([guarded("B6", "verdict = granted")], 46, "B6 can never be completed"),
    "an unknown partner": (
        [("role: chuyen-vien\n", "role: chuyen-vien\n    consults: [bo-cong-an]\n")],
        30,
        "B3: there is no partner bo-cong-an",
    ),
    "a partner that may take longer than the step": (
        [("role: van-thu\n", "role: van-thu\n    consults: [cong-an-tinh]\n")],
        50,
        "B6 has 4 hours, and cong-an-tinh may take 5 days to answer",
    ),
    "steps out of order": ([("code: B4", "code: B3")], 31, "the steps are numbered B1, B2, … in order, so this one is B4, not B3"),
    "a misspelt key": ([("steps:", "stpes:")], 12, "stpes: Extra inputs are not permitted"),
    "no hours at all": ([("    hours: 92\n", "")], 25, "steps.2.hours: Field required"),
    "negative hours": ([("hours: 92", "hours: -1")], 30, "steps.2.hours: Input should be greater than or equal to 0"),
    "no YAML": ([("steps:", "steps: [")], 13, "expected the node content"),
}  # fmt: skip
"""What is wrong: how the file is changed, the line that is named, and the reason."""


@pytest.mark.parametrize("what", BROKEN)
def test_a_workflow_that_is_not_sound_is_refused_with_its_line_and_the_reason(copied: Path, what: str) -> None:
    changes, line, reason = BROKEN[what]
    file = copied / "templates" / TEMPLATE
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Misread) as refused:
        load_workflows(copied, ORGANISATION)
    assert any(found.startswith(f"{TEMPLATE}:{line}: {reason}") for found in str(refused.value).splitlines()), refused.value


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("standard-12-days", "standard-99-days", "assignments.yaml:5: 1.002758 follows standard-99-days, which is no template"),
        ("{procedure: '2.000073'", "{procedure: '1.002758'", "assignments.yaml:6: 1.002758 has two workflows"),
        ("{procedure: '1.002758'", "{procedure: '4.1'", "assignments.yaml:5: assignments.0.procedure: String should match pattern"),
        ("unit: phong-ky-thuat-an-toan-moi-truong}", "unti: x}", "assignments.yaml:5: assignments.0.unti: Extra inputs are not permitted"),
        (
            "phong-ky-thuat-an-toan-moi-truong",
            "van-thu",
            "assignments.yaml:5: 1.002758: B2: nobody in van-thu does the steps of truong-phong",
        ),
        ("phong-ky-thuat-an-toan-moi-truong", "phong-tro", "assignments.yaml:5: 1.002758: B2: there is no unit phong-tro"),
        ("assignments:", "assignment:", "assignments.yaml:2: assignments: Field required"),
    ],
)
def test_a_wrong_assignment_is_refused_with_its_line_and_the_reason(copied: Path, old: str, new: str, message: str) -> None:
    file = copied / "assignments.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misread, match=re.escape(message)):
        load_workflows(copied, ORGANISATION)


def test_an_internal_procedure_without_a_unit_is_refused(copied: Path) -> None:
    file = copied / "internal" / "NB-SCT-01.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("unit: van-phong\n", "", 1), encoding="utf-8")
    with pytest.raises(Misread, match=r"NB-SCT-01\.yaml:2: an internal procedure names the unit"):
        load_workflows(copied, ORGANISATION)


# The order of the steps. -------------------------------------------------------------------------------------------------


def step(code: str, hours: int, *before: str) -> Step:
    return Step(code=code, name=code, unit="u", role="r", hours=hours, after=before)


DIAMOND: Final = (step("B1", 1), step("B2", 10, "B1"), step("B3", 20, "B1"), step("B4", 2, "B2", "B3"))


def test_two_steps_after_the_same_one_run_beside_each_other_and_the_next_waits_for_both() -> None:
    def open_after(*done: str) -> list[str]:
        return [one.code for one in ready(DIAMOND, done)]

    assert open_after() == ["B1"]
    assert open_after("B1") == ["B2", "B3"]
    assert open_after("B1", "B3") == ["B2"]
    assert open_after("B1", "B2", "B3") == ["B4"]
    assert open_after("B1", "B2", "B3", "B4") == []


def test_of_two_branches_the_slower_one_counts() -> None:
    assert longest_path(DIAMOND) == 1 + 20 + 2


def test_what_comes_after_a_step_comes_after_it_by_whatever_way() -> None:
    assert beyond(DIAMOND, "B1") == {"B2", "B3", "B4"}
    assert beyond(DIAMOND, "B3") == {"B4"}


# Guards. -----------------------------------------------------------------------------------------------------------------

FACTS: Final[dict[str, int | str]] = {
    "supplements": 2,
    "consultations": 1,
    "open-consultations": 1,
    "late-consultations": 0,
    "reappointed": "no",
    "opinions-against": 0,
    "site-finding": "meets",
    "council-finding": "none",
    "channel": "online",
    "verdict": "pending",
}


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("supplements = 2", True),
        ("supplements < 2", False),
        ("supplements >= 2 and verdict = pending", True),
        ("supplements > 2 or verdict != granted", True),
        ("supplements > 2 or verdict = granted and supplements = 2", False),
        ("(supplements > 2 or verdict = pending) and reappointed = yes", False),
    ],
)
def test_a_guard_is_true_or_false(text: str, *, true: bool) -> None:
    assert holds(parse(text), FACTS) is true
    assert bool(why_false(parse(text), FACTS)) is not true


def test_a_guard_says_in_both_languages_what_keeps_it_from_being_true() -> None:
    assert why_false(parse("open-consultations = 0 and supplements <= 2 and reappointed = yes"), FACTS) == [
        ("số ý kiến chưa trả lời là 1, phải = 0", "open-consultations is 1, and must be = 0"),
        ("đã xin lỗi và hẹn lại là no, phải = yes", "reappointed is no, and must be = yes"),
    ]
    assert KINDS.keys() == IN_VIETNAMESE.keys() == FACTS.keys()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not compare"),
        ("supplements", "does not compare"),
        ("supplements = 1 1", "stands where the guard should end"),
        ("(supplements = 1", "a bracket is not closed"),
        ("supplements = 1 and", "does not compare"),
        ("verdict < granted", "says something else"),
        ("verdict = maybe", "says something else"),
        ("verdict = 1", "says something else"),
        ("__import__('os')", "is nothing that a guard is made of"),
        ("Supplements = 1", "is nothing that a guard is made of"),
    ],
)
def test_a_text_that_is_no_guard_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse(text)


def comparisons() -> st.SearchStrategy[str]:
    numbers = [name for name, kind in KINDS.items() if kind == "number"]
    of_numbers = st.tuples(st.sampled_from(numbers), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.integers(0, 3))
    of_words = st.sampled_from([(n, s, w) for n, k in KINDS.items() if k != "number" for s in ("=", "!=") for w in sorted(k)])
    return st.one_of(of_numbers, of_words).map(lambda part: " ".join(map(str, part)))


def guards() -> st.SearchStrategy[str]:
    def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(st.sampled_from([" and ", " or "]), st.lists(parts, min_size=2, max_size=3)).map(lambda p: f"({p[0].join(p[1])})")

    return st.recursive(comparisons(), joined, max_leaves=5)


def facts() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({n: st.integers(0, 5) if k == "number" else st.sampled_from(sorted(k)) for n, k in KINDS.items()})


@given(text=guards(), facts=facts())
def test_a_guard_that_is_true_somewhere_can_hold_and_python_agrees_on_where(text: str, facts: dict[str, Any]) -> None:
    said = re.sub(r"[a-z-]{4,}", lambda word: f"F[{word[0]!r}]" if word[0] in KINDS else repr(word[0]), text)
    said = re.sub(r"\b(yes|no)\b", r"'\1'", re.sub(r" = ", " == ", said))
    true = bool(eval(said, {"F": facts}))  # noqa: S307 - made by this test
    assert holds(parse(text), facts) is true
    assert bool(why_false(parse(text), facts)) is not true
    assert not true or can_hold(parse(text), {})
