"""Beside step 2: what a file is by its bytes, and whether a scanner finds it harmful.

The scanner is a port: clamd where one is named in the settings, otherwise the rule for the EICAR test file, which every scanner must
find and which harms nobody. The development rule protects from nothing else, and says so by its name in the fact.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Protocol

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARTS: Final = {DOCX: "word/document.xml", XLSX: "xl/workbook.xml"}
"""The part that makes a ZIP archive a paper of an office program (ISO/IEC 29500-2)."""
BEGINNINGS: Final = {PDF: b"%PDF-", JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n", DOCX: b"PK\x03\x04", XLSX: b"PK\x03\x04"}

UNPACKED_BYTES_MAX: Final = 100 * 1024 * 1024
UNPACKED_TIMES_MAX: Final = 100
"""An office paper is mostly text and shrinks to a tenth; what would grow a hundredfold is made to fill a disk."""
ENTRIES_MAX: Final = 2000

EICAR: Final = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
CLAMD_SECONDS: Final = 30.0
CLAMD_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """What a scanner says: its own name, and what it found (None: nothing)."""

    scanner: str
    found: str | None


class Scanner(Protocol):
    """Looks at a file's bytes."""

    async def scan(self, content: bytes) -> Finding:
        """Say what is found.

        Raises:
            OSError: if the scanner cannot be asked. A file that nobody has looked at is not taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class EicarRule:
    """Finds the EICAR test file, also inside an archive, and nothing else."""

    async def scan(self, content: bytes) -> Finding:
        """Look for the test file's words."""
        inside = content
        if content.startswith(BEGINNINGS[DOCX]):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                inside = b"".join([content, *(archive.read(one) for one in archive.infolist())])
        return Finding("eicar-rule", "EICAR-Test-File" if EICAR in inside else None)


@dataclass(frozen=True, slots=True)
class Clamd:
    """Asks a clamd over TCP, by its INSTREAM command."""

    host: str
    port: int

    async def scan(self, content: bytes) -> Finding:
        """Send the bytes, read the verdict."""
        async with asyncio.timeout(CLAMD_SECONDS):
            reader, writer = await asyncio.open_connection(self.host, self.port)
            try:
                writer.write(b"zINSTREAM\0")
                for start in range(0, len(content), CLAMD_CHUNK):
                    chunk = content[start : start + CLAMD_CHUNK]
                    writer.write(len(chunk).to_bytes(4) + chunk)
                    await writer.drain()
                writer.write(bytes(4))
                await writer.drain()
                answer = (await reader.read(4096)).rstrip(b"\0\n").decode("utf-8", "replace")
            finally:
                writer.close()
        return said(answer)


def said(answer: str) -> Finding:
    """Read clamd's answer, `stream: OK` or `stream: <name> FOUND`.

    Raises:
        OSError: if it is neither: the file counts as not looked at.
    """
    text = answer.removeprefix("stream: ")
    if text == "OK":
        return Finding("clamd", None)
    if text.endswith(" FOUND"):
        return Finding("clamd", text.removesuffix(" FOUND")[:200])
    raise OSError("clamd gave no verdict")


def wrong_with(content: bytes, media_type: str) -> str | None:
    """Say what is wrong with a file (None: nothing): it is something else than it says, or a trap for whoever unpacks it."""
    if not content.startswith(BEGINNINGS[media_type]):
        return "not-what-it-says"
    return wrong_inside(content, media_type) if media_type in PARTS else None


def wrong_inside(content: bytes, media_type: str) -> str | None:
    """Look at an archive's list without unpacking it, then at what it unpacks to, within the bound that the list gives."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            unpacked = sum(one.file_size for one in entries)
            if len(entries) > ENTRIES_MAX or unpacked > min(UNPACKED_BYTES_MAX, UNPACKED_TIMES_MAX * len(content)):
                return "unpacks-too-large"
            if any(leads_out(one.filename) for one in entries):
                return "leads-out"
            if PARTS[media_type] not in archive.namelist():
                return "not-what-it-says"
            # The list may lie: reading stops where an entry is longer than it says, or its checksum is another.
            return "not-what-it-says" if archive.testzip() else None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return "not-what-it-says"


def leads_out(name: str) -> bool:
    """Tell whether an entry's name would be written outside the folder that it is unpacked into."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name
