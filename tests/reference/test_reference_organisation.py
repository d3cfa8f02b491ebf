"""The department's units, roles and roster hang together, and nobody in the roster is a real person."""

from __future__ import annotations

import re
from typing import Final, get_args

from contracts.processing_organisation import CoordinationArea
from tests.reference.files import reference

ORGANISATION: Final = reference().organisation
DESK_OFFICERS_MIN: Final = 2
"""One and a stand-in (NĐ 61/2018, Điều 12.8)."""


def test_codes_of_units_roles_and_officers_are_different() -> None:
    for codes in (
        [unit.code for unit in ORGANISATION.units],
        [role.code for role in ORGANISATION.roles],
        [officer.id for officer in ORGANISATION.officers],
    ):
        assert len(codes) == len(set(codes))


def test_every_unit_hangs_below_the_leaders() -> None:
    parents = {unit.code: unit.parent for unit in ORGANISATION.units}
    assert [code for code, parent in parents.items() if parent is None] == ["ban-giam-doc"]
    for code in parents:
        above, steps = code, 0
        while (parent := parents[above]) is not None:
            above, steps = parent, steps + 1
            assert steps < len(parents), f"{code} hangs below itself"
        assert above == "ban-giam-doc"


def test_every_officer_has_a_unit_and_a_role_that_exist_and_every_unit_and_role_has_an_officer() -> None:
    assert {officer.unit for officer in ORGANISATION.officers} == {unit.code for unit in ORGANISATION.units}
    assert {officer.role for officer in ORGANISATION.officers} == {role.code for role in ORGANISATION.roles}


def test_a_role_acts_only_for_roles_that_exist() -> None:
    roles = {role.code for role in ORGANISATION.roles}
    assert {acted for role in ORGANISATION.roles for acted in role.acts_for} <= roles


def test_the_desk_has_a_stand_in() -> None:
    assert sum(officer.unit == "bo-phan-mot-cua" for officer in ORGANISATION.officers) >= DESK_OFFICERS_MIN


def test_one_leader_of_the_office_is_the_reform_officer() -> None:
    officer = next(officer for officer in ORGANISATION.officers if officer.id == ORGANISATION.reform_officer)
    assert officer.unit == "van-phong"
    assert officer.role in {"chanh-van-phong", "pho-chanh-van-phong"}


def test_an_officers_id_tells_the_unit_and_a_number_and_no_name() -> None:
    letters_of: dict[str, set[str]] = {}
    for officer in ORGANISATION.officers:
        letters_of.setdefault(officer.unit, set()).add(re.sub(r"^nv-|-\d+$", "", officer.id))
    assert all(len(letters) == 1 for letters in letters_of.values())
    assert len({next(iter(letters)) for letters in letters_of.values()}) == len(letters_of)


def test_agreements_cover_the_five_areas_and_every_partner_has_one() -> None:
    assert {agreement.area for agreement in ORGANISATION.agreements} == set(get_args(CoordinationArea))
    assert {agreement.partner for agreement in ORGANISATION.agreements} == {partner.code for partner in ORGANISATION.partners}
    assert len({(agreement.area, agreement.partner) for agreement in ORGANISATION.agreements}) == len(ORGANISATION.agreements)


def test_each_of_the_sixteen_fields_has_its_controlled_document() -> None:
    documents = reference().documents
    assert [document.field for document in documents.documents] == [field.code for field in reference().fields]
    assert len({document.code for document in documents.documents}) == len(documents.documents)
    approver = next(officer for officer in ORGANISATION.officers if officer.id == documents.approved_by)
    assert approver.role == "giam-doc"
