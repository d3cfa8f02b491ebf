"""Formulas: a closed grammar, exact fractions, and a database that comes to the same."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.reporting.domain.formula import Ungrammatical, names_in, number, parse, rounded
from services.reporting.packs import shelf
from services.reporting.query_formula import by_database
from tests.services.reporting.tables import Tables

NAMES: Final = ("a", "b", "c")
COUNTS: Final = st.fixed_dictionaries({name: st.one_of(st.none(), st.integers(0, 12), st.integers(0, 200_000)) for name in NAMES})


def come(text: str, **counts: int | None) -> Fraction | None:
    return number(parse(text, NAMES), {**dict.fromkeys(NAMES), **counts})


def test_a_share_of_nothing_and_a_sum_with_what_nobody_knows_are_none_and_no_zero() -> None:
    assert come("100 * a / b", a=1, b=0) is None
    assert come("a + b", a=1) is None
    assert come("100 * a / b", a=1, b=3) == Fraction(100, 3)


def test_a_condition_that_is_decided_without_the_unknown_is_decided() -> None:
    assert come("1 if a > 0 or b > 0 else 2", a=1) == 1
    assert come("1 if a > 0 and b > 0 else 2", a=0) == 2
    assert come("1 if a > 0 and b > 0 else 2", a=1) is None
    assert come("1 if not (a > 0) else unknown", a=1) is None


def test_a_number_is_read_as_it_was_written() -> None:
    assert come("0.8 * a", a=10) == 8
    assert come("1 if a / b >= 0.1 else 0", a=1, b=10) == 1


def test_e_36_rounding_is_once_and_half_up() -> None:
    assert [str(rounded(Fraction(text), 1)) for text in ("14.95", "14.94999", "0.05", "2")] == ["15.0", "14.9", "0.1", "2.0"]
    assert rounded(Fraction(-1, 20), 1) == Decimal("-0.1")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a +",
            "a b",
            "a; b",
            "d",
            "a ** 2",
            "a // 2",
            "-a",
            "'a'",
            "True",
            "a.b",
            "a[0]",
            "f(a)",
            "min(a)",
            "max(a, b, c)",
            "min(a=1, b=2)",
        ),
        *("__import__('os')", "(lambda: a)()", "[a][0]", "a if b else c", "a and b", "a < b", "a < b < c", "1e400", "a := 1", "not a"),
        *("10000000000", "min", "a + min", "f'{a}'", "a in b", "a is b", "1j", "a if a < b else (b < c)"),
        "+".join(["a"] * 20),
        "a" * 600,
    ],
)
def test_what_the_grammar_does_not_have_is_no_formula(text: str) -> None:
    with pytest.raises(Ungrammatical):
        parse(text, NAMES)


@given(text=st.text(max_size=40) | st.text("abc0159.+-*/() <>=minxorelsfd", max_size=40))
def test_any_text_is_a_formula_of_known_measures_or_is_refused_and_nothing_else(text: str) -> None:
    try:
        found = parse(text, NAMES)
    except Ungrammatical:
        return
    assert set(names_in(found)) <= set(NAMES)


def numbers(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(leaves, leaves)
    conditions = st.one_of(
        st.tuples(leaves, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), leaves).map(" ".join),
        st.tuples(leaves, leaves, leaves).map(lambda t: f"({t[0]} < {t[1]} or not ({t[1]} >= {t[2]}))"),
        st.tuples(leaves, leaves, leaves).map(lambda t: f"({t[0]} == {t[1]} and {t[1]} != {t[2]})"),
    )
    return st.one_of(
        st.tuples(leaves, st.sampled_from(["+", "-", "*", "/"]), leaves).map(lambda t: f"({' '.join(t)})"),
        st.tuples(st.sampled_from(["min", "max"]), pairs).map(lambda t: f"{t[0]}({t[1][0]}, {t[1][1]})"),
        st.tuples(conditions, pairs).map(lambda t: f"({t[1][0]} if {t[0]} else {t[1][1]})"),
    )


FORMULAS: Final = st.recursive(st.sampled_from([*NAMES, "0", "1", "2", "0.5", "100", "unknown"]), numbers, max_leaves=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=FORMULAS, counts=COUNTS, digits=st.integers(0, 4))
@example(text="(a / b + c / b)", counts={"a": 1, "b": 3, "c": 2}, digits=0)
@example(text="(a / b) / c", counts={"a": 1, "b": 3, "c": 7}, digits=4)
@example(text="(100 * a / b - 100 * c / b)", counts={"a": 2001, "b": 3000, "c": 1}, digits=1)
async def test_the_database_comes_to_the_same(mirror: Tables, text: str, counts: dict[str, Any], digits: int) -> None:
    formula = parse(text, NAMES)
    exact = number(formula, counts)
    async with mirror.reading() as reading:
        found = await by_database(reading.connection, [(formula, digits)], counts)
    assert found == [None if exact is None else rounded(exact, digits)]


def test_every_set_that_comes_with_the_program_is_read_and_says_what_it_lacks() -> None:
    found = {one.pack.id: one.pack for one in shelf().newest()}
    assert set(found) == {"qd-766", "reform-index", "sipas", "tt-01-2018"}
    assert sum(part.max or 0 for part in found["qd-766"].parts) == 100
    assert sum(part.max or 0 for part in found["reform-index"].parts) == 100
    for pack in found.values():
        for part in pack.indicators().values():
            assert part.formula or part.needs
    for pack in (found["reform-index"], found["tt-01-2018"]):
        for part in pack.parts:
            weights = sum(one.weight or 0 for one in part.indicators())
            assert weights == (part.max or part.weight)
