"""Moments: what can happen to a limit. Each is a fact with its instant and the name of what recorded it, and says no date but its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, TypeAlias

from kernel.legalclock.deadline import Limit, StartRule
from kernel.legalclock.phrases import PAUSED
from kernel.legalclock.rule_pack import SupplementMode

HolderKind: TypeAlias = Literal["applicant", "unit", "agency", "system"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the papers: the applicant, a unit of ours, an agency outside, or a system; and which."""

    kind: HolderKind
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The limit began with an event, under the rules in force then. `cause` names what recorded it; so in every moment."""

    at: datetime
    cause: str
    limit: Limit
    start_rule: StartRule
    rule_pack: str
    holder: Holder = Holder("unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The clock stands: for a supplement, unless `why` and `source` say what else."""

    at: datetime
    cause: str
    why: str = PAUSED
    source: str | None = None
    holder: Holder = Holder("applicant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The clock goes on, with the whole limit again or with what is left of it. None: as the rule pack says."""

    at: datetime
    cause: str
    mode: SupplementMode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prolonged:
    """A law made the limit longer, by so much of its unit. The deadline itself moves."""

    at: datetime
    cause: str
    amount: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Apologised:
    """A new date was promised, with an apology of that number. The deadline does not move: lateness is judged by it."""

    at: datetime
    cause: str
    due_on: date
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restated:
    """What is known of the calendar by now was applied to the days from this one on."""

    at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """Time that has passed does not count, by a decision: from `since` until, not including, `until`, never later than `at`.

    Hours are given back to the minute, a day only where all its office hours (a day off: all of it) lie within. A limit that waits has
    nothing to give back until it runs again.
    """

    at: datetime
    cause: str
    since: datetime
    until: datetime
    why: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """Somebody else has the papers. No date moves."""

    at: datetime
    cause: str
    to: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What the limit was for is done."""

    at: datetime
    cause: str


Moment: TypeAlias = Begun | Paused | Resumed | Prolonged | Apologised | Restated | Excluded | HandedOver | Ended


def part_of(whole: Iterable[Moment], begun: Begun) -> tuple[Moment, ...]:
    """Give the history of a part that has a limit of its own, a step or a consultation, within the whole.

    The part stands while the whole does, be it from its first instant on, and goes on as the whole does; time that does not count for the
    whole does not for the part. What else happens to the whole, a longer limit or a new date, is not the part's; its own end is added by
    whoever knows it.
    """
    stops = [moment for moment in whole if isinstance(moment, Paused | Resumed | Excluded)]
    before = [moment for moment in stops if moment.at <= begun.at and not isinstance(moment, Excluded)][-1:]
    standing = [replace(moment, at=begun.at) for moment in before if isinstance(moment, Paused)]
    return (begun, *standing, *(moment for moment in stops if moment.at > begun.at))
