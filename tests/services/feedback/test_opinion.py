from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any, Final, get_args
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.feedback import OpinionAnswered, OpinionReceived
from contracts.vocabulary import OpinionId, VaultRef
from kernel.eventlog import Refused
from services.feedback.domain import campaign, engagement, invitation, opinion, petition_facts, slip, survey_class
from services.feedback.domain.opinion import DECIDER, Absent, Answer, Answered, Command, Open, OpinionChannel, Receive, Refusal, Topic
from services.feedback.http_api import WORDS
from tests.services.rig import AGENCY, MONDAY, said_in_both_languages
from tests.specification import given

ID: Final = OpinionId(UUID(int=11))
LATER: Final = MONDAY + timedelta(hours=1)

receive = Receive(
    opinion_id=ID,
    agency=AGENCY,
    channel="hotline",
    topic="delay",
    anonymous=False,
    text_ref=VaultRef(UUID(int=12)),
    commitment="a" * 64,
    at=MONDAY,
)
answer = Answer(answer_ref=VaultRef(UUID(int=13)), commitment="b" * 64, by="nv-vp-01", at=LATER)
received = OpinionReceived(
    opinion_id=ID,
    agency=AGENCY,
    channel="hotline",
    topic="delay",
    anonymous=False,
    text_ref=receive.text_ref,
    commitment=receive.commitment,
    received_at=MONDAY,
)
answered = OpinionAnswered(
    opinion_id=ID,
    agency=AGENCY,
    answer_ref=answer.answer_ref,
    commitment=answer.commitment,
    answered_by="nv-vp-01",
    answered_at=LATER,
)

HISTORIES: Final[dict[str, tuple[Any, ...]]] = {"absent": (), "open": (received,), "answered": (received, answered)}
COMMANDS: Final[dict[str, Command]] = {"receive": receive, "answer": answer}
OUTCOMES: Final[dict[tuple[str, str], tuple[Any, ...] | Refusal]] = {
    ("absent", "receive"): (received,),
    ("absent", "answer"): "no-such-opinion",
    ("open", "receive"): (),
    ("open", "answer"): (answered,),
    ("answered", "receive"): (),
    ("answered", "answer"): "opinion-answered",
}


@pytest.mark.parametrize(("history", "command"), list(product(HISTORIES, COMMANDS)))
def test_every_command_in_every_state_leads_to_its_facts_or_its_refusal(history: str, command: str) -> None:
    given(DECIDER, *HISTORIES[history]).when(COMMANDS[command]).then_as(OUTCOMES[history, command])


def test_the_histories_lead_to_every_state_and_the_outcomes_hold_every_reason() -> None:
    assert [type(given(DECIDER, *facts).state) for facts in HISTORIES.values()] == [Absent, Open, Answered]
    assert {outcome for outcome in OUTCOMES.values() if isinstance(outcome, str)} == set(get_args(Refusal))


@pytest.mark.parametrize(("channel", "topic", "anonymous"), list(product(get_args(OpinionChannel), get_args(Topic), [True, False])))
def test_an_opinion_is_recorded_as_it_came(channel: OpinionChannel, topic: Topic, anonymous: bool) -> None:
    fact = received.model_copy(update={"channel": channel, "topic": topic, "anonymous": anonymous})
    given(DECIDER).when(replace(receive, channel=channel, topic=topic, anonymous=anonymous)).then(fact)


def test_a_second_answer_is_refused_also_from_the_same_officer_in_the_same_words() -> None:
    given(DECIDER, received, answered).when(answer).then_refused("opinion-answered")


def receive_by(channel: OpinionChannel) -> Receive:
    return replace(receive, channel=channel)


def answer_of(officer: str) -> Answer:
    return replace(answer, by=officer)


ANY_COMMAND: Final[st.SearchStrategy[Command]] = st.one_of(
    st.builds(receive_by, st.sampled_from(get_args(OpinionChannel))),
    st.builds(answer_of, st.sampled_from(["nv-vp-01", "nv-vp-02"])),
)


@for_all(st.lists(ANY_COMMAND, max_size=10))
def test_whatever_is_tried_the_first_opinion_and_the_first_answer_stand(commands: list[Command]) -> None:
    state, facts = DECIDER.initial, list[Any]()
    for command in commands:
        with contextlib.suppress(Refused):
            new = DECIDER.decide(command, state)
            facts += new
            state = DECIDER.fold(new, state)
    assert [type(fact) for fact in facts] in ([], [OpinionReceived], [OpinionReceived, OpinionAnswered])
    assert state == DECIDER.fold(facts)
    receives = [n for n, command in enumerate(commands) if isinstance(command, Receive)]
    if receives:
        first = commands[receives[0]]
        assert isinstance(first, Receive)
        assert facts[0].channel == first.channel
        answers = [command for command in commands[receives[0] :] if isinstance(command, Answer)]
        assert [fact.answered_by for fact in facts[1:]] == [command.by for command in answers[:1]]
    else:
        assert facts == []


def test_every_reason_of_a_refusal_has_its_words_in_both_languages() -> None:
    of_surveys = (*get_args(invitation.Refusal), *get_args(survey_class.Refusal))
    of_paper = (*get_args(campaign.Refusal), *get_args(slip.Refusal))
    of_others = (*get_args(petition_facts.Refusal), *get_args(engagement.Refusal), "outside-calendar")
    said_in_both_languages(WORDS, *of_surveys, *of_paper, *get_args(opinion.Refusal), *of_others)
