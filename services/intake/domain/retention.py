"""Step 3 of 8, decide: how long the personal part of a dossier has to be kept, and by which law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from kernel.legalclock import day_of

Ending: TypeAlias = Literal["returned", "refused", "withdrawn"]

MONTHS_OF_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """From a day on, what ended so is kept for so many months after its end; `legal_basis` says who wants it."""

    from_on: date
    ending: Ending
    keep_months: int
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRule:
    """From a day on, what was begun and not handed in is kept for so many days after it was saved; `legal_basis` says who wants it."""

    from_on: date
    keep_days: int
    legal_basis: str


def draft_days_on(rules: Sequence[DraftRule], on: date) -> int:
    """Give for how many days a draft is kept, by the rule in force on a day; before all of them, by the first."""
    first = min(rules, key=lambda one: one.from_on)
    return max((one for one in rules if one.from_on <= on), key=lambda one: one.from_on, default=first).keep_days


def rule_on(rules: Iterable[Rule], ending: Ending, on: date) -> Rule | None:
    """Give the rule in force on a day for what ended so (None: nobody says how long it is kept)."""
    return max((one for one in rules if one.ending == ending and one.from_on <= on), key=lambda one: one.from_on, default=None)


def kept_until(rule: Rule, ended_at: datetime) -> date:
    """Give the first local day on which the rule lets go: the day of the end, so many months later (Bộ luật Dân sự 2015, Điều 148.4).

    Where that month has no such day, it is the month's last.
    """
    ended_on = day_of(ended_at)
    months = ended_on.month - 1 + rule.keep_months
    year, month = ended_on.year + months // MONTHS_OF_A_YEAR, months % MONTHS_OF_A_YEAR + 1
    for day in range(ended_on.day, 0, -1):
        try:
            return date(year, month, day)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")
