"""Lateness, the printed appointment, the 15:00 rule, notice in advance, time worked, and which rules are in force."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from kernel.legalclock import (
    VIETNAM,
    Limit,
    LimitUnit,
    NoRulePack,
    appointment_at,
    deadline,
    is_late,
    midnight,
    notice_before,
    rule_pack,
    rule_pack_on,
    transfer_due,
    working_minutes_between,
)
from kernel.legalclock.instants import vietnam
from tests.kernel.legalclock.moments import ALL_KNOWN, due, local, plain

RULES_2018 = rule_pack("vn-2018")


@pytest.mark.parametrize(
    ("done", "late"),
    [
        ("2018-10-12 16:59", False),
        ("2018-10-12 17:30", False),
        ("2018-10-12 23:59", False),
        ("2018-10-13 00:00", True),
    ],
)
def test_e_28_a_limit_in_days_is_kept_until_the_local_day_ends(done: str, late: bool) -> None:
    assert is_late(due(local("2018-10-05 09:59"), 5, "working-days"), local(done)) is late


def test_a_limit_in_hours_is_kept_until_its_instant() -> None:
    it = due(local("2018-10-05 09:59"), 2, "working-hours")

    assert plain(it.due_at) == "2018-10-05 13:29"
    assert not is_late(it, it.due_at)
    assert is_late(it, it.due_at + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("start", "printed"),
    [
        pytest.param("2018-10-05 09:59", "2018-10-12 09:59", id="the same clock time"),
        pytest.param("2018-10-05 11:45", "2018-10-12 13:00", id="received at lunch counts from 13:00"),
        pytest.param("2018-10-06 09:00", "2018-10-15 07:30", id="received on a Saturday counts from Monday's opening"),
    ],
)
def test_the_appointment_is_at_the_same_time_of_the_last_day(start: str, printed: str) -> None:
    assert plain(appointment_at(due(local(start), 5, "working-days"), ALL_KNOWN)) == printed


@pytest.mark.parametrize(
    ("arrived", "printed"),
    [("2018-10-05 23:50", "2018-10-12 17:00"), ("2018-10-05 03:00", "2018-10-12 07:30"), ("2018-10-05 11:30", "2018-10-12 13:00")],
)
def test_the_appointment_of_what_arrived_at_night_lies_within_office_hours(arrived: str, printed: str) -> None:
    assert plain(appointment_at(due(local(arrived), 5, "working-days", "arrival"), ALL_KNOWN)) == printed


def test_a_limit_in_hours_is_its_own_appointment() -> None:
    it = due(local("2018-10-05 09:59"), 2, "working-hours")

    assert appointment_at(it, ALL_KNOWN) == it.due_at


@pytest.mark.parametrize(
    ("accepted", "handed_on"),
    [
        pytest.param("2018-10-05 09:59", "2018-10-05 17:00", id="the same day"),
        pytest.param("2018-10-05 15:00", "2018-10-05 17:00", id="15:00 sharp is not after 15:00"),
        pytest.param("2018-10-05 15:00:01", "2018-10-08 07:30", id="a second later is"),
        pytest.param("2018-10-05 15:01", "2018-10-08 07:30", id="after 15:00, first thing on the next working day"),
        pytest.param("2018-10-06 16:00", "2018-10-08 17:00", id="a Saturday afternoon is Monday's opening"),
        pytest.param("2018-10-05 17:00", "2018-10-08 17:00", id="closing is the next opening"),
        pytest.param("2018-10-06 08:00", "2018-10-08 17:00", id="received on a Saturday morning, when nothing is worked on"),
    ],
)
def test_e_14_what_was_received_is_handed_on_the_same_day_or_first_thing_next_day(accepted: str, handed_on: str) -> None:
    assert plain(transfer_due(local(accepted), ALL_KNOWN, RULES_2018)) == handed_on


@pytest.mark.parametrize(
    ("event", "days", "latest"),
    [
        pytest.param(date(2018, 10, 15), 3, date(2018, 10, 10), id="Monday: Friday, Thursday, Wednesday"),
        pytest.param(date(2018, 10, 14), 3, date(2018, 10, 10), id="Sunday: the same"),
        pytest.param(date(2019, 1, 7), 1, date(2019, 1, 5), id="a working Saturday is a working day backwards too"),
    ],
)
def test_notice_in_advance_counts_back_without_the_day_of_the_event(event: date, days: int, latest: date) -> None:
    assert notice_before(event, Limit(days, "working-days"), ALL_KNOWN, RULES_2018).latest_on == latest


def test_notice_in_calendar_days_counts_every_day_back() -> None:
    assert notice_before(date(2018, 10, 15), Limit(30, "calendar-days"), ALL_KNOWN, RULES_2018).latest_on == date(2018, 9, 15)


@pytest.mark.parametrize("unit", ["working-days", "calendar-days"])
def test_notice_in_advance_explains_itself_as_every_limit_does(unit: LimitUnit) -> None:
    it = notice_before(date(2019, 1, 8), Limit(7, unit), ALL_KNOWN, RULES_2018)

    assert it.segments[0].start_at == midnight(it.latest_on)
    assert it.segments[-1].end_at == midnight(it.event_on)
    assert sum((piece.end_at - piece.start_at).days for piece in it.segments if piece.counts) == 7
    assert all(piece.why and piece.source for piece in it.segments)
    assert (it.calendar, it.rule_pack, it.limit) == (ALL_KNOWN.version, "vn-2018", Limit(7, unit))


@pytest.mark.parametrize(("amount", "unit"), [(0, "working-days"), (8, "working-hours")])
def test_notice_of_no_days_or_of_hours_is_refused(amount: int, unit: LimitUnit) -> None:
    with pytest.raises(ValueError, match=f"{amount} {unit} before is no notice"):
        notice_before(date(2018, 10, 15), Limit(amount, unit), ALL_KNOWN, RULES_2018)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2018-10-05 09:59", "2018-10-05 09:59", 0),
        ("2018-10-05 11:00", "2018-10-05 13:30", 60),
        ("2018-10-05 16:59", "2018-10-08 07:31", 2),
        ("2018-10-06 00:00", "2018-10-08 00:00", 0),
        ("2018-10-08 00:00", "2018-10-09 00:00", 480),
    ],
)
def test_only_minutes_within_office_hours_are_worked(start: str, end: str, minutes: int) -> None:
    assert working_minutes_between(local(start), local(end), ALL_KNOWN) == minutes


def test_time_worked_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="lies before"):
        working_minutes_between(local("2018-10-05 10:00"), local("2018-10-05 09:59"), ALL_KNOWN)


@pytest.mark.parametrize("amount", [0, -3])
def test_a_limit_of_nothing_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="is none"):
        deadline(local("2018-10-05 10:00"), Limit(amount, "working-days"), "complete", ALL_KNOWN, RULES_2018)


@pytest.mark.parametrize(
    ("day", "pack"),
    [(date(2018, 6, 21), "vn-2018"), (date(2025, 6, 30), "vn-2018"), (date(2025, 7, 1), "vn-2026"), (date(2026, 11, 24), "vn-2026")],
)
def test_the_rules_are_those_in_force_on_the_day(day: date, pack: str) -> None:
    assert rule_pack_on(day).id == pack


def test_before_the_first_rules_and_under_an_unknown_name_there_are_none() -> None:
    with pytest.raises(NoRulePack, match="2018-06-20"):
        rule_pack_on(date(2018, 6, 20))
    with pytest.raises(NoRulePack, match="vn-1999"):
        rule_pack("vn-1999")


def test_a_deadline_stays_under_the_rules_it_began_with() -> None:
    it = deadline(local("2025-06-30 10:00"), Limit(5, "working-days"), "complete", ALL_KNOWN, rule_pack_on(date(2025, 6, 30)))

    assert (it.rule_pack, it.due_on) == ("vn-2018", date(2025, 7, 7))


def test_without_a_zone_database_the_clocks_of_viet_nam_are_the_same() -> None:
    def find(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    without = vietnam(find)

    for year in range(2018, 2028):
        for month in range(1, 13):
            assert datetime(year, month, 1, tzinfo=without) == datetime(year, month, 1, tzinfo=VIETNAM)
