"""Files of a dossier as sentences: when one may be attached, and what a verdict on it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest

from contracts.intake_erasure import DossierPersonalDataErased
from contracts.intake_files import DossierFileAttached, DossierFileScanned
from contracts.vocabulary import FileId
from services.intake.domain.commands import Attach, Judge
from services.intake.domain.dossier import DECIDER
from services.intake.domain.public_view import public_view
from tests.services.intake.test_dossier import COMPLETE, HISTORIES, submitted, told, withdrawn
from tests.specification import given

attached: Final[DossierFileAttached] = told("file-attached")
scanned: Final[DossierFileScanned] = told("file-scanned")
erased: Final[DossierPersonalDataErased] = told("personal-data-erased")
attach: Final = Attach(
    file_id=attached.file_id,
    component=attached.component,
    media_type=attached.media_type,
    size_bytes=attached.size_bytes,
    personal_ref=attached.personal_ref,
    commitment=attached.commitment,
    files_max=2,
    at=attached.attached_at,
    by=attached.attached_by,
)
judge: Final = Judge(
    file_id=scanned.file_id, verdict=scanned.verdict, scanner=scanned.scanner, finding=scanned.finding, at=scanned.scanned_at
)
OPEN: Final = {"submitted", "awaiting at the desk", "supplemented", "accepted", "awaiting at appraisal", "accepted again"}


def other(n: int) -> FileId:
    """Give the id of another file."""
    return FileId(UUID(int=n))


@pytest.mark.parametrize("history", HISTORIES)
def test_a_file_is_attached_while_the_dossier_is_open_and_never_after(history: str) -> None:
    found = given(DECIDER, *HISTORIES[history]).when(attach)
    if history in OPEN:
        found.then(attached)
    else:
        found.then_refused("no-such-dossier" if history == "absent" else "not-now")


def test_attaching_the_same_file_again_records_nothing_new_however_the_dossier_stands() -> None:
    given(DECIDER, submitted, attached).when(replace(attach, size_bytes=1)).then_nothing()
    given(DECIDER, submitted, attached, withdrawn).when(attach).then_nothing()


def test_a_dossier_has_at_most_so_many_files() -> None:
    second = attached.model_copy(update={"file_id": other(2)})
    given(DECIDER, submitted, attached).when(replace(attach, file_id=other(2))).then(second)
    refusal = given(DECIDER, submitted, attached, second).when(replace(attach, file_id=other(3))).then_refused("too-many-files")
    assert refusal.detail["files_max"] == 2
    given(DECIDER, submitted, attached, second).when(attach).then_nothing()


@pytest.mark.parametrize(
    ("verdict", "finding"), [("clean", None), ("infected", "Win.Test.EICAR_HDB-1"), ("unreadable", "encrypted")], ids=str
)
def test_a_verdict_is_recorded_once_and_the_first_one_stays(verdict: Any, finding: str | None) -> None:
    said = replace(judge, verdict=verdict, finding=finding)
    fact = scanned.model_copy(update={"verdict": verdict, "finding": finding})
    given(DECIDER, submitted, attached).when(said).then(fact)
    again = given(DECIDER, submitted, attached, fact)
    again.when(replace(judge, scanner="another")).then_nothing()
    assert again.state.dossier.files[0].verdict == verdict


def test_a_file_is_judged_however_the_dossier_stands_until_the_person_is_forgotten() -> None:
    given(DECIDER, submitted, attached, withdrawn).when(judge).then(scanned)
    given(DECIDER, submitted, attached, withdrawn, erased).when(judge).then_nothing()


def test_a_verdict_on_a_file_or_a_dossier_that_is_not_there_records_nothing() -> None:
    given(DECIDER, submitted).when(judge).then_nothing()
    given(DECIDER).when(judge).then_nothing()
    assert given(DECIDER, submitted, scanned).state.dossier.files == ()


def test_files_open_and_close_no_door_of_the_desk() -> None:
    for history in OPEN:
        before = given(DECIDER, *HISTORIES[history]).state
        after = given(DECIDER, *HISTORIES[history], attached, scanned).state
        assert type(after) is type(before)
        assert replace(after.dossier, files=()) == before.dossier


def test_what_is_attached_and_what_the_scanner_says_has_no_public_side() -> None:
    assert [public_view(fact) for fact in (*COMPLETE[:1], attached, scanned)][1:] == [None, None]
