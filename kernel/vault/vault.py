"""Step 4 of 8, beside the append: personal data are sealed into a row that is stored with the facts, or not at all."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.eventlog import Busy, Table
from kernel.eventlog.errors import UNAVAILABLE
from kernel.eventlog.sql import Pool, read_queries
from kernel.vault.keys import KeyRing

SALT_BYTES: Final = 32
NONCE_BYTES: Final = 12
DOCUMENT_BYTES_MAX: Final = 1024 * 1024
ERASURE: Final = "erasure"

ENTRY: Final = Table("vault.entry", {"ref": "uuid", "stream": "uuid", "key_id": "smallint", "body": "bytea"})
"""Give it to the service's `Log(tables=…)`."""

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))


class Erased(Exception):  # noqa: N818 - the field's word
    """There is no such entry: it was erased, or never there. The two cannot be told apart, and need not be."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What goes into the fact (`ref`, `commitment`, 64 hexadecimal digits) and what goes into the vault (`row`)."""

    ref: UUID
    commitment: str
    row: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A document and the salt that proves it against its commitment."""

    document: dict[str, Any]
    salt: bytes


@dataclass(frozen=True, slots=True)
class Vault:
    """The vault of one service.

    Args:
        keys: what bodies are encrypted under, at rest.
        purposes: the closed list of reasons for which an entry may be read.
    """

    keys: KeyRing
    purposes: AbstractSet[str]

    def seal(self, stream: UUID, document: Mapping[str, Any]) -> Sealed:
        """Seal a document (what JSON can hold) for a stream; store `row` as `beside={ENTRY: [row]}` with the fact that refers to it.

        Raises:
            ValueError: if the document is too large or not JSON. It is not repeated.
        """
        ref, salt, nonce = uuid4(), os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
        body = canonical(document)
        if len(body) > DOCUMENT_BYTES_MAX:
            raise ValueError("the document is too large for the vault")
        cipher = AESGCM(self.keys.keys[self.keys.current])
        # The salt is kept inside: beside the commitment, which is public, it would let a thief of the table guess.
        sealed = nonce + cipher.encrypt(nonce, salt + body, ref.bytes + stream.bytes)
        return Sealed(ref, digest(salt, body), (ref, stream, self.keys.current, sealed))

    async def open(self, pool: Pool, ref: UUID, principal: str, purpose: str) -> Opened:
        """Read an entry; that it was read, by whom and for what, is recorded in the same statement.

        Raises:
            ValueError: if the purpose is not on the list.
            Erased: if there is no such entry.
            Busy: if the database is away.
        """
        if purpose not in self.purposes:
            raise ValueError("not a purpose for which the vault may be read")
        row = await ask(pool, QUERY["read"], ref, principal, purpose)
        if row is None:
            raise Erased
        return self._open(ref, row["stream"], row["key_id"], row["body"])

    async def read(self, pool: Pool, ref: UUID, principal: str, purpose: str) -> dict[str, Any]:
        """Read an entry's document; see `open`."""
        return (await self.open(pool, ref, principal, purpose)).document

    async def erase(self, pool: Pool, stream: UUID, principal: str) -> int:
        """Erase every entry of a stream; returns how many there were. The facts, their chain and their counts stay.

        Raises:
            Busy: if the database is away.
        """
        row = await ask(pool, QUERY["erase"], stream, principal, ERASURE)
        return int(row["count"]) if row is not None else 0

    def _open(self, ref: UUID, stream: UUID, key_id: int, body: bytes) -> Opened:
        if key_id not in self.keys.keys:
            message = f"the vault's key {key_id} is not among the settings"
            raise LookupError(message)
        try:
            plain = AESGCM(self.keys.keys[key_id]).decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], ref.bytes + stream.bytes)
        except InvalidTag:
            raise ValueError("an entry of the vault does not fit its key: it was changed, or moved from another place") from None
        return Opened(orjson.loads(plain[SALT_BYTES:]), plain[:SALT_BYTES])


async def ask(pool: Pool, query: str, *arguments: object) -> asyncpg.Record | None:
    """Ask the database; that it is away is not the caller's fault."""
    try:
        return await pool.fetchrow(query, *arguments)
    except UNAVAILABLE as error:
        raise Busy("database-away") from error


def canonical(document: Mapping[str, Any]) -> bytes:
    """Write a document in one way only: members in order of their names, no white space, UTF-8.

    Raises:
        ValueError: if JSON cannot hold it.
    """
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise ValueError("the document is not JSON") from None


def digest(salt: bytes, body: bytes) -> str:
    """Give SHA-256 of salt and canonical body."""
    return hashlib.sha256(salt + body).hexdigest()


def commitment_of(salt: bytes, document: Mapping[str, Any]) -> str:
    """Give the commitment to a document."""
    return digest(salt, canonical(document))


def verify_commitment(commitment: str, opened: Opened) -> bool:
    """Tell whether a document is the one that a fact was bound to; needs no key and no database."""
    return hmac.compare_digest(commitment, commitment_of(opened.salt, opened.document))
