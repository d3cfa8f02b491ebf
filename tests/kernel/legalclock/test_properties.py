"""What holds for every deadline, over thousands of generated ones."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.legalclock import VIETNAM, Entry, LimitUnit, StartRule, at, day_of, is_late, working_minutes_between
from tests.kernel.legalclock import walker
from tests.kernel.legalclock.moments import ALL_KNOWN, START_RULES, UNITS, any_moment, around, assert_explains_itself, due, moments

many = settings(max_examples=2000, deadline=None)
some = settings(max_examples=300, deadline=None)
amounts = st.integers(1, 60)
days = st.dates(date(2018, 6, 21), date(2027, 6, 30))


def naive(instant: datetime) -> datetime:
    """Plain local time, as the walker has it."""
    return instant.astimezone(VIETNAM).replace(tzinfo=None)


@many
@given(moments, amounts, st.sampled_from(START_RULES))
def test_working_days_agree_with_walking_day_by_day(start_at: datetime, amount: int, start_rule: StartRule) -> None:
    it = due(start_at, amount, "working-days", start_rule)

    assert it.due_on == walker.after_working_days(naive(start_at), amount, start_rule)
    assert it.due_at == at(it.due_on, time(17))


@many
@given(moments, st.integers(1, 100), st.sampled_from(START_RULES))
def test_calendar_days_agree_with_walking_day_by_day(start_at: datetime, amount: int, start_rule: StartRule) -> None:
    it = due(start_at, amount, "calendar-days", start_rule)

    assert it.due_on == walker.after_calendar_days(naive(start_at), amount, start_rule)
    assert it.due_at == at(it.due_on, time(17))


@settings(max_examples=1000, deadline=None)
@given(moments, st.integers(1, 20))
def test_working_hours_agree_with_walking_minute_by_minute(start_at: datetime, amount: int) -> None:
    assert naive(due(start_at, amount, "working-hours").due_at) == walker.after_working_hours(naive(start_at), amount)


@some
@given(moments, st.integers(0, 10_000))
def test_working_minutes_agree_with_walking_minute_by_minute(start_at: datetime, span: int) -> None:
    end_at = start_at + timedelta(minutes=span)

    assert working_minutes_between(start_at, end_at, ALL_KNOWN) == walker.minutes_between(naive(start_at), naive(end_at))


@many
@given(any_moment, st.sampled_from(UNITS), amounts, st.sampled_from(START_RULES))
def test_segments_cover_the_way_exactly_and_add_up_to_the_limit(
    start_at: datetime, unit: LimitUnit, amount: int, start_rule: StartRule
) -> None:
    it = due(start_at, amount, unit, start_rule)

    assert_explains_itself(it, start_at)
    assert start_at <= it.starts_at < it.due_at
    assert not is_late(it, it.due_at)
    assert is_late(it, it.due_at + (timedelta.resolution if unit == "working-hours" else timedelta(days=1)))


@some
@given(any_moment, st.sampled_from(UNITS), amounts, st.sampled_from(START_RULES), st.integers(-5, 130))
def test_one_more_holiday_never_makes_a_date_earlier(
    start_at: datetime, unit: LimitUnit, amount: int, start_rule: StartRule, distance: int
) -> None:
    day = max(day_of(start_at) + timedelta(days=distance), date(2018, 6, 21))
    quick = around(day, Entry(on=day, kind="holiday", source="giả định", occasion="Lễ"))

    assert due(start_at, amount, unit, start_rule, quick).due_at >= due(start_at, amount, unit, start_rule).due_at


@some
@given(any_moment, st.sampled_from(UNITS), amounts, st.sampled_from(START_RULES), st.integers(-1, 20))
def test_one_more_working_saturday_never_makes_a_date_later(
    start_at: datetime, unit: LimitUnit, amount: int, start_rule: StartRule, weeks: int
) -> None:
    day = day_of(start_at) + timedelta(days=5 - day_of(start_at).weekday(), weeks=weeks)
    hours = ((time(7, 30), time(11, 30)), (time(13), time(17)))
    quick = around(day, Entry(on=day, kind="swapped-in", source="giả định", windows=hours))

    assert due(start_at, amount, unit, start_rule, quick).due_at <= due(start_at, amount, unit, start_rule).due_at


@many
@given(days, st.integers(0, 60), st.integers(0, 60))
def test_working_days_added_in_two_steps_are_working_days_added_in_one(day: date, first: int, second: int) -> None:
    there = ALL_KNOWN.add_working_days(day, first)

    assert ALL_KNOWN.add_working_days(there, second) == ALL_KNOWN.add_working_days(day, first + second)
    assert ALL_KNOWN.working_days(day, there) == first


@many
@given(days, st.integers(1, 60))
def test_working_days_back_undo_working_days_forth(day: date, amount: int) -> None:
    working = ALL_KNOWN.add_working_days(day, 1)

    assert ALL_KNOWN.add_working_days(ALL_KNOWN.add_working_days(working, amount), -amount) == working


@many
@given(st.lists(any_moment, min_size=3, max_size=3).map(sorted))
def test_working_minutes_of_parts_add_up(instants: list[datetime]) -> None:
    a, b, c = instants

    parts = working_minutes_between(a, b, ALL_KNOWN) + working_minutes_between(b, c, ALL_KNOWN)
    assert parts == working_minutes_between(a, c, ALL_KNOWN)


@many
@given(any_moment, any_moment, st.sampled_from(UNITS), amounts)
def test_who_comes_earlier_is_never_due_later(one: datetime, other: datetime, unit: LimitUnit, amount: int) -> None:
    first, second = sorted((one, other))

    assert due(first, amount, unit).due_at <= due(second, amount, unit).due_at
