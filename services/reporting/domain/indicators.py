"""Step 3 of 8, decide: the nine indicators of the one-stop decree and the class that they lead to (TT 01/2018/TT-VPCP, Điều 12 and 15).

An indicator is a mean of 0 to 2 points. The total is the sum of the means, rounded once, half up, to one decimal, so that 14.95 is 15
and 15 is excellent: each bound belongs to the class above it. An indicator without data is left out and named, and the maximum is not
made smaller for it, as the circular says nothing of that. So a total with something left out may still rise: the class is told
only where nothing that is left out could change it, and otherwise the lowest and the highest that it can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any, Final, Literal, TypeAlias

from contracts.feedback_surveys import Criterion
from services.reporting.domain.groups import Tally
from services.reporting.domain.shares import mean

Whose: TypeAlias = Literal["officer", "unit"]
Scale: TypeAlias = tuple[tuple[Decimal, str], ...]

INDICATOR_OF: Final[Mapping[Criterion, int]] = {"time": 1, "contacts-to-complete": 3, "agencies-contacted": 4, "attitude": 7}
"""Which indicators the applicant is asked about; the others come from systems and inspections."""
INDICATORS: Final[Mapping[Whose, tuple[int, ...]]] = {"officer": (1, 2, 3, 4, 7), "unit": (1, 2, 3, 4, 5, 6, 7, 8, 9)}
POINTS_MAX: Final = 2

SCALES: Final[Mapping[Whose, Scale]] = {
    "officer": (
        (Decimal(5), "100"),
        (Decimal("3.5"), "70-100"),
        (Decimal(0), "below-70"),
    ),
    "unit": (
        (Decimal(15), "excellent"),
        (Decimal(12), "good"),
        (Decimal(9), "fair"),
        (Decimal(6), "average"),
        (Decimal(0), "weak"),
    ),
}
"""Lower bounds, each within its class: of an officer how much of his task is done, in percent (15.3.a), of a unit its class (15.3.b)."""


def class_of(total: Decimal, whose: Whose) -> str:
    """Give the class of a total that is rounded already."""
    return next(name for least, name in SCALES[whose] if total >= least)


def rounded(value: Fraction) -> Decimal:
    """Round to one decimal, half up."""
    return Decimal(floor(value * 10 + Fraction(1, 2))).scaleb(-1)


def evaluation(found: Mapping[int, Tally], whose: Whose) -> dict[str, Any]:
    """Evaluate an officer or a unit by the indicators that there are data of.

    Args:
        found: by the indicator's number; of those that the scale does not have nothing is counted.
        whose: which scale.
    """
    means = {one: Fraction(found[one].total, found[one].n) for one in INDICATORS[whose] if one in found and found[one].n}
    missing = [one for one in INDICATORS[whose] if one not in means]
    exact = sum(means.values(), Fraction())
    least, most = rounded(exact), rounded(exact + POINTS_MAX * len(missing))
    lowest, highest = class_of(least, whose), class_of(most, whose)
    return {
        "scale": whose,
        "indicators": {str(one): mean(found[one].total, found[one].n) for one in means},
        "left_out": missing,
        "total": float(least) if means else None,
        "total_max": POINTS_MAX * len(INDICATORS[whose]),
        "class": lowest if means and lowest == highest else None,
        "class_lowest": lowest if means else None,
        "class_highest": highest if means else None,
    }
