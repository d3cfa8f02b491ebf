from __future__ import annotations

from uuid import UUID

from contracts.intake import DossierReturned
from contracts.vocabulary import DossierId
from services.feedback.main import SERVICE
from tests.services.rig import AGENCY, MONDAY, Rig

DOSSIER = DossierId(UUID(int=7))
RETURNED = DossierReturned(
    dossier_id=DOSSIER,
    agency=AGENCY,
    procedure="2.000648",
    field="hoa-chat",
    code=f"{AGENCY}-260302-0001",
    channel="desk",
    returned_at=MONDAY,
    returned_by="nv-mc-01",
)


async def test_a_rating_sent_twice_is_answered_twice_with_the_position_of_the_one_rating(rig: Rig) -> None:
    async with rig.neighbour("intake") as intake, rig.running(SERVICE) as feedback:
        position = await intake.tell(DOSSIER, RETURNED)
        await feedback.reacted_to(position)
        found = await feedback.get("/v1/invitations", feedback.token("portal"), dossier=str(DOSSIER), after=position)
        rating = {"token": found.json()["items"][0]["token"], "satisfaction": 5}
        first = await feedback.post("/v1/ratings", rating, key="once")
        second = await feedback.post("/v1/ratings", rating, key="once")
        assert (first.status_code, first.json()) == (201, second.json())
        [recorded] = await feedback.events(stream=first.json()["id"])
        assert first.json()["position"] == f"feedback/{recorded.pos}"
