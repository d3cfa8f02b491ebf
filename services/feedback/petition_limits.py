"""Before step 3: the limits of petitions as a file has them, read once and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from contracts.feedback_petitions import PetitionKind, PetitionTopic
from kernel.eventlog import Refused
from services.feedback.domain.petition_rules import Rules, Span


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules there were, oldest first."""

    rules: tuple[Rules, ...]

    def on(self, day: date) -> Rules:
        """Give the rules in force on a local day.

        Raises:
            Refused: "outside-calendar", before the first.
        """
        for rules in reversed(self.rules):
            if rules.from_on <= day:
                return rules
        raise Refused("outside-calendar")


@lru_cache
def load_rules(file: Path) -> RuleBook:
    """Read the file.

    Raises:
        ValueError: if it lacks a limit, has one that nobody knows, or its days do not ascend.
    """
    found = tuple(rules_of(one) for one in tomllib.loads(file.read_text(encoding="utf-8"))["rules"])
    days = [rules.from_on for rules in found]
    if not found or days != sorted(set(days)):
        message = f"{file.name}: days must ascend"
        raise ValueError(message)
    return RuleBook(found)


def rules_of(row: dict[str, Any]) -> Rules:
    """Make the rules of one table of the file."""
    topics: dict[str, PetitionTopic | None] = {"any": None, **{topic: topic for topic in get_args(PetitionTopic)}}
    kinds = set(get_args(PetitionKind))
    if set(row["answer"]) != kinds or set(row["longer"]) != kinds or "any" not in row["forward"] or not set(row["forward"]) <= set(topics):
        message = f"rules from {row['from']}: every kind needs a limit, and what nobody knows has none"
        raise ValueError(message)
    return Rules(
        from_on=row["from"],
        sort=span_of(row["sort"]),
        forward={topics[name]: span_of(span) for name, span in row["forward"].items()},
        answer={kind: span_of(span) for kind, span in row["answer"].items()},
        longer={kind: span_of(span) for kind, span in row["longer"].items()},
        publish=span_of(row["publish"]),
        reopen_days=row["reopen"]["days"],
        reopens_max=row["reopen"]["times"],
    )


def span_of(row: dict[str, Any]) -> Span:
    """Make one limit."""
    if row["amount"] < 1:
        raise ValueError("a limit of nothing is none")
    return Span(amount=row["amount"], unit=row["unit"], start_rule=row["start"], basis=row["basis"], confidence=row["confidence"])
