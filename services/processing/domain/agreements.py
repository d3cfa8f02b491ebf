"""Step 3 of 8, decide: coordination agreements (quy chế phối hợp): with whom, in which area, from when, and how long an answer may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from contracts.processing_organisation import AgreementConcluded, AgreementEnded, AgreementFact, CoordinationArea
from contracts.vocabulary import AgencyCode, PartnerCode
from kernel.eventlog import Decider, Refused
from services.processing.domain import NAMESPACE
from services.processing.domain.spans import DAY

Reason: TypeAlias = Literal["agreement-exists", "agreement-overlaps", "no-such-agreement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Write down the agreements of the seed; once."""

    agreements: tuple[AgreementConcluded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Let an agreement hold no more from a day on."""

    agency: AgencyCode
    code: str
    from_on: date
    basis: str
    at: datetime


Command: TypeAlias = Seed | AgreementConcluded | End
State: TypeAlias = Mapping[str, AgreementConcluded]
"""Every agreement by its code; `to_on` is the last day on which it holds, as far as was said."""

INITIAL: Final[State] = MappingProxyType({})


def stream_of(agency: AgencyCode) -> UUID:
    """Give the stream of an agency's agreements: one for all, for what must not overlap is decided in one place."""
    return uuid5(NAMESPACE, f"agreements:{agency}")


def holds_on(agreement: AgreementConcluded, day: date) -> bool:
    """Tell whether an agreement holds on a day."""
    return agreement.from_on <= day and (agreement.to_on is None or day <= agreement.to_on)


def in_force(state: State, day: date) -> list[AgreementConcluded]:
    """List the agreements of a day, by their codes."""
    return [state[code] for code in sorted(state) if holds_on(state[code], day)]


def with_partner(state: State, partner: PartnerCode, area: CoordinationArea | None, day: date) -> list[AgreementConcluded]:
    """List what holds on a day with a partner, in an area (None: in any)."""
    return [one for one in in_force(state, day) if one.partner == partner and area in {None, one.area}]


def decide(command: Command, state: State) -> list[AgreementFact]:
    """Say what a command leads to.

    Raises:
        Refused: with one of `Reason`, and the agreement that is in the way.
    """
    match command:
        case Seed(agreements=agreements):
            return [] if state else [*agreements]
        case AgreementConcluded(code=code):
            if code in state:
                raise Refused("agreement-exists", agreement=code)
            if (other := next((one for one in state.values() if _overlap(one, command)), None)) is not None:
                raise Refused("agreement-overlaps", agreement=other.code)
            return [command]
        case End(code=code, from_on=day):
            if code not in state or not holds_on(state[code], day):
                raise Refused("no-such-agreement", agreement=code)
            return [AgreementEnded(agency=command.agency, code=code, from_on=day, basis=command.basis, ended_at=command.at)]


def _overlap(one: AgreementConcluded, other: AgreementConcluded) -> bool:
    """Tell whether two agreements, with the same agency in the same area, share a day."""
    if (one.partner, one.area) != (other.partner, other.area):
        return False
    last = date.max
    return max(one.from_on, other.from_on) <= min(one.to_on or last, other.to_on or last)


def evolve(state: State, event: AgreementFact) -> State:
    """Say which agreements there are after an event."""
    match event:
        case AgreementConcluded(code=code):
            return {**state, code: event}
        case AgreementEnded(code=code, from_on=day):
            return {**state, code: state[code].model_copy(update={"to_on": day - DAY})}


DECIDER: Final = Decider[Command, State](INITIAL, decide, evolve)
