"""Step 1 of 8, http_api: files of a dossier. A file is declared, arrives in parts that can be resumed, is completed, and read.

Parts go by offset, as in tus 1.0 and draft-ietf-httpbis-resumable-upload: HEAD says where to go on, PATCH appends there.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Header, Request
from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from contracts.intake_files import Verdict
from contracts.vocabulary import FileId
from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.openapi import Answer, Receipt, gives
from kernel.edge.policy import allowed
from kernel.edge.problem import MEDIA, Problem, Sentence
from services.intake.domain.states import Attached, file_of
from services.intake.file_contents import ENDINGS
from services.intake.handle import DossierOutcome
from services.intake.handle_files import Declared, Filing, Given
from services.intake.http_dossiers import Purpose
from services.intake.http_fields import Code
from services.intake.http_webhooks import key_of

ACTIONS: Final = {
    "file.attach": {"portal", "desk"},
    "file.list": {"portal", "desk", "officer", "leader"},
    "file.read": {"desk", "officer"},
}

FILE_NAME_MAX: Final = 200
FILE_NAME_BYTES_MAX: Final = 255
"""What the usual file systems can name."""
OFFSET_MAX: Final = 2**53 - 1
PART_TYPES: Final = ("application/offset+octet-stream", "application/partial-upload")
"""Of tus 1.0 and of the IETF's draft."""
TUS: Final = {"Tus-Resumable": "1.0.0"}

SEPARATORS: Final = re.compile(r'[/\\:*?"<>|]')
RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
"""What Windows takes for a device, whatever the ending."""
INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

FAULTS: Final = {
    "file-name-not-plain": Sentence(
        'Tên tệp không được có đường dẫn, ký tự / \\ : * ? " < > | hoặc ký tự ẩn.',
        "A file's name must hold no path, none of / \\ : * ? \" < > |, and nothing invisible.",
    ),
    "file-name-reserved": Sentence("Tên tệp này được hệ điều hành dành riêng.", "This name is reserved by an operating system."),
    "file-name-too-long": Sentence("Tên tệp quá dài (tối đa 255 byte UTF-8).", "The name is too long (at most 255 bytes of UTF-8)."),
    "file-name-other-type": Sentence(
        "Phần mở rộng của tên tệp không khớp với loại tệp đã khai.", "The name's ending does not fit the type that is declared."
    ),
}
"""What is said of kinds of validation errors that are about files."""


def plain_name(name: str, info: ValidationInfo) -> str:
    """Take the name of a file, which is no path anywhere, and ends as files of its type do."""
    if SEPARATORS.search(name) or any(unicodedata.category(letter) in INVISIBLE for letter in name) or set(name) == {"."}:
        raise PydanticCustomError("file-name-not-plain", "not the plain name of a file")
    if RESERVED.fullmatch(name) or name.startswith(".") or name.endswith("."):
        raise PydanticCustomError("file-name-reserved", "reserved")
    if len(name.encode()) > FILE_NAME_BYTES_MAX:
        raise PydanticCustomError("file-name-too-long", "too long")
    endings = ENDINGS.get(info.data.get("media_type", ""))
    if endings is not None and PurePosixPath(name).suffix.lower() not in endings:
        raise PydanticCustomError("file-name-other-type", "another ending")
    return name


FileName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=FILE_NAME_MAX), NFC, AfterValidator(plain_name)]


class FileBody(Body):
    """A file that is to come. `media_type` must be what its bytes say; `sha256` is that of the whole, 64 hexadecimal digits."""

    model_config = Body.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "component": "don-de-nghi",
                    "media_type": "application/pdf",
                    "file_name": "Đơn đề nghị.pdf",
                    "size_bytes": 183204,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                }
            ]
        }
    }

    component: Code
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,100}$")]
    file_name: FileName
    size_bytes: Annotated[int, Field(gt=0, le=OFFSET_MAX)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Upload(Answer):
    """An upload: its parts go to `upload` by PATCH, from `offset` on, each at most `part_bytes_max` long."""

    id: UUID
    upload: Annotated[str, Field(examples=["/v1/dossiers/…/files/…/upload"])]
    offset: int
    size_bytes: int
    part_bytes_max: int
    expires_hours: Annotated[float, Field(description="After so long without a part it is removed.")]


class FileItem(Answer):
    """A file of a dossier. Its name is personal: it comes with the file. `verdict` is null until a scanner has judged it."""

    id: UUID
    component: str
    media_type: str
    size_bytes: int
    attached_at: datetime
    verdict: Verdict | None


class FileList(Answer):
    """The files of a dossier, in the order in which they were attached."""

    items: list[FileItem]


class FileTitle(Answer):
    """What the applicant called a file."""

    id: UUID
    file_name: str


class FileNames(Answer):
    """The names of a dossier's files, in the order in which they were attached."""

    items: list[FileTitle]


class FileReceipt(Receipt):
    """A dossier after a file was attached to it."""

    file: FileItem


def routes(filing: Filing) -> APIRouter:
    """Make the routes of files."""
    router = APIRouter(prefix="/v1")
    add_uploads(router, filing)
    add_completion(router, filing)
    add_reading(router, filing)
    return router


def add_uploads(router: APIRouter, filing: Filing) -> None:
    """Add declaring a file, and sending it."""

    @router.post("/dossiers/{id}/files", status_code=201, responses=gives(Upload, 201))
    async def declare(request: Request, id: UUID, body: FileBody, principal: Annotated[Principal, allowed("file.attach")]) -> Response:
        """Declare a file of a component; the answer says where its bytes go. Nothing is attached before it is completed."""
        upload = await filing.declare(id, Declared(**body.model_dump()), key_of(request.headers), principal)
        answer = told(filing, upload)
        return json_response(answer, 201, headers={"Location": answer["upload"], **standing(filing, upload, upload["received"])})

    @router.head("/dossiers/{id}/files/{file}/upload", status_code=204)
    async def where(id: UUID, file: UUID, principal: Annotated[Principal, allowed("file.attach")]) -> Response:
        """Say how far an upload has got, in `Upload-Offset`."""
        upload = await filing.upload(id, file, principal)
        return Response(status_code=204, headers=standing(filing, upload, upload["received"]))

    @router.patch("/dossiers/{id}/files/{file}/upload", status_code=204, openapi_extra=OCTETS)
    async def take(
        request: Request,
        id: UUID,
        file: UUID,
        principal: Annotated[Principal, allowed("file.attach")],
        upload_offset: Annotated[int, Header(ge=0, le=OFFSET_MAX)],
    ) -> Response:
        """Append a part where the upload stands. One that begins elsewhere is refused with 409 and the offset to go on from."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in PART_TYPES:
            raise Problem(MEDIA, detail=OTHER_TYPE, headers={"Accept-Patch": ", ".join(PART_TYPES)})
        now = await filing.take(id, file, upload_offset, await request.body(), principal)
        upload = await filing.upload(id, file, principal)
        return Response(status_code=204, headers=standing(filing, upload, now))

    _ = (declare, where, take)


def add_completion(router: APIRouter, filing: Filing) -> None:
    """Add attaching what has arrived."""
    run = filing.runtime.commands.run

    @router.post("/dossiers/{id}/files/{file}/completion", responses=gives(FileReceipt))
    async def complete(
        request: Request, id: UUID, file: UUID, _: EmptyBody, principal: Annotated[Principal, allowed("file.attach")]
    ) -> Response:
        """Attach a file that has arrived whole. What has another size, hash or type than was declared is removed, and has to come anew."""

        def attached(outcome: DossierOutcome) -> dict[str, Any]:
            found = file_of(outcome.state, FileId(file))
            return {"file": item(found)} if found is not None else {}

        return await run(request, principal, lambda command: filing.complete(id, file, command), attached)

    _ = complete


def add_reading(router: APIRouter, filing: Filing) -> None:
    """Add what a dossier has, and giving it out."""

    @router.get("/dossiers/{id}/files", responses=gives(FileList))
    async def files(id: UUID, principal: Annotated[Principal, allowed("file.list")]) -> Response:
        """List what was attached to a dossier, with what the scanner says of each."""
        *_, found = await filing.door.dossier(id, principal)
        return json_response({"items": [item(file) for file in found.files]})

    @router.get("/dossiers/{id}/file-names", responses=gives(FileNames))
    async def names(id: UUID, principal: Annotated[Principal, allowed("file.read")], purpose: Purpose) -> Response:
        """Give the names of a dossier's files to who needs them, and remember who that was and what for."""
        named = await filing.names(id, principal, purpose)
        return json_response({"items": [{"id": file, "file_name": name} for file, name in named]})

    @router.get("/dossiers/{id}/files/{file}", response_class=Response, responses=BYTES)
    async def read(id: UUID, file: UUID, principal: Annotated[Principal, allowed("file.read")], purpose: Purpose) -> Response:
        """Give a file that a scanner has found clean to who needs it, and remember who that was and what for."""
        given = await filing.read(id, file, principal, purpose)
        return Response(given.content, media_type=given.media_type, headers=described(given))

    _ = (files, names, read)


OTHER_TYPE: Final = Sentence(
    "Phần tệp phải có Content-Type là application/offset+octet-stream hoặc application/partial-upload.",
    "A part has the Content-Type application/offset+octet-stream or application/partial-upload.",
)
OCTETS: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in PART_TYPES},
    }
}
BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in sorted(ENDINGS)}}
}


def told(filing: Filing, upload: asyncpg.Record) -> dict[str, Any]:
    """Say where an upload goes on."""
    settings = filing.runtime.settings
    return {
        "id": upload["id"],
        "upload": f"/v1/dossiers/{upload['dossier_id']}/files/{upload['id']}/upload",
        "offset": upload["received"],
        "size_bytes": upload["size_bytes"],
        "part_bytes_max": settings.body_max_bytes,
        "expires_hours": settings.upload_hours,
    }


def standing(filing: Filing, upload: asyncpg.Record, received: int) -> Mapping[str, str]:
    """Say where an upload goes on, in the headers of tus and of the draft."""
    size, settings = upload["size_bytes"], filing.runtime.settings
    limits = f"max-append-size={settings.body_max_bytes}, max-age={int(settings.upload_hours * 3600)}"
    complete = "?1" if received == size else "?0"
    return {"Upload-Offset": str(received), "Upload-Length": str(size), "Upload-Complete": complete, "Upload-Limit": limits, **TUS}


def item(file: Attached) -> dict[str, Any]:
    """Say what may be said of a file to whoever sees its dossier."""
    names = ("id", "component", "media_type", "size_bytes", "attached_at", "verdict")
    return {name: getattr(file, name) for name in names}


def described(given: Given) -> dict[str, str]:
    """Name a file to a browser, which is to keep it and not to show it (RFC 6266), with its hash (RFC 9530)."""
    plain = unicodedata.normalize("NFD", given.file_name.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    digest = b64encode(bytes.fromhex(given.sha256)).decode()
    named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(given.file_name, safe='')}"
    return {"Content-Disposition": named, "Repr-Digest": f"sha-256=:{digest}:"}
