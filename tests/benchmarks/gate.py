"""The regression gate: the ratios of a quick run beside the committed ones.

A ratio of two things that ran side by side depends little on the machine; a rate alone would. The rows that leave the gate say
so (`Measure.gated`). What falls below the tolerance is measured a second time before it counts: a machine shared with others
gives a bad minute now and then, and a regression stays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import Measure, Target

BASELINE: Final = Path(__file__).with_name("baseline.json")
TOLERANCE: Final = 0.5
"""The part of a committed ratio that may be lost: the widest spread seen on a busy two-core machine was a third."""


def gated_ratios(measures: Sequence[Measure]) -> dict[str, float]:
    """Give the ratios that the gate watches: those that have a target, of the rows that are in the gate."""
    return {
        f"{measure.name} / {target.peer}": round(ratio, 3)
        for measure in measures
        if measure.gated
        for target in measure.targets
        if isinstance(target, Target) and (ratio := measure.ratio(target.peer)) is not None
    }


def regressions(measures: Sequence[Measure], baseline: dict[str, float]) -> list[str]:
    """Say which ratios fell below what the committed ones allow, one line each."""
    return [
        f"{name}: {ratio:.2f}×, committed {baseline[name]:.2f}×, at least {baseline[name] * (1 - TOLERANCE):.2f}× is wanted"
        for name, ratio in gated_ratios(measures).items()
        if name in baseline and ratio < baseline[name] * (1 - TOLERANCE)
    ]


def read_baseline() -> dict[str, float]:
    """Read the committed ratios."""
    return json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}


def write_baseline(measures: Sequence[Measure]) -> None:
    """Put the ratios of these rows in place of the committed ones; the other rows' stay."""
    benches = {measure.bench for measure in measures}
    kept = {name: ratio for name, ratio in read_baseline().items() if name.partition(":")[0].partition(" / ")[0] not in benches}
    BASELINE.write_text(json.dumps(kept | gated_ratios(measures), indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
