"""Before step 1: the rules of retention, as `retention.yaml` gives them."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import Confidence
from services.intake.domain.retention import DraftRule, Ending, Rule

SHIPPED: Final = Path(__file__).with_name("retention.yaml")


class RuleOnFile(BaseModel):
    """A rule; a key that is not here is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_on: date
    ending: Ending
    keep_months: Annotated[int, Field(ge=0, le=1200)]
    legal_basis: Annotated[str, Field(min_length=1, max_length=500)]


class DraftRuleOnFile(BaseModel):
    """A rule for drafts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_on: date
    keep_days: Annotated[int, Field(ge=1, le=366)]
    legal_basis: Annotated[str, Field(min_length=1, max_length=500)]


class RetentionOnFile(BaseModel):
    """All of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    confidence: Confidence
    source: str
    rules: tuple[RuleOnFile, ...]
    drafts: tuple[DraftRuleOnFile, ...] = ()


def load_retention(file: Path) -> tuple[Rule, ...]:
    """Give the rules for dossiers that are over.

    Raises:
        pydantic.ValidationError: if the file has not the form.
    """
    return tuple(Rule(**one.model_dump()) for one in _on_file(file).rules)


def load_draft_rules(file: Path) -> tuple[DraftRule, ...]:
    """Give the rules for drafts; of a file that says nothing of them, those that come with the code: a draft is never kept for ever.

    Raises:
        pydantic.ValidationError: if the file has not the form.
    """
    return tuple(DraftRule(**one.model_dump()) for one in _on_file(file).drafts or _on_file(SHIPPED).drafts)


def is_compared(file: Path) -> bool:
    """Tell whether somebody has compared the rules with the law: only then does anybody erase by them without being asked.

    Raises:
        pydantic.ValidationError: if the file has not the form.
    """
    return _on_file(file).confidence == "H"


@cache
def _on_file(file: Path) -> RetentionOnFile:
    """Read the file, once per process."""
    return RetentionOnFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
