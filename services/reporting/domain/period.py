"""Step 3 of 8, decide: what a period is: from one local day to another, both included; never a month's number.

Quarterly figures are cut where the circular says, for instance from the 15th to the 14th (TT 01/2020/TT-VPCP), so any two
days are a period.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

DAYS_MAX = 3660
"""Ten years: what one question may ask for."""

Wrong: TypeAlias = Literal["reversed", "too-long"]


@dataclass(frozen=True, slots=True)
class Period:
    """A period of local days (Asia/Ho_Chi_Minh), both included."""

    first: date
    last: date

    @property
    def wrong(self) -> Wrong | None:
        """Say what is wrong with it, if anything is."""
        if self.last < self.first:
            return "reversed"
        return "too-long" if (self.last - self.first).days >= DAYS_MAX else None

    def whole_months(self) -> Period:
        """Give the whole calendar months that it touches."""
        return Period(self.first.replace(day=1), self.last.replace(day=monthrange(self.last.year, self.last.month)[1]))

    def days(self) -> Iterator[date]:
        """Walk through its days."""
        day = self.first
        while day <= self.last:
            yield day
            day += timedelta(days=1)

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last


def month_of(day: date) -> str:
    """Write a day's month as `2026-03`."""
    return f"{day.year:04d}-{day.month:02d}"
