"""The stock of blanks: taken in order, each number with one fate, and no gap without a fact that explains it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.processing_permits import BlankIssued, BlankLost, BlankReturned, BlankSpoiled, BlanksReceived
from contracts.vocabulary import PermitId
from kernel.eventlog import Refused
from services.processing.domain import blank
from services.processing.domain.blank import GiveBack, Miss, Receive, Spoil, Use
from tests.services.rig import AGENCY, MONDAY

ONE: Final = PermitId(UUID("7f3f2d6e-6a63-5b43-9a54-0c1f6d6f1a20"))
OTHER: Final = PermitId(UUID("7f3f2d6e-6a63-5b43-9a54-0c1f6d6f1a21"))
WHO: Final[dict[str, Any]] = {"agency": AGENCY, "series": "AB", "officer": "nv-vt-01", "at": MONDAY}


def receive(first: int = 1, last: int = 5) -> Receive:
    return Receive(first=first, last=last, **WHO)


def use(number: int, permit: PermitId = ONE, instead: int | None = None) -> Use:
    return Use(number=number, permit=permit, permit_number="1/GP-SCT", instead=instead, **WHO)


def spoil(number: int) -> Spoil:
    return Spoil(number=number, reason="torn", **WHO)


def miss(number: int) -> Miss:
    return Miss(number=number, record="3/BB-SCT", **WHO)


def give_back(number: int) -> GiveBack:
    return GiveBack(number=number, **WHO)


def after(*commands: blank.Command) -> tuple[list[Any], blank.Stock]:
    """Carry commands out one after another; give the facts and the stock."""
    facts: list[Any] = []
    for command in commands:
        facts += blank.decide(command, blank.DECIDER.fold(facts))
    return facts, blank.DECIDER.fold(facts)


def refused(command: blank.Command, *before: blank.Command) -> Refused:
    _, stock = after(*before)
    with pytest.raises(Refused) as found:
        blank.decide(command, stock)
    return found.value


def test_a_permit_takes_the_lowest_blank_and_asked_twice_it_takes_one() -> None:
    facts, stock = after(receive(), use(1), use(1))
    assert [type(fact) for fact in facts] == [BlanksReceived, BlankIssued]
    assert (stock.left, stock.permits[1]) == ([2, 3, 4, 5], ONE)


def test_a_blank_is_not_skipped_before_somebody_has_said_where_it_is() -> None:
    why = refused(use(3), receive())
    assert (why.reason, why.detail["unaccounted"]) == ("blank-skips", [1, 2])
    facts, stock = after(receive(), spoil(1), miss(2), use(3))
    assert [type(fact) for fact in facts[1:]] == [BlankSpoiled, BlankLost, BlankIssued]
    assert stock.left == [4, 5]


def test_a_blank_on_which_a_permit_was_misprinted_is_cancelled_with_the_one_that_replaces_it() -> None:
    facts, stock = after(receive(), use(1), use(2, instead=1))
    assert [(type(fact), fact.number) for fact in facts[2:]] == [(BlankSpoiled, 1), (BlankIssued, 2)]
    assert facts[2].permit_id == ONE
    assert dict(stock.fates) == {1: "spoiled", 2: "issued"}


def test_nobody_spoils_the_blank_of_another_permit() -> None:
    assert refused(use(2, OTHER, instead=1), receive(), use(1)).reason == "blank-of-another-permit"


@pytest.mark.parametrize("again", [use(1, OTHER), spoil(1), miss(1), give_back(1)])
def test_a_blank_has_one_fate(again: blank.Command) -> None:
    why = refused(again, receive(), use(1))
    assert (why.reason, why.detail["fate"]) == ("blank-gone", "issued")


def test_what_never_came_in_is_not_there() -> None:
    assert refused(use(6), receive()).reason == "no-such-blank"


def test_a_parcel_comes_in_once_and_has_an_end() -> None:
    assert refused(receive(5, 9), receive()).reason == "blanks-overlap"
    assert refused(receive(9, 8)).reason == "blanks-too-many"
    assert refused(receive(1, blank.BATCH_MAX + 1)).reason == "blanks-too-many"


numbers = st.integers(1, 12)
commands = st.one_of(
    st.builds(receive, numbers, numbers),
    st.builds(use, numbers, st.sampled_from([ONE, OTHER]), st.none() | numbers),
    st.builds(spoil, numbers),
    st.builds(miss, numbers),
    st.builds(give_back, numbers),
)


@for_all(st.lists(commands, max_size=25))
def test_whatever_happens_each_blank_that_came_in_lies_there_or_has_its_facts_and_none_was_used_twice(told: list[blank.Command]) -> None:
    facts: list[Any] = []
    for command in told:
        stock = blank.DECIDER.fold(facts)
        try:
            new = blank.decide(command, stock)
        except Refused:
            continue
        for fact in new:
            if isinstance(fact, BlankIssued):
                assert fact.number == stock.left[0], "taken out of order"
        facts += new
    stock = blank.DECIDER.fold(facts)
    came_in = {number for fact in facts if isinstance(fact, BlanksReceived) for number in range(fact.first, fact.last + 1)}
    gone = [fact.number for fact in facts if isinstance(fact, BlankIssued | BlankReturned | BlankLost)]
    never_issued = [fact.number for fact in facts if isinstance(fact, BlankSpoiled) and fact.permit_id is None]
    assert len({*gone, *never_issued}) == len(gone) + len(never_issued)
    assert {*stock.left, *gone, *never_issued} == came_in
    assert not set(stock.left) & {*gone, *never_issued}
