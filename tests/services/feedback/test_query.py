"""What can be asked of feedback: the invitations of a dossier, and opinions by the page without their words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.feedback.main import SERVICE
from tests.services.feedback.listening import SAID, Listening
from tests.services.rig import AGENCY, MONDAY, Rig, problem


async def listed(ear: Listening, role: str = "officer", agencies: tuple[str, ...] = (AGENCY,), **query: Any) -> dict[str, Any]:
    """List opinions, all that are recorded by now."""
    query = {"after": f"feedback/{len(await ear.running.events())}"} | query
    answer = await ear.running.get("/v1/opinions", ear.running.token(role, agencies=agencies), **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_invitation_shows_its_link_only_while_it_may_be_answered(ear: Listening) -> None:
    dossier = await ear.ended()
    (found,) = await ear.invitations(dossier)
    assert (found["state"], found["link"]) == ("open", f"/ratings#{found['token']}")
    ear.running.later(days=30)
    (expired,) = await ear.invitations(dossier)
    assert (expired["state"], expired["link"], expired["token"]) == ("expired", None, None)
    ear.running.moment = MONDAY
    await ear.right(found["token"])
    await listed(ear)
    (used,) = await ear.invitations(dossier, "portal")
    assert (used["state"], used["link"], used["token"]) == ("used", None, None)


async def test_an_invitation_is_shown_within_its_agency_only_and_a_dossier_without_one_has_none(ear: Listening) -> None:
    dossier = await ear.ended()
    assert await ear.invitations(dossier, agencies=("H10",)) == []
    assert len(await ear.invitations(dossier, agencies=("H09",))) == 1
    assert await ear.invitations(await ear.ended("refused")) != []
    answer = await ear.running.get("/v1/invitations", ear.running.token("desk"), dossier="17")
    assert problem(answer, 422, "invalid-input")["errors"][0]["pointer"] == "/dossier"


async def test_after_a_change_of_the_secret_no_link_is_shown_but_those_handed_out_are_good(rig: Rig) -> None:
    database = await rig.database(SERVICE.name, SERVICE.migrations)
    async with rig.neighbour("intake") as intake:
        async with rig.running(SERVICE, database) as running:
            ear = Listening(running, intake)
            dossier = await ear.ended()
            (found,) = await ear.invitations(dossier)
        async with rig.running(SERVICE, database, token_secret="another secret of more than 32 characters") as running:
            ear = Listening(running, intake)
            (later,) = await ear.invitations(dossier)
            assert (later["state"], later["link"]) == ("open", None)
            await ear.right(found["token"])


async def test_pages_hold_every_opinion_once_the_newest_first_and_without_words(ear: Listening) -> None:
    ids = list[str]()
    for n in range(5):
        ear.running.moment = MONDAY + timedelta(minutes=n // 2)
        ids.append(await ear.said())
    page = await listed(ear, limit=2)
    seen = list(page["items"])
    while page["next"] is not None:
        page = await listed(ear, limit=2, cursor=page["next"])
        seen += page["items"]
    assert sorted(item["id"] for item in seen) == sorted(ids)
    keys = [(item["received_at"], item["id"]) for item in seen]
    assert keys == sorted(keys, reverse=True)
    assert not [value for value in (SAID["text"], *SAID["contact"].values()) if value in str(seen)]


async def test_opinions_are_found_by_state_channel_and_topic(ear: Listening) -> None:
    delay, praise = await ear.said(), await ear.said(topic="praise", channel="box", contact=None)
    await ear.answer(delay)

    async def found(**query: Any) -> list[str]:
        return [item["id"] for item in (await listed(ear, **query))["items"]]

    assert await found(state="answered") == await found(channel="hotline") == await found(topic="delay") == [delay]
    assert await found(state="open") == await found(channel="box") == await found(topic="praise") == [praise]
    assert await found(state="open", topic="delay") == []
    assert len(await found()) == 2


async def test_an_opinion_is_seen_by_who_is_above_its_agency_and_by_nobody_beside_it(ear: Listening) -> None:
    await ear.said()
    for agencies, count in ((("H09",), 1), (("*",), 1), (("H10",), 0), (("H09.13.01",), 0), ((), 0)):
        assert len((await listed(ear, "leader", agencies))["items"]) == count, agencies


async def test_a_bad_question_is_told_what_is_wrong_with_it(ear: Listening) -> None:
    for query in ({"state": "lost"}, {"channel": "fax"}, {"topic": "weather"}, {"limit": "0"}, {"cursor": "x"}, {"after": "processing/1"}):
        answer = await ear.running.get("/v1/opinions", ear.running.token("officer"), **query)
        assert [error["pointer"] for error in problem(answer, 422, "invalid-input")["errors"]] == [f"/{name}" for name in query]
