"""Original papers that were taken for comparison: who has each, however the dossier stands, and that each goes back (E-47)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from contracts.intake_originals import (
    DossierOriginalLost,
    DossierOriginalPassedOn,
    DossierOriginalReturned,
    DossierOriginalTaken,
)
from services.intake.domain.commands import GiveOriginalBack, PassOriginalOn, ReportOriginalLost, TakeOriginal
from services.intake.domain.dossier import DECIDER
from tests.services.intake.desk import Desk, pointers
from tests.services.intake.test_dossier import COMPLETE, accepted, ready, refused, return_, returned, submitted, told, withdrawn
from tests.services.rig import Running, problem
from tests.specification import given

taken: DossierOriginalTaken = told("original-taken")
passed_on: DossierOriginalPassedOn = told("original-passed-on")
given_back: DossierOriginalReturned = told("original-returned")
lost: DossierOriginalLost = told("original-lost")
take = TakeOriginal(component=taken.component, at=taken.taken_at, by=taken.taken_by)
pass_on = PassOriginalOn(original=1, to=passed_on.holder, at=passed_on.passed_at, by=passed_on.passed_by)
give_back = GiveOriginalBack(original=1, at=given_back.returned_at, by=given_back.returned_by)
report_lost = ReportOriginalLost(original=1, at=lost.lost_at, by=lost.reported_by)
RECEIVED: Final = (*COMPLETE, accepted)


def test_e_47_an_original_is_taken_passed_on_and_given_back_and_its_holder_is_known_all_the_while() -> None:
    given(DECIDER, submitted).when(take).then(taken)
    given(DECIDER, submitted, taken).when(pass_on).then(passed_on)
    given(DECIDER, submitted, taken, passed_on).when(give_back).then(given_back)
    (original,) = given(DECIDER, submitted, taken, passed_on).state.dossier.originals
    assert (original.state, original.holder, original.since) == ("held", passed_on.holder, passed_on.passed_at)


def test_e_47_the_second_original_of_the_same_component_is_another() -> None:
    second = taken.model_copy(update={"original": 2})
    given(DECIDER, submitted, taken).when(take).then(second)
    state = given(DECIDER, submitted, taken, second, given_back).state
    assert [one.state for one in state.dossier.originals] == ["given-back", "held"]


def test_e_48_who_had_it_last_stands_in_the_fact_that_it_is_lost_and_what_is_found_goes_back() -> None:
    given(DECIDER, submitted, taken, passed_on).when(report_lost).then(lost)
    given(DECIDER, submitted, taken, passed_on, lost).when(give_back).then(given_back)


def test_twice_is_once_and_what_is_not_here_cannot_be_moved() -> None:
    history = (submitted, taken, passed_on)
    given(DECIDER, *history).when(pass_on).then_nothing()
    given(DECIDER, *history, given_back).when(give_back).then_nothing()
    given(DECIDER, *history, lost).when(report_lost).then_nothing()
    given(DECIDER, *history, lost).when(pass_on).then_refused("original-not-held")
    given(DECIDER, *history, given_back).when(report_lost).then_refused("original-not-held")
    given(DECIDER, *history).when(replace(give_back, original=2)).then_refused("no-such-original")
    for command in (take, give_back):
        given(DECIDER).when(command).then_refused("no-such-dossier")


@pytest.mark.parametrize("history", [(submitted, withdrawn), (submitted, refused), (*RECEIVED, ready, returned)])
def test_e_47_of_a_dossier_that_is_over_none_is_taken_and_what_is_here_goes_back(history: tuple[Any, ...]) -> None:
    given(DECIDER, *history).when(take).then_refused("not-now")
    given(DECIDER, submitted, taken, passed_on, *history[1:]).when(give_back).then(given_back)


def test_e_47_the_result_is_handed_over_when_every_original_is_back_or_lost() -> None:
    history = (submitted, taken, passed_on, *RECEIVED[1:], ready)
    refusal = given(DECIDER, *history).when(return_).then_refused("originals-held")
    assert refusal.detail == {"legal": ["return"], "originals": [1]}
    for over in (given_back, lost):
        given(DECIDER, *history, over).when(return_).then(returned)


async def test_the_desk_lists_what_it_holds_with_holder_and_dossier(intake: Running, desk: Desk) -> None:
    id, other = await desk.accepted(), await desk.accepted()
    await desk.do(id, "originals", {"component": "dang-ky-doanh-nghiep"})
    await desk.do(other, "originals", {"component": "don-de-nghi"})
    await desk.do(id, "originals/1/passing-on", {"to": "nv-tm-03"})
    last = await desk.do(other, "originals/1/return")
    assert last["originals"][0]["state"] == "given-back"
    (row,) = desk.done(await intake.get("/v1/originals", desk.officer, after=last["position"]))["items"]
    assert (row["dossier_id"], row["dossier_state"], row["state"], row["holder"]) == (id, "accepted", "held", "nv-tm-03")
    assert (await desk.dossier(id))["originals_held"] == [1]
    (shown,) = desk.done(await intake.get(f"/v1/dossiers/{id}/originals", desk.officer))["items"]
    assert (shown["component"], shown["holder"]) == ("dang-ky-doanh-nghiep", "nv-tm-03")
    last = await desk.do(id, "originals/1/loss")
    (row,) = desk.done(await intake.get("/v1/originals", desk.officer, after=last["position"]))["items"]
    assert (row["state"], row["holder"]) == ("lost", "nv-tm-03")


async def test_what_cannot_be_is_refused_and_leaves_nothing(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    before = await desk.kept()
    assert pointers(problem(await desk.ask(id, "originals", {"component": "giay-la"}), 422, "invalid-input")) == ["/component"]
    problem(await desk.ask(id, "originals/1/return"), 404, "no-such-original")
    problem(await desk.ask(id, "originals/0/return"), 422, "invalid-input")
    stranger = intake.token("desk", agencies=("H09.14",))
    problem(await desk.ask(id, "originals", {"component": "don-de-nghi"}, stranger), 403, "other-agency")
    assert await desk.kept() == before
