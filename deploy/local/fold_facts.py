"""The facts that a fold is fed with, each with its position: from the streams as the analyst's user, or from an exported file.

Facts of several services come in the order in which they were recorded; in the same instant by service, then by position. So the same
positions give the same order, whenever they are read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from deploy.local.bundle import EVENT
from deploy.local.events import facts, last_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from pathlib import Path

    from nats.aio.client import Client

SOURCES: Final = ("feedback", "intake", "processing", "reporting")
Positions: TypeAlias = "Mapping[str, int]"


class Told(NamedTuple):
    """One fact: when it was recorded, whose it is, its position, its type and its bytes."""

    recorded: str
    source: str
    pos: int
    type: str
    body: bytes

    @property
    def line(self) -> bytes:
        """The fact as a fold is given it."""
        return b'{"position":"%s/%d","event":%s}\n' % (self.source.encode(), self.pos, self.body)


def told(source: str, pos: int, body: bytes) -> Told:
    """Read what the order goes by."""
    event = json.loads(body)
    return Told(event["recordedtime"], source, pos, event["type"], body)


async def of_stream(connection: Client, source: str, upto: int) -> AsyncGenerator[Told]:
    """Read a stream up to a position."""
    if upto:
        async for pos, body in facts(connection, source, 0):
            yield told(source, pos, body)
            if pos >= upto:
                return


async def of_bundle(file: Path, source: str, upto: int) -> AsyncGenerator[Told]:
    """Read an exported file's facts of one service up to a position."""
    with file.open("rb") as lines:
        for line in lines:
            found = EVENT.fullmatch(line)
            if found is not None and found[1].decode() == source and int(found[2]) <= upto:
                yield told(source, int(found[2]), found[4])


def ends_of_bundle(file: Path) -> dict[str, int]:
    """Give the last position of each service in an exported file."""
    ends = dict[str, int]()
    with file.open("rb") as lines:
        for found in (EVENT.fullmatch(line) for line in lines):
            if found is not None:
                ends[found[1].decode()] = int(found[2])
    return ends


async def ends_of_streams(connection: Client) -> dict[str, int]:
    """Give the last position of each service."""
    return {source: await last_of(connection, source) for source in SOURCES}


async def merged(readers: Sequence[AsyncGenerator[Told]]) -> AsyncGenerator[Told]:
    """Put the facts of several services into one order."""
    heads = [(head, reader) for reader in readers if (head := await anext(reader, None)) is not None]
    while heads:
        head, reader = min(heads, key=lambda one: one[0][:3])
        yield head
        heads.remove((head, reader))
        if (then := await anext(reader, None)) is not None:
            heads.append((then, reader))
