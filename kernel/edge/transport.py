"""Beside the steps: a connection to the broker whose TLS handshake failed is given up, not waited for.

nats-py closes it and waits until it is closed; but asyncio lets nobody know who held the connection before the handshake, so it would wait
for ever, and a certificate that had run out would stop a worker until somebody started it again, long after there was a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from nats.aio.transport import TcpTransport

CLOSE_SECONDS: Final = 2.0

_closed: Final = TcpTransport.wait_closed


async def wait_closed(self: TcpTransport) -> None:
    """Wait until a connection is closed, for so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await _closed(self)


def never_wait_for_ever() -> None:
    """Let every client of this process, FastStream's too, close its connections so. Twice is once."""
    TcpTransport.wait_closed = wait_closed
