"""Beside step 8: what every administrative document has, as `administrative.typ` sets it (NĐ 30/2020/NĐ-CP, Annex I)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from kernel.legalclock import VIETNAM

PADDED_MONTHS: Final = frozenset({1, 2})
"""Days always have two digits, months only these (NĐ 30/2020, Annex I, Part I, 4)."""


class Sheet(BaseModel):
    """A part of a document."""

    model_config = ConfigDict(frozen=True)


class Head(Sheet):
    """Whose document it is, its number and sign (None: it has none yet), where and when it was made."""

    parent: str
    agency: str
    number: str | None
    place: str
    dated: str


class Foot(Sheet):
    """Who gets it, and who signs: on whose behalf, in which capacity, how, and the name."""

    recipients: tuple[str, ...]
    on_behalf: str | None
    capacity: str
    how: str
    name: str


class FormNumber(Sheet):
    """The number that a form has, and the circular that gives it (None: no circular does)."""

    number: str
    source: str | None


def dated(day: date) -> str:
    """Write a day as documents do: `ngày 05 tháng 02 năm 2018`, `ngày 27 tháng 9 năm 2018`."""
    month = f"{day.month:02d}" if day.month in PADDED_MONTHS else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def moment(at: datetime) -> str:
    """Write an instant as forms do: `08 giờ 30 phút, ngày 05 tháng 02 năm 2018`."""
    local = at.astimezone(VIETNAM)
    return f"{local.hour:02d} giờ {local.minute:02d} phút, {dated(local.date())}"
