"""Step 1 of 8, http_api: where a case stands, in words that every answer about a case uses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kernel.legalclock import load_calendar
from services.processing.domain.alarms import step_due_at
from services.processing.domain.case_states import Absent, Consultation, Issued, Known, OpenStep, Paused, State, Stopped, Working
from services.processing.domain.workflow import Steps, step_of
from services.processing.handle import CaseOutcome


def answer(outcome: CaseOutcome) -> dict[str, Any]:
    """Tell the caller where the case stands now."""
    return {} if isinstance(outcome.state, Absent) else standing(outcome.state)


def standing(state: Known) -> dict[str, Any]:
    """Say where a case stands: the open step and whose it is, the deadline, and what came of it."""
    case = state.case
    due = {"due_on": case.deadline.due_on if case.deadline else None, "due_at": case.deadline.due_at if case.deadline else None}
    due |= {"new_due_at": case.new_due_at, "paused_at": None}
    ended = {"step": None, "unit": None, "role": None, "officer": None, "outcome": None, "result_number": None, "open": []}
    match state:
        case Working():
            return ended | open_steps(state) | due
        case Paused(held=held, paused_at=paused_at):
            return ended | open_steps(held) | due | {"state": "paused", "paused_at": paused_at}
        case Issued(outcome=outcome, number=number):
            return ended | due | {"state": "issued", "outcome": outcome, "result_number": number}
        case Stopped():
            return ended | due | {"state": "stopped"}


def open_steps(state: Working) -> dict[str, Any]:
    """Say which steps are open, whose they are, and who works on them; the first one also by itself."""
    first = state.open[0]
    return {
        "state": "waiting" if any(step.officer is None for step in state.open) else "claimed",
        "step": first.code,
        "unit": first.unit,
        "role": first.role,
        "officer": first.officer,
        "outcome": None if state.verdict == "pending" else state.verdict,
        "open": [{"step": step.code, "unit": step.unit, "role": step.role, "officer": step.officer} for step in state.open],
    }


def name_of_step(state: State, steps: Steps) -> str | None:
    """Give the name of the first open step, in Vietnamese."""
    match state:
        case Working(open=found) | Paused(held=Working(open=found)):
            return step_of(steps, found[0].code).name
        case _:
            return None


def opened(state: Known) -> tuple[OpenStep, ...]:
    """Give the steps that are open, though the clock may stand still."""
    match state:
        case Working(open=found) | Paused(held=Working(open=found)):
            return found
        case Issued() | Stopped():
            return ()


def step_clock(step: OpenStep, steps: Steps, now: datetime) -> dict[str, Any]:
    """Say whose an open step is, since when, and until when its hours last; they are a target inside the department."""
    due_at = step_due_at(step.since, step_of(steps, step.code).hours, load_calendar().as_known_at(step.since))
    about = {"step": step.code, "unit": step.unit, "role": step.role, "officer": step.officer}
    return about | {"since": step.since, "due_at": due_at, "late": now > due_at}


def asked_for(one: Consultation, now: datetime) -> dict[str, Any]:
    """Say whom the department asked, until when it should answer, and whether it did; its lateness stays to be seen."""
    return {
        "number": one.number,
        "partner": one.partner,
        "due_at": one.deadline.due_at,
        "due_on": one.deadline.due_on,
        "received_at": one.received_at,
        "answered_at": one.answered_at,
        "late": one.is_late(now),
    }
