"""Step 3 of 8, decide: the department's work on one dossier, from its acceptance to the issue of the result."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import Final
from uuid import uuid5

from contracts.processing import CaseDecisionCorrected, CaseMoved, CaseStepReopened, CaseStopped
from contracts.processing_clock import CaseAlarmRaised
from contracts.vocabulary import CaseId, DossierId
from kernel.eventlog import Decider, Refused
from services.processing.domain import NAMESPACE
from services.processing.domain import case_facts as facts
from services.processing.domain import case_timers as timers
from services.processing.domain.alarms import ROLES, alarms, next_alarm_at
from services.processing.domain.case_commands import (
    Act,
    Answer,
    Assign,
    Claim,
    Command,
    Complete,
    Consult,
    Correct,
    Decide,
    Exclude,
    Issue,
    LetPass,
    Move,
    OpenCase,
    Pause,
    Prolong,
    PutDownCouncil,
    PutDownSiteCheck,
    Reappoint,
    Receive,
    Remind,
    Restate,
    Resume,
    Return,
    Ring,
    Stop,
    Undo,
)
from services.processing.domain.case_evolution import Event, evolve
from services.processing.domain.case_limit import excluded, restated
from services.processing.domain.case_moves import moved
from services.processing.domain.case_outside import answered, overdue, received, reminded
from services.processing.domain.case_states import Absent, Case, Issued, Paused, State, Stopped, Working, legal_in
from services.processing.domain.case_work import work

INITIAL: Final[State] = Absent()


def stream_of(dossier: DossierId) -> CaseId:
    """Give the case, and the stream, of a dossier."""
    return CaseId(uuid5(NAMESPACE, f"case:{dossier}"))


def decide(command: Command, state: State) -> list[Event]:
    """Say what a command leads to, after the steps have passed by themselves whose time had run out before it.

    Raises:
        Refused: with one of `case_refusals.Reason`, and `legal`, what may be done instead.
    """
    facts: list[Event] = []
    if isinstance(command, Act | LetPass):
        facts, state = _let_pass(command, state)
    # What would be silenced is said first, with its own instant: a worker that was down has not kept anybody from knowing.
    if isinstance(command, Pause | Reappoint | Prolong | Restate | Exclude | Stop):
        said = _all_rung(command.at, state)
        facts, state = [*facts, *said], reduce(evolve, said, state)
    if isinstance(command, Answer):
        said = [*overdue(state, command.at)]
        facts, state = [*facts, *said], reduce(evolve, said, state)
    found = _decided(command, state)
    if isinstance(command, Stop | Restate | Exclude) and not found:
        return []  # it silences nothing, and a fact that no longer applies leaves nothing behind
    facts += found
    match command:
        case Resume() if isinstance(state, Paused) and found:
            return [*facts, *timers.again(state.held, command.resumed_at, command.calendar)]
        case OpenCase() | Resume() | Restate() | Exclude() | Stop() | Ring() | Remind() | LetPass():
            return facts
        case _ if isinstance(state, Paused):
            return facts  # its timers were cancelled when the clock stopped
        case _:
            after = reduce(evolve, found, state)
            return [*facts, *timers.wound(after, command.steps, command.at, command.calendar, _why_cancelled(found))]


def _let_pass(command: Act | LetPass, state: State) -> tuple[list[Event], State]:
    """Let every step pass whose time has run out, the earliest first; what opens because of it may have a timer that has run out too."""
    facts: list[Event] = []
    while isinstance(state, Working) and (timer := timers.due(state, command.at)) is not None:
        found: list[Event] = [*timers.passed(state, timer, command.steps)]
        state = reduce(evolve, found, state)
        more = timers.wound(state, command.steps, timer.fires_at, command.calendar, "done")
        state = reduce(evolve, more, state)
        facts += [*found, *more]
    return facts, state


def _why_cancelled(found: list[Event]) -> timers.Cause:
    kinds = {type(fact) for fact in found}
    return "moved" if CaseMoved in kinds else "reopened" if kinds & {CaseStepReopened, CaseDecisionCorrected} else "done"


def _decided(command: Command, state: State) -> list[Event]:
    match command, state:
        case OpenCase(), Absent():
            return [facts.opened(command)]
        case Resume(round=round_), Paused() if round_ == state.case.rounds:
            return [*facts.resumed(command, state)]
        case Restate(), Working():
            return [*restated(command, state)]
        case Exclude(), Working():
            return [*excluded(command, state)]
        case Stop(at=at), Working(case=case, verdict="pending") | Paused(case=case):
            ended = [timers.cancelled(case, one, "ended", at) for one in state.timers] if isinstance(state, Working) else []
            return [*ended, CaseStopped(case_id=case.id, dossier_id=case.dossier, agency=case.agency, cause="withdrawn", stopped_at=at)]
        case Ring(at=at), Working(case=case):
            return _rung(at, case)
        case Remind(at=at), Working() | Paused():
            return [*overdue(state, at), *reminded(state, at)]
        case Move(workflow_hash=workflow_hash), Working(case=case) if workflow_hash != case.workflow_hash:
            return [moved(command, state)]
        case Answer(), Paused():
            return [answered(command, state)]
        case Receive(), Paused():
            return [*received(command, state)]
        case (
            Claim()
            | Assign()
            | Complete()
            | Return()
            | Undo()
            | Consult()
            | Answer()
            | Receive()
            | PutDownSiteCheck()
            | PutDownCouncil()
            | Pause()
            | Decide()
            | Correct()
            | Issue()
            | Reappoint()
            | Prolong(),
            Working(),
        ):
            return [*work(command, state)]

        # Facts of intake that no longer apply, or come twice: whoever was first has won, and there is nothing left to record.
        case ((OpenCase() | Resume() | Restate() | Exclude() | Stop() | Ring() | Remind() | LetPass() | Move()), _):
            return []

        case _, Absent():
            raise Refused("no-such-case")
        case _, Paused():
            raise Refused("case-paused", legal=legal_in(state, command.steps, command.at))
        case _, Issued() | Stopped():
            raise Refused("case-ended", legal=[])


def _all_rung(by: datetime, state: State) -> list[Event]:
    """Raise every alarm that is due by an instant, the earliest first."""
    facts: list[Event] = []
    while isinstance(state, Working) and (more := _rung(by, state.case)):
        facts += more
        state = reduce(evolve, more, state)
    return facts


def _rung(by: datetime, case: Case) -> list[Event]:
    """Raise the earliest alarm that is due; the next one is asked for by itself, so that each has its own time."""
    for kind, due_at, at in alarms(case)[:1]:
        if at <= by:
            after = replace(case, rung=case.rung | {(kind, due_at)})
            return [
                CaseAlarmRaised(
                    case_id=case.id,
                    dossier_id=case.dossier,
                    agency=case.agency,
                    kind=kind,
                    to_role=ROLES[kind],
                    due_at=due_at,
                    next_at=next_alarm_at(after),
                    raised_at=at,
                )
            ]
    return []


__all__ = ["DECIDER", "INITIAL", "Command", "Event", "decide", "evolve", "stream_of"]

DECIDER: Final = Decider[Command, State](INITIAL, decide, evolve)
