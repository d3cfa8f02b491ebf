"""Step 3 of 8, decide: how much time was cut: what each procedure promises beside what the law allows, counted the same for everybody.

A procedure's limit may differ by channel and case (`LimitLine`). It counts by the way that is cut least: what the department says of a
procedure holds for whoever comes, and a cut for some is none for all. Amounts of different units are never added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from contracts.intake import LimitLine, ProcedurePublished
from contracts.vocabulary import Channel, LimitUnit

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What somebody who comes by these channels with this case is given: by law, and as promised (the same, where nothing was)."""

    case_code: str | None
    channels: tuple[Channel, ...]
    unit: LimitUnit
    by_law: int
    promised: int

    @property
    def cut(self) -> int:
        """By how much of the unit less was promised."""
        return self.by_law - self.promised

    @property
    def percent(self) -> float:
        """The same of what the law allows, in percent with two decimals."""
        return percent_of(self.cut, self.by_law)


def offer_in(said: Mapping[str, Any]) -> Offer:
    """Read an offer as it is kept."""
    numbers = {"by_law": said["by_law"], "promised": said["promised"]}
    return Offer(case_code=said["case_code"], channels=tuple(said["channels"]), unit=said["unit"], **numbers)


def percent_of(cut: int, by_law: int) -> float:
    """Give a share in percent with two decimals; 0 of nothing."""
    return round(100 * cut / by_law, 2) if by_law else 0.0


def offers_of(fact: ProcedurePublished) -> list[Offer]:
    """Give what a version of a procedure offers, by case and channel; channels that are offered the same stand together.

    The line that fits best goes before the others, and any line before the limit of the whole procedure: as intake counts (E-05).
    """
    cases = sorted({line.case_code for line in fact.limits if line.case_code}) or [None]
    found: dict[tuple[str | None, LimitUnit, int, int], list[Channel]] = {}
    for case_code in cases:
        for channel in CHANNELS:
            if (line := line_for(fact, channel, case_code)) is not None:
                promised = line.committed or line.limit
                found.setdefault((case_code, line.limit.unit, line.limit.amount, promised.amount), []).append(channel)
    return [
        Offer(case_code=case_code, channels=tuple(channels), unit=unit, by_law=by_law, promised=promised)
        for (case_code, unit, by_law, promised), channels in found.items()
    ]


def line_for(fact: ProcedurePublished, channel: Channel, case_code: str | None) -> LimitLine | None:
    """Give the line of a procedure's table that holds for a channel and a case; None where nothing limits it."""
    lines = [line for line in fact.limits if line.channel in {None, channel} and line.case_code in {None, case_code}]
    if lines:
        return max(lines, key=lambda line: (line.case_code is not None) + (line.channel is not None))
    return None if fact.limit is None else LimitLine(limit=fact.limit)


def counted(offers: Sequence[Offer]) -> Offer | None:
    """Give the offer that a procedure counts by: the one that is cut least, and of these the longest; None where nothing is limited."""
    return min(offers, key=lambda offer: (offer.percent, -offer.by_law), default=None)


@dataclass(slots=True)
class Sum:
    """Procedures whose limits are of one unit, added up."""

    procedures: int = 0
    cut: int = 0
    by_law: int = 0
    promised: int = 0

    @property
    def percent(self) -> float:
        """By how much less was promised than the law allows, in percent with two decimals."""
        return percent_of(self.by_law - self.promised, self.by_law)


@dataclass(slots=True)
class Sums:
    """Some procedures added up by the unit of their limits; `unlimited` have no limit and count in no sum."""

    by_unit: dict[LimitUnit, Sum] = field(default_factory=dict["LimitUnit", Sum])
    unlimited: int = 0


def summed(procedures: Iterable[Sequence[Offer]]) -> Sums:
    """Add procedures up, each given by its offers."""
    sums = Sums()
    for offers in procedures:
        if (offer := counted(offers)) is None:
            sums.unlimited += 1
            continue
        line = sums.by_unit.setdefault(offer.unit, Sum())
        line.procedures += 1
        line.cut += offer.cut > 0
        line.by_law += offer.by_law
        line.promised += offer.promised
    return sums
