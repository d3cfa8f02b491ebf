"""Rule packs: the rules of counting in force in a period, as data; a deadline stays under the pack it began with."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Literal, TypeAlias

from kernel.legalclock.load import data_text

Rule: TypeAlias = Literal["counted", "first-day", "last-day", "outside-hours", "restart", "pause", "transfer", "extension"]
SupplementMode: TypeAlias = Literal["restart", "pause"]


class NoRulePack(LookupError):  # noqa: N818 - says what is missing
    """No rules are known for that day or by that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePack:
    """Rules in force on local days [first, until). `sources` names the text of each rule."""

    id: str
    first: date
    until: date | None
    basis: str
    transfer_threshold: time
    supplement_mode: SupplementMode
    extensions_max: int
    extension_notice_days: int
    supplements_max: int
    supplement_notice_days: int
    sources: Mapping[Rule, str]


@lru_cache
def rule_packs() -> tuple[RulePack, ...]:
    """Read all packs, oldest first; read once, then kept."""
    return tuple(
        RulePack(
            id=row["id"],
            first=row["from"],
            until=row.get("until"),
            basis=row["basis"],
            transfer_threshold=row["transfer_threshold"],
            supplement_mode=row["supplement_mode"],
            extensions_max=row["extensions_max"],
            extension_notice_days=row["extension_notice_days"],
            supplements_max=row["supplements_max"],
            supplement_notice_days=row["supplement_notice_days"],
            sources=row["sources"],
        )
        for row in tomllib.loads(data_text("rule_packs.toml"))["pack"]
    )


def rule_pack(id: str) -> RulePack:
    """Find a pack by its name.

    Raises:
        NoRulePack: if there is none.
    """
    for pack in rule_packs():
        if pack.id == id:
            return pack
    message = f"no rule pack is called {id}"
    raise NoRulePack(message)


def rule_pack_on(day: date) -> RulePack:
    """Find the pack in force on a local day.

    Raises:
        NoRulePack: if the day lies before the first one.
    """
    for pack in rule_packs():
        if pack.first <= day and (pack.until is None or day < pack.until):
            return pack
    message = f"no rule pack is in force on {day}"
    raise NoRulePack(message)
