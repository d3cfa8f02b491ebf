"""Segments: the stretches of time that a deadline is made of, each with what it counts, why, and by which text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple, Protocol


class SegmentLike(Protocol):
    """Whatever has a segment's attributes: ours, or a model read back from a fact."""

    @property
    def start_at(self) -> datetime:
        """First instant, aware."""
        ...

    @property
    def end_at(self) -> datetime:
        """First instant after it, aware."""
        ...

    @property
    def counts(self) -> bool:
        """Whether it uses up the limit."""
        ...

    @property
    def why(self) -> str:
        """The reason, in Vietnamese."""
        ...

    @property
    def source(self) -> str:
        """The legal text."""
        ...


class Segment(NamedTuple):
    """From `start_at` until, not including, `end_at` (UTC). `why` is Vietnamese and short, `source` names the legal text."""

    start_at: datetime
    end_at: datetime
    counts: bool
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Track:
    """Segments that lie end to end over all the time a calendar covers, ready to be cut."""

    segments: tuple[Segment, ...]
    starts: tuple[datetime, ...]

    def between(self, start_at: datetime, end_at: datetime) -> list[Segment]:
        """Cut out [start_at, end_at); both must lie within the track. Whole segments are shared, not copied."""
        if start_at >= end_at:
            return []
        part = list(self.segments[bisect_right(self.starts, start_at) - 1 : bisect_left(self.starts, end_at)])
        first = part[0]
        if first.start_at < start_at:
            part[0] = Segment(start_at, first.end_at, first.counts, first.why, first.source)
        return ending(part, end_at)


def track(pieces: Iterable[Segment]) -> Track:
    """Lay pieces end to end, neighbours that say the same made one.

    Raises:
        ValueError: if two neighbours leave a gap or overlap.
    """
    segments = merged(pieces)
    for one, other in pairwise(segments):
        if one.end_at != other.start_at:
            message = f"{one} does not end where {other} begins"
            raise ValueError(message)
    return Track(segments, tuple(segment.start_at for segment in segments))


def merged(pieces: Iterable[Segment]) -> tuple[Segment, ...]:
    """Join neighbours that say the same, and drop what lasts no time."""
    runs: list[Segment] = []
    for piece in pieces:
        if piece.start_at == piece.end_at:
            continue
        if runs and _say_the_same(runs[-1], piece):
            runs[-1] = _joined(runs[-1], piece)
        else:
            runs.append(piece)
    return tuple(runs)


def end_to_end(parts: Iterable[Sequence[Segment]]) -> tuple[Segment, ...]:
    """Lay parts end to end, each merged already: only where two of them meet may neighbours say the same."""
    runs: list[Segment] = []
    for part in parts:
        joint = len(runs)
        runs += part
        if 0 < joint < len(runs) and _say_the_same(runs[joint - 1], runs[joint]):
            runs[joint - 1 : joint + 1] = [_joined(runs[joint - 1], runs[joint])]
    return tuple(runs)


def until(segments: Sequence[Segment], end_at: datetime) -> list[Segment]:
    """Give the part before an instant. Where the segments end before it, the last one is drawn out to it."""
    return ending(list(segments[: bisect_left(segments, end_at, key=_start)]), end_at)


def ending(part: list[Segment], end_at: datetime) -> list[Segment]:
    """Let the last of some segments, if there is one, end at an instant."""
    if part and part[-1].end_at != end_at:
        last = part[-1]
        part[-1] = Segment(last.start_at, end_at, last.counts, last.why, last.source)
    return part


def _start(piece: Segment) -> datetime:
    return piece.start_at


def _say_the_same(one: Segment, other: Segment) -> bool:
    return (one.counts, one.why, one.source) == (other.counts, other.why, other.source)


def _joined(one: Segment, other: Segment) -> Segment:
    return Segment(one.start_at, other.end_at, one.counts, one.why, one.source)
