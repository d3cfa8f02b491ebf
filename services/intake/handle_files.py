"""Step 2 of 8, handle: files of a dossier, uploaded in chunks, looked at, attached, and read again."""

from __future__ import annotations

import asyncio
import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import asyncpg

from contracts.vocabulary import FileId, VaultRef
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence, retry_later
from kernel.edge.service import Runtime
from kernel.eventlog.sql import read_queries
from services.intake.domain import commands, states
from services.intake.files import CHUNK_BYTES_MAX, FileStore
from services.intake.handle import Door, DossierOutcome
from services.intake.http_refusals import NO_SCANNER, NO_STORE
from services.intake.scanner import BEGINNINGS, Finding, Scanner, wrong_with
from services.intake.settings import IntakeSettings

QUERY: Final = read_queries(Path(__file__).with_name("beside.sql"))
KEY_BYTES: Final = 32
STORAGE: Final = "storage"
"""The vault's purpose of reading a file's key to store the next chunk of it, or to look at the whole."""
ABANDONED_HOURS: Final = 24
SWEEP_MAX: Final = 100
SWEEP_SECONDS: Final = 3600.0

WRONG: Final = {
    "not-what-it-says": Sentence("Tệp không đúng loại đã khai hoặc bị hỏng.", "The file is not of the type that was named, or is damaged."),
    "unpacks-too-large": Sentence("Tệp nén giải ra quá lớn.", "The archive would unpack to far more than it may."),
    "leads-out": Sentence("Tệp nén có đường dẫn không an toàn.", "The archive holds a path that leads out of its folder."),
    "another-hash": Sentence("Nội dung nhận được khác với mã băm đã khai.", "What arrived has not the hash that was named."),
}
UNFINISHED: Final = Sentence("Tệp chưa được gửi đủ.", "The file has not arrived whole yet.")
NO_SUCH_UPLOAD: Final = Sentence("Không có tệp đang gửi như vậy cho hồ sơ này.", "There is no such upload for this dossier.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What somebody says that will come: the file's name goes into the vault, and into no path."""

    component: str
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Filing:
    """Takes files in and gives them out."""

    door: Door
    store: FileStore | None
    scanner: Scanner

    @property
    def runtime(self) -> Runtime[IntakeSettings]:
        """What the service runs with."""
        return self.door.runtime

    async def begin(self, stream: UUID, announced: Announced, principal: Principal) -> dict[str, Any]:
        """Begin an upload, or go on with the one of the same content for the same component by the same caller.

        Raises:
            Problem: 404, 403, 422 for a component that the procedure has not or a file that is too large, 503 with no store.
        """
        self._store()
        *_, state, found = await self.door.dossier(stream, principal)
        if "withdrawal" not in states.legal_in(state):
            raise Problem(INVALID, faults=[Fault("path", "/id", _OVER)])
        await self.door.insist_on_components(found, [announced.component], "/component")
        if announced.size_bytes > (most := self.runtime.settings.file_max_bytes):
            raise Problem(INVALID, faults=[Fault("body", "/size_bytes", _TOO_LARGE.filled(most=most))])
        id_ = uuid5(stream, f"{principal.sub}:{announced.component}:{announced.media_type}:{announced.size_bytes}:{announced.sha256}")
        document = {"file_name": announced.file_name, "key": b64encode(os.urandom(KEY_BYTES)).decode()}
        ref, _, key_id, body = self.runtime.vault.seal(stream, document).row
        said = (announced.component, announced.media_type, announced.size_bytes, announced.sha256)
        await self.runtime.log.pool.execute(QUERY["begin"], id_, stream, ref, principal.sub, *said, key_id, body)
        return self._progress(await self._upload(id_, principal))

    async def progress(self, id_: UUID, principal: Principal) -> dict[str, Any]:
        """Say how much of a file is here.

        Raises:
            Problem: 404 if the caller has no such upload.
        """
        return self._progress(await self._upload(id_, principal))

    async def put(self, id_: UUID, offset: int, chunk: bytes, principal: Principal) -> dict[str, Any]:
        """Take a chunk. One that is here already is not written again; one that leaves a gap is refused with where to go on.

        Raises:
            Problem: 404; 422 for a chunk that is empty, too long or not the next.
        """
        store, upload = self._store(), await self._upload(id_, principal)
        received, size = upload["received"], upload["size_bytes"]
        if offset + len(chunk) <= received:
            return self._progress(upload)
        if offset != received:
            raise Problem(INVALID, faults=[Fault("query", "/offset", _NOT_NEXT.filled(received=received))])
        if not 0 < len(chunk) <= min(CHUNK_BYTES_MAX, size - received):
            raise Problem(INVALID, faults=[Fault("body", "", _CHUNK.filled(most=min(CHUNK_BYTES_MAX, size - received)))])
        await store.put(id_, offset, chunk, await self._key(upload["ref"], principal.sub))
        await self.runtime.log.pool.execute(QUERY["progress"], id_, received, received + len(chunk))
        return self._progress(await self._upload(id_, principal))

    async def attach(self, stream: UUID, id_: UUID, command: Command) -> DossierOutcome:
        """Look at a file that has arrived whole, and add it to its dossier.

        What is no good is removed, whether that is a problem (it is not what it says) or a fact (a scanner found something).

        Raises:
            Problem: 422 if it is not whole, not what was announced or a trap; 503 if the scanner is away.
        """
        store, principal = self._store(), command.principal
        *_, found = await self.door.dossier(stream, principal)
        if FileId(id_) in found.files:
            upload = None
        elif (upload := await self._of_dossier(id_, stream, principal)) is None:
            raise Problem(INVALID, faults=[Fault("body", "/upload", NO_SUCH_UPLOAD)])
        if upload is None:
            return await self.door.change(stream, self._known(found, FileId(id_), command), command)
        if upload["received"] != upload["size_bytes"]:
            raise Problem(INVALID, faults=[Fault("body", "/upload", UNFINISHED)])
        content = b"".join([one async for one in store.chunks(id_, upload["size_bytes"], await self._key(upload["ref"], principal.sub))])
        wrong = "another-hash" if hashlib.sha256(content).hexdigest() != upload["sha256"] else None
        wrong = wrong or await asyncio.to_thread(wrong_with, content, upload["media_type"])
        if wrong is not None:
            await self._drop(store, id_)
            raise Problem(INVALID, faults=[Fault("body", "/upload", WRONG[wrong])])
        finding = await self._scan(content)
        attach = _attach(FileId(id_), upload, finding, command)
        outcome = await self.door.change(stream, attach, command)
        if finding.found is None:
            await self.runtime.log.pool.execute(QUERY["keep"], id_)
        else:
            await self._drop(store, id_)
        return outcome

    async def read(self, stream: UUID, file: UUID, principal: Principal, purpose: str) -> tuple[str, str, AsyncGenerator[bytes]]:
        """Give a file's name, type and bytes; that it was read, by whom and for what, is recorded.

        Raises:
            Problem: 404 if the dossier has no such file.
            Erased: if it was erased.
        """
        store = self._store()
        *_, found = await self.door.dossier(stream, principal)
        if (attached := found.files.get(FileId(file))) is None:
            raise Problem(NOT_FOUND)
        document = await self.runtime.vault.read(self.runtime.log.pool, attached.personal_ref, principal.sub, purpose)
        return document["file_name"], attached.media_type, store.chunks(file, attached.size_bytes, b64decode(document["key"]))

    async def erase(self, stream: UUID) -> None:
        """Remove every file of a dossier, whole or not."""
        for row in await self.runtime.log.pool.fetch(QUERY["uploads_of"], stream):
            await self._drop(self._store(), row["id"])

    async def sweep(self) -> None:
        """Every now and then, remove what somebody began to upload and did not finish within a day."""
        while True:
            if self.store is not None:
                for row in await self.runtime.log.pool.fetch(QUERY["left"], ABANDONED_HOURS, SWEEP_MAX):
                    await self._drop(self.store, row["id"])
            await asyncio.sleep(SWEEP_SECONDS)

    async def _drop(self, store: FileStore, id_: UUID) -> None:
        await store.remove(id_)
        await self.runtime.log.pool.execute(QUERY["drop"], id_)

    async def _scan(self, content: bytes) -> Finding:
        try:
            return await self.scanner.scan(content)
        except (OSError, TimeoutError) as error:
            raise retry_later(NO_SCANNER, 30) from error

    async def _key(self, ref: UUID, by: str) -> bytes:
        return b64decode((await self.runtime.vault.read(self.runtime.log.pool, ref, by, STORAGE))["key"])

    async def _upload(self, id_: UUID, principal: Principal) -> asyncpg.Record:
        row = await self.runtime.log.pool.fetchrow(QUERY["upload"], id_, principal.sub)
        if row is None:
            raise Problem(NOT_FOUND)
        return row

    async def _of_dossier(self, id_: UUID, stream: UUID, principal: Principal) -> asyncpg.Record | None:
        row = await self.runtime.log.pool.fetchrow(QUERY["upload"], id_, principal.sub)
        return row if row is not None and row["dossier_id"] == stream else None

    def _known(self, found: states.Dossier, file: FileId, command: Command) -> commands.Attach:
        """Ask once more for what is attached: the decision finds that nothing is left to record."""
        of = found.files[file]
        row = {"component": of.component, "media_type": of.media_type, "size_bytes": of.size_bytes}
        return _attach(file, {**row, "sha256": of.content_hash, "ref": of.personal_ref}, Finding("", None), command)

    def _store(self) -> FileStore:
        if self.store is None:
            raise retry_later(NO_STORE, 3600)
        return self.store

    @staticmethod
    def _progress(upload: asyncpg.Record) -> dict[str, Any]:
        return {
            "id": upload["id"],
            "received": upload["received"],
            "size_bytes": upload["size_bytes"],
            "chunk_bytes_max": CHUNK_BYTES_MAX,
        }


def _attach(file: FileId, upload: Any, finding: Finding, command: Command) -> commands.Attach:
    return commands.Attach(
        file_id=file,
        component=upload["component"],
        media_type=upload["media_type"],
        size_bytes=upload["size_bytes"],
        content_hash=upload["sha256"],
        personal_ref=VaultRef(upload["ref"]),
        verdict="clean" if finding.found is None else "infected",
        scanner=finding.scanner,
        finding=finding.found,
        at=command.meta.time,
        by=command.principal.sub,
    )


MEDIA_TYPES: Final = tuple(BEGINNINGS)
_OVER: Final = Sentence("Hồ sơ không còn nhận thêm tệp.", "The dossier takes no more files.")
_TOO_LARGE: Final = Sentence("Tệp không được lớn hơn {most} byte.", "A file has at most {most} bytes.")
_CHUNK: Final = Sentence("Mỗi phần phải có từ 1 đến {most} byte.", "A chunk has 1 to {most} bytes.")
_NOT_NEXT: Final = Sentence("Phần tiếp theo phải bắt đầu tại byte {received}.", "The next chunk begins at byte {received}.")
