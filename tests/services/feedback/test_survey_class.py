"""What a class of answers may be, of a dossier whose way becomes known bit by bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain.survey_class import NOWHERE, Told, Walked, path_of, paths_so_far, walked

MONDAY = datetime(2019, 3, 4, 1, tzinfo=UTC)
STEPS = st.sampled_from(["B1", "B2", "B3", "B4"])
UNITS = {"B1": "van-phong", "B2": "ky-thuat", "B3": "phap-che", "B4": "van-phong"}


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


@st.composite
def ways(draw: st.DrawFn) -> list[Told]:
    """Steps that are done, sent back and walked beside each other, as facts tell of them; a clock is wrong now and then."""
    going_on, found, now = {draw(STEPS)}, list[Told](), 0
    found.append(Told(at(0), None, {step: UNITS[step] for step in going_on}))
    for _ in range(draw(st.integers(0, 8))):
        now += draw(st.integers(-2, 50))
        done = draw(st.sampled_from([None, *sorted(going_on)]))
        going_on = draw(st.sets(STEPS, max_size=3))
        found.append(Told(at(now), done, {step: UNITS[step] for step in sorted(going_on)}))
    return found


@given(ways())
def test_whatever_was_shown_on_the_way_stays_allowed(way: list[Told]) -> None:
    for n in range(len(way) + 1):
        assert path_of("nv-01", way[:n]) in paths_so_far("nv-01", way)


@given(ways())
def test_what_is_told_later_ends_a_walking_and_begins_others_and_changes_nothing_else(way: list[Told]) -> None:
    whole = walked(way)
    for n in range(len(way) + 1):
        for before, after in zip(walked(way[:n]), whole, strict=False):
            assert (before.step, before.unit, before.begun_at) == (after.step, after.unit, after.begun_at)
            assert before.ended_at in {None, after.ended_at}
    assert sorted({one.step for one in whole if one.ended_at is None}) == sorted(way[-1].open)


B1, B2, B3 = ({step: UNITS[step]} for step in ("B1", "B2", "B3"))


def test_a_step_that_is_sent_back_is_walked_twice_and_has_the_time_of_both() -> None:
    way = [Told(at(0), None, B1), Told(at(5), "B1", B2), Told(at(6), None, B1), Told(at(9), "B1", B2), Told(at(16), "B2", {})]
    assert [(one.step, one.begun_at, one.ended_at) for one in walked(way)] == [
        ("B1", at(0), at(5)),
        ("B2", at(5), at(6)),
        ("B1", at(6), at(9)),
        ("B2", at(9), at(16)),
    ]
    # B1 had 5 and 3 hours; B2 had 1 and then, in one go, 7. Both had 8, and the first of equals is it.
    assert (path_of(None, way).slowest, path_of(None, way).unit) == ("B1", "van-phong")
    assert path_of(None, [*way[:-1], Told(at(17), "B2", {})]).slowest == "B2"


def test_branches_begin_together_and_end_each_at_its_time() -> None:
    both = B2 | B3
    way = [Told(at(0), None, B1), Told(at(1), "B1", both), Told(at(9), "B2", B3), Told(at(4), "B3", {})]
    assert walked(way)[1:] == [Walked("B2", "ky-thuat", at(1), at(9)), Walked("B3", "phap-che", at(1), at(4))]
    assert path_of(None, way).steps == ("B1", "B2", "B3")


def test_of_a_way_of_which_nothing_is_known_nothing_is_said() -> None:
    assert path_of(None, []) == NOWHERE
    assert paths_so_far("nv-01", []) == [NOWHERE.model_copy(update={"officer": "nv-01"})]
