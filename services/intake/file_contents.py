"""Beside step 2: what a file is by its bytes, whatever its name says, and whether it is a trap for whoever unpacks it."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final, Literal, TypeAlias, get_args

FileType: TypeAlias = Literal[
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/heic",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/zip",
]
"""What can be told from its bytes."""
PDF, JPEG, PNG, HEIC, DOCX, XLSX, ZIP = get_args(FileType)

ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    PDF: (".pdf",),
    JPEG: (".jpg", ".jpeg"),
    PNG: (".png",),
    HEIC: (".heic", ".heif"),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
    ZIP: (".zip",),
}
"""What a name of such a file ends with: a program on an officer's machine goes by nothing else."""

BEGINNINGS: Final[Mapping[str, bytes]] = {
    PDF: b"%PDF-",
    JPEG: b"\xff\xd8\xff",
    PNG: b"\x89PNG\r\n\x1a\n",
    DOCX: b"PK\x03\x04",
    XLSX: b"PK\x03\x04",
    ZIP: b"PK\x03\x04",
}
HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""Brands of ISO/IEC 23008-12, after the box `ftyp`."""
OFFICE_PARTS: Final[Mapping[str, str]] = {DOCX: "word/document.xml", XLSX: "xl/workbook.xml"}
"""The part that makes an archive a paper of an office program (ISO/IEC 29500-2)."""
MACROS: Final = "vbaproject.bin"

UNPACKED_BYTES_MAX: Final = 100 * 1024 * 1024
UNPACKED_TIMES_MAX: Final = 100
"""An office paper is mostly text and shrinks to a tenth; what would grow a hundredfold is made to fill a disk."""
ENTRIES_MAX: Final = 2000

UNPACKED_BOUNDED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Ways of packing that an office paper may use, and that zipfile unpacks bit by bit; of the others a few bytes can fill the memory."""

Wrong: TypeAlias = Literal["not-what-it-says", "unpacks-too-large", "leads-out", "has-macros"]


def wrong_with(content: bytes, media_type: str) -> Wrong | None:
    """Say what is wrong with a file (None: nothing)."""
    if media_type == HEIC:
        return None if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS else "not-what-it-says"
    if not content.startswith(BEGINNINGS[media_type]):
        return "not-what-it-says"
    return wrong_inside(content, media_type) if media_type in {DOCX, XLSX, ZIP} else None


def wrong_inside(content: bytes, media_type: str) -> Wrong | None:
    """Look at an archive's list without unpacking it, then at what it unpacks to, within the bound that the list gives."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > ENTRIES_MAX or sum(one.file_size for one in entries) > unpacked_max(content):
                return "unpacks-too-large"
            if any(leads_out(one.filename) for one in entries):
                return "leads-out"
            if media_type == ZIP:
                return None  # what is inside, perhaps encrypted, is for the scanner to look at
            names = {one.filename for one in entries}
            if any(name.lower().endswith(MACROS) for name in names):
                return "has-macros"
            if any(one.compress_type not in UNPACKED_BOUNDED for one in entries):
                return "not-what-it-says"
            # The list may lie: reading stops where an entry is longer than it says, or its checksum is another.
            return "not-what-it-says" if OFFICE_PARTS[media_type] not in names or archive.testzip() else None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, zlib.error):
        return "not-what-it-says"


def unpacked_max(content: bytes) -> int:
    """Give how many bytes an archive may unpack to."""
    return min(UNPACKED_BYTES_MAX, UNPACKED_TIMES_MAX * len(content))


def leads_out(name: str) -> bool:
    """Tell whether an entry would be written outside the folder that it is unpacked into."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name
