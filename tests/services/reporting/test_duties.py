"""What was asked from above is given to one owner and answered; what is to be public is shown to be; lateness of both stays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.reporting_duties import (
    DirectiveAnswered,
    DirectiveAssigned,
    DirectiveOverdue,
    PublicityDone,
    PublicityDropped,
    PublicityOverdue,
    PublicityPlanned,
)
from kernel.eventlog import Refused
from services.reporting.domain import directive as di
from services.reporting.domain import publicity as pu
from tests.services.reporting.reforming import BY_OFFICER, BY_UNIT, LEADER, OTHER, OWNER, directive, item, on, paper
from tests.specification import given

RECEIVED: Final = directive()
ASSIGN: Final = di.Assign(owner=BY_OFFICER, due_on=date(2026, 3, 16), by=LEADER, at=on(1, 15))
ANSWER: Final = di.Answer(answer=paper("67/BC-SCT"), by=OWNER, at=on(3, 10))


def directed(*commands: di.Command, first: Any = RECEIVED) -> tuple[Any, ...]:
    facts: list[Any] = [*di.decide(di.Receive(first), None)]
    for command in commands:
        facts += di.decide(command, di.DECIDER.fold(facts))
    return tuple(facts)


def test_a_directive_is_answered_by_its_one_owner() -> None:
    given(di.DECIDER, *directed()).when(ANSWER).then_refused("no-owner")
    stranger = di.Answer(answer=paper(), by=OTHER, at=on(3, 10))
    given(di.DECIDER, *directed(ASSIGN)).when(stranger).then_refused("not-the-owner")
    assert [type(fact) for fact in directed(ASSIGN, ANSWER)[1:]] == [DirectiveAssigned, DirectiveAnswered]
    given(di.DECIDER, *directed(ASSIGN, ANSWER)).when(ASSIGN).then_refused("directive-answered")


def test_nobody_gets_more_time_than_the_directive_gives_nor_a_day_that_is_over() -> None:
    longer = di.Assign(owner=BY_OFFICER, due_on=date(2026, 3, 21), by=LEADER, at=on(1, 15))
    given(di.DECIDER, *directed()).when(longer).then_refused("due-after-the-directive")
    past = di.Assign(owner=BY_OFFICER, due_on=date(2026, 2, 1), by=LEADER, at=on(2, 2))
    given(di.DECIDER, *directed()).when(past).then_refused("due-in-the-past")
    given(di.DECIDER, *directed(ASSIGN)).when(ASSIGN).then_nothing()


def test_a_directive_that_came_after_its_day_is_overdue_at_once_and_can_still_be_given_to_somebody() -> None:
    late = directed(first=directive(date(2026, 1, 13)))
    assert [type(fact) for fact in late[1:]] == [DirectiveOverdue]
    [assigned] = di.decide(di.Assign(owner=BY_UNIT, due_on=date(2026, 1, 13), by=LEADER, at=on(1, 15)), di.DECIDER.fold(late))
    assert isinstance(assigned, DirectiveAssigned)


def test_a_directive_that_is_signed_in_the_future_is_a_mistake() -> None:
    given(di.DECIDER).when(di.Receive(directive(received_at=on(1, 11)))).then_refused("signed-later")


def test_a_directive_without_a_day_rings_by_its_owners_day_alone() -> None:
    open_ended = directive(None)
    given(di.DECIDER, *directed(first=open_ended)).when(di.Ring(on(12, 31))).then_nothing()
    [rung] = di.decide(di.Ring(on(12, 31)), di.DECIDER.fold(directed(ASSIGN, first=open_ended)))
    assert isinstance(rung, DirectiveOverdue)
    assert rung.due_on == date(2026, 3, 16)


def moment(number: int) -> datetime:
    return on(1, 14) + timedelta(days=number)


def dated(number: int) -> date:
    return date(2026, 1, 14) + timedelta(days=number)


days, dues = st.integers(0, 120).map(moment), st.integers(0, 120).map(dated)
directing = st.one_of(
    st.builds(di.Assign, owner=st.just(BY_OFFICER), due_on=dues, by=st.just(LEADER), at=days),
    st.builds(di.Answer, answer=st.just(paper()), by=st.sampled_from([OWNER, OTHER]), at=days),
    st.builds(di.Ring, days),
)


@for_all(st.lists(directing, max_size=12))
def test_an_answer_is_late_exactly_if_the_day_that_held_was_said_to_be_over(asked: list[di.Command]) -> None:
    facts: list[Any] = [RECEIVED]
    for command in sorted(asked, key=lambda one: one.at):
        try:
            facts += di.decide(command, di.DECIDER.fold(facts))
        except Refused:
            continue
    answers = [fact for fact in facts if isinstance(fact, DirectiveAnswered)]
    assert len(answers) <= 1
    for answer in answers:
        assert facts[-1] is answer
        held = next(fact.due_on for fact in reversed(facts) if isinstance(fact, DirectiveAssigned))
        assert answer.late == any(isinstance(fact, DirectiveOverdue) and fact.due_on == held for fact in facts)


# What is to be made public. ----------------------------------------------------------------------------------------------


def publicised(*commands: pu.Command) -> tuple[Any, ...]:
    facts: list[Any] = [*pu.decide(pu.Plan(item()), None)]
    for command in commands:
        facts += pu.decide(command, pu.DECIDER.fold(facts))
    return tuple(facts)


def shown(at: datetime | None = None, by: str = OWNER) -> pu.Finish:
    return pu.Finish(evidence=(paper("Ảnh chụp bảng niêm yết"),), by=by, at=at or on(2, 9))


def test_an_item_is_done_by_its_owner_with_something_that_shows_it() -> None:
    given(pu.DECIDER, *publicised()).when(shown(by=OTHER)).then_refused("not-the-owner")
    [_, done] = publicised(shown())
    assert isinstance(done, PublicityDone)
    assert not done.late
    given(pu.DECIDER, *publicised(shown())).when(shown()).then_refused("item-done")


def test_an_item_is_overdue_once_and_late_when_it_is_done_after_its_day() -> None:
    late = publicised(pu.Ring(on(2, 11)), pu.Ring(on(2, 12)), shown(on(2, 12)))
    assert [type(fact) for fact in late[1:]] == [PublicityOverdue, PublicityDone]
    assert late[-1].late


def test_an_item_planned_otherwise_takes_the_place_of_what_was_planned_and_the_same_is_nothing() -> None:
    given(pu.DECIDER, *publicised()).when(pu.Plan(item(planned_at=on(1, 30)), again=True)).then_nothing()
    [moved] = pu.decide(pu.Plan(item(date(2026, 3, 1), on(2, 1)), again=True), pu.DECIDER.fold(publicised()))
    assert isinstance(moved, PublicityPlanned)
    given(pu.DECIDER, *publicised(), moved).when(pu.Ring(on(2, 28))).then_nothing()
    given(pu.DECIDER).when(pu.Plan(item(), again=True)).then_refused("no-such-item")


def test_an_item_that_was_dropped_takes_nothing_more() -> None:
    dropped = publicised(pu.Drop(reason="Trùng", by=LEADER, at=on(2, 1)))
    assert isinstance(dropped[-1], PublicityDropped)
    given(pu.DECIDER, *dropped).when(shown()).then_refused("item-dropped")
    given(pu.DECIDER, *dropped).when(pu.Ring(on(12, 31))).then_nothing()
