"""Steps that are done only when something is so, steps that put something down, and steps that pass by themselves."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from contracts.processing import (
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStepSkipped,
    CaseStopped,
    CaseTimerCancelled,
    CaseTimerFired,
    CaseTimerSet,
    Step,
)
from contracts.processing_clock import CaseClockPaused, CaseClockResumed
from contracts.processing_coordination import CaseCouncilHeld, CaseSiteChecked, Seat
from kernel.legalclock import day_of, load_calendar
from services.processing.domain.case_commands import (
    Act,
    Answer,
    Claim,
    Command,
    Complete,
    Consult,
    Decide,
    LetPass,
    Move,
    OpenCase,
    Pause,
    PutDownCouncil,
    PutDownSiteCheck,
    Resume,
    Return,
    Stop,
)
from services.processing.domain.case_facts import BY_ITSELF
from services.processing.domain.case_states import legal_in
from services.processing.domain.soundness import longest_path
from services.processing.domain.soundness_paths import faults_of_conditions, paths
from services.processing.domain.workflow import Steps, step_of
from services.processing.on_file import Misread
from services.processing.settings import HERE
from services.processing.workflows import load_workflows
from tests.services.processing.dossiers import FOOD, ORGANISATION, WINE, accepted, officers_for, workflow
from tests.services.processing.test_case import CASE, DOSSIER, MISSING, following
from tests.services.processing.winding import SAFETY, SHORT, WINDING
from tests.services.rig import AGENCY, MONDAY
from tests.specification import Given

TEMPLATE: Final = "site-check-20-days.yaml"
CALENDAR: Final = load_calendar().as_known_at(MONDAY)
LATER: Final = MONDAY + timedelta(hours=1)
CHAIR: Final = Seat(role="chair", officer="nv-at-03")
SECRETARY: Final = Seat(role="secretary", officer="nv-at-04")
MEMBER: Final = Seat(role="member", partner="so-xay-dung")
TEAM: Final = (CHAIR, SECRETARY, MEMBER)


def opening(steps: Steps = WINDING, **changes: Any) -> OpenCase:
    return OpenCase(case_id=CASE, dossier=accepted(DOSSIER, WINE, **changes), workflow_hash="c" * 64, steps=steps)


def act(kind: type[Any], whose: str, steps: Steps = WINDING, at: datetime = LATER, **more: Any) -> Any:
    """Let whoever does a step ask for something."""
    found = step_of(steps, whose)
    return kind(officer=officers_for(found.unit, found.role)[0], steps=steps, at=at, calendar=CALENDAR, **more)


def done(*codes: str, steps: Steps = WINDING, at: datetime = LATER) -> list[Act]:
    return [act(Complete, code, steps, at, step=code) for code in codes]


def site(step: str, finding: str = "meets", steps: Steps = WINDING, members: Sequence[Seat] = TEAM, **more: Any) -> PutDownSiteCheck:
    fields: dict[str, Any] = {"held_on": day_of(MONDAY), "members": tuple(members), "finding": finding} | more
    return act(PutDownSiteCheck, step, steps, step=step, **fields)


def council(step: str, members: Sequence[Seat] = TEAM, **more: Any) -> PutDownCouncil:
    return act(PutDownCouncil, step, step=step, held_on=day_of(MONDAY), members=tuple(members), finding="approves", **more)


def after(*commands: Command, steps: Steps = WINDING, **changes: str) -> Given:
    return following((), opening(steps, **changes), *commands)


def kinds(facts: Sequence[Any]) -> list[type[Any]]:
    return [type(fact) for fact in facts]


def open_now(history: Given) -> list[str]:
    return [step.code for step in history.state.open]


# Conditions. ------------------------------------------------------------------------------------------------------------


def test_a_step_whose_condition_is_not_true_when_its_turn_comes_is_skipped_and_that_is_a_fact() -> None:
    history = after(*done("B1", "B2"), site("B3", "meets"))
    facts = history.when(*done("B3")).facts
    assert kinds(facts) == [CaseStepCompleted, CaseStepSkipped]
    assert (facts[1].step, facts[1].when) == ("B4", "site-finding = meets-after-remedy")
    assert open_now(following(history.facts, *done("B3"))) == ["B5"]


def test_a_step_whose_condition_is_true_is_to_be_done() -> None:
    assert open_now(after(*done("B1", "B2"), site("B3", "meets-after-remedy"), *done("B3"))) == ["B4", "B5"]


def test_the_channel_of_a_dossier_may_decide_which_steps_there_are() -> None:
    assert open_now(after(*done("B1", "B2"), channel="desk")) == ["B3", "B5"]
    assert open_now(after(*done("B1", "B2"), channel="online")) == ["B3", "B5", "B6"]


def to_b8(finding: str = "meets") -> list[Command]:
    """Lead the winding workflow to the head of the unit, with nothing to put right and no objection."""
    asked = [act(Consult, "B5", partner="cong-an-tinh", days=5), act(Answer, "B5", number=1, opinion="agrees")]
    return [*done("B1", "B2"), site("B3", finding), *done("B3"), *asked, *done("B5")]


def test_several_steps_in_a_row_may_be_skipped_and_the_work_goes_on_behind_them() -> None:
    history = after(*to_b8())
    skipped = [fact.step for fact in history.facts if isinstance(fact, CaseStepSkipped)]
    assert (skipped, open_now(history)) == (["B6", "B4", "B7"], ["B8"])


def test_what_is_sent_back_is_judged_anew_on_the_way_forward() -> None:
    sent_back = following(after(*to_b8()).facts, act(Return, "B8", step="B8", to="B3", reason="new-facts"))
    (fact,) = [fact for fact in sent_back.facts if isinstance(fact, CaseStepReopened)]
    assert (fact.undone, fact.judged_anew) == (("B3",), ("B4", "B7"))
    # The record is to be made once more, and this time something must be put right.
    sent_back.when(*done("B3")).then_refused("record-needed")
    assert open_now(following(sent_back.facts, site("B3", "meets-after-remedy"), *done("B3"))) == ["B4"]


def test_nothing_is_sent_back_to_a_step_that_was_skipped() -> None:
    history = after(*to_b8())
    refused = history.when(act(Return, "B8", step="B8", to="B7", reason="incomplete")).then_refused("cannot-return-there")
    assert refused.detail["may"] == ["B3"]


@pytest.mark.parametrize(("outcome", "opens"), [("granted", "B4"), ("refused", "B5")])
def test_what_was_decided_may_decide_what_follows(outcome: str, opens: str) -> None:
    council_held = act(PutDownCouncil, "B2", SHORT, step="B2", held_on=day_of(MONDAY), members=TEAM, finding="approves")
    signed = act(Decide, "B3", SHORT, outcome=outcome, legal_basis="Điều 12")
    history = after(*done("B1", steps=SHORT), council_held, *done("B2", steps=SHORT), signed, steps=SHORT)
    assert open_now(history) == [opens]


def test_a_skipped_step_stays_skipped_in_a_version_that_has_the_same_condition_and_is_due_in_one_that_has_none() -> None:
    history = after(*to_b8())
    same = Move(workflow_hash="e" * 64, steps=WINDING, at=LATER, calendar=CALENDAR)
    (moved,) = history.when(same).facts
    assert (moved.skipped, [step.step for step in moved.open]) == (("B4", "B6", "B7"), ["B8"])
    unconditional = tuple(step.model_copy(update={"when": None}) if step.code == "B7" else step for step in WINDING)
    (moved,) = history.when(Move(workflow_hash="e" * 64, steps=unconditional, at=LATER, calendar=CALENDAR)).facts
    assert (moved.skipped, [step.step for step in moved.open]) == (("B4", "B6"), ["B7"])


# The static check. ------------------------------------------------------------------------------------------------------


def test_the_winding_workflow_is_sound_on_every_path_that_its_conditions_leave() -> None:
    assert list(faults_of_conditions(WINDING)) == []
    found = list(paths(WINDING))
    assert len(found) == 16, "four conditions, and every combination of them can come about"
    whole = longest_path(WINDING)
    for skipped in found:
        shorter = tuple(step.model_copy(update={"hours": 0}) if step.code in skipped else step for step in WINDING)
        assert longest_path(shorter) <= whole, "the limit holds on every path if it holds where nothing is skipped"


def changed(code: str, **changes: Any) -> Steps:
    return tuple(step.model_copy(update=changes) if step.code == code else step for step in WINDING)


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (changed("B1", when="channel = online"), "B1 cannot be skipped: the work begins with it"),
        (changed("B9", when="channel = online"), "B9 cannot be skipped: it stops the clock"),
        (changed("B11", when="channel = online"), "B11 cannot be skipped: every path ends with it"),
        (changed("B4", when="weather = good"), "B4: there is no fact 'weather'"),
        (changed("B4", when="verdict = granted"), "B4: 'verdict = granted' decides nothing: it always comes out the same there"),
        (changed("B10", when="verdict = pending"), "B10: 'verdict = pending' decides nothing: it always comes out the same there"),
        (changed("B4", when="site-finding = none"), "B4: 'site-finding = none' decides nothing: it always comes out the same there"),
        (changed("B8", requires="council-finding = approves"), "B8 can never be completed without B7: 'council-finding = approves'"),
        (changed("B8", requires="site-finding = none"), "B8 can never be completed without anything skipped: 'site-finding = none'"),
        (tuple(step.model_copy(update={"when": "channel = online"}) for step in WINDING), "11 steps have a condition, and at most 8 may"),
    ],
)
def test_a_condition_that_would_leave_a_case_hanging_is_found(steps: tuple[Step, ...], why: str) -> None:
    found = [said for _, said in faults_of_conditions(steps)]
    assert any(said.startswith(why) for said in found), found


BROKEN: Final = {
    "a condition on the step that stops the clock": (
        "role: giam-doc\n",
        "role: giam-doc\n    when: channel = online\n",
        67,
        "B8 cannot be",
    ),
    "a condition over an unknown fact": ("site-finding = meets-", "site-fidning = meets-", 46, "B5: there is no fact 'site-fidning'"),
    "a condition that says the same on every path": ("when: site-finding = meets-after-remedy", "when: site-finding != none", 46, "B5: "),
    "a record of no known kind": (
        "kind: site-check, members: [3, 5]",
        "kind: picnic",
        39,
        "steps.3.record.kind: Input should be 'site-check'",
    ),
    "a team of fewer than nobody": ("members: [3, 5]", "members: [5, 3]", 39, "B4: no site-check has 5 to 3 members"),
    "a council of one": ("kind: site-check, members: [3, 5]", "kind: council, members: [1, 1]", 39, "B4: no council has 1 to 1 members"),
    "a step that passes by itself though it puts something down": (
        "    record: {kind: site-check, members: [3, 5]}\n  - code: B5",
        "    record: {kind: site-check, members: [3, 5]}\n    passes_after: 2\n  - code: B5",
        40,
        "B4 cannot pass by itself: it asks for something that nobody would have done",
    ),
    "a step that passes by itself later than its hours": (
        "    hours: 12\n    returns_to: [B3, B4]",
        "    hours: 12\n    passes_after: 2\n    returns_to: [B3, B4]",
        54,
        "B6 has 12 hours, and passes by itself only after 2 days",
    ),
    "a signature that gives itself": (
        "    hours: 12\n    returns_to: [B6, B7]",
        "    hours: 12\n    passes_after: 1\n    returns_to: [B6, B7]",
        68,
        "B8 cannot pass by itself: somebody must receive, sign and issue",
    ),
}
"""What is wrong: how the file is changed, the line that is named, and the reason."""


@pytest.mark.parametrize("what", BROKEN)
def test_a_workflow_whose_conditions_are_not_sound_is_refused_with_its_line_and_the_reason(tmp_path: Path, what: str) -> None:
    old, new, line, reason = BROKEN[what]
    copied = shutil.copytree(HERE / "workflows", tmp_path / "workflows")
    file = copied / "templates" / TEMPLATE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misread) as refused:
        load_workflows(copied, ORGANISATION)
    assert any(found.startswith(f"{TEMPLATE}:{line}: {reason}") for found in str(refused.value).splitlines()), refused.value


# Records. ---------------------------------------------------------------------------------------------------------------


def test_a_step_that_must_put_something_down_is_not_finished_before() -> None:
    history = after(*done("B1", "B2"))
    refused = history.when(*done("B3")).then_refused("record-needed")
    assert refused.detail["needed"] == "site-check"
    assert "site-check" in refused.detail["legal"]
    assert "site-check" not in legal_in(following(history.facts, site("B3")).state, WINDING, LATER)


def test_a_record_says_who_was_there_when_and_what_was_found() -> None:
    (fact,) = after(*done("B1", "B2")).when(site("B3", "does-not-meet")).facts
    assert isinstance(fact, CaseSiteChecked)
    assert (fact.number, fact.held_on, fact.members, fact.finding) == (1, day_of(MONDAY), TEAM, "does-not-meet")


def test_a_second_record_stands_beside_the_first_and_the_last_one_counts() -> None:
    twice = after(*done("B1", "B2"), site("B3", "meets"), site("B3", "meets-after-remedy"))
    assert [fact.number for fact in twice.facts if isinstance(fact, CaseSiteChecked)] == [1, 2]
    assert open_now(following(twice.facts, *done("B3"))) == ["B4", "B5"]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ((SECRETARY, MEMBER), "there must be exactly one chair"),
        ((CHAIR, CHAIR.model_copy(update={"officer": "nv-at-05"})), "there must be exactly one chair"),
        ((CHAIR, SECRETARY, SECRETARY.model_copy(update={"officer": "nv-at-05"})), "there must be exactly one secretary"),
        ((*TEAM, MEMBER.model_copy(update={"partner": "cong-an-tinh"})), "4 sat there, not 1 to 3"),
        ((CHAIR, Seat(role="member")), "each is of the department or of one other agency"),
        ((CHAIR, Seat(role="member", officer="nv-at-05", partner="so-xay-dung")), "each is of the department or of one other agency"),
        ((CHAIR, Seat(role="member", officer="nv-at-03")), "nobody sits on two seats"),
    ],
)
def test_a_record_of_those_who_could_not_sit_there_is_none(members: tuple[Seat, ...], why: str) -> None:
    refused = after(*done("B1", "B2")).when(site("B3", members=members)).then_refused("seats-wrong")
    assert why in refused.detail["why_en"]
    assert len(refused.detail["why"]) == len(refused.detail["why_en"])


def test_a_record_is_of_its_own_kind_and_of_a_day_that_was() -> None:
    history = after(*done("B1", "B2"))
    history.when(act(PutDownCouncil, "B3", step="B3", held_on=day_of(MONDAY), members=TEAM, finding="approves")).then_refused(
        "no-such-record"
    )
    history.when(site("B5")).then_refused("no-such-record")
    history.when(site("B3", held_on=day_of(MONDAY) + timedelta(days=1))).then_refused("record-day-impossible")
    history.when(site("B3", held_on=day_of(MONDAY) - timedelta(days=1))).then_refused("record-day-impossible")


def test_a_council_needs_a_secretary_and_what_it_concludes_lets_its_step_end() -> None:
    history = after(*to_b8("does-not-meet"))
    assert open_now(history) == ["B7"]
    refused = history.when(council("B7", members=(CHAIR, MEMBER))).then_refused("seats-wrong")
    assert refused.detail["why_en"] == ["there must be exactly one secretary"]
    (held,) = history.when(council("B7")).facts
    assert isinstance(held, CaseCouncilHeld)
    assert open_now(following(history.facts, council("B7"), *done("B7"))) == ["B8"]


# Timers. ----------------------------------------------------------------------------------------------------------------

FIRES: Final = datetime(2026, 3, 4, 17, tzinfo=UTC)
"""Two working days after that Monday have passed when Wednesday has: the first instant of Thursday."""


def let_pass(at: datetime, steps: Steps = WINDING) -> LetPass:
    return LetPass(steps=steps, at=at, calendar=CALENDAR)


def waiting() -> Given:
    """A case in which B6 waits for its time to run out."""
    return after(*done("B1", "B2"), channel="online")


def test_a_step_that_passes_by_itself_says_when_as_soon_as_it_opens_and_how_that_was_counted() -> None:
    (timer,) = [fact for fact in waiting().facts if isinstance(fact, CaseTimerSet)]
    assert (timer.step, timer.days, timer.fires_at) == ("B6", 2, FIRES)
    assert [segment.counts for segment in timer.deadline.segments] == [False, True]


def test_e_18_silence_passes_a_step_at_that_instant_whenever_somebody_looks_and_not_a_moment_before() -> None:
    waiting().when(let_pass(FIRES - timedelta.resolution)).then_nothing()
    told = {
        tuple(fact.model_dump_json() for fact in waiting().when(let_pass(FIRES + late)).facts)
        for late in (timedelta(), timedelta(days=1), timedelta(days=90))
    }
    assert len(told) == 1
    fired, finished = waiting().when(let_pass(FIRES)).facts
    assert isinstance(fired, CaseTimerFired)
    assert isinstance(finished, CaseStepCompleted)
    assert (fired.fired_at, finished.completed_at, finished.officer) == (FIRES, FIRES, BY_ITSELF)


def test_an_officer_who_comes_after_that_instant_finds_the_step_passed_though_no_worker_had_looked() -> None:
    late = act(Claim, "B5", at=FIRES + timedelta(hours=9), step="B5")
    facts = waiting().when(late).facts
    assert kinds(facts) == [CaseTimerFired, CaseStepCompleted, CaseStepClaimed]
    waiting().when(act(Complete, "B6", at=FIRES, step="B6")).then_refused("step-not-open")


def test_whoever_finishes_it_before_cancels_the_timer() -> None:
    facts = waiting().when(*done("B6")).facts
    assert kinds(facts) == [CaseStepCompleted, CaseTimerCancelled]
    assert facts[-1].cause == "done"
    following(waiting().facts, *done("B6")).when(let_pass(FIRES + timedelta(days=9))).then_nothing()


def test_while_the_applicant_is_waited_for_no_time_runs_out_and_afterwards_it_begins_again() -> None:
    pause = act(Pause, "B5", missing=MISSING)
    paused = following(waiting().facts, pause)
    assert kinds(waiting().when(pause).facts) == [CaseClockPaused, CaseTimerCancelled]
    paused.when(let_pass(FIRES + timedelta(days=9))).then_nothing()
    brought = MONDAY + timedelta(days=7)
    facts = paused.when(Resume(round=1, resumed_at=brought, calendar=CALENDAR)).facts
    assert kinds(facts) == [CaseClockResumed, CaseTimerSet]
    assert facts[-1].fires_at == FIRES + timedelta(days=7)


def test_a_dossier_that_is_withdrawn_cancels_what_would_have_passed_before_it_ends() -> None:
    facts = waiting().when(Stop(at=LATER)).facts
    assert kinds(facts) == [CaseTimerCancelled, CaseStopped]
    assert facts[0].cause == "ended"


def test_a_step_that_passed_by_itself_and_is_sent_back_goes_to_nobody_and_has_its_time_again() -> None:
    passed = following(waiting().facts, let_pass(FIRES), site("B3"), *done("B3", at=FIRES), *to_b8()[4:])
    sent = following(passed.facts, act(Return, "B8", at=FIRES, step="B8", to="B6", reason="incomplete"))
    (step,) = [step for step in sent.state.open if step.code == "B6"]
    assert step.officer is None
    assert [one.step for one in sent.state.timers] == ["B6"]


def test_a_version_without_the_timer_cancels_it_and_one_with_it_lets_it_run() -> None:
    without = changed("B6", passes_after=None)
    facts = waiting().when(Move(workflow_hash="e" * 64, steps=without, at=LATER, calendar=CALENDAR)).facts
    assert [getattr(fact, "cause", None) for fact in facts] == [None, "moved"]
    facts = waiting().when(Move(workflow_hash="e" * 64, steps=WINDING, at=LATER, calendar=CALENDAR)).facts
    assert len(facts) == 1


def test_what_opens_because_a_step_has_passed_may_have_run_out_of_time_too() -> None:
    twice = (*SHORT[:1], SHORT[1].model_copy(update={"record": None, "passes_after": 1, "hours": 8}), *SHORT[2:])
    started = following(after(steps=twice).facts, act(Claim, "B1", twice, step="B1"))
    facts = started.when(let_pass(MONDAY + timedelta(days=30), twice)).facts
    assert kinds(facts) == [CaseTimerFired, CaseStepCompleted, CaseTimerSet, CaseTimerFired, CaseStepCompleted]
    assert [fact.step for fact in facts if isinstance(fact, CaseTimerFired)] == ["B1", "B2"]
    # The second began when the first had passed: Thursday 00:00, outside hours, so Thursday; its day is Friday.
    assert facts[3].fired_at == datetime(2026, 3, 6, 17, tzinfo=UTC)


def test_the_same_commands_lead_to_the_same_facts_whether_a_worker_looked_in_between_or_not() -> None:
    claim = act(Claim, "B5", at=FIRES + timedelta(days=3), step="B5")
    looked = [following(waiting().facts, *[let_pass(FIRES + timedelta(hours=n)) for n in hours], claim) for hours in ((), (1, 30), (50,))]
    for one, other in itertools.pairwise(looked):
        assert [fact.model_dump_json() for fact in one.facts] == [fact.model_dump_json() for fact in other.facts]


def test_the_real_workflow_with_a_check_on_site_skips_the_second_where_nothing_was_to_be_put_right() -> None:
    steps = workflow(FOOD).steps
    team = tuple(seat if seat.partner else seat.model_copy(update={"officer": f"nv-at-0{n}"}) for n, seat in enumerate(TEAM, 3))
    to_b4 = [opening(steps), *done("B1", "B2", "B3", steps=steps)]
    once = following((), *to_b4, site("B4", steps=steps, members=team), *done("B4", steps=steps))
    twice = following((), *to_b4, site("B4", "meets-after-remedy", steps=steps, members=team), *done("B4", steps=steps))
    assert (open_now(once), open_now(twice)) == (["B6"], ["B5"])
    assert once.state.case.agency == AGENCY
    assert step_of(steps, "B4").unit == SAFETY
