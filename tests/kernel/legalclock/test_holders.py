"""Time split by who held the papers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.legalclock import Begun, Ended, HandedOver, Holder, Limit, Moment, Paused, Prolonged, Resumed, time_by_holder
from tests.kernel.legalclock.moments import ALL_KNOWN, any_moment, local

APPLICANT, DESK, ROOM, POLICE = Holder("applicant"), Holder("unit", "một cửa"), Holder("unit", "phòng A"), Holder("agency", "Công an")
BEGUN = Begun(
    at=local("2018-10-05 09:00"), cause="1", limit=Limit(15, "working-days"), start_rule="complete", rule_pack="vn-2018", holder=DESK
)


def handed(at: str, to: Holder) -> HandedOver:
    return HandedOver(at=local(at), cause="2", to=to)


def hours(moments: Sequence[Moment], as_of: str) -> dict[Holder, float]:
    """Give the hours worked while each had the papers."""
    return {holder: share.worked / timedelta(hours=1) for holder, share in time_by_holder(moments, ALL_KNOWN, local(as_of)).items()}


def test_time_is_told_apart_by_who_held_the_papers() -> None:
    way = [
        BEGUN,
        handed("2018-10-05 10:00", ROOM),
        handed("2018-10-08 13:30", POLICE),
        handed("2018-10-09 07:30", ROOM),
        Paused(at=local("2018-10-09 09:30"), cause="5"),
        Resumed(at=local("2018-10-10 08:30"), cause="6", mode="pause"),
        Ended(at=local("2018-10-10 16:00"), cause="7"),
    ]

    # Friday 10:00 to Monday 13:30: 5.5 and 4.5 hours; later 2, and on Wednesday 6.
    assert hours(way, "2018-12-01 00:00") == {DESK: 1, ROOM: 5.5 + 4.5 + 2 + 6, POLICE: 3.5, APPLICANT: 6 + 1}
    assert (
        sum(share.elapsed.total_seconds() for share in time_by_holder(way, ALL_KNOWN, local("2018-12-01 00:00")).values())
        == (local("2018-10-10 16:00") - BEGUN.at).total_seconds()
    )


def test_the_split_can_be_had_as_of_any_instant() -> None:
    way = [BEGUN, handed("2018-10-05 10:00", ROOM), Ended(at=local("2018-10-10 16:00"), cause="7")]

    assert hours(way, "2018-10-05 11:30") == {DESK: 1, ROOM: 1.5}
    assert hours(way, "2018-10-05 08:00") == {}


def test_papers_handed_over_while_the_applicant_is_waited_for_stay_with_the_applicant_until_then() -> None:
    way = [
        BEGUN,
        Paused(at=local("2018-10-05 10:00"), cause="2"),
        handed("2018-10-05 11:00", ROOM),
        Resumed(at=local("2018-10-05 14:00"), cause="4"),
    ]

    assert hours(way, "2018-10-05 17:00") == {DESK: 1, APPLICANT: 2.5, ROOM: 3}


def test_who_is_waited_for_is_said_by_the_pause() -> None:
    outage = Paused(at=local("2018-10-05 10:00"), cause="2", why="Hệ thống ngừng", holder=Holder("system", "cổng"))

    assert hours([BEGUN, outage], "2018-10-05 11:00") == {DESK: 1, Holder("system", "cổng"): 1}


def test_an_agency_that_answers_late_is_seen_to_have_held_the_papers_while_the_whole_became_late() -> None:
    way = [BEGUN, handed("2018-10-08 07:30", POLICE), handed("2018-11-05 07:30", ROOM)]

    split = hours(way, "2018-11-05 07:30")

    assert split == {DESK: 6.5, POLICE: 160}


happenings = st.lists(
    st.tuples(st.sampled_from((DESK, ROOM, POLICE, None, "paused", "resumed", "ended")), st.integers(-500, 20_000)), max_size=8
)


@settings(max_examples=1000, deadline=None)
@given(any_moment, happenings, st.integers(-1000, 60_000))
def test_the_parts_add_up_to_the_whole_exactly(start_at: datetime, happened: list[tuple[Holder | str | None, int]], until: int) -> None:
    moments: list[Moment] = [Begun(at=start_at, cause="1", limit=BEGUN.limit, start_rule="complete", rule_pack="vn-2018")]
    now = latest = start_at
    as_of, end = start_at + timedelta(minutes=until), None
    for what, minutes in happened:
        now += timedelta(minutes=minutes)
        match what:
            case Holder():
                moments.append(HandedOver(at=now, cause="2", to=what))
            case "paused":
                moments.append(Paused(at=now, cause="3"))
            case "resumed":
                moments.append(Resumed(at=now, cause="4"))
            case "ended":
                moments.append(Ended(at=now, cause="5"))
            case _:
                moments.append(Prolonged(at=now, cause="6", amount=1, source="Luật"))
        if now <= as_of and end is None:
            latest = max(latest, now)
            end = latest if what == "ended" else None

    shares = time_by_holder(moments, ALL_KNOWN, as_of)

    if as_of < start_at:
        assert shares == {}
        return
    whole_end = end or as_of
    assert sum((share.elapsed for share in shares.values()), timedelta()) == whole_end - start_at
    worked = ALL_KNOWN.time_worked(whole_end) - ALL_KNOWN.time_worked(start_at)
    assert sum((share.worked for share in shares.values()), timedelta()) == worked


def test_before_it_began_nobody_held_anything() -> None:
    assert time_by_holder([handed("2018-10-05 10:00", ROOM)], ALL_KNOWN, local("2018-10-06 00:00")) == {}
