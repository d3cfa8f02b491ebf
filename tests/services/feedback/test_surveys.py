from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from contracts.feedback_surveys import Criterion, Factor, Occasion
from services.feedback.surveys import FOLDER, load_surveys, survey_for


def test_the_nine_indicators_of_the_decree_are_there_and_the_applicant_is_asked_about_his() -> None:
    questions = load_surveys()["one-stop"].questions
    assert [one.indicator for one in questions] == list(range(1, 10))
    assert {one.code for one in questions if one.source == "applicant"} == set(get_args(Criterion))
    assert {one.scale for one in questions} == {(0, 2)}


def test_the_factors_of_sipas_are_on_five_levels_and_the_smile_asks_nothing_more() -> None:
    assert {one.code for one in load_surveys()["sipas"].questions} == set(get_args(Factor))
    assert {one.scale for one in load_surveys()["sipas"].questions} == {(1, 5)}
    assert load_surveys()["smile"].questions == ()


def test_on_each_occasion_one_questionnaire_is_asked() -> None:
    assert all(survey_for(occasion, load_surveys()) is not None for occasion in get_args(Occasion))


def test_another_wording_is_another_version(tmp_path: Path) -> None:
    text = (FOLDER / "smile.yaml").read_text(encoding="utf-8")
    (tmp_path / "smile.yaml").write_text(text.replace("hài lòng không", "vui lòng không"), encoding="utf-8")
    assert load_surveys(tmp_path)["smile"].content_hash != load_surveys()["smile"].content_hash


WRONG = {
    "a key that nobody knows": ("code: smile", "code: smile\ncolour: green", "colour"),
    "a question on a scale that no answer has": (
        "questions: []",
        "questions: [{code: time, scale: [0, 9], source: applicant, text: x, text_en: x}]",
        "no answer holds such a value",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_file_that_has_not_the_form_is_refused_by_name(tmp_path: Path, what: str) -> None:
    old, new, said = WRONG[what]
    text = (FOLDER / "smile.yaml").read_text(encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=f"(?s)wrong.yaml.*{said}"):
        load_surveys(tmp_path)


def test_two_questionnaires_for_one_occasion_are_refused(tmp_path: Path) -> None:
    text = (FOLDER / "smile.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(text.replace("code: smile", "code: frown"), encoding="utf-8")
    with pytest.raises(ValueError, match="another questionnaire's"):
        load_surveys(tmp_path)
