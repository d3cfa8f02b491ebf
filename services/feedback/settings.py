"""Before step 1: what this service is told from outside, beside what every service is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator

from contracts.vocabulary import AgencyCode
from kernel.edge.settings import DEVELOPMENT_SECRET, ServiceSettings, service_prefix

SECRET_LENGTH_MIN: Final = 32
ANSWERS_MIN: Final = 5
HERE: Final = Path(__file__).parent


class FeedbackSettings(ServiceSettings):
    """`token_secret` makes links of invitations, `code_secret` codes of petitions; `agency` is whose box, hotline and web form these are.

    `petition_limits` is the file of the limits of petitions. Answers are recorded at least `answers_min` together (never below 5 with a
    real issuer), every `mixing_seconds`; after `mixing_days` in the box an answer is content to say less of itself. A class takes answers
    for `class_days`. Every `alarms_seconds` a worker looks whether a petition's limit is near or has run out; what it records does not
    depend on it.
    """

    model_config = service_prefix("FEEDBACK")

    token_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    code_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    invitation_days: Annotated[int, Field(ge=1, le=365)] = 30
    agency: AgencyCode = "H09.13"
    petition_limits: Path = HERE / "petition_limits.toml"
    surveys: Path = HERE / "surveys"
    answers_min: Annotated[int, Field(ge=2, le=100)] = 5
    mixing_seconds: Annotated[float, Field(gt=0)] = 3600
    mixing_days: Annotated[int, Field(ge=0, le=90)] = 7
    alarms_seconds: Annotated[float, Field(gt=0)] = 60.0
    class_days: Annotated[int, Field(ge=1, le=90)] = 62

    @model_validator(mode="after")
    def _refuse_what_would_betray_who_answers(self) -> Self:
        """Whoever knows a secret can make every link or code, and answer or read in everybody's name; too small a batch hides nobody."""
        for name in ("token_secret", "code_secret"):
            secret: SecretStr = getattr(self, name)
            if not self.development and len(secret.get_secret_value()) < SECRET_LENGTH_MIN:
                message = f"{name} must be set beside a real issuer, to at least {SECRET_LENGTH_MIN} characters"
                raise ValueError(message)
        if not self.development and self.answers_min < ANSWERS_MIN:
            message = f"answers_min must be at least {ANSWERS_MIN} beside a real issuer: with fewer, whose answer is whose could be guessed"
            raise ValueError(message)
        return self
