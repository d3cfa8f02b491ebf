"""Limits of petitions ring by themselves: near, run out, once each, at instants that the limits give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from contracts.feedback_petitions import PetitionAlarmRaised
from kernel.eventlog import Refused
from services.feedback.domain import petition_commands as asked
from services.feedback.domain.petition import DECIDER
from services.feedback.domain.petition_states import INITIAL, State
from services.feedback.main import SERVICE
from tests.services.feedback.listening import Listening
from tests.services.feedback.petitioning import act, answered, by_code, done, enter
from tests.services.feedback.test_petition import ASKED, ASSIGN, WORDS, after, answer, by, classify, receive
from tests.services.rig import MONDAY, Rig, eventually, problem
from tests.specification import Given

MUCH_LATER: Final = MONDAY + timedelta(days=90)
MORNING: Final = "T00:30:00+00:00"
"""When the office opens: half past seven in Vietnam."""
SORT: Final = [("sort", "due-soon", f"2026-03-04{MORNING}"), ("sort", "overdue", f"2026-03-05{MORNING}")]
ANSWER: Final = [("answer", "due-soon", f"2026-03-19{MORNING}"), ("answer", "overdue", f"2026-03-24{MORNING}")]
"""15 working days: a fifth is left on Thursday 19, they run out with Monday 23."""


def rung(history: Given, days: int = 90) -> list[tuple[str, str, str]]:
    """Let time pass; give what rings."""
    facts = history.when(asked.Ring(at=MONDAY + timedelta(days=days))).facts
    return said(facts)


def said(facts: Any) -> list[tuple[str, str, str]]:
    return [(fact.limit, fact.kind, fact.raised_at.isoformat()) for fact in facts if isinstance(fact, PetitionAlarmRaised)]


def test_a_limit_says_once_that_it_is_near_and_once_that_it_has_run_out() -> None:
    assert rung(after(receive())) == [*SORT, *ANSWER]
    assert rung(after(receive(), asked.Ring(at=MUCH_LATER))) == []
    assert [rung(after(receive()), days) for days in (1, 2, 3)] == [[], SORT[:1], SORT]


def test_what_was_done_in_time_does_not_ring() -> None:
    assert rung(after(receive(), classify())) == ANSWER
    for ending in (asked.Withdraw(at=MONDAY), asked.Forward(partner="so-y-te", by=by(MONDAY), officer="nv-01", at=MONDAY)):
        assert rung(after(receive(), ending)) == []
    assert rung(after(receive(), classify("complaint"), ASSIGN, answer())) == []


def test_what_was_extended_rings_by_the_longer_limit() -> None:
    extend = asked.Extend(reason="complicated", words=WORDS, by=by(MONDAY), officer="nv-bgd-01", at=MONDAY)
    near, run_out = rung(after(receive(), classify(), ASSIGN, extend))
    assert ANSWER[1][2] < near[2] < run_out[2]


def test_an_answer_that_is_to_be_public_rings_until_it_is() -> None:
    open_ = (receive(), classify(), ASSIGN, answer())
    assert rung(after(*open_)) == [("publish", *rest) for _, *rest in SORT]
    assert rung(after(*open_, asked.Publish(words=WORDS, officer="nv-01", at=MONDAY))) == []
    # What was once called a denunciation is never published, so nobody is told to.
    assert rung(after(receive(), classify("denunciation"), *open_[1:])) == []


def test_what_a_command_would_silence_is_said_first_and_what_a_new_limit_has_let_run_out_at_once() -> None:
    late = MONDAY + timedelta(days=30)
    facts = after(receive(), classify(), ASSIGN).when(answer(late)).facts
    assert (said(facts), facts[-1].late) == (ANSWER, True)
    # Called a complaint, it had more time; called a petition again, it has had none for a week.
    again = after(receive(), classify("complaint")).when(classify(at=late)).facts
    assert [fact.TYPE.split(".")[2] for fact in again] == ["alarm-raised", "classified", "alarm-raised", "alarm-raised"]
    assert (said(again)[1:], again[-1].next_at) == (ANSWER, None)


@settings(max_examples=150, deadline=None)
@for_all(wanted=st.lists(st.integers(0, len(ASKED) - 1), max_size=12).map(sorted), looks=st.lists(st.integers(0, 40), max_size=6))
def test_the_same_history_rings_the_same_alarms_to_the_byte_whenever_somebody_looks(wanted: list[int], looks: list[int]) -> None:
    def lived(rings: list[asked.Ring]) -> list[str]:
        commands: list[Any] = [*(ASKED[n] for n in wanted if not isinstance(ASKED[n], asked.Ring)), *rings]
        state: State = DECIDER.fold(DECIDER.decide(receive(), INITIAL))
        facts: list[Any] = []
        for command in sorted(commands, key=lambda command: (command.at, isinstance(command, asked.Ring))):
            try:
                new = DECIDER.decide(command, state)
            except Refused:
                continue
            facts += new
            state = DECIDER.fold(new, state)
        return [fact.model_dump_json() for fact in facts if isinstance(fact, PetitionAlarmRaised)]

    last = asked.Ring(at=MUCH_LATER)
    assert lived([*(asked.Ring(at=MONDAY + timedelta(days=days)) for days in looks), last]) == lived([last])


# In the service. --------------------------------------------------------------------------------------------------------


async def ring(ear: Listening, after: str) -> int:
    """Raise what is due, once the register has got to a position."""
    await rows(ear, after=after)
    made = await ear.running.post("/v1/petition-alarms", {}, ear.running.token("leader"))
    assert made.status_code == 200, made.text
    return made.json()["raised"]


async def rows(ear: Listening, role: str = "officer", **query: Any) -> dict[str, Any]:
    """List petitions by id."""
    found = await ear.running.get("/v1/petitions", ear.running.token(role), **query)
    assert found.status_code == 200, found.text
    return {row["id"]: row for row in found.json()["items"]}


async def test_alarms_are_recorded_once_at_their_own_instants_and_stand_in_the_register(ear: Listening) -> None:
    made = await enter(ear)
    id, position = made["id"], made["position"]
    assert await ring(ear, position) == 0
    ear.running.later(days=30)
    assert (await ring(ear, position), await ring(ear, f"feedback/{len(await ear.running.events())}")) == (4, 0)
    found = await ear.running.events(PetitionAlarmRaised)
    assert said(event.fact for event in found) == [*SORT, *ANSWER]
    assert [(event.time, event.actor) for event in found] == [(event.fact.raised_at, "system:feedback") for event in found]
    row = (await rows(ear, after=f"feedback/{found[-1].pos}"))[id]
    assert (row["alarm"], row["alarm_limit"], row["alarm_raised_at"]) == ("overdue", "answer", "2026-03-24T00:30:00Z")
    problem(await ear.running.post("/v1/petition-alarms", {}, ear.running.token("officer")), 403, "not-allowed")


async def test_an_answer_that_comes_late_is_recorded_behind_the_alarms_that_nobody_had_raised(ear: Listening) -> None:
    id = (await enter(ear))["id"]
    ear.running.later(days=30)
    position = (await answered(ear, id))["position"]
    assert [fact[:2] for fact in said(event.fact for event in await ear.running.events())] == [one[:2] for one in (*SORT, *ANSWER)]
    assert await ring(ear, position) == 0
    ear.running.later(days=5)
    assert await ring(ear, position) == 2, "the answer should have been published"


async def test_officers_list_what_is_overdue_and_inspectors_alone_see_the_overdue_denunciation(ear: Listening) -> None:
    late, told, in_time = [(await enter(ear))["id"] for _ in range(3)]
    await done(ear, told, "classification", kind="denunciation", topic="conduct")
    await answered(ear, in_time)
    assert await rows(ear, overdue="true", after=f"feedback/{len(await ear.running.events())}") == {}
    ear.running.later(days=60)
    assert set(await rows(ear, overdue="true")) == {late}
    assert set(await rows(ear, "inspector", overdue="true")) == {late, told}
    assert (await act(ear, late, "refusal", reason="settled", text="Đã giải quyết.")).status_code == 200
    assert await rows(ear, overdue="true", after=f"feedback/{len(await ear.running.events())}") == {}


async def test_a_petition_that_was_taken_back_rings_no_more(ear: Listening) -> None:
    made = await enter(ear)
    await rows(ear, after=made["position"])
    gone = await by_code(ear, "withdrawal", made["code"])
    ear.running.later(days=60)
    assert await ring(ear, gone.json()["position"]) == 0


async def test_the_worker_raises_alarms_by_itself(rig: Rig, ear: Listening) -> None:
    # The petition is of March 2026 by the demonstration's clock; a worker beside it goes by today's.
    await enter(ear)
    async with rig.running(SERVICE, ear.running.database, demo_clock=False, alarms_seconds=0.1):
        found = await eventually(lambda: ear.running.events(PetitionAlarmRaised), lambda events: len(events) > 3)
    assert said(event.fact for event in found) == [*SORT, *ANSWER]
