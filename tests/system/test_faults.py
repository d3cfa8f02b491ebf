"""Whatever dies in the middle of the story, the story ends and everything holds."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local import verify
from deploy.local.demo import play
from deploy.local.stack import SERVICES, Stack
from tests.local.asking import ask_postgres, motcua

ROOT = Path(__file__).parents[2]
DOSSIERS = 30
VICTIMS = (*SERVICES, "nats", "postgres")


class Story(threading.Thread):
    """The demo's story in a thread of its own, so that a test can break things meanwhile."""

    def __init__(self, stack: Stack, seed: int, dossiers: int = DOSSIERS) -> None:
        super().__init__()
        self.stack, self.seed, self.dossiers = stack, seed, dossiers
        self.summary: dict[str, Any] | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.summary = asyncio.run(play(self.stack, dossiers=self.dossiers, days=60, seed=self.seed, show=False))
        except BaseException as error:  # noqa: BLE001 - the test's thread raises it
            self.error = error


def until(condition: Callable[[], bool], what: str, within_seconds: float = 60.0) -> None:
    end = time.monotonic() + within_seconds
    waiting = threading.Event()
    while not condition():
        assert time.monotonic() < end, f"not within {within_seconds} s: {what}"
        waiting.wait(0.05)


def head(stack: Stack, service: str = "intake") -> int:
    async def ask() -> int:
        import asyncpg  # noqa: PLC0415 - only here

        connection = await asyncpg.connect(stack.dsn(service))
        try:
            return await connection.fetchval("SELECT pos FROM log.head")
        finally:
            await connection.close()

    return asyncio.run(ask())


def assert_all_holds(stack: Stack) -> None:
    verify.wait_until_level(stack)
    found = verify.inspect(stack)
    assert found.findings == []
    assert (found.lag, found.parked) == (0, 0)


def test_a_version_of_a_read_model_that_is_shown_no_more_holds_nobody_up(stack: Stack) -> None:
    old = "INSERT INTO log.checkpoint (consumer, source, pos) VALUES ('mirror_v0', 'intake', 0)"
    ask_postgres(stack.dsn("reporting"), old)
    verify.wait_until_level(stack)
    assert (head(stack) > 0, verify.inspect(stack).lag) == (True, 0)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_process_killed_in_the_middle_of_the_story_changes_nothing(stack: Stack, victim: str) -> None:
    before, restarts = head(stack), stack.restarts(victim)
    story = Story(stack, seed=100 + VICTIMS.index(victim))
    story.start()
    until(lambda: head(stack) > before + DOSSIERS, "the story is under way")
    stack.kill(victim)
    story.join(100)
    assert story.error is None
    assert story.summary is not None
    until(lambda: stack.restarts(victim) > restarts, f"{victim} was started again")
    stack.wait_ready()
    assert_all_holds(stack)


def test_while_nats_is_down_intake_takes_dossiers_and_everything_arrives_afterwards(stack: Stack) -> None:
    stack.hold("nats")
    before = head(stack)
    story = Story(stack, seed=200)
    story.start()
    try:
        until(lambda: head(stack) >= before + DOSSIERS // 2, "dossiers are taken with no broker")
    finally:
        stack.release("nats")
    story.join(100)
    assert story.error is None
    assert_all_holds(stack)


def test_a_broker_that_lost_everything_is_filled_again_and_nobody_notices(stack: Stack) -> None:
    stack.hold("nats")
    shutil.rmtree(stack.brokers["nats"].store)
    stack.release("nats")
    stack.wait_ready()
    story = Story(stack, seed=201)
    story.start()
    story.join(100)
    assert story.error is None
    assert_all_holds(stack)


def test_what_is_exported_is_what_the_streams_hold(stack: Stack, tmp_path: Path) -> None:
    until(lambda: verify.inspect(stack).verdicts["intake"].witnesses > 0, "others hold a seal of intake's")
    assert motcua("events", "export", "--out", tmp_path / "facts.jsonl", "--data", stack.data).returncode == 0
    lines = [
        json.loads(line) for line in (tmp_path / "facts.jsonl").read_text(encoding="utf-8").splitlines() if line.startswith('{"position"')
    ]
    logged = {service: head(stack, service) for service in SERVICES}
    assert [line["position"] for line in lines] == [f"{service}/{pos}" for service in SERVICES for pos in range(1, logged[service] + 1)]
    assert {line["event"]["specversion"] for line in lines} == {"1.0"}
    verified = motcua("verify", "--json", "--data", stack.data)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["events"] == logged
    offline = motcua("verify", "--bundle", tmp_path / "facts.jsonl", "--json", "--data", stack.data)
    assert offline.returncode == 0, offline.stdout + offline.stderr
    assert json.loads(offline.stdout)["events"] == logged
    assert json.loads(offline.stdout)["seals"]["intake"] > 0


def test_a_fact_that_is_parked_is_shown_with_its_reason_and_applied_by_one_command(stack: Stack) -> None:
    # It was applied long ago; to apply it again is harmless, and is what is seen here.
    parked = """
        INSERT INTO log.parked (consumer, source, pos, stream, body, error)
        SELECT 'feedback-intake', 'intake', $1, $2, $3, 'KeyError: a bug'
    """
    returned = "SELECT pos, stream, body FROM log.event WHERE subject LIKE '%returned%' LIMIT 1"
    (row,) = ask_postgres(stack.dsn("intake"), returned)
    ask_postgres(stack.dsn("feedback"), parked, *row)

    shown = motcua("parked", "--data", stack.data)
    assert (shown.returncode, f"intake/{row['pos']}  {row['stream']}  KeyError: a bug" in shown.stdout) == (1, True)
    applied = motcua("parked", "--again", "--data", stack.data)
    assert (applied.returncode, "nothing is parked" in applied.stdout) == (0, True), applied.stderr
