"""Surveys on paper: a slip is handed out, comes back and is judged, each once; the answer on it leads to no number."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from contracts.feedback_campaigns import (
    CampaignClosed,
    CampaignOpened,
    Sampling,
    SlipInvalidated,
    SlipIssued,
    SlipReturned,
    SlipValidated,
)
from contracts.feedback_surveys import AnswerRecorded
from contracts.vocabulary import CampaignId, SurveyClassId
from deploy.local.answering import hide
from services.feedback.domain import campaign, slip
from services.feedback.domain.campaign import Close, Closed, IssueSlips, Open, Running, slip_id
from services.feedback.domain.slip import Invalidate, Return, Validate
from services.feedback.settings import FeedbackSettings
from services.feedback.surveys import load_surveys
from tests.services.feedback.campaigning import CAMPAIGN, act, begin, done, events_of, issue, take_in
from tests.services.feedback.campaigning import campaign as found_campaign
from tests.services.feedback.listening import Listening
from tests.services.feedback.test_answers import everything
from tests.services.rig import AGENCY, MONDAY, problem
from tests.specification import given

ID: Final = CampaignId(UUID(int=7))
CLASS: Final = SurveyClassId(UUID(int=8))
LEAST: Final = FeedbackSettings.model_fields["answers_min"].default
WHO: Final[dict[str, Any]] = {"officer": "nv-mc-01", "at": MONDAY}

opened = CampaignOpened(
    campaign_id=ID,
    agency=AGENCY,
    decision="112/QĐ-SCT",
    survey="a" * 64,
    sampling=Sampling(method="laid-out"),
    slips=3,
    from_on=MONDAY.date(),
    opened_by="ld-01",
    opened_at=MONDAY,
)
closed = CampaignClosed(campaign_id=ID, agency=AGENCY, closed_by="nv-mc-01", closed_at=MONDAY)
running = Running(id=ID, agency=AGENCY, survey="a" * 64, slips=3, issued=frozenset({1, 2}))


def which(number: int) -> dict[str, Any]:
    return {"slip_id": slip_id(ID, number), "campaign_id": ID, "agency": AGENCY, "number": number}


def out(number: int) -> SlipIssued:
    return SlipIssued(**which(number), issued_by="nv-mc-01", issued_at=MONDAY)


# Decided.


def test_slips_are_handed_out_each_once_and_all_of_a_command_or_none() -> None:
    given(campaign.DECIDER, opened).when(IssueSlips(numbers=[1, 2], **WHO)).then(out(1), out(2))
    given(campaign.DECIDER, opened, out(2)).when(IssueSlips(numbers=[1, 2], **WHO)).then_refused("slip-issued")
    assert given(campaign.DECIDER, opened).when(IssueSlips(numbers=[3, 4], **WHO)).then_refused("no-such-slip").detail == {"number": 4}


def test_a_campaign_is_begun_once_and_closed_once_and_then_hands_nothing_out() -> None:
    given(campaign.DECIDER).when(Open(opened)).then(opened)
    given(campaign.DECIDER, opened).when(Open(opened)).then_nothing()
    given(campaign.DECIDER, opened).when(Close(**WHO)).then(closed)
    given(campaign.DECIDER, opened, closed).when(Close(**WHO)).then_nothing()
    given(campaign.DECIDER, opened, closed).when(IssueSlips(numbers=[1], **WHO)).then_refused("campaign-closed")
    given(campaign.DECIDER).when(Close(**WHO)).then_refused("no-such-campaign")


def do(act: Return | Validate | Invalidate, number: int = 1, *, ended: bool = False) -> slip.Command:
    return slip.Command(act=act, campaign=Closed(running) if ended else running, number=number, **WHO)


back = SlipReturned(**which(1), returned_by="nv-mc-01", returned_at=MONDAY)
valid = SlipValidated(**which(1), class_id=CLASS, blinded_hash="b" * 64, validated_by="nv-mc-01", validated_at=MONDAY)
invalid = SlipInvalidated(**which(1), reason="illegible", invalidated_by="nv-mc-01", invalidated_at=MONDAY)
validate = Validate(CLASS, frozenset({CLASS}), "b" * 64)
ACTS: Final = {
    "return": Return(),
    "validate": validate,
    "other": Validate(CLASS, frozenset({CLASS}), "c" * 64),
    "drop": Invalidate("illegible"),
}
HISTORIES: Final[dict[str, tuple[Any, ...]]] = {"out": (), "back": (back,), "valid": (back, valid), "invalid": (back, invalid)}
OUTCOMES: Final[dict[tuple[str, str], Any]] = {
    ("out", "return"): back,
    ("out", "validate"): "slip-not-returned",
    ("out", "drop"): "slip-not-returned",
    ("back", "return"): "slip-returned",
    ("back", "validate"): valid,
    ("back", "drop"): invalid,
    ("valid", "return"): "slip-returned",
    ("valid", "validate"): None,
    ("valid", "other"): "slip-judged",
    ("valid", "drop"): "slip-judged",
    ("invalid", "return"): "slip-returned",
    ("invalid", "validate"): "slip-judged",
    ("invalid", "drop"): "slip-judged",
}


@pytest.mark.parametrize(("history", "act"), OUTCOMES)
def test_a_slip_comes_back_once_and_is_judged_once(history: str, act: str) -> None:
    when = given(slip.DECIDER, *HISTORIES[history]).when(do(ACTS[act]))
    match OUTCOMES[history, act]:
        case None:
            when.then_nothing()
        case str(reason):
            assert when.then_refused(reason).detail == {"number": 1}
        case fact:
            when.then(fact)


def test_a_slip_that_nobody_had_or_whose_campaign_is_over_does_not_come_back_and_one_that_did_is_still_judged() -> None:
    given(slip.DECIDER).when(do(Return(), 3)).then_refused("slip-not-issued")
    given(slip.DECIDER).when(do(Return(), ended=True)).then_refused("campaign-closed")
    given(slip.DECIDER, back).when(do(validate, ended=True)).then(valid)


def test_a_slip_gives_no_right_to_an_answer_of_another_class() -> None:
    given(slip.DECIDER, back).when(do(Validate(CLASS, frozenset(), "b" * 64))).then_refused("class-changed")


# Over HTTP.


async def test_issued_returned_and_valid_are_three_counts_each_down_to_its_events(ear: Listening) -> None:
    id = await begin(ear)
    await issue(ear, id, 1, 10)
    for number in range(1, 7):
        await take_in(ear, id, number, points={"attitude": 2})
    await done(ear, id, "returns", number=7)
    await done(ear, id, "invalidations", number=7, reason="contradictory")
    await done(ear, id, "returns", number=8)
    found = await found_campaign(ear, id)
    counts = {name: found[name] for name in ("slips", "issued", "returned", "valid", "invalid", "response_rate", "valid_rate")}
    assert counts == {"slips": 50, "issued": 10, "returned": 8, "valid": 6, "invalid": 1, "response_rate": 80.0, "valid_rate": 75.0}
    assert (found["sampling"]["method"], found["places"]) == ("laid-out", [])
    events = events_of(found["figures"])
    told = {
        "slips-issued": SlipIssued,
        "slips-returned": SlipReturned,
        "slips-valid": SlipValidated,
        "slips-invalid": SlipInvalidated,
        "slips-invalid:contradictory": SlipInvalidated,
    }
    assert events.keys() == told.keys()
    for name, kind in told.items():
        assert set(events[name]) == {event.id for event in await ear.running.events(kind)}, name
    listed = (await ear.running.get("/v1/campaigns", ear.running.token("officer"))).json()["items"]
    assert [{name: one[name] for name in counts} for one in listed] == [counts]
    assert await ear.recorded() == 6
    facts = [event.fact for event in await ear.running.events(AnswerRecorded)]
    assert {(fact.campaign, fact.survey, fact.procedure) for fact in facts} == {(UUID(id), load_surveys()["one-stop"].content_hash, None)}


async def test_whatever_is_stored_with_the_answer_on_a_slip_is_stored_with_every_slip_or_with_none(ear: Listening) -> None:
    id = await begin(ear)
    await issue(ear, id, 1, LEAST)
    answers = [await take_in(ear, id, number, number) for number in range(1, LEAST + 1)]
    assert await ear.recorded() == LEAST
    stored = await everything(ear)

    def beside(name: str) -> set[str]:
        return set[str]().union(*(row for row in stored if name in row))

    of_answers = [beside(name) for name in answers]
    of_slips = [beside(str(slip_id(CampaignId(UUID(id)), number))) for number in range(1, LEAST + 1)]
    assert all(len(found) > 1 for found in (*of_answers, *of_slips))
    for found in of_answers:
        assert len({frozenset(found & other) for other in of_slips}) == 1, "what they share tells no two slips apart"


async def test_of_a_sample_is_told_which_places_of_the_list_its_slips_go_to(ear: Listening) -> None:
    id = await begin(ear, sampling={"method": "random", "frame": 40, "slips": 5, "seed": "xo-so 02/03"})
    found = await found_campaign(ear, id)
    assert (found["slips"], len(found["places"])) == (5, 5)
    assert found["sampling"] == {"method": "random", "frame": 40, "first": None, "nth": None, "seed": "xo-so 02/03"}
    every = await found_campaign(ear, await begin(ear, sampling={"method": "every-nth", "frame": 10, "first": 2, "nth": 4}))
    assert (every["slips"], every["places"]) == (3, [2, 6, 10])
    everybody = await found_campaign(ear, await begin(ear, sampling={"method": "all", "frame": 3}))
    assert (everybody["slips"], everybody["places"]) == (3, [1, 2, 3])


WRONG: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a questionnaire that there is not": ({"survey": "weather"}, "/survey"),
    "no method": ({"sampling": {"slips": 50}}, "/sampling"),
    "more slips than places": ({"sampling": {"method": "random", "frame": 9, "slips": 10, "seed": "x"}}, "/sampling/slips"),
    "no seed": ({"sampling": {"method": "random", "frame": 9, "slips": 5, "seed": " "}}, "/sampling/seed"),
    "a first that is after the n-th": ({"sampling": {"method": "every-nth", "frame": 9, "first": 4, "nth": 3}}, "/sampling/first"),
    "more of all than there are slips": ({"sampling": {"method": "all", "frame": 2001}}, "/sampling/frame"),
    "a decision of blanks": ({"decision": "  "}, "/decision"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_campaign_that_is_ordered_wrongly_is_refused_by_name(ear: Listening, what: str) -> None:
    changes, pointer = WRONG[what]
    answer = await ear.running.post("/v1/campaigns", CAMPAIGN | changes, ear.running.token("leader"))
    assert [error["pointer"] for error in problem(answer, 422, "invalid-input")["errors"]] == [pointer]
    assert await ear.running.kept() == {"log.event": 0, "vault.entry": 0, "edge.command": 0}


async def test_a_blank_number_one_that_there_is_not_and_one_that_came_before_are_refused(ear: Listening) -> None:
    id = await begin(ear)
    await issue(ear, id, 1, 3)
    await done(ear, id, "returns", number=1)
    kept = await ear.running.kept()
    for number in (None, "", 0, "1"):
        found = problem(await act(ear, id, "returns", number=number), 422, "invalid-input")
        assert [error["pointer"] for error in found["errors"]] == ["/number"]
    assert problem(await act(ear, id, "returns", number=1), 409, "slip-returned")["number"] == 1
    problem(await act(ear, id, "returns", number=4), 409, "slip-not-issued")
    problem(await act(ear, id, "invalidations", number=2, reason="copied"), 409, "slip-not-returned")
    problem(await act(ear, id, "issues", first=3, last=5), 409, "slip-issued")
    problem(await act(ear, id, "issues", first=50, last=51), 404, "no-such-slip")
    assert [e["pointer"] for e in problem(await act(ear, id, "issues", first=5, last=4), 422, "invalid-input")["errors"]] == ["/last"]
    bodies: dict[str, dict[str, Any]] = {"returns": {"number": 1}, "issues": {"first": 1, "last": 1}, "class": {}, "close": {}}
    for what, body in bodies.items():
        role = "leader" if what == "close" else "desk"
        problem(await act(ear, str(uuid4()), what, role=role, **body), 404, "no-such-campaign")
    assert await ear.running.kept() == kept


async def test_of_many_clerks_who_take_the_same_slip_back_one_counts_and_the_same_command_again_is_the_same(ear: Listening) -> None:
    id = await begin(ear)
    await issue(ear, id, 1, 2)
    answers = await asyncio.gather(*(act(ear, id, "returns", number=1) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    twins = await asyncio.gather(*(act(ear, id, "returns", number=2, key="once") for _ in range(4)))
    assert {answer.status_code for answer in twins} == {200}
    assert len(await ear.running.events(SlipReturned)) == 2


async def test_a_valid_slip_gives_one_answer_and_what_was_signed_is_signed_again_for_who_lost_the_signature(ear: Listening) -> None:
    id = await begin(ear)
    await issue(ear, id, 1, 1)
    await done(ear, id, "returns", number=1)
    offered = await done(ear, id, "class")
    hidden, other = hide(offered["public_key"]), hide(offered["public_key"])
    what: dict[str, Any] = {"number": 1, "class_id": offered["id"]}
    lost = await done(ear, id, "validations", blinded=hidden.message, **what)
    found = await done(ear, id, "validations", blinded=hidden.message, **what)
    assert lost["signature"] == found["signature"]
    own = {"class_id": offered["id"], **hidden.uncovered(found["signature"])}
    assert (await ear.give(own, 2)).status_code == 202
    problem(await ear.give(own, 5), 409, "token-used")
    problem(await act(ear, id, "validations", blinded=other.message, **what), 409, "slip-judged")
    found = problem(await act(ear, id, "validations", blinded="A" * 342, **what), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == ["/blinded"]
    assert len(await ear.running.events(SlipValidated)) == 1


async def test_what_was_asked_for_before_midnight_of_the_last_of_a_month_is_signed_after_it_and_no_other_class(ear: Listening) -> None:
    ear.running.moment = MONDAY.replace(day=31, hour=16)
    id, other = await begin(ear), await begin(ear)
    await issue(ear, id, 1, 1)
    await done(ear, id, "returns", number=1)
    offered, foreign = await done(ear, id, "class"), await done(ear, other, "class")
    ear.running.later(hours=2)
    assert (await done(ear, id, "class"))["id"] != offered["id"]
    assert (offered["says"]["campaign"], foreign["says"]["campaign"]) == (id, other)
    refused = await act(ear, id, "validations", number=1, class_id=foreign["id"], blinded=hide(foreign["public_key"]).message)
    problem(refused, 409, "class-changed")
    await done(ear, id, "validations", number=1, class_id=offered["id"], blinded=hide(offered["public_key"]).message)


async def test_who_may_what(ear: Listening) -> None:
    id = await begin(ear)
    problem(await ear.running.post("/v1/campaigns", CAMPAIGN), 401, "token-missing")
    problem(await ear.running.post("/v1/campaigns", CAMPAIGN, ear.running.token("officer")), 403, "not-allowed")
    problem(await ear.running.post("/v1/campaigns", CAMPAIGN, ear.running.token("leader", agencies=("H10",))), 403, "other-agency")
    problem(await act(ear, id, "issues", role="leader", first=1, last=1), 403, "not-allowed")
    problem(await act(ear, id, "close"), 403, "not-allowed")
    after = f"feedback/{(await ear.running.events())[-1].pos}"
    stranger = ear.running.token("leader", agencies=("H10",))
    problem(await ear.running.get(f"/v1/campaigns/{id}", stranger, after=after), 404, "no-such-campaign")
    assert (await ear.running.get("/v1/campaigns", stranger)).json()["items"] == []
    await done(ear, id, "close", role="leader")
    problem(await act(ear, id, "issues", first=1, last=1), 409, "campaign-closed")
