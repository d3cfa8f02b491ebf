"""An invitation leads to one answer, and nothing leads from the answer back to it."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from contracts.feedback import InvitationUsed
from contracts.feedback_surveys import AnswerRecorded, SurveyClassOpened
from contracts.processing import CaseOpened, CaseStepCompleted, CaseStepReopened, OpenStep
from deploy.local.answering import hide
from services.feedback.settings import FeedbackSettings
from tests.contracts.golden import golden
from tests.services.feedback.listening import COMMENT, Listening, listening
from tests.services.rig import AGENCY, MONDAY, Rig, eventually, problem

DAYS: Final = FeedbackSettings.model_fields["invitation_days"].default
CLASS_DAYS: Final = FeedbackSettings.model_fields["class_days"].default
LEAST: Final = FeedbackSettings.model_fields["answers_min"].default


async def test_who_was_invited_answers_without_an_account_and_the_answer_leads_to_nobody(ear: Listening) -> None:
    dossiers = [await ear.ended() for _ in range(LEAST)]
    invitations = [(await ear.invitations(dossier))[0] for dossier in dossiers]
    ids = [await ear.answered(one["token"], 1 + n, points={"time": n % 3}, comment=COMMENT) for n, one in enumerate(invitations)]
    ear.running.later(days=1)
    assert await ear.recorded() == LEAST
    recorded = await ear.running.events(AnswerRecorded)
    assert sorted(str(event.fact.answer_id) for event in recorded) == sorted(ids)
    assert sorted(event.fact.satisfaction for event in recorded) == list(range(1, LEAST + 1))

    own = {"answer_id", "satisfaction", "points", "comment_ref", "commitment"}
    said = {event.fact.model_dump_json(exclude=own) for event in recorded}
    assert len(said) == 1, "all that they say of whoever answered is the same"
    assert len({event.id.rpartition("/")[0] for event in recorded}) == 1, "one command"
    assert {event.fact.batch_size for event in recorded} == {LEAST}, "whoever counts them knows when he has all"
    assert {(event.cause, event.traceparent, event.actor) for event in recorded} == {(None, None, "system:feedback")}
    assert {event.time.astimezone().minute for event in recorded} == {0}
    told = b"".join([json.dumps(event.fact.model_dump(mode="json")).encode() for event in recorded]).decode()
    used = await ear.running.events(InvitationUsed)
    leads = [str(one) for one in dossiers] + [one["id"] for one in invitations] + [event.fact.blinded_hash for event in used]
    assert not [lead for lead in leads if lead in told]
    assert COMMENT.encode() not in await ear.running.bodies()


async def everything(ear: Listening) -> list[set[str]]:
    """Give the identifiers (UUIDs and hashes) that stand together in a row, for every row of every table that there is."""
    named = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    async with ear.running.connected() as connection:
        rows = [
            row
            for (table,) in await connection.fetch(named)
            for row in await connection.fetch(f"SELECT * FROM {table}")  # noqa: S608 - names come from the catalogue
        ]
    text = [" ".join(f"{one.hex()} {one.decode(errors='replace')}" if isinstance(one, bytes) else str(one) for one in row) for row in rows]
    return [set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}", one)) for one in text]


async def test_whatever_is_stored_with_an_answer_is_stored_with_every_invitation_or_with_none(ear: Listening) -> None:
    invitations = [(await ear.invitations(await ear.ended()))[0]["token"] for _ in range(LEAST)]
    answers = [await ear.answered(token, 1 + n, comment=COMMENT) for n, token in enumerate(invitations)]
    assert await ear.recorded() == LEAST
    asked = [str(event.fact.invitation_id) for event in await ear.running.events(InvitationUsed)]
    stored = await everything(ear)

    def beside(id: str) -> set[str]:
        return set[str]().union(*(row for row in stored if id in row))

    of_answers, of_invitations = [beside(id) for id in answers], [beside(id) for id in asked]
    assert all(id in found and len(found) > 1 for id, found in zip(answers + asked, of_answers + of_invitations, strict=True))
    for found in of_answers:
        assert len({frozenset(found & other) for other in of_invitations}) == 1, "what they share tells no two invitations apart"


async def test_too_few_answers_wait_and_are_recorded_once_others_are_there(ear: Listening) -> None:
    for _ in range(LEAST - 1):
        await ear.answered(await ear.token())
    assert await ear.recorded() == 0
    assert await ear.running.events(AnswerRecorded) == []
    await ear.answered(await ear.token())
    assert await ear.recorded() == LEAST
    assert await ear.recorded() == 0, "once"
    assert len(await ear.running.events(AnswerRecorded)) == LEAST


async def test_answers_of_different_classes_say_less_of_themselves_to_be_recorded_together(ear: Listening) -> None:
    for n in range(LEAST):
        (invitation,) = await ear.invitations(await ear.ended("returned" if n % 2 else "refused"))
        await ear.answered(invitation["token"])
    assert await ear.recorded() == LEAST
    facts = [event.fact for event in await ear.running.events(AnswerRecorded)]
    assert {(fact.agency, fact.occasion) for fact in facts} == {(AGENCY, None)}


async def test_two_workers_that_empty_the_box_at_once_record_each_answer_once(ear: Listening) -> None:
    ids = [await ear.answered(await ear.token()) for _ in range(LEAST)]
    assert sorted(await asyncio.gather(ear.recorded(), ear.recorded())) == [0, LEAST]
    assert sorted(str(event.fact.answer_id) for event in await ear.running.events(AnswerRecorded)) == sorted(ids)


async def test_an_invitation_is_used_once_and_the_same_token_is_signed_again_for_who_lost_the_signature(ear: Listening) -> None:
    token = await ear.token()
    offered = (await ear.asked(token)).json()
    mine, other = hide(offered["public_key"]), hide(offered["public_key"])
    first = await ear.admit(token, offered["id"], mine.message)
    again = await ear.admit(token, offered["id"], mine.message)
    assert first.json()["signature"] == again.json()["signature"]
    problem(await ear.admit(token, offered["id"], other.message), 409, "invitation-used")
    assert len(await ear.running.events(InvitationUsed)) == 1


async def test_of_many_admissions_at_once_one_counts(ear: Listening) -> None:
    token = await ear.token()
    offered = (await ear.asked(token)).json()
    answers = await asyncio.gather(*(ear.admit(token, offered["id"], hide(offered["public_key"]).message) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5


@pytest.mark.parametrize("key", ["once", None], ids=["one command", "many commands"])
async def test_of_many_who_ask_for_a_class_at_once_all_get_the_one_key_that_is_stored(ear: Listening, key: str | None) -> None:
    token = await ear.token()
    keys = {answer.json()["public_key"] for answer in await asyncio.gather(*(ear.asked(token, key=key) for _ in range(6)))}
    assert keys == {event.fact.public_key for event in await ear.running.events(SurveyClassOpened)}
    await ear.right(token)


async def test_a_token_answers_once_and_the_same_answer_again_is_the_same(ear: Listening) -> None:
    right = await ear.right(await ear.token())
    first, again = await ear.give(right, 5), await ear.give(right, 5)
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (202, again.json())
    problem(await ear.give(right, 1), 409, "token-used")
    for _ in range(LEAST - 1):
        await ear.answered(await ear.token(), 3)
    assert await ear.recorded() == LEAST
    assert (await ear.give(right, 5)).json() == first.json(), "also when it is recorded"
    problem(await ear.give(right, 1), 409, "token-used")
    assert sorted(event.fact.satisfaction for event in await ear.running.events(AnswerRecorded)) == [3] * (LEAST - 1) + [5]


async def test_of_many_answers_with_a_token_at_once_the_same_ones_are_one_and_of_different_ones_one_counts(ear: Listening) -> None:
    right, other = await ear.right(await ear.token()), await ear.right(await ear.token())
    twins = await asyncio.gather(*(ear.give(right, 5) for _ in range(8)))
    assert {answer.status_code for answer in twins} == {202}
    rivals = await asyncio.gather(*(ear.give(other, 1 + n % 5) for n in range(5)))
    assert sorted(answer.status_code for answer in rivals) == [202] + [409] * 4


async def test_a_token_that_nobody_signed_or_that_was_signed_for_another_class_is_refused(ear: Listening) -> None:
    right = await ear.right(await ear.token())
    (refused,) = await ear.invitations(await ear.ended("refused"))
    other = (await ear.asked(refused["token"])).json()["id"]
    assert other != right["class_id"]
    problem(await ear.give(right | {"token": "A" * 43}), 409, "token-not-signed")
    problem(await ear.give(right | {"class_id": other}), 409, "token-not-signed")
    problem(await ear.give(right | {"class_id": str(uuid4())}), 404, "no-such-class")


@pytest.mark.parametrize(("late_seconds", "status"), [(-1, 202), (0, 409)])
async def test_a_signed_token_ends_with_its_class(ear: Listening, late_seconds: float, status: int) -> None:
    right = await ear.right(await ear.token())
    ear.running.later(days=CLASS_DAYS, seconds=late_seconds)
    answer = await ear.give(right)
    assert answer.status_code == status
    if status != 202:
        problem(answer, 409, "token-expired")


@pytest.mark.parametrize(("late_seconds", "status"), [(-1, 200), (0, 409)])
async def test_an_invitation_ends_at_its_instant(ear: Listening, late_seconds: float, status: int) -> None:
    token = await ear.token()
    ear.running.later(days=DAYS, seconds=late_seconds)
    answer = await ear.asked(token)
    assert answer.status_code == status
    if status != 200:
        problem(answer, 409, "invitation-expired")


async def test_who_guesses_learns_nothing(ear: Listening) -> None:
    token = await ear.token()
    kept = await ear.running.kept()
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    texts = {problem(await ear.asked(guess), 404, "no-such-invitation")["detail"] for guess in (changed, "A" * 46)}
    assert len(texts) == 1
    assert await ear.running.kept() == kept


async def test_what_cannot_be_signed_is_refused_and_does_not_use_the_invitation(ear: Listening) -> None:
    token = await ear.token()
    offered = (await ear.asked(token)).json()
    for blinded in (bytes(256), b"\xff" * 256):
        text = urlsafe_b64encode(blinded).rstrip(b"=").decode()
        found = problem(await ear.admit(token, offered["id"], text), 422, "invalid-input")
        assert [error["pointer"] for error in found["errors"]] == ["/blinded"]
    await ear.right(token)


WRONG: Final[dict[str, tuple[dict[str, Any], list[str]]]] = {
    "no token": ({"token": None}, ["/token"]),
    "half a signature": ({"signature": "A" * 341}, ["/signature"]),
    "more than the best": ({"satisfaction": 6}, ["/satisfaction"]),
    "less than the worst": ({"satisfaction": 0}, ["/satisfaction"]),
    "a text for a number": ({"satisfaction": "5"}, ["/satisfaction"]),
    "an unknown criterion": ({"points": {"colour": 1}}, ["/points/colour"]),
    "more points than there are": ({"points": {"time": 3}}, ["/points/time"]),
    "a level of no factor": ({"levels": {"colour": 1}}, ["/levels/colour"]),
    "a comment of blanks": ({"comment": "  "}, ["/comment"]),
}


async def test_a_wrong_answer_is_named_and_does_not_use_the_token(ear: Listening, subtests: pytest.Subtests) -> None:
    right = await ear.right(await ear.token())
    for name, (changes, expected) in WRONG.items():
        with subtests.test(name):
            answer = await ear.running.post("/v1/answers", {**right, "satisfaction": 4} | changes)
            assert [error["pointer"] for error in problem(answer, 422, "invalid-input")["errors"]] == expected
    assert (await ear.give(right)).status_code == 202


def step_done(dossier: UUID, step: str, after: str | None, at: datetime) -> CaseStepCompleted:
    changes = {
        "dossier_id": dossier,
        "step": step,
        "next_step": after,
        "next_unit": "phong-ky-thuat" if after else None,
        "completed_at": at,
    }
    return CaseStepCompleted.model_validate(golden(CaseStepCompleted.TYPE)["data"] | changes)


async def test_a_class_says_which_way_its_dossiers_went_and_whoever_was_shown_less_may_answer_as_he_was_shown(rig: Rig) -> None:
    dossier = uuid4()
    async with rig.neighbour("processing") as processing, listening(rig) as ear:
        token = await ear.token(dossier)
        before = (await ear.asked(token)).json()
        assert before["says"]["path"]["steps"] is None
        opened = CaseOpened.model_validate(golden(CaseOpened.TYPE)["data"] | {"dossier_id": dossier, "step": "B1", "opened_at": MONDAY})
        first = step_done(dossier, "B1", "B3", MONDAY + timedelta(hours=1))
        second = step_done(dossier, "B3", None, MONDAY + timedelta(days=9))
        await processing.tell(UUID(int=dossier.int ^ 1), opened, first, second)

        async def path() -> dict[str, Any]:
            return (await ear.asked(token)).json()["says"]["path"]

        assert await eventually(path, lambda found: found["steps"] == ["B1", "B3"]) == {
            "officer": (await ear.running.events(SurveyClassOpened))[0].fact.path.officer,
            "unit": "phong-ky-thuat",
            "slowest": "B3",
            "steps": ["B1", "B3"],
        }
        now = (await ear.asked(token)).json()
        problem(await ear.admit(await ear.token(), now["id"], hide(now["public_key"]).message), 409, "class-changed")
        admitted = await ear.admit(token, before["id"], hide(before["public_key"]).message)
        assert admitted.status_code == 200, admitted.text


async def test_who_was_shown_a_class_before_a_step_was_sent_back_and_walked_again_may_answer_as_he_was_shown(rig: Rig) -> None:
    dossier, unit = uuid4(), "phong-ky-thuat"
    case = UUID(int=dossier.int ^ 1)
    async with rig.neighbour("processing") as processing, listening(rig) as ear:
        token = await ear.token(dossier)
        opened = CaseOpened.model_validate(golden(CaseOpened.TYPE)["data"] | {"dossier_id": dossier, "step": "B1", "opened_at": MONDAY})
        await processing.tell(case, opened, step_done(dossier, "B1", "B2", MONDAY + timedelta(hours=9)))

        async def slowest() -> dict[str, Any]:
            return (await ear.asked(token)).json()

        shown = await eventually(slowest, lambda found: found["says"]["path"]["steps"] == ["B1", "B2"])
        assert shown["says"]["path"]["slowest"] == "B1"
        again = OpenStep(step="B1", unit=unit, role="chuyen-vien", officer=None)
        sent_back = CaseStepReopened.model_validate(
            golden(CaseStepReopened.TYPE)["data"]
            | {"dossier_id": dossier, "step": "B1", "open": [again], "undone": ["B1"], "reopened_at": MONDAY + timedelta(days=3)}
        )
        # B2 lay for three days until it was sent back. The first time in B1 is not forgotten because there was a second.
        later = [step_done(dossier, "B1", "B2", MONDAY + timedelta(days=4)), step_done(dossier, "B2", None, MONDAY + timedelta(days=5))]
        await processing.tell(case, sent_back, *later)
        now = await eventually(slowest, lambda found: found["says"]["path"]["slowest"] == "B2")
        assert now["id"] != shown["id"]
        admitted = await ear.admit(token, shown["id"], hide(shown["public_key"]).message)
        assert admitted.status_code == 200, admitted.text
