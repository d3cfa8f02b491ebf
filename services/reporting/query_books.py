"""Step 8 of 8, query: which dossiers stand in a register, or behind a figure: one condition per book and column, and one per cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeAlias, get_args

from contracts.vocabulary import FieldCode
from services.reporting.domain.figures import FORM

# fmt: off
Book: TypeAlias = Literal[
    "receipt", "return",
    "received", "received-online", "received-direct", "carried-over",
    "resolved", "resolved-early", "resolved-on-time", "resolved-late",
    "in-progress", "in-progress-in-time", "in-progress-late",
]
# fmt: on
Cut: TypeAlias = Literal["month", "agency", "field", "unit", "procedure", "channel"]
CUTS_MAX: Final = len(get_args(Cut))
LINE: Final[tuple[Cut, ...]] = ("month", "agency", "field")
DossierState: TypeAlias = Literal["in-progress", "awaiting-supplement", "result-ready", "returned", "withdrawn"]

LIVED: Final = "daterange(j.accepted_on, CASE WHEN j.ended_on < j.accepted_on THEN j.accepted_on ELSE j.ended_on END)"
ACCEPTED: Final = "j.accepted_on BETWEEN $1 AND $2"
CARRIED: Final = f"{LIVED} @> $1::date - 1 AND $2::date IS NOT NULL"
ENDED: Final = "j.ended_on BETWEEN $1 AND $2"
OPEN: Final = f"{LIVED} @> $2::date AND $1::date IS NOT NULL"
BOOKS: Final[Mapping[Book, tuple[str, str]]] = {
    "receipt": ("accepted_on", ACCEPTED),
    "return": ("returned_on", "j.returned_on BETWEEN $1 AND $2"),
    "received": ("accepted_on", f"({ACCEPTED} OR {CARRIED})"),
    "received-online": ("accepted_on", f"{ACCEPTED} AND j.channel = 'online'"),
    "received-direct": ("accepted_on", f"{ACCEPTED} AND j.channel <> 'online'"),
    "carried-over": ("accepted_on", CARRIED),
    "resolved": ("ended_on", ENDED),
    "resolved-early": ("ended_on", f"{ENDED} AND j.verdict = 'early'"),
    "resolved-on-time": ("ended_on", f"{ENDED} AND j.verdict = 'on-time'"),
    "resolved-late": ("ended_on", f"{ENDED} AND j.verdict = 'late'"),
    "in-progress": ("accepted_on", OPEN),
    "in-progress-in-time": ("accepted_on", f"{OPEN} AND (j.late_from <= $2) IS NOT TRUE"),
    "in-progress-late": ("accepted_on", f"{OPEN} AND j.late_from <= $2"),
}
"""The day that a book is in the order of, and which dossiers (`j`, as in `read.judged`) stand in it. Columns are those of the form."""

BOOK_OF: Final[Mapping[str, Book]] = {name: book for name in FORM for book in BOOKS if book == name.replace("_", "-")}
"""The book behind each column of the form."""
COUNTS_IN: Final = "ARRAY[" + ", ".join(f"CASE WHEN {BOOKS[book][1]} THEN '{name}' END" for name, book in BOOK_OF.items()) + "]"
"""The names of the columns that a dossier counts in, with nulls between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which book, and which dossiers of it; None = all. `line` names a line of the figures: what it says under each cut."""

    book: Book = "receipt"
    state: DossierState | None = None
    field: FieldCode | None = None
    late: bool | None = None
    line: tuple[tuple[Cut, str | None], ...] = ()

    def on_line(self, first: int) -> tuple[str, list[Any]]:
        """Give the condition that only dossiers of the line meet, with its parameters from `first` on."""
        wheres, values = list[str](), list[Any]()
        for n, (cut, value) in enumerate(self.line, first):
            if cut == "month":
                wheres.append(f"date_trunc('month', j.accepted_on::timestamp)::date = ${n}::date")
                values.append(date.fromisoformat(f"{value}-01"))
            else:
                wheres.append(f"j.{cut} IS NOT DISTINCT FROM ${n}::text")
                values.append(value)
        return " AND ".join(wheres) or "true", values
