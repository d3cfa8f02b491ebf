"""Stopping and going on: a limit that waited for a supplement is counted anew, or goes on with what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.legalclock.calendar import Calendar
from kernel.legalclock.deadline import Deadline, DeadlineLike, Limit, LimitLike, course, is_late, whole
from kernel.legalclock.instants import day_of, midnight, utc
from kernel.legalclock.phrases import BEFORE_OPENING, COUNTED_ANEW, PAUSED
from kernel.legalclock.rule_pack import RulePack, SupplementMode, rule_pack
from kernel.legalclock.segment import Segment, SegmentLike, merged, until


def resume(
    deadline: DeadlineLike,
    paused_at: datetime,
    resumed_at: datetime,
    mode: SupplementMode | None,
    calendar: Calendar,
    *,
    why: str = PAUSED,
    source: str | None = None,
) -> Deadline:
    """Compute the deadline after a pause.

    Args:
        deadline: the one that was running, derivation included.
        paused_at: when the supplement was asked for. That day counts as used unless it was asked before opening.
        resumed_at: when the supplement was complete; treated like a start under the deadline's start rule.
        mode: "restart": the whole limit again (NĐ 61/2018, Điều 19.4); "pause": what is left of it (sector law). With no day left, the
            limit ends on the day of resuming. None: what the rule pack says where sector law is silent.
        calendar: as known when resuming.
        why: what the pause was for, in a few Vietnamese words.
        source: legal text of the pause; the rule pack's unless given.

    Returns:
        A deadline whose segments still begin with the first event. After a restart, what had been counted before no longer counts. A
        limit that had run out before the pause comes back unchanged: asking late does not make the delay undone.

    Raises:
        ValueError: if the three instants are not in order, or the deadline carries no derivation.
    """
    paused_at, resumed_at = utc(paused_at), utc(resumed_at)
    if not deadline.segments:
        raise ValueError("a deadline without its segments cannot be resumed")
    if not deadline.segments[0].start_at <= paused_at <= resumed_at:
        message = f"paused at {paused_at}, resumed at {resumed_at}, begun at {deadline.segments[0].start_at}"
        raise ValueError(message)
    if is_late(deadline, paused_at) or (deadline.limit.unit == "working-hours" and paused_at == deadline.due_at):
        return _same(deadline)
    pack = rule_pack(deadline.rule_pack)
    mode = mode or pack.supplement_mode
    before = until(_own(deadline.segments), paused_at)
    way = course(resumed_at, deadline.limit.unit, deadline.start_rule, calendar, pack)
    if mode == "restart":
        again = pack.sources["restart"]
        before = [piece._replace(counts=False, why=COUNTED_ANEW, source=again) if piece.counts else piece for piece in before]
    else:
        before = _spare_the_day(before, paused_at, calendar, pack) if deadline.limit.unit != "working-hours" else before
    left = _left(before, deadline.limit)
    due_at = way.due(left)
    pause = Segment(paused_at, resumed_at, counts=False, why=why, source=source or pack.sources[mode])
    return Deadline(
        due_at=due_at,
        due_on=day_of(due_at),
        starts_at=way.begins_at if mode == "restart" else utc(deadline.starts_at),
        start_rule=deadline.start_rule,
        limit=Limit(deadline.limit.amount, deadline.limit.unit),
        calendar=calendar.version,
        rule_pack=pack.id,
        segments=merged([*before, pause, *way.segments(left, due_at)]),
    )


def days_counted(segment: SegmentLike) -> int:
    """Count the local days that a segment touches."""
    return (day_of(segment.end_at - timedelta.resolution) - day_of(segment.start_at)).days + 1


def _own(segments: Sequence[SegmentLike]) -> list[Segment]:
    return [Segment(piece.start_at, piece.end_at, piece.counts, piece.why, piece.source) for piece in segments]


def _left(before: Sequence[Segment], limit: LimitLike) -> int:
    # Segments that count begin and end at midnight, save the last before a pause: no day is in two of them.
    counted = [piece for piece in before if piece.counts]
    if limit.unit == "working-hours":
        return whole(limit) - sum((piece.end_at - piece.start_at for piece in counted), timedelta()) // timedelta.resolution
    return limit.amount - sum(days_counted(piece) for piece in counted)


def _spare_the_day(before: list[Segment], paused_at: datetime, calendar: Calendar, pack: RulePack) -> list[Segment]:
    windows = calendar.windows(day_of(paused_at))
    if not before or not before[-1].counts or not windows or paused_at >= windows[0][0]:
        return before
    # What counts in days begins at a midnight, so the cut lies within the last segment or at its beginning.
    last = before[-1]
    cut_at = midnight(day_of(paused_at))
    spared = Segment(cut_at, paused_at, counts=False, why=BEFORE_OPENING, source=pack.sources["pause"])
    return [*before[:-1], last._replace(end_at=cut_at), spared]


def _same(deadline: DeadlineLike) -> Deadline:
    return Deadline(
        due_at=utc(deadline.due_at),
        due_on=deadline.due_on,
        starts_at=utc(deadline.starts_at),
        start_rule=deadline.start_rule,
        limit=Limit(deadline.limit.amount, deadline.limit.unit),
        calendar=deadline.calendar,
        rule_pack=deadline.rule_pack,
        segments=tuple(until(_own(deadline.segments), utc(deadline.due_at))),
    )
