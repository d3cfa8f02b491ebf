from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from services.intake.file_contents import DOCX, XLSX
from tests.services.intake.desk import Desk
from tests.services.rig import eventually

PDF_BYTES: Final = b"%PDF-1.7\n" + b"1 0 obj << /Type /Catalog >> endobj\n" * 40 + b"%%EOF\n"
JPEG_BYTES: Final = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500)
PNG_BYTES: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(500)
HEIC_BYTES: Final = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(500)
NAME: Final = "Đơn của bà Ánh.pdf"
COMPONENT: Final = "don-de-nghi"
OCTETS: Final = {"Content-Type": "application/offset+octet-stream"}


def archive(entries: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return out.getvalue()


def office(media_type: str = DOCX, /, **more: bytes) -> bytes:
    """Make what an office program would take for a paper."""
    part = {DOCX: "word/document.xml", XLSX: "xl/workbook.xml"}[media_type]
    return archive({"[Content_Types].xml": b"<Types/>", part: b"<document>" + b"vn " * 200 + b"</document>"} | more)


def declared(content: bytes = PDF_BYTES, /, **members: Any) -> dict[str, Any]:
    """Give the body that declares a file."""
    body = {"component": COMPONENT, "media_type": "application/pdf", "file_name": NAME, "size_bytes": len(content)}
    return body | {"sha256": hashlib.sha256(content).hexdigest()} | members


@dataclass(frozen=True)
class Papers:
    """What a portal or an officer of the desk does with files, over HTTP."""

    desk: Desk

    async def declare(self, id: str, content: bytes = PDF_BYTES, token: str | None = None, **members: Any) -> str:
        """Declare a file; give where its bytes go."""
        answer = await self.desk.ask(id, "files", declared(content, **members), token)
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == answer.json()["upload"]
        return answer.json()["upload"]

    async def patch(self, upload: str, offset: int, content: bytes, token: str | None = None, **headers: str) -> httpx2.Response:
        """Send a part."""
        given = OCTETS | {"Upload-Offset": str(offset)} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.desk.intake.ask("PATCH", upload, token or self.desk.officer, given, content=content)

    async def head(self, upload: str, token: str | None = None) -> httpx2.Response:
        """Ask where to go on."""
        return await self.desk.intake.ask("HEAD", upload, token or self.desk.officer)

    async def send(self, id: str, content: bytes = PDF_BYTES, **members: Any) -> str:
        """Declare a file and send all of it; give its upload."""
        upload = await self.declare(id, content, **members)
        assert (await self.patch(upload, 0, content)).status_code == 204
        return upload

    async def complete(self, upload: str, token: str | None = None, **headers: str) -> httpx2.Response:
        """Have what has arrived attached."""
        return await self.desk.intake.post(completion_of(upload), {}, token or self.desk.officer, **headers)

    async def attach(self, id: str, content: bytes = PDF_BYTES, **members: Any) -> str:
        """Attach a file; give its id."""
        return self.desk.done(await self.complete(await self.send(id, content, **members)))["file"]["id"]

    async def files(self, id: str) -> list[dict[str, Any]]:
        """List a dossier's files."""
        return self.desk.done(await self.desk.intake.get(f"/v1/dossiers/{id}/files", self.desk.officer))["items"]


def completion_of(upload: str) -> str:
    """Give where an upload is completed."""
    return urlsplit(upload).path.removesuffix("upload") + "completion"


def kept_in(folder: Path) -> dict[str, bytes]:
    """Give what lies in a folder, by its address there."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


async def judged(papers: Papers, id: str) -> list[str | None]:
    """Wait until every file of a dossier has its verdict; give them."""

    async def verdicts() -> list[str | None]:
        return [file["verdict"] for file in await papers.files(id)]

    return await eventually(verdicts, lambda found: None not in found)
