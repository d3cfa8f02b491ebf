"""Before step 1: what this service is told from outside, beside what every service is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator

from contracts.vocabulary import AgencyCode
from kernel.edge.settings import DEVELOPMENT_SECRET, ServiceSettings, service_prefix

TOKEN_SECRET_LENGTH_MIN: Final = 32
ANSWERS_MIN: Final = 5


class FeedbackSettings(ServiceSettings):
    """`token_secret` makes the links of invitations; `agency` is whose box, hotline and web form these are.

    Answers are recorded at least `answers_min` together (never below 5 with a real issuer), every `mixing_seconds`; after `mixing_days`
    in the box an answer is content to say less of itself. A class takes answers for `class_days`.
    """

    model_config = service_prefix("FEEDBACK")

    token_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    invitation_days: Annotated[int, Field(ge=1, le=365)] = 30
    agency: AgencyCode = "H09.13"
    surveys: Path = Path(__file__).with_name("surveys")
    answers_min: Annotated[int, Field(ge=2, le=100)] = 5
    mixing_seconds: Annotated[float, Field(gt=0)] = 3600
    mixing_days: Annotated[int, Field(ge=0, le=90)] = 7
    class_days: Annotated[int, Field(ge=1, le=90)] = 62

    @model_validator(mode="after")
    def _refuse_what_would_betray_who_answers(self) -> Self:
        """Whoever knows the secret can make every link, and answer in everybody's name; too small a batch hides nobody."""
        if not self.development and len(self.token_secret.get_secret_value()) < TOKEN_SECRET_LENGTH_MIN:
            message = f"token_secret must be set beside a real issuer, to at least {TOKEN_SECRET_LENGTH_MIN} characters"
            raise ValueError(message)
        if not self.development and self.answers_min < ANSWERS_MIN:
            message = f"answers_min must be at least {ANSWERS_MIN} beside a real issuer: with fewer, whose answer is whose could be guessed"
            raise ValueError(message)
        return self
