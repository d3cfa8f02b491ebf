"""Step 3 of 8, decide: what each figure of petitions and of meetings means. From facts to figures in plain Python, the rule beside each.

This is the definition; `petitions.sql` is the quick way to the same numbers, and a test insists that they agree. As in `figures.py`, a
figure is a function of the facts and of the period; what happens after the period never changes it. A figure is the list of petitions
that it counts, each named by the position of the fact that it was received with.

What was ever called a denunciation is in no figure: it is counted by itself, in groups that are never taken apart (`groups.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from contracts.fact import Fact
from contracts.feedback_engagement import EngagementHeld, EngagementStruck
from contracts.feedback_petitions import (
    PetitionAnswered,
    PetitionAssigned,
    PetitionClassified,
    PetitionForwarded,
    PetitionMerged,
    PetitionReceived,
    PetitionRefused,
    PetitionReopened,
    PetitionWithdrawn,
)
from contracts.vocabulary import AgencyCode
from kernel.legalclock import day_of
from services.reporting.domain.period import Period, month_of

PetitionCut: TypeAlias = Literal["month", "agency", "unit", "kind"]
Meeting: TypeAlias = Literal["visits", "work_sessions", "dialogue_conferences"]
MEETINGS: Final[Mapping[str, Meeting]] = {
    "visit": "visits",
    "work-session": "work_sessions",
    "dialogue-conference": "dialogue_conferences",
}


@dataclass(slots=True, kw_only=True)
class Petition:
    """Where a petition stands at the close of a period; `was_open`: at some moment of it. `kind` None = nobody has said yet."""

    position: int
    agency: AgencyCode
    received_on: date
    due_on: date
    was_open: bool = True
    state: str = "open"
    late: bool = False
    kind: str | None = None
    unit: str | None = None
    denounces: bool = False


Rule: TypeAlias = Callable[[Petition, Period], bool]


def in_hand(petition: Petition, period: Period) -> bool:
    """Open at some moment of the period: received or opened again in it, or still open when it began."""
    del period
    return petition.was_open and not petition.denounces


def received(petition: Petition, period: Period) -> bool:
    """Received in the period."""
    return in_hand(petition, period) and petition.received_on in period


def receivable(petition: Petition, period: Period) -> bool:
    """In hand, it is known what it is, and it was not refused."""
    return in_hand(petition, period) and petition.kind is not None and petition.state != "refused"


def answered_in_time(petition: Petition, period: Period) -> bool:
    """Answered in the period, and no answer to it ever came late."""
    return in_hand(petition, period) and petition.state == "answered" and not petition.late


def answered_late(petition: Petition, period: Period) -> bool:
    """Answered in the period, this time or before beyond its limit."""
    return in_hand(petition, period) and petition.state == "answered" and petition.late


def open_in_time(petition: Petition, period: Period) -> bool:
    """Not answered at the close of the last day, which is not beyond its limit: the day of the limit itself is in time."""
    return in_hand(petition, period) and petition.state == "open" and petition.due_on >= period.last


def open_overdue(petition: Petition, period: Period) -> bool:
    """Not answered at the close of the last day, beyond its limit."""
    return in_hand(petition, period) and petition.state == "open" and petition.due_on < period.last


def ended(how: str) -> Rule:
    """Make the rule of what ended in the period without an answer of its own."""
    return lambda petition, period: in_hand(petition, period) and petition.state == how


FIGURES: Final[Mapping[str, Rule]] = {
    **{rule.__name__: rule for rule in (in_hand, received, receivable, answered_in_time, answered_late, open_in_time, open_overdue)},
    **{how: ended(how) for how in ("refused", "forwarded", "merged", "withdrawn")},
}
"""In hand = answered in time + late + open in time + overdue + refused + forwarded + merged + withdrawn."""


def at_close(facts: Sequence[tuple[int, Fact]], period: Period) -> Petition | None:
    """Say where one petition stands at the close of a period, from its facts and their positions; None if it was not there yet."""
    found: Petition | None = None
    for position, fact in facts:
        if (on := day_told(fact)) is None or on > period.last:
            continue
        if isinstance(fact, PetitionReceived):
            found = Petition(position=position, agency=fact.agency, received_on=on, due_on=fact.deadline.due_on)
        elif found is not None:
            # What is over before the period begins was not open in it.
            before = on < period.first
            match fact:
                case PetitionClassified():
                    found.kind, found.due_on = fact.kind, fact.deadline.due_on
                    found.denounces = found.denounces or fact.kind == "denunciation"
                case PetitionAssigned():
                    found.unit = fact.unit
                case PetitionReopened():
                    found.state, found.was_open, found.due_on = "open", True, fact.deadline.due_on
                case PetitionAnswered():
                    found.state, found.was_open, found.late = "answered", not before and found.was_open, found.late or fact.late
                case PetitionRefused() | PetitionForwarded() | PetitionMerged() | PetitionWithdrawn():
                    found.state, found.was_open = fact.TYPE.split(".")[2], not before and found.was_open
                case _:
                    found.due_on = getattr(fact, "deadline").due_on  # noqa: B009 - extended: the one that is left
    return found


def day_told(fact: Fact) -> date | None:
    """Give the local day of a fact that the figures know of; None for any other."""
    what = fact.TYPE.split(".")[2]
    known = {*FIGURES, "classified", "assigned", "extended", "answered", "reopened"}
    return day_of(getattr(fact, f"{what}_at")) if fact.TYPE.startswith("feedback.petition.") and what in known else None


def lines(facts: Iterable[tuple[int, Fact]], period: Period, cut: Sequence[PetitionCut]) -> dict[tuple[Any, ...], dict[str, list[int]]]:
    """Count facts of feedback, given with their positions: what each figure of each line is made of. Lines with nothing are left out."""
    streams: dict[UUID, list[tuple[int, Fact]]] = {}
    for position, fact in facts:
        if fact.TYPE.startswith("feedback.petition."):
            streams.setdefault(getattr(fact, "petition_id"), []).append((position, fact))  # noqa: B009 - every fact of a petition names it
    found: dict[tuple[Any, ...], dict[str, list[int]]] = {}
    for stream in streams.values():
        petition = at_close(stream, period)
        if petition is not None and in_hand(petition, period):
            said = {"month": month_of(petition.received_on), "agency": petition.agency, "unit": petition.unit, "kind": petition.kind}
            line = found.setdefault(tuple(said[one] for one in cut), {name: [] for name in FIGURES})
            for name, rule in FIGURES.items():
                line[name] += [petition.position] if rule(petition, period) else []
    return found


def meetings(facts: Iterable[tuple[int, Fact]], period: Period) -> dict[Meeting, list[int]]:
    """Give the meetings held in a period that were not struck by its last day."""
    held: dict[UUID, tuple[int, EngagementHeld]] = {}
    for position, fact in facts:
        if isinstance(fact, EngagementHeld) and fact.held_on in period:
            held[fact.engagement_id] = (position, fact)
        elif isinstance(fact, EngagementStruck) and day_of(fact.struck_at) <= period.last:
            held.pop(fact.engagement_id, None)
    return {name: [position for position, fact in held.values() if fact.kind == kind] for kind, name in MEETINGS.items()}
