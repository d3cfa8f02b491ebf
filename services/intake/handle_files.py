"""Step 2 of 8, handle: files of a dossier, declared, arriving in parts, looked at, attached, and read again."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import asyncpg

from contracts.vocabulary import FileId, VaultRef
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.problem import BUSY, INVALID, KEY_REUSED, NOT_FOUND, Fault, Kind, Problem, Sentence, refusal, retry_later
from kernel.edge.service import Runtime
from kernel.eventlog import Refused
from kernel.eventlog.sql import read_queries
from kernel.vault import Erased
from services.intake.domain import commands
from services.intake.domain.states import Accepted, Attached, AwaitingSupplement, State, Submitted, file_of, legal_in
from services.intake.file_contents import Wrong, wrong_with
from services.intake.file_store import FileStore, part, whole
from services.intake.handle import Door, DossierOutcome
from services.intake.settings import IntakeSettings

QUERY: Final = read_queries(Path(__file__).with_name("uploads.sql"))
NAMESPACE: Final = UUID("a3b7e0b7-2f8d-5a6f-9a54-6a0d5c6e19d1")
KEY_BYTES: Final = 32
AT_ONCE_MAX: Final = 4
"""Files that one process looks at, or gives out, at a time: each is in its memory as a whole."""
STORAGE: Final = "file-storage"
"""The vault's purpose of reading a file's key to seal what arrives, or to look at the whole."""
PURPOSES: Final = frozenset({STORAGE})

NO_STORE: Final = Kind(
    "files-not-taken",
    503,
    Sentence("Chưa nhận tệp đính kèm", "Files are not taken here yet"),
    Sentence("Hệ thống chưa được cấu hình kho tệp. Hãy báo cho người vận hành.", "No store of files is configured. Tell the operator."),
)
OTHER_OFFSET: Final = refusal(
    "other-offset",
    "Phần gửi lên không bắt đầu đúng chỗ đã nhận. Hãy hỏi lại bằng HEAD rồi gửi tiếp từ Upload-Offset.",
    "The part does not begin where the upload stands. Ask with HEAD, then go on from Upload-Offset.",
)
INCOMPLETE: Final = refusal("upload-incomplete", "Tệp chưa được gửi đủ.", "The file has not arrived whole yet.")
WITHHELD: Final = {
    None: refusal("file-not-scanned", "Tệp chưa được quét mã độc. Hãy thử lại sau.", "The file has not been scanned yet. Try again later."),
    "infected": refusal("file-infected", "Tệp có mã độc nên không được cấp ra.", "The file is infected and is given to nobody."),
    "unreadable": refusal(
        "file-unreadable", "Không quét được tệp nên tệp không được cấp ra.", "The file could not be scanned and is given to nobody."
    ),
}
"""Why a file is not given out, by the verdict on it."""

WRONG: Final[dict[Wrong, Sentence]] = {
    "not-what-it-says": Sentence("Nội dung tệp không đúng loại đã khai, hoặc tệp bị hỏng.", "The file is not of this type, or is damaged."),
    "unpacks-too-large": Sentence("Tệp nén giải ra quá lớn.", "The file would unpack to far more than it may."),
    "leads-out": Sentence("Tệp nén có đường dẫn không an toàn.", "The file holds a path that leads out of its folder."),
    "has-macros": Sentence("Tệp có macro nên không được nhận.", "A file with macros is not accepted."),
}
OTHER_HASH: Final = Sentence(
    "Nội dung nhận được có SHA-256 khác với SHA-256 đã khai.", "What arrived has not the SHA-256 that was declared."
)
TOO_LARGE: Final = Sentence("Tệp không được lớn hơn {most} byte.", "A file has at most {most} bytes.")
TYPE: Final = Sentence("Chỉ nhận các loại tệp: {types}.", "Only these types of files are accepted: {types}.")
BEYOND: Final = Sentence(
    "Nội dung gửi lên dài hơn kích thước đã khai. Tệp đã bị hủy; hãy khai lại.",
    "More bytes came than were declared. The upload was removed: declare the file anew.",
)
EMPTY: Final = Sentence("Phần gửi lên không được rỗng.", "A part must not be empty.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What somebody says that will come: the file's name goes into the vault, and into no path."""

    component: str
    media_type: str
    file_name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it is given out."""

    file_name: str
    media_type: str
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Filing:
    """Takes files in and gives them out."""

    door: Door
    store: FileStore | None
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE_MAX), init=False)

    @property
    def runtime(self) -> Runtime[IntakeSettings]:
        """What the service runs with."""
        return self.door.runtime

    async def declare(self, stream: UUID, declared: Declared, key: str, principal: Principal) -> asyncpg.Record:
        """Begin an upload, or give the one that began under the same key.

        Raises:
            Refused: "not-now", "too-many-files".
            Problem: 404, 403; 422 for what the settings or the procedure do not know.
        """
        self.opened()
        settings, pool = self.runtime.settings, self.runtime.log.pool
        *_, state, found = await self.door.dossier(stream, principal)
        _insist_on_open(state)
        await self.door.insist_on_component(found, declared.component, "/component")
        if declared.media_type not in settings.file_types:
            types = ", ".join(settings.file_types)
            raise Problem(INVALID, faults=[Fault("body", "/media_type", TYPE.filled(types=types))])
        if declared.size_bytes > settings.file_bytes_max:
            raise Problem(INVALID, faults=[Fault("body", "/size_bytes", TOO_LARGE.filled(most=settings.file_bytes_max))])
        id_, fingerprint = uuid5(NAMESPACE, f"{principal.sub}\n{stream}\n{key}"), self._fingerprint(declared)
        document = {"file_name": declared.file_name, "sha256": declared.sha256, "key": b64encode(os.urandom(KEY_BYTES)).decode()}
        sealed = self.runtime.vault.seal(stream, document)
        ref, _, key_id, body = sealed.row
        said = (declared.component, declared.media_type, declared.size_bytes)
        rows = (id_, fingerprint, stream, principal.sub, *said, ref, sealed.commitment, key_id, body, settings.files_max)
        await pool.execute(QUERY["begin"], *rows)
        if (upload := await pool.fetchrow(QUERY["upload"], id_, stream, principal.sub)) is None:
            if await pool.fetchval(QUERY["is_known"], id_):
                raise retry_later(BUSY)
            raise Refused("too-many-files", legal=legal_in(state), files_max=settings.files_max)
        if upload["fingerprint"] != fingerprint:
            raise Problem(KEY_REUSED)
        return upload

    async def upload(self, stream: UUID, file: UUID, principal: Principal) -> asyncpg.Record:
        """Say how much of a file is here.

        Raises:
            Problem: 404, 403; 404 also if somebody else declared it.
        """
        await self.door.dossier(stream, principal)
        upload = await self.runtime.log.pool.fetchrow(QUERY["upload"], file, stream, principal.sub)
        if upload is None:
            raise Problem(NOT_FOUND)
        return upload

    async def take(self, stream: UUID, file: UUID, offset: int, content: bytes, principal: Principal) -> int:
        """Take a part; give where the upload stands then. It is in the store before it counts.

        Raises:
            Problem: 404, 403; 409 if it is not the next part; 422 if it is empty, or goes beyond what was declared.
        """
        store, upload = self.opened(), await self.upload(stream, file, principal)
        received, size = upload["received"], upload["size_bytes"]
        if offset != received or upload["state"] != "under-way":
            raise _other_offset(received)
        if received + len(content) > size:
            await self.give_up(store, file)
            raise Problem(INVALID, faults=[Fault("body", "/size_bytes", BEYOND)])
        if not content:
            raise Problem(INVALID, faults=[Fault("body", "", EMPTY)])
        address = part(file, offset)
        await store.put(address, content, (await self._document(upload, principal.sub))["key"])
        now = await self.runtime.log.pool.fetchval(QUERY["take"], file, received, len(content), address)
        if now is None:  # another came first, or the upload is gone
            await store.remove(address)
            raise _other_offset((await self.upload(stream, file, principal))["received"])
        return now

    async def complete(self, stream: UUID, file: UUID, command: Command) -> DossierOutcome:
        """Look at a file that has arrived whole, and attach it; what is not as it was declared is removed.

        The object comes first, then the fact: a crash in between leaves what the sweeper finds.

        Raises:
            Problem: 404, 403; 409 if it is not whole; 422 if it is not what was declared, or a trap.
            Refused: if the dossier takes no more files.
        """
        store, upload = self.opened(), await self.upload(stream, file, command.principal)
        if upload["state"] == "attached":
            return await self.door.change(stream, self._attach(upload, command), command)
        if upload["received"] != upload["size_bytes"]:
            raise Problem(INCOMPLETE, headers={"Upload-Offset": str(upload["received"])})
        await self.runtime.log.pool.execute(QUERY["hold"], file)
        async with self._turns:
            fault = await self._put_together(store, upload, command.principal.sub)
        if fault is not None:
            await self.give_up(store, file)
            raise Problem(INVALID, faults=[fault])
        try:
            outcome = await self.door.change(stream, self._attach(upload, command), command)
        except Refused:
            await self.give_up(store, file)
            raise
        await self.runtime.log.pool.execute(QUERY["keep"], file)
        await store.remove_parts(file)
        return outcome

    async def read(self, stream: UUID, file: UUID, principal: Principal, purpose: str) -> Given:
        """Give a clean file; that it was read, by whom and for what, is recorded.

        Raises:
            Problem: 404, 403; 409 while no scanner has found it clean.
            Erased: if it was erased.
        """
        store = self.opened()
        *_, state, found = await self.door.dossier(stream, principal)
        if (attached := file_of(state, FileId(file))) is None:
            raise Problem(NOT_FOUND)
        if found.is_erased:
            raise Erased
        if attached.verdict != "clean":
            raise Problem(WITHHELD[attached.verdict])
        document = await self.runtime.vault.read(self.runtime.log.pool, attached.personal_ref, principal.sub, purpose)
        async with self._turns:
            content = await store.get(whole(file), b64decode(document["key"]))
        return Given(document["file_name"], attached.media_type, content, document["sha256"])

    async def names(self, stream: UUID, principal: Principal, purpose: str) -> list[tuple[FileId, str]]:
        """Give the names of a dossier's files; each is read from the vault, and that it was is recorded.

        Raises:
            Problem: 404, 403.
            Erased: if they were erased.
        """
        *_, found = await self.door.dossier(stream, principal)
        if found.is_erased:
            raise Erased
        vault, pool = self.runtime.vault, self.runtime.log.pool
        return [(file.id, (await vault.read(pool, file.personal_ref, principal.sub, purpose))["file_name"]) for file in found.files]

    async def content(self, file: Attached, by: str) -> bytes:
        """Give a file's bytes to a part of the system, whatever the verdict on it."""
        document = await self.runtime.vault.read(self.runtime.log.pool, file.personal_ref, by, STORAGE)
        return await self.opened().get(whole(file.id), b64decode(document["key"]))

    async def give_up(self, store: FileStore, file: UUID, untouched_seconds: float = 0.0) -> bool:
        """Remove an upload and all that is kept of it, unless it was attached or somebody went on with it."""
        if not await self.runtime.log.pool.fetchval(QUERY["give_up"], file, untouched_seconds):
            return False
        await self.clear(store, file)
        return True

    async def erase(self, stream: UUID) -> None:
        """Remove every file of a dossier, whole or not. Its keys have gone with the vault: this takes the sealed bytes away.

        Raises:
            Problem: 503, if the store is away; what is left there is known, and removed later.
        """
        for row in await self.runtime.log.pool.fetch(QUERY["of_dossier"], stream):
            await self.clear(self.opened(), row["id"])

    async def clear(self, store: FileStore, file: UUID) -> None:
        """Remove what the store holds of a file, then that it did."""
        await store.remove_all(file)
        await self.runtime.log.pool.execute(QUERY["forget"], file)

    def opened(self) -> FileStore:
        """Give the store.

        Raises:
            Problem: 503, if none is configured.
        """
        if self.store is None:
            raise retry_later(NO_STORE, 3600)
        return self.store

    async def _put_together(self, store: FileStore, upload: asyncpg.Record, by: str) -> Fault | None:
        """Make one object of the parts, if they are what was declared; otherwise say what is wrong."""
        document = await self._document(upload, by)
        key = document["key"]
        try:
            content = b"".join([await store.get(address, key) for address in upload["parts"]])
        except FileNotFoundError as error:  # the same request a moment ago has put them together, or gives them up
            raise retry_later(BUSY) from error
        sha256 = (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
        if len(content) != upload["size_bytes"] or sha256 != document["sha256"]:
            return Fault("body", "/sha256", OTHER_HASH)
        if (wrong := await asyncio.to_thread(wrong_with, content, upload["media_type"])) is not None:
            return Fault("body", "/media_type", WRONG[wrong])
        await store.put(whole(upload["id"]), content, key)
        return None

    async def _document(self, upload: asyncpg.Record, by: str) -> dict[str, Any]:
        document = await self.runtime.vault.read(self.runtime.log.pool, upload["ref"], by, STORAGE)
        return document | {"key": b64decode(document["key"])}

    def _attach(self, upload: asyncpg.Record, command: Command) -> commands.Attach:
        return commands.Attach(
            file_id=FileId(upload["id"]),
            component=upload["component"],
            media_type=upload["media_type"],
            size_bytes=upload["size_bytes"],
            personal_ref=VaultRef(upload["ref"]),
            commitment=upload["commitment"],
            files_max=self.runtime.settings.files_max,
            at=command.meta.time,
            by=command.principal.sub,
        )

    def _fingerprint(self, declared: Declared) -> bytes:
        """Hash what was declared, under a key: a name or a document must not be guessed from it."""
        said = "\n".join((declared.component, declared.media_type, declared.file_name, str(declared.size_bytes), declared.sha256))
        return hmac.digest(self.runtime.settings.token_secret.get_secret_value().encode(), f"upload:{said}".encode(), "sha256")


def _insist_on_open(state: State) -> None:
    if not isinstance(state, Submitted | AwaitingSupplement | Accepted):
        raise Refused("not-now", legal=legal_in(state))


def _other_offset(received: int) -> Problem:
    return Problem(OTHER_OFFSET, headers={"Upload-Offset": str(received)}, members={"offset": received})
