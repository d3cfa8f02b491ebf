"""Step 3 of 8, decide: a questionnaire and its versions: another wording is another version, and none is ever changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from contracts.feedback_surveys import Question, QuestionnairePublished, SurveyCode
from contracts.vocabulary import AgencyCode, Confidence, ContentHash, QuestionnaireId
from kernel.eventlog import Decider

NAMESPACE: Final = UUID("5f6c9a7e-30c5-5b52-8d57-0e7b9a4cf1d3")
POINTS: Final = (0, 2)
"""The scale of the one-stop decree; answers on it are points, those on any other are levels."""


def questionnaire_id(code: SurveyCode) -> QuestionnaireId:
    """Name a questionnaire, whatever its version."""
    return QuestionnaireId(uuid5(NAMESPACE, code))


def place_of(question: Question) -> str:
    """Say where the answer to a question stands, as `points/time`."""
    return f"{'points' if question.scale == POINTS else 'levels'}/{question.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Ask this from now on."""

    agency: AgencyCode
    code: SurveyCode
    content_hash: ContentHash
    title: str
    title_en: str
    source: str
    confidence: Confidence
    questions: tuple[Question, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked in each version: where the answers of those stand who fill it in."""

    versions: Mapping[ContentHash, frozenset[str]] = field(default_factory=dict[ContentHash, frozenset[str]])


INITIAL: Final = Asked()


def decide(command: Publish, state: Asked) -> Sequence[QuestionnairePublished]:
    """Give what a command leads to; what was asked before in these words is a version already."""
    if command.content_hash in state.versions:
        return []
    return [
        QuestionnairePublished(
            questionnaire_id=questionnaire_id(command.code),
            agency=command.agency,
            code=command.code,
            version=len(state.versions) + 1,
            content_hash=command.content_hash,
            title=command.title,
            title_en=command.title_en,
            source=command.source,
            confidence=command.confidence,
            questions=command.questions,
            published_at=command.at,
        )
    ]


def evolve(state: Asked, event: QuestionnairePublished) -> Asked:
    """Give the state after an event."""
    places = frozenset(place_of(one) for one in event.questions if one.asked == "applicant")
    return Asked({**state.versions, event.content_hash: places})


DECIDER: Final[Decider[Publish, Asked]] = Decider(INITIAL, decide, evolve)
