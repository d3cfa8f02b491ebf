"""Step 3 of 8, decide: in which groups answers are counted, so that no two tables ever tell what fewer than `least` said.

Cells that are hidden after they were counted can be had back from their neighbours: by subtracting a table from another, or
today's from yesterday's. So nothing is hidden here. What is counted is made of groups that are never taken apart: each is
of one agency and month, has at least `least` in it, and is counted whole or not at all, in every table of every day. Every
number that is shown is then a sum over groups, and so is whatever somebody makes of such numbers: of a cell that is smaller than
a group nothing can be said, however many tables there are.

Those who are too few wait for others who say the same of themselves. When their month is over they are content to say less, view
by view, as in feedback's mixing (ADR 20). Who is alone even then is never counted. A group never changes, so what was shown as of
a position stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias


class Traits(NamedTuple):
    """What those in a group have in common; None = not said. `steps` are separated by spaces."""

    agency: str
    procedure: str | None = None
    field: str | None = None
    occasion: str | None = None
    officer: str | None = None
    unit: str | None = None
    slowest: str | None = None
    steps: str | None = None
    channel: str | None = None
    outcome: str | None = None
    campaign: str | None = None


class Tally(NamedTuple):
    """How many, the sum of what they said, of its squares, and how many of them count as good; on five levels also, as bad."""

    n: int = 0
    total: int = 0
    squares: int = 0
    good: int = 0
    bad: int = 0

    def plus(self, other: Tally) -> Tally:
        """Add another."""
        return Tally(*(own + more for own, more in zip(self, other, strict=True)))

    def minus(self, other: Tally) -> Tally:
        """Take away one that is part of this one."""
        return Tally(*(own - less for own, less in zip(self, other, strict=True)))


View: TypeAlias = frozenset[str]
NOTHING: Final[View] = frozenset()
WAYS: Final[tuple[View, ...]] = (
    frozenset({"procedure", "field", "occasion", "officer", "unit", "slowest", "channel", "outcome"}),
    frozenset({"field", "occasion", "officer", "unit", "slowest", "channel", "outcome"}),
    frozenset({"procedure", "field", "occasion", "unit", "slowest", "channel"}),
    frozenset({"procedure", "field", "occasion", "channel", "outcome"}),
    frozenset({"procedure", "field", "occasion"}),
    frozenset({"occasion", "officer"}),
    frozenset({"unit", "slowest"}),
    frozenset({"field", "occasion"}),
    frozenset({"occasion", "channel", "outcome"}),
)
VIEWS: Final[tuple[View, ...]] = (*(way | {"campaign"} for way in WAYS), NOTHING)
"""What those who were too few say of themselves when their month is over, the most telling first; agency and month are always said."""


class Part(NamedTuple):
    """What is counted together whatever happens: a batch's answers to one question, or people who were asked. `at` = the last position."""

    traits: Traits
    tally: Tally
    at: int
    positions: Sequence[int] = ()


class Group(NamedTuple):
    """At least so many, counted together from position `at` on; `positions` are the facts of those in it, where they were asked for."""

    traits: Traits
    tally: Tally
    at: int
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouped:
    """Groups, and the parts that still wait: nothing is told of those but that there are some."""

    groups: list[Group] = field(default_factory=list[Group])
    waiting: list[Part] = field(default_factory=list[Part])

    def plus(self, other: Grouped) -> Grouped:
        """Put two together."""
        return Grouped([*self.groups, *other.groups], [*self.waiting, *other.waiting])

    def merged(self) -> Grouped:
        """Put groups together that say the same: whoever asks of now need not know which were there when."""
        tallies, at = dict[Traits, Tally](), dict[Traits, int]()
        for group in self.groups:
            before = tallies.get(group.traits)
            tallies[group.traits] = group.tally if before is None else before.plus(group.tally)
            at[group.traits] = group.at
        return Grouped([Group(traits, tally, at[traits]) for traits, tally in tallies.items()], self.waiting)


def seen(traits: Traits, view: View) -> Traits:
    """Say of traits what a view lets be said."""
    return traits._replace(**{name: None for name in Traits._fields[1:] if name not in view})


def grouped(parts: Iterable[Part], least: int, over_at: int | None) -> Grouped:
    """Put the parts of one month into groups.

    The groups at a position are among the groups at any later one: that is what lets yesterday's table lie beside today's.

    Args:
        parts: in the order of their positions.
        least: the fewest that are counted together.
        over_at: the position at which the month was known to be over; None = it is not yet.
    """
    found, waits = list[Group](), dict[Traits, list[Part]]()
    for part in parts:
        if over_at is not None and part.at >= over_at:
            found += close(waits, least, over_at)
            over_at = None
        if part.tally.n >= least:
            found.append(Group(part.traits, part.tally, part.at, tuple(part.positions)))
            continue
        few = waits.setdefault(part.traits, [])
        few.append(part)
        if sum(one.tally.n for one in few) >= least:
            found.append(together(part.traits, waits.pop(part.traits), part.at))
    if over_at is not None:
        found += close(waits, least, over_at)
    return Grouped(found, [part for few in waits.values() for part in few])


@dataclass(frozen=True, slots=True)
class Round:
    """So many who were asked one after the other. The few who are left of a kind wait until it is over; None = it is not yet."""

    over_at: int | None
    parts: list[Part] = field(default_factory=list[Part])


def in_rounds(rounds: Iterable[Round], least: int) -> Grouped:
    """Put parts into groups, round by round, in the order of the rounds of each agency.

    When a round is over, the few who are left of it say less, together with those who are left of the rounds before.
    """
    found, waits, still = list[Group](), dict[Traits, list[Part]](), list[Part]()
    for one in rounds:
        found += [Group(part.traits, part.tally, part.at) for part in one.parts if part.tally.n >= least]
        few = [part for part in one.parts if part.tally.n < least]
        if one.over_at is None:
            still += few
        else:
            for part in few:
                waits.setdefault(part.traits, []).append(part)
            found += close(waits, least, one.over_at)
    return Grouped(found, [*still, *(part for parts in waits.values() for part in parts)])


def close(waits: dict[Traits, list[Part]], least: int, at: int) -> list[Group]:
    """Let those who wait say less, until enough say the same; who is in a group is taken out of `waits`."""
    found = list[Group]()
    for view in VIEWS:
        alike = dict[Traits, list[Traits]]()
        for traits in waits:
            alike.setdefault(seen(traits, view), []).append(traits)
        for said, members in alike.items():
            if sum(part.tally.n for one in members for part in waits[one]) >= least:
                found.append(together(said, [part for one in members for part in waits.pop(one)], at))
    return found


def together(traits: Traits, parts: Sequence[Part], at: int) -> Group:
    """Make a group of parts."""
    tally = Tally()
    for part in parts:
        tally = tally.plus(part.tally)
    return Group(traits, tally, at, tuple(sorted(pos for part in parts for pos in part.positions)))
