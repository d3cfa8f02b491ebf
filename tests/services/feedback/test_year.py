"""The department's year with its enterprises, as the model case has it: 30 meetings, 76 petitions answered with others, 50 of 50 slips."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from contracts.feedback_campaigns import SlipIssued, SlipReturned, SlipValidated
from contracts.feedback_engagement import EngagementHeld
from contracts.feedback_petitions import PetitionAnswered, PetitionReceived
from tests.services.feedback.campaigning import begin, campaign, events_of, issue, take_in
from tests.services.feedback.listening import Listening, listening
from tests.services.feedback.petitioning import answered, done, enter
from tests.services.rig import Rig, problem

VISITS: Final = 30
PETITIONS: Final = 76
SLIPS: Final = 50
RAISED_AT_VISITS: Final = 41
"""The other petitions came by letter or telephone."""
DAYS_BETWEEN: Final = 3
YEAR: Final = {"from": "2026-01-01", "to": "2026-12-31"}
ENTERPRISE: Final = {"name": "Công ty TNHH Gỗ An Bình", "tax_code": "3701234562"}


async def put_down(ear: Listening, what: str, role: str = "officer", **body: Any) -> str:
    """Put a meeting, or a group, down; give its id."""
    answer = await ear.running.post(f"/v1/{what}", body, ear.running.token(role))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def meet(ear: Listening, kind: str = "visit", **more: Any) -> str:
    """Meet an enterprise today."""
    attendance = [{"side": "department", "seats": 3}, {"side": "enterprise", "seats": 2}]
    common: dict[str, Any] = {
        "held_on": ear.running.moment.date().isoformat(),
        "unit": "van-phong",
        "enterprises": [ENTERPRISE],
        "attendance": attendance,
    }
    return await put_down(ear, "engagements", kind=kind, **(common | more))


async def figures(ear: Listening, what: str, **period: str) -> dict[str, list[str]]:
    """Count a period: the events behind each figure."""
    after = f"feedback/{await last(ear)}"
    answer = await ear.running.get(f"/v1/{what}", ear.running.token("leader"), after=after, **period)
    assert answer.status_code == 200, answer.text
    return events_of(answer.json()["items"])


async def last(ear: Listening) -> int:
    """Give the position of the last event."""
    return (await ear.running.events())[-1].pos


async def ids(ear: Listening, kind: type[Any]) -> set[str]:
    """Give the ids of the events of a kind."""
    return {str(event.id) for event in await ear.running.events(kind)}


async def test_the_seed_year_is_counted_down_to_its_events(rig: Rig) -> None:
    # A year's slips in a few seconds are more than one network may send.
    async with listening(rig, anonymous_per_minute=10 * SLIPS) as ear:
        await live_through_the_year(ear)


async def live_through_the_year(ear: Listening) -> None:
    """Let the year happen, and count it."""
    slips = await begin(ear, from_on=ear.running.moment.date().isoformat())
    await issue(ear, slips, 1, SLIPS)
    group = await put_down(
        ear, "support-groups", "leader", decision="12/QĐ-SCT", lead="nv-vp-01", members=["nv-vp-01", "nv-tm-03"], from_on="2026-03-02"
    )
    meetings: list[str] = []
    for n in range(VISITS):
        meetings.append(await meet(ear, "work-session" if n % 3 == 2 else "visit", group_id=group, partners=["so-cong-thuong"]))
        ear.running.later(days=DAYS_BETWEEN)
    for n in range(PETITIONS):
        made = await enter(ear, channel="letter" if n >= RAISED_AT_VISITS else "in-person")
        links = {"engagement": meetings[n % VISITS]} if n < RAISED_AT_VISITS else {}
        await answered(ear, made["id"], "so-xay-dung", **links)
    for number in range(1, SLIPS + 1):
        await take_in(ear, slips, number, 1 + number % 5)

    # What counts nowhere: a meeting that was struck, a citizen's petition, a denunciation, whatever lies outside the period.
    struck = await meet(ear)
    await done_to(ear, f"engagements/{struck}/strike", reason="put-down-twice")
    await answered(ear, (await enter(ear, party="individual"))["id"])
    told = (await enter(ear))["id"]
    await done(ear, told, "classification", kind="denunciation", topic="conduct")
    await meet(ear, "dialogue-conference")

    found = await figures(ear, "engagement-figures", **YEAR)
    assert {name: len(events) for name, events in found.items()} == {
        "visits-and-work-sessions": VISITS,
        "dialogue-conferences": 1,
        "petitions-raised": PETITIONS,
        "petitions-answered": PETITIONS,
        "answered-with-other-agencies": PETITIONS,
        "late": 0,
        "invitations-issued": 0,
        "invitations-used": 0,
    }
    assert set(found["visits-and-work-sessions"]) | set(found["dialogue-conferences"]) < await ids(ear, EngagementHeld)
    assert set(found["petitions-raised"]) < await ids(ear, PetitionReceived)
    assert set(found["petitions-answered"]) < await ids(ear, PetitionAnswered)
    paper = await figures(ear, "slip-figures", **YEAR)
    assert {name: len(events) for name, events in paper.items()} == {
        "slips-issued": SLIPS,
        "slips-returned": SLIPS,
        "slips-valid": SLIPS,
        "slips-invalid": 0,
    }
    for name, kind in (("slips-issued", SlipIssued), ("slips-returned", SlipReturned), ("slips-valid", SlipValidated)):
        assert set(paper[name]) == await ids(ear, kind)
    # Fifty of fifty came back: that is the rate of response, and says nothing of who was satisfied.
    assert (await campaign(ear, slips))["response_rate"] == 100.0
    assert await ear.recorded() == SLIPS
    before = {"from": "2025-01-01", "to": "2025-12-31"}
    assert not any(
        [*(await figures(ear, "engagement-figures", **before)).values(), *(await figures(ear, "slip-figures", **before)).values()]
    )

    officer = ear.running.token("officer")
    page = (await ear.running.get("/v1/engagements", officer, limit=50)).json()["items"]
    assert sum(row["petitions"] for row in page) == RAISED_AT_VISITS
    (formed,) = (await ear.running.get("/v1/support-groups", officer)).json()["items"]
    assert (formed["id"], formed["engagements"], formed["members"]) == (group, VISITS, ["nv-vp-01", "nv-tm-03"])


async def done_to(ear: Listening, path: str, role: str = "officer", **body: Any) -> None:
    """Do something that has to work."""
    answer = await ear.running.post(f"/v1/{path}", body, ear.running.token(role))
    assert answer.status_code == 200, answer.text


async def test_a_meeting_is_put_down_when_it_was_held_and_a_group_has_a_lead_until_it_is_dissolved(ear: Listening) -> None:
    officer, leader = ear.running.token("officer"), ear.running.token("leader")
    tomorrow = {"kind": "visit", "held_on": "2026-03-03", "unit": "van-phong"}
    problem(await ear.running.post("/v1/engagements", tomorrow, officer), 409, "not-held-yet")
    group = {"decision": "12/QĐ-SCT", "lead": "nv-vp-01", "members": ["nv-tm-03"], "from_on": "2026-03-02"}
    problem(await ear.running.post("/v1/support-groups", group, leader), 409, "lead-not-member")
    id = await put_down(ear, "support-groups", "leader", **group | {"lead": "nv-tm-03"})
    await done_to(ear, f"support-groups/{id}/dissolution", "leader", decision="13/QĐ-SCT", from_on="2026-03-02")
    stranger = {"kind": "visit", "held_on": "2026-03-02", "unit": "van-phong", "group_id": str(uuid4())}
    problem(await ear.running.post("/v1/engagements", stranger, officer), 404, "no-such-group")
    problem(await ear.running.post(f"/v1/support-groups/{id}/change", group | {"lead": "nv-tm-03"}, leader), 409, "group-dissolved")
    minutes = "Doanh nghiệp đề nghị hướng dẫn thủ tục; hai bên thống nhất."
    held = await meet(ear, minutes=minutes)
    assert minutes not in (await ear.running.bodies()).decode()
    await done_to(ear, f"engagements/{held}/strike", reason="put-down-twice")
    problem(await ear.running.post(f"/v1/engagements/{held}/strike", {"reason": "not-held"}, officer), 409, "engagement-struck")
