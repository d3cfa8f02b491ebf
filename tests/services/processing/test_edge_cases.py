"""Edge cases that a good engineer gets wrong, each by its number in the department's list; those not here are named in the README."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from contracts.processing import CaseReappointed, CaseStepAssigned
from contracts.processing_clock import CaseProlonged
from kernel.legalclock import load_calendar
from services.processing.domain.case_commands import Remind, Ring
from services.processing.domain.case_states import Paused
from tests.services.processing.test_case import LATER, NEW_DAY, STOP, TO_B3, after, assign, claim, following, pause, reappoint
from tests.services.processing.test_limits import prolong
from tests.services.rig import MONDAY


def test_e_11_a_supplement_that_never_comes_closes_nothing_by_itself_and_the_applicant_may_still_withdraw() -> None:
    paused = after(*TO_B3, pause("B3"))
    a_year_on = MONDAY + timedelta(days=365)
    for look in (Ring(at=a_year_on), Remind(at=a_year_on)):
        paused.when(look).then_nothing()
    assert isinstance(paused.state, Paused)
    assert paused.when(replace(STOP, at=a_year_on)).facts[-1].cause == "withdrawn"


def test_e_19_an_extension_by_law_and_an_apology_are_two_facts_and_only_the_first_moves_the_limit() -> None:
    case = after(extension_max=10)
    longer, sorry = following(case.facts, prolong()), following(case.facts, reappoint("B1"))
    assert (type(longer.facts[-1]), type(sorry.facts[-1])) == (CaseProlonged, CaseReappointed)
    assert longer.state.case.deadline.due_on > case.state.case.deadline.due_on == sorry.state.case.deadline.due_on


def test_e_23_an_apology_on_the_last_day_is_recorded_and_marked_late() -> None:
    last_day = after().state.case.deadline.due_at - timedelta(hours=2)
    *_, fact = after().when(reappoint("B1", at=last_day)).facts
    assert (fact.in_time, fact.new_due_on) == (False, NEW_DAY)


def test_e_24_a_second_new_day_is_refused_and_the_director_hears_of_it_when_that_one_has_run_out_too() -> None:
    sorry = following(after().facts, reappoint("B1"))
    sorry.when(reappoint("B1", day=NEW_DAY + timedelta(days=7))).then_refused("already-reappointed")
    rung = sorry
    while rung.when(Ring(at=MONDAY + timedelta(days=60))).facts:
        rung = following(rung.facts, Ring(at=MONDAY + timedelta(days=60)))
    assert (rung.facts[-1].kind, rung.facts[-1].to_role) == ("escalated", "giam-doc")


def test_e_43_a_step_that_changes_hands_keeps_its_hours_and_says_why() -> None:
    claimed = after(*TO_B3, claim("B3"))
    later = replace(assign("B3"), at=LATER + timedelta(days=3), calendar=load_calendar())
    (fact,) = claimed.when(later).facts
    assert (fact.reason, fact.before, fact.officer) == ("leave", claim("B3").officer.id, later.to.id)
    (before,), (now,) = claimed.state.open, following(claimed.facts, later).state.open
    assert (now.officer, now.since) == (later.to.id, before.since)


def test_e_44_a_conflict_of_interest_is_a_reason_to_give_a_step_to_another() -> None:
    claimed = after(*TO_B3, claim("B3"))
    claimed.when(replace(assign("B3"), reason="assigned")).then_refused("assignment-needs-reason")
    (fact,) = claimed.when(replace(assign("B3"), reason="conflict-of-interest")).facts
    assert isinstance(fact, CaseStepAssigned)
    assert fact.reason == "conflict-of-interest"
