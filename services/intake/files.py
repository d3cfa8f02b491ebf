"""Beside step 2: the store of files, a folder or an S3 bucket. What lies there is sealed, a chunk at a time, under a key of its own.

The key is in the vault. Without it nobody can read a file, also not out of a copy of the store: erasing the key erases the file.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import obstore
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from obstore.store import ObjectStore

NONCE_BYTES: Final = 12
CHUNK_BYTES_MAX: Final = 512 * 1024
"""A chunk fits a request's body."""


class Damaged(ValueError):  # noqa: N818 - says what happened to the file
    """What is in the store is not what was put there."""


@dataclass(frozen=True, slots=True)
class FileStore:
    """Chunks of files, by the file's id and the chunk's place. No address holds anything that a caller wrote."""

    store: ObjectStore

    async def put(self, file: UUID, offset: int, chunk: bytes, key: bytes) -> None:
        """Keep a chunk; the same chunk again takes its own place."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, chunk, bound_to(file, offset))
        await obstore.put_async(self.store, address(file, offset), sealed)

    async def chunks(self, file: UUID, size: int, key: bytes) -> AsyncGenerator[bytes]:
        """Give a file's `size` bytes, a chunk after another.

        Raises:
            FileNotFoundError: if it is not there.
            Damaged: if it was changed, or has another size.
        """
        offset = 0
        while offset < size:
            answer = await obstore.get_async(self.store, address(file, offset))
            sealed = bytes(await answer.bytes_async())
            try:
                chunk = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to(file, offset))
            except InvalidTag:
                raise Damaged from None
            yield chunk
            offset += len(chunk)
        if offset != size:
            raise Damaged

    async def remove(self, file: UUID) -> None:
        """Remove a file, whole or not."""
        found: list[Any] = []
        async for page in obstore.list(self.store, f"{file}/"):
            found += [one["path"] for one in page]
        if found:
            await obstore.delete_async(self.store, found)


def address(file: UUID, offset: int) -> str:
    """Give the address of a chunk."""
    return f"{file}/{offset:012d}"


def bound_to(file: UUID, offset: int) -> bytes:
    """Bind a chunk to its place: none can stand in for another."""
    return file.bytes + offset.to_bytes(8)
