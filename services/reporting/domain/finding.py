"""Step 3 of 8, decide: a finding and what is done about it (TCVN ISO 9001:2015, 10.2).

Its cause is found, an action is given to one owner with a day, the owner shows that it is done, and somebody else says whether it helped.
If it did not, the finding is open again: nothing is closed because time has passed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from contracts.reporting_findings import (
    FindingActionAssigned,
    FindingActionDone,
    FindingActionOverdue,
    FindingActionVerified,
    FindingCauseRecorded,
    FindingFact,
    FindingOpened,
    FindingReopened,
)
from kernel.eventlog import Decider, Refused
from services.reporting.domain.due import is_over, over_at, with_alarms
from services.reporting.domain.finding_commands import Assign, Command, Finish, Open, RecordCause, Reopen, Ring, Step, Verify
from services.reporting.domain.finding_states import INITIAL, Action, Assigned, Closed, Done, Finding, State, Unsettled
from services.reporting.domain.reform_plan import may_answer

Refusal: TypeAlias = Literal[
    "no-such-finding",
    "finding-closed",
    "finding-not-closed",
    "cause-unknown",
    "no-action",
    "action-not-done",
    "action-done",
    "due-in-the-past",
    "not-the-owner",
    "verified-by-owner",
]


def decide(command: Command, state: State) -> list[FindingFact]:
    """Give what a command leads to, and beside it whether the action is overdue by then.

    Raises:
        Refused: a `Refusal`.
    """
    if isinstance(command, Ring):
        return [*overdue(command.at, state)]
    return with_alarms(command.at, state, decided(command, state), overdue, evolve)


def decided(command: Step, state: State) -> list[FindingFact]:
    """Give what a command itself leads to.

    Raises:
        Refused: as `decide`.
    """
    match command, state:
        case Open(opened=opened), None:
            return [opened]
        case Open(), _:
            return []
        case _, None:
            raise refused("no-such-finding")
        case Reopen(), Closed(finding=found):
            return [
                FindingReopened(
                    finding_id=found.id, agency=found.agency, reason=command.reason, reopened_by=command.by, reopened_at=command.at
                )
            ]
        case Reopen(), _:
            raise refused("finding-not-closed")
        case _, Closed():
            raise refused("finding-closed")
        case RecordCause(), _:
            found = state.finding
            if found.cause == command.cause:
                return []
            return [
                FindingCauseRecorded(
                    finding_id=found.id, agency=found.agency, cause=command.cause, recorded_by=command.by, recorded_at=command.at
                )
            ]
        case Assign(), Done():
            raise refused("action-done")
        case Assign(), _:
            return assigned(command, state)
        case Finish() | Verify(), _:
            return on_action(command, state)


def on_action(command: Finish | Verify, state: Unsettled | Assigned | Done) -> list[FindingFact]:
    """Give what its owner, and then somebody else, can say of the action.

    Raises:
        Refused: a `Refusal`.
    """
    match command, state:
        case Finish(), Done(action=action):
            if command.by == action.done_by:
                return []
            raise refused("action-done")
        case Finish(), Assigned(finding=found, action=action):
            if not may_answer(action.owner, command.by):
                raise refused("not-the-owner")
            return [
                FindingActionDone(
                    finding_id=found.id,
                    agency=found.agency,
                    number=action.number,
                    evidence=command.evidence,
                    late=is_over(action.due_on, command.at),
                    done_by=command.by,
                    done_at=command.at,
                )
            ]
        case Verify(), Done(finding=found, action=action):
            if not may_verify(command, action):
                raise refused("verified-by-owner")
            return [
                FindingActionVerified(
                    finding_id=found.id,
                    agency=found.agency,
                    number=action.number,
                    effective=command.effective,
                    note=command.note,
                    unit=command.unit,
                    verified_by=command.by,
                    verified_at=command.at,
                )
            ]
        case Verify(), Assigned():
            raise refused("action-not-done")
        case _:
            raise refused("no-action")


def assigned(command: Assign, state: Unsettled | Assigned) -> list[FindingFact]:
    """Give an action to its owner; the same once more is nothing new.

    Raises:
        Refused: a `Refusal`.
    """
    found = state.finding
    if found.cause is None:
        raise refused("cause-unknown")
    if isinstance(state, Assigned):
        held = state.action
        if (held.text, held.owner, held.due_on) == (command.action, command.owner, command.due_on):
            return []
    if is_over(command.due_on, command.at):
        raise refused("due-in-the-past", due_on=command.due_on)
    return [
        FindingActionAssigned(
            finding_id=found.id,
            agency=found.agency,
            number=found.number + 1,
            action=command.action,
            owner=command.owner,
            due_on=command.due_on,
            assigned_by=command.by,
            assigned_at=command.at,
        )
    ]


def may_verify(command: Verify, action: Action) -> bool:
    """Tell whether somebody is another one than who owns an action and who did it; what a unit owns, another unit verifies."""
    same = command.by in {action.owner.officer, action.done_by}
    return not same and (action.owner.officer is not None or command.unit != action.owner.unit)


def overdue(by: datetime, state: State) -> list[FindingFact]:
    """Say that the action is overdue by an instant, if it is and was not said to be."""
    match state:
        case Assigned(finding=found, action=action) if not isinstance(state, Done | Closed):
            if action.rung_for == action.due_on or over_at(action.due_on) > by:
                return []
            return [
                FindingActionOverdue(
                    finding_id=found.id,
                    agency=found.agency,
                    number=action.number,
                    due_on=action.due_on,
                    raised_at=over_at(action.due_on),
                )
            ]
        case _:
            return []


def evolve(state: State, event: FindingFact) -> State:
    """Give the state after a fact."""
    match event, state:
        case FindingOpened(), None:
            of_officer = event.found_by == "score" and event.unit is None
            return Unsettled(Finding(id=event.finding_id, agency=event.agency, of_officer=of_officer))
        case FindingCauseRecorded(), Unsettled(finding=found):
            return replace(state, finding=replace(found, cause=event.cause))
        case FindingActionAssigned(), Unsettled(finding=found):
            action = Action(number=event.number, text=event.action, owner=event.owner, due_on=event.due_on)
            return Assigned(replace(found, number=event.number), action)
        case FindingActionOverdue(), Assigned(action=action):
            return replace(state, action=replace(action, rung_for=event.due_on))
        case FindingActionDone(), Assigned(finding=found, action=action):
            return Done(found, replace(action, done_by=event.done_by))
        case FindingActionVerified(), Done(finding=found, action=action):
            return Closed(found, action) if event.effective else Unsettled(found)
        case FindingReopened(), Closed(finding=found):
            return Unsettled(found)
        # Whoever asks by an id may name a stream of another kind: there is no finding in it.
        case _:
            return state


def refused(reason: Refusal, **detail: Any) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason, **detail)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
