"""Step 3 of 8, decide: the forms of a case, each a pure function of its facts (TT 01/2018/TT-VPCP, TT 03/2025/TT-VPCP).

A form says what the facts say and nothing else; where it needs a word for a code, `Words` has it. The control slip has a module of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias, TypeVar

from contracts.processing import CaseOpened, CaseResultIssued, CaseStopped, SignedFor
from contracts.processing_clock import CaseClockPaused, CaseClockResumed, CaseProlonged, CaseReappointed, CaseRestated, CaseTimeExcluded
from contracts.vocabulary import Deadline
from kernel.legalclock import day_of
from kernel.paper.administrative import Foot, FormNumber, Head, Sheet, dated, moment
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
    """What is missing, and who helps; the clock stands still meanwhile (NĐ 61/2018, Điều 19.4).

    `legal_basis` is the law that lets it be asked for more often than once.
    """

    round: int
    lacking: tuple[Lacking, ...]
    officer: str
    legal_basis: str | None


class Refusal(CaseForm):
    """Why the dossier is not granted; a refusal names the law that it rests on."""

    legal_basis: str
    decided_on: date


class Apology(CaseForm):
    """The apology for being late, and the new day (NĐ 61/2018, Điều 19.9); `legal_basis` where a law makes the limit itself longer."""

    due: str
    new_due: str
    new_due_on: date
    reason: str
    legal_basis: str | None


class StopNotice(CaseForm):
    """The case ends with no decision."""

    cause: str
    stopped_on: date


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
    return SupplementRequest(**base, round=fact.round, lacking=lacking, officer=fact.officer, legal_basis=fact.legal_basis)


def refusal(facts: Sequence[Any], words: Words) -> Refusal | None:
    """Make the form of a decision not to grant, as it was corrected last; None if there is none."""
    decided = last_wording(facts)
    if decided is None or decided.outcome != "refused":
        return None
    issued = next(iter(of_kind(facts, CaseResultIssued)), None)
    at = issued.issued_at if issued else decided.at
    number = issued.result_number if issued else None
    base = base_of(facts, words, at, signed_by=decided.officer, number=number, signed_for=decided.signed_for)
    return Refusal(**base, legal_basis=decided.legal_basis or "", decided_on=day_of(decided.at))


def apology(facts: Sequence[Any], words: Words) -> Apology | None:
    """Make the apology: for a new day, or for a limit that a law makes longer, whichever came last; None if nobody had to apologise."""
    said = [fact for fact in facts if isinstance(fact, CaseReappointed | CaseProlonged)]
    match said[-1:]:
        case [CaseReappointed() as fact]:
            at, due_at, new_due_at, basis = fact.reappointed_at, fact.due_at, fact.new_due_at, None
        case [CaseProlonged() as fact]:
            at, due_at, new_due_at, basis = fact.prolonged_at, fact.due_before_at, fact.deadline.due_at, fact.legal_basis
        case _:
            return None
    return Apology(
        **base_of([one for one in facts if one is not fact], words, at, signed_by=fact.officer),
        due=moment(due_at),
        new_due=moment(new_due_at),
        new_due_on=day_of(new_due_at),
        reason=LATE[fact.reason],
        legal_basis=basis,
    )


def stop_notice(facts: Sequence[Any], words: Words) -> StopNotice | None:
    """Make the notice that a case has stopped; None if it has not."""
    fact = next(iter(of_kind(facts, CaseStopped)), None)
    if fact is None:
        return None
    base = base_of(facts, words, fact.stopped_at, signed_by="")
    return StopNotice(**base, cause=STOPPED[fact.cause], stopped_on=day_of(fact.stopped_at))


def base_of(
    facts: Sequence[Any],
    words: Words,
    at: datetime,
    *,
    signed_by: str,
    capacity: str | None = None,
    number: str | None = None,
    signed_for: SignedFor | None = None,
    recipients: tuple[str, ...] = ("Người nộp hồ sơ", "Bộ phận Một cửa", "Lưu: hồ sơ"),
) -> dict[str, Any]:
    """Give what every form has; it is dated with the local day of its fact, and names the limit as it was then."""
    opened = next(iter(of_kind(facts, CaseOpened)))
    deadline = limit_at(facts, at)
    about = About(
        dossier_code=opened.code,
        procedure=words.procedure,
        applicant=words.applicant,
        received_on=day_of(opened.opened_at),
        due_on=deadline.due_on if deadline else None,
    )
    return {
        "head": Head(parent=words.parent, agency=words.agency, number=number, place=words.place, dated=dated(day_of(at))),
        "foot": Foot(
            recipients=recipients,
            **signs_as(capacity or words.capacity, signed_for),
            how="(Ký, ghi rõ họ tên)",
            name=signed_by,
        ),
        "form": words.form,
        "title": words.title,
        "about": about,
        "made_at": at,
    }


def signs_as(capacity: str, signed_for: SignedFor | None) -> dict[str, Any]:
    """Say in which capacity a paper is signed: by who holds it, or `TUQ.` for him (NĐ 30/2020, Phụ lục I)."""
    if signed_for is None:
        return {"on_behalf": None, "capacity": capacity}
    return {"on_behalf": f"TUQ. {capacity}", "capacity": signed_for.title}


def limit_at(facts: Sequence[Any], at: datetime) -> Deadline | None:
    """Give the limit as it was at an instant; None where the law sets none."""
    found: Deadline | None = None
    for fact in facts:
        match fact:
            case (
                CaseOpened(opened_at=since)
                | CaseClockResumed(resumed_at=since)
                | CaseProlonged(prolonged_at=since)
                | CaseRestated(restated_at=since)
                | CaseTimeExcluded(excluded_at=since)
            ):
                found = fact.deadline if since <= at else found
            case _:
                pass
    return found


def of_kind(facts: Sequence[Any], kind: type[Known]) -> list[Known]:
    """Give the facts of a kind, in order."""
    return [fact for fact in facts if isinstance(fact, kind)]
