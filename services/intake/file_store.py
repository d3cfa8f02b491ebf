"""Beside step 2: the store of files, a folder or an S3 bucket. What lies there is sealed, each file under a key of its own.

The keys are in the vault. Without them nobody can read a file, also not out of a copy of the store: erasing the key erases the file.
No address holds anything that a caller wrote.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote
from uuid import UUID

import obstore
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from kernel.edge.problem import Kind, Sentence, retry_later

if TYPE_CHECKING:
    from collections.abc import Generator

    from obstore.store import ObjectStore, S3Config

    from services.intake.settings import IntakeSettings

NONCE_BYTES: Final = 12
TOKEN_BYTES: Final = 6
PARTS: Final = "parts"
WHOLE: Final = "files"
TIMEOUT: Final = "20s"
AWAY_SECONDS: Final = 5

STORE_AWAY: Final = Kind(
    "file-store-away",
    503,
    Sentence("Kho tệp tạm thời không dùng được", "The store of files is away"),
    Sentence("Chưa lưu hoặc đọc được tệp. Hãy thử lại sau ít giây.", "Files can be neither kept nor read now. Try again in a few seconds."),
)


class Damaged(ValueError):  # noqa: N818 - says what happened to the file
    """What is in the store is not what was put there."""


@dataclass(frozen=True, slots=True)
class FileStore:
    """Keeps and gives bytes. `folder` is where a local store lies: what was acknowledged must outlive a power cut."""

    store: ObjectStore
    folder: Path | None = None

    async def put(self, address: str, content: bytes, key: bytes) -> None:
        """Keep bytes at an address; the same address again takes the place of what was there.

        Raises:
            Problem: 503, if the store is away.
        """
        sealed = await asyncio.to_thread(seal, address, content, key)
        try:
            with translated():
                await obstore.put_async(self.store, address, sealed)
                if self.folder is not None:
                    await asyncio.to_thread(flush, self.folder / address)
        except FileNotFoundError as error:  # somebody clears up there in this very moment
            raise retry_later(STORE_AWAY, AWAY_SECONDS) from error

    async def get(self, address: str, key: bytes) -> bytes:
        """Give the bytes of an address.

        Raises:
            FileNotFoundError: if there is nothing.
            Damaged: if they were changed, or moved from another address.
            Problem: 503, if the store is away.
        """
        with translated():
            answer = await obstore.get_async(self.store, address)
            sealed = bytes(await answer.bytes_async())
        return await asyncio.to_thread(unseal, address, sealed, key)

    async def addresses(self, prefix: str) -> AsyncGenerator[tuple[str, datetime]]:
        """Give what lies under a prefix, and since when; a folder that somebody removes meanwhile ends the list.

        Raises:
            Problem: 503, if the store is away.
        """
        with contextlib.suppress(FileNotFoundError), translated():
            async for page in obstore.list(self.store, prefix):
                for one in page:
                    yield one["path"], one["last_modified"]

    async def remove(self, *addresses: str) -> None:
        """Remove what is at these addresses, where there is something.

        Raises:
            Problem: 503, if the store is away.
        """
        for address in addresses:
            try:
                with translated():
                    await obstore.delete_async(self.store, address)
            except FileNotFoundError:
                continue

    async def remove_parts(self, file: UUID) -> None:
        """Remove what arrived of a file piece by piece."""
        await self.remove(*[address async for address, _ in self.addresses(f"{PARTS}/{file}/")])

    async def remove_all(self, file: UUID) -> None:
        """Remove everything of a file."""
        await self.remove_parts(file)
        await self.remove(whole(file))


def open_store(settings: IntakeSettings) -> FileStore | None:
    """Make the store that the settings name; None where they name none."""
    url = settings.files_url
    if url is None:
        return None
    if url.startswith("file://"):
        folder = Path(unquote(url.removeprefix("file://")))
        return FileStore(LocalStore(folder, automatic_cleanup=True, mkdir=True), folder)
    endpoint, key_id, secret = settings.files_s3_endpoint, settings.files_s3_key_id, settings.files_s3_secret
    given: S3Config = {"region": settings.files_s3_region}
    if endpoint is not None:
        given["endpoint"] = endpoint
    if key_id is not None and secret is not None:
        given |= {"access_key_id": key_id.get_secret_value(), "secret_access_key": secret.get_secret_value()}
    plain_http = endpoint is not None and endpoint.startswith("http://")
    return FileStore(S3Store.from_url(url, config=given, client_options={"allow_http": plain_http, "timeout": TIMEOUT}))


def part(file: UUID, offset: int) -> str:
    """Make an address for a part: two that come at once for one offset do not overwrite each other."""
    return f"{PARTS}/{file}/{offset:012d}-{os.urandom(TOKEN_BYTES).hex()}"


def whole(file: UUID) -> str:
    """Give the address of a file that has arrived."""
    return f"{WHOLE}/{file}"


def seal(address: str, content: bytes, key: bytes) -> bytes:
    """Encrypt bytes, bound to their address: none can stand in for another."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, address.encode())


def unseal(address: str, sealed: bytes, key: bytes) -> bytes:
    """Decrypt what `seal` made.

    Raises:
        Damaged: if it is something else.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], address.encode())
    except (InvalidTag, ValueError):
        raise Damaged from None


def flush(file: Path) -> None:
    """Have a file and its entry in the folder on the disk."""
    for path in (file, file.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def translated() -> Generator[None]:
    """Say that the store is away, whatever it says of itself."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise retry_later(STORE_AWAY, AWAY_SECONDS) from error
