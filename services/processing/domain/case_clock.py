"""Step 3 of 8, decide: the clocks of a case as its own facts tell them: its legal limit, the hours of its steps, the answers it awaits.

A deadline in a fact is the answer of its moment. Here the moments themselves are read off the facts, so that `kernel.legalclock.reckon`
gives the answer of any instant again, with what opened every stretch of time and under which version of the calendar it was counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from contracts.processing import CaseOpened
from contracts.processing_coordination import CaseConsultationAnswered, CaseConsultationRequested
from contracts.vocabulary import ContentHash, Deadline, PartnerCode, PrincipalId
from kernel.legalclock import (
    Begun,
    Ended,
    HandedOver,
    Holder,
    Limit,
    Moment,
    Resumed,
    day_of,
    part_of,
    rule_pack_on,
)
from services.processing.domain import case
from services.processing.domain.case_limit import begun, moments_of
from services.processing.domain.case_states import Absent, Issued, OpenStep, State, Stopped, Working
from services.processing.domain.case_states import Paused as StandsStill


class Happened(Protocol):
    """What is used of a recorded fact; `kernel.eventlog.Recorded` is one."""

    @property
    def source(self) -> str:
        """Whose log it is in."""
        ...

    @property
    def pos(self) -> int:
        """Its position there."""
        ...

    @property
    def time(self) -> datetime:
        """When it happened."""
        ...

    @property
    def fact(self) -> Any:
        """What happened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in which a step was open: since when and by which fact, until when (None: it is still), and who had it last.

    `workflow_hash` names the version that gave it its hours.
    """

    step: str
    unit: str
    role: str
    workflow_hash: ContentHash
    since: datetime
    cause: str
    officer: PrincipalId | None = None
    until: datetime | None = None
    until_cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An answer that another agency owes or owed: its limit, and when it came (None: it has not)."""

    number: int
    partner: PartnerCode
    deadline: Deadline
    cause: str
    asked_at: datetime
    answered_at: datetime | None = None
    answer_cause: str = ""


@dataclass(frozen=True, slots=True)
class Clocks:
    """What the facts say of time: `limit` is the history of the limit, empty where there is none.

    `by_law` is the same history under the law's own limit, empty unless the department promised less (E-06).
    """

    state: State
    limit: tuple[Moment, ...]
    by_law: tuple[Moment, ...]
    spans: tuple[Span, ...]
    asked: tuple[Asked, ...]


def cause_of(event: Happened) -> str:
    """Name a fact as the cause of something: `processing/12`."""
    return f"{event.source}/{event.pos}"


def clocks_of(events: Iterable[Happened]) -> Clocks:
    """Read the clocks of a case off its facts, in the order in which they were recorded."""
    state: State = case.INITIAL
    moments: list[Moment] = []
    spans: dict[str, Span] = {}
    over: list[Span] = []
    asked: dict[int, Asked] = {}
    holder: Holder | None = None
    law: Limit | None = None
    for event in events:
        if isinstance(event.fact, CaseOpened) and event.fact.limit_by_law is not None:
            law = Limit(event.fact.limit_by_law.amount, event.fact.limit_by_law.unit)
        state, before = case.evolve(state, event.fact), state
        cause = cause_of(event)
        moments += moments_of(event.fact, cause, before)
        if (now := _holder(state)) not in {None, holder}:
            if holder is not None and moments:
                moments.append(HandedOver(at=event.time, cause=cause, to=now or holder))
            holder = now
        over += _walked(spans, state, event)
        _ask(asked, event.fact, cause)
    by_law = tuple(replace(moment, limit=law) if isinstance(moment, Begun) else moment for moment in moments) if law else ()
    return Clocks(state, tuple(moments), by_law, (*over, *spans.values()), tuple(asked.values()))


def limit_of_step(span: Span, hours: int, limit: Sequence[Moment]) -> tuple[Moment, ...]:
    """Give the history of a step's hours: they stand while the legal limit does, and begin again when it goes on."""
    begun = Begun(
        at=span.since,
        cause=span.cause,
        limit=Limit(hours, "working-hours"),
        start_rule="complete",
        rule_pack=rule_pack_on(day_of(span.since)).id,
        holder=Holder("unit", span.unit),
    )
    whole = [replace(moment, mode="restart") if isinstance(moment, Resumed) else moment for moment in limit]
    return _until((begun, *part_of(whole, begun)[1:]), span.until, span.until_cause)


def limit_of_answer(asked: Asked) -> tuple[Moment, ...]:
    """Give the history of another agency's limit: that the department waits for the applicant does not make it longer."""
    first = begun(asked.deadline, asked.cause, Holder("agency", asked.partner))
    return _until((first,), asked.answered_at, asked.answer_cause)


def _until(moments: tuple[Moment, ...], at: datetime | None, cause: str) -> tuple[Moment, ...]:
    if at is None:
        return moments
    return (*(moment for moment in moments if moment.at <= at), Ended(at=at, cause=cause))


def _holder(state: State) -> Holder | None:
    """Say who has the papers; None while the applicant is waited for, and when nobody has them any more.

    The unit of the first open step, unless nothing is open but a step that has asked another agency and waits for its answer.
    """
    match state:
        case Working(open=(OpenStep(code=code, unit=unit), *others), case=found):
            waits = [one for one in found.consultations if one.answered_at is None and one.step == code]
            return Holder("agency", waits[0].partner) if waits and not others else Holder("unit", unit)
        case Absent() | Working() | StandsStill() | Issued() | Stopped():
            return None


def _walked(spans: dict[str, Span], state: State, event: Happened) -> list[Span]:
    """Let spans begin and end with a fact; give those that ended."""
    cause = cause_of(event)
    match state:
        case Working() as working:
            pass
        case StandsStill(held=working):
            pass
        case Absent() | Issued() | Stopped():
            working = None
    is_open = {step.code: step for step in working.open} if working else {}
    gone = [code for code in spans if code not in is_open]
    ended = [replace(spans.pop(code), until=event.time, until_cause=cause) for code in gone]
    if working is None:
        return ended
    for code, step in is_open.items():
        fresh = Span(
            step=code, unit=step.unit, role=step.role, workflow_hash=working.case.workflow_hash, since=step.since, cause=cause
        )  # fmt: skip
        spans[code] = replace(spans.get(code, fresh), officer=step.officer)
    return ended


def _ask(asked: dict[int, Asked], fact: Any, cause: str) -> None:
    match fact:
        case CaseConsultationRequested():
            asked[fact.number] = Asked(
                number=fact.number, partner=fact.partner, deadline=fact.deadline, cause=cause, asked_at=fact.requested_at
            )  # fmt: skip
        case CaseConsultationAnswered(number=number) if number in asked:
            asked[number] = replace(asked[number], answered_at=fact.answered_at, answer_cause=cause)
        case _:
            pass
