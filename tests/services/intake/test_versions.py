"""A dossier is pinned to the version of its procedure that it was submitted under, however the catalogue changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

import pytest

from contracts.intake import DossierAccepted, ProcedurePublished
from services.intake.catalogue import as_published
from tests.services.intake.desk import CHEMICALS, NOT_COMPLETE, PETROL, pointers, procedure_of, submission
from tests.services.intake.office import BEFORE, Office
from tests.services.rig import MONDAY, problem

DATED: Final = "2.001434"
"""A tenth off the fee until the end of 2025 for who files online."""


def amended(office: Office) -> None:
    """Shorten the limit, raise the fee, change when the clock starts and what it does, and ask for other papers."""
    papers = [{"code": "giay-moi", "name": "Giấy tờ mới", "required": True}]
    fees = [{"case": "Mọi trường hợp", "amount_vnd": 1}]
    limit = {"amount": 3, "unit": "calendar-days"}
    office.amend(PETROL, limit=limit, start_rule="arrival", supplement_mode="pause", fees=fees, components=papers)


def dropped(office: Office) -> None:
    """Offer the procedure no longer."""
    office.file(PETROL).unlink()


@pytest.mark.parametrize("change", [amended, dropped])
async def test_a_dossier_is_received_under_the_version_that_it_was_submitted_under(
    office: Office, change: Callable[[Office], None]
) -> None:
    async with office.open() as desk:
        id, other = await desk.submit(without={"don-de-nghi"}), await desk.accepted()
        await desk.do(id, "supplement-request", NOT_COMPLETE)
        (control,) = [event.fact for event in await desk.intake.events(DossierAccepted, stream=other)]
    change(office)
    async with office.open() as desk:
        await desk.do(id, "supplement", {"components": ["don-de-nghi"]})
        receipt = await desk.do(id, "acceptance")
        (fact,) = [event.fact for event in await desk.intake.events(DossierAccepted, stream=id)]
    assert receipt["due_on"] == control.deadline.due_on.isoformat() == "2026-03-30"
    same = ("procedure_hash", "deadline", "fee_vnd", "supplement_mode")
    assert [getattr(fact, name) for name in same] == [getattr(control, name) for name in same]
    assert fact.procedure_hash == BEFORE.procedures[PETROL].content_hash


async def test_what_may_be_asked_for_and_brought_is_the_pinned_versions_too(office: Office) -> None:
    async with office.open() as desk:
        id = await desk.submit(without={"don-de-nghi"})
    amended(office)
    new = {"missing": [{"component": "giay-moi", "reason": "absent"}]}
    async with office.open() as desk:
        assert pointers(problem(await desk.ask(id, "supplement-request", new), 422, "invalid-input")) == ["/missing/0"]
        await desk.do(id, "supplement-request", NOT_COMPLETE)
        answer = await desk.ask(id, "supplement", {"components": ["don-de-nghi", "giay-moi"]})
        assert pointers(problem(answer, 422, "invalid-input")) == ["/components/1"]


async def test_what_is_submitted_after_the_change_follows_the_new_version(office: Office) -> None:
    async with office.open() as desk:
        await desk.submit()
    amended(office)
    async with office.open() as desk:
        answer = await desk.intake.post("/v1/dossiers", submission(components=["giay-moi"]), desk.officer)
        receipt = await desk.do(desk.done(answer)["id"], "acceptance")
        (fact,) = [event.fact for event in await desk.intake.events(DossierAccepted)]
        assert (receipt["due_on"], fact.fee_vnd, fact.supplement_mode) == ("2026-03-05", 1, "pause")


async def test_a_procedure_that_is_offered_no_longer_can_be_submitted_no_longer(office: Office) -> None:
    dropped(office)
    async with office.open() as desk:
        answer = await desk.intake.post("/v1/dossiers", submission(), desk.officer)
        assert pointers(problem(answer, 422, "invalid-input")) == ["/procedure"]


async def test_a_version_is_published_once_and_again_with_its_own_id_when_it_comes_back(office: Office) -> None:
    async def published() -> list[str]:
        async with office.open() as desk:
            return [event.id for event in await desk.intake.events(ProcedurePublished) if event.fact.code == PETROL]

    content = office.file(PETROL).read_text(encoding="utf-8")
    assert len(await published()) == len(await published()) == 1
    amended(office)
    assert len(await published()) == 2
    office.file(PETROL).write_text(content, encoding="utf-8")
    ids = await published()
    assert len(ids) == len(set(ids)) == 3


@pytest.mark.parametrize("code", [PETROL, CHEMICALS, DATED])
def test_a_version_read_from_its_fact_is_the_one_on_file_with_the_days_that_its_fees_hold_for(code: str) -> None:
    version = procedure_of(code)
    stored = ProcedurePublished.model_validate_json(version.published(MONDAY).model_dump_json())
    again = as_published(stored)
    assert again == version
    days = [date(2023, 11, 30), date(2023, 12, 1), date(2025, 12, 31), date(2026, 1, 1)]
    fees = [again.fee_vnd(day, "enterprise", "online") for day in days]
    assert fees == [version.fee_vnd(day, "enterprise", "online") for day in days]
    if code == DATED:
        assert fees == [5_000_000, 4_500_000, 4_500_000, 5_000_000]
