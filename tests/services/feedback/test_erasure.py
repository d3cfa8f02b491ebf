"""A person is forgotten: the words and the name are gone, and facts, chain, counts and what was answered stay as they were."""

from __future__ import annotations

from contracts.feedback_surveys import AnswerRecorded
from kernel.eventlog.verify import verify_log
from services.feedback.http_api import PURPOSES
from services.feedback.settings import FeedbackSettings
from tests.services.feedback.listening import COMMENT, SAID, Listening
from tests.services.rig import problem

LEAST = FeedbackSettings.model_fields["answers_min"].default


async def is_whole(ear: Listening) -> bool:
    """Check the chain of every stream of the log."""
    async with ear.running.connected() as connection:
        verdict = await verify_log(connection, ear.running.service.name, {})
    return verdict.good and verdict.events > 0


async def test_erasing_who_spoke_leaves_facts_chain_and_counts_intact(ear: Listening) -> None:
    id, other = await ear.said(), await ear.said()
    receipt = (await ear.answer(id)).json()
    lists = [(await ear.running.get("/v1/opinions", ear.running.token("leader"), after=receipt["position"])).json()]
    bodies, kept = await ear.running.bodies(), await ear.running.kept()

    assert await ear.running.forget(PURPOSES, id) == 2, "the opinion's words and the answer's"

    assert await ear.running.bodies() == bodies
    assert await is_whole(ear)
    assert await ear.running.kept() == kept | {"vault.entry": kept["vault.entry"] - 2}
    lists.append((await ear.running.get("/v1/opinions", ear.running.token("leader"), after=receipt["position"])).json())
    assert lists[0]["items"] == lists[1]["items"]
    found = await ear.read(id)
    assert (found["text"], found["contact"], found["answer"]) == (None, None, None)
    assert (found["state"], found["answered_by"], found["topic"]) == ("answered", "officer", SAID["topic"])
    assert (await ear.read(other))["contact"] == SAID["contact"]


async def test_who_asked_to_be_forgotten_can_still_be_answered_and_the_erasure_is_recorded(ear: Listening) -> None:
    id = await ear.said()
    assert await ear.running.forget(PURPOSES, id) == 1
    assert (await ear.answer(id)).status_code == 200
    problem(await ear.answer(id), 409, "opinion-answered")
    assert ("dpo", "erasure") in await ear.running.readings()
    assert await is_whole(ear)


async def test_a_comment_is_erased_and_its_answer_counts_on(ear: Listening) -> None:
    ids = [await ear.answered(await ear.token(), 2, comment=COMMENT) for _ in range(LEAST)]
    assert await ear.recorded() == LEAST
    before = await ear.running.events(AnswerRecorded)
    keys = (await ear.running.kept())["vault.entry"] - LEAST
    assert await ear.running.forget(PURPOSES, ids[0]) == 1
    assert await ear.running.events(AnswerRecorded) == before
    assert (await ear.running.kept())["vault.entry"] == keys + LEAST - 1
    assert await is_whole(ear)
