"""Somebody hands in for another: who that is lies in the vault, that it was so stands in the fact, and the receipt names both."""

from __future__ import annotations

import json
from typing import Any, Final

from contracts.intake import DossierSubmitted
from tests.services.intake.desk import CITIZEN, ENTERPRISE, Desk, pointers, submission
from tests.services.rig import Running, problem

PROXY: Final[dict[str, Any]] = {
    "name": "Trần Quốc Vượng",
    "identity_number": "074087654321",
    "phone": "0987650000",
    "authority": "authorisation",
    "paper": "Giấy ủy quyền số 15 ngày 27/02/2026",
}
BY_LAW: Final = {"name": "Lê Thị Hòa", "identity_number": "074190222333", "authority": "law"}


async def test_who_hands_in_for_another_lies_in_the_vault_and_the_fact_says_that_it_was_so(intake: Running, desk: Desk) -> None:
    for applicant, proxy in ((CITIZEN, PROXY), (ENTERPRISE, BY_LAW)):
        id = await desk.submit(applicant=applicant, representative=proxy)
        (event,) = await intake.events(DossierSubmitted, stream=id)
        assert event.fact.by_representative
        personal = Desk.done(await intake.get(f"/v1/dossiers/{id}/personal", desk.officer, purpose="identity-check"))
        assert personal == applicant | {"representative": proxy}
    bodies = await intake.bodies()
    assert not [value for proxy in (PROXY, BY_LAW) for name, value in proxy.items() if name != "authority" and value.encode() in bodies]


async def test_a_fact_of_who_hands_in_for_himself_is_written_as_it_always_was(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    async with intake.connected() as connection:
        body = await connection.fetchval("SELECT body FROM log.event WHERE stream = $1", id)
    assert "by_representative" not in json.loads(body)["data"]


async def test_an_authorisation_names_its_paper_and_an_authority_is_one_that_the_law_knows(intake: Running, desk: Desk) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({name: value for name, value in PROXY.items() if name != "paper"}, "/representative"),  # says which field
        (PROXY | {"authority": "friendship"}, "/representative/authority"),
        (PROXY | {"identity_number": "12"}, "/representative/identity_number"),
        (PROXY | {"nickname": "Vượng"}, "/representative/nickname"),
    ]
    before = await desk.kept()
    for proxy, pointer in wrong:
        answer = await intake.post("/v1/dossiers", submission(representative=proxy), desk.officer)
        assert pointer in pointers(problem(answer, 422, "invalid-input"))
    assert await desk.kept() == before


async def test_the_receipt_names_both_and_forgetting_the_one_forgets_the_other(intake: Running, desk: Desk) -> None:
    id = await desk.submit(representative=PROXY)
    await desk.do(id, "acceptance")
    slip = Desk.done(await intake.get(f"/v1/dossiers/{id}/receipt", desk.officer, personal=True))
    assert (slip["party"]["name"], slip["proxy"]["name"]) == (CITIZEN["name"], PROXY["name"])
    assert Desk.done(await intake.get(f"/v1/dossiers/{id}/receipt", desk.officer))["proxy"] is None
    await desk.do(id, "withdrawal", {"reason": "no-longer-needed"})
    intake.later(days=100)
    Desk.done(await desk.ask(id, "erasure", {"ground": "on-demand"}, intake.token("data-protection")))
    assert Desk.done(await intake.get(f"/v1/dossiers/{id}/receipt", desk.officer, personal=True))["proxy"] is None


async def test_a_draft_keeps_half_a_representative_and_says_what_is_lacking(intake: Running, desk: Desk) -> None:
    begun = await intake.post("/v1/drafts", submission(representative={"name": "Trần", "authority": "authorisation"}), desk.officer)
    faults = {fault["pointer"] for fault in Desk.done(begun)["faults"]}
    assert faults == {"/representative/identity_number", "/representative"}
