"""Step 3 of 8, decide: what the facts of a case do to its legal limit, as moments of the legal clock; and what may be done to that limit.

A deadline in a fact is the answer of its moment. The moments give the answer of any instant again, and of any further moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NoReturn

from contracts.processing import CaseOpened, CaseResultIssued, CaseStopped
from contracts.processing_clock import CaseClockPaused, CaseClockResumed, CaseProlonged, CaseReappointed, CaseRestated, CaseTimeExcluded
from contracts.vocabulary import Deadline
from kernel.legalclock import (
    Apologised,
    Begun,
    Ended,
    Excluded,
    Holder,
    Limit,
    Moment,
    Paused,
    Prolonged,
    Restated,
    Resumed,
    Told,
    day_of,
    reckon,
    restate,
    rule_pack,
)
from kernel.legalclock.phrases import FORCE_MAJEURE, OUTAGE
from services.processing.domain.alarms import next_alarm_at
from services.processing.domain.case_commands import Exclude, Prolong, Restate
from services.processing.domain.case_refusals import refuse
from services.processing.domain.case_states import Case, State, Working
from services.processing.domain.case_states import Paused as StandsStill

OUT: Final[Mapping[str, str]] = {"force-majeure": FORCE_MAJEURE, "outage": OUTAGE}
"""Why time does not count, as the derivation says it."""


def moments_of(fact: Any, cause: str, before: State) -> Iterator[Moment]:
    """Say what a fact does to the legal limit of a case that stood as it did before it."""
    match fact, before:
        case CaseOpened(deadline=Deadline() as due), _:
            yield begun(due, cause, Holder("unit", fact.unit))
        case CaseClockPaused(), Working():
            yield Paused(at=fact.paused_at, cause=cause)
        case CaseClockResumed(), StandsStill(held=held):
            yield Resumed(at=fact.resumed_at, cause=cause, mode=held.case.supplement_mode)
        case CaseReappointed(), Working(case=found):
            # Form APOLOGY has no number of its own: one at most, so the dossier's code names it.
            yield Apologised(at=fact.reappointed_at, cause=cause, due_on=fact.new_due_on, number=found.code)
        case CaseProlonged(), Working():
            yield Prolonged(at=fact.prolonged_at, cause=cause, amount=fact.amount, source=fact.legal_basis)
        case CaseRestated(), Working():
            yield Restated(at=fact.restated_at, cause=cause)
        case CaseTimeExcluded(), Working():
            why = OUT[fact.cause]
            yield Excluded(at=fact.excluded_at, cause=cause, since=fact.since, until=fact.until, why=why, source=fact.decision)
        case ((CaseResultIssued(issued_at=at) | CaseStopped(stopped_at=at)), Working() | StandsStill()):
            yield Ended(at=at, cause=cause)
        case _:
            pass


def begun(due: Deadline, cause: str, holder: Holder) -> Begun:
    """Give the moment with which a limit began that a fact carries."""
    limit = Limit(due.limit.amount, due.limit.unit)
    at = due.segments[0].start_at if due.segments else due.starts_at
    return Begun(at=at, cause=cause, limit=limit, start_rule=due.start_rule, rule_pack=due.rule_pack, holder=holder)


def timed(case: Case, fact: Any, before: State) -> Case:
    """Add what a fact does to the limit to what is known of it; no more than the limit is asked for, so nothing names its cause."""
    return replace(case, clock=(*case.clock, *moments_of(fact, "", before)))


def prolonged(command: Prolong, state: Working) -> CaseProlonged:
    """Make the limit longer, once at most, where the procedure's law lets it (E-19: that is not an apology, which moves no limit)."""
    case, officer, at = state.case, command.officer, command.at
    if not any(step.unit in officer.leads for step in state.open):
        refuse("leader-needed", command, state)
    if case.deadline is None:
        refuse("no-clock", command, state)
    if state.verdict != "pending":
        refuse("already-decided", command, state)
    if case.is_prolonged:
        refuse("already-prolonged", command, state)
    if case.extension_max is None or command.amount > case.extension_max:
        _too_long(command, state)
    notice_days = rule_pack(case.deadline.rule_pack).extension_notice_days
    if (case.deadline.due_on - day_of(at)).days < notice_days:
        refuse("too-late-to-prolong", command, state)  # E-23
    moment = Prolonged(at=at, cause="", amount=command.amount, source=command.legal_basis)
    deadline = Deadline.model_validate(reckon((*case.clock, moment), command.calendar).deadline)
    return CaseProlonged(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        amount=command.amount,
        legal_basis=command.legal_basis,
        reason=command.reason,
        due_before_at=case.deadline.due_at,
        deadline=deadline,
        next_at=next_alarm_at(replace(case, deadline=deadline, kept=None)),
        officer=officer.id,
        prolonged_at=at,
    )


def _too_long(command: Prolong, state: Working) -> NoReturn:
    refuse("no-such-extension", command, state, allowed=state.case.extension_max or 0)


def restated(command: Restate, state: Working) -> list[CaseRestated]:
    """Count the days from this one on by what is known of the calendar now; nothing, where no date moves by it."""
    case = state.case
    if case.deadline is None or command.at < case.clock[0].at:
        return []
    if command.calendar.as_known_at(command.at).version == case.deadline.calendar:
        return []
    if (found := restate(case.clock, command.calendar, command.at, "")) is None:
        return []
    deadline, promised = Deadline.model_validate(found.deadline), found.promised
    after = replace(case, deadline=deadline, kept=kept_of(deadline, promised))
    return [
        CaseRestated(
            case_id=case.id,
            dossier_id=case.dossier,
            agency=case.agency,
            calendar_before=case.deadline.calendar,
            due_before_at=case.deadline.due_at,
            due_before_on=case.deadline.due_on,
            deadline=deadline,
            promised_at=promised.due_at,
            promised_on=promised.due_on,
            next_at=next_alarm_at(after),
            restated_at=command.at,
        )
    ]


def kept_of(deadline: Deadline, promised: Told) -> Told | None:
    """Give the day that the applicant was told, where the law's is later by now."""
    return promised if promised.due_at < deadline.due_at else None


def excluded(command: Exclude, state: Working) -> list[CaseTimeExcluded]:
    """Leave time out that a decision says nobody could work in (E-22); nothing, where no date moves: none of it counted, or it ran out.

    Only who leads a unit that has the case may; for anybody else it leaves nothing behind.
    """
    case = state.case
    if case.deadline is None or not any(step.unit in command.officer.leads for step in state.open):
        return []
    moment = Excluded(at=command.at, cause="", since=command.since, until=command.until, why=OUT[command.cause], source=command.decision)
    deadline = Deadline.model_validate(reckon((*case.clock, moment), command.calendar).deadline)
    if deadline.due_at == case.deadline.due_at:
        return []
    return [
        CaseTimeExcluded(
            case_id=case.id,
            dossier_id=case.dossier,
            agency=case.agency,
            decision=command.decision,
            cause=command.cause,
            since=command.since,
            until=command.until,
            due_before_at=case.deadline.due_at,
            deadline=deadline,
            next_at=next_alarm_at(replace(case, deadline=deadline, kept=None)),
            officer=command.officer.id,
            excluded_at=command.at,
        )
    ]
