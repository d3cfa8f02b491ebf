from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import Final

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from contracts.feedback_surveys import Path
from services.feedback.domain.mixing import VIEWS, Waiting, mixed, parts, seen
from services.feedback.domain.survey_class import Traits
from tests.services.rig import AGENCY

TODAY: Final = date(2026, 3, 20)
FULL: Final = Traits(
    agency=AGENCY,
    survey="a" * 64,
    procedure="2.000648",
    field="hoa-chat",
    occasion="result",
    path=Path(officer="nv-mc-01", unit="phong-ky-thuat", slowest="B3", steps=("B1", "B3")),
)

ANY_TRAITS: Final = st.builds(
    Traits,
    agency=st.sampled_from(["H09.13", "H09.14"]),
    survey=st.just("a" * 64),
    procedure=st.sampled_from(["2.000648", "2.000331"]),
    field=st.sampled_from(["hoa-chat", "dien"]),
    occasion=st.sampled_from(["result", "refusal"]),
    path=st.builds(Path, officer=st.sampled_from(["nv-mc-01", "nv-mc-02"]), slowest=st.sampled_from([None, "B2", "B3"])),
)
BOXES: Final = st.lists(st.tuples(ANY_TRAITS, st.integers(0, 14)), max_size=60).map(
    lambda found: [Waiting(bytes([n]) * 32, traits, TODAY - timedelta(days=age)) for n, (traits, age) in enumerate(found)]
)


@settings(max_examples=60)
@for_all(BOXES, st.integers(2, 6))
def test_no_answer_is_recorded_with_fewer_than_the_least_that_say_the_same_and_none_twice(box: list[Waiting], least: int) -> None:
    batches = mixed(box, least, TODAY - timedelta(days=7))
    hashes = [one.token_hash for batch in batches for one in batch.answers]
    assert len(set(hashes)) == len(hashes)
    for batch in batches:
        assert len(batch.answers) >= least
        assert [one.token_hash for one in batch.answers] == sorted(one.token_hash for one in batch.answers)
        assert any(all(seen(one.traits, view) == batch.traits for one in batch.answers) for view in VIEWS), "each says what is true of it"


@settings(max_examples=60)
@for_all(BOXES)
def test_nobody_is_left_who_has_waited_long_enough_unless_all_of_his_agency_are_too_few(box: list[Waiting]) -> None:
    gone = {one.token_hash for batch in mixed(box, 5, date.max) for one in batch.answers}
    here = Counter(one.traits.agency for one in box)
    assert all(here[one.traits.agency] < 5 for one in box if one.token_hash not in gone)


@settings(max_examples=30)
@for_all(BOXES)
def test_every_count_over_any_attribute_and_every_difference_of_two_is_made_of_whole_batches(box: list[Waiting]) -> None:
    batches = mixed(box, 5, date.max)
    cells: dict[tuple[str, object], set[int]] = {("all", None): set(range(len(batches)))}
    for n, batch in enumerate(batches):
        traits = batch.traits
        for name, value in (("field", traits.field), ("procedure", traits.procedure), ("officer", traits.path.officer)):
            cells.setdefault((name, value), set()).add(n)
    for one, other in combinations(cells.values(), 2):
        for hidden in (one - other, other - one, one & other):
            assert sum(len(batches[n].answers) for n in hidden) not in range(1, 5)


def test_an_answer_says_all_that_its_class_says_while_enough_are_of_its_very_class() -> None:
    box = [Waiting(bytes([n]) * 32, FULL, TODAY) for n in range(5)]
    [batch] = mixed(box, 5, TODAY)
    assert batch.traits == FULL


def test_one_of_another_procedure_waits_some_days_and_then_does_not_say_which() -> None:
    old = TODAY - timedelta(days=8)
    box = [Waiting(bytes([n]) * 32, replace(FULL, procedure=f"2.00064{n}", path=replace_steps(n)), old) for n in range(5)]
    assert mixed(box, 5, old) == []
    [batch] = mixed(box, 5, old + timedelta(days=1))
    assert batch.traits == replace(FULL, procedure=None, path=Path(officer="nv-mc-01", unit="phong-ky-thuat", slowest="B3"))


def replace_steps(n: int) -> Path:
    return FULL.path.model_copy(update={"steps": ("B1", f"B{n + 2}")})


@for_all(st.integers(5, 1000))
def test_a_batch_that_is_cut_has_no_part_below_the_least(size: int) -> None:
    box = [Waiting(n.to_bytes(32, "big"), FULL, TODAY) for n in range(size)]
    cut = parts(box, 5, 20)
    assert [one for part in cut for one in part] == box
    assert all(len(part) >= 5 for part in cut)
    assert all(len(part) <= 20 for part in cut)
