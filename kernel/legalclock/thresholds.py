"""Thresholds beside the deadline: until when papers are handed on, how early notice comes, when it is near or late, how long work took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from kernel.legalclock.calendar import Calendar, OutsideCalendar
from kernel.legalclock.deadline import DeadlineLike, Limit, LimitLike
from kernel.legalclock.instants import day_of, local, midnight, utc
from kernel.legalclock.phrases import EVERY_DAY
from kernel.legalclock.rule_pack import RulePack
from kernel.legalclock.segment import Segment, SegmentLike

NEAR_PART: Final = 5
"""A limit is near when a fifth of it is left."""
_MINUTE: Final = timedelta(minutes=1)


def transfer_due(accepted_at: datetime, calendar: Calendar, rule_pack: RulePack) -> datetime:
    """Give the instant (UTC) by which what was received must be handed on (NĐ 61/2018, Điều 18).

    The closing of the same working day; after 15:00, the opening of the next. 15:00 sharp is not after 15:00. Received outside hours
    counts as received at the next opening.
    """
    received_at = calendar.next_opening(accepted_at)
    day = day_of(received_at)
    if local(received_at).time() > rule_pack.transfer_threshold:
        return calendar.windows(calendar.add_working_days(day, 1))[0][0]
    return calendar.closing(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How early a notice must come: on `latest_on` at the latest. `segments` cover the days from there to the event's own."""

    event_on: date
    latest_on: date
    limit: Limit
    calendar: str
    rule_pack: str
    segments: tuple[Segment, ...]


def notice_before(event_on: date, limit: LimitLike, calendar: Calendar, rule_pack: RulePack) -> Notice:
    """Count a limit on the applicant, "at least N days before", backwards; the day of the event is not counted.

    Raises:
        ValueError: if the amount is not above zero, or the unit is hours.
        OutsideCalendar: if any of it lies outside the calendar.
    """
    if limit.amount <= 0 or limit.unit == "working-hours":
        message = f"{limit.amount} {limit.unit} before is no notice"
        raise ValueError(message)
    if limit.unit == "working-days":
        latest_on = calendar.add_working_days(event_on, -limit.amount)
        segments = calendar.days_track.between(midnight(latest_on), midnight(event_on))
    else:
        latest_on = event_on - timedelta(days=limit.amount)
        source = rule_pack.sources["counted"]
        segments = [Segment(midnight(latest_on), midnight(event_on), counts=True, why=EVERY_DAY, source=source)]
    return Notice(
        event_on=event_on,
        latest_on=latest_on,
        limit=Limit(limit.amount, limit.unit),
        calendar=calendar.version,
        rule_pack=rule_pack.id,
        segments=tuple(segments),
    )


def late_from(due: DeadlineLike) -> datetime:
    """Give the first instant that is late: `is_late`, as a value to compare with."""
    if due.limit.unit == "working-hours":
        return due.due_at + timedelta.resolution
    return midnight(due.due_on + timedelta(days=1))


def near(due: DeadlineLike) -> datetime | None:
    """Give the instant from which on a fifth is left: the start of a day, at the latest the last one, or for hours the very instant.

    None for a deadline that was recorded without its derivation.
    """
    counted = [segment for segment in due.segments if segment.counts]
    if due.limit.unit != "working-hours":
        days = [day for segment in counted for day in _days(segment)]
        return midnight(days[-max(1, len(days) // NEAR_PART)]) if days else None
    left = sum((segment.end_at - segment.start_at for segment in counted), timedelta()) / NEAR_PART
    for segment in reversed(counted):
        if (span := segment.end_at - segment.start_at) >= left:
            return segment.end_at - left
        left -= span
    return None


def heard_at(at: datetime, calendar: Calendar) -> datetime:
    """Give the first instant from one on at which somebody is in office; beyond the calendar, where nobody knows, the instant itself."""
    try:
        return calendar.next_opening(at)
    except OutsideCalendar:
        return at


def _days(segment: SegmentLike) -> list[date]:
    """Give the local days of a stretch."""
    first, last = day_of(segment.start_at), day_of(segment.end_at - timedelta.resolution)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def working_minutes_between(start_at: datetime, end_at: datetime, calendar: Calendar) -> int:
    """Count the working minutes in [start_at, end_at), each instant taken at its minute.

    Parts add up: minutes(a, b) + minutes(b, c) = minutes(a, c), with no rounding in between.

    Raises:
        ValueError: if the end lies before the start.
    """
    if utc(end_at) < utc(start_at):
        message = f"{end_at} lies before {start_at}"
        raise ValueError(message)
    return calendar.time_worked(end_at) // _MINUTE - calendar.time_worked(start_at) // _MINUTE
