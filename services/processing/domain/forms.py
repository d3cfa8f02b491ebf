"""Step 3 of 8, decide: the forms of a case, each a pure function of its facts (TT 01/2018/TT-VPCP, TT 03/2025/TT-VPCP).

A form says what the facts say and nothing else; where it needs a word for a code, `Words` has it. The control slip has a module of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias, TypeVar

from contracts.processing import (
    CaseClockPaused,
    CaseClockResumed,
    CaseOpened,
    CaseReappointed,
    CaseResultIssued,
    CaseStepCompleted,
    CaseStopped,
)
from kernel.legalclock import VIETNAM, day_of
from kernel.paper.administrative import Foot, FormNumber, Head, Sheet, dated
from services.processing.domain.case_corrections import last_wording

FormName: TypeAlias = Literal[
    "control-slip", "supplement-request", "refusal", "apology", "stop-notice", "dossier-hand-over", "result-hand-over"
]

LACKS: Final = {
    "absent": "thiếu, cần nộp",
    "illegible": "không đọc được, cần nộp lại",
    "expired": "đã hết hạn, cần thay",
    "wrong-form": "sai mẫu, cần làm lại theo mẫu",
    "inconsistent": "nội dung không thống nhất, cần sửa",
    "not-certified": "chưa chứng thực, cần chứng thực",
}
"""What a component lacks, in the words of the form."""

LATE: Final = {
    "coordinating-agency": "chờ ý kiến của cơ quan phối hợp",
    "site-check": "phải kiểm tra thực tế",
    "complicated": "hồ sơ có nội dung phức tạp, cần thêm thời gian thẩm định",
    "workload": "số lượng hồ sơ phải giải quyết tăng cao",
    "outage": "sự cố hệ thống thông tin",
    "officer-absent": "công chức thụ lý vắng mặt",
}
"""Why a result is late, in the words of the apology."""

STOPPED: Final = {"withdrawn": "theo đề nghị rút hồ sơ của người nộp"}
"""Why a case stops."""

ASKS_AGAIN: Final = "Lãnh đạo phòng"
"""As what somebody signs who asks for a supplement more often than the rules allow."""

DESK: Final = "Bộ phận Tiếp nhận và Trả kết quả"
DESK_UNIT: Final = "bo-phan-mot-cua"
"""The unit that receives dossiers; where a workflow begins there, the dossier goes to the department when that step is done."""

OUTCOMES: Final = {"granted": "Đồng ý giải quyết", "refused": "Không đồng ý giải quyết (có văn bản nêu lý do)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is not in the facts: the letterhead, the form's number and title, and the names of what the facts have codes for.

    `applicant` is an enterprise's name (None: an individual, of whom the department knows nothing); `components`, `units` and `roles`
    have names by code.
    """

    parent: str
    agency: str
    place: str
    capacity: str
    form: FormNumber | None
    title: str
    procedure: str
    applicant: str | None
    components: Mapping[str, str]
    units: Mapping[str, str]
    roles: Mapping[str, str]


class About(Sheet):
    """Which dossier a form is about, and whose it is."""

    dossier_code: str
    procedure: str
    applicant: str | None
    received_on: date
    due_on: date | None


class CaseForm(Sheet):
    """What every form has."""

    head: Head
    foot: Foot
    form: FormNumber | None
    title: str
    about: About
    made_at: datetime


class Lacking(Sheet):
    """A component that is wanted: its name, and what is wrong with it."""

    component: str
    name: str
    lacks: str


class SupplementRequest(CaseForm):
    """What is missing, and who helps; the clock stands still meanwhile (NĐ 61/2018, Điều 19.4)."""

    round: int
    lacking: tuple[Lacking, ...]
    officer: str


class Refusal(CaseForm):
    """Why the dossier is not granted; a refusal names the law that it rests on."""

    legal_basis: str
    decided_on: date


class Apology(CaseForm):
    """The apology for being late, and the new day (NĐ 61/2018, Điều 19.9)."""

    due: str
    new_due: str
    new_due_on: date
    reason: str


class StopNotice(CaseForm):
    """The case ends with no decision."""

    cause: str
    stopped_on: date


class HandOver(CaseForm):
    """Who gives what to whom and when: the dossier to the department, or the result to the desk."""

    what: Literal["dossier", "result"]
    item: str
    giver: str
    receiver: str
    handed_over: str
    outcome: str | None
    result_number: str | None


Known = TypeVar("Known")


def supplement_request(facts: Sequence[Any], words: Words, round_: int | None = None) -> SupplementRequest | None:
    """Make the form of one round of asking, of the last without a number; None if nobody has asked."""
    asked = [fact for fact in of_kind(facts, CaseClockPaused) if round_ in {None, fact.round}]
    if not asked:
        return None
    fact = asked[-1]
    lacking = tuple(
        Lacking(component=one.component, name=words.components.get(one.component, one.component), lacks=LACKS[one.reason])
        for one in fact.missing
    )
    base = base_of(facts, words, fact.paused_at, signed_by=fact.officer, capacity=ASKS_AGAIN if fact.legal_basis else "Công chức thụ lý")
    return SupplementRequest(**base, round=fact.round, lacking=lacking, officer=fact.officer)


def refusal(facts: Sequence[Any], words: Words) -> Refusal | None:
    """Make the form of a decision not to grant, as it was corrected last; None if there is none."""
    decided = last_wording(facts)
    if decided is None or decided.outcome != "refused":
        return None
    issued = next(iter(of_kind(facts, CaseResultIssued)), None)
    at = issued.issued_at if issued else decided.at
    number = issued.result_number if issued else None
    base = base_of(facts, words, at, signed_by=decided.officer, number=number)
    return Refusal(**base, legal_basis=decided.legal_basis or "", decided_on=day_of(decided.at))


def apology(facts: Sequence[Any], words: Words) -> Apology | None:
    """Make the apology; None if nobody had to apologise."""
    fact = next(iter(of_kind(facts, CaseReappointed)), None)
    if fact is None:
        return None
    base = base_of(facts, words, fact.reappointed_at, signed_by=fact.officer)
    return Apology(**base, due=moment(fact.due_at), new_due=moment(fact.new_due_at), new_due_on=fact.new_due_on, reason=LATE[fact.reason])


def stop_notice(facts: Sequence[Any], words: Words) -> StopNotice | None:
    """Make the notice that a case has stopped; None if it has not."""
    fact = next(iter(of_kind(facts, CaseStopped)), None)
    if fact is None:
        return None
    base = base_of(facts, words, fact.stopped_at, signed_by="")
    return StopNotice(**base, cause=STOPPED[fact.cause], stopped_on=day_of(fact.stopped_at))


def hand_over(facts: Sequence[Any], words: Words, what: Literal["dossier", "result"]) -> HandOver | None:
    """Make the slip that goes with the dossier, or with the result; None if it has not been handed over."""
    if what == "dossier":
        return dossier_handed_over(facts, words)
    issued = next(iter(of_kind(facts, CaseResultIssued)), None)
    if issued is None:
        return None
    base = base_of(facts, words, issued.issued_at, signed_by=issued.officer, capacity="Bên giao", recipients=("Bên giao", "Bên nhận"))
    return HandOver(
        **base,
        what=what,
        item="01 kết quả giải quyết",
        giver="Văn thư",
        receiver=DESK,
        handed_over=moment(issued.issued_at),
        outcome=OUTCOMES[issued.outcome],
        result_number=issued.result_number,
    )


def dossier_handed_over(facts: Sequence[Any], words: Words) -> HandOver | None:
    """Make the slip that goes with the dossier from the desk to the department; None while the desk has it."""
    opened = next(iter(of_kind(facts, CaseOpened)))
    unit, at, giver = opened.unit, opened.opened_at, ""
    if unit == DESK_UNIT:
        done = next((fact for fact in of_kind(facts, CaseStepCompleted) if fact.step == opened.step), None)
        if done is None:
            return None
        unit, at, giver = done.next_unit or unit, done.completed_at, done.officer
    base = base_of(facts, words, at, signed_by=giver, capacity="Bên giao", recipients=("Bên giao", "Bên nhận"))
    return HandOver(
        **base,
        what="dossier",
        item="01 bộ hồ sơ theo giấy tiếp nhận",
        giver=DESK,
        receiver=words.units.get(unit, unit),
        handed_over=moment(at),
        outcome=None,
        result_number=None,
    )


def base_of(
    facts: Sequence[Any],
    words: Words,
    at: datetime,
    *,
    signed_by: str,
    capacity: str | None = None,
    number: str | None = None,
    recipients: tuple[str, ...] = ("Người nộp hồ sơ", "Bộ phận Một cửa", "Lưu: hồ sơ"),
) -> dict[str, Any]:
    """Give what every form has; it is dated with the local day of its fact, and names the limit as it was then."""
    opened = next(iter(of_kind(facts, CaseOpened)))
    resumed = [fact.deadline for fact in of_kind(facts, CaseClockResumed) if fact.resumed_at <= at]
    deadline = resumed[-1] if resumed else opened.deadline
    about = About(
        dossier_code=opened.code,
        procedure=words.procedure,
        applicant=words.applicant,
        received_on=day_of(opened.opened_at),
        due_on=deadline.due_on if deadline else None,
    )
    return {
        "head": Head(parent=words.parent, agency=words.agency, number=number, place=words.place, dated=dated(day_of(at))),
        "foot": Foot(recipients=recipients, on_behalf=None, capacity=capacity or words.capacity, how="(Ký, ghi rõ họ tên)", name=signed_by),
        "form": words.form,
        "title": words.title,
        "about": about,
        "made_at": at,
    }


def of_kind(facts: Sequence[Any], kind: type[Known]) -> list[Known]:
    """Give the facts of a kind, in order."""
    return [fact for fact in facts if isinstance(fact, kind)]


def moment(at: datetime) -> str:
    """Write an instant as forms do: `08 giờ 30 phút, ngày 05 tháng 02 năm 2018`."""
    local = at.astimezone(VIETNAM)
    return f"{local.hour:02d} giờ {local.minute:02d} phút, {dated(local.date())}"
