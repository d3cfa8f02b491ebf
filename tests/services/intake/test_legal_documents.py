"""What procedures rest on in law has a first and a last day, and somebody hears of it when the last one is near or over."""

from __future__ import annotations

import asyncio
import logging
from datetime import date
from typing import Any

import pytest

from services.intake.domain.legal_basis import NUMBER, LegalDocument, cited_in
from services.intake.legal_watch import LegalWatch
from tests.services.intake.desk import PETROL, Desk, procedure_of
from tests.services.intake.office import BEFORE
from tests.services.rig import Running

LAW = LegalDocument(number="1/2020/QH14", name="Luật", effective_from=date(2020, 1, 1), expires_on=date(2026, 3, 31))


@pytest.mark.parametrize(
    ("on", "standing"),
    [
        (date(2019, 12, 31), "not-yet"),
        (date(2020, 1, 1), "in-force"),
        (date(2026, 3, 20), "in-force"),
        (date(2026, 3, 21), "ends-soon"),
        (date(2026, 3, 31), "ends-soon"),
        (date(2026, 4, 1), "ended"),
    ],
)
def test_a_document_is_in_force_from_its_first_day_through_its_last(on: date, standing: str) -> None:
    assert LAW.standing(on, 10) == standing


def test_a_document_with_no_known_end_stays_in_force() -> None:
    endless = LegalDocument(number="2/2020/QH14", name="Luật", effective_from=date(2020, 1, 1))
    assert endless.standing(date(2199, 1, 1), 60) == "in-force"


def test_a_citation_is_read_whatever_stands_around_the_number() -> None:
    texts = ["Luật Điện lực (28/2004/QH11)", "Nghị định 83/2014/NĐ-CP, Điều 24 và Điều 25; Thông tư 168/2016/TT-BTC.", "Điều 5/2"]
    assert cited_in(texts) == {"28/2004/QH11", "83/2014/NĐ-CP", "168/2016/TT-BTC"}


def test_every_document_of_the_register_is_cited_by_a_procedure_and_named_as_one_is() -> None:
    cited = {number for entry in BEFORE.procedures.values() for number in cited_in(entry.content["legal_basis"])}
    assert {document.number for document in BEFORE.legal_documents} <= cited
    assert all(NUMBER.fullmatch(document.number) for document in BEFORE.legal_documents)


async def listed(intake: Running, **query: Any) -> dict[str, dict[str, Any]]:
    found = Desk.done(await intake.get("/v1/legal-documents", **query))
    return {item["number"]: item for item in found["items"]}


async def test_anybody_can_ask_what_rests_on_a_law_that_has_ended(intake: Running) -> None:
    ended = await listed(intake, standing="ended")
    assert ended["28/2004/QH11"]["replaced_by"] == "61/2024/QH15"
    assert ended["28/2004/QH11"]["procedures"] == sorted(
        code for code, entry in BEFORE.procedures.items() if "28/2004/QH11" in cited_in(entry.content["legal_basis"])
    )
    assert "28/2004/QH11" in await listed(intake, on="2024-12-31", standing="ends-soon")
    assert "28/2004/QH11" in await listed(intake, on="2024-06-30", standing="in-force")
    assert PETROL in (await listed(intake))["83/2014/NĐ-CP"]["procedures"]
    unknown = await listed(intake, standing="unknown")
    assert cited_in(procedure_of(PETROL).content["legal_basis"]) & unknown.keys() == {"95/2021/NĐ-CP"}


async def test_a_worker_warns_of_a_law_that_has_ended_while_a_procedure_rests_on_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="services.intake.legal_watch"):
        watching = asyncio.create_task(LegalWatch(BEFORE).keep_watching())
        await asyncio.sleep(0)
        watching.cancel()
    warned = [record.getMessage() for record in caplog.records]
    assert any("28/2004/QH11: ended" in message and "2.001561" in message for message in warned)
    assert not any("83/2014" in message for message in warned)
