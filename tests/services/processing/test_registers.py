"""Coordination agreements and controlled documents: what holds on a day, and what may not overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from contracts.processing_organisation import AgreementConcluded, ControlledDocumentIssued
from kernel.eventlog import Refused
from services.processing.domain import agreements, controlled_documents
from services.processing.domain.agreements import End
from services.processing.domain.controlled_documents import Withdraw
from services.processing.organisation import load_documents, load_organisation
from services.processing.settings import HERE
from tests.services.processing.dossiers import CHEMICALS, ORGANISATION, WINE
from tests.services.rig import AGENCY
from tests.specification import Given

AT: Final = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DAY: Final = date(2026, 4, 1)
LATER: Final = date(2026, 6, 1)
BASIS: Final = "Quyết định 45/QĐ-SCT ngày 20/02/2026"
DOCUMENTS: Final = load_documents(HERE / "controlled_documents.yaml", AGENCY, AT).documents
AGREED: Final = load_organisation(ORGANISATION).agreements(AGENCY, AT).agreements


def of_documents(*facts: Any) -> Given:
    return Given(controlled_documents.DECIDER, facts)


def of_agreements(*facts: Any) -> Given:
    return Given(agreements.DECIDER, facts)


def issue(number: int, from_on: date = DAY, code: str = "QT-SCT-20", **changes: Any) -> ControlledDocumentIssued:
    said = {
        "agency": AGENCY,
        "code": code,
        "issue": number,
        "title": "Quy trình",
        "title_en": "Procedure",
        "standard": "TCVN ISO 9001:2015",
    }
    governs = {"field": None, "procedures": (WINE,), "approved_by": "nv-bgd-01", "from_on": from_on, "basis": BASIS, "issued_at": AT}
    return ControlledDocumentIssued.model_validate(said | governs | changes)


def agreement(code: str = "QCPH-HC-09", **changes: Any) -> AgreementConcluded:
    said = {"agency": AGENCY, "code": code, "area": "chemicals", "partner": "so-y-te", "partner_name": "Sở Y tế"}
    until = {"partner_name_en": "Health", "answer_days": 4, "signed_on": DAY, "from_on": DAY, "to_on": LATER, "basis": BASIS}
    return AgreementConcluded.model_validate(said | until | {"concluded_at": AT} | changes)


# Controlled documents. ---------------------------------------------------------------------------------------------------


def test_the_seed_has_a_document_for_each_of_sixteen_fields_and_is_written_once() -> None:
    seed = controlled_documents.Seed(documents=DOCUMENTS)
    of_documents().when(seed).then(*DOCUMENTS)
    of_documents(*DOCUMENTS).when(seed).then_nothing()
    assert len(controlled_documents.in_force(of_documents(*DOCUMENTS).state, DAY)) == 16


def test_a_new_issue_takes_the_place_of_the_one_before_which_stays_readable() -> None:
    state = of_documents(issue(1), issue(2, LATER)).state
    day_before = LATER - timedelta(days=1)
    assert [found.issue for day in (DAY, day_before, LATER) for found in controlled_documents.in_force(state, day)] == [1, 1, 2]
    assert [found.issue for found in state["QT-SCT-20"].issues] == [1, 2]
    assert controlled_documents.in_force(state, DAY - timedelta(days=1)) == []


def test_the_issue_that_names_a_procedure_governs_it_before_the_one_of_its_field() -> None:
    state = of_documents(*DOCUMENTS, issue(1)).state
    governed = {
        procedure: found.code
        for procedure, field in ((WINE, "luu-thong-hang-hoa"), (CHEMICALS, "hoa-chat"))
        if (found := controlled_documents.governing(state, procedure, field, DAY))
    }
    assert governed == {WINE: "QT-SCT-20", CHEMICALS: "QT-SCT-09"}
    assert controlled_documents.governing(state, WINE, "luu-thong-hang-hoa", DAY - timedelta(days=1)) == DOCUMENTS[0]
    assert controlled_documents.governing(state, WINE, "khong-co", date(2017, 1, 1)) is None


@pytest.mark.parametrize(
    ("given", "command", "reason"),
    [
        ((), issue(2), "issue-out-of-order"),
        ((issue(1),), issue(1), "issue-out-of-order"),
        ((issue(1),), issue(2, DAY), "issue-too-early"),
        ((), issue(1, date(2026, 3, 1)), "issue-too-early"),
        ((issue(1),), issue(1, LATER, "QT-SCT-21"), "governed-already"),
        (DOCUMENTS, issue(1, code="QT-SCT-21", field="hoa-chat", procedures=()), "governed-already"),
        ((), Withdraw(agency=AGENCY, code="QT-SCT-20", from_on=DAY, basis=BASIS, at=AT), "no-such-document"),
        ((issue(1, LATER),), Withdraw(agency=AGENCY, code="QT-SCT-20", from_on=DAY, basis=BASIS, at=AT), "no-such-document"),
    ],
)
def test_an_issue_that_would_stand_beside_another_or_before_it_is_refused(given: tuple[Any, ...], command: Any, reason: str) -> None:
    of_documents(*given).when(command).then_refused(reason)


def test_a_withdrawn_document_is_in_force_no_more_and_another_may_take_its_matter() -> None:
    withdraw = Withdraw(agency=AGENCY, code="QT-SCT-20", from_on=LATER, basis=BASIS, at=AT)
    withdrawn = of_documents(issue(1)).when(withdraw).facts
    state = of_documents(issue(1), *withdrawn).state
    assert [len(controlled_documents.in_force(state, day)) for day in (DAY, LATER)] == [1, 0]
    of_documents(issue(1), *withdrawn).when(other := issue(1, LATER, "QT-SCT-21")).then(other)


@settings(max_examples=100, deadline=None)
@for_all(
    st.lists(st.tuples(st.sampled_from(("QT-SCT-20", "QT-SCT-21")), st.integers(1, 4), st.integers(0, 40), st.booleans()), max_size=10)
)
def test_no_day_has_two_issues_of_a_document_or_two_documents_for_a_procedure(asked: list[tuple[str, int, int, bool]]) -> None:
    state = controlled_documents.INITIAL
    for code, number, day, ends in asked:
        from_on = DAY + timedelta(days=day)
        command = Withdraw(agency=AGENCY, code=code, from_on=from_on, basis=BASIS, at=AT) if ends else issue(number, from_on, code)
        try:
            state = controlled_documents.DECIDER.fold(controlled_documents.decide(command, state), state)
        except Refused:
            continue
    for n in range(50):
        assert len(controlled_documents.in_force(state, DAY + timedelta(days=n))) <= 1


# Agreements. -------------------------------------------------------------------------------------------------------------


def test_agreements_of_the_seed_are_written_once_and_cover_the_five_areas() -> None:
    seed = agreements.Seed(agreements=AGREED)
    of_agreements().when(seed).then(*AGREED)
    of_agreements(*AGREED).when(seed).then_nothing()
    assert len({one.area for one in agreements.in_force(of_agreements(*AGREED).state, DAY)}) == 5


def test_an_agreement_holds_from_its_first_day_to_its_last() -> None:
    state = of_agreements(agreement()).state
    days = (DAY - timedelta(days=1), DAY, LATER, LATER + timedelta(days=1))
    assert [len(agreements.with_partner(state, "so-y-te", None, day)) for day in days] == [0, 1, 1, 0]
    assert agreements.with_partner(state, "so-y-te", "food-safety", DAY) == []


def test_an_agreement_that_is_ended_holds_until_the_day_before_and_another_may_follow() -> None:
    end = End(agency=AGENCY, code="QCPH-HC-09", from_on=date(2026, 5, 1), basis=BASIS, at=AT)
    ended = of_agreements(agreement()).when(end).facts
    follows = agreement("QCPH-HC-10", from_on=date(2026, 5, 1), answer_days=7)
    of_agreements(agreement(), *ended).when(follows).then(follows)
    state = of_agreements(agreement(), *ended, follows).state
    days = (date(2026, 4, 30), date(2026, 5, 1))
    assert [one.answer_days for day in days for one in agreements.with_partner(state, "so-y-te", "chemicals", day)] == [4, 7]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (agreement(answer_days=9), "agreement-exists"),
        (agreement("QCPH-HC-10", from_on=LATER, to_on=None), "agreement-overlaps"),
        (End(agency=AGENCY, code="QCPH-HC-10", from_on=DAY, basis=BASIS, at=AT), "no-such-agreement"),
        (End(agency=AGENCY, code="QCPH-HC-09", from_on=LATER + timedelta(days=1), basis=BASIS, at=AT), "no-such-agreement"),
    ],
)
def test_of_two_agreements_with_one_agency_in_one_area_no_day_has_both(command: Any, reason: str) -> None:
    of_agreements(agreement()).when(command).then_refused(reason)


def test_agreements_in_two_areas_may_hold_beside_each_other() -> None:
    other = agreement("QCPH-ATTP-09", area="food-safety")
    of_agreements(agreement()).when(other).then(other)


def test_an_agreement_of_the_file_with_nobody_is_refused(tmp_path: Path) -> None:
    text = ORGANISATION.read_text(encoding="utf-8")
    file = tmp_path / "organisation.yaml"
    file.write_text(text.replace("partner: so-y-te,", "partner: so-thue,"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"organisation\.yaml:\d+: QCPH-ATTP-01 is with so-thue, which is not listed"):
        load_organisation(file)
