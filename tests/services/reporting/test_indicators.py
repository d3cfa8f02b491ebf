"""The nine indicators: boundaries as the circular has them, rounding once, and what is left out and said to be (E-36, E-37)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.groups import Tally
from services.reporting.domain.indicators import INDICATORS, SCALES, Whose, class_of, evaluation, rounded

FULL = Tally(10, 20)
TALLIES = st.integers(1, 400).flatmap(lambda n: st.integers(0, 2 * n).map(lambda total: Tally(n, total)))


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        *(("18.0", "excellent"), ("15.0", "excellent"), ("14.9", "good"), ("12.0", "good"), ("11.9", "fair"), ("9.0", "fair")),
        *(("8.9", "average"), ("6.0", "average"), ("5.9", "weak"), ("0.0", "weak")),
    ],
)
def test_fifteen_is_excellent_and_every_bound_belongs_to_the_class_above(total: str, expected: str) -> None:
    assert class_of(Decimal(total), "unit") == expected


@pytest.mark.parametrize(("total", "expected"), [("5.0", "100"), ("4.9", "70-100"), ("3.5", "70-100"), ("3.4", "below-70")])
def test_an_officer_with_five_points_has_done_all_of_his_task(total: str, expected: str) -> None:
    assert class_of(Decimal(total), "officer") == expected


@pytest.mark.parametrize(
    ("exact", "once"),
    [
        (Fraction(1495, 100), "15.0"),
        (Fraction(14949, 1000), "14.9"),
        (Fraction(1, 20), "0.1"),
        (Fraction(5, 3), "1.7"),
        (Fraction(0), "0.0"),
    ],
)
def test_what_lies_in_the_middle_is_rounded_up(exact: Fraction, once: str) -> None:
    assert str(rounded(exact)) == once


def test_a_unit_with_14_95_is_excellent_though_as_a_binary_float_it_is_less() -> None:
    found = dict.fromkeys(range(1, 8), FULL) | {8: Tally(20, 19), 9: Tally(20, 0)}
    assert evaluation(found, "unit")["total"] == 15.0
    assert evaluation(found, "unit")["class"] == "excellent"
    assert evaluation(found | {8: Tally(1000, 949)}, "unit")["class"] == "good"


def test_the_total_is_rounded_and_not_made_of_what_is_rounded_already() -> None:
    # Five times 0.34 is 1.7; five times 0.3 would be 1.5.
    assert evaluation(dict.fromkeys((1, 2, 3, 4, 7), Tally(50, 17)), "officer")["total"] == 1.7


def test_an_indicator_without_data_is_left_out_and_named_and_the_maximum_stays() -> None:
    found = evaluation({1: FULL, 3: FULL, 4: FULL, 7: Tally(0, 0)}, "unit")
    assert (found["total"], found["total_max"], found["left_out"]) == (6.0, 18, [2, 5, 6, 7, 8, 9])
    assert (found["class"], found["class_lowest"], found["class_highest"]) == (None, "average", "excellent")


def test_the_class_is_told_where_nothing_that_is_left_out_could_change_it() -> None:
    found = evaluation({1: FULL, 3: FULL, 4: FULL}, "officer")
    assert (found["total"], found["left_out"], found["class"]) == (6.0, [2, 7], "100")


def test_without_any_data_there_is_neither_a_total_nor_a_class() -> None:
    found = evaluation({}, "officer")
    assert [found[name] for name in ("total", "class", "class_lowest", "class_highest")] == [None] * 4


@given(st.sampled_from(["officer", "unit"]), st.dictionaries(st.integers(1, 9), TALLIES), TALLIES)
def test_a_total_lies_within_its_scale_and_what_is_left_out_keeps_the_class_between_its_bounds(
    whose: Whose, found: dict[int, Tally], missing: Tally
) -> None:
    order = [name for _, name in SCALES[whose]][::-1]
    known = evaluation(found, whose)
    later = evaluation({**dict.fromkeys(INDICATORS[whose], missing), **found}, whose)
    assert 0 <= later["total"] <= later["total_max"]
    assert later["class"] == later["class_lowest"] == later["class_highest"]
    if known["total"] is not None:
        assert order.index(known["class_lowest"]) <= order.index(later["class"]) <= order.index(known["class_highest"])
