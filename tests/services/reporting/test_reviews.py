"""A review is of pinned figures, and over when something is done about each finding; a plan of inspections says how much it covers."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import uuid5

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.reporting_findings import InspectedSubject
from contracts.reporting_oversight import InspectionHeld, PlannedInspection, ReviewClosed, ReviewOpened
from contracts.vocabulary import FindingId
from services.reporting.domain import inspection_plan, review
from services.reporting.domain.inspection_plan import Adopt, Change, Coverage, Hold, Plan, coverage_of
from services.reporting.domain.review import Close, Note, Open, period_of, review_id
from tests.services.reporting.reforming import AGENCY, FINDING, LEADER, NAMES, on, paper, report
from tests.specification import given

OPEN: Final = Open(kind="mid-year", year=2026, report=report(date(2026, 1, 1), date(2026, 6, 30)), by=LEADER, at=on(7, 2))
OPENED: Final = tuple(review.decide(OPEN, None))
SECOND: Final = FindingId(uuid5(NAMES, "second"))


def noted(*ids: FindingId) -> tuple[Any, ...]:
    facts: list[Any] = [*OPENED]
    for id in ids:
        facts += review.decide(Note(finding_id=id, by=LEADER, at=on(7, 3)), review.DECIDER.fold(facts))
    return tuple(facts)


def close(**acted_on: bool) -> Close:
    known = {"first": FINDING, "second": SECOND}
    return Close(conclusions=paper("88/TB-SCT"), acted_on={known[name]: done for name, done in acted_on.items()}, by=LEADER, at=on(7, 6))


def test_a_review_keeps_what_its_figures_were_drawn_at() -> None:
    [opened] = OPENED
    assert isinstance(opened, ReviewOpened)
    assert (opened.positions, opened.definition_hash) == ({"intake": 12, "processing": 7}, "d" * 64)
    assert opened.review_id == review_id(AGENCY, 2026, "mid-year") != review_id(AGENCY, 2026, "year-end")


@pytest.mark.parametrize(("kind", "last"), [("mid-year", date(2026, 6, 30)), ("year-end", date(2026, 12, 31))])
def test_mid_year_is_of_half_the_year_and_year_end_of_the_whole(kind: Any, last: date) -> None:
    period = period_of(2026, kind)
    assert (period.first, period.last) == (date(2026, 1, 1), last)


def test_a_report_of_another_period_says_nothing_about_this_one() -> None:
    other = Open(kind="mid-year", year=2026, report=report(date(2026, 1, 1), date(2026, 3, 31)), by=LEADER, at=on(7, 2))
    given(review.DECIDER).when(other).then_refused("report-of-another-period")


def test_a_half_year_is_reviewed_once_and_a_finding_is_noted_once() -> None:
    given(review.DECIDER, *OPENED).when(OPEN).then_refused("review-opened-already")
    given(review.DECIDER, *noted(FINDING)).when(Note(finding_id=FINDING, by=LEADER, at=on(7, 4))).then_nothing()


@pytest.mark.parametrize("acted_on", [{}, {"first": True}, {"first": True, "second": False}])
def test_no_review_is_closed_while_nothing_is_done_about_one_of_its_findings(acted_on: dict[str, bool]) -> None:
    refused = given(review.DECIDER, *noted(FINDING, SECOND)).when(close(**acted_on)).then_refused("findings-without-action")
    assert str(SECOND) in refused.detail["findings"]


def test_a_review_whose_findings_are_acted_on_is_closed_and_takes_nothing_more() -> None:
    [closed] = review.decide(close(first=True), review.DECIDER.fold(noted(FINDING)))
    assert isinstance(closed, ReviewClosed)
    over = (*noted(FINDING), closed)
    given(review.DECIDER, *over).when(close(first=True)).then_refused("review-closed")
    given(review.DECIDER, *over).when(Note(finding_id=SECOND, by=LEADER, at=on(7, 7))).then_refused("review-closed")


# Inspections. ------------------------------------------------------------------------------------------------------------

PLANNED: Final = (
    PlannedInspection(unit="ky-thuat", subjects=("procedures", "discipline"), procedures=("2.000648",), due_on=date(2026, 6, 30)),
    PlannedInspection(unit="van-phong", subjects=("direction", "discipline"), procedures=(), due_on=date(2026, 9, 30)),
)
ADOPT: Final = Adopt(agency=AGENCY, year=2026, decision=paper("45/KH-SCT"), planned=PLANNED, by=LEADER, at=on(1, 20))
ADOPTED: Final = tuple(inspection_plan.decide(ADOPT, None))


def hold(unit: str, *subjects: InspectedSubject, held_on: date = date(2026, 5, 12), procedures: tuple[str, ...] = ()) -> Hold:
    return Hold(
        unit=unit,
        subjects=subjects,
        procedures=procedures,
        held_on=held_on,
        team=(LEADER,),
        unannounced=False,
        minutes=paper("03/BB-ĐKT"),
        text="Đạt",
        by=LEADER,
        at=on(5, 13),
    )


def plan_after(*commands: Any) -> Plan:
    facts: list[Any] = [*ADOPTED]
    for command in commands:
        facts += inspection_plan.decide(command, inspection_plan.DECIDER.fold(facts))
    state = inspection_plan.DECIDER.fold(facts)
    assert isinstance(state, Plan)
    return state


def test_coverage_is_what_was_looked_at_of_what_was_planned() -> None:
    assert coverage_of(plan_after()) == Coverage(4, 0, 1, 0, tuple(sorted(inspection_plan.cells_of(PLANNED))))
    one = plan_after(hold("ky-thuat", "procedures", "discipline", procedures=("2.000648", "2.000001")))
    found = coverage_of(one)
    assert (found.covered, found.percent, found.procedures_covered) == (2, 50.0, 1)
    assert found.left == (("van-phong", "direction"), ("van-phong", "discipline"))


def test_what_nobody_planned_covers_nothing_and_is_put_down_all_the_same() -> None:
    found = plan_after(hold("thanh-tra", "procedures"), hold("ky-thuat", "apparatus"))
    assert (found.held, coverage_of(found).covered) == (2, 0)


def test_another_plan_counts_what_was_inspected_before_it() -> None:
    smaller = Change(decision=paper("77/KH-SCT"), planned=PLANNED[:1], reason="Sáp nhập", by=LEADER, at=on(6, 1))
    assert coverage_of(plan_after(hold("ky-thuat", "procedures", "discipline"), smaller)).percent == 100.0
    assert inspection_plan.decide(smaller, plan_after(smaller)) == []


def test_an_inspection_is_put_down_once_it_was_held_and_in_its_year() -> None:
    given(inspection_plan.DECIDER, *ADOPTED).when(hold("ky-thuat", "procedures", held_on=date(2026, 5, 14))).then_refused("not-held-yet")
    given(inspection_plan.DECIDER, *ADOPTED).when(hold("ky-thuat", "procedures", held_on=date(2025, 12, 31))).then_refused(
        "inspected-in-another-year"
    )


def test_no_cell_is_planned_twice_and_no_year_has_two_plans() -> None:
    twice = Adopt(agency=AGENCY, year=2027, decision=paper(), planned=(*PLANNED, PLANNED[0]), by=LEADER, at=on(1, 20))
    given(inspection_plan.DECIDER).when(twice).then_refused("planned-twice")
    given(inspection_plan.DECIDER, *ADOPTED).when(ADOPT).then_refused("plan-adopted-already")


units = st.sampled_from(["ky-thuat", "van-phong", "thanh-tra"])
subjects = st.lists(st.sampled_from(["procedures", "discipline", "direction", "apparatus"]), min_size=1, max_size=3, unique=True)


def holding(unit: str, about: list[InspectedSubject]) -> Hold:
    return hold(unit, *about)


@for_all(st.lists(st.builds(holding, units, subjects), max_size=10))
def test_coverage_never_falls_and_is_whole_when_nothing_is_left(held: list[Hold]) -> None:
    before, percents = 0.0, [coverage_of(plan_after(*held[:n])) for n in range(len(held) + 1)]
    for found in percents:
        assert before <= found.percent <= 100
        assert (found.percent == 100) == (found.left == ())
        assert found.planned - found.covered == len(found.left)
        before = found.percent
    numbers = [fact.number for fact in history_of(held)]
    assert numbers == [*range(1, len(held) + 1)]


def history_of(held: list[Hold]) -> list[InspectionHeld]:
    facts: list[Any] = [*ADOPTED]
    for command in held:
        facts += inspection_plan.decide(command, inspection_plan.DECIDER.fold(facts))
    return [fact for fact in facts if isinstance(fact, InspectionHeld)]
