"""When intake receives or refuses a dossier, or hands a result over, the applicant is invited: once, however often it is heard."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from contracts.catalogue import FACTS
from contracts.feedback import InvitationIssued
from kernel.eventlog import Recorded
from services.feedback.consume import NAME, reactor
from services.feedback.domain.token import hash_of
from services.feedback.main import SERVICE
from services.feedback.surveys import load_surveys
from tests.contracts.golden import golden
from tests.services.feedback.listening import Listening, ended
from tests.services.rig import AGENCY, MONDAY, Rig

INVITES = frozenset(f"intake.dossier.{what}.v1" for what in ("accepted", "returned", "refused", "supplement-requested"))


@pytest.mark.parametrize(
    ("kind", "occasion"), [("accepted", "receipt"), ("supplement-requested", "supplement"), ("returned", "result"), ("refused", "refusal")]
)
async def test_an_applicant_is_invited_after_a_receipt_a_request_for_more_a_result_and_a_refusal(
    ear: Listening, kind: str, occasion: str
) -> None:
    dossier = await ear.ended(kind)
    (event,) = await ear.running.events(InvitationIssued)
    fact = event.fact
    assert (fact.dossier_id, fact.occasion, fact.agency) == (dossier, occasion, AGENCY)
    assert (fact.issued_at, fact.expires_at) == (MONDAY, MONDAY + timedelta(days=30))
    assert (event.cause, event.actor) == (f"intake/{await ear.intake.log.head()}", "system:feedback")
    (found,) = await ear.invitations(dossier)
    assert hash_of(found["token"]) == fact.token_hash
    assert found["token"].encode() not in await ear.running.bodies()


async def test_the_same_fact_recorded_again_makes_no_second_invitation(ear: Listening) -> None:
    dossier = await ear.ended()
    before = await ear.running.bodies()
    await ear.ended(dossier=dossier)
    assert await ear.running.bodies() == before
    assert len(await ear.invitations(dossier)) == 1


async def test_intakes_log_heard_again_from_its_beginning_changes_nothing_also_for_who_has_answered(rig: Rig) -> None:
    database = await rig.database(SERVICE.name, SERVICE.migrations)
    async with rig.neighbour("intake") as intake:
        async with rig.running(SERVICE, database) as running:
            ear = Listening(running, intake)
            await ear.right(await ear.token())
            dossier = await ear.ended("refused")
            before = await running.bodies()
        owner = await asyncpg.connect(database.owner_dsn)
        await owner.execute("UPDATE log.checkpoint SET pos = 0 WHERE consumer = $1", NAME)
        await owner.close()
        async with rig.running(SERVICE, database) as running:
            ear = Listening(running, intake)
            await running.reacted_to(f"intake/{await intake.log.head()}")
            assert await running.bodies() == before
            assert len(await ear.invitations(dossier)) == 1
            assert await running.parked() == []


async def test_dossiers_that_end_together_are_each_invited_in_any_order(ear: Listening) -> None:
    dossiers = [uuid4() for _ in range(10)]
    for n, dossier in enumerate(dossiers):
        position = await ear.intake.tell(dossier, ended("returned" if n % 2 else "refused", dossier))
    await ear.running.reacted_to(position)  # pyright: ignore[reportPossiblyUnboundVariable] - there are dossiers
    assert [event.fact.dossier_id for event in await ear.running.events(InvitationIssued)] == dossiers


@pytest.mark.parametrize("type_", sorted(type_ for type_ in FACTS))
def test_of_all_facts_only_a_receipt_a_request_for_more_a_return_and_a_refusal_invite(type_: str) -> None:
    event = golden(type_)
    at = datetime.fromisoformat(event["time"])
    fact = FACTS[type_].model_validate(event["data"])
    told = Recorded("intake", 1, UUID(event["subject"]), 1, event["id"], type_, at, at, AGENCY, event["actor"], None, None, fact)
    assert (reactor(bytes(32), 30, load_surveys()).react(told) is not None) == (type_ in INVITES)
