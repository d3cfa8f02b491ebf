"""Beside the steps: an answer leaves the process in one write.

Uvicorn writes the head of an answer and then its body, and uvloop hands each to the system at once: two of the dearest things that a
request does, and the caller's process is woken for a head that it can do nothing with.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD: Final = b"HTTP/1.1 "


class Corked:
    """A transport that keeps the head of an answer until its body comes, or the loop has turned: a body may be long in coming."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Take a connection over."""
        self._transport, self._held = transport, b""
        self._write, self._soon = transport.write, asyncio.get_running_loop().call_soon

    def __getattr__(self, name: str) -> Any:
        """Be the transport in everything else."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, or keep a head for a moment."""
        if self._held:
            data, self._held = self._held + data, b""
            self._write(data)
        elif data.startswith(HEAD):
            self._held = data
            self._soon(self.flush)
        else:
            self._write(data)

    def flush(self) -> None:
        """Write what is kept, unless nobody is there any more."""
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._write(held)

    def close(self) -> None:
        """Close the connection behind what was said."""
        self.flush()
        self._transport.close()


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol on such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin a connection."""
        super().connection_made(cast("asyncio.Transport", Corked(transport)))
