"""The main job on real servers: some months of a department's life, told over HTTP (`telling.py`), then counted and verified."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import aiohttp

from deploy.local import verify
from deploy.local.caller import Answered
from deploy.local.permits import WHOLESALE, NotGenuine, Numbered, publish_and_check
from deploy.local.processes import ROOT
from deploy.local.reform import Reform
from deploy.local.stack import Stack
from deploy.local.story import FIRST_DAY, end_of, last_day, plan
from deploy.local.telling import LEADER, Department, Telling

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

DATA: Final = ROOT / ".motcua" / "demo"
AT_ONCE: Final = 24
PROGRESS_SECONDS: Final = 1.0
SPECIALIST: Final = "nv-tm-03"


Meanwhile: TypeAlias = "Callable[[Counter[str]], Coroutine[Any, Any, None]]"
"""What happens beside the story, by what has been told so far."""


async def nothing(_: Counter[str]) -> None:
    """Let the story be told undisturbed."""


async def play(
    stack: verify.Reachable, *, dossiers: int, days: int, seed: int, show: bool, meanwhile: Meanwhile = nothing
) -> dict[str, Any]:
    """Tell all stories, some at once; give what the reports say at the end."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
        department = Department(stack, session, seed, end_of(last_day(days)))
        await department.learn()
        stories = iter([Telling(department, plan(seed, n, days, sorted(department.procedures))) for n in range(1, dossiers + 1)])

        async def tell_some() -> None:
            for story in stories:
                await story.tell()

        progress = asyncio.create_task(report_progress(department, dossiers)) if show else None
        try:
            async with asyncio.TaskGroup() as tellers:
                tellers.create_task(meanwhile(department.told))
                for _ in range(min(AT_ONCE, dossiers)):
                    tellers.create_task(tell_some())
        finally:
            if progress is not None:
                progress.cancel()
        records = department.caller("processing", department.officers["van-thu", "van-thu"], "officer")
        specialist = department.caller("processing", SPECIALIST, "officer")
        checked = await publish_and_check(in_order(department.permits), records, specialist, seed)
        department.told["permits checked"] = checked
        await record_answers(department, end_of(last_day(days)))
        leader = department.caller("reporting", LEADER, "leader")
        reform = Reform(lambda who, role: department.caller("reporting", who, role), LEADER, seed, last_day(days))
        department.told["tasks of the reform"] = await reform.tell()
        period = {"from": FIRST_DAY.isoformat(), "to": last_day(days).isoformat()}
        if show:
            say(progress_line(department, dossiers))
        await leader.post("/v1/reports", period, f"demo-{seed}-report", end_of(last_day(days)))
        await asyncio.to_thread(verify.wait_until_level, stack)
        return {**await leader.get("/v1/summary", None, **period), "permits_checked": checked}


async def record_answers(department: Department, at: datetime) -> None:
    """Have the answers recorded that are enough together; those that are too few for that stay in the box."""
    office = department.caller("feedback", LEADER, "leader")
    recorded = await office.post("/v1/answers/recording", {}, f"demo-{department.seed}-answers", at)
    department.told["answers recorded"] = recorded["recorded"]


def in_order(permits: list[Numbered]) -> list[Numbered]:
    """Put permits into the order of the story; the first that is printed on a blank before all others, for that shows the most."""
    return sorted(permits, key=lambda one: (one.procedure != WHOLESALE, one.at, one.case))


async def report_progress(department: Department, dossiers: int) -> None:
    """Show how far the story is, every second."""
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        say(progress_line(department, dossiers))


def progress_line(department: Department, dossiers: int) -> str:
    """Say how far the story is."""
    told = department.told
    parts = "  ".join(f"{name} {count}" for name, count in sorted(told.items()) if name != "dossiers")
    return f"  {told['dossiers']:>5}/{dossiers}  {parts}"


def say(text: str) -> None:
    """Print to the person; the result alone goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def main(*, dossiers: int, days: int, seed: int, as_json: bool, keep: bool, data: Path = DATA) -> int:
    """Run the demo in a folder of its own, made anew; give the exit code (1: something is not as it must be)."""
    if not verify.is_free(data):
        say(f"Bản trình diễn khác đang chạy · another demo is running; stop it: ./motcua down --data {data}")
        return 1
    shutil.rmtree(data, ignore_errors=True)
    stack, began = Stack(data, demo_clock=True, say=say), time.monotonic()
    say("Motcua: PostgreSQL, NATS, intake, processing, feedback, reporting …")
    with stack:
        return tell_and_verify(stack, dossiers=dossiers, days=days, seed=seed, as_json=as_json, keep=keep, began=began)


def tell_and_verify(
    stack: verify.Reachable,
    *,
    dossiers: int,
    days: int,
    seed: int,
    as_json: bool,
    began: float,
    keep: bool = False,
    meanwhile: Meanwhile = nothing,
) -> int:
    """Tell the story to a running Motcua, verify it and print the figures; give the exit code (1: something is not as it must be)."""
    up = time.monotonic()
    try:
        summary = asyncio.run(play(stack, dossiers=dossiers, days=days, seed=seed, show=not as_json, meanwhile=meanwhile))
    except* (Answered, NotGenuine, TimeoutError) as problems:
        for problem in problems.exceptions:
            say(f"the story broke off: {problem}")
        summary = None
    if summary is None:
        return 1
    told = time.monotonic()
    result = verify.inspect(stack)
    verified = time.monotonic()
    figures = {
        "dossiers": dossiers,
        "days": days,
        "seed": seed,
        **summary_figures(summary),
        **result.figures(),
        **({"rss_mb": verify.resident_mb(stack)} if isinstance(stack, Stack) else {}),
        "seconds": {"start": round(up - began, 1), "story": round(told - up, 1), "verify": round(verified - told, 1)},
    }
    show(figures, result.findings, stack, as_json=as_json, keep=keep)
    if keep:
        wait_for_ctrl_c(stack)
    return 0 if result.good else 1


def summary_figures(summary: dict[str, Any]) -> dict[str, Any]:
    """Take the business figures out of reporting's summary."""
    wanted = (
        "received",
        "resolved",
        "on_time_rate",
        "late",
        "in_progress",
        "refused",
        "withdrawn",
        "satisfaction",
        "response_rate",
        "permits_checked",
    )
    return {name: summary[name] for name in wanted}


def show(figures: dict[str, Any], findings: list[str], stack: verify.Reachable, *, as_json: bool, keep: bool) -> None:
    """Print the figures for a person or, as one line of JSON, for a program."""
    for finding in findings:
        say(f"  ! {finding}")
    if as_json:
        print(json.dumps(figures, ensure_ascii=False), flush=True)
        return
    for name, value in figures.items():
        print(f"  {name:<16}{value}")
    if keep:
        print(f"\n  Trang báo cáo · the page: {stack.urls['reporting']}/    Ctrl-C để dừng · to stop", flush=True)


def wait_for_ctrl_c(stack: verify.Reachable) -> None:
    """Leave everything running until the person has seen enough."""
    try:
        while stack.running:
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("đang dừng · stopping")
