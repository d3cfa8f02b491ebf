"""Time that has passed and is left out of a limit: which days a stretch of time covers, and what it takes out of a derivation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from kernel.legalclock.calendar import Calendar
from kernel.legalclock.instants import day_of, midnight
from kernel.legalclock.segment import Segment, merged


def days_covered(over: Segment, calendar: Calendar) -> Iterator[Segment]:
    """Give the local days whose office hours all lie within a stretch of time, a day off where all of it does."""
    day = day_of(over.start_at)
    while (start_at := midnight(day)) < over.end_at:
        end_at = midnight(day + timedelta(days=1))
        windows = calendar.windows(day)
        opens_at, closes_at = (windows[0][0], windows[-1][1]) if windows else (start_at, end_at)
        if over.start_at <= opens_at and closes_at <= over.end_at:
            yield over._replace(start_at=start_at, end_at=end_at)
        day += timedelta(days=1)


def joined(out: Sequence[Segment], more: Iterable[Segment]) -> tuple[Segment, ...]:
    """Leave out some more, in order and nothing twice."""
    fresh = [piece for one in more for piece in without([one._replace(counts=True)], out)[0] if piece.counts]
    return tuple(sorted((*out, *(piece._replace(counts=False) for piece in fresh))))


def without(segments: Iterable[Segment], out: Iterable[Segment]) -> tuple[tuple[Segment, ...], list[Segment]]:
    """Let nothing count in stretches that are left out; give also the pieces that had."""
    pieces, lost = list(segments), list[Segment]()
    for one in out:
        before, pieces = pieces, []
        for piece in before:
            start_at, end_at = max(piece.start_at, one.start_at), min(piece.end_at, one.end_at)
            if not piece.counts or end_at <= start_at:
                pieces.append(piece)
                continue
            lost.append(piece._replace(start_at=start_at, end_at=end_at))
            parts = (piece._replace(end_at=start_at), one._replace(start_at=start_at, end_at=end_at), piece._replace(start_at=end_at))
            pieces += [part for part in parts if part.start_at < part.end_at]
    return merged(pieces), lost
