"""Ten times as many people as the system can serve, for some seconds, and back; submissions, on a filled system.

What it can serve is measured first: half of what 64 callers get who wait for their answers. Then people come at that rate, at ten
times that rate, and at that rate again, and nobody waits for anybody (`crowd`). Rows: how many were answered anything but 201 or
503 and 429 with Retry-After (none may be); how many of the dossiers that were acknowledged are not in the log exactly once; how
long after the spike the p95 of a second was back at twice what it was before (or 50 ms) and stayed there for three seconds;
and what the memory of intake's process grew by. At most 5,000 are at the door at once, as many as the generator holds; how many
found it as full as that is told in the note. It runs on the dossiers that `scale` has left if it comes after it.

The bound: to send somebody away (503 with Retry-After, beyond 1,024 under way) is work for the process that serves the others. It takes
in 32 callers at each turn of its loop, so none is left waiting at a full queue of the listening socket.
"""

from __future__ import annotations

from typing import Any, Final

from tests.benchmarks.department import Department, department, submission, tokens
from tests.benchmarks.fill import fill
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import AtMost, Measure, Size
from tests.benchmarks.rows.scale import CAUGHT_UP_SECONDS
from tests.benchmarks.users import generate, percentile

NAME: Final = "spike"
ON_WHAT_IS_LEFT_BY: Final = "scale"
TIMES: Final = 10
SHARE: Final = 0.5
CALLERS: Final = 64
BACK_SECONDS_MAX: Final = 60.0
CALM_SECONDS: Final = 3
CALM_MS: Final = 50.0
GOOD: Final = frozenset({"201", "503", "429"})
ONCE: Final = """
    SELECT count(*) FROM (
        SELECT FROM log.event WHERE stream = ANY($1::uuid[]) AND version = 1 GROUP BY stream HAVING count(*) = 1
    ) AS once"""
OWN_LIMIT: Final = "did not get in the door"


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Fill, find the sustainable rate, and let them come."""
    before, spike, after = size.of(20, 5), size.of(20, 5), size.of(90, 20)
    async with department(machine.folder / "department") as motcua:
        await motcua.settled()
        there = await motcua.ask("intake", "SELECT count(*) FROM read.dossier")
        if there < (wanted := size.of(1_000_000, 2_000)):
            await fill(motcua, there, wanted)
        await motcua.settled(CAUGHT_UP_SECONDS)
        sustainable = (await generate(motcua.job("submit", CALLERS, 2.0, size.of(10, 3))))["rate"] * SHARE
        await motcua.settled(CAUGHT_UP_SECONDS)
        memory = motcua.memory_mb()["intake"]
        phases = [[before, sustainable], [spike, sustainable * TIMES], [after, sustainable]]
        job = {"url": motcua.stack.urls["intake"], "token": tokens(motcua.stack)["portal"], "submission": submission(), "phases": phases}
        seen = await generate(job, "tests.benchmarks.crowd")
        await motcua.settled(CAUGHT_UP_SECONDS)
        lost = len(seen["accepted"]) - await stored_once(motcua, seen["accepted"])
        grown = motcua.memory_mb()["intake"] - memory
    ends: dict[str, int] = seen["ends"]
    bad = sum(count for end, count in ends.items() if end not in GOOD | {OWN_LIMIT})
    note = f"{sustainable:.0f}/s, then {sustainable * TIMES:.0f}/s: " + ", ".join(
        f"{count:,} × {end}" for end, count in sorted(ends.items())
    )
    print(f"  {note}; memory of intake {memory:.0f} MB, grew by {grown:.0f} MB", flush=True)
    back = float(back_after(seen["p95_ms"], before, before + spike))
    return [
        Measure(NAME, "answered anything else", "answers", "less", [bad], {}, (AtMost(0),), gated=False, note=note),
        Measure(NAME, "acknowledged, not in the log once", "dossiers", "less", [lost], {}, (AtMost(0),), gated=False),
        Measure(NAME, "p95 back after", "s", "less", [back], {}, (AtMost(BACK_SECONDS_MAX),), gated=False),
        Measure(NAME, "memory of intake grew by", "MB", "less", [grown], gated=False),
    ]


async def stored_once(motcua: Department, accepted: list[str]) -> int:
    """Count the dossiers of a list whose submission stands in the log exactly once."""
    return await motcua.ask("intake", ONCE, accepted)


def back_after(p95_ms: dict[str, Any], before: int, end: int) -> int:
    """Give the seconds from the end of the spike until the p95 was calm again and stayed so; all that were looked at if it never was."""
    by_second = {int(second): float(value) for second, value in p95_ms.items()}
    calm = max(CALM_MS, 2 * percentile([value for second, value in by_second.items() if 1 <= second < before], 0.5))
    last = max(by_second)
    for second in range(end, last - CALM_SECONDS + 1):
        if all(by_second.get(second + n, 0.0) <= calm for n in range(CALM_SECONDS)):
            return second - end
    return last - end + int(BACK_SECONDS_MAX)
