"""Before step 1: the questionnaires as the YAML in `surveys/` gives them. An answer is pinned to the SHA-256 of what was asked.

A questionnaire that has not the form is refused when it is read, with the file and what is wrong there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.feedback_surveys import Criterion, Factor, Occasion, Question, SurveyCode
from contracts.vocabulary import Confidence, ContentHash

FOLDER: Final = Path(__file__).with_name("surveys")


class Strict(BaseModel):
    """A part of a file: a key that is not here is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionOnFile(Strict):
    """One question, with its words; `indicator` is its number in the circular."""

    code: str
    indicator: Annotated[int, Field(ge=1, le=9)] | None = None
    scale: tuple[int, int]
    source: Literal["applicant", "system"]
    text: str
    text_en: str

    @model_validator(mode="after")
    def _on_a_scale_that_answers_have(self) -> Self:
        known = {(0, 2): get_args(Criterion), (1, 5): get_args(Factor)}
        if self.source == "applicant" and self.code not in known.get(self.scale, ()):
            message = f"{self.code} {list(self.scale)}: no answer holds such a value"
            raise ValueError(message)
        return self


class Ends(Strict):
    """What the lowest and the highest value mean."""

    lowest: str
    highest: str


class Survey(Strict):
    """A questionnaire; on `occasions` those who are concerned are invited to answer it."""

    code: SurveyCode
    title: str
    title_en: str
    source: str
    confidence: Confidence
    occasions: tuple[Occasion, ...]
    satisfaction: Ends
    questions: tuple[QuestionOnFile, ...]

    @property
    def asked(self) -> tuple[Question, ...]:
        """Give the questions as they are published."""
        named = (one.model_dump() | {"asked": one.source, "wording": one.text, "wording_en": one.text_en} for one in self.questions)
        return tuple(Question.model_validate(one) for one in named)

    @property
    def content_hash(self) -> ContentHash:
        """Give the hash over all of it."""
        content = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


@lru_cache(maxsize=4)
def load_surveys(folder: Path = FOLDER) -> Mapping[SurveyCode, Survey]:
    """Read the questionnaires by their codes.

    Raises:
        ValueError: if a file has not the form, a code stands in two, or two are for the same occasion.
    """
    found: dict[SurveyCode, Survey] = {}
    for file in sorted(folder.glob("*.yaml")):
        try:
            survey = Survey.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        except (ValidationError, yaml.YAMLError) as error:
            message = f"{file.name}: {error}"
            raise ValueError(message) from error
        taken = {occasion for other in found.values() for occasion in other.occasions}
        if survey.code in found or taken & set(survey.occasions):
            message = f"{file.name}: its code, or an occasion of it, is another questionnaire's"
            raise ValueError(message)
        found[survey.code] = survey
    return MappingProxyType(found)


def survey_for(occasion: Occasion, surveys: Mapping[SurveyCode, Survey]) -> Survey | None:
    """Give what is asked on an occasion; None: nobody is invited then."""
    return next((survey for survey in surveys.values() if occasion in survey.occasions), None)
