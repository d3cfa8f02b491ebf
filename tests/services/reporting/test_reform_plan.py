"""The plan of a year's reform: adopted once, changed by decisions, each task done by its owner, lateness never lost."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.reporting_reform import (
    ReformPlanAdopted,
    ReformPlanChanged,
    ReformTaskCompleted,
    ReformTaskDropped,
    ReformTaskOverdue,
    ReformTaskProgressed,
    ReformTaskSet,
)
from kernel.eventlog import Refused
from services.reporting.domain.due import over_at
from services.reporting.domain.reform_plan import DECIDER, decide, plan_id
from services.reporting.domain.reform_plan_commands import Adopt, Change, Command, Complete, Progress, Ring
from tests.services.reporting.reforming import AGENCY, BY_UNIT, LEADER, OTHER, OWNER, on, paper, task
from tests.specification import given

ADOPT: Final = Adopt(
    agency=AGENCY,
    year=2026,
    decision=paper(),
    tasks=(task(), task("modernisation", date(2026, 3, 31), owner=BY_UNIT)),
    by=LEADER,
    at=on(1, 5),
)
ADOPTED: Final = tuple(decide(ADOPT, None))
DONE: Final = Complete(number=1, evidence=(paper("512/QĐ-SCT"),), by=OWNER, at=on(3, 2))


def change(at: datetime | None = None, tasks: tuple[Any, ...] = (), dropped: tuple[int, ...] = ()) -> Change:
    return Change(decision=paper("310/QĐ-SCT"), reason="Điều chỉnh", tasks=tasks, dropped=dropped, by=LEADER, at=at or on(2, 2))


def test_a_plan_is_adopted_with_its_tasks_numbered_in_order() -> None:
    plan, *tasks = ADOPTED
    assert isinstance(plan, ReformPlanAdopted)
    assert (plan.plan_id, plan.year) == (plan_id(AGENCY, 2026), 2026)
    assert [(one.number, one.content) for one in tasks if isinstance(one, ReformTaskSet)] == [(1, "procedures"), (2, "modernisation")]


def test_a_year_has_one_plan() -> None:
    given(DECIDER, *ADOPTED).when(ADOPT).then_refused("plan-adopted-already")
    assert plan_id(AGENCY, 2027) != plan_id(AGENCY, 2026) != plan_id("H10", 2026)


def test_nobody_is_given_what_is_overdue_already() -> None:
    given(DECIDER, *ADOPTED).when(change(tasks=(task(due_on=date(2026, 2, 1)),))).then_refused("due-in-the-past")
    [_, added] = decide(change(tasks=(task(due_on=date(2026, 2, 2)),)), DECIDER.fold(ADOPTED))
    assert isinstance(added, ReformTaskSet)
    assert added.number == 3


@pytest.mark.parametrize(
    "command", [Progress(number=1, percent=40, note="Đã rà soát", by=OWNER, at=on(3, 1)), DONE], ids=["progress", "done"]
)
def test_only_its_owner_says_how_far_a_task_is(command: Any) -> None:
    stranger = type(command)(**{name: getattr(command, name) for name in command.__slots__} | {"by": OTHER})
    given(DECIDER, *ADOPTED).when(stranger).then_refused("not-the-owner")
    assert decide(command, DECIDER.fold(ADOPTED))


def test_anybody_of_the_department_speaks_for_a_unit_that_owns_a_task() -> None:
    [said] = decide(Progress(number=2, percent=10, note="Bắt đầu", by=OTHER, at=on(2, 1)), DECIDER.fold(ADOPTED))
    assert isinstance(said, ReformTaskProgressed)


def test_saying_the_same_progress_twice_says_it_once() -> None:
    half = Progress(number=1, percent=50, note="Một nửa", by=OWNER, at=on(2, 1))
    given(DECIDER, *ADOPTED, *decide(half, DECIDER.fold(ADOPTED))).when(half).then_nothing()


def test_a_task_is_late_from_the_day_after_it_was_due() -> None:
    for at, late in ((on(6, 30, "23:59"), False), (on(7, 1, "00:00"), True)):
        state = DECIDER.fold([*ADOPTED, *decide(change(dropped=(2,)), DECIDER.fold(ADOPTED))])
        said = decide(Complete(number=1, evidence=(paper(),), by=OWNER, at=at), state)
        done = [fact for fact in said if isinstance(fact, ReformTaskCompleted)]
        assert [fact.late for fact in done] == [late]
        assert [isinstance(fact, ReformTaskOverdue) for fact in said] == ([True, False] if late else [False])


def test_what_is_overdue_rings_once_at_the_end_of_its_day_however_late_somebody_looks() -> None:
    [rung] = decide(Ring(on(5, 1)), DECIDER.fold(ADOPTED))
    assert isinstance(rung, ReformTaskOverdue)
    assert (rung.number, rung.due_on, rung.raised_at) == (2, date(2026, 3, 31), over_at(date(2026, 3, 31)))
    given(DECIDER, *ADOPTED, rung).when(Ring(on(6, 1))).then_nothing()
    given(DECIDER, *ADOPTED).when(Ring(on(3, 31, "23:59"))).then_nothing()


def test_a_task_that_is_done_or_dropped_is_neither_changed_nor_rung() -> None:
    over = [*ADOPTED, *decide(DONE, DECIDER.fold(ADOPTED))]
    over += decide(change(on(3, 3), dropped=(2,)), DECIDER.fold(over))
    assert any(isinstance(fact, ReformTaskDropped) for fact in over)
    given(DECIDER, *over).when(Ring(on(12, 31))).then_nothing()
    given(DECIDER, *over).when(DONE).then_refused("task-done")
    given(DECIDER, *over).when(change(on(3, 4), tasks=(task(number=2),))).then_refused("task-dropped")
    given(DECIDER, *over).when(change(on(3, 4), dropped=(9,))).then_refused("no-such-task")


def test_one_decision_names_a_task_once_and_what_says_nothing_new_is_no_decision() -> None:
    given(DECIDER, *ADOPTED).when(change(tasks=(task(number=1),), dropped=(1,))).then_refused("task-named-twice")
    given(DECIDER, *ADOPTED).when(change(tasks=(task(number=1),))).then_nothing()


def test_a_task_given_more_time_keeps_that_it_was_overdue() -> None:
    longer = decide(change(on(4, 10), tasks=(task("modernisation", date(2026, 9, 30), number=2, owner=BY_UNIT),)), DECIDER.fold(ADOPTED))
    assert [type(fact) for fact in longer] == [ReformTaskOverdue, ReformPlanChanged, ReformTaskSet]
    [again] = decide(Ring(on(10, 1)), DECIDER.fold([*ADOPTED, *decide(DONE, DECIDER.fold(ADOPTED)), *longer]))
    assert isinstance(again, ReformTaskOverdue)
    assert again.due_on == date(2026, 9, 30)


def dated(number: int) -> date:
    return date(2026, 1, 5) + timedelta(days=number)


def moment(number: int) -> datetime:
    return on(1, 5) + timedelta(days=number)


def changing(number: int, due_on: date, replaced: int | None, dropped: list[int]) -> Change:
    return change(moment(number), (task("direction", due_on, number=replaced),), tuple(dropped))


days = st.integers(0, 400).map(moment)
numbers = st.integers(1, 4)
who = st.sampled_from([OWNER, OTHER])
some_papers = st.just((paper(),))
commands = st.one_of(
    st.builds(changing, st.integers(0, 400), st.integers(0, 400).map(dated), st.none() | numbers, st.lists(numbers, max_size=1)),
    st.builds(Progress, number=numbers, percent=st.integers(0, 99), note=st.just("…"), by=who, at=days),
    st.builds(Complete, number=numbers, evidence=some_papers, by=who, at=days),
    st.builds(Ring, days),
)


@for_all(st.lists(commands, max_size=12))
def test_whatever_is_done_a_task_ends_once_and_is_late_exactly_if_it_was_said_to_be_overdue(asked: list[Command]) -> None:
    history: list[Any] = [*ADOPTED]
    for command in sorted(asked, key=lambda one: one.at):
        try:
            history += decide(command, DECIDER.fold(history))
        except Refused:
            continue
    for number, ended in {fact.number: fact for fact in history if isinstance(fact, ReformTaskCompleted)}.items():
        about = [fact for fact in history if getattr(fact, "number", None) == number]
        assert sum(isinstance(fact, ReformTaskCompleted | ReformTaskDropped) for fact in about) == 1
        assert about[-1] is ended, "nothing is said of a task that is done"
        due = next(fact.due_on for fact in reversed(about) if isinstance(fact, ReformTaskSet))
        assert ended.late == any(isinstance(fact, ReformTaskOverdue) and fact.due_on == due for fact in about)
    rung = [(fact.number, fact.due_on) for fact in history if isinstance(fact, ReformTaskOverdue)]
    assert len(rung) <= sum(isinstance(fact, ReformTaskSet) for fact in history), "at most once for each day that was set"
