"""What a citizen's number says of itself is looked at: where its birth was registered, in which century and year."""

from __future__ import annotations

import pytest

from services.intake.catalogue import load_catalogue
from services.intake.domain.citizen_number import CitizenNumbers
from services.intake.settings import CATALOGUE
from tests.services.intake.desk import CITIZEN, Desk, submission
from tests.services.rig import Running, problem


@pytest.fixture(scope="module")
def numbers() -> CitizenNumbers:
    return load_catalogue(CATALOGUE).citizen_numbers


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("074085001234", None),
        ("079185001234", None),
        ("001226001234", None),
        ("001227001234", "year"),
        ("001326001234", None),
        ("001399001234", "year"),
        ("001499001234", "year"),
        ("000085001234", "birthplace"),
        ("003085001234", "birthplace"),
        ("097085001234", "birthplace"),
        ("136085001234", None),
        ("280912345", None),
        ("C1234567", None),
        ("07408500123", None),
    ],
)
def test_a_number_of_twelve_digits_names_a_birthplace_and_a_year_that_has_been(
    numbers: CitizenNumbers, number: str, fault: str | None
) -> None:
    assert numbers.fault_in(number, 2026) == fault


def test_a_digit_that_stands_for_no_century_is_none() -> None:
    few = CitizenNumbers(provinces=frozenset({"074"}), abroad_from="100", centuries={"0": 1900})
    assert [few.fault_in(number, 2026) for number in ("074085001234", "074185001234")] == [None, "century"]


def test_all_sixty_three_provinces_of_the_numbers_that_were_given_are_known(numbers: CitizenNumbers) -> None:
    assert len(numbers.provinces) == 63
    assert {"001", "074", "079", "096"} <= numbers.provinces


async def test_what_is_wrong_with_a_number_is_said_in_words_and_the_number_is_not_repeated(intake: Running, desk: Desk) -> None:
    wrong = CITIZEN | {"identity_number": "003123456789"}
    answer = await intake.post("/v1/dossiers", submission(applicant=wrong), desk.officer)
    (error,) = problem(answer, 422, "invalid-input")["errors"]
    assert "không phải mã tỉnh" in error["detail"]
    assert "003123456789" not in answer.text
