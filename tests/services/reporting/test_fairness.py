"""Who was passed over is found, what excuses it is told, and where all went in turn nobody is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.processing import CaseStepClaimed
from contracts.vocabulary import CaseId
from kernel.legalclock import day_of
from services.reporting.domain.fairness import Jump, Wait, jumps, waits
from services.reporting.domain.walk import Turn
from tests.services.processing.dossiers import CHEMICALS, WINE
from tests.services.reporting.facts import id_of, moment
from tests.services.reporting.lives import Lives, lives, turns_of

AGENCY: Final = "H09.13"
BUSY: Final = (WINE, CHEMICALS)
Turns: TypeAlias = dict[CaseId, list[Turn]]


def turns(found: Lives) -> Turns:
    return {case: turns_of(facts) for case, facts in found.cases.items()}


def jumped(found: Lives, told: Turns) -> list[Jump]:
    return jumps([wait for each in told.values() for wait in waits(AGENCY, each, found.workflows)])


@pytest.fixture(scope="module")
def year() -> Lives:
    return lives(700, seed=5, procedures=BUSY)


def test_in_a_year_in_which_all_went_in_turn_nobody_is_flagged(year: Lives) -> None:
    found = jumped(year, turns(year))
    assert not [jump for jump in found if jump.flagged]
    assert {"withdrawn", "sent-back"} <= {one.excuse for jump in found for one in jump.over}, "what is in order is told with its reason"


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_whatever_year_it_is(seed: int) -> None:
    found = lives(80, seed, procedures=BUSY)
    assert not [jump for jump in jumped(found, turns(found)) if jump.flagged]


def planted(year: Lives, told: Turns, number: int) -> list[tuple[CaseId, str]]:
    """Let some be taken on the day on which they came, though others had waited since an earlier day and went on waiting."""
    queue = dict[Any, list[Wait]]()
    for case in told.values():
        for wait in waits(AGENCY, case, year.workflows):
            queue.setdefault(wait.key, []).append(wait)
    chance = Random(1)  # noqa: S311 - chance comes from a seed, so that it can be repeated
    chosen, used = list[tuple[CaseId, str]](), set[Any]()
    pairs = [
        (later, earlier)
        for waiting in queue.values()
        for later in waiting
        for earlier in waiting
        if later.taken and earlier.taken and not later.again and not earlier.again and not later.excused and not earlier.excused
        if earlier.due_on and later.due_on and earlier.due_on <= later.due_on
        if day_of(earlier.since) < day_of(later.since) < day_of(earlier.taken)
        if day_of(later.taken) > day_of(later.since)
    ]
    chance.shuffle(pairs)
    for later, _ in pairs:
        if len(chosen) == number or later.case_id in used:
            continue
        used.add(later.case_id)
        step = later.key[3]
        facts = year.cases[later.case_id]
        at = later.since + timedelta(minutes=5)
        changed = [
            (pos, fact.model_copy(update={"claimed_at": at}) if isinstance(fact, CaseStepClaimed) and fact.step == step else fact)
            for pos, fact in facts
        ]
        told[later.case_id] = turns_of(changed)
        chosen.append((later.case_id, step))
    return chosen


def test_three_planted_jumps_are_flagged_and_no_other(year: Lives) -> None:
    told = turns(year)
    chosen = planted(year, told, 3)
    assert len(chosen) == 3
    assert sorted((jump.case_id, jump.key[3]) for jump in jumped(year, told) if jump.flagged) == sorted(chosen)


# What excuses it. -------------------------------------------------------------------------------------------------------


def case(name: str, *told: tuple[str, int, dict[str, Any]], workflow: str = "w") -> list[Turn]:
    """Tell the turns of a case: what, on which day, and more."""
    id_ = CaseId(id_of("case", name))
    first = Turn(pos=1, case_id=id_, at=moment(told[0][1]), what="opened", step="B1", word=workflow, due_on=told[0][2].get("due_on"))
    return [first, *(Turn(pos=100 * on + n, case_id=id_, at=moment(on), what=what, **more) for n, (what, on, more) in enumerate(told[1:]))]  # pyright: ignore[reportArgumentType] - one of What


def over(earlier: Sequence[Turn], later: Sequence[Turn]) -> list[str | None]:
    from tests.services.processing.winding import SHORT  # noqa: PLC0415 - its first step is all that is asked of it

    workflows = {"w": ("2.000648", SHORT)}
    found = jumps([*waits(AGENCY, earlier, workflows), *waits(AGENCY, later, workflows)])
    return [one.excuse for jump in found for one in jump.over]


OPENED: Final = ("opened", 0, {})
LATER: Final = case("later", ("opened", 2, {}), ("claimed", 3, {"step": "B1"}))


def test_one_who_came_on_an_earlier_day_and_waits_on_was_passed_over() -> None:
    assert over(case("first", OPENED, ("claimed", 5, {"step": "B1"})), LATER) == [None]
    assert over(case("first", OPENED), LATER) == [None]


def test_on_the_same_day_nobody_is_passed_over() -> None:
    assert over(case("first", ("opened", 2, {}), ("claimed", 5, {"step": "B1"})), LATER) == []
    assert over(case("first", OPENED, ("claimed", 3, {"step": "B1"})), LATER) == []


def test_while_the_clock_stands_still_others_may_go_first() -> None:
    assert over(case("first", OPENED, ("paused", 1, {}), ("resumed", 4, {}), ("claimed", 5, {"step": "B1"})), LATER) == [
        "clock-stood-still"
    ]


def test_a_pause_that_came_after_it_excuses_nothing() -> None:
    assert over(case("first", OPENED, ("paused", 4, {}), ("resumed", 5, {}), ("claimed", 6, {"step": "B1"})), LATER) == [None]


def test_while_another_agency_is_asked_others_may_go_first() -> None:
    assert over(case("first", OPENED, ("asked", 1, {"step": "B1"}), ("claimed", 6, {"step": "B1"})), LATER) == ["agency-asked"]


def test_whose_applicant_took_it_back_was_not_passed_over() -> None:
    assert over(case("first", OPENED, ("stopped", 6, {})), LATER) == ["withdrawn"]


def test_one_with_a_shorter_limit_may_go_first() -> None:
    earlier = case("first", ("opened", 0, {"due_on": day_of(moment(30))}), ("claimed", 6, {"step": "B1"}))
    urgent = case("later", ("opened", 2, {"due_on": day_of(moment(9))}), ("claimed", 3, {"step": "B1"}))
    assert over(earlier, urgent) == ["due-later"]


def test_what_was_sent_back_goes_to_whoever_did_it_and_stands_in_no_queue() -> None:
    done = [("claimed", 0, {"step": "B1"}), ("completed", 0, {"step": "B1"})]
    earlier = case("first", OPENED, *done, ("reopened", 1, {"step": "B1"}), ("completed", 6, {"step": "B1"}))
    assert over(earlier, LATER) == ["sent-back"]
