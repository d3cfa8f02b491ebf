"""Step 3 of 8, decide: when a limit of a petition is near, and when it has run out. Read off the limit itself, not off a clock (ADR 16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Literal, TypeAlias

from contracts.feedback_petitions import PetitionAlarmRaised, PetitionFact, PetitionLimit
from contracts.vocabulary import Deadline
from kernel.legalclock import calendar_counted_by, heard_at, late_from, near
from services.feedback.domain.petition_states import Absent, Answered, Open, State, evolve

Kind: TypeAlias = Literal["due-soon", "overdue"]


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    """What a limit will say, and when, if nothing happens: the first instant at which somebody is in office to hear it."""

    at: datetime
    limit: PetitionLimit
    kind: Kind
    due_at: datetime


def of_limit(limit: PetitionLimit, deadline: Deadline) -> list[Alarm]:
    """Give what a limit says; of one that was recorded without its derivation nobody knows when it is near."""
    calendar = calendar_counted_by(deadline.calendar)
    soon, late = near(deadline), late_from(deadline)
    first = [Alarm(heard_at(soon, calendar), limit, "due-soon", deadline.due_at)] if soon is not None else []
    return [*first, Alarm(heard_at(late, calendar), limit, "overdue", deadline.due_at)]


def pending(state: State) -> list[Alarm]:
    """List what the limits that run have left to say, the earliest first. What was answered, handed on or taken back says nothing more."""
    match state:
        case Open(petition=petition):
            sorting = of_limit("sort", petition.sort_by) if petition.kind is None else []
            found = [*sorting, *of_limit("answer", petition.deadline)]
        case Answered(petition=petition) if petition.publish_by is not None and not petition.published:
            found = of_limit("publish", petition.publish_by)
        case _:
            return []
    return sorted(alarm for alarm in found if (alarm.limit, alarm.kind, alarm.due_at) not in petition.rung)


def raised(by: datetime, state: State) -> list[PetitionFact]:
    """Raise all that is due by an instant, the earliest first."""
    facts: list[PetitionFact] = []
    while (left := pending(state)) and left[0].at <= by and not isinstance(state, Absent):
        first, petition = left[0], state.petition
        fact = PetitionAlarmRaised(
            petition_id=petition.id,
            agency=petition.agency,
            limit=first.limit,
            kind=first.kind,
            due_at=first.due_at,
            next_at=left[1].at if left[1:] else None,
            raised_at=first.at,
        )
        facts.append(fact)
        state = evolve(state, fact)
    return facts


def with_alarms(by: datetime, state: State, decided: list[PetitionFact]) -> list[PetitionFact]:
    """Put what is due by an instant around what a command leads to.

    What the command would silence is said before it: a worker that was down has kept nobody from knowing. What a new limit has let run out
    already is said after it, so that what is due once a command is carried out lies ahead of it.
    """
    if not decided:
        return []  # done already: nothing is silenced
    said = raised(by, state)
    return [*said, *decided, *raised(by, reduce(evolve, [*said, *decided], state))]


def first_after(at: datetime, *alarms: Alarm) -> datetime | None:
    """Give when somebody has to look again, after what was said up to an instant."""
    return min((alarm.at for alarm in alarms if alarm.at > at), default=None)
