"""Step 3 of 8, decide: shares and means, rounded once, at the end, and half up, as the circulars mean it.

Decimals, because 14.95 as a binary float lies on the wrong side. A share of nothing is None: neither 0 nor 100 %.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

HUNDREDTH: Final = Decimal("0.01")
TENTH: Final = Decimal("0.1")


def share(part: int, whole: int) -> float | None:
    """Give a percentage with two decimals (QĐ 766/QĐ-TTg)."""
    return float((Decimal(100 * part) / whole).quantize(HUNDREDTH, ROUND_HALF_UP)) if whole else None


def mean(total: int, count: int) -> float | None:
    """Give a mean with one decimal (TT 01/2018/TT-VPCP, Điều 15.2.a)."""
    return float((Decimal(total) / count).quantize(TENTH, ROUND_HALF_UP)) if count else None


def points_apart(one: tuple[int, int], other: tuple[int, int]) -> float | None:
    """Give by how many percentage points one share, part and whole, is above another; None where either is a share of nothing."""
    if not one[1] or not other[1]:
        return None
    return float((Decimal(100 * (one[0] * other[1] - other[0] * one[1])) / (one[1] * other[1])).quantize(HUNDREDTH, ROUND_HALF_UP))
