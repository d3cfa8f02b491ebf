from __future__ import annotations

import unicodedata
from typing import get_args
from uuid import UUID

import pytest

from contracts.intake import DossierAccepted, DossierRefused, DossierSubmitted
from services.intake.http_dossiers import PURPOSES, Purpose
from tests.services.intake.desk import CITIZEN, ENTERPRISE, NOT_COMPLETE, PETROL, Desk, pointers, procedure_of, submission
from tests.services.rig import AGENCY, Running, problem


async def test_a_submission_is_answered_with_an_address_and_recorded_without_personal_data(intake: Running) -> None:
    answer = await intake.post("/v1/dossiers", submission(), intake.token("desk"))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/dossiers/{answer.json()['id']}"
    (event,) = await intake.events(DossierSubmitted)
    assert str(event.stream) == answer.json()["id"]
    stored = (await intake.bodies()).decode()
    assert not [text for text in CITIZEN.values() if text != "individual" and text in stored]


async def test_of_an_enterprise_only_name_and_tax_code_are_public(intake: Running, desk: Desk) -> None:
    await desk.submit(applicant=ENTERPRISE)
    (event,) = await intake.events(DossierSubmitted)
    assert isinstance(event.fact, DossierSubmitted)
    assert event.fact.enterprise is not None
    assert (event.fact.enterprise.name, event.fact.enterprise.tax_code) == (ENTERPRISE["name"], ENTERPRISE["tax_code"])
    stored = (await intake.bodies()).decode()
    assert ENTERPRISE["phone"] not in stored
    assert ENTERPRISE["address"] not in stored


@pytest.mark.parametrize("code", ["3701234562", "3701234562-001"])
async def test_a_tax_code_has_one_of_two_forms(desk: Desk, code: str) -> None:
    assert await desk.submit(applicant=ENTERPRISE | {"tax_code": code})


async def test_the_same_key_again_is_the_same_answer_and_one_event(intake: Running, desk: Desk) -> None:
    first = await intake.post("/v1/dossiers", submission(), desk.officer, key="twice")
    kept = await desk.kept()
    again = await intake.post("/v1/dossiers", submission(), desk.officer, key="twice")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (again.headers["location"], again.headers["etag"]) == (first.headers["location"], first.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await desk.kept() == kept
    assert len(await intake.events(DossierSubmitted)) == 1


async def test_the_same_key_with_members_in_another_order_is_the_same_command(intake: Running, desk: Desk) -> None:
    first = await intake.post("/v1/dossiers", submission(), desk.officer, key="twice")
    again = await intake.post("/v1/dossiers", dict(reversed(submission().items())), desk.officer, key="twice")
    assert again.json() == first.json()


async def test_the_same_acceptance_again_gives_the_first_code_also_when_the_dossier_has_gone_on(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    first = await desk.ask(id, "acceptance", key="accept")
    await desk.do(id, "withdrawal", {"reason": "other"})
    kept = await desk.kept()
    again = await desk.ask(id, "acceptance", key="accept")
    assert again.json() == first.json()
    assert again.json()["state"] == "accepted"
    assert await desk.kept() == kept


async def test_personal_data_are_read_for_a_purpose_and_the_reading_is_recorded(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    answer = await intake.get(f"/v1/dossiers/{id}/personal", intake.token("officer", sub="cv-qltm-01"), purpose="appraisal")
    assert answer.json() == CITIZEN
    answer = await intake.get(f"/v1/dossiers/{id}/personal", desk.officer, purpose="return")
    assert answer.json() == CITIZEN
    assert await desk.readings() == [("cv-qltm-01", "appraisal"), ("desk", "return")]


async def test_personal_data_are_not_read_without_a_purpose_or_by_who_may_not(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    path = f"/v1/dossiers/{id}/personal"
    assert pointers(problem(await intake.get(path, desk.officer), 422, "invalid-input")) == ["/purpose"]
    assert pointers(problem(await intake.get(path, desk.officer, purpose="curiosity"), 422, "invalid-input")) == ["/purpose"]
    problem(await intake.get(path, intake.token("leader"), purpose="contact"), 403, "not-allowed")
    assert await desk.readings() == []


def test_the_purposes_of_the_api_are_those_of_the_vault() -> None:
    assert set(get_args(Purpose)) == PURPOSES


async def test_personal_data_that_were_erased_are_gone_and_the_dossier_goes_on(intake: Running, desk: Desk) -> None:
    id, other = await desk.submit(), await desk.submit()
    assert await intake.forget(PURPOSES, id) == 1
    problem(await intake.get(f"/v1/dossiers/{id}/personal", desk.officer, purpose="contact"), 404, "erased")
    assert (await intake.get(f"/v1/dossiers/{other}/personal", desk.officer, purpose="contact")).json() == CITIZEN
    assert (await desk.do(id, "acceptance"))["state"] == "accepted"
    assert await desk.readings() == [("dpo", "erasure"), ("desk", "contact"), ("desk", "contact")]


async def test_text_is_stored_in_one_way_of_writing_it(intake: Running, desk: Desk) -> None:
    def apart(text: str) -> str:
        return unicodedata.normalize("NFD", text)

    assert apart(ENTERPRISE["name"]) != ENTERPRISE["name"]
    id = await desk.submit(applicant=ENTERPRISE | {"name": apart(ENTERPRISE["name"]), "address": apart(ENTERPRISE["address"])})
    assert (await intake.get(f"/v1/dossiers/{id}/personal", desk.officer, purpose="contact")).json() == ENTERPRISE
    basis = "Nghị định 61/2018/NĐ-CP, Điều 17"
    await desk.do(id, "refusal", {"reason": "conditions-not-met", "legal_basis": apart(basis)})
    submitted, refused = [event.fact for event in await intake.events(stream=id)]
    assert isinstance(submitted, DossierSubmitted)
    assert isinstance(refused, DossierRefused)
    assert submitted.enterprise is not None
    assert submitted.enterprise.name == ENTERPRISE["name"]
    assert refused.legal_basis == basis


async def test_analysts_can_read_every_event_as_json_whatever_was_typed(intake: Running, desk: Desk) -> None:
    id = await desk.submit(applicant=ENTERPRISE | {"name": 'Công ty "Hòa \\ Lợi" \U0001f6e2'})
    problem(await desk.ask(id, "refusal", {"reason": "duplicate", "legal_basis": "Điều 17\u0000"}), 422, "invalid-input")
    async with intake.connected() as connection:
        name = "SELECT body #>> '{data,enterprise,name}' FROM log.event_json WHERE stream = $1"
        assert await connection.fetchval(name, UUID(id)) == 'Công ty "Hòa \\ Lợi" \U0001f6e2'


async def test_the_catalogue_is_open_to_everybody(intake: Running) -> None:
    listed = (await intake.get("/v1/procedures")).json()
    assert listed["agency"] == AGENCY
    assert PETROL in [item["code"] for item in listed["items"]]
    found = (await intake.get(f"/v1/procedures/{PETROL}")).json()
    assert found["limit"] == {"amount": 20, "unit": "working-days"}
    assert {component["code"] for component in found["components"] if component["required"]} == procedure_of(PETROL).required
    assert found["content_hash"] == procedure_of(PETROL).content_hash


async def test_a_dossier_goes_from_the_door_to_its_receipt(intake: Running, desk: Desk) -> None:
    id = await desk.submit(without={"don-de-nghi"})
    await desk.do(id, "supplement-request", NOT_COMPLETE)
    assert (await desk.dossier(id))["legal"] == ["supplement", "refusal", "withdrawal"]
    problem(await desk.ask(id, "supplement", {"components": ["dang-ky-doanh-nghiep"]}), 409, "supplement-incomplete")
    await desk.do(id, "supplement", {"components": ["don-de-nghi"]})
    receipt = await desk.do(id, "acceptance")
    assert receipt["state"] == "accepted"
    assert receipt["code"] == f"{AGENCY}-260302-0001"
    assert receipt["due_on"] == "2026-03-30"
    (event,) = await intake.events(DossierAccepted)
    assert receipt["position"] == f"intake/{event.pos}"
    assert isinstance(event.fact, DossierAccepted)
    assert event.fact.accepted_by == "desk"
