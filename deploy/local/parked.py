"""`./motcua parked`: facts that a service could not apply and put aside, why, and whether they can be applied now.

A fact is parked when its handler fails on it; the later facts of the same dossier wait behind it, the other dossiers go on.
Once the cause is mended (a file, a setting, the program), the service applies them itself: `python -m services.<name> unpark`.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from deploy.local.processes import ROOT
from deploy.local.stack import Stack, supervisor_of

if TYPE_CHECKING:
    from pathlib import Path

NOT_RUNNING: Final = 3
PARKED: Final = "SELECT consumer, source, pos, stream::text, error FROM log.parked ORDER BY consumer, source, pos"


def main(data: Path, *, again: bool, as_json: bool) -> int:
    """Show what is parked, `again`: after another try. 0 if nothing is parked (any more), 1 if something is, 3 if nothing runs."""
    stack = Stack(data)
    if supervisor_of(data) is None:
        print("Motcua không chạy ở đó · Motcua is not running there; start it first: ./motcua up", file=sys.stderr)
        return NOT_RUNNING
    found = asyncio.run(_read(stack))
    if again:
        for service in {row["service"] for row in found}:
            _unpark(stack, service)
        found = asyncio.run(_read(stack))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        show(found)
    return 1 if found else 0


def _unpark(stack: Stack, service: str) -> None:
    """Let the service try again, with the settings that it runs with; what it says goes where the person sees it."""
    command = [sys.executable, "-m", f"{stack.package}.{service}", "unpark"]
    subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr, env={**os.environ, **stack.environment(service)})


async def _read(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for service in stack.services:
        database = await asyncpg.connect(stack.dsn(service))
        try:
            found += [{"service": service, **row} for row in await database.fetch(PARKED)]
        finally:
            await database.close()
    return found


def show(found: list[dict[str, Any]]) -> None:
    """Print for a person what is parked."""
    if not found:
        print("không có sự kiện nào bị gác lại · nothing is parked")
        return
    for row in found:
        print(f"{row['service']}: {row['consumer']}  {row['source']}/{row['pos']}  {row['stream']}  {row['error']}")
    print(f"{len(found)} sự kiện bị gác lại · facts are parked; mend the cause, then: ./motcua parked --again")
