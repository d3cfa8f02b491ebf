"""Whatever is asked of a case, in whatever order and by whomever: its steps, its result and its clock stay right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from contracts.processing import CaseDecided, CaseOpened, CaseResultIssued, CaseStepClaimed, CaseStepCompleted, CaseStopped
from contracts.processing_clock import CaseClockPaused, CaseClockResumed
from contracts.vocabulary import Deadline, Limit, MissingComponent, Outcome, ProcedureCode, SupplementMode
from kernel.eventlog import Refused
from kernel.legalclock import DeadlineLike, day_of, is_late, load_calendar, resume
from services.processing.domain import case
from services.processing.domain.case_commands import Claim, Command, Complete, Decide, Issue, OpenCase, Pause, Reappoint, Resume, Stop
from services.processing.domain.case_refusals import Reason
from services.processing.domain.case_states import Absent, Issued, Paused, Stopped, Working, legal_in
from services.processing.domain.officer import Officer
from services.processing.domain.workflow import signing_step
from tests.services.processing.dossiers import ADVANCE, BLASTERS, CHEMICALS, NOTICE, WINE, accepted, due, new_dossier, officers_for, roster
from tests.services.processing.dossiers import workflow as workflow_of
from tests.services.rig import MONDAY

DOSSIER: Final = new_dossier()
EVERYBODY: Final = tuple(roster().values())
MISSING: Final = (MissingComponent(component="ban-sao-giay-chung-nhan", reason="expired"),)
LIMITS: Final = (
    None,
    Limit(amount=3, unit="working-days"),
    Limit(amount=30, unit="calendar-days"),
    Limit(amount=12, unit="working-hours"),
)
REASONS: Final = {None, *get_args(Reason)}
PROCEDURES: Final = (WINE, CHEMICALS, BLASTERS, NOTICE, ADVANCE)
"""Each with a workflow of another form."""
SETTINGS: Final = settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MINUTES_MAX: Final = 5 * 24 * 60


class Life(RuleBasedStateMachine):
    """One case. The machine keeps its own, simpler book of what must be so, and compares."""

    def __init__(self, procedure: ProcedureCode) -> None:
        super().__init__()
        self.procedure = procedure
        self.workflow = workflow_of(procedure)
        self.steps = self.workflow.steps
        self.now: datetime = MONDAY
        self.facts: list[Any] = []
        self.state: Any = case.INITIAL

    @initialize(limit=st.sampled_from(LIMITS), mode=st.sampled_from(("restart", "pause")))
    def begin(self, limit: Limit | None, mode: SupplementMode) -> None:
        self.acceptance = accepted(DOSSIER, self.procedure, deadline=due(limit, MONDAY), supplement_mode=mode)
        assert self.ask(self.opening())

    def opening(self) -> OpenCase:
        found, case_id = self.workflow, case.stream_of(DOSSIER)
        return OpenCase(case_id=case_id, dossier=self.acceptance, workflow_hash=found.content_hash, steps=found.steps)

    @property
    def able(self) -> Sequence[Officer]:
        """Those who may do the open step."""
        step = next((one for one in self.steps if one.code == self.open_step), self.steps[0])
        return officers_for(step.unit, step.role)

    @property
    def open_step(self) -> str | None:
        """The step that must be open, by the number of those that are completed."""
        done = sum(isinstance(fact, CaseStepCompleted) for fact in self.facts)
        return self.steps[done].code if self.facts and done < len(self.steps) else None

    @property
    def owner(self) -> str | None:
        """Who has taken the open step."""
        return self.state.open[0].officer if isinstance(self.state, Working) else None

    def officer(self, data: st.DataObject) -> Officer:
        """Draw somebody: mostly who has claimed the step or may do it, sometimes anybody."""
        able = [officer for officer in self.able if self.owner in {None, officer.id}]
        return data.draw(st.one_of(st.sampled_from(able), st.sampled_from(able), st.sampled_from(EVERYBODY)))

    def ask(self, command: Command) -> Sequence[Any]:
        """Ask for something; a refusal has a reason that is listed, and changes nothing."""
        reason, facts = None, ()
        try:
            facts = case.DECIDER.decide(command, self.state)
        except Refused as refused:
            reason = refused.reason
        assert reason in REASONS
        self.facts += facts
        self.state = case.DECIDER.fold(facts, self.state)
        return facts

    @rule(minutes=st.integers(1, MINUTES_MAX))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def the_acceptance_comes_again(self) -> None:
        assert not self.ask(self.opening())

    @rule(data=st.data())
    def somebody_claims(self, data: st.DataObject) -> None:
        self.ask(Claim(officer=self.officer(data), steps=self.steps, at=self.now))

    @rule(data=st.data())
    def somebody_completes(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from((self.open_step or "B1", *(one.code for one in self.steps))))
        self.ask(Complete(step=step, officer=self.officer(data), steps=self.steps, at=self.now))

    @precondition(lambda self: isinstance(self.state, Working))
    @rule()
    def the_open_step_is_done_as_it_should_be(self) -> None:
        if "completion" not in (doors := legal_in(self.state, self.steps, self.now)) and "decision" not in doors:
            assert self.ask(self.apology()), "only an apology is wanting"
            doors = legal_in(self.state, self.steps, self.now)
        (door,) = {"completion", "decision"} & set(doors)
        officer = next(one for one in self.able if self.owner in {None, one.id})
        assert any(self.ask(command) for command in self.tries(door, officer))

    def apology(self) -> Reappoint:
        calendar, day = load_calendar().as_known_at(self.now), day_of(self.now) + timedelta(days=1)
        day = day if calendar.is_working(day) else calendar.add_working_days(day, 1)
        return Reappoint(new_due_on=day, reason="workload", calendar=calendar, officer=self.able[0], steps=self.steps, at=self.now)

    @rule(data=st.data())
    def somebody_pauses(self, data: st.DataObject) -> None:
        self.ask(Pause(missing=MISSING, officer=self.officer(data), steps=self.steps, at=self.now))

    @rule(data=st.data(), outcome=st.sampled_from(("granted", "refused")), basis=st.sampled_from((None, "Điều 12")))
    def somebody_decides(self, data: st.DataObject, outcome: Outcome, basis: str | None) -> None:
        facts = self.ask(Decide(outcome=outcome, legal_basis=basis, officer=self.officer(data), steps=self.steps, at=self.now))
        assert not facts or outcome == "granted" or basis is not None

    @rule(data=st.data(), serial=st.integers(1, 999))
    def somebody_issues(self, data: st.DataObject, serial: int) -> None:
        step = data.draw(st.sampled_from((self.open_step or "B1", *(one.code for one in self.steps))))
        self.ask(Issue(step=step, serial=serial, result="Giấy phép", officer=self.officer(data), steps=self.steps, at=self.now))

    @precondition(lambda self: isinstance(self.state, Paused))
    @rule(round_=st.integers(1, 3))
    def a_supplement_comes(self, round_: int) -> None:
        asked = sum(isinstance(fact, CaseClockPaused) for fact in self.facts)
        facts = self.ask(Resume(round=round_, resumed_at=self.now, calendar=load_calendar().as_known_at(self.now)))
        assert bool(facts) == (round_ == asked)

    @precondition(lambda self: isinstance(self.state, Paused))
    @rule()
    def the_supplement_comes(self) -> None:
        asked = sum(isinstance(fact, CaseClockPaused) for fact in self.facts)
        assert self.ask(Resume(round=asked, resumed_at=self.now, calendar=load_calendar().as_known_at(self.now)))

    @precondition(lambda self: isinstance(self.state, Working))
    @rule()
    def a_supplement_comes_that_nobody_waits_for(self) -> None:
        assert not self.ask(Resume(round=1, resumed_at=self.now, calendar=load_calendar().as_known_at(self.now)))

    @precondition(lambda self: len(self.facts) > 6)  # most lives should not end at once
    @rule()
    def the_applicant_withdraws(self) -> None:
        decided = any(isinstance(fact, CaseDecided) for fact in self.facts)
        assert not (self.ask(Stop(at=self.now)) and decided)

    # What must be so after each of them. --------------------------------------------------------------------------------

    @invariant()
    def steps_are_completed_in_order_each_once(self) -> None:
        completed = [fact for fact in self.facts if isinstance(fact, CaseStepCompleted)]
        assert [fact.step for fact in completed] == [step.code for step in self.steps[: len(completed)]]
        claimed = [fact.step for fact in self.facts if isinstance(fact, CaseStepClaimed)]
        assert len(claimed) == len(set(claimed)), "a step has one owner"

    @invariant()
    def at_most_one_step_is_open_and_it_is_the_next_one(self) -> None:
        match self.state:
            case Working(open=(step,)) | Paused(held=Working(open=(step,))):
                found = next(one for one in self.steps if one.code == self.open_step)
                assert (step.code, step.unit, step.role) == (found.code, found.unit, found.role)
            case Issued():
                assert self.open_step is None
            case state:
                assert isinstance(state, Absent | Stopped)

    @invariant()
    def who_worked_on_a_step_was_entitled_to(self) -> None:
        by_code = {step.code: step for step in self.steps}
        for fact in self.facts:
            if isinstance(fact, CaseStepClaimed | CaseStepCompleted):
                step = by_code[fact.step]
                assert fact.officer in {officer.id for officer in officers_for(step.unit, step.role)}

    @invariant()
    def it_is_opened_decided_and_ended_at_most_once_and_nothing_follows_the_end(self) -> None:
        kinds = [type(fact) for fact in self.facts]
        ends = [kind for kind in kinds if kind in {CaseResultIssued, CaseStopped}]
        assert kinds.count(CaseOpened) == bool(kinds)
        assert kinds.count(CaseDecided) <= 1
        assert len(ends) <= 1
        assert not ends or kinds[-1] == ends[0]

    @invariant()
    def it_is_issued_only_after_the_decision_and_with_every_step_done(self) -> None:
        for n, fact in enumerate(self.facts):
            if isinstance(fact, CaseDecided):
                rest = self.facts[n:]
                assert rest[1].step == signing_step(self.steps).code, "the decision completes the signing step"
                assert not any(isinstance(later, CaseClockPaused | CaseStopped) for later in rest)
            if isinstance(fact, CaseResultIssued):
                (decided,) = [one for one in self.facts[:n] if isinstance(one, CaseDecided)]
                assert fact.outcome == decided.outcome
                assert self.facts[n - 1].next_step is None

    @invariant()
    def the_deadline_is_what_the_legal_clock_gives_for_the_recorded_facts(self) -> None:
        running: DeadlineLike | None = self.acceptance.deadline
        paused_at: datetime | None = None
        for fact in self.facts:
            if isinstance(fact, CaseClockPaused):
                assert paused_at is None, "paused twice"
                paused_at = fact.paused_at
            if isinstance(fact, CaseClockResumed):
                assert running is not None
                assert paused_at is not None, "resumed what was not paused"
                self.compare(running, paused_at, fact)
                running, paused_at = fact.deadline, None
        if not isinstance(self.state, Absent):
            assert self.state.case.deadline == running
        assert isinstance(self.state, Paused | Stopped) or paused_at is None

    def compare(self, before: DeadlineLike, paused_at: datetime, resumed: CaseClockResumed) -> None:
        calendar, mode = load_calendar().as_known_at(resumed.resumed_at), self.acceptance.supplement_mode
        assert resumed.due_before_at == before.due_at
        assert resumed.deadline == Deadline.model_validate(resume(before, paused_at, resumed.resumed_at, mode, calendar))
        limit = Limit.model_validate(before.limit)
        ran_out = is_late(before, paused_at) or (limit.unit == "working-hours" and paused_at == before.due_at)
        anew = due(limit, resumed.resumed_at)
        assert anew is not None
        if ran_out:
            assert resumed.deadline.due_at == before.due_at
        elif mode == "restart":
            assert resumed.deadline.due_at == anew.due_at
        else:
            assert resumed.deadline.due_at <= anew.due_at
            assert resumed.deadline.due_on >= day_of(resumed.resumed_at)

    @invariant()
    def what_is_called_legal_is_what_the_decider_accepts(self) -> None:
        doors = {"claim", "completion", "decision", "pause"}
        assert doors & set(legal_in(self.state, self.steps, self.now)) == {door for door in doors if self.opens(door)}

    @invariant()
    def a_step_is_either_completed_or_issues_the_result(self) -> None:
        assert all(sum(map(self.accepts, self.tries("completion", officer))) <= 1 for officer in self.able)

    def opens(self, door: str) -> bool:
        """Tell whether anybody at all could get something recorded that way."""
        return any(self.accepts(command) for officer in self.able for command in self.tries(door, officer))

    def tries(self, door: str, officer: Officer) -> tuple[Command, ...]:
        steps, now, step = self.steps, self.now, self.open_step or "B1"
        match door:
            case "claim":
                return (Claim(officer=officer, steps=steps, at=now),)
            case "completion":
                return (
                    Complete(step=step, officer=officer, steps=steps, at=now),
                    Issue(step=step, serial=1, result=None, officer=officer, steps=steps, at=now),
                )
            case "decision":
                return (Decide(outcome="granted", legal_basis=None, officer=officer, steps=steps, at=now),)
            case _:
                return (Pause(missing=MISSING, officer=officer, steps=steps, at=now),)

    def accepts(self, command: Command) -> bool:
        try:
            return bool(case.DECIDER.decide(command, self.state))
        except Refused:
            return False

    @invariant()
    def reading_the_history_again_leads_to_the_same_state(self) -> None:
        assert case.DECIDER.fold(self.facts) == self.state


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_whatever_is_asked_of_a_case_its_steps_its_result_and_its_clock_stay_right(procedure: ProcedureCode) -> None:
    run_state_machine_as_test(lambda: Life(procedure), settings=SETTINGS)  # pyright: ignore[reportArgumentType] - a factory will do
