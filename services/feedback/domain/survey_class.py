"""Step 3 of 8, decide: a class of answers: what all who answer in it have in common, and the key that says no more than that."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from contracts.feedback_surveys import Occasion, Path, SurveyClassOpened
from contracts.vocabulary import AgencyCode, CampaignId, ContentHash, FieldCode, ProcedureCode, SurveyClassId, VaultRef
from kernel.eventlog import Decider, Refused

NAMESPACE: Final = UUID("6f1f5d2c-58ad-5a39-9d0f-5b0b7d3c8a11")

NOWHERE: Final = Path()
"""Nothing is known of the way."""

Refusal: TypeAlias = Literal["no-such-class", "class-changed", "token-expired", "token-not-signed", "token-used"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What the answers of a class have in common; None = not said. A `campaign` is of slips of paper, which say nothing of any dossier."""

    agency: AgencyCode
    survey: ContentHash
    procedure: ProcedureCode | None = None
    field: FieldCode | None = None
    occasion: Occasion | None = None
    path: Path = NOWHERE
    campaign: CampaignId | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a fact of processing tells of a way: the step that is done, if one is, and all that are open since, each with its unit."""

    at: datetime
    done: str | None
    open: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Walked:
    """One walking of a step, in which unit, from when to when; None = it goes on."""

    step: str
    unit: str
    begun_at: datetime
    ended_at: datetime | None = None


def walked(way: Iterable[Told]) -> list[Walked]:
    """Give every walking of a step, in the order in which they began: one that is sent back is walked a second time."""
    found = list[Walked]()
    for told in way:
        going_on = {one.step: n for n, one in enumerate(found) if one.ended_at is None}
        over = {step for step in going_on if step == told.done or step not in told.open}
        for step in over:
            found[going_on[step]] = replace(found[going_on[step]], ended_at=told.at)
        found += [Walked(step, unit, told.at) for step, unit in told.open.items() if step in over or step not in going_on]
    return found


def class_id(traits: Traits, month: str) -> SurveyClassId:
    """Name the class of a month: there is one, whoever asks for it first."""
    path = traits.path.model_dump(mode="json")
    said = [traits.agency, traits.survey, traits.procedure, traits.field, traits.occasion, path, month]
    said += [str(traits.campaign)] if traits.campaign else []
    return SurveyClassId(uuid5(NAMESPACE, json.dumps(said, sort_keys=True)))


def classes_of(traits: Traits, today: date) -> tuple[SurveyClassId, SurveyClassId]:
    """Name the class of today, and that of yesterday: of who asked before midnight and goes on after it."""
    now, before = (class_id(traits, f"{day:%Y-%m}") for day in (today, today - timedelta(days=1)))
    return now, before


def path_of(officer: str | None, way: Sequence[Told]) -> Path:
    """Say what a class knows of a dossier's way: the counter, the steps, and where it lay longest by wall clock (the first of equals).

    A step that was walked more than once has the time of all its walkings, and the unit of the last.
    """
    lasted, units = defaultdict[str, timedelta](timedelta), dict[str, str]()
    walkings = walked(way)
    for one in walkings:
        if one.ended_at is not None:
            lasted[one.step] += one.ended_at - one.begun_at
            units[one.step] = one.unit
    slowest = max(sorted(lasted), key=lambda step: lasted[step], default=None)
    steps = tuple(sorted({one.step for one in walkings}, key=lambda step: int(step[1:])))
    return Path(officer=officer, unit=units[slowest] if slowest else None, slowest=slowest, steps=steps or None)


def paths_so_far(officer: str | None, way: Sequence[Told]) -> list[Path]:
    """Give what was known of a dossier's way at any time until now: whoever was shown one of these may answer as he was shown.

    What is told later takes nothing back, so of the same command sent twice the second is not refused for what became known in between.
    """
    return [path_of(officer, way[:n]) for n in range(len(way) + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClass:
    """Open a class with a new key."""

    class_id: SurveyClassId
    traits: Traits
    public_key: str
    private_ref: VaultRef
    at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody has asked for it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Signatures under its key are good until it closes."""

    class_id: SurveyClassId
    traits: Traits
    public_key: str
    private_ref: VaultRef
    closes_at: datetime


State: TypeAlias = Absent | Opened
INITIAL: Final[State] = Absent()


def decide(command: OpenClass, state: State) -> list[SurveyClassOpened]:
    """Give what a command leads to: who comes second uses the key of who came first."""
    match state:
        case Absent():
            traits = command.traits
            return [
                SurveyClassOpened(
                    class_id=command.class_id,
                    agency=traits.agency,
                    procedure=traits.procedure,
                    field=traits.field,
                    occasion=traits.occasion,
                    path=traits.path,
                    survey=traits.survey,
                    public_key=command.public_key,
                    private_ref=command.private_ref,
                    opened_at=command.at,
                    closes_at=command.closes_at,
                    campaign=traits.campaign,
                )
            ]
        case Opened():
            return []


def evolve(state: State, event: SurveyClassOpened) -> State:
    """Give the state after an event."""
    match event:
        case SurveyClassOpened():
            traits = Traits(
                agency=event.agency,
                survey=event.survey,
                procedure=event.procedure,
                field=event.field,
                occasion=event.occasion,
                path=event.path,
                campaign=event.campaign,
            )
            return Opened(
                class_id=event.class_id,
                traits=traits,
                public_key=event.public_key,
                private_ref=event.private_ref,
                closes_at=event.closes_at,
            )
        case _:  # pyright: ignore[reportUnnecessaryComparison] - whoever asks by an id may name a stream of another kind
            return state


def refused(reason: Refusal) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason)


DECIDER: Final[Decider[OpenClass, State]] = Decider(INITIAL, decide, evolve)
