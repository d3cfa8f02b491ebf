"""The law counted by walking: minute by minute and day by day over plain local time, from a list of days copied by hand.

Nothing of the library is used here, so that a mistake would have to be made twice. Local datetimes carry no zone.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

OFF = {
    date.fromisoformat(f"{year}-{day}")
    for year, days in {
        2018: "01-01 02-14 02-15 02-16 02-19 02-20 04-25 04-30 05-01 09-03 12-31",
        2019: "01-01 02-04 02-05 02-06 02-07 02-08 04-15 04-29 04-30 05-01 09-02",
        2020: "01-01 01-23 01-24 01-27 01-28 01-29 04-02 04-30 05-01 09-02",
        2021: "01-01 02-10 02-11 02-12 02-15 02-16 04-21 04-30 05-03 09-02 09-03",
        2022: "01-03 01-31 02-01 02-02 02-03 02-04 04-11 05-02 05-03 09-01 09-02",
        2023: "01-02 01-20 01-23 01-24 01-25 01-26 05-01 05-02 05-03 09-01 09-04",
        2024: "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03",
        2025: "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02",
        2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02 11-24",
        2027: "01-01 02-04 02-05 02-08 02-09 02-10 04-16 04-30 05-03 09-02 09-03 11-24",
    }.items()
    for day in days.split()
}
"""Weekdays that were, are or (2027) should be off."""

SATURDAYS = {date.fromisoformat(day) for day in ("2019-01-05", "2019-05-04", "2024-05-04", "2025-04-26", "2026-01-10", "2026-08-22")}
"""Saturdays that work."""

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def works(day: date) -> bool:
    return day in SATURDAYS or (day.weekday() < 5 and day not in OFF)


def is_open(moment: datetime) -> bool:
    minute = moment.hour * 60 + moment.minute
    return works(moment.date()) and (450 <= minute < 690 or 780 <= minute < 1020)


def received(moment: datetime) -> datetime:
    while not is_open(moment):
        moment += MINUTE
    return moment


def after_working_days(start: datetime, amount: int, start_rule: str) -> date:
    day = (received(start) if start_rule == "complete" else start).date()
    while amount:
        day += DAY
        amount -= works(day)
    return day


def after_calendar_days(start: datetime, amount: int, start_rule: str) -> date:
    day = (received(start) if start_rule == "complete" else start).date() + amount * DAY
    while not works(day):
        day += DAY
    return day


def after_working_hours(start: datetime, amount: int) -> datetime:
    moment, left = start, amount * 60
    while left:
        left -= is_open(moment)
        moment += MINUTE
    return moment


def minutes_between(start: datetime, end: datetime) -> int:
    count = 0
    while start < end:
        count += is_open(start)
        start += MINUTE
    return count
