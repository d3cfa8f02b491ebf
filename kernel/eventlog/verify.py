"""Verify a log: dense positions, unbroken chains, true seals, and a stream that is its mirror."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nats.aio.client import Client

from kernel.eventlog.event import NO_HASH, Codec, Row, Unreadable, row_of
from kernel.eventlog.project import ReadModel
from kernel.eventlog.relay import stream_name
from kernel.eventlog.seal import Seal, Signed, merkle_root
from kernel.eventlog.sql import QUERY, Connection
from kernel.eventlog.tail import sequence_of, through

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
    witnesses: int = 0
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


class Audit:
    """Looks at one log from its first event on, wherever that comes from: a table, or a file.

    Args:
        source: whose log.
        keys: the sealing keys that are trusted, by id.
    """

    def __init__(self, source: str, keys: Mapping[str, Ed25519PublicKey]) -> None:
        """Begin with nothing seen."""
        self.verdict = Verdict(source)
        self.keys = keys
        self.seals = dict[int, Seal]()
        self._chains = dict[UUID, tuple[int, bytes]]()
        self._positions = list[int]()
        self._hashes = list[bytes]()
        self._last = NO_HASH

    def event(self, pos: int, row: Row) -> None:
        """Look at the next event."""
        verdict = self.verdict
        if pos != verdict.events + 1:
            verdict.find(f"position {verdict.events + 1} is missing: found {pos}")
        for wrong in wrong_with(row, *self._chains.get(row.stream, (0, NO_HASH))):
            verdict.find(f"position {pos}, stream {row.stream}: {wrong}")
        self._chains[row.stream] = (row.version, row.hash)
        self._positions.append(pos)
        self._hashes.append(row.hash)
        verdict.events, verdict.streams = pos, len(self._chains)

    def seal(self, signed: Signed) -> None:
        """Look at the next seal; all events have been looked at."""
        seal, verdict = signed.seal, self.verdict
        if not self._covers(verdict.sealed_upto, seal):
            verdict.find(f"seal {seal.upto}: the events {verdict.sealed_upto + 1} to {seal.upto} are not those that were sealed")
        if seal.previous != self._last:
            verdict.find(f"seal {seal.upto}: it does not follow the previous seal")
        if (wrong := signed.wrong(self.keys)) is not None:
            verdict.find(f"seal {seal.upto}: {wrong}")
        self._last, verdict.sealed_upto = seal.digest, seal.upto
        self.seals[seal.upto] = seal
        verdict.seals += 1

    def _covers(self, since: int, seal: Seal) -> bool:
        sealed = self._hashes[bisect_right(self._positions, since) : bisect_right(self._positions, seal.upto)]
        return merkle_root(sealed) == seal.root and seal.upto <= self.verdict.events

    def witnesses(self, witnesses: Sequence[Signed]) -> None:
        """Compare the seals with those that others hold, in order; what they do not hold yet may stand at the end."""
        verdict, since = self.verdict, 0
        for signed in witnesses:
            seal = signed.seal
            if (wrong := signed.wrong(self.keys)) is not None:
                verdict.find(f"witness {seal.upto}: {wrong}")
                continue
            if (own := self.seals.get(seal.upto)) != seal:
                verdict.find(f"seal {seal.upto}: the witnesses hold {'it, the log does not' if own is None else 'another one'}")
                if not self._covers(since, seal):
                    verdict.find(f"witness {seal.upto}: the events {since + 1} to {seal.upto} are not those that were sealed")
            verdict.witnesses, since = verdict.witnesses + 1, seal.upto
        held = {signed.seal.upto for signed in witnesses}
        for upto in self.seals.keys() - held:
            if upto < since:
                verdict.find(f"seal {upto}: the witnesses do not hold it, but a later one")


def wrong_with(row: Row, version: int, previous: bytes) -> list[str]:
    """Say what is wrong with an event, given the version and the hash of its stream's previous one."""
    found = list[str]()
    if row.version != version + 1:
        found.append(f"version {row.version} follows {version}")
    if hashlib.sha256(previous + row.body).digest() != row.hash:
        found.append("the hash is not that of the body and the previous hash")
    try:
        named = row_of(row.body, row.hash)
    except ValueError:
        return [*found, "the body is no event"]
    if (named.stream, named.version) != (row.stream, row.version):
        found.append("the body names another stream or version")
    if named.subject != row.subject:
        found.append("the subject is not that of the body")
    return found


async def verify_log(
    connection: Connection, source: str, keys: Mapping[str, Ed25519PublicKey], witnesses: Sequence[Signed] = ()
) -> Verdict:
    """Check a log from its first event to its head.

    Args:
        connection: the database.
        source: whose log.
        keys: the sealing keys that are trusted, by id.
        witnesses: the seals that others hold, read before this call: later ones may be newer than what is looked at.
    """
    # One snapshot: a log that grows meanwhile has one head, and seals over what was read.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        audit = Audit(source, keys)
        verdict = audit.verdict
        # What is read in order is read from 1 on; only a forger puts an event before that.
        if (forged := await connection.fetchval(QUERY["before_first"])) is not None:
            verdict.find(f"position {forged} stands before the first")
        async for row in _rows(connection):
            # The table has no column for the id, which is looked for in the body.
            audit.event(row["pos"], Row("", row["stream"], row["version"], row["subject"], row["body"], row["hash"]))
        head_pos = await connection.fetchval(QUERY["head"])
        if head_pos != verdict.events:
            verdict.find(f"the head says {head_pos}, the last event is {verdict.events}")
        for row in await connection.fetch(QUERY["seals"]):
            audit.seal(Signed.of(source, row))
        audit.witnesses(witnesses)
    return verdict


async def _rows(connection: Connection, after: int = 0) -> AsyncIterator[asyncpg.Record]:
    while rows := await connection.fetch(QUERY["read_all"], after, READ_MAX):
        for row in rows:
            yield row
        after = rows[-1]["pos"]


async def verify_mirror(connection: Connection, nats: Client, verdict: Verdict) -> None:
    """Compare the stream with the log, byte for byte; what the relay has not carried yet is said as missing."""
    verdict.mirrored, stream = 0, stream_name(verdict.source)
    # nats-py's own question does not ask for the sequences that were deleted.
    answer = await nats.request(f"$JS.API.STREAM.INFO.{stream}", b'{"deleted_details":true}', timeout=ANSWER_SECONDS)
    info = orjson.loads(answer.data)
    if "state" not in info:
        verdict.find("there is no stream")
        return
    last, first = info["state"]["last_seq"], info["state"]["first_seq"]
    # Of a stream that has never held anything the broker says that 0 was deleted.
    deleted = [sequence for sequence in info["state"].get("deleted", []) if sequence > 0]
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
    async for messages in through(nats, verdict.source, seen, last):
        for message in messages:
            row, sequence = await anext(rows, None), sequence_of(message)
            if row is None or (row["pos"], row["subject"], row["body"]) != (sequence, message.subject, message.data):
                verdict.find(f"position {sequence}: stream and log differ")


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
                if (found := projection.effect_of(event)) is not None:
                    tables[projection.table].setdefault(found[0], {}).update(found[1], **{f"pos_{source}": event.pos})
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
    for table in model.kept:
        for row in await connection.fetch(f"SELECT * FROM {model.consumer}.{table}_wrong"):  # noqa: S608 - names are the program's own
            verdict.find(f"{model.consumer}.{table}: row {tuple(map(str, row))} is not what the tables beside it amount to")


async def _untouched(connection: Connection, table: str) -> dict[str, Any]:
    """Give what stands in the columns of a row that no event has set: their defaults."""
    found = {row["attname"]: row["expression"] for row in await connection.fetch(QUERY["column_defaults"], table)}
    values = await connection.fetchrow("SELECT " + ", ".join(f"({expression})" for expression in found.values()))
    return dict(zip(found, values or (), strict=True))
