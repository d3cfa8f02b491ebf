"""Step 5 of 8, relay: signed seals tie all streams of a log together.

A seal is the Merkle root over the hashes of a range of positions, the digest of the previous seal, and a signature
(Ed25519, RFC 8032). Whoever holds a seal can tell an edited, deleted, inserted or back-dated event below it; `witness.py` gives
it to the others.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from kernel.eventlog.append import Log
from kernel.eventlog.event import NO_HASH
from kernel.eventlog.sql import QUERY, Pool

SEAL_SECONDS: Final = 10.0
SEAL_EVENTS_MAX: Final = 4096
SEAL_LOCK: Final = 0x7365616C  # "seal"
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """Give the root over some hashes, as RFC 9162 section 2.1 has it but for a promoted odd node."""
    level = [hashlib.sha256(_LEAF + leaf).digest() for leaf in hashes]
    while len(level) > 1:
        pairs = [hashlib.sha256(_NODE + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0] if level else NO_HASH


@dataclass(frozen=True, slots=True)
class Seal:
    """What is signed: the log's name, the last position, the root since the previous seal, that seal's digest, and when."""

    source: str
    upto: int
    root: bytes
    previous: bytes
    at: datetime

    @property
    def digest(self) -> bytes:
        """Give the digest that the signature covers and that the next seal names."""
        name = b"motcua-seal-v1\n%b\n" % self.source.encode()
        microseconds = (self.at - _EPOCH) // timedelta(microseconds=1)
        return hashlib.sha256(b"%b%d\n%d\n%b%b" % (name, self.upto, microseconds, self.root, self.previous)).digest()


@dataclass(frozen=True, slots=True)
class Signed:
    """A seal as it is kept: in the table, with witnesses, in a file."""

    seal: Seal
    key_id: str
    signature: bytes

    @classmethod
    def of(cls, source: str, row: asyncpg.Record) -> Signed:
        """Read a row of the table."""
        return cls(Seal(source, row["upto"], row["root"], row["previous"], row["at"]), row["key_id"], row["signature"])

    @classmethod
    def read(cls, text: bytes) -> Signed:
        """Read what `json` has written.

        Raises:
            ValueError, KeyError, TypeError: if it is something else.
        """
        read = orjson.loads(text)
        root, previous, signature = (bytes.fromhex(read[name]) for name in ("root", "previous", "signature"))
        at = max(datetime.fromisoformat(read["at"]), _EPOCH)  # one without a zone cannot be compared, nor signed
        return cls(Seal(str(read["source"]), int(read["upto"]), root, previous, at), str(read["key_id"]), signature)

    @property
    def json(self) -> bytes:
        """Give it as JSON: digests and signature in hexadecimal, the time to the microsecond."""
        seal = self.seal
        written = {"source": seal.source, "upto": seal.upto, "root": seal.root.hex(), "previous": seal.previous.hex(), "at": seal.at}
        return orjson.dumps({**written, "key_id": self.key_id, "signature": self.signature.hex()})

    def wrong(self, keys: Mapping[str, Ed25519PublicKey]) -> str | None:
        """Say what is wrong with the signature, given the keys that are trusted, by id."""
        if (key := keys.get(self.key_id)) is None:
            return f"key {self.key_id} is not trusted"
        try:
            key.verify(self.signature, self.seal.digest)
        except InvalidSignature:
            return "the signature is not good"
        return None


def key_id_of(key: Ed25519PublicKey) -> str:
    """Name a key by the beginning of its own hash."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read a signing key (PKCS #8 PEM).

    Raises:
        TypeError: if it is not an Ed25519 key.
    """
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        message = f"{path.name} is not an Ed25519 key"
        raise TypeError(message)
    return key


async def seal_next(pool: Pool, source: str, key: Ed25519PrivateKey) -> int:
    """Seal what no seal covers yet, at most `SEAL_EVENTS_MAX` events; give how many that were."""
    async with pool.acquire() as connection, connection.transaction():
        # One at a time: two seals on the same previous one would fork the row of seals, and no seal can be taken back.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", SEAL_LOCK)
        if await connection.fetchval(QUERY["is_halted"]):
            return 0  # an older copy of a log must not go on with seals of its own
        row = await connection.fetchrow(QUERY["last_seal"])
        last = None if row is None else Signed.of(source, row).seal
        since = last.upto if last else 0
        upto = min(await connection.fetchval(QUERY["head"]), since + SEAL_EVENTS_MAX)
        if upto <= since:
            return 0
        hashes = [row["hash"] for row in await connection.fetch(QUERY["read_hashes"], since, upto)]
        seal = Seal(source, upto, merkle_root(hashes), last.digest if last else NO_HASH, datetime.now(UTC))
        signature = key.sign(seal.digest)
        await connection.execute(QUERY["add_seal"], upto, seal.root, seal.previous, key_id_of(key.public_key()), signature, seal.at)
    return upto - since


async def alone() -> bool:
    """Have no witnesses."""
    return True


async def seal_for_ever(log: Log, key: Ed25519PrivateKey, witness: Callable[[], Awaitable[bool]] = alone) -> None:
    """Seal every `SEAL_SECONDS`, and at once again while more than a seal's worth of events waits.

    `witness` shows the seals to the others, and forbids to go on where theirs are not ours.
    """
    while True:
        sealed = await seal_next(log.pool, log.source, key) if await witness() else 0
        if sealed:
            await witness()
        if sealed < SEAL_EVENTS_MAX:
            await asyncio.sleep(SEAL_SECONDS)
