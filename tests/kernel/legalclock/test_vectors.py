"""Deadlines worked out by hand beforehand, with the reason that makes each one interesting."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.legalclock import LimitUnit
from tests.kernel.legalclock.moments import ALL_KNOWN, due, local, plain
from tests.kernel.legalclock.walker import after_calendar_days, after_working_days, after_working_hours


@pytest.mark.parametrize(
    ("accepted", "amount", "due_on"),
    [
        pytest.param("2018-10-05", 5, "2018-10-12", id="plain"),
        pytest.param("2018-10-05", 15, "2018-10-26", id="plain, three weeks"),
        pytest.param("2018-08-31", 3, "2018-09-06", id="2/9 on a Sunday, one day off in lieu"),
        pytest.param("2018-12-28", 5, "2019-01-07", id="31/12 off, Saturday 05/01 works"),
        pytest.param("2019-01-31", 7, "2019-02-18", id="Tết"),
        pytest.param("2019-04-26", 3, "2019-05-04", id="due on a working Saturday"),
        pytest.param("2024-04-26", 5, "2024-05-07", id="swap of 2024"),
        pytest.param("2025-04-25", 5, "2025-05-06", id="Saturday 26/04 works, 30/04 to 02/05 off"),
        pytest.param("2025-12-24", 6, "2026-01-05", id="after the late letter"),
        pytest.param("2026-01-07", 3, "2026-01-10", id="due on the Saturday of the late letter"),
        pytest.param("2026-02-12", 5, "2026-02-26", id="Tết 16-20/02"),
        pytest.param("2026-04-24", 3, "2026-05-04", id="10/3 âm on a Sunday, 30/04, 01/05"),
        pytest.param("2026-08-20", 7, "2026-08-28", id="Saturday 22/08 works"),
        pytest.param("2026-11-20", 5, "2026-11-30", id="24/11 off"),
    ],
)
def test_working_days_end_at_the_closing_of_the_last_one(accepted: str, amount: int, due_on: str) -> None:
    it = due(local(f"{accepted} 09:59"), amount, "working-days")

    assert it.due_on == date.fromisoformat(due_on)
    assert plain(it.due_at) == f"{due_on} 17:00"
    assert after_working_days(local(f"{accepted} 09:59").replace(tzinfo=None), amount, "complete") == it.due_on


@pytest.mark.parametrize(
    ("accepted", "due_on"),
    [
        pytest.param("2018-10-05", "2018-11-05", id="04/11 is a Sunday"),
        pytest.param("2019-01-06", "2019-02-11", id="05/02 is Tết; begun on a Sunday"),
    ],
)
def test_e_13_a_last_calendar_day_that_is_off_is_pushed_to_the_next_working_day(accepted: str, due_on: str) -> None:
    it = due(local(f"{accepted} 09:59"), 30, "calendar-days")

    assert plain(it.due_at) == f"{due_on} 17:00"
    assert after_calendar_days(local(f"{accepted} 09:59").replace(tzinfo=None), 30, "complete") == it.due_on


@pytest.mark.parametrize(
    ("start", "hours", "result"),
    [
        pytest.param("2018-10-05 09:59", 16, "2018-10-09 09:59", id="two days of eight hours"),
        pytest.param("2018-10-05 16:30", 8, "2018-10-08 16:30", id="over the weekend"),
        pytest.param("2018-10-05 11:45", 4, "2018-10-05 17:00", id="begun at lunch, ends on closing and stays there"),
        pytest.param("2018-10-05 17:00", 2, "2018-10-08 09:30", id="begun at the closing instant"),
        pytest.param("2018-10-05 07:00", 8, "2018-10-05 17:00", id="begun before opening"),
        pytest.param("2018-10-06 09:00", 8, "2018-10-08 17:00", id="begun on a Saturday"),
        pytest.param("2018-10-05 07:30", 4, "2018-10-05 11:30", id="ends on the closing at noon and stays there"),
    ],
)
def test_working_hours_run_within_office_hours(start: str, hours: int, result: str) -> None:
    it = due(local(start), hours, "working-hours")

    assert plain(it.due_at) == result
    assert f"{after_working_hours(local(start).replace(tzinfo=None), hours):%Y-%m-%d %H:%M}" == result


def test_hours_from_arrival_begin_at_the_next_opening_too() -> None:
    it = due(local("2018-10-07 23:50"), 2, "working-hours", "arrival")

    assert (plain(it.starts_at), plain(it.due_at)) == ("2018-10-08 07:30", "2018-10-08 09:30")


def test_the_years_have_the_working_days_that_were_counted_by_hand() -> None:
    days = {year: ALL_KNOWN.working_days(date(year, 1, 1), date(year, 12, 31)) for year in range(2018, 2028)}  # 1 January is always off

    assert days == {2018: 250, 2019: 252, 2020: 252, 2021: 250, 2022: 249, 2023: 249, 2024: 251, 2025: 250, 2026: 249, 2027: 249}


@pytest.mark.parametrize(
    ("moment", "unit", "amount", "result"),
    [
        pytest.param("2018-10-05 16:59", "working-days", 1, "2018-10-08 17:00", id="16:59 is today"),
        pytest.param("2018-10-05 16:59:59", "working-days", 1, "2018-10-08 17:00", id="16:59:59 is today"),
        pytest.param("2018-10-05 17:00", "working-days", 1, "2018-10-09 17:00", id="17:00 is the next working day"),
        pytest.param("2018-10-05 17:00:01", "working-days", 1, "2018-10-09 17:00", id="17:00:01 is the next working day"),
        pytest.param("2018-10-05 17:01", "working-days", 1, "2018-10-09 17:00", id="17:01 is the next working day"),
        pytest.param("2018-10-05 11:30", "working-days", 1, "2018-10-08 17:00", id="lunch is still today"),
        pytest.param("2018-10-05 07:29", "working-days", 1, "2018-10-08 17:00", id="before opening is today"),
        pytest.param("2018-10-06 09:00", "working-days", 1, "2018-10-09 17:00", id="Saturday is Monday"),
        pytest.param("2018-10-07 23:50", "working-days", 1, "2018-10-09 17:00", id="Sunday night is Monday"),
        pytest.param("2019-01-05 09:00", "working-days", 1, "2019-01-07 17:00", id="a working Saturday is itself"),
        pytest.param(
            "2018-10-08 00:30", "working-days", 1, "2018-10-09 17:00", id="half past midnight is the local day, not the day in UTC"
        ),
        pytest.param("2018-10-06 09:00", "calendar-days", 2, "2018-10-10 17:00", id="calendar days, too, begin at the next opening"),
    ],
)
def test_e_15_what_comes_outside_office_hours_counts_from_the_next_opening(moment: str, unit: LimitUnit, amount: int, result: str) -> None:
    assert plain(due(local(moment), amount, unit).due_at) == result


@pytest.mark.parametrize(
    ("moment", "result"),
    [
        pytest.param("2018-10-07 23:50", "2018-10-08 17:00", id="Sunday night: Monday is day one"),
        pytest.param("2018-10-05 18:00", "2018-10-08 17:00", id="Friday evening: Monday is day one"),
    ],
)
def test_a_limit_from_arrival_counts_from_the_day_of_arrival_itself(moment: str, result: str) -> None:
    assert plain(due(local(moment), 1, "working-days", "arrival").due_at) == result
