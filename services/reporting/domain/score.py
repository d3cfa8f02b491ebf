"""Step 3 of 8, decide: the score of one unit or officer, and when it is so low that somebody must act.

It has fallen when it is under `floor`, and has recovered when it is `margin` above that: between the two nothing is said, so that a
score that trembles about the floor is one episode and one task, not many. With fewer than `answers_min` answers nothing is said either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid5

from contracts.reporting import ScoredWhose, ScoreFell, ScoreRecovered
from contracts.vocabulary import AgencyCode, ScoreId
from kernel.eventlog import Decider

NAMESPACE: Final = UUID("4f0f7c1e-6a5d-5d4e-8f0b-0a6d0a3a1c55")


def score_id(agency: AgencyCode, whose: ScoredWhose, subject: str) -> ScoreId:
    """Name the score of a unit or officer: there is one."""
    return ScoreId(uuid5(NAMESPACE, f"{agency}/{whose}/{subject}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What was answered of a unit or an officer in some months, as of a position of feedback's log; bounds are percentages."""

    agency: AgencyCode
    whose: ScoredWhose
    subject: str
    period_from: date
    period_to: date
    answers: int
    satisfied: int
    position: int
    floor: int
    margin: int
    answers_min: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Well:
    """Nothing is known against it."""


@dataclass(frozen=True, slots=True)
class Low:
    """It has fallen, and somebody was told."""


State: TypeAlias = Well | Low
INITIAL: Final[State] = Well()


def decide(command: Measure, state: State) -> list[ScoreFell | ScoreRecovered]:
    """Give what a measurement leads to. Compared are whole numbers: no rounding decides."""
    if command.answers < command.answers_min:
        return []
    score = 100 * command.satisfied
    match state:
        case Well() if score < command.floor * command.answers:
            return [ScoreFell(**told(command))]
        case Low() if score >= (command.floor + command.margin) * command.answers:
            return [ScoreRecovered(**told(command))]
        case Well() | Low():
            return []


def told(command: Measure) -> dict[str, Any]:
    """Give what both facts say."""
    names = ("agency", "whose", "subject", "period_from", "period_to", "answers", "satisfied", "floor")
    id = score_id(command.agency, command.whose, command.subject)
    said = {name: getattr(command, name) for name in names}
    return {"score_id": id, **said, "positions": {"feedback": command.position}, "measured_at": command.at}


def evolve(state: State, event: ScoreFell | ScoreRecovered) -> State:
    """Give the state after an event."""
    match event:
        case ScoreFell():
            return Low()
        case ScoreRecovered():
            return Well()
        case _:  # pyright: ignore[reportUnnecessaryComparison] - whoever asks by an id may name a stream of another kind
            return state


DECIDER: Final[Decider[Measure, State]] = Decider(INITIAL, decide, evolve)
