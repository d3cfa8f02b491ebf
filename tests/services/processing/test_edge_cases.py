"""Edge cases that a good engineer gets wrong, each by its number in the department's list; some have their place in another module.

`pytest -k test_e_` runs all of them: E-12 is in intake's tests, E-13 to E-15, E-21, E-28 in the legal clock's, E-16, E-25, E-26 in
reporting's, and E-18, E-20, E-49, E-50, E-52 in modules beside this one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any, Final

from contracts.processing import CaseDecided, CaseStepAssigned, CaseStopped, SignedFor
from contracts.processing_clock import CaseProlonged, CaseReappointed, CaseSupplementReminded
from contracts.vocabulary import Limit
from kernel.legalclock import day_of, load_calendar, reckon
from services.processing.domain import organisation
from services.processing.domain.book import stream_of
from services.processing.domain.case_clock import clocks_of
from services.processing.domain.case_commands import Correct, Exclude, Remind, Resume, Ring
from services.processing.domain.case_states import Issued, OpenStep, Paused
from services.processing.domain.organisation_commands import DelegateSigning, EndDelegation
from services.processing.organisation import load_organisation
from services.processing.settings import HERE
from services.processing.templates import load_stationery
from tests.services.processing.dossiers import CHEMICALS, NOTICE, ORGANISATION, WINE, due, workflow
from tests.services.processing.test_case import (
    BASIS,
    BROUGHT,
    LATER,
    NEW_DAY,
    STEPS,
    STOP,
    TO_B3,
    TO_B5,
    TOO_LATE,
    after,
    as_far_as,
    assign,
    by,
    claim,
    following,
    grant,
    issue,
    once_more,
    pause,
    reappoint,
    refuse,
    resume,
)
from tests.services.processing.test_clock import recorded
from tests.services.processing.test_limits import prolong
from tests.services.rig import AGENCY, MONDAY
from tests.specification import Given, given

DECISION: Final = "Quyết định 45/QĐ-SCT ngày 05/03/2026"
WEDNESDAY: Final = datetime(2026, 3, 4, 0, 30, tzinfo=UTC)
"""When office opens."""
THURSDAY: Final = datetime(2026, 3, 5, 2, tzinfo=UTC)
SIGNS: Final = {"ban-giam-doc": SignedFor(by="nv-bgd-01", basis="Giấy ủy quyền 12/GUQ-SCT", title="Trưởng phòng")}
DISTRIBUTED_TO: Final = 4
"""The ministry, market surveillance, the supplier, and the archive, beside the holder."""


def test_e_01_a_case_goes_on_under_the_rules_and_by_the_steps_with_which_it_was_accepted() -> None:
    last_day_of_the_old_rules = datetime(2025, 6, 30, 2, tzinfo=UTC)
    limit = due(Limit(amount=15, unit="working-days"), last_day_of_the_old_rules)
    paused = after(replace(pause("B1"), at=last_day_of_the_old_rules + timedelta(hours=1)), at=last_day_of_the_old_rules, deadline=limit)
    resumed = following(paused.facts, Resume(round=1, resumed_at=datetime(2025, 7, 8, 2, tzinfo=UTC), calendar=load_calendar()))
    assert limit is not None
    assert (limit.rule_pack, resumed.state.case.deadline.rule_pack) == ("vn-2018", "vn-2018")
    assert resumed.state.case.workflow_hash == paused.facts[0].workflow_hash


def test_e_02_a_procedure_that_is_abolished_ends_a_case_on_request_and_what_is_signed_stays() -> None:
    assert isinstance(after(*TO_B3).when(STOP).facts[-1], CaseStopped)
    after(*TO_B5, grant()).when(STOP).then_nothing()


def test_e_08_a_supplement_begins_the_limit_again_or_interrupts_it_as_the_law_of_the_procedure_says() -> None:
    asked = replace(pause("B1"), at=MONDAY + timedelta(days=2))  # two of fifteen days are used
    found = {mode: after(asked, resume(), supplement_mode=mode).state.case.deadline.due_on for mode in ("restart", "pause")}
    assert found == {"restart": date(2026, 3, 30), "pause": date(2026, 3, 26)}


def test_e_09_a_second_request_is_refused_unless_a_law_lets_it_and_then_it_stays_marked() -> None:
    again = after(*TO_B3, pause("B3"), resume())
    again.when(replace(pause("B3"), at=BROUGHT)).then_refused("supplement-asked-already")
    (fact,) = again.when(once_more(BROUGHT)).facts
    assert (fact.round, fact.legal_basis) == (2, BASIS)


def test_e_10_a_request_after_the_days_to_ask_in_is_against_the_law_though_the_result_may_be_in_time() -> None:
    (fact,) = after().when(replace(pause("B1"), at=MONDAY + timedelta(days=4), calendar=load_calendar())).facts
    assert fact.after_notice == date(2026, 3, 5)


def test_e_11_a_supplement_that_never_comes_is_asked_for_once_more_and_closes_nothing_by_itself() -> None:
    paused = after(*TO_B3, replace(pause("B3"), calendar=load_calendar(), reminder_days=15))
    a_year_on = MONDAY + timedelta(days=365)
    paused.when(Ring(at=a_year_on)).then_nothing()
    the_day = datetime(2026, 3, 23, 0, 30, tzinfo=UTC)  # fifteen working days on, when office opens
    paused.when(Remind(at=the_day - timedelta.resolution)).then_nothing()
    (reminder,) = paused.when(Remind(at=a_year_on)).facts
    assert (type(reminder), reminder.round, reminder.raised_at) == (CaseSupplementReminded, 1, the_day)
    reminded = following(paused.facts, Remind(at=the_day))
    reminded.when(Remind(at=a_year_on)).then_nothing()
    assert isinstance(reminded.state, Paused)
    assert reminded.when(replace(STOP, at=a_year_on)).facts[-1].cause == "withdrawn"


def test_e_17_a_procedure_without_a_result_ends_with_its_note_and_takes_no_number() -> None:
    last = workflow(NOTICE).steps[-1].code
    ended = after(*as_far_as(last, NOTICE), grant(last, NOTICE), procedure=NOTICE)
    assert isinstance(ended.state, Issued)
    assert ended.state.number == ended.facts[0].code


def test_e_19_an_extension_by_law_and_an_apology_are_two_facts_and_only_the_first_moves_the_limit() -> None:
    case = after(extension_max=10)
    longer, sorry = following(case.facts, prolong()), following(case.facts, reappoint("B1"))
    assert (type(longer.facts[-1]), type(sorry.facts[-1])) == (CaseProlonged, CaseReappointed)
    assert longer.state.case.deadline.due_on > case.state.case.deadline.due_on == sorry.state.case.deadline.due_on


def exclude(at: datetime = THURSDAY, **changes: Any) -> Exclude:
    """Let the director leave Wednesday out, by a decision."""
    wanted = Exclude(
        officer=by("B5"),
        decision=DECISION,
        cause="outage",
        since=WEDNESDAY,
        until=THURSDAY - timedelta(hours=6),
        at=at,
        calendar=load_calendar(),
    )
    return replace(wanted, **changes)


def test_e_22_time_is_left_out_only_by_a_decision_with_its_number_and_what_had_run_out_stays_run_out() -> None:
    (fact,) = after().when(exclude()).facts
    assert (fact.decision, fact.due_before_at.date(), fact.deadline.due_on) == (DECISION, date(2026, 3, 23), date(2026, 3, 24))
    out = [segment for segment in fact.deadline.segments if segment.source == DECISION]
    assert [(day_of(one.start_at), one.counts) for one in out] == [(date(2026, 3, 4), False)]
    longer = following(after().facts, exclude())
    longer.when(exclude()).then_nothing()
    after().when(exclude(officer=by("B1"))).then_nothing()
    # A late result is not made to look in time afterwards: what is due to be said is said, and the date stays.
    after().when(exclude(at=TOO_LATE)).then_nothing()
    found = reckon(clocks_of(recorded(longer.facts)).limit, load_calendar())
    assert type(fact.deadline).model_validate(found.deadline) == longer.state.case.deadline == fact.deadline


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


def test_e_27_nothing_is_signed_before_it_was_accepted_and_a_signature_on_a_day_of_rest_is_marked() -> None:
    early = replace(grant(), at=MONDAY - timedelta(minutes=1))
    after(*TO_B5).when(early).then_refused("signed-before-acceptance")
    sunday = datetime(2026, 3, 8, 2, tzinfo=UTC)
    for at, is_off in ((sunday, True), (sunday + timedelta(days=1), False)):
        decided = after(*TO_B5).when(replace(grant(), at=at, calendar=load_calendar())).facts[0]
        assert (type(decided), decided.day_off) == (CaseDecided, is_off)
    who: dict[str, Any] = {"officer": by("B5"), "steps": STEPS, "at": sunday, "calendar": load_calendar()}
    corrected = after(*TO_B5, refuse()).when(Correct(outcome="granted", legal_basis=None, reason="wrong-outcome", **who))
    assert corrected.facts[0].day_off


def test_e_31_a_refusal_is_a_resolution_in_time_or_late() -> None:
    refused = after(*TO_B5, refuse())
    assert refused.when(issue()).facts[-1].outcome == "refused"
    refused.when(replace(issue(), at=TOO_LATE)).then_refused("apology-needed")


def test_e_40_what_was_overdue_at_an_instant_was_so_for_ever() -> None:
    signed = following(after(*TO_B5, grant()).facts, reappoint("B6", at=TOO_LATE), replace(issue(), at=TOO_LATE))
    history = clocks_of(recorded(signed.facts)).limit
    for as_of in (TOO_LATE - timedelta(hours=1), TOO_LATE + timedelta(days=100)):
        assert reckon(history, load_calendar(), as_of).deadline.due_on < day_of(TOO_LATE)


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


def test_e_45_who_did_another_step_of_a_case_does_not_sign_it_whatever_he_may_sign() -> None:
    appraised = after(*TO_B5)
    head = by("B4")
    assert head.id in {step.officer for step in appraised.state.done}
    signs = replace(head, signs_for=SIGNS)
    for command in (replace(grant(), officer=signs), replace(refuse(), officer=signs)):
        appraised.when(command).then_refused("has-worked-on-it")
    other = replace(signs, id="nv-tm-02")
    decided = appraised.when(replace(grant(), officer=other)).facts[0]
    assert (decided.officer, decided.signed_for) == ("nv-tm-02", SIGNS["ban-giam-doc"])


def establishment(*commands: Any) -> Given:
    """Begin a sentence with what some commands made of the department."""
    decider = organisation.DECIDER
    return given(decider, *reduce(lambda facts, command: (*facts, *decider.decide(command, decider.fold(facts))), commands, ()))


def test_e_46_who_signs_for_another_does_so_until_the_last_day_and_not_a_day_longer() -> None:
    founded = load_organisation(ORGANISATION).founding(AGENCY, MONDAY)
    day, last = date(2026, 3, 2), date(2026, 3, 31)
    wanted = DelegateSigning(
        agency=AGENCY, officer="nv-tm-02", by="nv-bgd-01", procedures=(WINE,), from_on=day, to_on=last, basis="12/GUQ-SCT", at=MONDAY
    )
    staff = establishment(founded, wanted)
    signing = OpenStep(code="B5", unit="ban-giam-doc", role="giam-doc", since=MONDAY)

    def may(day: date, procedure: str = WINE, account: str = "nv-tm-02") -> tuple[bool, bool]:
        officer = staff.state.officer(account, day, procedure)
        return officer.may_sign(signing), officer.may_do(signing)

    assert [may(one)[0] for one in (day - timedelta(days=1), day, last, last + timedelta(days=1))] == [False, True, True, False]
    assert may(day) == (True, False), "he signs, and does nothing else of the director's"
    assert not may(day, CHEMICALS)[0], "nor what was not named"
    # What was delegated is not handed on, goes to a head of unit only, and ends when its giver does not sign any more.
    staff.when(replace(wanted, officer="nv-vp-01", by="nv-tm-02")).then_refused("not-yours-to-delegate")
    staff.when(replace(wanted, officer="nv-tm-03")).then_refused("delegate-must-lead")
    staff.when(replace(wanted, officer="nv-bgd-01")).then_refused("delegate-must-lead")
    taken_back = EndDelegation(agency=AGENCY, officer="nv-tm-02", by="nv-bgd-01", from_on=date(2026, 3, 10), at=MONDAY)
    staff.when(replace(taken_back, officer="nv-vp-01")).then_refused("no-such-delegation")
    staff = establishment(founded, wanted, taken_back)
    assert [may(date(2026, 3, one))[0] for one in (9, 10)] == [True, False]
    # The day is the one of the signature, whenever the case came to it.
    after(*TO_B5).when(replace(grant(), officer=staff.state.officer("nv-tm-02", last, WINE))).then_refused("not-your-step")


def test_e_53_whom_a_permit_goes_to_stands_on_it() -> None:
    page = load_stationery(HERE / "templates", ORGANISATION).template_for(WINE, day_of(MONDAY)).on_file
    assert len(page.recipients) >= DISTRIBUTED_TO
    assert any("Lưu" in one for one in page.recipients)


def test_e_60_the_year_of_a_number_is_the_local_one_though_it_is_still_the_old_year_in_utc() -> None:
    half_past_midnight = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)
    assert day_of(half_past_midnight) == date(2027, 1, 1)
    assert stream_of(AGENCY, day_of(half_past_midnight).year) != stream_of(AGENCY, half_past_midnight.year)
