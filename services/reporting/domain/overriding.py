"""Step 3 of 8, decide: one indicator of one agency in one period, whose value somebody said in place of the computed one.

Nothing is written over: the computed value is shown beside it for as long as it stands, and both facts stay when it is withdrawn.
"""

from __future__ import annotations

from datetime import date
from typing import Final, TypeAlias
from uuid import UUID, uuid5

from contracts.reporting import IndicatorOverridden, IndicatorOverrideWithdrawn
from contracts.vocabulary import AgencyCode, IndicatorOverrideId
from kernel.eventlog import Decider, Refused

NAMESPACE: Final = UUID("7a2f0f0e-5a43-5d0a-9a53-6c2c3a7c8f11")

Command: TypeAlias = IndicatorOverridden | IndicatorOverrideWithdrawn
State: TypeAlias = IndicatorOverridden | IndicatorOverrideWithdrawn | None
"""The last of its facts; None = nobody has said anything."""
SAID: Final = ("value", "reason", "decision", "evidence")


def override_id(agency: AgencyCode, pack: str, indicator: str, period: tuple[date, date]) -> IndicatorOverrideId:
    """Name the place of a value: there is one for each indicator, agency and period."""
    return IndicatorOverrideId(uuid5(NAMESPACE, f"{agency}/{pack}/{indicator}/{period[0]}/{period[1]}"))


def decide(command: Command, state: State) -> list[Command]:
    """Say a value, another one, or that none stands any more."""
    match command, state:
        case IndicatorOverridden(), IndicatorOverridden() if all(getattr(command, name) == getattr(state, name) for name in SAID):
            return []
        case IndicatorOverridden(), _:
            return [command]
        case IndicatorOverrideWithdrawn(), IndicatorOverridden():
            return [command]
        case IndicatorOverrideWithdrawn(), IndicatorOverrideWithdrawn():
            return []
        case IndicatorOverrideWithdrawn(), None:
            raise Refused("no-such-override")


def evolve(_: State, event: Command) -> State:
    """Remember the last."""
    return event


DECIDER: Final = Decider[Command, State](None, decide, evolve)
