"""Indicator 5.4 of QĐ 766/QĐ-TTg, by hand and at its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.satisfaction_ratio import satisfaction_ratio


@pytest.mark.parametrize(
    ("late", "resolved", "dislikes", "rated", "ratio", "part_of_full"),
    [
        (1, 5, 1, 5, 60.0, 66.67),
        (0, 10, 0, 10, 100.0, 100.0),
        (1, 20, 1, 20, 90.0, 100.0),
        (1, 20, 501, 10_000, 89.99, 99.99),
        (1, 3, 1, 7, 52.38, 58.2),
        (4, 5, 4, 5, 0.0, 0.0),
    ],
)
def test_what_is_late_and_what_is_disliked_are_taken_from_a_hundred_and_ninety_is_full(
    late: int, resolved: int, dislikes: int, rated: int, ratio: float, part_of_full: float
) -> None:
    found = satisfaction_ratio(late, resolved, dislikes, rated)
    assert (found["ratio"], found["part_of_full"]) == (ratio, part_of_full)


@pytest.mark.parametrize(("resolved", "rated"), [(0, 5), (5, 0), (0, 0)])
def test_where_nothing_was_resolved_or_nobody_rated_it_does_not_apply(resolved: int, rated: int) -> None:
    found = satisfaction_ratio(0, resolved, 0, rated)
    assert (found["ratio"], found["part_of_full"]) == (None, None)
    assert (found["overdue"], found["dislike"]) == (0.0 if resolved else None, 0.0 if rated else None)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_one_more_that_is_late_or_disliked_never_makes_it_better(late: int, more: int, dislikes: int, rated: int) -> None:
    resolved, rated = late + more, dislikes + rated
    before = satisfaction_ratio(late, resolved, dislikes, rated)
    assert satisfaction_ratio(late + 1, resolved, dislikes, rated)["ratio"] <= before["ratio"]
    assert 0 <= before["part_of_full"] <= 100
