"""Feedback over HTTP: an opinion is heard and answered once, and nothing wrong leaves a trace."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from contracts.feedback import OpinionAnswered, OpinionReceived
from contracts.vocabulary import InvitationId
from services.feedback.domain.opinion import PUBLIC_CHANNELS
from services.feedback.domain.token import token_of
from services.feedback.settings import FeedbackSettings
from tests.services.feedback.listening import ANSWER, SAID, Listening
from tests.services.rig import problem

DAYS: Final = FeedbackSettings.model_fields["invitation_days"].default


def pointers(body: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in body["errors"]]


# Opinions and their answers. ---------------------------------------------------------------------------------------------


async def test_a_hotline_entry_is_written_down_answered_and_read_with_its_words(ear: Listening) -> None:
    said = await ear.say()
    assert said.status_code == 201
    id = said.json()["id"]
    assert said.headers["location"] == f"/v1/opinions/{id}"
    ear.running.later(hours=3)
    answered = await ear.answer(id, sub="nv-vp-01")
    assert answered.status_code == 200, answered.text
    found = await ear.read(id)
    assert {name: found[name] for name in SAID} == SAID
    assert (found["state"], found["answer"], found["answered_by"]) == ("answered", ANSWER, "nv-vp-01")
    received, reply = [event.fact for event in await ear.running.events(OpinionReceived, OpinionAnswered)]
    assert (received.anonymous, received.channel, received.topic) == (False, "hotline", "delay")
    assert reply.answered_at == ear.running.moment
    stored = (await ear.running.bodies()).decode()
    assert not [text for text in (SAID["text"], ANSWER, *SAID["contact"].values()) if text in stored]


async def test_an_opinion_is_answered_once(ear: Listening) -> None:
    id = await ear.said()
    answers = await asyncio.gather(*(ear.answer(id, f"{ANSWER} ({n})") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    kept = await ear.running.kept()
    problem(await ear.answer(id), 409, "opinion-answered")
    assert await ear.running.kept() == kept


async def test_the_same_command_again_gives_the_first_answer(ear: Listening) -> None:
    first = await ear.say(key="once")
    again = await ear.say(key="once")
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    problem(await ear.say(key="once", text="Khác"), 422, "idempotency-key-reused")
    assert len(await ear.running.events(OpinionReceived)) == 1


@pytest.mark.parametrize("channel", ["box", "web", "hotline", "portal", "letter", "in-person"])
async def test_who_has_no_account_writes_by_himself_only_what_needs_no_clerk(ear: Listening, channel: str) -> None:
    answer = await ear.say(None, channel=channel, contact=None)
    if channel in PUBLIC_CHANNELS:
        assert answer.status_code == 201
        found = await ear.read(answer.json()["id"])
        assert (found["anonymous"], found["contact"]) == (True, None)
    else:
        problem(answer, 403, "not-allowed")
        assert await ear.running.events() == []


async def test_who_left_words_is_shown_to_those_who_answer_and_every_reading_is_recorded(ear: Listening) -> None:
    id = await ear.said()
    assert (await ear.read(id, "supervision", "leader"))["contact"] is None
    assert (await ear.read(id))["contact"] == SAID["contact"]
    for query in ({}, {"purpose": "curiosity"}):
        answer = await ear.running.get(f"/v1/opinions/{id}", ear.running.token("officer"), **query)
        assert pointers(problem(answer, 422, "invalid-input")) == ["/purpose"]
    problem(await ear.running.get(f"/v1/opinions/{id}", ear.running.token("desk"), purpose="answering"), 403, "not-allowed")
    assert await ear.running.readings() == [("leader", "supervision"), ("officer", "answering")]


WRONG_OPINIONS: Final[dict[str, tuple[dict[str, Any], list[str]]]] = {
    "no words": ({"text": "  \n"}, ["/text"]),
    "more than fits": ({"text": "à" * 5001}, ["/text"]),
    "an unknown channel": ({"channel": "fax"}, ["/channel"]),
    "an unknown topic": ({"topic": "weather"}, ["/topic"]),
    "a contact with no name": ({"contact": {"phone": "0912345678"}}, ["/contact/name"]),
    "a phone that is none": ({"contact": {"name": "Hòa", "phone": "gọi tôi"}}, ["/contact/phone"]),
    "an address that is none": ({"contact": {"name": "Hòa", "email": "hoa"}}, ["/contact/email"]),
    "a field that nobody knows": ({"agency": "H10"}, ["/agency"]),
}


async def test_a_wrong_opinion_is_named_and_leaves_nothing_behind(ear: Listening, subtests: pytest.Subtests) -> None:
    for name, (changes, expected) in WRONG_OPINIONS.items():
        with subtests.test(name):
            assert pointers(problem(await ear.say(**changes), 422, "invalid-input")) == expected
    assert await ear.running.kept() == {"log.event": 0, "vault.entry": 0, "edge.command": 0}


async def test_who_may_not_answer_leaves_nothing_behind(ear: Listening) -> None:
    id = await ear.said()
    kept = await ear.running.kept()
    post, path = ear.running.post, f"/v1/opinions/{id}/answer"
    problem(await post(path, {"text": ANSWER}), 401, "token-missing")
    problem(await post(path, {"text": ANSWER}, ear.running.token("leader")), 403, "not-allowed")
    problem(await ear.answer(id, agencies=("H10",)), 403, "other-agency")
    problem(await ear.answer(str(uuid4())), 404, "no-such-opinion")
    assert pointers(problem(await ear.answer(id, " "), 422, "invalid-input")) == ["/text"]
    problem(await ear.running.post("/v1/opinions", SAID, ear.running.token("desk", agencies=("H10",))), 403, "other-agency")
    assert await ear.running.kept() == kept


async def test_an_opinion_is_no_invitation_though_a_token_may_claim_so(ear: Listening) -> None:
    id = UUID(await ear.said())
    kept = await ear.running.kept()
    problem(await ear.asked(token_of(bytes(32), InvitationId(id))), 404, "no-such-invitation")
    assert await ear.running.kept() == kept


async def test_an_invitation_is_no_opinion(ear: Listening) -> None:
    (invitation,) = await ear.invitations(await ear.ended())
    problem(await ear.answer(invitation["id"]), 404, "no-such-opinion")
    answer = await ear.running.get(f"/v1/opinions/{UUID(invitation['id'])}", ear.running.token("officer"), purpose="answering")
    problem(answer, 404, "no-such-opinion")
