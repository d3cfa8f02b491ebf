"""`./motcua synthesize`: a realistic year of so many dossiers, the same for the same seed, as the bundle that `events export` writes.

What is held in memory are the dossiers that are open, not those that have been: lives are begun in the order of their submission and go on
in the order of time.
"""

from __future__ import annotations

import heapq
import json
import sys
import time
from array import array
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from deploy.local.bundle import Writer
from deploy.local.story import end_of, plan
from deploy.synthetic.department import Department
from deploy.synthetic.life import Life
from deploy.synthetic.log import Log

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

    from deploy.local.story import Plan
    from kernel.eventlog import Recorded

PROGRESS_SECONDS: Final = 15.0


def synthesize(
    year: int,
    dossiers: int,
    seed: int,
    target: IO[str],
    heard: Callable[[Recorded, bytes], None] | None = None,
    department: Department | None = None,
) -> Counter[str]:
    """Write a year; give how many facts of each type there are. What lies after the year has not happened."""
    first = date(year, 1, 1)
    until = end_of(date(year, 12, 31))
    began_at = datetime(year, 1, 1, tzinfo=UTC) - timedelta(hours=7)
    department, log = department or Department(began_at), Log(Writer(target), seed)
    log.heard = heard
    department.found(log)
    waiting: list[tuple[datetime, int, Iterator[datetime]]] = []
    coming = plans(department, first, until, dossiers, seed)
    following = next(coming, None)
    while waiting or following is not None:
        if following is not None and (not waiting or following.submitted_at <= waiting[0][0]):
            life = Life(department, log, following, seed).run()
            heapq.heappush(waiting, (next(life), following.number, life))
            following = next(coming, None)
            continue
        at, number, life = heapq.heappop(waiting)
        if at >= until:
            continue
        if (then := next(life, None)) is not None:
            heapq.heappush(waiting, (then, number, life))
    log.close(until)
    return log.counted


def plans(department: Department, first: date, until: datetime, dossiers: int, seed: int) -> Iterator[Plan]:
    """Give the plans in the order of submission: the numbers are sorted by it first, a few bytes each."""
    days = (until.date() - first).days + 1
    told = (plan(seed, number, days, department.procedures, first) for number in range(1, dossiers + 1))
    at = array("d", (one.submitted_at.timestamp() for one in told))
    for index in sorted(range(dossiers), key=at.__getitem__):
        yield plan(seed, index + 1, days, department.procedures, first)


def main(year: int, dossiers: int, seed: int, out: Path, *, as_json: bool) -> int:
    """Write a year into a file (`-` is standard output) and say what it holds; 0."""
    began = time.monotonic()
    with sys.stdout if str(out) == "-" else out.open("w", encoding="utf-8") as target:
        counted = synthesize(year, dossiers, seed, target)
    told = {"dossiers": dossiers, "events": counted.total(), "seed": seed, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(told) if as_json else f"{dossiers} dossiers, {counted.total()} events, {told['seconds']} s", file=sys.stderr)
    return 0
