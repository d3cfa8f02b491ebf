"""Step 3 of 8, decide: what a procedure rests on in law, and whether that is still in force."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from contracts.vocabulary import ProcedureCode

Standing: TypeAlias = Literal["not-yet", "in-force", "ends-soon", "ended"]

NUMBER: Final = re.compile(r"\b\d+/\d{4}/[A-ZĐ0-9-]*[A-ZĐ0-9]")
"""Number of a legal document as people cite it: `83/2014/NĐ-CP`, `28/2004/QH11`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalDocument:
    """A law, decree or circular: from which day until which, inclusive (None: no end is known), and what took its place."""

    number: str
    name: str
    effective_from: date
    expires_on: date | None = None
    replaced_by: str | None = None

    def standing(self, on: date, soon_days: int) -> Standing:
        """Say how it stands on a day; `ends-soon` within so many days of its last."""
        if on < self.effective_from:
            return "not-yet"
        if self.expires_on is None or on + timedelta(days=soon_days) < self.expires_on:
            return "in-force"
        return "ends-soon" if on <= self.expires_on else "ended"


def cited_in(legal_basis: Iterable[str]) -> set[str]:
    """Give the numbers of the documents that a procedure names as its legal basis."""
    return {number for text in legal_basis for number in NUMBER.findall(text)}


def citing(bases: Mapping[ProcedureCode, Iterable[str]]) -> dict[str, list[ProcedureCode]]:
    """Give, by document, the procedures that rest on it."""
    found = dict[str, list[ProcedureCode]]()
    for code, legal_basis in sorted(bases.items()):
        for number in sorted(cited_in(legal_basis)):
            found.setdefault(number, []).append(code)
    return found
