"""Step 1 of 8, http_api: which period and which agencies a question is about."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from pydantic import StringConstraints

from contracts.vocabulary import AgencyCode
from kernel.edge.identity import Principal
from kernel.edge.problem import INVALID, Fault, Problem, Sentence
from services.reporting.domain.period import DAYS_MAX, Period, Wrong
from services.reporting.query import Asked
from services.reporting.query_books import CUTS_MAX, LINE, Cut

WRONG_PERIOD: Final[dict[Wrong, Sentence]] = {
    "reversed": Sentence("Ngày cuối kỳ không được trước ngày đầu kỳ.", "The last day must not come before the first."),
    "too-long": Sentence("Kỳ báo cáo không được dài quá {days} ngày.", "A period has at most {days} days.").filled(days=DAYS_MAX),
}
PART: Final = r"^(month:[12][0-9]{3}-(0[1-9]|1[0-2])|(agency|field|unit|procedure|channel):.*)$"
From = Annotated[date | None, Query(alias="from", description="First local day; without it, the first that is known.")]
To = Annotated[date | None, Query(alias="to", description="Last local day, included; without it, the last that is known.")]
Cuts = Annotated[
    list[Cut] | None, Query(min_length=1, max_length=CUTS_MAX, description="What lines are told apart by, in this order; several times.")
]
OfLine = Annotated[
    list[Annotated[str, StringConstraints(pattern=PART, max_length=100)]] | None,
    Query(
        max_length=CUTS_MAX, description="Only dossiers of this line of the figures: `<cut>:<what it says>`, nothing after `:` for null."
    ),
]
OnlyAgency = Annotated[AgencyCode | None, Query(description="Only this agency and those below it.")]


def asked(first: From = None, last: To = None) -> Asked:
    """Read the period of a question.

    Raises:
        Problem: 422, if its last day comes before the first, or it is too long.
    """
    if first is not None and last is not None:
        insist_on_period(Period(first, last), "query")
    return Asked(first, last)


AskedPeriod = Annotated[Asked, Depends(asked)]


def insist_on_period(period: Period, place: str) -> None:
    """End the request with 422 if a period is none."""
    if (wrong := period.wrong) is not None:
        raise Problem(INVALID, faults=[Fault(place, "/to", WRONG_PERIOD[wrong])])


def scope_of(principal: Principal, agency: AgencyCode | None) -> list[str] | None:
    """Give the agencies that an answer is about: the caller's, or the one of them that was asked for.

    Raises:
        Problem: 403, if that is none of the caller's.
    """
    if agency is None:
        return principal.scope
    principal.require(agency)
    return [agency]


def cut_of(cuts: list[Cut] | None, unless: tuple[Cut, ...] = LINE) -> tuple[Cut, ...]:
    """Give what lines are told apart by, each once."""
    return tuple(dict.fromkeys(cuts)) if cuts else unless


def line_of(parts: list[str] | None) -> tuple[tuple[Cut, str | None], ...]:
    """Read which line of the figures is meant."""
    said: Any = (part.split(":", 1) for part in parts or ())
    return tuple((cut, value or None) for cut, value in said)
