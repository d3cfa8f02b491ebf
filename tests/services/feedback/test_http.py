"""Feedback over HTTP: an invitation is answered once, an opinion is heard and answered once, and nothing wrong leaves a trace."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from contracts.feedback import InvitationUsed, OpinionAnswered, OpinionReceived, RatingRecorded
from contracts.vocabulary import InvitationId
from services.feedback.domain.opinion import PUBLIC_CHANNELS
from services.feedback.domain.token import token_of
from services.feedback.settings import FeedbackSettings
from tests.services.feedback.listening import ANSWER, COMMENT, SAID, Listening
from tests.services.rig import AGENCY, problem

DAYS: Final = FeedbackSettings.model_fields["invitation_days"].default


def pointers(body: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in body["errors"]]


# An invitation and its one answer. ---------------------------------------------------------------------------------------


async def test_who_was_invited_answers_without_an_account_and_the_rating_names_neither_dossier_nor_invitation(ear: Listening) -> None:
    dossier = await ear.ended()
    (invitation,) = await ear.invitations(dossier)
    points = {"time": 2, "attitude": 0}
    answer = await ear.rate(invitation["token"], 5, points=points, comment=COMMENT)
    assert answer.status_code == 201, answer.text
    (event,) = await ear.running.events(RatingRecorded)
    assert (event.fact.satisfaction, event.fact.points, event.fact.occasion) == (5, points, "result")
    assert (event.actor, event.fact.agency) == ("public", AGENCY)
    for text in (str(dossier), invitation["id"], invitation["token"]):
        assert text not in event.fact.model_dump_json() + answer.text
    assert COMMENT.encode() not in await ear.running.bodies()


async def test_an_invitation_is_answered_once(ear: Listening) -> None:
    token = await ear.token()
    first = await ear.rate(token, 5, key="mine")
    kept = await ear.running.kept()
    again = await ear.rate(token, 5, key="mine")
    assert (again.status_code, again.json()) == (201, first.json())
    problem(await ear.rate(token, 1), 409, "invitation-used")
    assert await ear.running.kept() == kept
    assert [event.fact.satisfaction for event in await ear.running.events(RatingRecorded)] == [5]


async def test_of_many_answers_at_once_one_counts(ear: Listening) -> None:
    token = await ear.token()
    answers = await asyncio.gather(*(ear.rate(token, 1 + n % 5) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(await ear.running.events(RatingRecorded)) == len(await ear.running.events(InvitationUsed)) == 1


@pytest.mark.parametrize(("late_seconds", "status"), [(-1, 201), (0, 409)])
async def test_an_invitation_ends_at_its_instant(ear: Listening, late_seconds: float, status: int) -> None:
    token = await ear.token()
    ear.running.later(days=DAYS, seconds=late_seconds)
    answer = await ear.rate(token)
    assert answer.status_code == status
    if status != 201:
        problem(answer, 409, "invitation-expired")


async def test_who_guesses_learns_nothing(ear: Listening) -> None:
    token = await ear.token()
    kept = await ear.running.kept()
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    texts = {problem(await ear.rate(guess), 404, "no-such-invitation")["detail"] for guess in (changed, "A" * 46)}
    assert len(texts) == 1
    assert await ear.running.kept() == kept
    assert (await ear.rate(token)).status_code == 201


WRONG_RATINGS: Final[dict[str, tuple[dict[str, Any], list[str]]]] = {
    "no token": ({"token": None}, ["/token"]),
    "half a token": ({"token": "A" * 45}, ["/token"]),
    "more than the best": ({"satisfaction": 6}, ["/satisfaction"]),
    "less than the worst": ({"satisfaction": 0}, ["/satisfaction"]),
    "a text for a number": ({"satisfaction": "5"}, ["/satisfaction"]),
    "an unknown criterion": ({"points": {"colour": 1}}, ["/points/colour"]),
    "too many points": ({"points": {"time": 3}}, ["/points/time"]),
    "an empty comment": ({"comment": "  "}, ["/comment"]),
    "a comment that is too long": ({"comment": "à" * 2001}, ["/comment"]),
    "a field that nobody knows": ({"name": "Lê Thị Hòa"}, ["/name"]),
}


async def test_a_wrong_rating_is_named_leaves_nothing_and_does_not_use_the_invitation(ear: Listening, subtests: pytest.Subtests) -> None:
    token = await ear.token()
    kept = await ear.running.kept()
    for name, (changes, expected) in WRONG_RATINGS.items():
        with subtests.test(name):
            answer = await ear.running.post("/v1/ratings", {"token": token, "satisfaction": 4} | changes)
            assert pointers(problem(answer, 422, "invalid-input")) == expected
    assert await ear.running.kept() == kept
    assert (await ear.rate(token)).status_code == 201


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
    problem(await ear.rate(token_of(bytes(32), InvitationId(id))), 404, "no-such-invitation")
    assert await ear.running.kept() == kept


async def test_an_invitation_is_no_opinion(ear: Listening) -> None:
    (invitation,) = await ear.invitations(await ear.ended())
    problem(await ear.answer(invitation["id"]), 404, "no-such-opinion")
    answer = await ear.running.get(f"/v1/opinions/{UUID(invitation['id'])}", ear.running.token("officer"), purpose="answering")
    problem(answer, 404, "no-such-opinion")
