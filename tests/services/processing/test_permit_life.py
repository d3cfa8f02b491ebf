"""The life of a permit in sentences: what may be done with it when, and that no history loses or doubles a number."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.processing_permits import (
    Blank,
    Holder,
    PermitAmended,
    PermitDrafted,
    PermitExpired,
    PermitIssued,
    PermitPublished,
    PermitReissued,
    PermitRevoked,
    Placeholder,
    Term,
)
from contracts.vocabulary import CaseId, DossierId, PermitId
from kernel.eventlog import Refused
from services.processing.domain import permit
from services.processing.domain.permit_states import Amend, Expire, InForce, Publish, Reissue, Revoke, Template, Write
from tests.services.rig import AGENCY, MONDAY
from tests.specification import given

a_permit = partial(given, permit.DECIDER)

ID: Final = PermitId(UUID("7f3f2d6e-6a63-5b43-9a54-0c1f6d6f1a10"))
CASE: Final = CaseId(UUID("7f3f2d6e-6a63-5b43-9a54-0c1f6d6f1a11"))
LAST_DAY: Final = date(2031, 3, 2)
AFTER: Final = datetime(2031, 3, 2, 17, 0, tzinfo=MONDAY.tzinfo)
"""Midnight in Vietnam after the last day."""
PLACES: Final = (
    Placeholder(name="area", kind="text", label="Địa bàn", required=True),
    Placeholder(name="products", kind="lines", label="Loại rượu", required=False),
    Placeholder(name="shops", kind="number", label="Số cửa hàng", required=False),
    Placeholder(name="seen_on", kind="date", label="Ngày thẩm định", required=False),
)
TEMPLATE: Final = Template(code="ruou", content_hash="a" * 64, placeholders=PLACES, blank=True)
PLAIN: Final = Template(code="chung", content_hash="b" * 64, placeholders=(), blank=False)
VALUES: Final[dict[str, Any]] = {"area": "Tỉnh Bình Dương", "shops": 2}
TERMS: Final = (Term(name="area", value="Tỉnh Bình Dương"), Term(name="shops", value=2))
FIRST: Final = Blank(series="AB", number=1)
SECOND: Final = Blank(series="AB", number=2)


def write(values: dict[str, Any] | None = None, *, personal: bool = False, at: datetime = MONDAY) -> Write:
    given_values = VALUES if values is None else values
    return Write(permit=ID, case=CASE, agency=AGENCY, template=TEMPLATE, values=given_values, personal=personal, officer="nv-tm-03", at=at)


def publish(
    edition: int = 1, blank: Blank | None = FIRST, *, spoiled: bool = False, template: Template = TEMPLATE, at: datetime = MONDAY
) -> Publish:
    return Publish(
        edition=edition,
        template=template,
        blank=blank,
        spoiled=spoiled,
        token="t",
        page_hash="1" * 64,
        document_hash="2" * 64,
        certificate_hash="3" * 64,
        trial=True,
        officer="nv-vt-01",
        at=at,
    )


def amend(at: datetime = MONDAY) -> Amend:
    return Amend(kind="amendment", template=TEMPLATE, values=VALUES, legal_basis="Điều 26", officer="nv-bgd-01", at=at)


def reissue(number: str = "9/GP-SCT", at: datetime = MONDAY) -> Reissue:
    return Reissue(number=number, reason="paper-lost", issued_on=date(2026, 3, 2), officer="nv-bgd-01", at=at)


def revoke(at: datetime = MONDAY) -> Revoke:
    return Revoke(reason="conditions-lost", legal_basis="Điều 33", return_by=date(2026, 3, 9), officer="nv-bgd-01", at=at)


drafted = PermitDrafted(
    permit_id=ID, case_id=CASE, agency=AGENCY, template="ruou", template_hash="a" * 64, terms=TERMS, officer="nv-tm-03", drafted_at=MONDAY
)
issued = PermitIssued(
    permit_id=ID,
    case_id=CASE,
    dossier_id=DossierId(CASE),
    agency=AGENCY,
    procedure="2.001624",
    kind="Giấy phép bán buôn rượu",
    number="1/GP-SCT",
    issued_on=date(2026, 3, 2),
    expires_on=LAST_DAY,
    holder=Holder(name="Công ty", tax_code="3700123456"),
    issued_at=MONDAY,
)


def published(edition: int = 1, blank: Blank = FIRST, spoiled: Blank | None = None, number: str = "1/GP-SCT") -> PermitPublished:
    return PermitPublished(
        permit_id=ID,
        agency=AGENCY,
        number=number,
        edition=edition,
        template_hash="a" * 64,
        blank=blank,
        spoiled=spoiled,
        token="t",
        page_hash="1" * 64,
        document_hash="2" * 64,
        certificate_hash="3" * 64,
        trial=True,
        officer="nv-vt-01",
        published_at=MONDAY,
    )


amended = PermitAmended(
    permit_id=ID,
    agency=AGENCY,
    number="1/GP-SCT",
    edition=2,
    kind="amendment",
    template="ruou",
    template_hash="a" * 64,
    terms=TERMS,
    legal_basis="Điều 26",
    officer="nv-bgd-01",
    amended_at=MONDAY,
)
reissued = PermitReissued(
    permit_id=ID,
    agency=AGENCY,
    number="9/GP-SCT",
    replaces="1/GP-SCT",
    edition=2,
    reason="paper-lost",
    issued_on=date(2026, 3, 2),
    expires_on=LAST_DAY,
    officer="nv-bgd-01",
    reissued_at=MONDAY,
)
revoked = PermitRevoked(
    permit_id=ID,
    agency=AGENCY,
    number="1/GP-SCT",
    reason="conditions-lost",
    legal_basis="Điều 33",
    return_by=date(2026, 3, 9),
    officer="nv-bgd-01",
    revoked_at=MONDAY,
)
expired = PermitExpired(permit_id=ID, agency=AGENCY, number="1/GP-SCT", expires_on=LAST_DAY, expired_at=AFTER)


def test_what_a_permit_shall_say_is_written_before_it_has_a_number_or_after_until_it_goes_out() -> None:
    a_permit().when(write()).then(drafted)
    a_permit(drafted, issued).when(write()).then(drafted)
    a_permit(drafted, issued, published()).when(write()).then_refused("permit-published")


@pytest.mark.parametrize(
    ("values", "wrong", "missing"),
    [
        ({}, [], ["area"]),
        ({"area": 5}, ["area"], []),
        ({"area": "x", "shops": "two"}, ["shops"], []),
        ({"area": "x", "seen_on": "2026-02-30"}, ["seen_on"], []),
        ({"area": "x", "products": ()}, ["products"], []),
        ({"area": "x", "colour": "red"}, ["colour"], []),
    ],
)
def test_what_does_not_fit_a_place_is_refused_with_the_place(values: dict[str, Any], wrong: list[str], missing: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        permit.decide(write(values), permit.INITIAL)
    assert (refused.value.detail["wrong"], refused.value.detail["missing"]) == (wrong, missing)


def test_about_an_individual_no_words_are_written_but_numbers_and_days_are() -> None:
    a_permit().when(write({"area": "nhà bà Ba"}, personal=True)).then_refused("terms-of-a-person")
    (fact,) = permit.decide(write({"shops": 1}, personal=True), permit.INITIAL)
    assert isinstance(fact, PermitDrafted)
    assert fact.terms == (Term(name="shops", value=1),)


def test_a_permit_goes_out_once_on_a_blank_and_the_second_time_nothing_happens() -> None:
    a_permit(drafted, issued).when(publish()).then(published())
    a_permit(drafted, issued, published()).when(publish(blank=SECOND)).then_nothing()


def test_a_page_whose_blank_is_spoiled_is_replaced_and_the_fact_names_the_spoiled_one() -> None:
    a_permit(drafted, issued, published()).when(publish(blank=SECOND, spoiled=True)).then(published(blank=SECOND, spoiled=FIRST))


def test_a_permit_does_not_go_out_with_an_empty_place() -> None:
    assert a_permit(issued).when(publish()).then_refused("terms-do-not-fit").detail["missing"] == ["area"]


def test_a_template_says_whether_there_is_a_blank() -> None:
    a_permit(drafted, issued).when(publish(blank=None)).then_refused("blank-needed")
    a_permit(issued).when(publish(template=PLAIN)).then_refused("no-blank-here")


def test_a_page_that_was_made_of_another_edition_does_not_go_out() -> None:
    a_permit(drafted, issued, published(), amended).when(publish(edition=1)).then_refused("page-of-another-edition")
    a_permit(drafted, issued, published(), amended).when(publish(edition=2, blank=SECOND)).then(published(edition=2, blank=SECOND))


def test_e_49_an_amendment_keeps_number_and_expiry_and_waits_to_be_published() -> None:
    a_permit(drafted, issued, published()).when(amend()).then(amended)
    a_permit(drafted, issued).when(amend()).then_refused("permit-not-published")
    a_permit(drafted, issued, published(), amended).when(amend()).then_refused("permit-not-published")


def test_e_50_a_permit_that_is_given_again_has_a_new_number_the_old_expiry_and_the_old_number_is_void() -> None:
    a_permit(drafted, issued, published()).when(reissue()).then(reissued)
    state = permit.DECIDER.fold([drafted, issued, published(), reissued])
    assert isinstance(state, InForce)
    assert (state.permit.number, state.permit.void, state.permit.expires_on) == ("9/GP-SCT", ("1/GP-SCT",), LAST_DAY)


def test_a_revoked_permit_stays_revoked() -> None:
    a_permit(drafted, issued, published()).when(revoke()).then(revoked)
    a_permit(drafted, issued, published(), revoked).when(revoke()).then_nothing()
    for command in (publish(), amend(), reissue(), write()):
        a_permit(drafted, issued, published(), revoked).when(command).then_refused("permit-revoked")


def test_a_permit_is_good_until_the_midnight_after_its_last_day() -> None:
    expire = Expire(today=LAST_DAY + timedelta(days=1), at=AFTER)
    a_permit(drafted, issued, published()).when(Expire(today=LAST_DAY, at=AFTER)).then_nothing()
    a_permit(drafted, issued, published()).when(expire).then(expired)
    a_permit(drafted, issued, published(), expired).when(expire).then_nothing()
    a_permit(drafted, issued, published(), revoked).when(expire).then_nothing()
    a_permit(drafted, issued, published()).when(amend(AFTER - timedelta(seconds=1))).then(
        amended.model_copy(update={"amended_at": AFTER - timedelta(seconds=1)})
    )


def test_a_permit_that_is_over_is_not_given_again_whether_that_was_noted_or_not() -> None:
    a_permit(drafted, issued, published()).when(reissue(at=AFTER)).then_refused("permit-expired")
    a_permit(drafted, issued, published(), expired).when(reissue(at=MONDAY)).then_refused("permit-expired")


def test_of_a_permit_that_has_no_number_nothing_can_be_published() -> None:
    a_permit().when(publish()).then_refused("no-such-permit")
    a_permit(drafted).when(revoke()).then_refused("no-such-permit")


numbers = st.integers(min_value=2, max_value=9).map(lambda n: f"{n}/GP-SCT")
commands = st.one_of(
    st.just(amend()),
    st.just(revoke()),
    st.builds(reissue, numbers),
    st.builds(publish, st.integers(1, 4), st.sampled_from([FIRST, SECOND]), spoiled=st.booleans()),
    st.just(Expire(today=LAST_DAY + timedelta(days=1), at=AFTER)),
)


@for_all(st.lists(commands, max_size=12))
def test_whatever_happens_every_number_is_in_force_or_void_and_nothing_follows_an_end(told: list[permit.Command]) -> None:
    facts: list[Any] = [drafted, issued]
    for command in told:
        try:
            facts += permit.decide(command, permit.DECIDER.fold(facts))
        except Refused:
            continue
    state = permit.DECIDER.fold(facts)
    assert not isinstance(state, permit.Absent | permit.Drafted)
    given_out = ["1/GP-SCT", *(fact.number for fact in facts if isinstance(fact, PermitReissued))]
    assert [*state.permit.void, state.permit.number] == given_out
    ends = [n for n, fact in enumerate(facts) if isinstance(fact, PermitRevoked | PermitExpired)]
    assert ends in ([], [len(facts) - 1])
    editions = [fact.edition for fact in facts if isinstance(fact, PermitPublished)]
    assert editions == sorted(editions)
