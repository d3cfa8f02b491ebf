"""Step 8 of 8, query: how far the others' logs are, so that an answer can say what it lacks.

A stream is the mirror of its service's log, so its last sequence is the number of facts that the service has published.
The broker is asked at most once a second, over a connection that is closed again: a process that only answers questions
need not keep one, and an answer does not wait for a broker that is away.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from kernel.eventlog.relay import stream_name

FRESH_SECONDS: Final = 1.0
ASK_SECONDS: Final = 0.5
CONNECTION: Final[dict[str, Any]] = {"allow_reconnect": False, "connect_timeout": ASK_SECONDS, "max_reconnect_attempts": 0}


async def hushed(_: Exception) -> None:
    """Say nothing: what could not be asked is told in the answer."""


@dataclass
class Heads:
    """The last positions of other services' logs, as the broker had them at most `FRESH_SECONDS` ago.

    Args:
        nats_url: where the broker is, with this service's own user; None = there is none to ask.
        sources: the services whose streams are looked at.
        clock: gives monotonic seconds.
    """

    nats_url: str | None
    sources: Sequence[str]
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, int] = field(default_factory=dict[str, int], init=False)
    _asked_at: float = field(default=float("-inf"), init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def now(self) -> dict[str, int | None]:
        """Give the last position of each source; None where it cannot be told: the broker is away, or the stream is not there."""
        async with self._turn:
            if self.clock() - self._asked_at > FRESH_SECONDS:
                self._known = await self._ask()
                self._asked_at = self.clock()
        return {source: self._known.get(source) for source in self.sources}

    async def _ask(self) -> dict[str, int]:
        if self.nats_url is None:
            return {}
        try:
            async with asyncio.timeout(ASK_SECONDS):
                client = await nats.connect(self.nats_url.split(","), name="heads", error_cb=hushed, **CONNECTION)
                try:
                    return {source: head for source in self.sources if (head := await last_of(client, source)) is not None}
                finally:
                    await client.close()
        except (NatsError, JetStreamError, OSError, TimeoutError):
            return {}


async def last_of(client: Client, source: str) -> int | None:
    """Give the last position that a service has published; None while its stream is not there."""
    try:
        return (await client.jetstream().stream_info(stream_name(source))).state.last_seq
    except NotFoundError:
        return None
