"""Step 3 of 8, decide: who was passed over while waiting for the same step of the same procedure in the same unit.

First come, first served is how the queue of a step is judged, by the day: one who came on an earlier day and still waited at the close of
the day on which a later one was taken was passed over. That is a question to be asked, not a verdict: what excuses it by itself is told
with it, and only what nothing excuses is flagged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from contracts.vocabulary import CaseId
from kernel.legalclock import day_of
from services.reporting.domain.walk import Steps, Turn, before_each

Excuse: TypeAlias = Literal["clock-stood-still", "agency-asked", "withdrawn", "due-later", "sent-back", "workflow-moved"]

IN_WORDS: Final[Mapping[Excuse, tuple[str, str]]] = {
    "clock-stood-still": ("Hồ sơ đang chờ bổ sung", "Its clock stood still: the applicant was awaited"),
    "agency-asked": ("Đang chờ cơ quan phối hợp", "Another agency's opinion was awaited"),
    "withdrawn": ("Người nộp đã rút hồ sơ", "The applicant took it back before it was taken up"),
    "due-later": ("Có hạn giải quyết muộn hơn", "Its limit, by law or promise, ends on a later day"),
    "sent-back": ("Được trả lại để làm lại", "It was sent back to whoever had done it, and stands in no queue"),
    "workflow-moved": ("Đã chuyển sang quy trình khác", "It goes by another version of the workflow"),
}
"""What excuses that a case was passed over."""

Key: TypeAlias = tuple[str, str, str, str]
"""Agency, procedure, unit, step: one queue."""
DEFINITION_HASH: Final = hashlib.sha256(
    b"\0".join((Path(__file__).parent / name).read_bytes() for name in ("fairness.py", "walk.py"))
).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One case in one queue: since when, until when, and what happened to it meanwhile that excuses others who went before."""

    key: Key
    case_id: CaseId
    since: datetime
    taken: datetime | None
    pos: int | None
    due_on: date | None
    again: Excuse | None = None
    excused: tuple[tuple[datetime, datetime | None, Excuse], ...] = ()

    def excuse(self, other: Wait, at: datetime) -> Excuse | None:
        """Say why it is in order that another was taken first at an instant; None if nothing says so."""
        if self.again or other.again:
            return self.again or other.again
        for since, until, why in self.excused:
            if since <= at and (why == "withdrawn" or until is None or until > self.since):
                return why
            if why == "withdrawn" and self.taken is None:
                return why
        if other.due_on is not None and (self.due_on is None or other.due_on < self.due_on):
            return "due-later"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A case that was passed over, since when it had waited, and what excuses it (None: nothing)."""

    case_id: CaseId
    since: datetime
    excuse: Excuse | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A case that was taken before others that had waited longer, by the fact at a position of processing's log."""

    key: Key
    case_id: CaseId
    since: datetime
    taken: datetime
    pos: int
    over: tuple[Passed, ...]

    @property
    def flagged(self) -> bool:
        """Whether it passed somebody over whom nothing excuses."""
        return any(one.excuse is None for one in self.over)


@dataclass(slots=True)
class _Case:
    """One case while its waits are read off its turns."""

    open: dict[str, tuple[datetime, Excuse | None]] = field(default_factory=dict[str, "tuple[datetime, Excuse | None]"])
    passed: set[str] = field(default_factory=set[str])
    taken: dict[str, Turn] = field(default_factory=dict[str, Turn])
    due_on: date | None = None
    excused: list[tuple[datetime, datetime | None, Excuse]] = field(default_factory=list[tuple[datetime, "datetime | None", Excuse]])
    asked: int = 0
    waits: list[tuple[str, datetime, Turn | None, date | None, Excuse | None]] = field(
        default_factory=list[tuple[str, datetime, "Turn | None", "date | None", "Excuse | None"]]
    )


def waits(agency: str, turns: Iterable[Turn], workflows: Mapping[str, tuple[str, Steps]]) -> list[Wait]:
    """Give the waits of one case, one for each time that a step of it waited for somebody; of an unknown workflow, none."""
    case, steps, procedure, last = _Case(), Steps(), "", None
    for turn in turns:
        last = turn
        if turn.what in {"opened", "moved"}:
            procedure, steps = workflows.get(turn.word or "", ("", Steps()))
            case.due_on = turn.due_on or case.due_on
            _open(case, steps, turn.at, "workflow-moved" if turn.what == "moved" else None)
        else:
            _go(case, steps, turn)
    for code, (since, again) in case.open.items():
        if code not in case.taken:
            case.waits.append((code, since, None, case.due_on, again))
    units = {step.code: step.unit for step in steps}
    return [
        Wait(
            key=(agency, procedure, units[code], code),
            case_id=last.case_id,
            since=since,
            taken=taken.at if taken else None,
            pos=taken.pos if taken else None,
            due_on=due_on,
            again=again,
            excused=tuple(case.excused),
        )
        for code, since, taken, due_on, again in case.waits
        if last is not None and code in units
    ]


def _open(case: _Case, steps: Steps, at: datetime, again: Excuse | None) -> None:
    """Note which steps wait from now on: those whose predecessors are passed."""
    before = before_each(steps)
    wanted = {code for code, earlier in before.items() if code not in case.passed and all(one in case.passed for one in earlier)}
    case.open = {code: case.open.get(code, (at, again)) for code in before if code in wanted}


def _go(case: _Case, steps: Steps, turn: Turn) -> None:
    code = turn.step or ""
    match turn.what:
        case "claimed" | "assigned":
            _take(case, code, turn)
        case "completed" | "skipped":
            if turn.what == "completed":
                _take(case, code, turn)
            case.passed.add(code)
            _open(case, steps, turn.at, None)
        case "reopened":
            case.passed -= {code, *turn.undone}
            case.taken = {step: taken for step, taken in case.taken.items() if step not in {code, *turn.undone}}
            _open(case, steps, turn.at, "sent-back")
        case "paused":
            case.excused.append((turn.at, None, "clock-stood-still"))
        case "resumed" | "answered":
            why: Excuse = "clock-stood-still" if turn.what == "resumed" else "agency-asked"
            case.due_on = turn.due_on or case.due_on
            case.excused = [(since, until or turn.at if one == why else until, one) for since, until, one in case.excused]
        case "asked":
            case.excused.append((turn.at, None, "agency-asked"))
        case "due":
            case.due_on = turn.due_on or case.due_on
        case "stopped":
            case.excused.append((turn.at, None, "withdrawn"))
        case _:
            pass


def _take(case: _Case, code: str, turn: Turn) -> None:
    if code in case.open and code not in case.taken:
        since, again = case.open[code]
        case.taken[code] = turn
        case.waits.append((code, since, turn, case.due_on, again))


def jumps(found: Iterable[Wait]) -> list[Jump]:
    """Give who was taken before others of the same queue that had come on an earlier day and still waited when the day was over."""
    queues: dict[Key, list[Wait]] = {}
    for wait in found:
        queues.setdefault(wait.key, []).append(wait)
    told = list[Jump]()
    for key, queue in queues.items():
        queue.sort(key=lambda wait: (wait.since, wait.case_id.int))
        waiting = list[Wait]()
        for wait in queue:
            # Whoever was taken on a day before this one came can have been passed over by nobody who comes from now on.
            waiting = [one for one in waiting if one.taken is None or day_of(one.taken) > day_of(wait.since)]
            if wait.taken is not None and wait.pos is not None:
                over = tuple(
                    Passed(case_id=one.case_id, since=one.since, excuse=one.excuse(wait, wait.taken))
                    for one in waiting
                    if day_of(one.since) < day_of(wait.since) and (one.taken is None or day_of(one.taken) > day_of(wait.taken))
                )
                if over:
                    told.append(Jump(key=key, case_id=wait.case_id, since=wait.since, taken=wait.taken, pos=wait.pos, over=over))
            waiting.append(wait)
    return sorted(told, key=lambda jump: jump.pos)
