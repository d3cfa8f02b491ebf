"""Where a case left its workflow is found with the exact step, and of a lawful case nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final, TypeAlias
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.fact import Fact
from contracts.processing import (
    CaseDecided,
    CaseResultIssued,
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStepSkipped,
)
from contracts.processing_clock import CaseAlarmRaised, CaseClockPaused, CaseClockResumed
from contracts.processing_coordination import CaseConsultationRequested, CaseCouncilHeld, CaseSiteChecked
from services.processing.workflows import workflow_of
from services.reporting.domain.conformance import IN_WORDS, KINDS, Deviation, deviations
from tests.services.processing.dossiers import COORDINATED, WINE
from tests.services.processing.winding import SHORT, TRADE, WINDING
from tests.services.reporting.lives import Lives, Placed, lives, turns_of

STRANGER: Final = "nv-mc-01"
"""Works at the counter; may do no step of a specialist."""
Way: TypeAlias = list[Placed]
Injected: TypeAlias = tuple[Way, list[tuple[str, str]]]


def told(found: Lives, way: Way) -> list[Deviation]:
    return deviations(turns_of(way), found.workflows, found.staff)


def kinds(found: Lives, way: Way) -> list[tuple[str, str]]:
    return [(one.kind, one.step) for one in told(found, way)]


@pytest.fixture(scope="module")
def linear() -> Lives:
    return lives(120, seed=11, procedures=[WINE])


@pytest.fixture(scope="module")
def coordinated() -> Lives:
    return lives(20, seed=12, procedures=[COORDINATED])


@pytest.fixture(scope="module")
def with_council() -> Lives:
    return lives(30, seed=13, procedures=[WINE], workflows={WINE: workflow_of(WINE, SHORT, TRADE)})


def whole(found: Lives) -> Iterator[Way]:
    """Give the ways of cases that came to their result without a break: those that anything can be put into."""
    breaks = CaseClockPaused | CaseStepReopened | CaseAlarmRaised
    for way in found.cases.values():
        kept = [(pos, fact) for pos, fact in way if not isinstance(fact, CaseAlarmRaised)]
        if any(isinstance(fact, CaseResultIssued) for _, fact in kept) and not any(isinstance(fact, breaks) for _, fact in kept):
            yield kept


def at(way: Way, kind: type[Fact], step: str | None = None) -> int:
    return next(n for n, (_, fact) in enumerate(way) if isinstance(fact, kind) and step in {None, getattr(fact, "step", None)})


def without(way: Way, kind: type[Fact], step: str | None = None) -> Way:
    n = at(way, kind, step)
    return [*way[:n], *way[n + 1 :]]


def changed(way: Way, kind: type[Fact], step: str | None = None, **changes: Any) -> Way:
    n = at(way, kind, step)
    return [*way[:n], (way[n][0], way[n][1].model_copy(update=changes)), *way[n + 1 :]]


def moved(way: Way, kind: type[Fact], step: str | None, before: int) -> Way:
    n = at(way, kind, step)
    rest = [*way[:n], *way[n + 1 :]]
    return [*rest[:before], way[n], *rest[before:]]


# Nothing is said of what is lawful. -------------------------------------------------------------------------------------


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_of_a_lawful_year_nothing_is_said(seed: int) -> None:
    found = lives(50, seed)
    assert found.cases
    assert not [one for way in found.cases.values() for one in told(found, way)]


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_nor_of_cases_whose_workflow_has_branches_conditions_records_and_timers(seed: int) -> None:
    found = lives(30, seed, procedures=[WINE], workflows={WINE: workflow_of(WINE, WINDING, TRADE)})
    assert not [one for way in found.cases.values() for one in told(found, way)]


# Every kind of deviation, with its step. --------------------------------------------------------------------------------


def left_out(way: Way) -> Injected:
    return without(without(way, CaseStepCompleted, "B3"), CaseStepClaimed, "B3"), [("step-left-out", "B3")]


def the_last_left_out(way: Way) -> Injected:
    return without(without(way, CaseStepCompleted, "B6"), CaseStepClaimed, "B6"), [("step-left-out", "B6")]


def out_of_order(way: Way) -> Injected:
    return moved(way, CaseStepCompleted, "B4", at(way, CaseStepCompleted, "B3")), [("out-of-order", "B4")]


def by_a_stranger(way: Way) -> Injected:
    return changed(way, CaseStepCompleted, "B3", officer=STRANGER), [("role-not-allowed", "B3")]


def not_in_the_workflow(way: Way) -> Injected:
    n = at(way, CaseStepCompleted, "B3")
    extra = (way[n][0], way[n][1].model_copy(update={"step": "B3a"}))
    return [*way[: n + 1], extra, *way[n + 1 :]], [("step-not-in-workflow", "B3a")]


def twice(way: Way) -> Injected:
    n = at(way, CaseStepCompleted, "B2")
    return [*way[: n + 1], way[n], *way[n + 1 :]], [("done-twice", "B2")]


def skipped(way: Way) -> Injected:
    n = at(way, CaseStepCompleted, "B3")
    done: Any = way[n][1]
    fact = CaseStepSkipped(
        case_id=done.case_id, dossier_id=done.dossier_id, step="B3", when="channel = online", skipped_at=done.completed_at
    )
    return [*way[:n], (way[n][0], fact), *way[n + 1 :]], [("skipped-without-condition", "B3")]


def too_early(way: Way) -> Injected:
    return moved(way, CaseDecided, None, at(way, CaseStepCompleted, "B4")), [("decided-too-early", "B4")]


def by_no_signer(way: Way) -> Injected:
    return changed(way, CaseDecided, None, officer=STRANGER), [("signed-by-another-role", "B5")]


def never_decided(way: Way) -> Injected:
    return without(way, CaseDecided), [("issued-without-decision", "B6")]


def by_itself(way: Way) -> Injected:
    return changed(way, CaseStepCompleted, "B3", officer="system:timer"), [("passed-without-timer", "B3")]


def sent_back_too_far(way: Way) -> Injected:
    n = at(way, CaseStepCompleted, "B2")
    done: Any = way[n][1]
    fact = CaseStepReopened(
        case_id=done.case_id,
        dossier_id=done.dossier_id,
        step="B2",
        officer=done.officer,
        how="returned",
        reason="incomplete",
        by=done.officer,
        undone=("B2",),
        open=(),
        reopened_at=done.completed_at,
    )
    return [*way[: n + 1], (way[n][0], fact), way[n], *way[n + 1 :]], [("returned-where-not-allowed", "B2")]


def after_the_end(way: Way) -> Injected:
    n = at(way, CaseStepClaimed, "B3")
    return [*way, (way[-1][0] + 1, way[n][1])], [("after-the-end", "B3")]


def of_no_workflow(way: Way) -> Injected:
    return changed(way, type(way[0][1]), None, workflow_hash="0" * 64), [("workflow-unknown", "B1")]


LINEAR: Final[tuple[Callable[[Way], Injected], ...]] = (
    left_out,
    the_last_left_out,
    out_of_order,
    by_a_stranger,
    not_in_the_workflow,
    twice,
    skipped,
    too_early,
    by_no_signer,
    never_decided,
    by_itself,
    sent_back_too_far,
    after_the_end,
    of_no_workflow,
)


@pytest.mark.parametrize("inject", LINEAR, ids=lambda inject: inject.__name__)
def test_a_deviation_is_found_with_its_step_and_nothing_else(linear: Lives, inject: Callable[[Way], Injected]) -> None:
    for way in list(whole(linear))[:5]:
        spoilt, expected = inject(way)
        assert kinds(linear, spoilt) == expected


def test_ten_deviations_in_a_year_are_found_each_in_its_case_at_its_step(linear: Lives) -> None:
    chance = Random(4)  # noqa: S311 - chance comes from a seed, so that it can be repeated
    ways = {UUID(int=n): way for n, way in enumerate(linear.cases.values())}
    whole_ones = [list(way) for way in whole(linear)]
    spoiled = dict[UUID, list[tuple[str, str]]]()
    for n, way in enumerate(chance.sample(whole_ones, 10)):
        id_ = UUID(int=1000 + n)
        ways[id_], spoiled[id_] = LINEAR[n](way)
    found = {id_: kinds(linear, way) for id_, way in ways.items()}
    assert {id_: said for id_, said in found.items() if said} == spoiled
    assert len(spoiled) == 10


def test_a_decision_before_the_council_met_is_found(with_council: Lives) -> None:
    for way in whole(with_council):
        early = moved(way, CaseDecided, None, at(way, CaseCouncilHeld))
        assert kinds(with_council, early) == [("decided-before-council", "B2")]


def test_a_record_that_was_never_made_and_a_partner_that_was_never_asked_are_found(coordinated: Lives) -> None:
    ways = [way for way in whole(coordinated) if any(isinstance(fact, CaseConsultationRequested) for _, fact in way)]
    assert ways
    for way in ways:
        assert kinds(coordinated, without(way, CaseSiteChecked)) == [("record-missing", "B4")]
        assert kinds(coordinated, without(way, CaseConsultationRequested)) == [("partner-not-asked", "B5")]


def test_work_while_the_clock_stood_still_is_found(linear: Lives) -> None:
    paused = [way for way in linear.cases.values() if any(isinstance(fact, CaseClockResumed) for _, fact in way)]
    assert paused
    for way in paused:
        n = at(way, CaseClockResumed)
        following = next((m for m in range(n + 1, len(way)) if isinstance(way[m][1], CaseStepCompleted)), None)
        if following is None:
            continue
        late = [*way[:n], *way[n + 1 : following + 1], way[n], *way[following + 1 :]]
        assert kinds(linear, late) == [("worked-while-paused", getattr(way[following][1], "step", ""))]


def test_every_kind_has_words_in_both_languages() -> None:
    assert set(IN_WORDS) == set(KINDS)
