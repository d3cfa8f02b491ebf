"""The door over HTTP: a real service, a real database."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from contracts.intake import DossierSubmitted
from services.intake.main import SERVICE
from tests.services.rig import Rig, Running

CITIZEN: dict[str, Any] = {
    "kind": "individual",
    "name": "Nguyễn Thị Ánh",
    "identity_number": "079123456789",
    "phone": "0912345678",
    "address": "12 Đường Yersin, Thủ Dầu Một",
}


@pytest.fixture
async def intake(rig: Rig) -> AsyncGenerator[Running]:
    async with rig.running(SERVICE) as running:
        yield running


async def submission(intake: Running) -> dict[str, Any]:
    """A complete dossier for the first procedure of the catalogue."""
    procedure = (await intake.get("/v1/procedures")).json()["items"][0]["code"]
    found = (await intake.get(f"/v1/procedures/{procedure}")).json()
    components = [component["code"] for component in found["components"] if component["required"]]
    return {"procedure": procedure, "channel": "desk", "applicant": CITIZEN, "components": components}


async def test_a_submission_is_answered_with_an_address_and_recorded_without_personal_data(intake: Running) -> None:
    answer = await intake.post("/v1/dossiers", await submission(intake), intake.token("desk"))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/dossiers/{answer.json()['id']}"
    (event,) = await intake.events(DossierSubmitted)
    assert str(event.stream) == answer.json()["id"]
    stored = (await intake.bodies()).decode()
    assert not [text for text in CITIZEN.values() if text != "individual" and text in stored]
