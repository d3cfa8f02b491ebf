"""Step 3 of 8, decide: the control slip of a case, a row per hop from hand to hand (phiếu kiểm soát quá trình giải quyết hồ sơ).

It travels with the paper dossier. A hop is early, on time or late by the hours of its step; the whole by the law's date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from contracts import processing
from contracts.processing import (
    CaseDecisionCorrected,
    CaseMoved,
    CaseOpened,
    CaseResultIssued,
    CaseStepAssigned,
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStepSkipped,
    CaseStopped,
)
from contracts.processing_clock import CaseClockPaused, CaseClockResumed
from contracts.processing_coordination import CaseConsultationAnswered, CaseConsultationRequested
from contracts.vocabulary import Deadline
from kernel.legalclock import Calendar, day_of, is_late
from kernel.paper.administrative import Sheet, moment
from services.processing.domain.alarms import step_due_at
from services.processing.domain.case_facts import BY_ITSELF
from services.processing.domain.forms import CaseForm, Words, base_of
from services.processing.domain.hand_over_slips import DESK, DESK_UNIT
from services.processing.domain.workflow import Steps, signing_step, step_of

Punctuality: TypeAlias = Literal["early", "on-time", "late"]

PUNCTUAL: Final[dict[Punctuality, str]] = {"early": "Trước hạn", "on-time": "Đúng hạn", "late": "Quá hạn"}
APPLICANT: Final = "Người nộp hồ sơ"
WHY: Final = {
    "assigned": "phân công",
    "leave": "nghỉ phép",
    "transfer": "chuyển công tác",
    "reorganisation": "sắp xếp tổ chức",
    "conflict-of-interest": "xung đột lợi ích",
    "workload": "quá tải",
    "incomplete": "chưa đầy đủ",
    "wrong-contents": "sai nội dung",
    "wrong-form": "sai thể thức",
    "wrong-legal-basis": "sai căn cứ pháp lý",
    "new-facts": "có tình tiết mới",
    "by-mistake": "nhầm lẫn",
    "agrees": "đồng ý",
    "disagrees": "không đồng ý",
    "agrees-with-changes": "đồng ý có điều chỉnh",
    "not-competent": "không thuộc thẩm quyền",
    "granted": "đồng ý",
    "refused": "từ chối",
    "clerical": "lỗi soạn thảo",
    "wrong-outcome": "sai kết quả",
}


class Hop(Sheet):
    """From whom to whom, when, how punctual whoever gave was (None: nothing was due), and what is to be noted."""

    number: int
    giver: str
    receiver: str
    at: datetime
    said: str
    punctuality: Punctuality | None
    punctual: str | None
    note: str | None


class ControlSlip(CaseForm):
    """Every hop of a case so far."""

    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A step that is open: whose it is, who has it, and since when its hours run."""

    unit: str
    role: str
    officer: str | None
    since: datetime


@dataclass
class Walk:
    """What is known while the facts are walked through."""

    words: Words
    steps: Steps
    calendar: Calendar
    partners: dict[str, str]
    deadline: Deadline | None = None
    held: dict[str, Held] = field(default_factory=dict[str, Held])
    hops: list[Hop] = field(default_factory=list[Hop])

    def hop(self, giver: str, receiver: str, at: datetime, punctuality: Punctuality | None = None, note: str | None = None) -> None:
        """Write a row."""
        punctual = PUNCTUAL[punctuality] if punctuality else None
        row = Hop(
            number=len(self.hops) + 1,
            giver=giver,
            receiver=receiver,
            at=at,
            said=moment(at),
            punctuality=punctuality,
            punctual=punctual,
            note=note,
        )
        self.hops.append(row)

    def remark(self, at: datetime, note: str) -> None:
        """Note something in the rows of an instant."""
        self.hops = [
            row.model_copy(update={"note": f"{row.note}; {note}" if row.note else note}) if row.at == at else row for row in self.hops
        ]

    def place(self, code: str) -> str:
        """Say whose a step is: who has it, in which unit; otherwise the unit and the role."""
        step = self.held[code]
        unit, role = self.words.units.get(step.unit, step.unit), self.words.roles.get(step.role, step.role)
        return f"{unit} ({step.officer or role})"

    def open(self, found: Sequence[processing.OpenStep], at: datetime) -> list[str]:
        """Take over the steps that a fact lists as open; give those that were not open before."""
        new = [one.step for one in found if one.step not in self.held]
        before = self.held
        self.held = {
            one.step: replace(before[one.step], officer=one.officer) if one.step in before else Held(one.unit, one.role, one.officer, at)
            for one in found
        }
        return new

    def judged(self, code: str, at: datetime) -> Punctuality | None:
        """Judge a step by its hours; None where the workflow does not know it any more."""
        if code not in {step.code for step in self.steps}:
            return None
        since = self.held[code].since
        # As it was known when the hours began: news of a day off that comes later does not change what a slip says.
        return judged(step_due_at(since, step_of(self.steps, code).hours, self.calendar.as_known_at(since)), at)


def judged(due_at: datetime, at: datetime) -> Punctuality:
    """Judge an instant: too late, or on the day of the limit, or on an earlier day."""
    if at > due_at:
        return "late"
    return "on-time" if day_of(at) == day_of(due_at) else "early"


def control_slip(facts: Sequence[Any], words: Words, steps: Steps, calendar: Calendar, partners: dict[str, str]) -> ControlSlip:
    """Make the slip of a case as it is now.

    Args:
        facts: the case's facts.
        words: names for their codes.
        steps: the version of the workflow that leads it.
        calendar: the whole of it; each step is judged by what was known when its hours began.
        partners: names of other agencies by code.
    """
    walk = Walk(words, steps, calendar, partners)
    for fact in facts:
        work(walk, fact)
        halt(walk, fact)
    last = walk.hops[-1].at
    recipients = ("Các bên giao, nhận", "Lưu: hồ sơ (02 bản)")
    base = base_of(facts, words, last, signed_by="", capacity="Người lập phiếu", recipients=recipients)
    return ControlSlip(**base, hops=tuple(walk.hops))


def work(walk: Walk, fact: Any) -> None:
    """Follow the work from step to step."""
    match fact:
        case CaseOpened():
            walk.deadline = fact.deadline
            walk.held = {fact.step: Held(fact.unit, fact.role, None, fact.opened_at)}
            walk.hop(APPLICANT if fact.unit == DESK_UNIT else DESK, walk.place(fact.step), fact.opened_at)
        case CaseStepClaimed():
            walk.held[fact.step] = replace(walk.held[fact.step], officer=fact.officer)
        case CaseStepAssigned(before=before):
            giver = walk.place(fact.step)
            walk.held[fact.step] = replace(walk.held[fact.step], officer=fact.officer)
            if before is not None:
                walk.hop(giver, walk.place(fact.step), fact.assigned_at, note=f"Chuyển người xử lý: {WHY[fact.reason]}")
        case CaseStepCompleted():
            completed(walk, fact)
        case CaseStepReopened():
            giver = next((walk.place(code) for code in walk.held), fact.by)
            walk.open(fact.open, fact.reopened_at)
            how = "Trả lại" if fact.how == "returned" else "Rút lại"
            walk.hop(giver, walk.place(fact.step), fact.reopened_at, note=f"{how}: {WHY[fact.reason]}")
        case CaseStepSkipped():
            walk.remark(fact.skipped_at, f"Bỏ qua bước {fact.step}: không cần thực hiện")
        case CaseDecisionCorrected():
            unit = signing_step(walk.steps).unit
            giver = f"{walk.words.units.get(unit, unit)} ({fact.officer})"
            new = walk.open(fact.open, fact.corrected_at)
            note = f"Sửa quyết định: {WHY[fact.outcome_before]} → {WHY[fact.outcome]} ({WHY[fact.reason]})"
            for code in new or list(walk.held)[:1]:
                walk.hop(giver, walk.place(code), fact.corrected_at, note=note)
        case CaseMoved():
            walk.open(fact.open, fact.moved_at)
        case CaseResultIssued():
            punctuality = judged_by_law(walk.deadline, fact.issued_at)
            walk.hop(f"Văn thư ({fact.officer})", DESK, fact.issued_at, punctuality, f"Kết quả số {fact.result_number}")
        case _:
            pass


def completed(walk: Walk, fact: CaseStepCompleted) -> None:
    """Write that a step was finished, a row for each that it opened."""
    by_itself = fact.officer == BY_ITSELF
    if not by_itself:
        walk.held[fact.step] = replace(walk.held[fact.step], officer=fact.officer)
    giver, punctuality = walk.place(fact.step), None if by_itself else walk.judged(fact.step, fact.completed_at)
    note = "Hết thời gian, tự chuyển tiếp" if by_itself else None
    if fact.open:
        new = walk.open(fact.open, fact.completed_at)
    elif fact.next_step is not None:
        walk.held = {fact.next_step: Held(fact.next_unit or "", fact.next_role or "", None, fact.completed_at)}
        new = [fact.next_step]
    else:
        walk.held, new = {}, []
    for code in new:
        walk.hop(giver, walk.place(code), fact.completed_at, punctuality, note)


def halt(walk: Walk, fact: Any) -> None:
    """Follow what goes out of the department and comes back."""
    match fact:
        case CaseClockPaused():
            code = fact.step or next(iter(walk.held))
            if fact.legal_basis is None:  # otherwise the head of the unit asked, and the step stays whose it is
                walk.held[code] = replace(walk.held[code], officer=fact.officer)
            basis = f", căn cứ {fact.legal_basis}" if fact.legal_basis else ""
            walk.hop(walk.place(code), APPLICANT, fact.paused_at, note=f"Yêu cầu bổ sung lần {fact.round}{basis}")
        case CaseClockResumed():
            walk.deadline = fact.deadline
            walk.held = {code: replace(step, since=fact.resumed_at) for code, step in walk.held.items()}
            for code in list(walk.held)[:1]:
                walk.hop(APPLICANT, walk.place(code), fact.resumed_at, note=f"Đã bổ sung lần {fact.round}")
        case CaseConsultationRequested():
            giver = walk.place(fact.step) if fact.step in walk.held else fact.officer
            walk.hop(giver, walk.partners.get(fact.partner, fact.partner), fact.requested_at, note="Lấy ý kiến")
        case CaseConsultationAnswered():
            partner = walk.partners.get(fact.partner, fact.partner)
            receiver = next((walk.place(code) for code in walk.held), fact.officer)
            punctuality: Punctuality = "late" if fact.late else "on-time"
            walk.hop(partner, receiver, fact.answered_at, punctuality, f"Ý kiến: {WHY[fact.opinion]}")
        case CaseStopped():
            giver = next((walk.place(code) for code in walk.held), DESK)
            walk.hop(giver, DESK, fact.stopped_at, note="Dừng giải quyết: người nộp rút hồ sơ")
        case _:
            pass


def judged_by_law(deadline: Deadline | None, at: datetime) -> Punctuality | None:
    """Judge the whole by the law's date (Bộ luật Dân sự 2015, Điều 148.6); None where the law sets no limit."""
    if deadline is None:
        return None
    if is_late(deadline, at):
        return "late"
    return "on-time" if day_of(at) == deadline.due_on else "early"
