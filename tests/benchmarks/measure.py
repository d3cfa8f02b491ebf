"""What a benchmark gives: one value per round of ours and of every peer, and what the issue wants of them."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, Literal, Protocol

Better = Literal["more", "less"]
Work = Callable[[], Awaitable[float]]
"""One round: do the work, give its value."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: all of it, or enough to see a regression."""

    quick: bool
    rounds: int

    def of(self, full: int, quick: int) -> int:
        """Choose a count."""
        return quick if self.quick else full


WITHIN_SECONDS: Final = 120.0
FULL: Final = Size(quick=False, rounds=5)
QUICK: Final = Size(quick=True, rounds=3)


class Wanted(Protocol):
    """A target: what it says, and the figure it looks at. `met` is None where that figure was not taken."""

    def __str__(self) -> str:
        """Say the target as the issue does."""
        ...

    def met(self, measure: Measure) -> bool | None:
        """Tell whether the measured figures reach it."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """Ours is to be at least `at_least` times as good as that peer."""

    peer: str
    at_least: float

    def __str__(self) -> str:
        """Say it."""
        return f"≥ {self.at_least:g}× {self.peer}"

    def met(self, measure: Measure) -> bool | None:
        """Compare the ratio."""
        ratio = measure.ratio(self.peer)
        return None if ratio is None else ratio >= self.at_least


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The median of ours is to be at least this."""

    value: float

    def __str__(self) -> str:
        """Say it."""
        return f"≥ {self.value:,g}"

    def met(self, measure: Measure) -> bool:
        """Compare the median."""
        return measure.median >= self.value


@dataclass(frozen=True, slots=True)
class AtMost:
    """The median of ours is to be at most this."""

    value: float

    def __str__(self) -> str:
        """Say it."""
        return f"≤ {self.value:,g}"

    def met(self, measure: Measure) -> bool:
        """Compare the median."""
        return measure.median <= self.value


@dataclass(frozen=True, slots=True)
class Measure:
    """One row: the rounds of ours and of each peer, in the order in which they ran.

    Args:
        bench: the benchmark's name.
        case: which of its cases, e.g. `16 callers`.
        unit: of every value, e.g. `events/s`.
        better: whether more or less of it is good.
        ours: one value per round.
        peers: the same for each peer; a single value (a published figure) stands for every round.
        targets: what is wanted.
        gated: whether a regression of its ratios fails `--quick`; not where a ratio depends on the machine more than on the code.
        note: what a reader must know of this row.
    """

    bench: str
    case: str
    unit: str
    better: Better
    ours: Sequence[float]
    peers: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])
    targets: Sequence[Wanted] = ()
    gated: bool = True
    note: str = ""

    @property
    def name(self) -> str:
        """Name the row."""
        return f"{self.bench}: {self.case}" if self.case else self.bench

    @property
    def median(self) -> float:
        """The median of ours."""
        return median(self.ours)

    def ratio(self, peer: str) -> float | None:
        """How many times as good as a peer ours is: the median over the rounds, each compared with its own neighbour in time.

        None where the peer was not there to be measured.

        Raises:
            ValueError: if the peer was measured in other rounds than ours.
        """
        theirs = self.peers.get(peer)
        if not theirs:
            return None
        if len(theirs) not in {1, len(self.ours)}:
            message = f"{self.name}: {len(self.ours)} rounds of ours, {len(theirs)} of {peer}"
            raise ValueError(message)
        pairs = zip(self.ours, theirs if len(theirs) > 1 else [theirs[0]] * len(self.ours), strict=True)
        return median(ours / peer if self.better == "more" else peer / ours for ours, peer in pairs)

    def as_json(self) -> dict[str, Any]:
        """Give everything, for programs."""
        return {
            "bench": self.bench,
            "case": self.case,
            "unit": self.unit,
            "better": self.better,
            "ours": self.median,
            "peers": {peer: median(values) for peer, values in self.peers.items() if values},
            "ratios": {peer: ratio for peer in self.peers if (ratio := self.ratio(peer)) is not None},
            "targets": [{"target": str(target), "met": target.met(self)} for target in self.targets],
            "rounds": {"ours": list(self.ours), **{peer: list(values) for peer, values in self.peers.items()}},
            "gated": self.gated,
            "note": self.note,
        }


async def interleaved(rounds: int, ours: Work, peers: Mapping[str, Work]) -> tuple[list[float], dict[str, list[float]]]:
    """Run ours, peer A, peer B, ours, …: what disturbs the machine for a while disturbs all of them."""
    mine, theirs = list[float](), {peer: list[float]() for peer in peers}
    for _ in range(rounds):
        mine.append(await undisturbed(ours))
        for peer, work in peers.items():
            theirs[peer].append(await undisturbed(work))
    return mine, theirs


async def undisturbed(work: Work) -> float:
    """Run one round after the garbage of the one before is gone: nobody pays for another's."""
    gc.collect()
    return await work()


async def until(condition: Callable[[], bool], within_seconds: float = WITHIN_SECONDS) -> None:
    """Ask again and again until something is so.

    Raises:
        TimeoutError: if it is not within the deadline.
    """
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.001)
