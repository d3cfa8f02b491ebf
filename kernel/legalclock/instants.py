"""Instants and local days: UTC, aware, in and out; the law's days are those of Asia/Ho_Chi_Minh."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def vietnam(find: Callable[[str], tzinfo] = ZoneInfo) -> tzinfo:
    """Give the time zone of Viet Nam, be there a zone database or not."""
    # A slim container may lack tzdata. Viet Nam has had +07:00 with no summer time since 1975, so the constant is the zone.
    try:
        return find("Asia/Ho_Chi_Minh")
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=7), "+07")


VIETNAM: Final[tzinfo] = vietnam()
EAST_OF_UTC: Final = timedelta(hours=7)
"""The zone's offset in all the years that any calendar covers: what is asked a dozen times for one deadline is asked without the zone."""


class NaiveInstant(ValueError):  # noqa: N818 - says what was handed in
    """A datetime with no time zone names no instant."""

    def __init__(self, value: datetime) -> None:
        """Keep what was handed in."""
        super().__init__(f"{value!r} has no time zone")
        self.value = value


def utc(instant: datetime) -> datetime:
    """Give the same instant in UTC.

    Raises:
        NaiveInstant: if it has no time zone.
    """
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise NaiveInstant(instant)
    return instant.astimezone(UTC)


def local(instant: datetime) -> datetime:
    """Give the same instant on a clock in Viet Nam.

    Raises:
        NaiveInstant: if it has no time zone.
    """
    return utc(instant).astimezone(VIETNAM)


def day_of(instant: datetime) -> date:
    """Give the local day in which an instant falls: 17:30 UTC belongs to the next one."""
    return (utc(instant) + EAST_OF_UTC).date()


def at(day: date, clock: time) -> datetime:
    """Give the instant (UTC) at which local clocks show `clock` on `day`."""
    return datetime.combine(day, clock, VIETNAM).astimezone(UTC)


def midnight(day: date) -> datetime:
    """Give the instant (UTC) at which a local day begins."""
    return datetime.combine(day, time.min, UTC) - EAST_OF_UTC
