"""Whoever follows intake changes from JetStream to server-sent events to a webhook while it works: one cursor is valid over all three."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import asyncpg
import httpx2
import nats
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from standardwebhooks import Webhook

from deploy.local.stack import Stack
from services.intake.domain.public_view import PUBLIC
from tests.benchmarks.department import submission
from tests.services.rig import eventually
from tests.system.test_faults import head, until
from tests.system.told import told

AT: Final = "2026-03-02T02:00:00+00:00"
SETTINGS: Final = {"INTAKE_WEBHOOKS_INSIDE": "true", "INTAKE_RETRY_SECONDS": "[0.05, 0.1, 0.2, 0.5, 1, 2, 5]"}
ON_EACH: Final = 50
"""Events that are taken on one way before it is left for the next."""
PAUSE_SECONDS: Final = 0.02
SECONDS: Final = 60.0
TYPES: Final = {kind.TYPE for kind in PUBLIC}


@dataclass
class Follower:
    """A portal that follows: its one cursor, and what it took on its way, in order."""

    cursor: int = 0
    taken: list[int] = field(default_factory=list[int])
    dossiers: dict[int, str] = field(default_factory=dict[int, str])

    def take(self, pos: int, dossier: str) -> None:
        """Do something about an event, and remember how far it has got."""
        self.taken.append(pos)
        self.dossiers[pos] = dossier
        self.cursor = max(self.cursor, pos)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with told(SETTINGS), Stack(tmp_path_factory.mktemp("motcua"), fast=True, demo_clock=True) as running:
        yield running


def asked(stack: Stack, path: str, body: dict[str, Any], role: str = "portal") -> Any:
    """Ask something of intake."""
    headers = {"Authorization": f"Bearer {stack.token(role, [role])}", "Idempotency-Key": os.urandom(8).hex(), "Motcua-Demo-Time": AT}
    answer = httpx2.post(stack.urls["intake"] + path, json=body, headers=headers, timeout=30)
    assert answer.is_success, answer.text
    return answer.json()


@dataclass
class Door(threading.Thread):
    """The desk at work: dossiers are handed in, accepted, and one in three is withdrawn, until it closes."""

    stack: Stack
    closed: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        """Be a thread."""
        threading.Thread.__init__(self)

    def __hash__(self) -> int:
        """Be found among the threads."""
        return id(self)

    def run(self) -> None:
        """Work."""
        try:
            for n in itertools.count():
                dossier = "/v1/dossiers/" + asked(self.stack, "/v1/dossiers", submission())["id"]
                asked(self.stack, f"{dossier}/acceptance", {}, "desk")
                if n % 3 == 0:
                    asked(self.stack, f"{dossier}/withdrawal", {"reason": "other"}, "desk")
                if self.closed.wait(PAUSE_SECONDS):
                    return
        except BaseException as error:  # noqa: BLE001 - the test's thread raises it
            self.error = error

    def close(self) -> None:
        """End the day."""
        self.closed.set()
        self.join(SECONDS)
        assert not self.is_alive()
        assert self.error is None


async def subscribed(client: Client, start: ConsumerConfig) -> JetStreamContext.PullSubscription | None:
    """Subscribe to the analysts' mirror; None while it is not made yet."""
    try:
        return await client.jetstream().pull_subscribe("intake.>", stream="INTAKE", config=start)
    except NotFoundError:
        return None


async def by_jetstream(stack: Stack, follower: Follower, enough: int) -> None:
    """Read the stream as an analyst may, with the client that everybody has, from behind the cursor on."""
    client = await nats.connect(stack.nats_url("analyst"))
    start = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=follower.cursor + 1, ack_policy=AckPolicy.NONE, inactive_threshold=30
    )
    subscription = await eventually(lambda: subscribed(client, start))
    assert subscription is not None
    until_count = len(follower.taken) + enough
    while len(follower.taken) < until_count:
        for message in await subscription.fetch(1, timeout=SECONDS):
            event = json.loads(message.data)
            if event["type"] in TYPES:
                follower.take(message.metadata.sequence.stream, event["subject"])
    await client.close()


def by_events(stack: Stack, follower: Follower, enough: int) -> None:
    """Read server-sent events from behind the cursor on, and go away in the middle."""
    headers = {"Authorization": f"Bearer {stack.token('follower', ['portal'])}", "Last-Event-ID": f"intake/{follower.cursor}"}
    until_count = len(follower.taken) + enough
    with httpx2.stream("GET", stack.urls["intake"] + "/v1/events/stream", headers=headers, timeout=SECONDS) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                follower.take(int(event["cursor"].removeprefix("intake/")), event["data"]["dossier_id"])
            if len(follower.taken) == until_count:
                return


@dataclass
class Hook:
    """A webhook's receiver: lets the official library verify, and takes what it has not taken yet, as Standard Webhooks asks of it."""

    follower: Follower
    key: str = ""
    came: list[int] = field(default_factory=list[int])
    unanswered: int = 1
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Give the status to answer with; the first time the answer is lost though the event was taken."""
        event = Webhook(self.key).verify(body, headers)
        pos = int(headers["webhook-id"].removeprefix("intake/"))
        assert event["cursor"] == headers["webhook-id"]
        with self.lock:
            if pos not in self.came:
                self.follower.take(pos, event["data"]["dossier_id"])
            self.came.append(pos)
            self.unanswered -= 1
            return 500 if self.unanswered >= 0 else 204

    @contextmanager
    def serving(self) -> Generator[str]:
        """Listen; give the address."""
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = hook.take({name.lower(): value for name, value in self.headers.items()}, body)
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def public(stack: Stack) -> list[int]:
    """Give the positions in intake's log of all that others may see."""

    async def ask() -> list[int]:
        connection = await asyncpg.connect(stack.dsn("intake"))
        try:
            rows = await connection.fetch("SELECT pos, body FROM log.event ORDER BY pos")
        finally:
            await connection.close()
        return [row["pos"] for row in rows if json.loads(row["body"])["type"] in TYPES]

    return asyncio.run(ask())


@pytest.mark.slow
def test_who_changes_from_jetstream_to_server_sent_events_to_a_webhook_while_the_broker_dies_loses_nothing_and_takes_nothing_twice(
    stack: Stack,
) -> None:
    door, follower = Door(stack), Follower()
    door.start()
    asyncio.run(by_jetstream(stack, follower, ON_EACH))

    # Not followed for a while, and the broker is killed and away: what is recorded meanwhile comes another way.
    stack.hold("nats")
    missed = head(stack) + ON_EACH
    until(lambda: head(stack) > missed, "intake goes on with no broker")
    by_events(stack, follower, ON_EACH)
    assert stack.pid("nats") is None
    stack.release("nats")

    hook = Hook(follower)
    with hook.serving() as url:
        made = asked(stack, "/v1/webhooks", {"url": url, "signature": "v1", "after": f"intake/{follower.cursor}"})
        hook.key = made["key"]
        until(lambda: len(hook.came) > ON_EACH, "the webhook follows")
        assert door.is_alive(), "all three were in the middle of it"
        door.close()
        until(lambda: len(follower.taken) >= len(public(stack)), "everything has come")
        asked(stack, f"/v1/webhooks/{made['id']}/end", {})
    assert sorted(follower.taken) == public(stack), "none is lost, none was taken twice"
    assert len(hook.came) == len(set(hook.came)) + 1, "what was not answered came again, under the same name, and nothing else did"
    for dossier in set(follower.dossiers.values()):
        mine = [pos for pos in follower.taken if follower.dossiers[pos] == dossier]
        assert mine == sorted(mine), "each dossier's in order"

    # And back to where it began, with the cursor that the webhook has brought it to.
    stack.wait_ready()
    again = Door(stack)
    again.start()
    asyncio.run(by_jetstream(stack, follower, ON_EACH))
    again.close()
    assert sorted(follower.taken) == public(stack)[: len(follower.taken)]
