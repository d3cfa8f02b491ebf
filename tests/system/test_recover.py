"""Intake's database is restored from a backup that is too old; one command makes the four services whole again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx2

from deploy.local import verify
from deploy.local.demo import play
from deploy.local.postgres import run_sql
from deploy.local.processes import wait_until
from deploy.local.stack import Stack

ROOT = Path(__file__).parents[2]


def motcua(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.local", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=100)


def tell(stack: Stack, seed: int) -> None:
    """Tell a short story and wait until everybody knows of it."""
    asyncio.run(play(stack, dossiers=6, days=40, seed=seed, show=False))
    verify.wait_until_level(stack)


def sql(stack: Stack, *statements: str) -> None:
    run_sql(stack.postgres.admin_dsn, "\n".join(statements))


def stop_intake(stack: Stack) -> None:
    """Stop intake and leave nobody connected to its database."""
    stack.hold("intake")
    sql(stack, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('intake', 'backup');")


def readiness(stack: Stack) -> str:
    try:
        return httpx2.get(f"{stack.urls['intake']}/readyz", timeout=5).text
    except httpx2.TransportError:
        return ""


def test_a_database_restored_too_old_is_made_whole_again_by_one_command(stack: Stack) -> None:
    tell(stack, seed=300)
    stop_intake(stack)
    sql(stack, "CREATE DATABASE backup OWNER intake_owner TEMPLATE intake;")
    stack.release("intake")
    stack.wait_ready()
    tell(stack, seed=301)

    stop_intake(stack)
    sql(stack, "DROP DATABASE intake WITH (FORCE);", "ALTER DATABASE backup RENAME TO intake;")
    sql(stack, "GRANT CONNECT, CREATE ON DATABASE intake TO intake;")
    stack.release("intake")
    wait_until(lambda: '"log":"halted"' in readiness(stack), within_seconds=60, what="intake knows that it is an older copy of itself")

    recovered = motcua("recover", "intake", "--json", "--data", stack.data)
    assert recovered.returncode == 0, recovered.stderr
    figures = json.loads(recovered.stdout)
    assert figures["upto"] > figures["since"] > 0
    # The facts of the second story are back; the persons behind them stood only in the database that is gone.
    assert figures["personal_data_lost"]

    stack.wait_ready()
    verify.wait_until_level(stack)
    assert verify.inspect(stack).findings == []
    tell(stack, seed=302)
    assert verify.inspect(stack).findings == []
    again = motcua("recover", "intake", "--data", stack.data)
    assert again.returncode == 0
    assert "no event was missing" in again.stdout
