"""A new date with an apology, at most once; and dates restated after news of days off, never worse for the applicant."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kernel.legalclock import (
    Apologised,
    Begun,
    Calendar,
    Ended,
    Entry,
    Limit,
    LimitUnit,
    NotExtendable,
    Paused,
    Prolonged,
    Restated,
    Resumed,
    StartRule,
    apologise,
    day_of,
    is_late,
    midnight,
    reckon,
    restate,
    rule_pack_on,
)
from tests.kernel.legalclock.moments import ALL_KNOWN, START_RULES, UNITS, any_moment, around, due, local, plain


def begun(at: str, amount: int) -> Begun:
    """Begin a limit of some working days."""
    pack = rule_pack_on(day_of(local(at))).id
    return Begun(at=local(at), cause="log/1", limit=Limit(amount, "working-days"), start_rule="complete", rule_pack=pack)


BEGUN = begun("2018-10-05 09:59", 15)
DUE = date(2018, 10, 26)
NEW = date(2018, 11, 9)


def apology(asked: str, due_on: date = NEW, number: str = "12/PXL") -> Apologised:
    """Promise a new date for the limit that began."""
    return apologise(reckon([BEGUN], ALL_KNOWN), ALL_KNOWN, at=local(asked), cause="log/2", due_on=due_on, number=number)


def test_an_apology_promises_a_new_date_and_statistics_keep_the_old() -> None:
    found = reckon([BEGUN, apology("2018-10-24 09:00")], ALL_KNOWN)

    assert (found.promised.due_on, found.deadline.due_on) == (NEW, DUE)
    assert plain(found.promised.due_at) == "2018-11-09 17:00"
    assert is_late(found.deadline, local("2018-11-01 09:00"))


def test_a_second_new_date_is_refused() -> None:
    found = reckon([BEGUN, apology("2018-10-24 09:00")], ALL_KNOWN)

    with pytest.raises(NotExtendable, match="extended-already"):
        apologise(found, ALL_KNOWN, at=local("2018-11-08 09:00"), cause="log/3", due_on=date(2018, 11, 30), number="13/PXL")


def test_two_new_dates_that_are_facts_nevertheless_are_both_seen() -> None:
    twice = (apology("2018-10-24 09:00"), apology("2018-10-25 09:00", date(2018, 11, 30), "13/PXL"))

    found = reckon([BEGUN, *twice], ALL_KNOWN)

    assert [(extension.apology.number, str(extension.before)) for extension in found.extensions] == [
        ("12/PXL", "2018-10-26"),
        ("13/PXL", "2018-11-09"),
    ]


@pytest.mark.parametrize(
    ("asked", "in_time"),
    [
        pytest.param("2018-10-25 23:59", True, id="the day before the last"),
        pytest.param("2018-10-26 00:00", False, id="the last day"),
        pytest.param("2018-10-29 09:00", False, id="too late by days"),
    ],
)
def test_an_apology_on_the_last_day_or_later_is_recorded_and_said_to_be_too_late(asked: str, in_time: bool) -> None:
    (extension,) = reckon([BEGUN, apology(asked)], ALL_KNOWN).extensions

    assert extension.in_time is in_time


@pytest.mark.parametrize(
    ("asked", "due_on", "number", "reason"),
    [
        pytest.param("2018-10-24 09:00", NEW, " ", "no-apology", id="no apology"),
        pytest.param("2018-10-24 09:00", DUE, "1", "not-later", id="the same date"),
        pytest.param("2018-10-31 09:00", date(2018, 10, 30), "1", "not-later", id="a date that is past"),
        pytest.param("2018-10-24 09:00", date(2018, 11, 10), "1", "day-off", id="a Saturday"),
    ],
)
def test_a_new_date_needs_an_apology_and_a_later_working_day(asked: str, due_on: date, number: str, reason: str) -> None:
    with pytest.raises(NotExtendable) as refused:
        apology(asked, due_on, number)

    assert refused.value.reason == reason


def test_what_has_ended_gets_no_new_date() -> None:
    found = reckon([BEGUN, Ended(at=local("2018-10-20 09:00"), cause="log/2")], ALL_KNOWN)

    with pytest.raises(NotExtendable, match="ended"):
        apologise(found, ALL_KNOWN, at=local("2018-10-21 09:00"), cause="log/3", due_on=NEW, number="1")


def test_a_promise_that_was_made_holds_where_the_laws_date_is_earlier_after_waiting() -> None:
    promised = Apologised(at=local("2018-10-08 09:00"), cause="log/2", due_on=NEW, number="1")

    found = reckon([begun("2018-10-05 09:59", 3), promised, Paused(at=local("2018-10-09 09:00"), cause="log/3")], ALL_KNOWN)

    assert (found.deadline.due_on, found.promised.due_on) == (date(2018, 10, 10), NEW)


def test_a_promise_for_what_turned_out_to_be_a_day_off_holds_until_that_day_ends() -> None:
    sunday = Apologised(at=local("2018-10-08 09:00"), cause="log/2", due_on=date(2018, 11, 11), number="1")

    assert reckon([BEGUN, sunday], ALL_KNOWN).promised.due_at == midnight(date(2018, 11, 12))


# News of days off


def news(calendar: Calendar, known_from: datetime, *entries: Entry) -> Calendar:
    """Add entries that become known at an instant, after which nothing else is new."""
    dated = [Entry(on=it.on, kind=it.kind, source=it.source, windows=it.windows, known_from=known_from) for it in entries]
    return calendar.adding(*dated)


def test_a_day_off_that_is_decreed_late_moves_the_laws_date_and_not_the_promise() -> None:
    accepted = begun("2025-12-24 09:00", 6)

    found = restate([accepted], ALL_KNOWN, local("2025-12-25 08:00"), "calendar/7")

    assert found
    assert (str(found.before.due_on), str(found.deadline.due_on), str(found.promised.due_on)) == ("2026-01-02", "2026-01-05", "2026-01-02")
    assert "Công văn 12729/VPCP-KGVX (25/12/2025)" in {piece.source for piece in found.deadline.segments}


def test_a_working_saturday_that_is_decreed_late_brings_the_date_forward_and_says_so() -> None:
    hours = ALL_KNOWN.knowledge.weeks[0].days[0]
    saturday = Entry(on=date(2026, 1, 17), kind="swapped-in", source="Công văn giả định", windows=hours)
    calendar = news(around(date(2026, 1, 8)), local("2026-01-09 00:00"), saturday)

    found = restate([begun("2026-01-08 09:00", 9)], calendar, local("2026-01-09 10:00"), "calendar/8")

    assert found
    assert (str(found.before.due_on), str(found.promised.due_on)) == ("2026-01-20", "2026-01-19")
    assert found.promised.cause == "calendar/8"
    assert restate([begun("2026-01-08 09:00", 3)], calendar, local("2026-01-09 10:00"), "calendar/8") is None


def test_without_news_nothing_is_restated() -> None:
    assert restate([BEGUN], ALL_KNOWN, local("2018-10-20 09:00"), "calendar/1") is None


def test_what_was_missed_before_the_news_came_stays_missed() -> None:
    holiday = Entry(on=date(2018, 10, 26), kind="holiday", source="Công văn giả định")
    calendar = news(around(DUE), local("2018-10-29 00:00"), holiday)

    assert restate([BEGUN], calendar, local("2018-10-29 09:00"), "calendar/1") is None


def test_a_clock_that_waits_reads_the_news_when_it_goes_on() -> None:
    holiday = Entry(on=date(2018, 10, 16), kind="holiday", source="Công văn giả định")
    calendar = news(around(DUE), local("2018-10-12 00:00"), holiday)

    assert restate([BEGUN, Paused(at=local("2018-10-09 09:00"), cause="log/2")], calendar, local("2018-10-12 09:00"), "calendar/1") is None


def test_news_that_the_day_is_off_on_which_a_used_up_limit_ends_moves_it_to_the_next_working_day() -> None:
    waited = (replace(begun("2018-10-05 09:59", 2), start_rule="arrival"), Paused(at=local("2018-10-09 17:30"), cause="log/2"))
    resumed = Resumed(at=local("2018-10-14 09:00"), cause="log/3", mode="pause")
    holiday = Entry(on=date(2018, 10, 15), kind="holiday", source="Công văn giả định")
    calendar = news(around(DUE), local("2018-10-15 00:00"), holiday)

    found = restate([*waited, resumed], calendar, local("2018-10-15 06:00"), "calendar/1")

    assert found
    assert (str(found.before.due_on), str(found.deadline.due_on), str(found.promised.due_on)) == ("2018-10-15", "2018-10-16", "2018-10-15")


def test_hours_that_were_to_begin_at_the_instant_of_the_news_begin_with_the_next_opening() -> None:
    saturday = replace(begun("2018-10-06 15:00", 1), limit=Limit(1, "working-hours"))
    holiday = Entry(on=date(2018, 10, 8), kind="holiday", source="Công văn giả định")
    calendar = news(around(DUE), local("2018-10-08 07:30"), holiday)

    found = restate([saturday], calendar, local("2018-10-08 07:30"), "calendar/1")

    assert found
    assert (plain(found.deadline.starts_at), plain(found.deadline.due_at)) == ("2018-10-09 07:30", "2018-10-09 08:30")


def test_a_limit_in_calendar_days_whose_last_day_was_off_counts_the_days_since_when_it_is_made_longer() -> None:
    # Due on Monday 8, for the last day is Saturday 6. On Monday morning it is told that Monday is off; then ten days are added.
    saturday = replace(begun("2018-10-05 09:59", 1), limit=Limit(1, "calendar-days"))
    holiday = Entry(on=date(2018, 10, 8), kind="holiday", source="Công văn giả định")
    calendar = news(around(DUE), local("2018-10-08 06:00"), holiday)
    told = Restated(at=local("2018-10-08 06:00"), cause="calendar/1")
    longer = Prolonged(at=local("2018-10-09 08:00"), cause="log/2", amount=10, source="Luật giả định")

    assert reckon([saturday, told], calendar).deadline.due_on == date(2018, 10, 9)
    assert reckon([saturday, told, longer], calendar).deadline.due_on == date(2018, 10, 16)


def test_a_promise_with_an_apology_is_not_moved_by_news() -> None:
    holiday = Entry(on=date(2018, 10, 26), kind="holiday", source="Công văn giả định")
    calendar = news(around(DUE), local("2018-10-25 00:00"), holiday)

    found = restate([BEGUN, apology("2018-10-24 09:00")], calendar, local("2018-10-25 09:00"), "calendar/1")

    assert found
    assert (found.before.due_on, found.deadline.due_on, found.promised.due_on) == (NEW, date(2018, 10, 29), NEW)


@settings(max_examples=300, deadline=None)
@given(
    any_moment,
    st.sampled_from(UNITS),
    st.integers(2, 40),
    st.sampled_from(START_RULES),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(("holiday", "swapped-in")),
)
def test_news_of_days_to_come_gives_the_date_that_those_who_always_knew_would_have_and_never_a_later_promise(
    start_at: datetime, unit: LimitUnit, amount: int, start_rule: StartRule, days: int, ahead: int, kind: str
) -> None:
    told_on = day_of(start_at) + timedelta(days=days)
    hours = ALL_KNOWN.knowledge.weeks[0].days[0]
    off = Entry(on=told_on + timedelta(days=ahead), kind="holiday", source="giả định")
    entry = off if kind == "holiday" else replace(off, kind="swapped-in", windows=hours)
    known = around(day_of(start_at))
    calendar = news(known, midnight(told_on), entry)
    start = Begun(at=start_at, cause="1", limit=Limit(amount, unit), start_rule=start_rule, rule_pack=rule_pack_on(day_of(start_at)).id)
    before = reckon([start], calendar)
    # Real news that nobody told meanwhile, the 2nd of January 2026 for one, is another matter: days that have passed are not judged again.
    assume(not any(start_at < change <= midnight(told_on) for change in known.knowledge.changes()))

    found = restate([start], calendar, midnight(told_on), "2")

    if is_late(before.deadline, midnight(told_on)):
        assert found is None
        return
    always_known = due(start_at, amount, unit, start_rule, known.adding(entry).as_known_at(midnight(told_on))).due_at
    assert (found.deadline if found else before.deadline).due_at == always_known
    assert (found or before).promised.due_at == min(before.deadline.due_at, always_known)
