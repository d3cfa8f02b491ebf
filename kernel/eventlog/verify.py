"""Verify a log: dense positions, unbroken chains, true seals, and a stream that is its mirror."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nats.aio.client import Client

from kernel.eventlog.event import NO_HASH, Codec, Unreadable
from kernel.eventlog.project import ReadModel
from kernel.eventlog.relay import stream_name
from kernel.eventlog.seal import Seal, merkle_root
from kernel.eventlog.sql import QUERY, Connection
from kernel.eventlog.tail import Tail, sequence_of

READ_MAX: Final = 2000
FINDINGS_MAX: Final = 100


@dataclass
class Verdict:
    """What was checked, and everything that is wrong with it (at most `FINDINGS_MAX`)."""

    source: str
    events: int = 0
    streams: int = 0
    seals: int = 0
    sealed_upto: int = 0
    mirrored: int | None = None
    findings: list[str] = field(default_factory=list[str])

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def find(self, finding: str) -> None:
        """Note something that is wrong."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)


async def verify_log(connection: Connection, source: str, keys: Mapping[str, Ed25519PublicKey]) -> Verdict:
    """Check a log from its first event to its head; `keys` are the sealing keys that are trusted, by id."""
    verdict = Verdict(source)
    chains: dict[object, tuple[int, bytes]] = {}
    hashes: list[bytes] = []
    async for row in _rows(connection):
        verdict.events += 1
        if row["pos"] != verdict.events:
            verdict.find(f"position {verdict.events} is missing: found {row['pos']}")
            verdict.events = row["pos"]
        version, previous = chains.get(row["stream"], (0, NO_HASH))
        if row["version"] != version + 1:
            verdict.find(f"position {row['pos']}: version {row['version']} follows {version}")
        if hashlib.sha256(previous + row["body"]).digest() != row["hash"]:
            verdict.find(f"position {row['pos']}: the hash is not that of the body and the previous hash")
        head = orjson.loads(row["body"])
        if head["subject"] != str(row["stream"]) or head["sequence"] != str(row["version"]):
            verdict.find(f"position {row['pos']}: the body names another stream or version")
        chains[row["stream"]] = (row["version"], row["hash"])
        hashes.append(row["hash"])
    verdict.streams = len(chains)
    head_pos = await connection.fetchval(QUERY["head"])
    if head_pos != verdict.events:
        verdict.find(f"the head says {head_pos}, the last event is {verdict.events}")
    await _verify_seals(connection, verdict, hashes, keys)
    return verdict


async def _rows(connection: Connection) -> AsyncIterator[asyncpg.Record]:
    after = 0
    while rows := await connection.fetch(
        "SELECT pos, stream, version, body, hash FROM log.event WHERE pos > $1 ORDER BY pos LIMIT $2", after, READ_MAX
    ):
        for row in rows:
            yield row
        after = rows[-1]["pos"]


async def _verify_seals(connection: Connection, verdict: Verdict, hashes: list[bytes], keys: Mapping[str, Ed25519PublicKey]) -> None:
    previous = NO_HASH
    for row in await connection.fetch("SELECT upto, root, previous, key_id, signature FROM log.seal ORDER BY upto"):
        seal = Seal(verdict.source, row["upto"], row["root"], row["previous"])
        if merkle_root(hashes[verdict.sealed_upto : row["upto"]]) != row["root"] or row["upto"] > len(hashes):
            verdict.find(f"seal {row['upto']}: the events are not those that were sealed")
        if row["previous"] != previous:
            verdict.find(f"seal {row['upto']}: it does not follow the previous seal")
        if (key := keys.get(row["key_id"])) is None:
            verdict.find(f"seal {row['upto']}: key {row['key_id']} is not trusted")
        else:
            try:
                key.verify(row["signature"], seal.digest)
            except InvalidSignature:
                verdict.find(f"seal {row['upto']}: the signature is not good")
        previous, verdict.sealed_upto = seal.digest, row["upto"]
        verdict.seals += 1


async def verify_mirror(connection: Connection, nats: Client, verdict: Verdict) -> None:
    """Compare the stream with the log, byte for byte; what the relay has not carried yet is said as missing."""
    info = await nats.jetstream().stream_info(stream_name(verdict.source))
    verdict.mirrored = info.state.last_seq
    if info.state.last_seq != verdict.events:
        verdict.find(f"the stream ends at {info.state.last_seq}, the log at {verdict.events}")
    rows, seen = _rows(connection), 0
    async with Tail(nats, verdict.source, 0) as tail:
        while seen < info.state.last_seq:
            for message in await tail.next():
                seen = sequence_of(message)
                row = await anext(rows, None)
                if row is None or row["pos"] != seen or row["body"] != message.data:
                    verdict.find(f"position {seen}: stream and log differ")


async def verify_read_model(
    connection: Connection, model: ReadModel, codec: Codec, sources: Mapping[str, Connection], verdict: Verdict
) -> None:
    """Fold the logs that a read model reads, and compare what comes of it with its tables, row by row.

    Args:
        connection: the database with the tables.
        model: the read model.
        codec: how bodies become facts.
        sources: a connection to the log of each source, in the order that does not matter: no column has two sources.
        verdict: takes the findings.
    """
    tables: dict[str, dict[Any, dict[str, Any]]] = {projection.table: {} for projection in model.projections}
    for source, log in sources.items():
        async for row in _rows(log):
            try:
                event = codec.decode(source, row["pos"], row["body"])
            except Unreadable as error:
                verdict.find(str(error))
                continue
            for projection in model.projections:
                if (key := projection.key(event)) is not None and (columns := projection.columns(event)):
                    tables[projection.table].setdefault(key, {}).update(columns, **{f"pos_{source}": event.pos})
    for projection in model.projections:
        expected = tables[projection.table]
        rows = await connection.fetch(f"SELECT * FROM {model.consumer}.{projection.table}")  # noqa: S608 - names are the program's own
        stored = {row[projection.key_column]: row for row in rows}
        for key in expected.keys() ^ stored.keys():
            verdict.find(f"{model.consumer}.{projection.table}: row {key} is {'missing' if key in expected else 'not to be there'}")
        for key in expected.keys() & stored.keys():
            wrong = [name for name, value in expected[key].items() if stored[key][name] != value]
            if wrong:
                verdict.find(f"{model.consumer}.{projection.table}: row {key} differs in {', '.join(wrong)}")
