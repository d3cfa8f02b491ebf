"""Step 3 of 8, decide: where the real way of a case left the published internal procedure that the case was pinned to.

Deviations are found from the facts alone, by another program than the one that let them happen: processing refuses most of them, and what
it recorded is checked here once more (TT 01/2018/TT-VPCP, Điều 8; TCVN ISO 9001:2015, 9.1). A step that its workflow lets be left out
(`when`) may be skipped by a fact that says so; whether its condition was true is not judged again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from kernel.legalclock import day_of
from services.reporting.domain.staff import Staff
from services.reporting.domain.walk import Steps, Turn, before_each, signing_step

Kind: TypeAlias = Literal[
    "step-not-in-workflow",
    "step-left-out",
    "out-of-order",
    "skipped-without-condition",
    "done-twice",
    "role-not-allowed",
    "record-missing",
    "partner-not-asked",
    "decided-too-early",
    "decided-before-council",
    "signed-by-another-role",
    "issued-without-decision",
    "returned-where-not-allowed",
    "passed-without-timer",
    "worked-while-paused",
    "after-the-end",
    "workflow-unknown",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

IN_WORDS: Final[Mapping[Kind, tuple[str, str]]] = {
    "step-not-in-workflow": ("Bước không có trong quy trình đã ban hành", "The step is not in the published workflow"),
    "step-left-out": ("Bỏ qua bước bắt buộc", "A step that must be done was left out"),
    "out-of-order": ("Làm trước bước phải làm trước", "Done before a step that comes before it"),
    "skipped-without-condition": ("Bỏ qua bước không có điều kiện bỏ qua", "Skipped, though the workflow lets nobody skip it so"),
    "done-twice": ("Làm hai lần, không trả lại", "Done twice, though nobody sent it back"),
    "role-not-allowed": ("Người làm không giữ vị trí được giao", "Done by somebody who does not hold the post"),
    "record-missing": ("Thiếu biên bản", "Its record is missing"),
    "partner-not-asked": ("Chưa lấy ý kiến cơ quan phối hợp", "An agency that must be asked was not"),
    "decided-too-early": ("Quyết định khi bước trước chưa xong", "Decided while a step before it was not done"),
    "decided-before-council": ("Quyết định trước khi hội đồng họp", "Decided before the council met"),
    "signed-by-another-role": ("Người ký không có thẩm quyền", "Signed by somebody who may not sign"),
    "issued-without-decision": ("Phát hành khi chưa có quyết định", "Issued without a decision"),
    "returned-where-not-allowed": (
        "Trả lại bước mà quy trình không cho trả",
        "Sent back to a step that nothing is sent back to",
    ),
    "passed-without-timer": ("Tự qua bước không có thời hạn im lặng", "Passed by itself, though silence is no consent there"),
    "worked-while-paused": ("Làm khi thời hạn đang tạm dừng", "Worked on while the clock stood still"),
    "after-the-end": ("Làm sau khi hồ sơ đã kết thúc", "Worked on after the case had ended"),
    "workflow-unknown": ("Không có quy trình đã ban hành", "No workflow was published under this hash"),
}
"""What each deviation is called."""

BY_ITSELF: Final = "system:timer"
ENDINGS: Final = frozenset({"issued", "stopped"})
DEFINITION_HASH: Final = hashlib.sha256(
    b"\0".join((Path(__file__).parent / name).read_bytes() for name in ("conformance.py", "staff.py", "walk.py"))
).hexdigest()


@dataclass(frozen=True, slots=True)
class Deviation:
    """What was not as the workflow says, in which step, by which fact (its position in processing's log), beside which other step."""

    pos: int
    kind: Kind
    step: str
    at: datetime
    beside: str | None = None


@dataclass(slots=True)
class _Walk:
    """One case while it is walked again."""

    steps: Steps
    procedure: str | None
    staff: Staff
    done: set[str] = field(default_factory=set[str])
    skipped: set[str] = field(default_factory=set[str])
    records: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    asked: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    passing: set[str] = field(default_factory=set[str])
    early: list[tuple[Turn, str, str]] = field(default_factory=list[tuple[Turn, str, str]])
    """A turn, its step, and the step that should have been done before it: which of the two is amiss is known when all is told."""
    ever: set[str] = field(default_factory=set[str])
    known_missing: set[str] = field(default_factory=set[str])
    decided: bool = False
    paused: bool = False
    ended: Turn | None = None
    issued: Turn | None = None
    found: list[Deviation] = field(default_factory=list[Deviation])

    @property
    def passed(self) -> set[str]:
        return self.done | self.skipped

    def amiss(self, kind: Kind, turn: Turn, step: str, beside: str | None = None) -> None:
        self.found.append(Deviation(turn.pos, kind, step, turn.at, beside))


def deviations(turns: Iterable[Turn], workflows: Mapping[str, tuple[str, Steps]], staff: Staff) -> list[Deviation]:
    """Give where one case left its workflow, in the order of the facts.

    Args:
        turns: all of the case's, in the order of their positions.
        workflows: procedure and steps by content hash, of all that were ever published.
        staff: who might do what, when.
    """
    walk = _Walk((), None, staff)
    for turn in turns:
        if turn.what in {"opened", "moved"}:
            if (known := workflows.get(turn.word or "")) is None:
                walk.amiss("workflow-unknown", turn, turn.step or "")
                return walk.found
            walk.procedure, walk.steps = known
            continue
        _go(walk, turn)
    return _settled(walk)


def _go(walk: _Walk, turn: Turn) -> None:
    if walk.ended is not None and turn.what in {"claimed", "completed", "decided", "issued"} and not _belongs_to_issue(walk, turn):
        walk.amiss("after-the-end", turn, turn.step or "")
        return
    if walk.paused and turn.what in {"claimed", "completed", "decided", "issued"}:
        walk.amiss("worked-while-paused", turn, turn.step or signing_step(walk.steps))
    match turn.what:
        case "completed":
            _completed(walk, turn)
        case "claimed" | "assigned" | "recorded" | "asked":
            if _is_known(walk, turn):
                _role(walk, turn)
            if turn.what == "recorded":
                walk.records.add((turn.step or "", turn.word or ""))
            if turn.what == "asked":
                walk.asked.add((turn.step or "", turn.word or ""))
        case "skipped":
            _skipped(walk, turn)
        case "reopened":
            _reopened(walk, turn)
        case "passed":
            walk.passing.add(turn.step or "")
        case "paused" | "resumed":
            walk.paused = turn.what == "paused"
        case "decided":
            _decided(walk, turn)
        case "issued":
            walk.ended = walk.issued = turn
            if not walk.decided:
                walk.amiss("issued-without-decision", turn, walk.steps[-1].code)
        case "stopped":
            walk.ended = turn
        case _:
            pass


def _belongs_to_issue(walk: _Walk, turn: Turn) -> bool:
    """Tell whether a turn is the completion that came in one commit with the issue of the result."""
    return walk.ended is not None and walk.ended.what == "issued" and turn.what == "completed" and turn.at == walk.ended.at


def _is_known(walk: _Walk, turn: Turn) -> bool:
    if any(step.code == turn.step for step in walk.steps):
        return True
    if turn.step not in walk.known_missing:
        walk.known_missing.add(turn.step or "")
        walk.amiss("step-not-in-workflow", turn, turn.step or "")
    return False


def _role(walk: _Walk, turn: Turn) -> None:
    step = next(step for step in walk.steps if step.code == turn.step)
    if turn.officer is None or turn.officer == BY_ITSELF:
        return
    told = any(one.kind == "role-not-allowed" and one.step == step.code for one in walk.found)
    allowed = walk.staff.may_sign if step.code == signing_step(walk.steps) else walk.staff.may_do
    if not told and not allowed(turn.officer, step, walk.procedure, day_of(turn.at)):
        walk.amiss("role-not-allowed", turn, step.code)


def _completed(walk: _Walk, turn: Turn) -> None:
    code = turn.step or ""
    if not _is_known(walk, turn):
        return
    if code in walk.done:
        walk.amiss("done-twice", turn, code)
        return
    step = next(one for one in walk.steps if one.code == code)
    signs = code == signing_step(walk.steps)
    if not (signs and walk.decided):  # the decision has told what was missing before it, and who signed
        walk.early += [(turn, code, one) for one in before_each(walk.steps)[code] if one not in walk.passed]
        _role(walk, turn)
    if turn.officer == BY_ITSELF and (step.passes_after is None or code not in walk.passing):
        walk.amiss("passed-without-timer", turn, code)
    if step.record is not None and (code, step.record.kind) not in walk.records and turn.officer != BY_ITSELF:
        walk.amiss("record-missing", turn, code)
    for partner in step.consults:
        if (code, partner) not in walk.asked and not any(one == partner for _, one in walk.asked):
            walk.amiss("partner-not-asked", turn, code, partner)
    walk.done.add(code)
    walk.ever.add(code)


def _skipped(walk: _Walk, turn: Turn) -> None:
    if not _is_known(walk, turn):
        return
    step = next(one for one in walk.steps if one.code == turn.step)
    if step.when is None or step.when != turn.word:
        walk.amiss("skipped-without-condition", turn, step.code)
    walk.skipped.add(step.code)
    walk.ever.add(step.code)


def _reopened(walk: _Walk, turn: Turn) -> None:
    again = {turn.step or "", *turn.undone}
    if _is_known(walk, turn) and turn.word == "returned" and not any(turn.step in step.returns_to for step in walk.steps):
        walk.amiss("returned-where-not-allowed", turn, turn.step or "")
    walk.done -= again
    walk.skipped -= again
    walk.records = {one for one in walk.records if one[0] not in again}


def _decided(walk: _Walk, turn: Turn) -> None:
    signing = next(step for step in walk.steps if step.code == signing_step(walk.steps))
    council = [
        step.code
        for step in walk.steps[: walk.steps.index(signing)]
        if step.record is not None and step.record.kind == "council" and step.code not in walk.skipped
    ]
    early = [code for code in council if (code, "council") not in walk.records]
    for code in early:
        walk.amiss("decided-before-council", turn, code)
    for code in before_each(walk.steps)[signing.code]:
        if code not in walk.passed and code not in early:
            walk.amiss("decided-too-early", turn, code)
    if turn.officer is not None and not walk.staff.may_sign(turn.officer, signing, walk.procedure, day_of(turn.at)):
        walk.amiss("signed-by-another-role", turn, signing.code)
    walk.decided = True


def _settled(walk: _Walk) -> list[Deviation]:
    """Say of each step that was not done in its turn whether it came later, or never; and what an issued case has never done."""
    told = {one.step for one in walk.found}
    for turn, step, before in walk.early:
        if before in walk.ever:
            walk.amiss("out-of-order", turn, step, before)
        elif before not in told:
            told.add(before)
            walk.amiss("step-left-out", turn, before, step)
    if walk.issued is not None:
        for step in walk.steps:
            if step.code not in walk.passed and step.code not in told:
                walk.amiss("step-left-out", walk.issued, step.code)
    return sorted(walk.found, key=lambda one: (one.pos, one.kind, one.step, one.beside or ""))
