"""A finding is closed only by somebody else than whoever had to act on it, and only because it helped."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.reporting_findings import (
    FindingActionAssigned,
    FindingActionDone,
    FindingActionOverdue,
    FindingActionVerified,
    FindingReopened,
)
from contracts.reporting_reform import Owner
from kernel.eventlog import Refused
from services.reporting.domain.finding import DECIDER, decide
from services.reporting.domain.finding_commands import Assign, Command, Finish, Open, RecordCause, Reopen, Ring, Verify
from services.reporting.domain.finding_states import stage_of
from tests.services.reporting.reforming import BY_OFFICER, BY_UNIT, LEADER, OTHER, OWNER, found, on, paper
from tests.specification import given

CAUSE: Final = RecordCause(cause="Chưa tập huấn.", by=OTHER, at=on(5, 14))
ASSIGN: Final = Assign(action="Tập huấn.", owner=BY_OFFICER, due_on=date(2026, 5, 29), by=LEADER, at=on(5, 15))
FINISH: Final = Finish(evidence=(paper("21/BC-KT"),), by=OWNER, at=on(5, 20))
HELPED: Final = Verify(effective=True, note="Đạt", unit="van-phong", by=OTHER, at=on(6, 20))
DID_NOT: Final = Verify(effective=False, note="Chưa đạt", unit="van-phong", by=OTHER, at=on(6, 20))


def history(*commands: Command) -> tuple[Any, ...]:
    facts: list[Any] = [found()]
    for command in commands:
        facts += decide(command, DECIDER.fold(facts))
    return tuple(facts)


def test_a_finding_goes_from_cause_to_action_to_evidence_to_the_word_of_another() -> None:
    stages = [stage_of(DECIDER.fold(history(*(CAUSE, ASSIGN, FINISH, HELPED)[:n]))) for n in range(5)]
    assert stages == ["open", "open", "assigned", "done", "closed"]


def test_no_action_before_the_cause_is_known() -> None:
    given(DECIDER, *history()).when(ASSIGN).then_refused("cause-unknown")


@pytest.mark.parametrize(
    ("command", "reason"),
    [(FINISH, "no-action"), (HELPED, "no-action"), (Reopen(reason="…", by=LEADER, at=on(6, 1)), "finding-not-closed")],
)
def test_nothing_is_done_or_verified_before_there_is_an_action(command: Command, reason: str) -> None:
    given(DECIDER, *history(CAUSE)).when(command).then_refused(reason)


def test_what_is_not_done_cannot_be_verified() -> None:
    given(DECIDER, *history(CAUSE, ASSIGN)).when(HELPED).then_refused("action-not-done")


def test_its_owner_cannot_say_that_it_helped() -> None:
    own = Verify(effective=True, note="Tốt", unit="ky-thuat", by=OWNER, at=on(6, 20))
    given(DECIDER, *history(CAUSE, ASSIGN, FINISH)).when(own).then_refused("verified-by-owner")


def test_what_a_unit_owns_is_verified_neither_by_who_did_it_nor_for_that_unit() -> None:
    by_unit = Assign(action="Tập huấn.", owner=BY_UNIT, due_on=date(2026, 5, 29), by=LEADER, at=on(5, 15))
    done = history(CAUSE, by_unit, Finish(evidence=(paper(),), by="nv-kt-07", at=on(5, 20)))
    for who, unit in (("nv-kt-07", "van-phong"), (OTHER, "ky-thuat")):
        given(DECIDER, *done).when(Verify(effective=True, note="Tốt", unit=unit, by=who, at=on(6, 20))).then_refused("verified-by-owner")
    assert stage_of(DECIDER.fold([*done, *decide(HELPED, DECIDER.fold(done))])) == "closed"


def test_only_its_owner_shows_that_an_action_is_done_and_twice_is_once() -> None:
    stranger = Finish(evidence=(paper(),), by=OTHER, at=on(5, 20))
    given(DECIDER, *history(CAUSE, ASSIGN)).when(stranger).then_refused("not-the-owner")
    given(DECIDER, *history(CAUSE, ASSIGN, FINISH)).when(FINISH).then_nothing()


def test_what_did_not_help_is_open_again_and_gets_another_action() -> None:
    failed = history(CAUSE, ASSIGN, FINISH, DID_NOT)
    assert stage_of(DECIDER.fold(failed)) == "open"
    [again] = decide(
        Assign(action="Đổi quy trình.", owner=BY_UNIT, due_on=date(2026, 7, 31), by=LEADER, at=on(6, 21)), DECIDER.fold(failed)
    )
    assert isinstance(again, FindingActionAssigned)
    assert again.number == 2


def test_what_was_closed_can_be_opened_again_and_otherwise_takes_nothing() -> None:
    closed = history(CAUSE, ASSIGN, FINISH, HELPED)
    for command in (CAUSE, ASSIGN, FINISH, HELPED):
        given(DECIDER, *closed).when(command).then_refused("finding-closed")
    [again] = decide(Reopen(reason="Lặp lại.", by=LEADER, at=on(7, 8)), DECIDER.fold(closed))
    assert isinstance(again, FindingReopened)


def test_an_action_that_goes_to_another_owner_has_that_one_owner() -> None:
    moved = history(
        CAUSE,
        ASSIGN,
        Assign(action="Tập huấn.", owner=Owner(unit="ky-thuat", officer=OTHER), due_on=date(2026, 5, 29), by=LEADER, at=on(5, 18)),
    )
    given(DECIDER, *moved).when(FINISH).then_refused("not-the-owner")


def test_an_overdue_action_rings_once_and_is_late_when_it_is_done() -> None:
    late = history(CAUSE, ASSIGN, Ring(on(6, 1)), Ring(on(6, 2)), Finish(evidence=(paper(),), by=OWNER, at=on(6, 3)), Ring(on(9, 1)))
    assert [type(fact) for fact in late[3:]] == [FindingActionOverdue, FindingActionDone]
    assert late[-1].late


def moment(number: int) -> datetime:
    return on(5, 13) + timedelta(days=number)


def giving(owner: Owner, number: int, length: int) -> Assign:
    return Assign(action="Làm", owner=owner, due_on=(moment(number) + timedelta(days=length)).date(), by=LEADER, at=moment(number))


days = st.integers(0, 200).map(moment)
officers = st.sampled_from([OWNER, OTHER, "nv-kt-07"])
units = st.sampled_from(["van-phong", "ky-thuat"])
owners = st.builds(Owner, unit=units, officer=st.none() | officers)
commands = st.one_of(
    st.builds(RecordCause, cause=st.sampled_from(["Quá tải", "Chưa tập huấn"]), by=officers, at=days),
    st.builds(giving, owners, st.integers(0, 200), st.integers(0, 60)),
    st.builds(Finish, evidence=st.just((paper(),)), by=officers, at=days),
    st.builds(Verify, effective=st.booleans(), note=st.just("…"), unit=units, by=officers, at=days),
    st.builds(Reopen, reason=st.just("…"), by=officers, at=days),
    st.builds(Ring, days),
    st.just(Open(found())),
)


@for_all(st.lists(commands, max_size=25))
def test_in_no_history_is_an_action_verified_by_its_owner_or_by_who_did_it(asked: list[Command]) -> None:
    facts: list[Any] = [found()]
    for command in sorted(asked, key=lambda one: one.at):
        try:
            facts += decide(command, DECIDER.fold(facts))
        except Refused:
            continue
    actions = {fact.number: fact for fact in facts if isinstance(fact, FindingActionAssigned)}
    done = {fact.number: fact for fact in facts if isinstance(fact, FindingActionDone)}
    verified = [fact for fact in facts if isinstance(fact, FindingActionVerified)]
    assert sorted(actions) == [*range(1, len(actions) + 1)]
    for fact in verified:
        owner = actions[fact.number].owner
        assert fact.verified_by not in {owner.officer, done[fact.number].done_by}
        assert owner.officer is not None or fact.unit != owner.unit
    for fact in done.values():
        assert actions[fact.number].owner.officer in {None, fact.done_by}
        overdue = [one for one in facts if isinstance(one, FindingActionOverdue) and one.number == fact.number]
        assert len(overdue) == fact.late, "lateness is said once, and never lost"
    assert (stage_of(DECIDER.fold(facts)) == "closed") == (
        bool(verified)
        and verified[-1].effective
        and not any(isinstance(fact, FindingReopened) for fact in facts[facts.index(verified[-1]) :])
    )
