"""Answers are counted in groups that are never taken apart: whoever subtracts tables from each other gets groups, and nothing smaller."""

from __future__ import annotations

from collections import Counter
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.domain.groups import NOTHING, Part, Round, Tally, Traits, grouped, in_rounds, seen
from services.reporting.domain.satisfaction import CELL_MIN, RATINGS, counted, total
from tests.services.reporting.attack import MONTHS, batch, cuts, got, keys_of, published, small_cells, told

FULL: Final = Traits("A", "2.000648", "hoa-chat", "result", "nv-mc-01", "phong-ky-thuat", "B3", "B1 B3")
TRAITS: Final = st.builds(
    Traits,
    agency=st.sampled_from(["A", "A", "B"]),
    procedure=st.sampled_from(["2.000648", "2.000001", None]),
    occasion=st.none(),
    unit=st.none(),
    channel=st.none(),
    outcome=st.none(),
    field=st.sampled_from(["dien", "hoa-chat", None]),
    officer=st.sampled_from(["nv-mc-01", "nv-mc-02", None]),
    slowest=st.sampled_from(["B2", "B3"]),
    steps=st.sampled_from(["B1 B2", "B1 B2 B3", None]),
    campaign=st.sampled_from([None, None, "c1"]),
)


@st.composite
def months_of_parts(draw: st.DrawFn, *, in_order: bool = False) -> dict[str, list[Part]]:
    """Batches of some months, the last of them not over; unless all come in order, a clock was wrong now and then."""
    kinds = draw(st.lists(TRAITS, min_size=1, max_size=4))
    found: dict[str, list[Part]] = {month: [] for month in MONTHS}
    answers, at = 0, 0
    months = draw(st.lists(st.sampled_from(MONTHS), max_size=18))
    for month in sorted(months) if in_order or draw(st.booleans()) else months:
        size = draw(st.integers(1, 7))
        at += size
        found[month].append(batch(draw(st.sampled_from(kinds)), range(answers, answers + size), at))
        answers += size
    return found


def positions(parts: dict[str, list[Part]]) -> list[int]:
    return [part.at for few in parts.values() for part in few]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(months_of_parts(), st.data())
def test_no_small_cell_follows_from_any_number_of_tables_of_two_days(parts: dict[str, list[Part]], data: st.DataObject) -> None:
    days = data.draw(st.lists(st.sampled_from(positions(parts) or [1]), min_size=2, max_size=2))
    known = set().union(*(published(told(parts, as_of)) for as_of in days))
    assert got(known, small_cells(parts)) == []
    assert all(bits.bit_count() >= CELL_MIN for bits in known)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(months_of_parts())
def test_no_two_tables_differ_by_fewer_than_the_least(parts: dict[str, list[Part]]) -> None:
    known = list(published(told(parts, max(positions(parts), default=0))))
    for n, one in enumerate(known):
        for other in known[n:]:
            for apart in (one & ~other, other & ~one, one & other):
                assert not 0 < apart.bit_count() < CELL_MIN


def test_the_attacker_has_every_cell_that_is_only_hidden() -> None:
    # Two of hoa-chat and six of dien. Hiding what is below five hides the two, and the total gives them back.
    two, six = batch(FULL, range(2), 2), batch(FULL._replace(field="dien"), range(2, 8), 8)
    naive = {six.tally.total, two.tally.total | six.tally.total}
    assert two.tally.total in small_cells({"2026-01": [two, six]})
    assert got(naive, [two.tally.total]) == [two.tally.total]
    assert got(published(told({"2026-01": [two, six]}, 8)), [two.tally.total]) == []


def test_the_attacker_has_what_was_hidden_yesterday_and_is_shown_today() -> None:
    # Yesterday four of hoa-chat were left out of a total of ten; today there are seven of them, alone and in the total.
    yesterday, today = [0b1111110000], [0b1110000001111, 0b1111111111111]
    assert got([*yesterday, *today], [0b1110000000000]) == []
    assert got([*yesterday, *today, 0b0001111111111], [0b1110000000000]) == [0b1110000000000]


@given(months_of_parts(), st.data())
def test_what_was_told_as_of_a_position_is_told_for_ever(parts: dict[str, list[Part]], data: st.DataObject) -> None:
    at = sorted(positions(parts)) or [1]
    early = data.draw(st.sampled_from(at))
    then, now = told(parts, early)[RATINGS], told(parts, at[-1])[RATINGS]
    for month in MONTHS:
        assert Counter(then[month].groups) == Counter(group for group in now[month].groups if group.at <= early)


@given(months_of_parts(in_order=True))
def test_everybody_is_counted_once_but_those_who_wait_and_when_a_month_is_over_they_are_fewer_than_the_least(
    parts: dict[str, list[Part]],
) -> None:
    at = sorted(positions(parts)) or [0]
    found = told(parts, at[-1])[RATINGS]
    for month, grouped_ in found.items():
        in_groups = sum(group.tally.total for group in grouped_.groups)
        waits = sum(part.tally.total for part in grouped_.waiting)
        everybody = sum(part.tally.total for part in parts[month])
        assert in_groups + waits == everybody
        if any(parts[later] for later in MONTHS if later > month):
            for agency in "AB":
                assert sum(part.tally.n for part in grouped_.waiting if part.traits.agency == agency) < CELL_MIN


@given(months_of_parts())
def test_what_a_group_says_is_true_of_all_in_it(parts: dict[str, list[Part]]) -> None:
    for month, one in told(parts, max(positions(parts), default=0))[RATINGS].items():
        for group in one.groups:
            inside = [part for part in parts[month] if part.tally.total & group.tally.total]
            for part in inside:
                assert part.tally.total & group.tally.total == part.tally.total, "a part is counted whole"
                assert all(said in (None, own) for said, own in zip(group.traits, part.traits, strict=True))


@given(months_of_parts())
def test_every_table_adds_up_to_the_total(parts: dict[str, list[Part]]) -> None:
    voices = told(parts, max(positions(parts), default=0))
    whole = total(voices).tallies.get(RATINGS, Tally())
    for cut in cuts():
        if "step" not in cut:  # an answer is counted in each step that its dossier went through
            lines = counted(voices, cut, None).lines.values()
            assert sum(line.tallies[RATINGS].n for line in lines if RATINGS in line.tallies) == whole.n


def test_a_batch_that_is_large_enough_says_all_that_it_says() -> None:
    [group] = grouped([batch(FULL, range(5), 5)], CELL_MIN, None).groups
    assert group.traits == FULL


def test_four_of_a_batch_who_answered_a_question_wait_for_others_of_their_kind() -> None:
    four = batch(FULL, range(4), 5)
    assert (grouped([four], CELL_MIN, None).groups, grouped([four], CELL_MIN, None).waiting) == ([], [four])
    [group] = grouped([four, batch(FULL, range(4, 8), 10)], CELL_MIN, None).groups
    assert (group.traits, group.tally.n, group.at) == (FULL, 8, 10)


def test_when_the_month_is_over_they_say_less_and_who_comes_later_waits_alone() -> None:
    four, two = batch(FULL, range(4), 5), batch(FULL._replace(steps="B1 B2 B3"), range(4, 6), 7)
    late = batch(FULL, range(6, 8), 12)
    made = grouped([four, two, late], CELL_MIN, 9)
    assert [(group.traits, group.at) for group in made.groups] == [(FULL._replace(steps=None), 9)]
    assert made.waiting == [late]


def test_steps_are_counted_in_each_and_what_is_not_said_under_a_line_of_its_own() -> None:
    assert list(keys_of("2026-03", FULL, ("step",))) == [("B1",), ("B3",)]
    assert list(keys_of("2026-03", seen(FULL, NOTHING), ("month", "step", "officer"))) == [("2026-03", "-", "-")]


def asked_so_far(kinds: list[Traits], size: int) -> list[Round]:
    """Make the rounds of those who were asked one after the other, each with a bit, as the query does."""
    rounds: list[Round] = []
    for start in range(0, len(kinds), size):
        own = list(enumerate(kinds))[start : start + size]
        parts: list[Part] = []
        for kind in dict.fromkeys(traits for _, traits in own):
            numbers = [n for n, traits in own if traits == kind]
            whole = len(numbers) // CELL_MIN * CELL_MIN
            parts += [batch(kind, some, max(some)) for some in (numbers[:whole], numbers[whole:]) if some]
        rounds.append(Round(start + size - 1 if len(own) == size else None, parts))
    return rounds


@given(st.lists(TRAITS.map(lambda traits: traits._replace(agency="A")), max_size=45), st.integers(0, 45))
def test_of_who_was_asked_no_two_days_differ_by_fewer_than_the_least(kinds: list[Traits], early: int) -> None:
    days = [in_rounds(asked_so_far(few, 10), CELL_MIN) for few in (kinds[:early], kinds)]
    known = [group.tally.total for one in days for group in one.groups]
    for n, one in enumerate(known):
        for other in known[n:]:
            for apart in (one & ~other, other & ~one, one & other):
                assert not 0 < apart.bit_count() < CELL_MIN
    over = len(kinds) // 10 * 10
    waits = sum(part.tally.total for part in days[1].waiting)
    assert (waits & ((1 << over) - 1)).bit_count() < CELL_MIN, "of rounds that are over fewer than the least still wait"
