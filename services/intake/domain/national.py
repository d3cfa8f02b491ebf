"""Step 3 of 8, decide: a dossier as the national portal counts it: ten statuses, rounds of supplement, old and new days.

A pure fold over facts of this service and of the department. What they send and how is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Any, Final

from contracts.intake import (
    DossierAccepted,
    DossierReappointed,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplemented,
    DossierSupplementReminded,
    DossierSupplementRequested,
    DossierWithdrawn,
)
from contracts.processing import CaseOpened, CaseStepCompleted, CaseStopped
from contracts.vocabulary import DossierCode, MissingComponent, Outcome, SupplementStage
from kernel.legalclock import day_of

STATUSES: Final = {
    1: "Mới đăng ký",
    2: "Được tiếp nhận",
    3: "Không được tiếp nhận",
    4: "Đang xử lý",
    5: "Yêu cầu bổ sung giấy tờ",
    6: "Yêu cầu thực hiện nghĩa vụ tài chính",
    7: "Công dân yêu cầu rút hồ sơ",
    8: "Dừng xử lý",
    9: "Đã xử lý xong",
    10: "Đã trả kết quả",
}
"""The portal's words. No fact leads to 6 yet: a fee is known at acceptance and is not asked for by a fact of its own."""

NEW, ACCEPTED, REFUSED, WORKED_ON, WAITING, WITHDRAWN, STOPPED, RESOLVED, RETURNED = 1, 2, 3, 4, 5, 7, 8, 9, 10
ENDED: Final = frozenset({REFUSED, WITHDRAWN, STOPPED, RETURNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of supplement: what was asked for, and what became of the appointment."""

    stage: SupplementStage
    missing: tuple[MissingComponent, ...]
    requested_by: str
    requested_at: datetime
    received_at: datetime | None = None
    brought: tuple[str, ...] = ()
    due_before_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One line of what was done: by whom, where, when, and by when it had to be."""

    status: int
    text: str
    at: datetime
    since_at: datetime
    due_at: datetime | None = None
    officer: str | None = None
    role: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A dossier as the portal is to hold it after some facts."""

    submitted: DossierSubmitted
    status: int = NEW
    code: DossierCode | None = None
    accepted_at: datetime | None = None
    accepted_by: str | None = None
    fee_vnd: int | None = None
    due_at: datetime | None = None
    due_said_at: datetime | None = None
    """Where an apology came with a new day: that day. `due_at` stays the limit."""
    rounds: tuple[Round, ...] = ()
    outcome: Outcome | None = None
    result_number: str | None = None
    ended_at: datetime | None = None
    returned_at: datetime | None = None
    refusal: str | None = None
    step: tuple[str | None, str | None] = (None, None)
    """Unit and role that hold the case."""
    progress: tuple[Progress, ...] = ()
    opened: bool = False


def record_of(facts: Iterable[Any]) -> Record | None:
    """Fold facts, in the order in which they became known here; None as long as nothing was submitted."""
    return reduce(evolve, facts, None)


def number_of(record: Record) -> str | None:
    """Give the number (MaHoSo) under which the portal holds a dossier; None while it has none.

    That is its code (TT 01/2018, Điều 19). One that ended without a code never gets one: it goes by a number that no register gives,
    with a T behind the day.
    """
    if record.code is not None:
        return record.code
    if record.status not in ENDED:
        return None
    submitted = record.submitted
    return f"{submitted.agency}-{day_of(submitted.submitted_at):%y%m%d}-T{submitted.dossier_id.hex[:12].upper()}"


def evolve(record: Record | None, fact: Any) -> Record | None:
    """Say what a fact makes of a record. Never refuses: history cannot be wrong."""
    if isinstance(fact, DossierSubmitted):
        at = fact.submitted_at
        return Record(submitted=fact, progress=(Progress(status=NEW, text="Nộp hồ sơ", at=at, since_at=at),))
    if record is None:
        return None
    for step in (_at_the_door, _of_the_appointment, _of_the_department, _at_the_end):
        if (changed := step(record, fact)) is not None:
            return changed
    return record


def _at_the_door(r: Record, fact: Any) -> Record | None:
    match fact:
        case DossierSupplementRequested() as f:
            due = r.due_said_at or r.due_at
            asked = Round(
                stage=f.stage, missing=f.missing, requested_by=f.requested_by, requested_at=f.requested_at, due_before_at=due, due_at=due
            )
            r = replace(r, rounds=(*r.rounds, asked))
            return _worked(r, WAITING, "Yêu cầu bổ sung, hoàn thiện hồ sơ", f.requested_at, officer=f.requested_by)
        case DossierSupplementReminded() as f:
            return _worked(r, WAITING, "Nhắc bổ sung hồ sơ", f.reminded_at)
        case DossierSupplemented() as f if r.rounds:
            last = replace(r.rounds[-1], received_at=f.received_at, brought=f.components)
            r = replace(r, rounds=(*r.rounds[:-1], last))
            return _worked(r, NEW if f.stage == "desk" else WORKED_ON, "Nhận hồ sơ bổ sung", f.received_at)
        case DossierAccepted() as f:
            due_at = f.deadline.due_at if f.deadline else None
            r = replace(r, code=f.code, accepted_at=f.accepted_at, accepted_by=f.accepted_by, fee_vnd=f.fee_vnd, due_at=due_at)
            status = WORKED_ON if r.opened else ACCEPTED
            return _worked(r, status, "Tiếp nhận hồ sơ và hẹn trả kết quả", f.accepted_at, officer=f.accepted_by)
        case _:
            return None


def _of_the_appointment(r: Record, fact: Any) -> Record | None:
    match fact:
        case DossierRescheduled() as f:
            rounds = r.rounds
            if rounds:
                rounds = (*rounds[:-1], replace(rounds[-1], due_before_at=f.due_before_at, due_at=f.deadline.due_at))
            return replace(r, rounds=rounds, due_at=f.deadline.due_at)
        case DossierReappointed() as f:
            r = replace(r, due_said_at=f.new_due_at)
            return _worked(r, r.status, "Xin lỗi và hẹn lại ngày trả kết quả", f.reappointed_at)
        case _:
            return None


def _of_the_department(r: Record, fact: Any) -> Record | None:
    """Take what the department tells; once the dossier has ended here nothing of it moves the status any more."""
    match fact:
        case CaseOpened() as f:
            r = replace(r, opened=True, step=(f.unit, f.role))
            return _worked(r, WORKED_ON if r.status == ACCEPTED else r.status, "Chuyển phòng chuyên môn xử lý", f.opened_at)
        case CaseStepCompleted() as f:
            r = _worked(r, r.status, "Hoàn thành một bước xử lý", f.completed_at, officer=f.officer)
            return replace(r, step=(f.next_unit or r.step[0], f.next_role or r.step[1]))
        case CaseStopped() as f if r.status not in ENDED | {RESOLVED}:
            return _worked(replace(r, ended_at=f.stopped_at), STOPPED, "Dừng xử lý hồ sơ", f.stopped_at)
        case _:
            return None


def _at_the_end(r: Record, fact: Any) -> Record | None:
    match fact:
        case DossierResultReady() as f:
            r = replace(r, outcome=f.outcome, result_number=f.result_number, ended_at=f.ready_at)
            return _worked(r, RESOLVED if is_resolved(r) else r.status, "Có kết quả giải quyết", f.ready_at)
        case DossierReturned() as f:
            return _worked(replace(r, returned_at=f.returned_at), RETURNED, "Trả kết quả", f.returned_at, officer=f.returned_by)
        case DossierRefused() as f:
            r = replace(r, ended_at=f.refused_at, refusal=f.legal_basis)
            return _worked(r, REFUSED, "Từ chối tiếp nhận hồ sơ", f.refused_at, officer=f.refused_by)
        case DossierWithdrawn() as f:
            return _worked(replace(r, ended_at=f.withdrawn_at), WITHDRAWN, "Rút hồ sơ", f.withdrawn_at)
        case _:
            return None


def is_resolved(record: Record) -> bool:
    """Tell whether a dossier may be called resolved (9): it has a numbered result, or the answer is a refusal.

    Calling others so makes punctuality look better than it is; systems were seen to do that.
    """
    return record.outcome == "refused" or (record.outcome == "granted" and bool(record.result_number))


def _worked(r: Record, status: int, text: str, at: datetime, officer: str | None = None) -> Record:
    """Move the status and write a line of progress: since the last line, in the unit that holds it, due by what was promised."""
    unit, role = r.step
    since_at = r.progress[-1].at if r.progress else at
    due_at = r.due_said_at or r.due_at
    line = Progress(status=status, text=text, at=at, since_at=since_at, due_at=due_at, officer=officer, role=role, unit=unit)
    return replace(r, status=status, progress=(*r.progress, line))
