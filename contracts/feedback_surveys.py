"""Facts of feedback about surveys: questionnaires, classes of answers with their keys, and answers.

An answer names neither dossier nor invitation. It carries what its class has in common, as much of it as at least so many others
share that were recorded with it (ADR 20).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.fact import LEFT_OUT, Fact, Value
from contracts.vocabulary import (
    AgencyCode,
    AnswerId,
    CampaignId,
    Confidence,
    ContentHash,
    FieldCode,
    PrincipalId,
    ProcedureCode,
    QuestionnaireId,
    SurveyClassId,
    VaultRef,
)

Criterion: TypeAlias = Literal["time", "agencies-contacted", "contacts-to-complete", "attitude"]
"""The indicators of the one-stop decree that the applicant is asked about, 0 to 2 points each (TT 01/2018, Điều 12)."""

Factor: TypeAlias = Literal["access", "procedures", "officials", "results", "petitions"]
"""The five factors of SIPAS, each on five levels."""

Occasion: TypeAlias = Literal["receipt", "supplement", "result", "refusal"]
AnswerChannel: TypeAlias = Literal["slip", "kiosk", "link", "portal"]

UnitCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,60}$")]
StepCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^B[1-9][0-9]?$")]
SurveyCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]


class Path(Value):
    """What a class knows of the way that its dossiers went; None = not known, or too few went it to say so.

    `officer` stood at the counter; `steps` were walked; at `slowest`, a step of `unit`, they lay longest.
    """

    officer: PrincipalId | None = None
    unit: UnitCode | None = None
    slowest: StepCode | None = None
    steps: tuple[StepCode, ...] | None = None


class SurveyClassOpened(Fact, type="feedback.class.opened.v1"):
    """A class of answers and the public half of its key (RSA, DER in base64url); the other half is in the vault.

    Signatures under it are good until `closes_at`, and then no more.
    """

    class_id: SurveyClassId
    agency: AgencyCode
    procedure: ProcedureCode | None
    field: FieldCode | None
    occasion: Occasion | None
    path: Path
    survey: ContentHash
    public_key: str
    private_ref: VaultRef
    opened_at: datetime
    closes_at: datetime
    campaign: Annotated[CampaignId | None, LEFT_OUT] = None


class AnswerRecorded(Fact, type="feedback.answer.recorded.v1"):
    """An answer, recorded with others that say the same of themselves: in no order, on a day, by no command of its own.

    `satisfaction` is from 1 to 5, `points` from 0 to 2, `levels` from 1 to 5; what was not answered is not there. `batch_size` of them
    stand in one commit (their ids begin alike) and are counted together or not at all; 0 = recorded before it was said. Those of a
    `campaign` came on paper.
    """

    answer_id: AnswerId
    agency: AgencyCode
    procedure: ProcedureCode | None
    field: FieldCode | None
    occasion: Occasion | None
    path: Path
    survey: ContentHash
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None
    points: dict[Criterion, Annotated[int, Field(ge=0, le=2)]]
    levels: dict[Factor, Annotated[int, Field(ge=1, le=5)]]
    comment_ref: VaultRef | None
    commitment: ContentHash | None
    recorded_on: date
    batch_size: Annotated[int, Field(ge=0), LEFT_OUT] = 0
    campaign: Annotated[CampaignId | None, LEFT_OUT] = None


class Question(Value):
    """One question of a questionnaire, on a scale of whole numbers; `indicator` is its number in the circular.

    The applicant is `asked`; what only the system knows stands there for completeness.
    """

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
    indicator: Annotated[int | None, Field(ge=1, le=9)] = None
    scale: tuple[int, int]
    asked: Literal["applicant", "system"]
    wording: str
    wording_en: str


class QuestionnairePublished(Fact, type="feedback.questionnaire.published.v1"):
    """This is asked from now on. Classes, campaigns and answers name it by its hash; another wording is the next version."""

    questionnaire_id: QuestionnaireId
    agency: AgencyCode
    code: SurveyCode
    version: Annotated[int, Field(ge=1)]
    content_hash: ContentHash
    title: str
    title_en: str
    source: str
    confidence: Confidence
    questions: tuple[Question, ...]
    published_at: datetime


SurveyFact: TypeAlias = QuestionnairePublished | SurveyClassOpened | AnswerRecorded
