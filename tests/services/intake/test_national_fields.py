"""The national portal takes what intake tells it member by member: what lacks one, has another or says nonsense is refused."""

from __future__ import annotations

import copy
from typing import Any, Final, get_args

import pytest

from contracts import intake as facts
from contracts.processing import CaseOpened, CaseStepCompleted, CaseStopped
from deploy.local.national_fields import Dossier, Line, fault_in
from deploy.local.national_portal import Portal
from services.intake import national_shape as shape
from services.intake.domain.national import STATUSES, Record, record_of
from services.intake.domain.public_view import PUBLIC
from tests.services.intake.desk import CITIZEN, ENTERPRISE, procedure_of
from tests.services.intake.test_outgoing import fact_of

DOOR: Final = (facts.DossierSubmitted, facts.DossierSupplementRequested, facts.DossierSupplemented, facts.DossierAccepted)
LIVES: Final[dict[str, tuple[Any, ...]]] = {
    "handed in": DOOR[:1],
    "asked to complete": DOOR[:2],
    "received": DOOR,
    "worked on": (*DOOR, CaseOpened, CaseStepCompleted),
    "stopped": (*DOOR, CaseOpened, CaseStopped),
    "late, with an apology": (*DOOR, CaseOpened, facts.DossierRescheduled, facts.DossierReappointed),
    "resolved": (*DOOR, CaseOpened, facts.DossierResultReady),
    "handed over": (*DOOR, CaseOpened, facts.DossierResultReady, facts.DossierReturned),
    "refused": (DOOR[0], facts.DossierRefused),
    "withdrawn": (*DOOR, facts.DossierWithdrawn),
}


def told(life: tuple[Any, ...], personal: dict[str, Any] = CITIZEN) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give what the portal is told of a life: the dossier, and its lines of progress."""
    record = record_of([fact_of(kind) for kind in life])
    assert isinstance(record, Record)
    named = shape.named_of(procedure_of(record.submitted.procedure).content)
    return shape.dossier(record, "H09.13-190306-0042", named, personal), [
        shape.progress(line, "H09.13-190306-0042") for line in record.progress
    ]


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("personal", [CITIZEN, ENTERPRISE, {}], ids=["citizen", "enterprise", "forgotten"])
def test_whatever_became_of_a_dossier_the_portal_takes_it(life: str, personal: dict[str, Any]) -> None:
    dossier, lines = told(LIVES[life], personal)
    assert fault_in(Dossier, [dossier]) is None
    assert fault_in(Line, lines) is None


def test_the_lives_hold_every_fact_that_is_told_and_reach_every_status_but_that_of_a_due() -> None:
    assert {kind for life in LIVES.values() for kind in life} >= set(PUBLIC) - {facts.DossierSupplementReminded}
    reached = {int(line["TrangThai"]) for life in LIVES.values() for line in told(life)[1]}
    assert reached == set(STATUSES) - {6}


def without_each(value: Any) -> list[tuple[str, Any]]:
    """Give what a thing would be without one of its members, wherever that is."""
    found = list[tuple[str, Any]]()
    items: list[tuple[Any, Any]] = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, inner in items:
        if isinstance(value, dict):
            found.append((str(key), {name: one for name, one in value.items() if name != key}))
        for place, changed in without_each(inner):
            whole = copy.deepcopy(value)
            whole[key] = changed
            found.append((f"{key}.{place}", whole))
    return found


def test_without_any_one_of_its_members_nothing_is_taken_and_the_member_is_named() -> None:
    dossier, lines = told(LIVES["handed over"])
    tried = without_each(dossier)
    assert len(tried) > len(Dossier.model_fields) + 20, "the members of its lists are among them"
    for place, changed in tried:
        fault = fault_in(Dossier, [changed])
        assert fault is not None, place
        assert place in fault
    assert all(fault_in(Line, [changed]) for _, changed in without_each(lines[0]))


def test_what_nobody_asked_for_or_makes_no_sense_is_refused() -> None:
    dossier, lines = told(LIVES["resolved"])
    wrong: tuple[dict[str, Any], ...] = (
        {"ToiThem": ""},
        {"NgayNopHoSo": "2026-03-02"},
        {"NgayHenTra": "20260302"},
        {"TrangThaiHoSo": "11"},
        {"TrangThaiHoSo": 9},
        {"KenhThucHien": "4"},
        {"DanhSachGiayToKetQua": []},
        {"NgayKetThucXuLy": ""},
    )
    portal = Portal()
    for change in wrong:
        answer = portal.put([dossier | change], updating=False)
        assert (answer["error_code"], answer["message"].startswith("Dữ liệu không hợp lệ")) == ("1", True), change
    assert portal.put([dossier], updating=False)["error_code"] == "0"
    assert portal.add([lines[0] | {"ThoiDiemXuLy": ""}])["error_code"] == "1"
    assert portal.lines == {}


def test_the_ten_statuses_are_the_portals() -> None:
    assert {str(status) for status in STATUSES} == set(get_args(Dossier.model_fields["TrangThaiHoSo"].annotation))
