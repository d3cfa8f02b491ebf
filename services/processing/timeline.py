"""Step 8 of 8, query: the life of a case in plain words, made from its facts alone. Pure: the same facts give the same sentences.

A unit is called as it was called on the day of the fact, whatever it is called today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from contracts.processing import (
    CaseDecided,
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
    CaseTimerCancelled,
    CaseTimerFired,
    CaseTimerSet,
)
from contracts.processing_clock import (
    CaseAlarmRaised,
    CaseClockPaused,
    CaseClockResumed,
    CaseProlonged,
    CaseReappointed,
    CaseRestated,
    CaseSupplementReminded,
    CaseTimeExcluded,
)
from contracts.processing_coordination import (
    CaseConsultationAnswered,
    CaseConsultationOverdue,
    CaseConsultationReceived,
    CaseConsultationRequested,
    CaseCouncilHeld,
    CaseSiteChecked,
)
from contracts.terms import TERMS
from contracts.vocabulary import ContentHash, Deadline
from kernel.eventlog import Recorded
from kernel.legalclock import day_of
from kernel.legalclock.instants import local
from services.processing.domain.case_facts import BY_ITSELF
from services.processing.domain.organisation_states import Organisation
from services.processing.domain.workflow import Steps
from services.processing.timeline_words import Pair, said

UNITS: Final[Mapping[str, Pair]] = {
    "working-days": ("ngày làm việc", "working days"),
    "calendar-days": ("ngày", "days"),
    "working-hours": ("giờ làm việc", "working hours"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What is asked of names: the steps of each version of the workflow that led the case, the department, and other agencies."""

    steps: Mapping[ContentHash, Steps]
    staff: Organisation
    partners: Mapping[str, Pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The step that a fact is about (None: none), as it was called then, and its unit."""

    step: str | None
    name: str
    unit: str | None


def timeline(events: Sequence[Recorded], names: Names) -> list[dict[str, Any]]:
    """Tell the life of a case, the oldest first: when, who, where, and a sentence in each language."""
    lines: list[dict[str, Any]] = []
    led_by: ContentHash = ""
    for event in events:
        if isinstance(event.fact, CaseOpened | CaseMoved):
            led_by = event.fact.workflow_hash
        place = place_of(event.fact, names.steps.get(led_by, ()))
        called = names.staff.called(place.unit, day_of(event.time)) if place.unit else None
        vi, en = sentence(event.fact, place, names)
        lines.append(
            {
                "version": event.version,
                "at": event.time,
                "type": event.type,
                "actor": event.actor,
                "step": place.step,
                "unit": place.unit,
                "unit_name": called.name if called else None,
                "unit_name_en": called.name_en if called else None,
                "text": vi,
                "text_en": en,
            }
        )
    return lines


def place_of(fact: Any, steps: Steps) -> Place:
    """Say which step a fact is about."""
    code: str | None = getattr(fact, "step", None)
    found = next((step for step in steps if step.code == code), None)
    return Place(step=code, name=f"{code} “{found.name}”" if found else f"{code}", unit=found.unit if found else None)


def sentence(fact: Any, place: Place, names: Names) -> Pair:
    """Say what a fact means; one that has no sentence of its own is called by its name."""
    match fact:
        case CaseOpened(code=code, deadline=deadline):
            vi, en = _until(deadline)
            return f"Thụ lý hồ sơ {code}{vi}.", f"The department took over dossier {code}{en}."
        case CaseClockPaused(missing=missing, round=round_, legal_basis=basis):
            why, why_en = (f", căn cứ {basis}", f", on the basis of {basis}") if basis else ("", "")
            return (
                f"Tạm dừng thời hạn để người nộp bổ sung {len(missing)} thành phần (lần {round_}{why}).",
                f"The clock stands still until the applicant has brought {len(missing)} components (round {round_}{why_en}).",
            )
        case CaseClockResumed(deadline=deadline):
            return (
                f"Đã nhận bổ sung, thời hạn tính tiếp đến ngày {_day(deadline.due_on)}.",
                f"The supplement is here; the limit now ends on {_day(deadline.due_on)}.",
            )
        case CaseProlonged(amount=amount, legal_basis=basis, deadline=deadline):
            vi, en = said(fact.reason)
            return (
                f"Gia hạn thêm {amount} {UNITS[deadline.limit.unit][0]} đến ngày {_day(deadline.due_on)}, căn cứ {basis} ({vi}).",
                f"The limit is {amount} {UNITS[deadline.limit.unit][1]} longer, until {_day(deadline.due_on)}, by {basis} ({en}).",
            )
        case CaseRestated(due_before_on=before, deadline=deadline, promised_on=promised):
            law, law_en = f"từ ngày {_day(before)} thành {_day(deadline.due_on)}", f"was {_day(before)} and is {_day(deadline.due_on)}"
            return (
                f"Lịch làm việc thay đổi: hạn theo luật {law}; ngày hẹn với người nộp {_day(promised)}.",
                f"The calendar changed: the law's limit {law_en}; the applicant may hold to {_day(promised)}.",
            )
        case CaseTimeExcluded(decision=decision, deadline=deadline):
            vi, en = said(fact.cause)
            since, until = _moment(fact.since), _moment(fact.until)
            return (
                f"Không tính vào thời hạn từ {since} đến {until} ({vi}; {decision}); hạn mới ngày {_day(deadline.due_on)}.",
                f"From {since} until {until} does not count ({en}; {decision}); the limit now ends on {_day(deadline.due_on)}.",
            )
        case CaseSupplementReminded(round=round_):
            return f"Nhắc người nộp bổ sung hồ sơ (lần {round_}).", f"The applicant was reminded of the supplement (round {round_})."
        case CaseStopped():
            return "Dừng giải quyết vì người nộp rút hồ sơ.", "The case ended: the applicant withdrew the dossier."
        case CaseAlarmRaised(kind=kind, due_at=due_at):
            vi, en = said(kind)
            return f"Cảnh báo {vi} (hạn {_moment(due_at)}).", f"Alarm: {en} (due {_moment(due_at)})."
        case CaseMoved(open=found):
            steps = ", ".join(step.step for step in found)
            return f"Chuyển sang phiên bản quy trình mới, tại bước {steps}.", f"Goes on by a new version of the workflow, at {steps}."
        case CaseConsultationRequested() | CaseConsultationReceived() | CaseConsultationAnswered() | CaseConsultationOverdue():
            return _consultation(fact, names)
        case CaseDecided() | CaseDecisionCorrected() | CaseResultIssued() | CaseReappointed():
            return _outcome(fact)
        case CaseStepClaimed() | CaseStepAssigned() | CaseStepCompleted() | CaseStepReopened():
            return _step(fact, place)
        case CaseStepSkipped() | CaseTimerSet() | CaseTimerFired() | CaseTimerCancelled():
            return _by_itself(fact, place)
        case CaseSiteChecked() | CaseCouncilHeld():
            return _record(fact, place)
        case _:
            return f"{TERMS.get(fact.TYPE, fact.TYPE)}.", f"{fact.TYPE.split('.')[-2].replace('-', ' ').capitalize()}."


def _step(fact: CaseStepClaimed | CaseStepAssigned | CaseStepCompleted | CaseStepReopened, place: Place) -> Pair:
    match fact:
        case CaseStepClaimed(officer=officer):
            return f"{officer} nhận xử lý bước {place.name}.", f"{officer} took step {place.name}."
        case CaseStepAssigned(officer=officer, before=before, assigned_by=by):
            vi, en = said(fact.reason)
            if before is None:
                return f"{by} giao bước {place.name} cho {officer} ({vi}).", f"{by} gave step {place.name} to {officer} ({en})."
            return (
                f"{by} chuyển bước {place.name} từ {before} sang {officer} ({vi}).",
                f"{by} moved step {place.name} from {before} to {officer} ({en}).",
            )
        case CaseStepCompleted(officer=officer, next_step=following):
            vi, en = (f", mở bước {following}", f"; {following} is open now") if following else ("", "")
            if officer == BY_ITSELF:
                return f"Bước {place.name} tự chuyển tiếp{vi}.", f"Step {place.name} passed by itself{en}."
            return f"{officer} hoàn thành bước {place.name}{vi}.", f"{officer} finished step {place.name}{en}."
        case CaseStepReopened(officer=officer, by=by, how=how):
            vi, en = said(fact.reason)
            if officer == BY_ITSELF:
                return f"{by} mở lại bước {place.name} ({vi}).", f"{by} opened step {place.name} again ({en})."
            if how == "returned":
                return f"{by} trả lại bước {place.name} cho {officer} ({vi}).", f"{by} sent step {place.name} back to {officer} ({en})."
            return f"{by} rút lại bước {place.name} ({vi}).", f"{by} took step {place.name} back ({en})."


def _by_itself(fact: CaseStepSkipped | CaseTimerSet | CaseTimerFired | CaseTimerCancelled, place: Place) -> Pair:
    match fact:
        case CaseStepSkipped(when=when):
            return (
                f"Bỏ qua bước {place.name}, không cần thực hiện (điều kiện: {when}).",
                f"Step {place.name} need not be done and is skipped (condition: {when}).",
            )
        case CaseTimerSet(fires_at=at):
            return (
                f"Bước {place.name} tự chuyển tiếp lúc {_moment(at)} nếu chưa ai hoàn thành.",
                f"Step {place.name} passes by itself at {_moment(at)} unless somebody finishes it before.",
            )
        case CaseTimerFired():
            return f"Bước {place.name} đã hết thời gian.", f"The time of step {place.name} has run out."
        case CaseTimerCancelled():
            vi, en = said(fact.cause)
            return f"Bước {place.name} không tự chuyển tiếp nữa: {vi}.", f"Step {place.name} does not pass by itself any more: {en}."


def _record(fact: CaseSiteChecked | CaseCouncilHeld, place: Place) -> Pair:
    vi, en = said(fact.finding)
    day = _day(fact.held_on)
    if isinstance(fact, CaseSiteChecked):
        return (
            f"{fact.officer} lập biên bản thẩm định thực tế ngày {day}, bước {place.name}: {vi}.",
            f"{fact.officer} put down what was found on site on {day}, step {place.name}: {en}.",
        )
    return (
        f"{fact.officer} lập biên bản họp hội đồng thẩm định ngày {day}, bước {place.name}: {vi}.",
        f"{fact.officer} put down what the appraisal council of {day} concluded, step {place.name}: {en}.",
    )


Consulted: TypeAlias = CaseConsultationRequested | CaseConsultationReceived | CaseConsultationAnswered | CaseConsultationOverdue


def _consultation(fact: Consulted, names: Names) -> Pair:
    vi, en = names.partners.get(fact.partner, (fact.partner, fact.partner))
    if isinstance(fact, CaseConsultationOverdue):
        return f"{vi} quá hạn trả lời (hạn {_moment(fact.due_at)}).", f"{en} owes an answer beyond its limit (due {_moment(fact.due_at)})."
    if isinstance(fact, CaseConsultationReceived):
        return f"{vi} xác nhận đã nhận hồ sơ.", f"{en} confirmed that it has the papers."
    if isinstance(fact, CaseConsultationRequested):
        due = _day(fact.deadline.due_on)
        return f"Lấy ý kiến {vi}, đề nghị trả lời trước hết ngày {due}.", f"Asked {en} for its opinion, due on {due}."
    opinion, opinion_en = said(fact.opinion)
    late, late_en = (" (trả lời muộn)", " (late)") if fact.late else ("", "")
    return f"{vi} trả lời: {opinion}{late}.", f"{en} answered: {opinion_en}{late_en}."


def _outcome(fact: CaseDecided | CaseDecisionCorrected | CaseResultIssued | CaseReappointed) -> Pair:
    match fact:
        case CaseDecided(officer=officer, legal_basis=basis):
            vi, en = said(fact.outcome)
            why, why_en = (f", căn cứ {basis}", f" on the basis of {basis}") if basis else ("", "")
            off, off_en = _signature(fact)
            return f"{officer} ký quyết định: {vi}{why}{off}.", f"{officer} signed the decision: {en}{why_en}{off_en}."
        case CaseDecisionCorrected(officer=officer, legal_basis=basis):
            (before, before_en), (after, after_en), (why, why_en) = said(fact.outcome_before), said(fact.outcome), said(fact.reason)
            by, by_en = (f", căn cứ {basis}", f" on the basis of {basis}") if basis else ("", "")
            return (
                f"{officer} sửa quyết định đã ký từ “{before}” thành “{after}”{by} ({why}){_signature(fact)[0]}.",
                f"{officer} corrected the signed decision from “{before_en}” to “{after_en}”{by_en} ({why_en}){_signature(fact)[1]}.",
            )
        case CaseResultIssued(result_number=number):
            return (
                f"Cấp số kết quả {number} và chuyển bộ phận một cửa.",
                f"The result has the number {number} and is on its way to the desk.",
            )
        case CaseReappointed(new_due_on=day):
            vi, en = said(fact.reason)
            return (
                f"Xin lỗi và hẹn lại ngày trả kết quả {_day(day)} ({vi}).",
                f"The department apologised and named a new day, {_day(day)} ({en}).",
            )


def _signature(fact: CaseDecided | CaseDecisionCorrected) -> Pair:
    """Say under whose authority it was signed, where that is another's, and that nobody works on that day."""
    vi = en = ""
    if (by := fact.signed_for) is not None:
        vi, en = f" (TUQ. {by.by}: {by.basis})", f" (for {by.by}: {by.basis})"
    return (f"{vi}; ký vào ngày nghỉ", f"{en}; signed on a day of rest") if fact.day_off else (vi, en)


def _until(deadline: Deadline | None) -> Pair:
    if deadline is None:
        return "", ""
    return f", hạn giải quyết ngày {_day(deadline.due_on)}", f", due on {_day(deadline.due_on)}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _moment(instant: datetime) -> str:
    return f"{local(instant):%H:%M %d/%m/%Y}"
