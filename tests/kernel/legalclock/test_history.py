"""What happens to a limit on its way, and what follows from it at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.legalclock import (
    Apologised,
    Begun,
    Deadline,
    Ended,
    Excluded,
    HandedOver,
    Holder,
    Limit,
    LimitUnit,
    Moment,
    NotBegun,
    Paused,
    Prolonged,
    Restated,
    Resumed,
    StartRule,
    SupplementMode,
    day_of,
    deadline,
    is_late,
    part_of,
    reckon,
    resume,
    rule_pack_on,
)
from kernel.legalclock.phrases import OUTAGE, rule_of
from tests.kernel.legalclock.moments import ALL_KNOWN, START_RULES, UNITS, any_moment, assert_explains_itself, local, plain

ACCEPTED = "2018-10-05 09:59"  # a Friday; 15 working days lead to 26/10
KNOWN_IN_2018 = ALL_KNOWN.as_known_at(local(ACCEPTED))


def begun(at: str = ACCEPTED, amount: int = 15, unit: LimitUnit = "working-days", start_rule: StartRule = "complete") -> Begun:
    """Begin a limit, recorded at position 1."""
    pack = rule_pack_on(day_of(local(at))).id
    return Begun(at=local(at), cause="log/1", limit=Limit(amount, unit), start_rule=start_rule, rule_pack=pack)


def paused(at: str, cause: str = "log/2") -> Paused:
    return Paused(at=local(at), cause=cause)


def resumed(at: str, mode: SupplementMode | None = None, cause: str = "log/3") -> Resumed:
    return Resumed(at=local(at), cause=cause, mode=mode)


def prolonged(at: str, amount: int) -> Prolonged:
    return Prolonged(at=local(at), cause="log/4", amount=amount, source="Luật giả định, Điều 20")


def excluded(at: str, since: str, until: str) -> Excluded:
    return Excluded(at=local(at), cause="log/5", since=local(since), until=local(until), why=OUTAGE, source="Quyết định 12/QĐ-SCT")


def due(*moments: Moment, as_of: str | None = None) -> str:
    """Give the law's due instant."""
    return plain(reckon(moments, ALL_KNOWN, local(as_of) if as_of else None).deadline.due_at)


def promised(*moments: Moment) -> str:
    """Give the day that the applicant may hold to."""
    return str(reckon(moments, ALL_KNOWN).promised.due_on)


# The whole way of a limit


def test_a_limit_that_only_began_is_the_deadline_of_its_beginning() -> None:
    it = begun()

    expected = deadline(it.at, it.limit, "complete", KNOWN_IN_2018, rule_pack_on(date(2018, 10, 5)))
    assert reckon([it], ALL_KNOWN).deadline == expected


def test_before_its_beginning_a_limit_has_no_deadline() -> None:
    with pytest.raises(NotBegun, match="nothing had begun at"):
        reckon([begun()], ALL_KNOWN, local("2018-10-05 09:58"))
    with pytest.raises(NotBegun, match="nothing has begun"):
        reckon([paused(ACCEPTED)], ALL_KNOWN)


def test_a_deadline_can_be_had_again_as_it_stood_at_any_past_instant() -> None:
    whole = (begun(), paused("2018-10-09 10:00"), resumed("2018-10-15 08:00", "pause"), prolonged("2018-10-20 09:00", 10))

    assert due(*whole, as_of="2018-10-12 00:00") == "2018-10-26 17:00"
    assert due(*whole, as_of="2018-10-15 08:00") == "2018-11-01 17:00"
    assert due(*whole) == "2018-11-15 17:00"
    assert reckon(whole, ALL_KNOWN, local("2018-10-12 00:00")).state == "waiting"


def test_whether_waiting_takes_from_the_limit_is_said_by_the_law_of_the_matter_not_by_one_rule_for_all() -> None:
    way = (begun(), paused("2018-10-09 10:00"))

    assert due(*way, resumed("2018-10-15 08:00", "pause")) == "2018-11-01 17:00"
    assert due(*way, resumed("2018-10-15 08:00", "restart")) == "2018-11-05 17:00"
    assert due(*way, resumed("2018-10-15 08:00")) == "2018-11-05 17:00"


def test_the_rules_are_those_of_the_day_on_which_the_limit_began_whatever_came_later() -> None:
    way = (begun("2025-06-27 09:00"), paused("2025-06-30 10:00"), resumed("2025-07-02 08:00", "restart"))

    assert reckon(way, ALL_KNOWN).deadline.rule_pack == "vn-2018"
    assert reckon([begun("2025-07-01 09:00")], ALL_KNOWN).deadline.rule_pack == "vn-2026"


def test_each_stretch_names_the_moment_that_opened_it_and_its_calendar() -> None:
    way = (begun("2018-07-25 09:00", 10), paused("2018-07-27 10:00"), resumed("2018-08-02 08:00", "pause"))

    found = reckon(way, ALL_KNOWN)

    assert [stretch.moment for stretch in found.stretches] == list(way)
    assert found.stretches[0].calendar == ALL_KNOWN.as_known_at(local("2018-07-25 09:00")).version
    assert found.stretches[2].calendar == ALL_KNOWN.as_known_at(local("2018-08-02 08:00")).version
    assert found.stretches[0].calendar != found.stretches[2].calendar
    assert [piece for stretch in found.stretches for piece in stretch.segments] == list(found.deadline.segments)


def test_every_date_that_was_told_is_kept_with_its_cause() -> None:
    apology = Apologised(at=local("2018-10-30 09:00"), cause="log/4", due_on=date(2018, 11, 9), number="12/PXL")

    found = reckon([begun(), paused("2018-10-09 10:00"), resumed("2018-10-15 08:00", "pause"), apology], ALL_KNOWN)

    assert [(told.cause, str(told.due_on)) for told in found.told] == [
        ("log/1", "2018-10-26"),
        ("log/3", "2018-11-01"),
        ("log/4", "2018-11-09"),
    ]


def test_what_was_missed_stays_missed() -> None:
    missed, late = begun(amount=2), local("2018-10-10 08:00")

    for later in (
        (paused("2018-10-10 08:00"), resumed("2018-10-12 09:00", "restart")),
        (prolonged("2018-10-10 08:00", 30),),
        (Restated(at=late, cause="log/2"),),
        (Apologised(at=late, cause="log/2", due_on=date(2018, 10, 31), number="12/PXL"),),
        (paused("2018-10-10 08:00"), prolonged("2018-10-11 08:00", 30), resumed("2018-10-12 09:00", "restart")),
    ):
        found = reckon([missed, *later], ALL_KNOWN)
        assert plain(found.deadline.due_at) == "2018-10-09 17:00"
        assert is_late(found.deadline, late)


def test_what_is_done_is_done_and_no_date_moves_any_more() -> None:
    done = (begun(), Ended(at=local("2018-10-20 09:00"), cause="log/2"))

    found = reckon([*done, paused("2018-10-21 09:00"), prolonged("2018-10-22 09:00", 5)], ALL_KNOWN)

    assert (found.state, plain(found.since), plain(found.deadline.due_at)) == ("ended", "2018-10-20 09:00", "2018-10-26 17:00")


def test_a_moment_that_was_recorded_twice_counts_once() -> None:
    way = (begun(), paused("2018-10-09 10:00"), resumed("2018-10-15 08:00", "pause"))
    twice = (way[0], way[0], way[1], way[1], way[2], way[2])

    assert reckon(twice, ALL_KNOWN) == reckon(way, ALL_KNOWN)


def test_of_two_clocks_that_disagree_the_order_of_recording_decides() -> None:
    early = (begun(), paused("2018-10-05 09:58"), resumed("2018-10-05 09:57", "pause"))

    assert reckon(early, ALL_KNOWN).deadline.segments[0].start_at == local(ACCEPTED)
    assert due(*early) == "2018-10-26 17:00"


def test_the_clock_stands_until_the_last_missing_paper_is_there() -> None:
    # What comes in part is no moment of the clock: two of three papers came on the 11th, the third on the 15th.
    way = (begun(), paused("2018-10-09 10:00"), resumed("2018-10-15 08:00", "pause"))

    assert [reckon(way, ALL_KNOWN, local(at)).state for at in ("2018-10-09 09:59", "2018-10-11 16:00", "2018-10-15 08:00")] == [
        "running",
        "waiting",
        "running",
    ]


def test_what_is_overdue_at_the_end_of_one_quarter_is_late_for_ever() -> None:
    way = (
        begun(amount=40),
        paused("2018-12-05 08:00"),
        resumed("2018-12-10 08:00", "restart"),
        Ended(at=local("2019-01-20 09:00"), cause="5"),
    )

    at_the_turn, at_last = reckon(way, ALL_KNOWN, local("2018-12-31 23:59")), reckon(way, ALL_KNOWN)

    assert plain(at_the_turn.deadline.due_at) == plain(at_last.deadline.due_at) == "2018-11-30 17:00"
    assert is_late(at_last.deadline, at_last.since)


# What the clock waits for, and who is waited for


def test_e_21_a_fee_that_is_waited_for_stops_the_clock_only_where_a_law_says_so() -> None:
    asked, paid = local("2018-10-09 10:00"), resumed("2018-10-15 08:00", "pause")
    by_law = Paused(at=asked, cause="log/2", why="Chờ nộp phí", source="Thông tư giả định, Điều 4")

    assert due(begun(), by_law, paid) == "2018-11-01 17:00"
    assert due(begun()) == "2018-10-26 17:00"
    (wait,) = [piece for piece in reckon([begun(), by_law, paid], ALL_KNOWN).deadline.segments if piece.start_at == asked]
    assert (wait.why, wait.source, wait.counts) == ("Chờ nộp phí", "Thông tư giả định, Điều 4", False)


def test_e_22_a_storm_or_an_outage_stops_the_clock_by_a_decision_with_its_number() -> None:
    decision = "Quyết định giả định 45/QĐ-UBND (17/09/2018)"
    storm = Paused(
        at=local("2018-09-17 07:30"), cause="log/2", why="Ngừng làm việc do bão", source=decision, holder=Holder("system", "bão số 6")
    )

    found = reckon([begun("2018-09-14 09:00", 3), storm, resumed("2018-09-18 07:30", "pause")], ALL_KNOWN)

    assert decision in {piece.source for piece in found.deadline.segments}
    # Monday 17 had opened when work was stopped: it is used. Tuesday is the day of going on and does not count.
    assert plain(found.deadline.due_at) == "2018-09-20 17:00"


# Longer by law, and later by apology


@pytest.mark.parametrize(
    ("since", "until", "then"),
    [
        ("2018-10-15 07:30", "2018-10-16 17:00", "2018-10-30"),  # a Monday and a Tuesday: two working days, and a weekend comes between
        ("2018-10-15 07:31", "2018-10-16 17:00", "2018-10-29"),  # a minute of Monday was worked, so Monday was
        ("2018-10-15 07:30", "2018-10-16 16:59", "2018-10-29"),
        ("2018-10-13 00:00", "2018-10-14 23:59", "2018-10-26"),  # nobody works on a weekend anyway
        ("2018-10-05 07:30", "2018-10-05 17:00", "2018-10-26"),  # the first day was not counted
        (
            "2018-10-17 07:30",
            "2018-12-31 00:00",
            "2018-10-29",
        ),  # of what has passed: that day is over by then
    ],
)
def test_a_day_that_a_decision_leaves_out_is_given_back_where_nothing_of_it_was_worked(since: str, until: str, then: str) -> None:
    moments = (begun(), excluded("2018-10-17 17:00", since, until))
    found = reckon(moments, ALL_KNOWN)
    assert str(found.deadline.due_on) == then
    assert_explains_itself(found.deadline, local(ACCEPTED))
    out = [segment for segment in found.deadline.segments if rule_of(segment.why) == "excluded"]
    assert {segment.source for segment in out} == ({"Quyết định 12/QĐ-SCT"} if then > "2018-10-26" else set())


def test_hours_that_a_decision_leaves_out_are_given_back_to_the_minute() -> None:
    outage = excluded("2018-10-08 16:00", "2018-10-08 10:00", "2018-10-08 14:15")  # an hour and a half before noon, and 75 minutes after
    assert due(begun(amount=16, unit="working-hours"), outage) == "2018-10-09 14:14"
    assert due(begun(amount=16, unit="working-hours")) == "2018-10-09 09:59"


def test_the_same_time_is_given_back_once_and_what_had_run_out_stays_run_out() -> None:
    outage = ("2018-10-15 07:30", "2018-10-16 17:00")
    once = due(begun(), excluded("2018-10-17 09:00", *outage))
    assert due(begun(), excluded("2018-10-17 09:00", *outage), excluded("2018-10-18 09:00", *outage)) == once
    assert due(begun(), excluded("2018-10-26 23:59", *outage)) == once
    assert due(begun(), excluded("2018-10-27 00:00", *outage)) == due(begun())


def test_longer_by_law_moves_the_deadline_and_an_apology_does_not() -> None:
    apology = Apologised(at=local("2018-10-20 09:00"), cause="log/2", due_on=date(2018, 11, 9), number="12/PXL")

    assert (due(begun(), prolonged("2018-10-20 09:00", 10)), promised(begun(), prolonged("2018-10-20 09:00", 10))) == (
        "2018-11-09 17:00",
        "2018-11-09",
    )
    assert (due(begun(), apology), promised(begun(), apology)) == ("2018-10-26 17:00", "2018-11-09")


def test_a_limit_of_thirty_days_made_longer_by_thirty_is_one_of_sixty() -> None:
    assert due(begun(unit="calendar-days", amount=30), prolonged("2018-10-20 09:00", 30)) == due(begun(unit="calendar-days", amount=60))
    assert reckon([begun(amount=5), prolonged("2018-10-09 09:00", 5)], ALL_KNOWN).deadline.limit == Limit(10, "working-days")


def test_a_limit_may_be_made_longer_while_it_waits() -> None:
    way = (begun(), paused("2018-10-09 10:00"), prolonged("2018-10-10 09:00", 2), resumed("2018-10-15 08:00", "pause"))

    assert due(*way) == "2018-11-05 17:00"


def test_counted_anew_is_the_limit_as_the_law_has_it_without_what_was_added() -> None:
    way = (begun(), prolonged("2018-10-08 09:00", 10), paused("2018-10-09 10:00"), resumed("2018-10-15 08:00", "restart"))

    assert reckon(way, ALL_KNOWN).deadline.limit == Limit(15, "working-days")
    assert due(*way) == "2018-11-05 17:00"


# A step within the whole


def test_a_step_has_a_clock_of_its_own_that_stands_while_the_whole_does() -> None:
    whole = (begun(), paused("2018-10-09 10:00"), resumed("2018-10-15 08:00", "pause"))

    step = part_of(whole, begun("2018-10-08 14:00", 16, "working-hours"))

    # 14:00-17:00 and 07:30-10:00 are used, 10 h 30 are left from Monday 15, 08:00.
    assert due(*step) == "2018-10-16 10:30"
    assert due(*step, as_of="2018-10-09 09:00") == "2018-10-10 14:00"


def test_a_step_that_begins_while_the_whole_stands_begins_standing() -> None:
    whole = (begun(), paused("2018-10-09 10:00"), resumed("2018-10-15 08:00", "pause"))

    step = part_of(whole, begun("2018-10-10 09:00", 4, "working-hours"))

    assert reckon(step, ALL_KNOWN, local("2018-10-11 00:00")).state == "waiting"
    assert due(*step) == "2018-10-15 13:30"


def test_a_step_can_be_late_while_the_whole_is_on_time() -> None:
    whole = (begun(),)
    step = reckon(part_of(whole, begun("2018-10-08 09:00", 4, "working-hours")), ALL_KNOWN)

    assert is_late(step.deadline, local("2018-10-08 16:00"))
    assert not is_late(reckon(whole, ALL_KNOWN).deadline, local("2018-10-08 16:00"))


def test_an_officer_who_is_replaced_leaves_the_step_with_the_time_that_is_left() -> None:
    step = begun("2018-10-08 09:00", 8, "working-hours")

    assert due(step, HandedOver(at=local("2018-10-08 15:00"), cause="log/2", to=Holder("unit", "chuyên viên B"))) == due(step)


def test_a_longer_limit_of_the_whole_is_not_the_steps() -> None:
    whole = (begun(), prolonged("2018-10-09 09:00", 30), Ended(at=local("2018-10-30 09:00"), cause="log/9"))
    step = begun("2018-10-08 09:00", 8, "working-hours")

    assert part_of(whole, step) == (step,)


def test_an_agency_that_is_asked_has_its_own_limit_and_the_whole_goes_on() -> None:
    asked = begun("2018-10-08 09:00", 3)

    assert due(*part_of((begun(),), asked)) == "2018-10-11 17:00"
    assert is_late(reckon([asked], ALL_KNOWN).deadline, local("2018-10-12 08:00"))
    assert due(begun(), HandedOver(at=local("2018-10-08 09:00"), cause="log/2", to=Holder("agency", "Công an"))) == "2018-10-26 17:00"


# Limits on asking and on answering


@pytest.mark.parametrize(
    ("asked", "late"), [("2018-10-10 16:59", False), ("2018-10-10 23:59", False), ("2018-10-11 00:00", True), ("2018-10-15 08:00", True)]
)
def test_a_supplement_asked_for_after_its_own_three_days_is_late_though_the_whole_is_not(asked: str, late: bool) -> None:
    asking = reckon([begun(amount=3)], ALL_KNOWN).deadline

    assert is_late(asking, local(asked)) is late
    assert not is_late(reckon([begun()], ALL_KNOWN).deadline, local(asked))


def test_the_applicant_has_a_limit_to_answer_from_the_moment_of_asking() -> None:
    answer = reckon([begun("2018-10-09 10:00", 30, "calendar-days", "arrival")], ALL_KNOWN).deadline

    assert plain(answer.due_at) == "2018-11-08 17:00"
    assert not is_late(answer, local("2018-11-08 23:59"))
    assert is_late(answer, local("2018-11-09 00:00"))


# Always


def same_by_resuming(moments: Sequence[Moment]) -> Deadline:
    """Fold a history as services do, from the deadline in one fact to the deadline in the next."""
    found: Deadline | None = None
    asked = local(ACCEPTED)
    for it in moments:
        known = ALL_KNOWN.as_known_at(it.at)
        match it:
            case Begun():
                found = deadline(it.at, it.limit, it.start_rule, known, rule_pack_on(day_of(it.at)))
            case Paused():
                asked = it.at
            case Resumed():
                assert found
                found = resume(found, asked, it.at, it.mode, known)
            case _:
                pytest.fail("only waiting is told from fact to fact")
    assert found
    return found


waits = st.lists(
    st.tuples(st.sampled_from(("pause", "restart", None)), st.integers(0, 20_000), st.integers(0, 20_000)), min_size=0, max_size=4
)


@settings(max_examples=1500, deadline=None)
@given(any_moment, st.sampled_from(UNITS), st.integers(1, 30), st.sampled_from(START_RULES), waits)
def test_from_its_beginning_or_from_fact_to_fact_a_deadline_and_its_derivation_are_the_same(
    start_at: datetime, unit: LimitUnit, amount: int, start_rule: StartRule, waits: list[tuple[SupplementMode | None, int, int]]
) -> None:
    pack = rule_pack_on(day_of(start_at)).id
    moments: list[Moment] = [Begun(at=start_at, cause="1", limit=Limit(amount, unit), start_rule=start_rule, rule_pack=pack)]
    now = start_at
    for mode, running, waiting in waits:
        asked = now + timedelta(minutes=running)
        now = asked + timedelta(minutes=waiting)
        moments += [Paused(at=asked, cause="2"), Resumed(at=now, cause="3", mode=mode)]

    found = reckon(moments, ALL_KNOWN)

    assert found.deadline == same_by_resuming(moments)
    assert_explains_itself(found.deadline, start_at)
    for n, moment in enumerate(moments):
        if n + 1 == len(moments) or moments[n + 1].at > moment.at:
            assert reckon(moments, ALL_KNOWN, moment.at) == reckon(moments[: n + 1], ALL_KNOWN)
