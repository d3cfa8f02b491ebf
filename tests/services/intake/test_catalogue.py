"""One decision, many procedures: new versions come together or not at all, and what changed in them can be asked for."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from contracts.intake import CatalogueRevised, DossierAccepted, ProcedurePublished
from services.intake.catalogue import load_catalogue
from services.intake.domain.versions import LABELS, changes
from services.intake.main import SERVICE
from tests.contracts.golden import golden
from tests.services.intake.desk import PETROL, Desk, pointers
from tests.services.intake.office import BEFORE, Office
from tests.services.rig import MONDAY, problem

DECISION: Final = "1234/QĐ-UBND"


def revise(office: Office, number: str = DECISION, months: int = 7) -> list[str]:
    """Change something in every file, by one decision; give the codes."""
    for code in BEFORE.procedures:
        office.amend(code, validity_months=months)
    office.decide(number, "2026-02-20")
    return sorted(BEFORE.procedures)


async def test_all_versions_of_a_decision_come_in_one_commit_with_one_fact_that_names_them(office: Office) -> None:
    async with office.open() as desk:
        first = len(await desk.intake.events())
    codes = revise(office)
    async with office.open() as desk:
        new = (await desk.intake.events())[first:]
        async with desk.intake.connected() as connection:
            commits = await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM log.event WHERE pos > $1", first)
    assert commits == 1
    *published, revised = [event.fact for event in new]
    assert sorted(fact.code for fact in published) == codes
    assert {fact.decision for fact in published} == {DECISION}
    assert isinstance(revised, CatalogueRevised)
    assert (revised.decision, revised.signed_on.isoformat()) == (DECISION, "2026-02-20")
    named = {one.code: (one.content_hash, one.before) for one in revised.versions}
    assert named == {fact.code: (fact.content_hash, BEFORE.procedures[fact.code].content_hash) for fact in published}


async def test_if_one_file_is_wrong_no_version_of_the_decision_comes(office: Office) -> None:
    async with office.open() as desk:
        first = len(await desk.intake.events())
    revise(office)
    office.amend(PETROL, components="none")
    with pytest.raises(ValueError, match="Component"):
        async with office.open():
            pass
    office.amend(PETROL, components=[{"code": "don-de-nghi", "name": "Đơn đề nghị"}])
    async with office.open() as desk:
        assert len((await desk.intake.events())[first:]) == len(BEFORE.procedures) + 1


async def test_two_processes_that_start_at_once_bring_a_decision_into_force_once(office: Office) -> None:
    async with office.open():
        pass
    revise(office)
    load_catalogue.cache_clear()

    async def start() -> int:
        async with office.rig.running(SERVICE, office.database, catalogue=office.catalogue) as running:
            return len(await running.events(CatalogueRevised))

    assert await asyncio.gather(start(), start()) == [1, 1]


async def test_a_decision_brings_versions_once_and_what_changes_afterwards_goes_without_its_name(office: Office) -> None:
    async with office.open():
        pass
    revise(office)
    async with office.open():
        pass
    office.amend(PETROL, validity_months=8)
    async with office.open() as desk:
        assert len(await desk.intake.events(CatalogueRevised)) == 1
        *_, last = await desk.intake.events(ProcedurePublished)
    assert (last.fact.code, last.fact.validity_months, last.fact.decision) == (PETROL, 8, None)


async def test_a_dossier_stays_with_its_version_when_a_decision_replaces_all_of_them(office: Office) -> None:
    async with office.open() as desk:
        id = await desk.submit()
    revise(office)
    async with office.open() as desk:
        await desk.do(id, "acceptance")
        (event,) = await desk.intake.events(DossierAccepted, stream=id)
    assert event.fact.procedure_hash == BEFORE.procedures[PETROL].content_hash


async def test_what_changed_is_told_field_by_field_in_both_languages(office: Office) -> None:
    async with office.open() as desk:
        assert (await differences(desk))["changes"] == [], "the first version differs from none"
    limit = {"amount": 15, "unit": "working-days"}
    papers = [
        {"code": "don-de-nghi", "name": "Đơn đề nghị (mẫu mới)", "required": True},
        *BEFORE.procedures[PETROL].content["components"][2:],
    ]
    office.amend(PETROL, limit=limit, components=papers, legal_basis=[*BEFORE.procedures[PETROL].content["legal_basis"], "Nghị định mới"])
    office.decide(DECISION, "2026-02-20")
    async with office.open() as desk:
        found = await differences(desk)
        listed = Desk.done(await desk.intake.get(f"/v1/procedures/{PETROL}/versions"))
    assert [item["decision"] for item in listed["items"]] == [None, DECISION]
    assert [found["from"], found["to"]] == listed["items"]
    told = {(change["field"], change["line"]): change for change in found["changes"]}
    assert set(told) == {
        ("limit", None),
        ("components", "don-de-nghi"),
        ("components", "dang-ky-doanh-nghiep"),
        ("legal_basis", "Nghị định mới"),
    }
    assert told["limit", None]["before"] == {"amount": 20, "unit": "working-days"}
    assert told["limit", None]["after"] == limit
    assert (told["limit", None]["label"], told["limit", None]["label_en"]) == ("Thời hạn giải quyết", "Time limit")
    assert told["components", "dang-ky-doanh-nghiep"]["after"] is None
    assert told["legal_basis", "Nghị định mới"]["before"] is None


async def test_any_two_versions_can_be_compared_and_one_that_never_was_is_named(office: Office) -> None:
    async with office.open():
        pass
    for months in (7, 8):
        office.amend(PETROL, validity_months=months)
        async with office.open() as desk:
            listed = Desk.done(await desk.intake.get(f"/v1/procedures/{PETROL}/versions"))["items"]
    async with office.open() as desk:
        first, _, last = [item["content_hash"] for item in listed]
        (change,) = (await differences(desk, **{"from": first, "to": last}))["changes"]
        assert (change["before"], change["after"]) == (60, 8)
        (back,) = (await differences(desk, **{"from": last, "to": first}))["changes"]
        assert (back["before"], back["after"]) == (8, 60)
        answer = await desk.intake.get(f"/v1/procedures/{PETROL}/differences", **{"from": "0" * 64})
        assert pointers(problem(answer, 422, "invalid-input")) == ["/from"]
        problem(await desk.intake.get("/v1/procedures/3.999999/differences"), 404, "not-found")


def test_everything_that_a_version_says_has_a_name_in_both_languages() -> None:
    aside = {"code", "content_hash", "decision", "published_at"}
    assert set(LABELS) == set(ProcedurePublished.model_fields) - aside
    assert all(vi and en and vi != en for vi, en in LABELS.values())


@pytest.mark.parametrize("member", sorted(LABELS))
def test_a_change_of_any_member_is_found(member: str) -> None:
    said: dict[str, Any] = {**BEFORE.procedures[PETROL].content, member: "another"}
    if member in {"components", "fees", "limits"}:
        said[member] = [{"code": "moi", "case": "another"}]
    assert member in {change.member for change in changes(BEFORE.procedures[PETROL].content, said)}


def test_two_lines_for_the_same_are_told_apart_and_a_change_of_places_is_none() -> None:
    fees = [{"case": "Mọi trường hợp", "amount_vnd": amount} for amount in (1, 2)]
    before, after = {"fees": fees}, {"fees": [fees[0], {"case": "Mọi trường hợp", "amount_vnd": 3}]}
    (change,) = changes(before, after)
    assert (change.line, change.before["amount_vnd"], change.after["amount_vnd"]) == ("Mọi trường hợp (2)", 2, 3)
    papers = BEFORE.procedures[PETROL].content["components"]
    assert changes({"components": papers}, {"components": papers[::-1]}) == []


def test_a_version_on_file_becomes_a_fact_with_its_decision() -> None:
    fact = BEFORE.procedures[PETROL].published(MONDAY, DECISION)
    assert fact.decision == DECISION
    assert "decision" not in BEFORE.procedures[PETROL].published(MONDAY).model_dump()
    assert golden("intake.catalogue.revised.v1")["data"]["decision"] == DECISION


async def differences(desk: Desk, **query: str) -> dict[str, Any]:
    """Ask what differs."""
    return Desk.done(await desk.intake.get(f"/v1/procedures/{PETROL}/differences", **query))
