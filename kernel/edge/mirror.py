"""Beside the steps: the analysts' copies of a service's stream and of the seals, in an account of their own (ADR 32).

The broker itself keeps a mirror up to date; here it is only made, and made again should it be gone. Whoever reads a mirror asks nothing
of the stream, so no analyst can slow a service down, and a mirror that fell behind holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ExternalStream, StreamConfig, StreamSource
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from kernel.eventlog.errors import Doubt
from kernel.eventlog.relay import stream_name
from kernel.eventlog.witness import SEALS
from kernel.eventlog.worker import named

ANALYSTS_API: Final = "analysts.API"
"""Under which subjects streams in the account of the analysts are asked for from elsewhere."""
SERVICES_API: Final = "services.API"
"""Under which subjects a mirror there asks for its stream here."""
MIRRORED: Final = "mirrored"
"""The first word of what a mirror is sent."""
ABSENT_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 60.0


def mirror_config(name: str) -> StreamConfig:
    """Everything that the stream holds, under the same sequences. One copy: it can be had again from the stream."""
    source = StreamSource(name=name, external=ExternalStream(api=SERVICES_API, deliver=f"{MIRRORED}.{name}"))
    return StreamConfig(name=name, mirror=source, num_replicas=1, deny_delete=True, deny_purge=True, allow_direct=True)


async def mirror_for_ever(nats_url: str, source: str) -> None:
    """Make the mirrors that are not there of a service's stream and of the seals, now and whenever one is gone.

    Raises:
        Doubt: if the broker is away; whoever runs this runs it again.
    """
    while True:
        try:
            client = await nats.connect(nats_url.split(","), **named(source, "mirror"))
            try:
                absent = await make_mirrors(client.jetstream(), client.jetstream(prefix=ANALYSTS_API), [source, SEALS])
            finally:
                await client.close()
        except (NatsError, JetStreamError, OSError, TimeoutError) as error:
            raise Doubt("no mirrors: the broker is away") from error
        await asyncio.sleep(ABSENT_SECONDS if absent else LOOK_SECONDS)


async def make_mirrors(here: JetStreamContext, there: JetStreamContext, sources: Sequence[str]) -> list[str]:
    """Make the mirrors that are not there of the streams that are; give the names of those that are not."""
    absent = list[str]()
    for name in map(stream_name, sources):
        try:
            await here.stream_info(name)
        except NotFoundError:
            absent.append(name)
            continue
        try:
            await there.stream_info(name)
        except NotFoundError:
            await there.add_stream(mirror_config(name))
    return absent
