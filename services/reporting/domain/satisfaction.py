"""Step 3 of 8, decide: what was answered, by month, agency and field, and what of it may be shown.

Who answers is promised that nobody learns what he said (NĐ 61/2018, Điều 27.3). So no number is shown that fewer than
`CELL_MIN` answers stand behind, nor can one be got by subtracting what is shown from what else is shown: cells are whole
months, the same for whatever period is asked; and where those that are withheld in a month would themselves add up to less
than `CELL_MIN`, the next smallest is withheld with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final, NamedTuple, get_args
from uuid import UUID

from contracts.fact import Fact
from contracts.feedback import Criterion, InvitationIssued, InvitationUsed, RatingRecorded
from contracts.feedback_surveys import AnswerRecorded
from contracts.vocabulary import AgencyCode, FieldCode
from kernel.legalclock import day_of
from services.reporting.domain.period import Period, month_of
from services.reporting.domain.shares import mean, share

CELL_MIN: Final = 3
"""The fewest answers that are shown together."""

SATISFIED_MIN: Final = 4
"""Who says 4 or 5 of 5 is satisfied: the share is (very satisfied + satisfied) / valid answers, as SIPAS counts."""

WITHOUT_FIELD: Final = "-"
"""The field of answers that do not say theirs, because too few others were like them."""

CRITERIA: Final[tuple[Criterion, ...]] = get_args(Criterion)
"""The applicant's criteria of TT 01/2018/TT-VPCP, 0 to 2 points each."""


class CellKey(NamedTuple):
    """Which cell."""

    month: str
    agency: AgencyCode
    field: FieldCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What was answered in one month, agency and field. `points` and `answers` are by criterion: their sum, and how many gave any."""

    ratings: int = 0
    satisfied: int = 0
    points: Mapping[Criterion, int] = field(default_factory=dict[Criterion, int])
    answers: Mapping[Criterion, int] = field(default_factory=dict[Criterion, int])
    invited: int = 0
    used: int = 0

    def __add__(self, other: Cell) -> Cell:
        return Cell(
            ratings=self.ratings + other.ratings,
            satisfied=self.satisfied + other.satisfied,
            points={one: self.points.get(one, 0) + other.points.get(one, 0) for one in CRITERIA},
            answers={one: self.answers.get(one, 0) + other.answers.get(one, 0) for one in CRITERIA},
            invited=self.invited + other.invited,
            used=self.used + other.used,
        )


Cells = Mapping[CellKey, Cell]


def cells_of(facts: Iterable[Fact], period: Period) -> dict[CellKey, Cell]:
    """Count answers by the month in which they were given, and invitations by the month in which they were issued.

    The response rate is that of a month's invitations: how many of them have been used by now.
    """
    known = list(facts)
    used: set[UUID] = {fact.invitation_id for fact in known if isinstance(fact, InvitationUsed)}
    found: dict[CellKey, Cell] = defaultdict(Cell)
    for fact in known:
        match fact:
            case RatingRecorded() if (day := day_of(fact.recorded_at)) in period:
                satisfied = int(fact.satisfaction >= SATISFIED_MIN)
                answers = dict.fromkeys(fact.points, 1)
                found[CellKey(month_of(day), fact.agency, fact.field)] += Cell(
                    ratings=1, satisfied=satisfied, points=fact.points, answers=answers
                )
            case AnswerRecorded(satisfaction=int(level)) if fact.recorded_on in period:
                found[CellKey(month_of(fact.recorded_on), fact.agency, fact.field or WITHOUT_FIELD)] += Cell(
                    ratings=1, satisfied=int(level >= SATISFIED_MIN), points=fact.points, answers=dict.fromkeys(fact.points, 1)
                )
            case InvitationIssued() if (day := day_of(fact.issued_at)) in period:
                found[CellKey(month_of(day), fact.agency, fact.field)] += Cell(invited=1, used=int(fact.invitation_id in used))
            case _:
                pass
    return dict(found)


def withheld(sizes: Mapping[CellKey, int]) -> set[CellKey]:
    """Say which cells must not be shown, of all agencies: those smaller than `CELL_MIN`, and what would give them away."""
    found: set[CellKey] = set()
    filled = sorted((key for key, size in sizes.items() if size), key=lambda key: (key.month, sizes[key], key))
    for _, group in groupby(filled, key=lambda key: key.month):
        hidden = 0
        for key in group:  # the smallest first
            if sizes[key] >= CELL_MIN and (hidden == 0 or hidden >= CELL_MIN):
                break
            found.add(key)
            hidden += sizes[key]
    return found


def shown(cells: Cells) -> dict[CellKey, dict[str, Any]]:
    """Give what may be shown of each cell: None, and a marker that says so, in place of what is withheld."""
    answers = withheld({key: cell.ratings for key, cell in cells.items()})
    asked = withheld({key: cell.invited for key, cell in cells.items()})
    return {key: view(cell, answers=key in answers, asked=key in asked) for key, cell in cells.items()}


def view(cell: Cell, *, answers: bool = False, asked: bool = False) -> dict[str, Any]:
    """Give a cell's numbers; `answers` and `asked` say what of it is withheld."""
    return {
        "ratings": None if answers else cell.ratings,
        "satisfaction": None if answers else share(cell.satisfied, cell.ratings),
        "points": {
            one: None if answers or cell.answers.get(one, 0) < CELL_MIN else mean(cell.points[one], cell.answers[one]) for one in CRITERIA
        },
        "invitations": None if asked else cell.invited,
        "response_rate": None if asked else share(cell.used, cell.invited),
        "withheld": [name for name, is_so in (("ratings", answers), ("invitations", asked)) if is_so],
    }


def total(cells: Cells) -> Cell:
    """Add up, over all agencies, the months in which enough was answered; the others add nothing."""
    return sum((cell for cell, _ in by_month(cells)), Cell())


def left_out(cells: Cells) -> list[str]:
    """Say of what the total lacks some months: `ratings`, `invitations`."""
    return sorted({name for _, names in by_month(cells) for name in names})


def by_month(cells: Cells) -> Iterator[tuple[Cell, list[str]]]:
    """Add each month up, and say what of it is withheld because too little was answered."""
    for _, keys in groupby(sorted(cells), key=lambda key: key.month):
        month, names = sum((cells[key] for key in keys), Cell()), list[str]()
        if 0 < month.ratings < CELL_MIN:
            month, names = replace(month, ratings=0, satisfied=0, points={}, answers={}), ["ratings"]
        if 0 < month.invited < CELL_MIN:
            month, names = replace(month, invited=0, used=0), [*names, "invitations"]
        yield month, names
