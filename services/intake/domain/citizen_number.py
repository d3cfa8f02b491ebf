"""Step 3 of 8, decide: whether a citizen's number (số định danh cá nhân) can be one.

What its digits mean is data (`catalogue/citizen_numbers.yaml`). It has no check digit, so a number that can be one may be another person's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Fault: TypeAlias = Literal["birthplace", "century", "year"]

TWELVE_DIGITS: Final = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenNumbers:
    """The provinces' codes, and from which code on a birth was registered abroad. By the fourth digit, when the century begins."""

    provinces: frozenset[str]
    abroad_from: str
    centuries: Mapping[str, int]

    def fault_in(self, number: str, year_now: int) -> Fault | None:
        """Say what of a number cannot be; None where it may be one, or is not one of twelve digits."""
        if not TWELVE_DIGITS.fullmatch(number):
            return None
        birthplace, century, year = number[:3], number[3], number[4:6]
        if birthplace not in self.provinces and birthplace < self.abroad_from:
            return "birthplace"
        if century not in self.centuries:
            return "century"
        return "year" if self.centuries[century] + int(year) > year_now else None
