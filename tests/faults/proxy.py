"""A wire that can be broken: a TCP proxy in front of one server, as one service sees it.

A cut is heard by both ends at once. A half-open connection is heard by neither: what is sent on it is swallowed, and it
stays so after the network has healed, as after a firewall that forgot it. A stranded one is closed towards the server only.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

CHUNK_BYTES: Final = 65_536
AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on and 0 seconds: closing sends a reset."""


@dataclass(eq=False)
class Line:
    """One connection through the proxy: the two ends, and whether what comes in is swallowed."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    swallows: bool = False


@dataclass
class Proxy:
    """Listens on `port` of 127.0.0.1 and carries every connection to the port that `target` gives."""

    target: Callable[[], int]
    port: int = field(default=0, init=False)
    swallowing: bool = field(default=False, init=False)
    delay_seconds: float = field(default=0.0, init=False)
    _lines: set[Line] = field(default_factory=set[Line], init=False)
    _listener: asyncio.Server = field(init=False)

    async def open(self) -> Proxy:
        """Begin to listen, on a free port that stays the same."""
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    def close(self) -> None:
        """Stop listening, and break what there is."""
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection, at both ends."""
        for line in list(self._lines):
            reset(line.client)
            reset(line.server)

    def half_open(self) -> None:
        """Swallow what is sent on every connection there is, for ever, and on new ones until `heal`."""
        self.swallowing = True
        for line in self._lines:
            line.swallows = True

    def strand(self) -> None:
        """Reset every connection towards the server, and let the client believe that it has one."""
        for line in self._lines:
            line.swallows = True
            reset(line.server)

    def heal(self) -> None:
        """Carry new connections again, without delay; half-open ones stay what they are."""
        self.swallowing, self.delay_seconds = False, 0.0

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(writer, swallows=self.swallowing)
        self._lines.add(line)
        try:
            if line.swallows:
                while await reader.read(CHUNK_BYTES):
                    pass
                return
            from_server, line.server = await asyncio.open_connection("127.0.0.1", self.target())
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pump(reader, line.server, line))
                ways.create_task(self._pump(from_server, writer, line))
        except* OSError:
            pass  # an end is gone; so is the line
        finally:
            self._lines.discard(line)
            reset(line.server)
            reset(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line) -> None:
        while data := await self._read(reader, line):
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            if not line.swallows:
                writer.write(data)
                await writer.drain()
        if not line.swallows:
            with suppress(OSError, RuntimeError):
                writer.write_eof()

    async def _read(self, reader: asyncio.StreamReader, line: Line) -> bytes:
        """Read; the end of one side of a swallowing line is not told to the other, which must find out by itself."""
        try:
            return await reader.read(CHUNK_BYTES)
        except OSError:
            if line.swallows:
                return b""
            raise


def reset(writer: asyncio.StreamWriter | None) -> None:
    """Close a connection at once, so that its other end hears a reset."""
    if writer is None or writer.transport.is_closing():
        return
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()
