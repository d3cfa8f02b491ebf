"""Step 8 of 8, query: from a position back to the fact itself, as its own service published it.

The mirror keeps positions, and no copy of what stands there: a stream is the mirror of its log, so the broker has the very bytes. What
is asked is little and seldom, so a connection is opened for it and closed again (as in heads.py).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import nats
import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from kernel.eventlog.relay import stream_name
from services.reporting.heads import CONNECTION, hushed

ASK_SECONDS: Final = 5.0
AT_ONCE: Final = 50
STEPS: Final = 48
"""Halvings in which a position is found: more than any log needs."""

Place: TypeAlias = tuple[str, int]
"""Source and position."""


class Away(Exception):  # noqa: N818 - says where the broker is
    """The broker cannot be asked, or has no such fact."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Asks the broker for facts by their positions.

    Args:
        nats_url: where the broker is, with this service's own user; None = there is none to ask.
    """

    nats_url: str | None

    async def facts(self, places: Iterable[Place]) -> dict[Place, dict[str, Any]]:
        """Give the envelope of each fact and the hash of its bytes, nothing of what it says; none where the broker cannot be asked."""
        wanted = sorted(set(places))
        if not wanted:
            return {}
        try:
            async with self._asking() as client:
                limit = asyncio.Semaphore(AT_ONCE)
                bodies = await asyncio.gather(*(body_of(client, place, limit) for place in wanted))
        except Away:
            return {}
        return {place: shown(body) for place, body in zip(wanted, bodies, strict=True)}

    async def last_recorded(self, heads: dict[str, int], by: datetime) -> dict[str, int]:
        """Give of each source the last position, up to its head, that was recorded by an instant.

        Found by halving, from the same places whatever the head is: so the same instant leads to the same position for ever, also where
        the clocks of two processes that record in one log differ by some milliseconds.

        Raises:
            Away: if the broker cannot be asked.
        """
        async with self._asking() as client:
            found = dict[str, int]()
            for source, head in heads.items():
                pos = 0
                for step in (1 << n for n in reversed(range(STEPS))):
                    if pos + step <= head and recorded_at(await body_of(client, (source, pos + step))) <= by:
                        pos += step
                found[source] = pos
            return found

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[Client]:
        if self.nats_url is None:
            raise Away
        try:
            async with asyncio.timeout(ASK_SECONDS):
                client = await nats.connect(self.nats_url.split(","), name="trace", error_cb=hushed, **CONNECTION)
                try:
                    yield client
                finally:
                    await client.close()
        except (NatsError, JetStreamError, OSError, TimeoutError) as error:
            raise Away from error


async def body_of(client: Client, place: Place, limit: asyncio.Semaphore | None = None) -> bytes:
    """Give the bytes of one fact."""
    async with limit or asyncio.Semaphore():
        message = await client.jetstream().get_msg(stream_name(place[0]), seq=place[1])
        return message.data or b""


def recorded_at(body: bytes) -> datetime:
    """Give the instant at which a fact was recorded."""
    return datetime.fromisoformat(orjson.loads(body)["recordedtime"])


def shown(body: bytes) -> dict[str, Any]:
    """Give what may be shown of a fact: who did it and what it says stays where it is."""
    event = orjson.loads(body)
    return {
        "event_id": event["id"],
        "type": event["type"],
        "occurred_at": event["time"],
        "recorded_at": event["recordedtime"],
        "sha256": hashlib.sha256(body).hexdigest(),
    }


NOT_SHOWN: Final[dict[str, Any]] = dict.fromkeys(("event_id", "type", "occurred_at", "recorded_at", "sha256"))
"""What is shown of a fact where the broker cannot be asked."""
