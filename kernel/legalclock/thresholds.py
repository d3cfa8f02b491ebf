"""Thresholds beside the deadline: until when papers are handed on, how early notice must come, how long work took."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from kernel.legalclock.calendar import Calendar
from kernel.legalclock.instants import day_of, local, utc
from kernel.legalclock.rule_pack import RulePack

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


def latest_arrival_before(event_on: date, working_days: int, calendar: Calendar) -> date:
    """Give the last local day on which a notice due "at least N working days before" may arrive; the day of the event is not counted.

    Raises:
        ValueError: if `working_days` is not above zero.
    """
    if working_days <= 0:
        message = f"{working_days} working days before is no notice"
        raise ValueError(message)
    return calendar.add_working_days(event_on, -working_days)


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
