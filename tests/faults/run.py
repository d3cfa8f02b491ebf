"""One run: a Motcua under load, one fault after another, and the check at the end."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy.local import verify
from deploy.local.caller import Answered
from deploy.local.demo import record_answers
from deploy.local.processes import ROOT
from deploy.local.story import FIRST_DAY, end_of, last_day, plan
from deploy.local.telling import LEADER
from tests.faults.arena import Arena
from tests.faults.checker import Findings, check
from tests.faults.load import UNTIL_DAYS, Crowd, Load, make_crowd, make_session
from tests.faults.nemesis import Fault, Nemesis, schedule

RECOVERY_SECONDS_MAX: Final = 60.0
"""After a fault has been healed, a command to each service must be visible in reporting within this time, on a busy machine too."""

LEVEL_SECONDS: Final = 120.0
NODES: Final = 3


@dataclass
class Report:
    """What a run came to."""

    seed: int
    minutes: float
    cluster: bool
    faults: dict[str, int] = field(default_factory=dict[str, int])
    recoveries: list[tuple[Fault, float]] = field(default_factory=list["tuple[Fault, float]"])
    acknowledged: int = 0
    twice: int = 0
    surprises: list[str] = field(default_factory=list[str])
    findings: Findings = field(default_factory=Findings)

    @property
    def recovery_seconds_max(self) -> float:
        """The longest that any recovery took."""
        return round(max((seconds for _, seconds in self.recoveries), default=0.0), 1)

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled, disordered or altered, no client was surprised, and every recovery was in time."""
        return self.findings.good and not self.surprises and self.acknowledged > 0 and self.recovery_seconds_max <= RECOVERY_SECONDS_MAX

    def figures(self) -> dict[str, Any]:
        """Give it as the command prints it."""
        return {
            "seed": self.seed,
            "minutes": self.minutes,
            "cluster": self.cluster,
            "faults": self.faults,
            "acknowledged": self.acknowledged,
            "sent_twice": self.twice,
            **self.findings.counts,
            "surprises": len(self.surprises),
            "recovery_seconds_max": self.recovery_seconds_max,
            "recovery_seconds_bound": RECOVERY_SECONDS_MAX,
            "events": self.findings.events,
            "good": self.good,
        }


def folder_of(seed: int, *, cluster: bool) -> Path:
    """Give the data folder of a run, in which a failed one is kept."""
    return ROOT / ".motcua" / "faults" / f"seed-{seed}{'-cluster' if cluster else ''}"


def say(text: str) -> None:
    """Print a line for the person who waits."""
    print(text, file=sys.stderr, flush=True)


async def run(seed: int, minutes: float, data: Path, *, cluster: bool = False, fast: bool = False) -> Report:
    """Let one seed's faults happen to a Motcua under load, for some minutes; then check it."""
    shutil.rmtree(data, ignore_errors=True)
    report = Report(seed, minutes, cluster)
    arena = Arena(data, demo_clock=True, nodes=NODES if cluster else 1, fast=fast)
    await arena.open_proxies()
    try:
        await asyncio.to_thread(arena.start)
        await asyncio.to_thread(arena.wait_ready)
        async with make_session() as session:
            crowd = make_crowd(arena, session, seed)
            await endure(arena, crowd, report)
            report.surprises, report.twice = crowd.ledger.surprises, crowd.ledger.twice
            report.acknowledged = len(crowd.ledger.acknowledged)
            say("  everything healed; reading all logs, streams and read tables …")
            report.findings = await inspect(arena, crowd)
    finally:
        await asyncio.to_thread(arena.stop)
        arena.close_proxies()
    return report


async def endure(arena: Arena, crowd: Crowd, report: Report) -> None:
    """Put load on, let faults happen one after another, and measure how long each recovery takes."""
    load, nemesis = Load(crowd), Nemesis(arena, crowd.others)
    telling = asyncio.create_task(load.run())
    await load.begun.wait()
    began, probes = time.monotonic(), Probes(crowd)
    for fault in faults_until(began + report.minutes * 60, report):
        try:
            await nemesis.strike(fault)
            healed = time.monotonic()
            async with asyncio.timeout(2 * RECOVERY_SECONDS_MAX):
                await probes.send(fault)
        except (TimeoutError, Answered, LookupError) as error:
            crowd.ledger.surprises.append(f"after {fault}: {type(error).__name__} {error}")
            report.recoveries.append((fault, 2 * RECOVERY_SECONDS_MAX))
        else:
            report.recoveries.append((fault, time.monotonic() - healed))
        report.faults = dict(nemesis.count)
        say(progress(began, fault, report, load))
    load.end.set()
    await telling


def faults_until(end: float, report: Report) -> Iterator[Fault]:
    """Give faults until the time is over."""
    for fault in schedule(report.seed, cluster=report.cluster):
        if time.monotonic() > end:
            return
        yield fault


def progress(began: float, fault: Fault, report: Report, load: Load) -> str:
    """Say in one line how far the run is."""
    ledger, (_, seconds) = load.crowd.ledger, report.recoveries[-1]
    return (
        f"  {time.monotonic() - began:5.0f} s  {sum(report.faults.values()):>3} faults  {fault.kind:<19}{fault.victim:<11}"
        f"recovered in {seconds:4.1f} s  acknowledged {len(ledger.acknowledged):>6}  dossiers {load.told:>5}"
        f"{f'  SURPRISES {len(ledger.surprises)}' if ledger.surprises else ''}"
    )


@dataclass
class Probes:
    """Commands through all four services; each is sent after a fault, and waited for in reporting's read model."""

    crowd: Crowd
    sent: int = 0

    async def send(self, fault: Fault) -> None:
        """Give a command to every service and return when reporting shows all of them.

        Raises:
            TimeoutError, Answered: if a service does not do what it should.
        """
        self.sent += 1
        crowd, key = self.crowd, f"probe-{self.crowd.seed}-{self.sent}"
        crowd.who = f"probe {self.sent} ({fault.kind} {fault.victim})"
        one = plan(crowd.seed, -self.sent, 1, sorted(crowd.procedures))
        at, required = one.submitted_at, [c["code"] for c in crowd.procedures[one.procedure]["components"] if c["required"]]
        body = {"procedure": one.procedure, "channel": "desk", "applicant": one.applicant, "components": required}
        submitted = await crowd.desk.post("/v1/dossiers", body, key, at)
        accepted = await crowd.desk.post(f"/v1/dossiers/{submitted['id']}/acceptance", {}, key, at)
        leader = crowd.caller("processing", LEADER, "leader", "officer")
        case = (await leader.get("/v1/cases", dossier=submitted["id"], after=accepted["position"]))["items"][0]
        officer = crowd.caller("processing", crowd.officers[case["unit"], case["role"]], "officer", "leader")
        claimed = await officer.post(f"/v1/cases/{case['case_id']}/claim", {}, key, at)
        opinion = {"channel": "web", "topic": "praise", "text": f"Ý kiến thử {self.sent}"}
        said = await crowd.caller("feedback", "public").post("/v1/opinions", opinion, key, at)
        reader = crowd.caller("reporting", LEADER, "leader")
        day: dict[str, Any] = {"from": FIRST_DAY.isoformat(), "to": FIRST_DAY.isoformat()}
        published = await reader.post("/v1/reports", day, key, at)
        for answer in (accepted, claimed, said, published):
            await reader.get("/v1/summary", after=answer["position"], **day)


async def inspect(arena: Arena, crowd: Crowd) -> Findings:
    """Wait until everything stored is published and applied, then check."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LEVEL_SECONDS):
            await record_answers(crowd, end_of(last_day(UNTIL_DAYS)))
            # What is not level by then shows in the check, with more words.
            await verify._wait_until_level(arena)
    async with verify._connections(arena) as (databases, broker):
        return await check(arena, databases, broker, crowd.ledger.acknowledged)


def conclude(report: Report, data: Path, *, as_json: bool) -> int:
    """Print what was found and the figures; a good run's folder is removed. Give the exit code."""
    for line in [*report.surprises, *report.findings.lines]:
        say(f"  ! {line}")
    if report.good:
        shutil.rmtree(data, ignore_errors=True)
    else:
        again = f"./motcua faults --minutes {report.minutes:g} --seed {report.seed}{' --cluster' if report.cluster else ''}"
        say(f"  the data of this run is kept in {data}; the same faults again: {again}")
    if as_json:
        print(json.dumps(report.figures()), flush=True)
    else:
        for name, value in report.figures().items():
            print(f"  {name:<24}{value}")
    return 0 if report.good else 1
