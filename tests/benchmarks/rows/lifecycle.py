"""Dossiers taken through over HTTP: submit, accept, search for the case, claim, decide; 50 users, each waiting for every answer.

The four services run as processes on durable servers, and the load generator as another, all on this machine. The search asks
for what was just written (`after`): it answers when the relay, the broker, the reaction and the read table of the other
service have done their work. Lifecycles are counted until every reader of every log has caught up with what was asked for, so
nothing is left undone for later. p95 is that of all requests of the load, as the user sees it.
"""

from __future__ import annotations

from typing import Final

from tests.benchmarks.department import department
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import AtLeast, AtMost, Measure, Size
from tests.benchmarks.users import generate

NAME: Final = "lifecycle"
USERS: Final = 50
PUBLISHED_PER_SECOND: Final = 37.09
WANTED_PER_SECOND: Final = 370.0
P95_MS_MAX: Final = 100.0


async def run(machine: Machine, size: Size) -> list[Measure]:
    """Load it for some seconds, several times."""
    rates, p95s, bad = list[float](), list[float](), list[str]()
    seconds = size.of(20, 6)
    async with department(machine.folder / "department") as motcua:
        await motcua.settled()
        for n in range(size.rounds):
            seen = await generate(motcua.job("lifecycle", USERS, 5.0 if n == 0 else 1.0, seconds))
            # What is still on its way when the load ends belongs to it: the rate is over the time until all is done.
            drained = await motcua.settled()
            rates.append(seen["rate"] * seconds / (seconds + drained))
            p95s.append(seen["p95_ms"])
            bad += seen["failures"]
            print(
                f"  lifecycle round {n + 1}: {rates[-1]:.0f}/s, p95 {p95s[-1]:.0f} ms, drained in {drained:.2f} s, {seen['steps']}",
                flush=True,
            )
    note = f"{len(bad)} refused: {bad[:3]}" if bad else "no request refused"
    return [
        Measure(
            NAME,
            f"{USERS} users",
            "lifecycles/s",
            "more",
            rates,
            {"published": [PUBLISHED_PER_SECOND]},
            (AtLeast(WANTED_PER_SECOND),),
            gated=False,
            note=note,
        ),
        Measure(NAME, f"{USERS} users, p95 of a request", "ms", "less", p95s, {}, (AtMost(P95_MS_MAX),), gated=False),
    ]
