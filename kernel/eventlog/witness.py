"""Step 5 of 8, relay: others hold a service's seals too, so that a log cannot be sealed anew, cut or put back unnoticed.

One stream for all services, one subject for each. The table is the source and the stream the cursor, as with events: what
stands behind a service's last seal there is published by compare-and-set on the sequence of that last one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from kernel.eventlog.endless import end_if_cancelled
from kernel.eventlog.errors import Doubt, Halt
from kernel.eventlog.event import NO_HASH
from kernel.eventlog.relay import stream_config, stream_name
from kernel.eventlog.seal import SEAL_LOCK, Signed, merkle_root
from kernel.eventlog.sql import QUERY, Connection, Pool
from kernel.eventlog.tail import sequence_of, through

SEALS: Final = "seals"
"""The name of what is no service: its stream is `SEALS`, a service's subject in it `seals.<service>`."""

LOGGER: Final = logging.getLogger(__name__)


async def witness(pool: Pool, nats: Client, source: str, keys: Mapping[str, Ed25519PublicKey], replicas: int = 1) -> bool:
    """Publish the seals that the witnesses lack, and take back those that an older copy of the table lacks.

    Gives whether sealing may go on: it may while the broker is away, and not where the witnesses hold another row of seals.
    """
    try:
        await _publish(pool, nats, source, keys, replicas)
    except Halt as halt:
        end_if_cancelled()
        LOGGER.critical("sealing halted: %s", halt)
        return False
    except (Doubt, NatsError, JetStreamError, TimeoutError) as doubt:
        end_if_cancelled()
        LOGGER.info("witnesses later: %s: %s", type(doubt).__name__, doubt)
    return True


async def _publish(pool: Pool, nats: Client, source: str, keys: Mapping[str, Ed25519PublicKey], replicas: int) -> None:
    jetstream, subject = nats.jetstream(), f"{SEALS}.{source}"
    sequence, last = await _last(jetstream, subject, replicas)
    rows = [Signed.of(source, row) for row in await pool.fetch(QUERY["seals_from"], last.seal.upto if last else 0)]
    if last is not None and (not rows or rows[0].seal != last.seal):
        witnesses = await read_witnesses(nats, source)
        async with pool.acquire() as connection, connection.transaction():
            if not await adopt_seals(connection, source, witnesses, keys):
                message = f"seal {last.seal.upto} is not the one that the witnesses hold"
                raise Halt(message)
        return
    for signed in rows[1:] if last else rows:
        done = await jetstream.publish(subject, signed.json, headers={"Nats-Expected-Last-Subject-Sequence": str(sequence)})
        sequence = done.seq


async def _last(jetstream: JetStreamContext, subject: str, replicas: int) -> tuple[int, Signed | None]:
    """Give the service's last seal in the stream and its sequence; make the stream if it is not there."""
    name = stream_name(SEALS)
    try:
        message = await jetstream.get_last_msg(name, subject)
    except NotFoundError:
        try:
            await jetstream.stream_info(name)
        except NotFoundError:
            await jetstream.add_stream(stream_config(SEALS, "", replicas).evolve(metadata={}))
        return 0, None
    return message.seq or 0, _read(message.seq or 0, message.data or b"")


def _read(sequence: int, data: bytes) -> Signed:
    try:
        return Signed.read(data)
    except (ValueError, KeyError, TypeError) as error:
        message = f"{stream_name(SEALS)}/{sequence} is no seal"
        raise Halt(message) from error


async def read_witnesses(nats: Client, source: str) -> list[Signed]:
    """Give all seals of a service that the witnesses hold, in the order in which they were published.

    Raises:
        Halt: if something in the stream is no seal.
    """
    try:
        state = (await nats.jetstream().stream_info(stream_name(SEALS))).state
    except NotFoundError:
        return []
    found = list[Signed]()
    async for messages in through(nats, SEALS, max(0, state.first_seq - 1), state.last_seq):
        found += [_read(sequence_of(message), message.data) for message in messages if message.subject == f"{SEALS}.{source}"]
    return found


async def adopt_seals(connection: Connection, source: str, witnesses: Sequence[Signed], keys: Mapping[str, Ed25519PublicKey]) -> int:
    """Within a transaction, add the seals that only the witnesses hold, if they fit the events; give how many.

    Raises:
        Halt: if one does not follow the last seal here, is not signed by a key that is trusted, or covers other events.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", SEAL_LOCK)
    row = await connection.fetchrow(QUERY["last_seal"])
    last = None if row is None else Signed.of(source, row).seal
    missing = [signed for signed in witnesses if last is None or signed.seal.upto > last.upto]
    for signed in missing:
        seal, since = signed.seal, last.upto if last else 0
        hashes = [row["hash"] for row in await connection.fetch(QUERY["read_hashes"], since, seal.upto)]
        wrong = signed.wrong(keys)
        if seal.previous != (last.digest if last else NO_HASH):
            wrong = f"it does not follow the log's seal {since}"
        elif len(hashes) != seal.upto - since or merkle_root(hashes) != seal.root:
            wrong = f"the events {since + 1} to {seal.upto} are not those that were sealed"
        if wrong is not None:
            message = f"seal {seal.upto}: {wrong}"
            raise Halt(message)
        await connection.execute(QUERY["add_seal"], seal.upto, seal.root, seal.previous, signed.key_id, signed.signature, seal.at)
        last = seal
    return len(missing)
