"""Against the stream: a log that was restored from an older copy gets its tail back from its own mirror.

The stream is a second copy of the record. Recovering appends, as the running service may: nothing that stands in the log
is changed. All of it is one transaction that holds the head, so it happens whole or not at all, and nobody writes meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from kernel.eventlog.errors import Halt
from kernel.eventlog.event import NO_HASH, Row, row_of
from kernel.eventlog.relay import stream_name
from kernel.eventlog.sql import QUERY, Connection
from kernel.eventlog.tail import sequence_of, through
from kernel.eventlog.verify import wrong_with
from kernel.eventlog.witness import adopt_seals, read_witnesses


class Fork(Halt):
    """Log and stream go different ways behind `common`; `own` events of the log are not in the stream."""

    def __init__(self, common: int, own: int) -> None:
        """Say where."""
        super().__init__(f"log and stream part behind position {common}: the log has {own} events there that the stream does not have")
        self.common = common
        self.own = own


class OtherHistory(Halt):
    """The stream mirrors a log that is not this one, whatever copy of it."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came back: the positions behind `since` up to `upto`, and how many seals; and how far the log is sealed now."""

    since: int
    upto: int
    seals: int
    sealed_upto: int


async def recover(connection: Connection, nats: Client, source: str, keys: Mapping[str, Ed25519PublicKey]) -> Recovered:
    """Bring the tail of a log back from its stream, and the seals from the witnesses.

    Args:
        connection: the log's database, as the running service's role.
        nats: a connection to the broker.
        source: whose log.
        keys: the sealing keys that are trusted, by id.

    Raises:
        Fork: if the log has events that the stream does not have, where the stream has others.
        OtherHistory: if the stream mirrors another log.
        Halt: if what the stream or the witnesses hold cannot be the log's: a broken chain, a wrong seal.
        Doubt: if the stream could not be read to its end; ask again.
        nats.js.errors.NotFoundError: if there is no stream.
    """
    witnesses = await read_witnesses(nats, source)
    async with connection.transaction():
        head = await connection.fetchrow(QUERY["lock_head"])
        if head is None:
            raise Halt("the log has no head")
        info = await nats.jetstream().stream_info(stream_name(source))
        if (theirs := (info.config.metadata or {}).get("epoch")) != str(head["epoch"]):
            message = f"the stream mirrors history {theirs}, the log is {head['epoch']}"
            raise OtherHistory(message)
        since, last = head["pos"], info.state.last_seq
        if (common := await _common(connection, nats, source, min(since, last))) < min(since, last):
            raise Fork(common, since - common)
        if since < last:
            await _restore(connection, nats, source, since, last)
        seals = await adopt_seals(connection, source, witnesses, keys)
        newest = await connection.fetchrow(QUERY["last_seal"])
    return Recovered(since, max(since, last), seals, newest["upto"] if newest is not None else 0)


async def _common(connection: Connection, nats: Client, source: str, upto: int) -> int:
    """Give the last position, at most `upto`, at which log and stream hold the same event: once they part, they stay apart."""
    if await _same(connection, nats, source, upto):
        return upto
    same, differs = 0, upto
    while differs - same > 1:
        middle = (same + differs) // 2
        if await _same(connection, nats, source, middle):
            same = middle
        else:
            differs = middle
    return same


async def _same(connection: Connection, nats: Client, source: str, pos: int) -> bool:
    if pos == 0:
        return True
    ours = await connection.fetchrow(QUERY["read"], pos - 1, 1)
    try:
        theirs = await nats.jetstream().get_msg(stream_name(source), pos)
    except NotFoundError:
        return False
    return ours is not None and (ours["pos"], ours["subject"], ours["body"]) == (pos, theirs.subject, theirs.data)


async def _restore(connection: Connection, nats: Client, source: str, since: int, last: int) -> None:
    """Read the stream behind `since` and store it, position by position, with the chains made anew from the bodies."""
    async for messages in through(nats, source, since, last):
        positions = [sequence_of(message) for message in messages]
        rows = await _rows_of(connection, dict(zip(positions, messages, strict=True)))
        columns = zip(*((row.stream, row.version, row.subject, row.body, row.hash) for row in rows), strict=True)
        await connection.execute(QUERY["restore"], positions, *map(list, columns))
    await connection.execute(QUERY["restore_head"], last)


async def _rows_of(connection: Connection, messages: Mapping[int, Msg]) -> list[Row]:
    """Make rows of messages; each follows the last event of its stream, in the log or before it in the batch."""
    rows = list[Row]()
    for pos, message in messages.items():
        try:
            rows.append(row_of(message.data, NO_HASH)._replace(subject=message.subject))
        except ValueError as error:
            text = f"position {pos} of the stream is no event"
            raise Halt(text) from error
    found = await connection.fetch(QUERY["last_of_streams"], list({row.stream for row in rows}))
    chains: dict[UUID, tuple[int, bytes]] = {row["stream"]: (row["version"], row["hash"]) for row in found}
    for n, (pos, row) in enumerate(zip(messages, rows, strict=True)):
        version, previous = chains.get(row.stream, (0, NO_HASH))
        rows[n] = chained = row._replace(hash=hashlib.sha256(previous + row.body).digest())
        if wrong := wrong_with(chained, version, previous):
            text = f"position {pos} of the stream, {row.stream}: {', '.join(wrong)}"
            raise Halt(text)
        chains[row.stream] = (chained.version, chained.hash)
    return rows
