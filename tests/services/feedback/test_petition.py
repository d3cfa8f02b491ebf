from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from contracts.feedback_petitions import (
    PetitionAlarmRaised,
    PetitionAnswered,
    PetitionClassified,
    PetitionFact,
    PetitionJoined,
    PetitionKind,
    PetitionMerged,
    PetitionPublished,
    PetitionReceived,
)
from contracts.vocabulary import DossierId, PetitionId, VaultRef
from kernel.eventlog import Refused
from kernel.legalclock import day_of, load_calendar
from services.feedback.domain import petition_commands as asked
from services.feedback.domain.petition import DECIDER
from services.feedback.domain.petition_states import INITIAL, Answered, Open, State
from services.feedback.petition_limits import load_rules
from services.feedback.settings import HERE
from tests.services.rig import AGENCY, MONDAY
from tests.specification import Given, given

RULES: Final = load_rules(HERE / "petition_limits.toml")
ID: Final = PetitionId(UUID(int=1))
WORDS: Final = asked.Words(VaultRef(UUID(int=2)), "a" * 64)


def by(at: datetime) -> asked.Reckoned:
    return asked.Reckoned(RULES.on(day_of(at)), load_calendar().as_known_at(at))


def receive(id: PetitionId = ID, at: datetime = MONDAY) -> asked.Receive:
    code = hashlib.sha256(id.bytes).hexdigest()
    return asked.Receive(
        petition_id=id,
        agency=AGENCY,
        channel="web",
        party="individual",
        topic="conduct",
        words=WORDS,
        code_hash=code,
        by=by(at),
        received_at=at,
    )


def classify(kind: PetitionKind = "petition", at: datetime = MONDAY, *, dossier: bool = False) -> asked.Classify:
    dossier_id = DossierId(UUID(int=9)) if dossier else None
    return asked.Classify(kind=kind, topic="conduct", dossier_id=dossier_id, engagement_id=None, by=by(at), officer="nv-01", at=at)


ASSIGN: Final = asked.Assign(unit="van-phong", partners=(), officer="nv-01", at=MONDAY)


def answer(at: datetime = MONDAY) -> asked.Answer:
    return asked.Answer(words=WORDS, by=by(at), officer="nv-01", at=at)


def after(*commands: asked.Command) -> Given:
    """Begin with what some commands lead to."""
    state: State = INITIAL
    facts: list[Any] = []
    for command in commands:
        new = DECIDER.decide(command, state)
        state = DECIDER.fold(new, state)
        facts += new
    return given(DECIDER, *facts)


def due_on(sentence: Given) -> str:
    state = sentence.state
    assert isinstance(state, Open)
    return state.petition.deadline.due_on.isoformat()


def test_each_kind_has_a_limit_of_its_own() -> None:
    assert due_on(after(receive())) == "2026-03-23"  # 15 working days
    assert due_on(after(receive(), classify("complaint"))) == "2026-04-01"  # 30 days from when it was taken up
    assert due_on(after(receive(), classify("denunciation", MONDAY + timedelta(days=1)))) == "2026-04-02"


def test_who_answers_leads_a_unit_and_knows_what_it_is() -> None:
    after(receive()).when(answer()).then_refused("not-classified")
    after(receive(), classify()).when(answer()).then_refused("no-lead-unit")


def test_a_limit_is_extended_once_and_not_after_it_has_run_out() -> None:
    def extend(at: datetime) -> asked.Extend:
        return asked.Extend(reason="complicated", words=WORDS, by=by(at), officer="nv-bgd-01", at=at)

    open_ = (receive(), classify(), ASSIGN)
    assert due_on(after(*open_, extend(MONDAY))) == "2026-04-13"
    after(*open_, extend(MONDAY)).when(extend(MONDAY)).then_refused("extended-already")
    after(*open_).when(extend(MONDAY + timedelta(days=22))).then_refused("limit-run-out")


def test_what_was_answered_late_is_recorded_as_late() -> None:
    when = after(receive(), classify(), ASSIGN).when(answer(MONDAY + timedelta(days=22)))
    assert [fact.late for fact in when.facts if isinstance(fact, PetitionAnswered)] == [True]


UNHAPPY: Final = asked.Judge(verdict="dissatisfied", at=MONDAY)


def reopen(at: datetime) -> asked.Reopen:
    return asked.Reopen(words=WORDS, by=by(at), at=at)


def test_who_is_unhappy_opens_it_again_within_a_window_that_no_comment_moves() -> None:
    answered = (receive(), classify(), ASSIGN, answer())
    end = after(*answered).state.reopen_until
    comment = asked.Write(direction="from-petitioner", words=WORDS, at=end - timedelta(hours=1))
    assert after(*answered, UNHAPPY, comment).state.reopen_until == end
    after(*answered).when(reopen(MONDAY)).then_refused("not-dissatisfied")
    after(*answered, UNHAPPY, comment).when(reopen(end)).then_refused("window-closed")
    again = after(*answered, UNHAPPY, reopen(end - timedelta(seconds=1)))
    assert (again.state.petition.round, again.state.petition.deadline.due_on > day_of(end)) == (2, True)


def test_it_is_opened_again_as_often_as_the_rules_say() -> None:
    twice = after(receive(), classify(), ASSIGN, answer(), UNHAPPY, reopen(MONDAY), answer(), UNHAPPY)
    twice.when(reopen(MONDAY)).then_refused("reopened-too-often")


def test_a_denunciation_is_never_linked_merged_or_published() -> None:
    after(receive()).when(classify("denunciation", dossier=True)).then_refused("never-linked")
    after(receive(), classify(dossier=True)).when(classify("denunciation")).then_refused("already-linked")
    after(receive(), classify("denunciation"), classify()).when(classify(dossier=True)).then_refused("never-linked")
    publish = asked.Publish(words=WORDS, officer="nv-01", at=MONDAY)
    after(receive(), classify("denunciation"), ASSIGN, answer()).when(publish).then_refused("not-to-be-published")
    other = after(receive(PetitionId(UUID(int=5))), classify()).state
    merge = asked.Merge(into=other, officer="nv-01", at=MONDAY)
    after(receive(), classify("denunciation")).when(merge).then_refused("not-a-duplicate")


def test_nobody_waits_longer_because_another_said_the_same() -> None:
    later = after(receive(PetitionId(UUID(int=5)), MONDAY + timedelta(days=3)), classify(at=MONDAY + timedelta(days=3))).state
    after(receive()).when(asked.Merge(into=later, officer="nv-01", at=MONDAY)).then_refused("duplicate-due-sooner")


def commands(at: datetime) -> list[asked.Command]:
    """List everything that can be asked at an instant."""
    other = after(receive(PetitionId(UUID(int=5)), at), classify(at=at)).state
    reckoned, dossiers = by(at), (None, DossierId(UUID(int=9)))
    said: dict[str, Any] = {"words": WORDS, "at": at}
    return [
        *(classify(kind, at, dossier=dossier is not None) for kind in get_args(PetitionKind) for dossier in dossiers),
        asked.Assign(unit="van-phong", partners=(), officer="nv-01", at=at),
        answer(at),
        asked.Extend(reason="complicated", by=reckoned, officer="nv-01", **said),
        asked.Judge(verdict="dissatisfied", at=at),
        reopen(at),
        asked.Publish(officer="nv-01", **said),
        asked.Write(direction="from-petitioner", **said),
        asked.Merge(into=other, officer="nv-01", at=at),
        asked.Join(duplicate=PetitionId(UUID(int=6)), at=at),
        asked.Forward(partner="so-y-te", by=reckoned, officer="nv-01", at=at),
        asked.Withdraw(at=at),
        asked.Ring(at=at),
    ]


ASKED: Final = [command for days in (0, 4, 25) for command in commands(MONDAY + timedelta(days=days))]


@settings(max_examples=300, deadline=None)
@for_all(st.lists(st.integers(0, len(ASKED) - 1), max_size=12))
def test_no_open_petition_is_without_a_limit_and_no_denunciation_leads_anywhere(wanted: list[int]) -> None:
    history: list[PetitionFact] = [*DECIDER.decide(receive(), INITIAL)]
    state: State = DECIDER.fold(history)
    for command in (ASKED[n] for n in wanted):
        try:
            new = DECIDER.decide(command, state)
        except Refused:
            continue
        before, state = state, DECIDER.fold(new, state)
        history += new
        if isinstance(state, Open):
            due = state.petition.deadline
            assert due.segments[0].start_at <= due.starts_at < due.due_at == due.segments[-1].end_at
        if isinstance(before, Answered) and isinstance(state, Answered):
            assert before.reopen_until == state.reopen_until
    if any(isinstance(fact, PetitionClassified) and fact.kind == "denunciation" for fact in history):
        assert not [fact for fact in history if isinstance(fact, PetitionJoined | PetitionMerged | PetitionPublished)]
        assert {fact.dossier_id for fact in history if isinstance(fact, PetitionClassified)} == {None}
    assert sum(isinstance(fact, PetitionReceived) for fact in history) == 1
    rung = [(fact.limit, fact.kind, fact.due_at) for fact in history if isinstance(fact, PetitionAlarmRaised)]
    assert len(rung) == len(set(rung)), "each limit says each thing once"
    assert all(fact.publish_by is None or fact.round >= 1 for fact in history if isinstance(fact, PetitionAnswered))


def test_a_petition_entered_twice_is_entered_once() -> None:
    after(receive()).when(receive()).then_nothing()
