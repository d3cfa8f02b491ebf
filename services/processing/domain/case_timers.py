"""Step 3 of 8, decide: steps that pass by themselves where silence means consent, each at the instant that was set for it.

The instant is derived when the step opens, and recorded. Whoever comes after it, an officer or the worker, first lets the step pass with
that instant as its time: the same facts follow whenever somebody looks, in the same order.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from contracts.processing import CaseStepCompleted, CaseStepSkipped, CaseTimerCancelled, CaseTimerFired, CaseTimerSet
from contracts.vocabulary import Deadline, Limit
from kernel.legalclock import Calendar, day_of, deadline, late_from, rule_pack_on
from services.processing.domain.case_facts import BY_ITSELF, completed
from services.processing.domain.case_states import Case, Paused, State, Timer, Working
from services.processing.domain.workflow import Steps, step_of

Timed: TypeAlias = CaseTimerSet | CaseTimerFired | CaseTimerCancelled | CaseStepCompleted | CaseStepSkipped
Cause: TypeAlias = Literal["done", "reopened", "paused", "moved", "ended"]


def due(state: State, at: datetime) -> Timer | None:
    """Give the timer that fires first, if it does so by an instant; while the clock stands still none does."""
    if not isinstance(state, Working):
        return None
    return min((one for one in state.timers if one.fires_at <= at), key=lambda one: (one.fires_at, one.step), default=None)


def passed(state: Working, timer: Timer, steps: Steps) -> list[Timed]:
    """Let one step pass by itself."""
    case = state.case
    fired = CaseTimerFired(case_id=case.id, dossier_id=case.dossier, agency=case.agency, step=timer.step, fired_at=timer.fires_at)
    step = next(one for one in state.open if one.code == timer.step)
    return [fired, *completed(steps, state, step, BY_ITSELF, timer.fires_at)]


def wound(state: State, steps: Steps, at: datetime, calendar: Calendar | None, cause: Cause) -> list[CaseTimerSet | CaseTimerCancelled]:
    """Cancel the timers that have lost their step, and set those of steps that have opened.

    Raises:
        ValueError: if a timer is to be set and the caller brought no calendar.
    """
    match state:
        case Working(case=case, open=found, timers=timers):
            wanted = {step.code: days for step in found if (days := _days(steps, step.code)) is not None}
            gone = [cancelled(case, one, cause, at) for one in timers if one.step not in wanted]
            running = {one.step for one in timers}
            return [*gone, *(_set(case, code, days, at, calendar) for code, days in wanted.items() if code not in running)]
        case Paused(held=held):
            return [cancelled(held.case, one, "paused", at) for one in held.timers]
        case _:
            return []


def again(held: Working, at: datetime, calendar: Calendar) -> list[CaseTimerSet]:
    """Set the timers anew that a pause had cancelled: the whole time begins again, as the hours of the step do."""
    return [_set(held.case, one.step, one.days, at, calendar) for one in held.timers]


def cancelled(case: Case, timer: Timer, cause: Cause, at: datetime) -> CaseTimerCancelled:
    """Say that a step will not pass by itself."""
    return CaseTimerCancelled(case_id=case.id, dossier_id=case.dossier, agency=case.agency, step=timer.step, cause=cause, cancelled_at=at)


def _days(steps: Steps, code: str) -> int | None:
    return step_of(steps, code).passes_after


def _set(case: Case, code: str, days: int, at: datetime, calendar: Calendar | None) -> CaseTimerSet:
    if calendar is None:
        message = f"{code} passes by itself, and there is no calendar to say when"
        raise ValueError(message)
    limit = Limit(amount=days, unit="working-days")
    last = Deadline.model_validate(deadline(at, limit, "complete", calendar, rule_pack_on(day_of(at))))
    return CaseTimerSet(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        step=code,
        days=days,
        deadline=last,
        fires_at=late_from(last),
        set_at=at,
    )
