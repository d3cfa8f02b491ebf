"""HTTP/1.1 as little as a load generator needs of it: what the generator burns, the measured services do not get.

One connection, one request at a time, answers with a Content-Length; about a tenth of what a client library costs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

import orjson

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length:"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `head` is the status line and the headers as they came."""

    status: int
    head: bytes
    body: bytes

    def json(self) -> Any:
        """Read the body."""
        return orjson.loads(self.body)


class Broken(ConnectionError):  # noqa: N818 - says what happened
    """The connection ended before the answer did."""


class Connection(asyncio.Protocol):
    """A connection that is kept alive."""

    def __init__(self) -> None:
        """Be not connected yet."""
        self._read = b""
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def open(self) -> bool:
        """Whether a request could be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> Answer:
        """Send a request and give its answer.

        Raises:
            Broken: if the connection ends first.
        """
        if self._transport is None or self._transport.is_closing():
            raise Broken
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Give the answer once it is whole."""
        self._read += data
        end = self._read.find(HEAD_END)
        if end < 0:
            return
        head = self._read[:end].lower()
        at = head.find(LENGTH)
        length = int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        begin = end + len(HEAD_END)
        if len(self._read) < begin + length:
            return
        body, self._read = self._read[begin : begin + length], self._read[begin + length :]
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(int(head[9:12]), head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Broken(str(exc)))


async def connect(url: str) -> Connection:
    """Connect to the host of a URL.

    Raises:
        OSError: if nobody listens there.
    """
    parts = urlsplit(url)
    _, connection = await asyncio.get_running_loop().create_connection(Connection, parts.hostname or "127.0.0.1", parts.port or 80)
    return connection


def request(method: str, path: str, token: str, body: object = None, key: str | None = None) -> bytes:
    """Write a request; `key` is its Idempotency-Key."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}"]
    if key is not None:
        lines.append(f"Idempotency-Key: {key}")
    if body is None:
        return ("\r\n".join(lines) + "\r\n\r\n").encode()
    written = orjson.dumps(body)
    lines += ["Content-Type: application/json", f"Content-Length: {len(written)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + written
