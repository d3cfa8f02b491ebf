"""Step 3 of 8, decide: how long a case lay at each step of its internal procedure, in time and in working time.

A step is worked at while it is open and the clock runs: what the applicant is awaited for is nobody's step. Steps beside each other each
have their own time, and a step that was sent back has that of both times. Reassigning changes nothing: the hours run on (E-43).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from contracts.fact import Fact
from contracts.processing import (
    CaseDecisionCorrected,
    CaseMoved,
    CaseOpened,
    CaseResultIssued,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStopped,
)
from contracts.processing_clock import CaseClockPaused, CaseClockResumed
from kernel.legalclock import Calendar

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """From an instant on these steps are open, or the clock runs or stands still; None = as before."""

    at: datetime
    open: frozenset[str] | None = None
    runs: bool | None = None


TURNS: Final = (
    CaseOpened,
    CaseStepCompleted,
    CaseStepReopened,
    CaseDecisionCorrected,
    CaseMoved,
    CaseClockPaused,
    CaseClockResumed,
    CaseResultIssued,
    CaseStopped,
)


def turn_of(fact: Fact) -> Turn | None:
    """Say what a fact changes; None for one that opens and closes no step."""
    match fact:
        case CaseOpened():
            return Turn(fact.opened_at, frozenset({fact.step}), runs=True)
        case CaseStepCompleted():
            steps = {one.step for one in fact.open} or ({fact.next_step} if fact.next_step else set[str]())
            return Turn(fact.completed_at, frozenset(steps))
        case CaseStepReopened():
            return Turn(fact.reopened_at, frozenset(one.step for one in fact.open))
        case CaseDecisionCorrected():
            return Turn(fact.corrected_at, frozenset(one.step for one in fact.open))
        case CaseMoved():
            return Turn(fact.moved_at, frozenset(one.step for one in fact.open))
        case CaseClockPaused():
            return Turn(fact.paused_at, runs=False)
        case CaseClockResumed():
            return Turn(fact.resumed_at, runs=True)
        case CaseResultIssued():
            return Turn(fact.issued_at, frozenset())
        case CaseStopped():
            return Turn(fact.stopped_at, frozenset())
        case _:
            return None


def lain_at(turns: Iterable[Turn], calendar: Calendar) -> dict[str, tuple[int, int | None]]:
    """Give for each step of one case the whole minutes that it lay there, and of these the working ones; None = no calendar knows them.

    Args:
        turns: in the order of the log; the last closes what is open.
        calendar: by which minutes are worked.
    """
    found: dict[str, tuple[timedelta, timedelta | None]] = defaultdict(lambda: (timedelta(), timedelta()))
    steps, runs = frozenset[str](), False
    for turn, then in pairwise(turns):
        steps = steps if turn.open is None else turn.open
        runs = runs if turn.runs is None else turn.runs
        # Two machines' clocks may differ by a little: no stretch is shorter than nothing.
        until = max(turn.at, then.at)
        for step in steps if runs else ():
            lay, worked = found[step]
            more = worked_between(calendar, turn.at, until)
            found[step] = lay + (until - turn.at), None if worked is None or more is None else worked + more
    return {step: (lay // MINUTE, None if worked is None else worked // MINUTE) for step, (lay, worked) in found.items()}


def worked_between(calendar: Calendar, since: datetime, until: datetime) -> timedelta | None:
    """Give the working time of a stretch; None where the calendar does not know it."""
    try:
        return calendar.time_worked(until) - calendar.time_worked(since)
    except LookupError:
        return None
