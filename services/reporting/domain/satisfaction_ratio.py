"""Step 3 of 8, decide: indicator 5.4 of QĐ 766/QĐ-TTg (23/06/2022): satisfaction = 100 % - (overdue % + dislike %); 90 % is full.

Read in public copies of the set of indicators, not in the decision itself (confidence M), and they do not say what a dislike is a share
of. Here it is of those who said how satisfied they are: 1 and 2 of 5. The decision also counts petitions as dislikes; they are left out.
What full is worth within the group's 18 points stands in no copy, so only the part of full is told.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Final

from services.reporting.domain.shares import HUNDREDTH, share

TARGET: Final = 90
"""From so many percent on the indicator has its full score; below, in proportion (QĐ 766/QĐ-TTg: R × Pmax / target)."""
SOURCE: Final = "QĐ 766/QĐ-TTg, 5.4"


def satisfaction_ratio(late: int, resolved: int, dislikes: int, rated: int) -> dict[str, Any]:
    """Give the ratio with its parts; None where nothing was resolved or nobody rated: the indicator does not apply then."""
    ratio = None
    if resolved and rated:
        ratio = max(Fraction(0), 100 - 100 * (Fraction(late, resolved) + Fraction(dislikes, rated)))
    return {
        "source": SOURCE,
        "overdue": share(late, resolved),
        "dislike": share(dislikes, rated),
        "ratio": None if ratio is None else rounded(ratio),
        "part_of_full": None if ratio is None else rounded(min(Fraction(100), ratio * 100 / TARGET)),
    }


def rounded(value: Fraction) -> float:
    """Round to two decimals, half up, once."""
    return float((Decimal(value.numerator) / value.denominator).quantize(HUNDREDTH, ROUND_HALF_UP))
