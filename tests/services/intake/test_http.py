"""The door over HTTP: a real service, a real database."""

from __future__ import annotations

from contracts.intake import DossierSubmitted
from tests.services.intake.desk import CITIZEN, submission
from tests.services.rig import Running


async def test_a_submission_is_answered_with_an_address_and_recorded_without_personal_data(intake: Running) -> None:
    answer = await intake.post("/v1/dossiers", submission(), intake.token("desk"))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/dossiers/{answer.json()['id']}"
    (event,) = await intake.events(DossierSubmitted)
    assert str(event.stream) == answer.json()["id"]
    stored = (await intake.bodies()).decode()
    assert not [text for text in CITIZEN.values() if text != "individual" and text in stored]
