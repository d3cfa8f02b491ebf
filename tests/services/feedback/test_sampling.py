"""A sample can be drawn again by anybody, and nobody on the list is more likely to be in it than another."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contracts.feedback_campaigns import Sampling
from services.feedback.domain.sampling import places

FRAMES = st.integers(1, 300)


@given(FRAMES, st.data(), st.text(min_size=1))
def test_a_random_sample_has_so_many_different_places_of_the_list_and_is_the_same_for_the_same_seed(
    frame: int, data: st.DataObject, seed: str
) -> None:
    slips = data.draw(st.integers(1, frame))
    sampling = Sampling(method="random", frame=frame, seed=seed)
    drawn = places(sampling, slips)
    assert len(set(drawn)) == len(drawn) == slips
    assert list(drawn) == sorted(drawn)
    assert all(1 <= place <= frame for place in drawn)
    assert drawn == places(sampling.model_copy(), slips)
    assert set(drawn) <= set(places(sampling, frame)), "who is in a smaller sample is in a larger one of the same seed"


def test_the_sample_of_a_seed_is_this_one_for_ever() -> None:
    assert list(places(Sampling(method="random", frame=412, seed="xo-so-2017-09-01"), 5)) == [144, 245, 250, 358, 364]


def test_over_many_seeds_every_place_is_drawn_about_as_often() -> None:
    drawn = Counter(place for n in range(2000) for place in places(Sampling(method="random", frame=20, seed=f"{n}"), 5))
    # 500 each, with a standard deviation of 19.
    assert all(400 < drawn[place] < 600 for place in range(1, 21))


@given(FRAMES, st.integers(2, 20), st.data())
def test_every_nth_is_n_places_after_the_one_before(frame: int, nth: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, min(nth, frame)))
    drawn = places(Sampling(method="every-nth", frame=frame, first=first, nth=nth), frame)
    assert drawn[0] == first
    assert all(later - earlier == nth for earlier, later in pairwise(drawn))
    assert drawn[-1] + nth > frame


def test_all_are_all_and_of_slips_that_are_laid_out_nobody_knows_who_takes_them() -> None:
    assert list(places(Sampling(method="all", frame=3), 3)) == [1, 2, 3]
    assert list(places(Sampling(method="laid-out"), 50)) == []
