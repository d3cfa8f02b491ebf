"""What was answered, and what of it may be shown: by hand, and by whoever tries to subtract it from something else."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain import pooling
from services.reporting.domain.pooling import DOSSIERS_MIN, OTHER, added, pooled
from services.reporting.domain.satisfaction import CELL_MIN, Cell, CellKey, cells_of, left_out, shown, total, withheld
from services.reporting.domain.shares import mean, share
from services.reporting.query import NOTHING, Asked
from tests.services.reporting.facts import Paper, day, mixed, rated, said
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.tables import Tables
from tests.services.reporting.test_figures import MARCH as PERIOD

KEYS: Final = st.builds(CellKey, st.sampled_from(["2026-03", "2026-04"]), st.sampled_from(["A", "B"]), st.sampled_from(["f", "g", "h"]))
SIZES: Final = st.dictionaries(KEYS, st.integers(0, 6))


def test_four_and_five_of_five_are_satisfied_and_points_are_means() -> None:
    answers = [rated(f"{n}", n, n + 1, {"time": n % 3}) for n in range(5)]
    (view,) = shown(cells_of(answers, PERIOD.whole_months())).values()
    assert (view["ratings"], view["satisfaction"]) == (5, 40.0)
    assert view["points"] == {"time": 0.8, "attitude": None, "agencies-contacted": None, "contacts-to-complete": None}
    assert view["withheld"] == []


def test_a_criterion_that_two_answered_has_no_mean() -> None:
    answers = [rated(f"{n}", 1, 5, {"time": 2} if n < 2 else {"attitude": 1}) for n in range(5)]
    (view,) = shown(cells_of(answers, PERIOD.whole_months())).values()
    assert (view["points"]["time"], view["points"]["attitude"]) == (None, 1.0)


def test_what_two_have_answered_is_not_shown_and_said_to_be_withheld() -> None:
    (view,) = shown(cells_of([rated("a", 1, 1), rated("b", 2, 1)], PERIOD.whole_months())).values()
    assert (view["ratings"], view["satisfaction"], set(view["points"].values())) == (None, None, {None})
    assert view["withheld"] == ["ratings"]


def test_the_response_rate_is_that_of_the_invitations_of_the_month() -> None:
    papers = [Paper(f"{n}") for n in range(4)]
    facts = [fact for paper in papers for fact in (paper.invited(1), *([paper.answered(40)] if paper != papers[0] else []))]
    (view,) = shown(cells_of(facts, PERIOD.whole_months())).values()
    assert (view["invitations"], view["response_rate"]) == (4, 75.0)


def test_an_answer_at_local_midnight_of_the_first_belongs_to_the_new_month() -> None:
    late = rated("a", 29, 5).model_copy(update={"recorded_at": rated("a", 29, 5).recorded_at.replace(hour=17)})
    assert [key.month for key in cells_of([late], PERIOD)] == []
    assert [key.month for key in cells_of([rated("a", 29, 5)], PERIOD)] == ["2026-03"]


def test_an_answer_that_does_not_say_its_field_is_counted_in_a_line_of_its_own_and_one_without_a_level_nowhere() -> None:
    answers = [*(mixed(f"{n}", 1, 5, field=None) for n in range(3)), *(mixed(f"f{n}", 1, 1) for n in range(4)), mixed("empty", 1, None)]
    found = shown(cells_of(answers, PERIOD.whole_months()))
    assert {key.field: (view["ratings"], view["satisfaction"]) for key, view in found.items()} == {"-": (3, 100.0), "hoa-chat": (4, 0.0)}


@given(SIZES)
def test_nothing_small_is_shown_and_no_subtraction_yields_anything_small(sizes: dict[CellKey, int]) -> None:
    hidden = withheld(sizes)
    assert all(size >= CELL_MIN for key, size in sizes.items() if size and key not in hidden)
    for month in {key.month for key in sizes}:
        whole = sum(size for key, size in sizes.items() if key.month == month)
        apart = sum(sizes[key] for key in hidden if key.month == month)
        # Whoever knows the month's total gets the sum of what is withheld: it is of enough answers, or the total is withheld too.
        assert apart == 0 or apart >= CELL_MIN or whole < CELL_MIN


@given(SIZES)
def test_what_need_not_be_withheld_is_shown(sizes: dict[CellKey, int]) -> None:
    hidden = withheld(sizes)
    for month in {key.month for key in hidden}:
        apart = sorted(sizes[key] for key in hidden if key.month == month)
        assert all(size < CELL_MIN for size in apart[:-1])
        assert apart[-1] < CELL_MIN or sum(apart[:-1]) < CELL_MIN


@given(SIZES)
def test_the_total_leaves_out_the_months_with_too_few_answers_and_says_so(sizes: dict[CellKey, int]) -> None:
    cells = {key: Cell(ratings=size, satisfied=size) for key, size in sizes.items()}
    months = Counter({key.month: 0 for key in sizes})
    for key, size in sizes.items():
        months[key.month] += size
    assert total(cells).ratings == total(cells).satisfied == sum(size for size in months.values() if size >= CELL_MIN)
    assert left_out(cells) == (["ratings"] if any(0 < size < CELL_MIN for size in months.values()) else [])


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 9)))
def test_lines_that_are_put_together_are_enough_and_the_whole_stays_the_sum(sizes: dict[str, int]) -> None:
    lines = {name: {"all": size, "late": size // 2} for name, size in sizes.items()}
    found = pooled(lines, "all")
    assert all(line["all"] >= DOSSIERS_MIN for line in found.values())
    if sum(sizes.values()) >= DOSSIERS_MIN:
        assert added(list(found.values())) == added(list(lines.values()))
    assert {name: line for name, line in found.items() if name != OTHER}.items() <= lines.items()


def test_a_line_of_one_takes_the_next_smallest_with_it() -> None:
    lines = {name: {"all": size} for name, size in {"a": 1, "b": 4, "c": 9}.items()}
    assert pooled(lines, "all") == {"c": {"all": 9}, pooling.OTHER: {"all": 5}}


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(1, 3, 33.33), (2, 3, 66.67), (1, 800, 0.13), (3, 800, 0.38), (0, 5, 0.0), (0, 0, None), (5, 5, 100.0)]
)
def test_shares_are_rounded_half_up_to_two_decimals_and_a_share_of_nothing_is_none(part: int, whole: int, percent: float | None) -> None:
    assert share(part, whole) == percent


@pytest.mark.parametrize(("points", "answers", "expected"), [(299, 20, 15.0), (5, 20, 0.3), (7, 5, 1.4), (0, 0, None)])
def test_means_are_rounded_half_up_to_one_decimal(points: int, answers: int, expected: float | None) -> None:
    assert mean(points, answers) == expected


# From the tables.


async def test_the_summary_withholds_from_the_public_what_one_or_two_dossiers_stand_behind(mirror: Tables) -> None:
    alone = Paper("alone")
    await mirror.tell(alone.submitted(0), alone.accepted(0, due=7), alone.ready(9), rated("r", 9, 1))
    async with mirror.reading() as reading:
        public, exact = await reading.summary(PERIOD, exact=False), await reading.summary(PERIOD, exact=True)
    assert public["withheld"] == ["dossiers", "ratings"]
    counts = ("received", "resolved", "resolved_late", "late", "on_time_rate", "in_progress", "refused", "withdrawn", "satisfaction")
    assert {public[name] for name in counts} == {None}
    assert (exact["resolved_late"], exact["satisfaction"], exact["withheld"]) == (1, None, ["ratings"])


async def test_a_mirror_that_knows_nothing_answers_with_nothing_and_names_no_period(mirror: Tables) -> None:
    async with mirror.reading() as reading:
        assert await reading.period(Asked()) == NOTHING
        summary = await reading.summary(await reading.period(Asked(), whole_months=True), exact=False)
    assert summary["period"] == summary["satisfaction_period"] == {"from": None, "to": None}
    assert (summary["received"], summary["withheld"]) == (0, [])
    assert {summary[name] for name in ("on_time_rate", "satisfaction", "response_rate")} == {None}


async def test_the_period_of_the_public_is_widened_to_whole_months_but_not_into_what_lies_ahead(mirror: Tables) -> None:
    await mirror.tell(Paper("a").submitted(0), said("o", 45))
    async with mirror.reading() as reading:
        asked = Asked(day(3), day(4))
        assert await reading.period(asked) == type(PERIOD)(day(3), day(4))
        march = await reading.period(asked, whole_months=True)
        april = await reading.period(Asked(day(31), day(31)), whole_months=True)
    assert (march.first, march.last) == (day(-1), day(29))
    assert (april.first, april.last) == (day(30), day(45))


# Over HTTP.


@pytest.mark.asyncio(loop_scope="module")
async def test_the_grid_is_of_whole_months_and_the_total_is_the_sum_of_what_is_shown(told: Mirrored) -> None:
    answer = await told.answer("/v1/satisfaction", from_=day(5).isoformat(), to=day(6).isoformat())
    assert answer["period"] == {"from": "2026-03-01", "to": "2026-03-31"}
    grid = {(item["agency"], item["field"]): (item["ratings"], item["satisfaction"], item["withheld"]) for item in answer["items"]}
    # Four of hoa-chat, and one each of dien and of H10: the two would give each other away but to themselves only, so the
    # smallest that is shown goes with them, and nothing is left.
    assert grid == {
        ("H09.13", "dien"): (None, None, ["ratings"]),
        ("H09.13", "hoa-chat"): (None, None, ["ratings"]),
        ("H10", "hoa-chat"): (None, None, ["ratings"]),
    }
    assert (answer["total"]["ratings"], answer["total"]["satisfaction"], answer["total"]["withheld"]) == (0, None, ["ratings"])
    assert (answer["total"]["invitations"], answer["total"]["response_rate"]) == (3, 100.0)


@pytest.mark.asyncio(loop_scope="module")
async def test_opinions_are_counted_by_channel_and_topic_answered_and_open(told: Mirrored) -> None:
    answer = await told.answer("/v1/satisfaction", **MARCH)
    assert answer["opinions"] == [
        {"channel": "box", "topic": "delay", "received": 3, "answered": 1, "open": 2},
        {"channel": "hotline", "topic": "praise", "received": 1, "answered": 0, "open": 1},
    ]
    assert (await told.answer("/v1/satisfaction", "officer", agencies=("H10",), **MARCH))["opinions"] == []
