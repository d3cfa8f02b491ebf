"""A limit that waited for a supplement: counted anew, or with what was left."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.vocabulary import Deadline as DeadlineInFacts
from kernel.legalclock import LimitUnit, StartRule, SupplementMode, day_of, is_late, resume
from tests.kernel.legalclock.moments import ALL_KNOWN, START_RULES, UNITS, any_moment, assert_explains_itself, due, local, plain

ACCEPTED = local("2018-10-05 09:59")  # a Friday; 15 working days lead to 26/10
MODES: tuple[SupplementMode, ...] = ("restart", "pause")


def test_a_restart_gives_the_whole_limit_again() -> None:
    it = resume(due(ACCEPTED, 15, "working-days"), local("2018-10-09 10:00"), local("2018-10-15 08:00"), "restart", ALL_KNOWN)

    assert plain(it.due_at) == "2018-11-05 17:00"
    assert plain(it.starts_at) == "2018-10-15 08:00"
    assert it.limit.amount == 15
    assert_explains_itself(it, ACCEPTED)


def test_where_sector_law_is_silent_the_rule_pack_says_restart() -> None:
    first, instants = due(ACCEPTED, 15, "working-days"), (local("2018-10-09 10:00"), local("2018-10-15 08:00"))

    assert resume(first, *instants, None, ALL_KNOWN) == resume(first, *instants, "restart", ALL_KNOWN)


def test_after_a_restart_what_was_counted_before_says_that_it_no_longer_counts() -> None:
    it = resume(due(ACCEPTED, 15, "working-days"), local("2018-10-09 10:00"), local("2018-10-15 08:00"), "restart", ALL_KNOWN)

    told = [(plain(piece.start_at), plain(piece.end_at), piece.counts, piece.why) for piece in it.segments[:5]]
    assert told == [
        ("2018-10-05 09:59", "2018-10-06 00:00", False, "Ngày đầu không tính"),
        ("2018-10-06 00:00", "2018-10-08 00:00", False, "Nghỉ hằng tuần"),
        ("2018-10-08 00:00", "2018-10-09 10:00", False, "Đã tính trước đó, nay tính lại từ đầu"),
        ("2018-10-09 10:00", "2018-10-15 08:00", False, "Chờ bổ sung"),
        ("2018-10-15 08:00", "2018-10-16 00:00", False, "Ngày đầu không tính"),
    ]
    assert it.segments[3].source == "Nghị định 61/2018/NĐ-CP, Điều 19.4"


def test_a_pause_gives_what_is_left_and_the_day_of_asking_is_used() -> None:
    # Monday 8 and Tuesday 9 are used: 13 of 15 are left, from Tuesday 16 on.
    it = resume(due(ACCEPTED, 15, "working-days"), local("2018-10-09 10:00"), local("2018-10-15 08:00"), "pause", ALL_KNOWN)

    assert plain(it.due_at) == "2018-11-01 17:00"
    assert it.starts_at == ACCEPTED
    assert_explains_itself(it, ACCEPTED)


def test_a_day_on_which_the_supplement_was_asked_for_before_opening_is_not_used() -> None:
    it = resume(due(ACCEPTED, 15, "working-days"), local("2018-10-09 07:29"), local("2018-10-15 08:00"), "pause", ALL_KNOWN)

    assert plain(it.due_at) == "2018-11-02 17:00"
    assert_explains_itself(it, ACCEPTED)


def test_a_day_on_which_the_supplement_was_asked_for_at_the_opening_is_used() -> None:
    it = resume(due(ACCEPTED, 15, "working-days"), local("2018-10-09 07:30"), local("2018-10-15 08:00"), "pause", ALL_KNOWN)

    assert plain(it.due_at) == "2018-11-01 17:00"


def test_a_supplement_asked_for_on_the_first_day_has_used_nothing() -> None:
    it = resume(due(ACCEPTED, 3, "working-days"), local("2018-10-05 16:00"), local("2018-10-08 08:00"), "pause", ALL_KNOWN)

    assert plain(it.due_at) == "2018-10-11 17:00"
    assert_explains_itself(it, ACCEPTED)


def test_a_supplement_that_comes_on_a_sunday_counts_from_monday() -> None:
    it = resume(due(ACCEPTED, 3, "working-days"), local("2018-10-08 10:00"), local("2018-10-14 20:00"), "restart", ALL_KNOWN)

    assert plain(it.starts_at) == "2018-10-15 07:30"
    assert plain(it.due_at) == "2018-10-18 17:00"
    assert_explains_itself(it, ACCEPTED)


def test_with_no_day_left_the_limit_ends_on_the_day_of_resuming() -> None:
    first = due(ACCEPTED, 2, "working-days")
    it = resume(first, local("2018-10-09 17:30"), local("2018-10-12 09:00"), "pause", ALL_KNOWN)

    assert plain(first.due_at) == "2018-10-09 17:00"
    assert plain(it.due_at) == "2018-10-12 17:00"
    assert_explains_itself(it, ACCEPTED)


def test_with_no_day_left_and_the_supplement_after_closing_the_limit_ends_on_the_next_working_day() -> None:
    first = due(ACCEPTED, 2, "working-days", "arrival")
    it = resume(first, local("2018-10-09 10:00"), local("2018-10-12 18:00"), "pause", ALL_KNOWN)

    assert plain(it.due_at) == "2018-10-15 17:00"
    assert_explains_itself(it, ACCEPTED)


def test_hours_go_on_to_the_minute() -> None:
    # 09:59-10:29 is used: 7 h 30 are left from Monday 13:00.
    it = resume(due(ACCEPTED, 8, "working-hours"), local("2018-10-05 10:29"), local("2018-10-08 12:00"), "pause", ALL_KNOWN)

    assert plain(it.due_at) == "2018-10-09 11:00"
    assert_explains_itself(it, ACCEPTED)


def test_calendar_days_go_on_with_what_is_left() -> None:
    # 06/10 to 09/10 are used: 26 of 30 are left from 15/10, the last of them Saturday 10/11.
    it = resume(due(ACCEPTED, 30, "calendar-days"), local("2018-10-09 10:00"), local("2018-10-15 08:00"), "pause", ALL_KNOWN)

    assert plain(it.due_at) == "2018-11-12 17:00"
    assert_explains_itself(it, ACCEPTED)


@pytest.mark.parametrize("mode", MODES)
def test_asking_late_does_not_make_the_delay_undone(mode: SupplementMode) -> None:
    first = due(ACCEPTED, 2, "working-days")

    it = resume(first, local("2018-10-10 08:00"), local("2018-10-12 09:00"), mode, ALL_KNOWN)

    assert it == first
    assert is_late(it, local("2018-10-12 09:00"))


def test_hours_that_have_run_out_do_not_come_back() -> None:
    first = due(ACCEPTED, 4, "working-hours")

    assert resume(first, first.due_at, first.due_at + timedelta(days=3), "restart", ALL_KNOWN) == first


def test_a_pause_says_what_it_was_for() -> None:
    it = resume(
        due(ACCEPTED, 5, "working-days"),
        local("2018-10-09 10:00"),
        local("2018-10-15 08:00"),
        "pause",
        ALL_KNOWN,
        why="Chờ hoàn chỉnh theo yêu cầu thẩm định",
        source="Nghị định 113/2017/NĐ-CP, Điều 10.3.b",
    )

    (pause,) = [piece for piece in it.segments if piece.start_at == local("2018-10-09 10:00")]
    assert (pause.why, pause.source) == ("Chờ hoàn chỉnh theo yêu cầu thẩm định", "Nghị định 113/2017/NĐ-CP, Điều 10.3.b")


def test_instants_out_of_order_are_refused() -> None:
    first = due(ACCEPTED, 5, "working-days")

    with pytest.raises(ValueError, match="paused at"):
        resume(first, local("2018-10-09 10:00"), local("2018-10-09 09:00"), "pause", ALL_KNOWN)
    with pytest.raises(ValueError, match="paused at"):
        resume(first, ACCEPTED - timedelta(minutes=1), local("2018-10-09 09:00"), "pause", ALL_KNOWN)


def test_a_deadline_read_back_from_a_fact_resumes_as_well_as_the_one_that_was_computed() -> None:
    first = due(ACCEPTED, 15, "working-days")
    read_back = DeadlineInFacts.model_validate_json(DeadlineInFacts.model_validate(first).model_dump_json())
    instants = local("2018-10-09 10:00"), local("2018-10-15 08:00")

    for mode in MODES:
        assert resume(read_back, *instants, mode, ALL_KNOWN) == resume(first, *instants, mode, ALL_KNOWN)
    with pytest.raises(ValueError, match="without its segments"):
        resume(read_back.model_copy(update={"segments": ()}), *instants, "pause", ALL_KNOWN)


@settings(max_examples=2000, deadline=None)
@given(
    any_moment,
    st.sampled_from(UNITS),
    st.integers(1, 30),
    st.sampled_from(START_RULES),
    st.lists(
        st.tuples(st.sampled_from(MODES), st.integers(0, 20_000), st.integers(0, 20_000)),
        min_size=1,
        max_size=3,
    ),
)
def test_however_often_it_waited_the_way_is_covered_and_adds_up(
    start_at: datetime, unit: LimitUnit, amount: int, start_rule: StartRule, waits: list[tuple[SupplementMode, int, int]]
) -> None:
    it = due(start_at, amount, unit, start_rule)
    now = start_at
    for mode, running, waiting in waits:
        paused_at = now + timedelta(minutes=running)
        now = paused_at + timedelta(minutes=waiting)
        before, it = it, resume(it, paused_at, now, mode, ALL_KNOWN)

        assert_explains_itself(it, start_at)
        assert it.due_on >= before.due_on
        if is_late(before, paused_at):
            assert it == before
        else:
            assert it.due_on >= day_of(now)


@settings(max_examples=1000, deadline=None)
@given(any_moment, st.sampled_from(UNITS), st.integers(1, 30), st.integers(0, 20_000), st.integers(0, 20_000))
def test_a_restart_is_a_new_start_and_a_pause_never_gives_more(
    start_at: datetime, unit: LimitUnit, amount: int, running: int, waiting: int
) -> None:
    first = due(start_at, amount, unit)
    paused_at = start_at + timedelta(minutes=running)
    resumed_at = paused_at + timedelta(minutes=waiting)
    if is_late(first, paused_at) or paused_at == first.due_at:
        return
    restarted = resume(first, paused_at, resumed_at, "restart", ALL_KNOWN)

    assert restarted.due_at == due(resumed_at, amount, unit).due_at
    assert resume(first, paused_at, resumed_at, "pause", ALL_KNOWN).due_at <= restarted.due_at
