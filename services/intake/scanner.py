"""Beside step 2: whether a scanner finds a file harmful. The scanner is a port.

It is clamd where the settings name one. Otherwise it is a rule for development that knows the EICAR test file, which every scanner must
find and which harms nobody, and archives that unpack without end. It protects from nothing else, and says by its name in the fact that
it was the one that judged.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

from contracts.intake_files import Verdict
from services.intake.file_contents import BEGINNINGS, ENTRIES_MAX, UNPACKED_BOUNDED, UNPACKED_BYTES_MAX, ZIP

EICAR: Final = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"
DEPTH_MAX: Final = 4
"""Archives within archives; what is deeper is made to keep a scanner busy."""

CLAMD_SECONDS: Final = 60.0
CLAMD_CHUNK: Final = 64 * 1024
ANSWER_MAX: Final = 4096
FINDING_MAX: Final = 200
NAME_MAX: Final = 100
ENCRYPTED: Final = "Heuristics.Encrypted."
"""What clamd calls a file that it cannot look into, where it is told to mind."""


class ScannerAway(Exception):  # noqa: N818 - says where it is
    """The scanner cannot be asked now. A file that nobody has looked at is given to nobody."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a scanner says, and which one."""

    verdict: Verdict
    scanner: str
    finding: str | None = None


class Scanner(Protocol):
    """Looks at a file's bytes."""

    async def judge(self, content: bytes) -> Judgement:
        """Say what is found.

        Raises:
            ScannerAway: if it cannot be asked.
        """
        ...


def scanner_of(clamd_url: str | None) -> Scanner:
    """Give the scanner that the settings name."""
    if clamd_url is None:
        return BuiltIn()
    address = urlsplit(clamd_url)
    return Clamd(address.hostname or "", address.port or 0)


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """The rule for development."""

    async def judge(self, content: bytes) -> Judgement:
        """Search the bytes, and those of archives in them."""
        verdict, finding = await asyncio.to_thread(Search().look, content)
        return Judgement(verdict, "built-in", finding)


Found = tuple[Verdict, str | None]
CLEAN: Final[Found] = ("clean", None)
BOMB: Final[Found] = ("infected", "Archive-Bomb")


@dataclass(slots=True)
class Search:
    """One search; `left` bytes may be unpacked yet, over all archives together."""

    left: int = field(default=UNPACKED_BYTES_MAX)

    def look(self, content: bytes, depth: int = 0) -> Found:
        """Say what is found in these bytes."""
        if EICAR in content:
            return "infected", "EICAR-Test-File"
        if not content.startswith(BEGINNINGS[ZIP]):
            return CLEAN
        if depth == DEPTH_MAX:
            return BOMB
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return self._look_inside(archive, depth)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, zlib.error):
            return "unreadable", "damaged-archive"

    def _look_inside(self, archive: zipfile.ZipFile, depth: int) -> Found:
        entries = archive.infolist()
        if len(entries) > ENTRIES_MAX:
            return BOMB
        unreadable: Found | None = None
        for entry in entries:
            # The list may lie, but nothing is unpacked beyond what it says: a longer entry is a damaged one.
            self.left -= entry.file_size
            if self.left < 0:
                return BOMB
            if entry.flag_bits & 1 or entry.compress_type not in UNPACKED_BOUNDED:
                unreadable = "unreadable", "encrypted-archive"
                continue
            found = self.look(archive.read(entry), depth + 1)
            if found[0] == "infected":
                return found
            unreadable = unreadable or (found if found != CLEAN else None)
        return unreadable or CLEAN


@dataclass(frozen=True, slots=True)
class Clamd:
    """Asks a clamd over TCP, by its commands VERSION and INSTREAM."""

    host: str
    port: int
    seconds: float = CLAMD_SECONDS

    async def judge(self, content: bytes) -> Judgement:
        """Send the bytes, read the verdict; the fact names the engine and its signatures."""
        try:
            async with asyncio.timeout(self.seconds):
                version = await self._ask(b"zVERSION\0")
                answer = await self._ask(b"zINSTREAM\0", content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            raise ScannerAway("clamd") from error
        verdict, finding = said(answer)
        return Judgement(verdict, "/".join(version.split("/")[:2])[:NAME_MAX] or "clamd", finding)

    async def _ask(self, command: bytes, content: bytes | None = None) -> str:
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=ANSWER_MAX)
        try:
            writer.write(command)
            if content is not None:
                await self._send(writer, content)
            answer = await reader.readuntil(b"\0")
        except asyncio.LimitOverrunError as error:
            raise ValueError("clamd talks without end") from error
        finally:
            writer.close()
        return answer.rstrip(b"\0\n").decode("utf-8", "replace")

    @staticmethod
    async def _send(writer: asyncio.StreamWriter, content: bytes) -> None:
        """Send chunks until clamd has heard enough: it answers at once what is larger than it takes, and hangs up."""
        try:
            for start in range(0, len(content), CLAMD_CHUNK):
                chunk = content[start : start + CLAMD_CHUNK]
                writer.write(len(chunk).to_bytes(4, "big") + chunk)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
        except ConnectionError:
            return


def said(answer: str) -> Found:
    """Read clamd's answer: `stream: OK`, `stream: <name> FOUND`, or `… ERROR` for a file that it cannot take.

    Raises:
        ScannerAway: if it is none of them: the file counts as not looked at.
    """
    text = answer.removeprefix("stream: ")
    if text == "OK":
        return CLEAN
    if text.endswith(" FOUND"):
        name = text.removesuffix(" FOUND")[:FINDING_MAX]
        return ("unreadable" if name.startswith(ENCRYPTED) else "infected"), name
    if text.endswith("ERROR"):
        return "unreadable", text.removesuffix("ERROR").strip(" .")[:FINDING_MAX]
    raise ScannerAway("clamd gave no verdict")
