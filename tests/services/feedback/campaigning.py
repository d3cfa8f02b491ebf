"""Surveys on paper in few words: what a leader, and a clerk with a heap of slips, does."""

from __future__ import annotations

from typing import Any, Final

import httpx2

from deploy.local.answering import hide
from tests.services.feedback.listening import Listening

FIFTY: Final = {"method": "laid-out", "slips": 50}
CAMPAIGN: Final[dict[str, Any]] = {"decision": "112/QĐ-SCT", "survey": "one-stop", "sampling": FIFTY, "from_on": "2026-03-02"}


async def begin(ear: Listening, **changes: Any) -> str:
    """Order a campaign; give its id."""
    answer = await ear.running.post("/v1/campaigns", CAMPAIGN | changes, ear.running.token("leader"))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def act(ear: Listening, id: str, what: str, *, key: str | None = None, role: str = "desk", **body: Any) -> httpx2.Response:
    """Do something with a campaign or its slips."""
    return await ear.running.post(f"/v1/campaigns/{id}/{what}", body, ear.running.token(role), key=key)


async def done(ear: Listening, id: str, what: str, *, role: str = "desk", **body: Any) -> dict[str, Any]:
    """Do something that has to work."""
    answer = await act(ear, id, what, role=role, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def issue(ear: Listening, id: str, first: int, last: int) -> None:
    """Hand slips out."""
    await done(ear, id, "issues", first=first, last=last)


async def right(ear: Listening, id: str, number: int) -> dict[str, str]:
    """Find a slip valid; give what the answer on it needs."""
    offered = await done(ear, id, "class")
    hidden = hide(offered["public_key"])
    signed = await done(ear, id, "validations", number=number, class_id=offered["id"], blinded=hidden.message)
    return {"class_id": offered["id"], **hidden.uncovered(signed["signature"])}


async def take_in(ear: Listening, id: str, number: int, satisfaction: int = 4, **more: Any) -> str:
    """Take a valid slip in, and put the answer on it into the box; give the answer's id."""
    await done(ear, id, "returns", number=number)
    answer = await ear.give(await right(ear, id, number), satisfaction, **more)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def campaign(ear: Listening, id: str) -> dict[str, Any]:
    """Give a campaign with all that is known by now."""
    after = f"feedback/{(await ear.running.events())[-1].pos}"
    answer = await ear.running.get(f"/v1/campaigns/{id}", ear.running.token("leader"), after=after)
    assert answer.status_code == 200, answer.text
    return answer.json()


def events_of(items: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Give the events behind each figure, each once and as many as it says."""
    assert all(item["count"] == len(item["events"]) == len(set(item["events"])) for item in items)
    return {item["name"]: item["events"] for item in items}
