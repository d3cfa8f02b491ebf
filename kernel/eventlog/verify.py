"""Verify a log: dense positions, unbroken chains, true seals, and a stream that is its mirror."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nats.aio.client import Client

from kernel.eventlog.event import NO_HASH, Codec, Unreadable, subject_of
from kernel.eventlog.project import ReadModel
from kernel.eventlog.relay import stream_name
from kernel.eventlog.seal import Seal, merkle_root
from kernel.eventlog.sql import QUERY, Connection
from kernel.eventlog.tail import Tail, sequence_of

READ_MAX: Final = 2000
FINDINGS_MAX: Final = 100
ANSWER_SECONDS: Final = 5


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
    # One snapshot: a log that grows meanwhile has one head, and seals over what was read.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        verdict = Verdict(source)
        chains: dict[UUID, tuple[int, bytes]] = {}
        positions: list[int] = []
        hashes: list[bytes] = []
        # What is read in order is read from 1 on; only a forger puts an event before that.
        if (forged := await connection.fetchval(QUERY["before_first"])) is not None:
            verdict.find(f"position {forged} stands before the first")
        async for row in _rows(connection):
            if row["pos"] != verdict.events + 1:
                verdict.find(f"position {verdict.events + 1} is missing: found {row['pos']}")
            verdict.events = row["pos"]
            _verify_event(row, *chains.get(row["stream"], (0, NO_HASH)), verdict)
            chains[row["stream"]] = (row["version"], row["hash"])
            positions.append(row["pos"])
            hashes.append(row["hash"])
        verdict.streams = len(chains)
        head_pos = await connection.fetchval(QUERY["head"])
        if head_pos != verdict.events:
            verdict.find(f"the head says {head_pos}, the last event is {verdict.events}")
        await _verify_seals(connection, verdict, positions, hashes, keys)
    return verdict


def _verify_event(row: asyncpg.Record, version: int, previous: bytes, verdict: Verdict) -> None:
    """Check one event against its body and against the version and hash of the stream's previous event."""
    pos = row["pos"]
    if row["version"] != version + 1:
        verdict.find(f"position {pos}: version {row['version']} follows {version}")
    if hashlib.sha256(previous + row["body"]).digest() != row["hash"]:
        verdict.find(f"position {pos}: the hash is not that of the body and the previous hash")
    try:
        head = orjson.loads(row["body"])
        stream, sequence, subject = head["subject"], head["sequence"], subject_of(head["type"], row["stream"], head["agency"])
    except (ValueError, KeyError, TypeError, AttributeError):
        verdict.find(f"position {pos}: the body is no event")
        return
    if stream != str(row["stream"]) or sequence != str(row["version"]):
        verdict.find(f"position {pos}: the body names another stream or version")
    if subject != row["subject"]:
        verdict.find(f"position {pos}: the subject is not that of the body")


async def _rows(connection: Connection, after: int = 0) -> AsyncIterator[asyncpg.Record]:
    while rows := await connection.fetch(QUERY["read_all"], after, READ_MAX):
        for row in rows:
            yield row
        after = rows[-1]["pos"]


async def _verify_seals(
    connection: Connection, verdict: Verdict, positions: list[int], hashes: list[bytes], keys: Mapping[str, Ed25519PublicKey]
) -> None:
    previous = NO_HASH
    for row in await connection.fetch(QUERY["seals"]):
        seal = Seal(verdict.source, row["upto"], row["root"], row["previous"], row["at"])
        sealed = hashes[bisect_right(positions, verdict.sealed_upto) : bisect_right(positions, seal.upto)]
        if merkle_root(sealed) != seal.root or seal.upto > verdict.events:
            verdict.find(f"seal {seal.upto}: the events are not those that were sealed")
        if seal.previous != previous:
            verdict.find(f"seal {seal.upto}: it does not follow the previous seal")
        if (key := keys.get(row["key_id"])) is None:
            verdict.find(f"seal {seal.upto}: key {row['key_id']} is not trusted")
        else:
            try:
                key.verify(row["signature"], seal.digest)
            except InvalidSignature:
                verdict.find(f"seal {seal.upto}: the signature is not good")
        previous, verdict.sealed_upto = seal.digest, seal.upto
        verdict.seals += 1


async def verify_mirror(connection: Connection, nats: Client, verdict: Verdict) -> None:
    """Compare the stream with the log, byte for byte; what the relay has not carried yet is said as missing."""
    verdict.mirrored, stream = 0, stream_name(verdict.source)
    # nats-py's own question does not ask for the sequences that were deleted.
    answer = await nats.request(f"$JS.API.STREAM.INFO.{stream}", b'{"deleted_details":true}', timeout=ANSWER_SECONDS)
    info = orjson.loads(answer.data)
    if "state" not in info:
        verdict.find("there is no stream")
        return
    # Of an empty stream the server says that 0 is deleted; no sequence is 0.
    last, first, deleted = info["state"]["last_seq"], info["state"]["first_seq"], [*filter(None, info["state"].get("deleted", []))]
    verdict.mirrored = last
    epoch, theirs = str(await connection.fetchval(QUERY["epoch"])), info["config"].get("metadata", {}).get("epoch")
    if theirs != epoch:
        verdict.find(f"the stream mirrors history {theirs}, the log is {epoch}")
    if last != verdict.events:
        verdict.find(f"the stream ends at {last}, the log at {verdict.events}")
    if first > 1:
        verdict.find(f"the stream begins at {first}")
    for sequence in deleted:
        verdict.find(f"position {sequence} is missing in the stream")
    # A reader takes a hole for a doubt: what stands behind the last one is compared.
    await _compare(connection, nats, verdict, max([0, first - 1, *deleted]), last)


async def _compare(connection: Connection, nats: Client, verdict: Verdict, seen: int, last: int) -> None:
    rows = _rows(connection, seen)
    async with Tail(nats, verdict.source, seen) as tail:
        while seen < last:
            for message in await tail.next():
                seen = sequence_of(message)
                row = await anext(rows, None)
                if row is None or (row["pos"], row["subject"], row["body"]) != (seen, message.subject, message.data):
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
        untouched = await _untouched(connection, f"{model.consumer}.{projection.table}")
        for key in expected.keys() & stored.keys():
            row = {**untouched, projection.key_column: key, **expected[key]}
            wrong = [name for name, value in row.items() if stored[key][name] != value]
            if wrong:
                verdict.find(f"{model.consumer}.{projection.table}: row {key} differs in {', '.join(wrong)}")


async def _untouched(connection: Connection, table: str) -> dict[str, Any]:
    """Give what stands in the columns of a row that no event has set: their defaults."""
    found = {row["attname"]: row["expression"] for row in await connection.fetch(QUERY["column_defaults"], table)}
    values = await connection.fetchrow("SELECT " + ", ".join(f"({expression})" for expression in found.values()))
    return dict(zip(found, values or (), strict=True))
