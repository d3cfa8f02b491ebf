"""Bad uploads: each is answered with a problem that names the field, and nothing of it is left behind."""

from __future__ import annotations

import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from services.intake.file_contents import DOCX, ENDINGS, HEIC, JPEG, PDF, PNG, XLSX, ZIP, leads_out, wrong_with
from services.intake.main import SERVICE
from tests.services.intake.desk import Desk, pointers
from tests.services.intake.papers import (
    HEIC_BYTES,
    JPEG_BYTES,
    NAME,
    OCTETS,
    PDF_BYTES,
    PNG_BYTES,
    Papers,
    archive,
    declared,
    kept_in,
    office,
)
from tests.services.rig import Rig, Running, problem

GOOD: Final = {PDF: PDF_BYTES, JPEG: JPEG_BYTES, PNG: PNG_BYTES, HEIC: HEIC_BYTES, DOCX: office(), XLSX: office(XLSX)}
"""One file of each type that is taken."""


def named(media_type: str) -> dict[str, str]:
    """Declare a type, and a name that fits."""
    return {"media_type": media_type, "file_name": "tep" + ENDINGS[media_type][0]}


@dataclass
class Door:
    """One dossier, and what was there before anything bad came."""

    papers: Papers
    folder: Path
    id: str
    before: tuple[Any, ...]

    async def left(self) -> tuple[Any, ...]:
        """Give all that an upload could leave behind."""
        desk = self.papers.desk
        async with desk.intake.connected() as connection:
            rows = await connection.fetchval("SELECT count(*) FROM files.object")
        return rows, kept_in(self.folder), await desk.kept()

    async def refuses(self, answer: httpx2.Response, pointer: str, status: int = 422, kind: str = "invalid-input") -> None:
        """Insist on a problem that names the field, and on nothing left."""
        assert pointers(problem(answer, status, kind)) == [pointer]
        assert await self.left() == self.before

    async def refuses_to_attach(self, content: bytes, pointer: str, **members: Any) -> None:
        """Send a file whole, and insist that it is refused at the end."""
        upload = await self.papers.send(self.id, content, **members)
        assert await self.left() != self.before
        await self.refuses(await self.papers.complete(upload), pointer)
        problem(await self.papers.complete(upload), 404, "not-found")


@pytest.fixture
async def door(papers: Papers, folder: Path) -> Door:
    door = Door(papers, folder, await papers.desk.submit(), ())
    door.before = await door.left()
    return door


@pytest.mark.parametrize("media_type", GOOD)
async def test_each_type_that_is_taken_is_told_by_its_bytes(desk: Desk, papers: Papers, media_type: str) -> None:
    id = await desk.submit()
    await papers.attach(id, GOOD[media_type], **named(media_type))
    assert [file["media_type"] for file in await papers.files(id)] == [media_type]


async def test_a_file_that_is_larger_than_the_settings_say_is_refused_before_a_byte_of_it_comes(door: Door) -> None:
    at_most = 10 * 1024 * 1024
    await door.refuses(await door.papers.desk.ask(door.id, "files", declared(size_bytes=at_most + 1)), "/size_bytes")
    await door.refuses(await door.papers.desk.ask(door.id, "files", declared(size_bytes=0)), "/size_bytes")
    assert (await door.papers.desk.ask(door.id, "files", declared(size_bytes=at_most))).status_code == 201


async def test_ten_megabytes_arrive_in_parts(door: Door) -> None:
    content = PDF_BYTES + bytes(10 * 1024 * 1024 - len(PDF_BYTES))
    upload, step = await door.papers.declare(door.id, content), 1024 * 1024
    for offset in range(0, len(content), step):
        assert (await door.papers.patch(upload, offset, content[offset : offset + step])).status_code == 204
    Desk.done(await door.papers.complete(upload))
    assert [name.split("/")[0] for name in kept_in(door.folder)] == ["files"]


async def test_more_bytes_than_were_declared_end_the_upload(door: Door) -> None:
    upload = await door.papers.declare(door.id)
    await door.papers.patch(upload, 0, PDF_BYTES[:50])
    await door.refuses(await door.papers.patch(upload, 50, PDF_BYTES), "/size_bytes")
    assert (await door.papers.head(upload)).status_code == 404


async def test_a_part_that_no_request_may_be_as_large_as_is_refused_and_the_upload_stands(door: Door) -> None:
    content = PDF_BYTES + bytes(2 * 1024 * 1024)
    upload = await door.papers.declare(door.id, content)
    problem(await door.papers.patch(upload, 0, content), 413, "body-too-large")
    assert (await door.papers.head(upload)).headers["upload-offset"] == "0"
    assert kept_in(door.folder) == {}


async def test_a_part_must_say_where_it_goes_and_what_it_is_and_hold_something(door: Door) -> None:
    upload = await door.papers.declare(door.id)
    ask, officer = door.papers.desk.intake.ask, door.papers.desk.officer
    lacking = problem(await ask("PATCH", upload, officer, OCTETS, content=PDF_BYTES), 422, "invalid-input")
    assert [error["in"] for error in lacking["errors"]] == ["header"]
    for offset in ("-1", "x", "9" * 30):
        problem(await ask("PATCH", upload, officer, OCTETS | {"Upload-Offset": offset}, content=PDF_BYTES), 422, "invalid-input")
    typed = await door.papers.patch(upload, 0, PDF_BYTES, Content_Type="application/json")
    problem(typed, 415, "media-type-not-supported")
    problem(await door.papers.patch(upload, 0, b""), 422, "invalid-input")
    assert (await door.papers.head(upload)).headers["upload-offset"] == "0"


async def test_another_hash_than_was_declared_is_refused(door: Door) -> None:
    await door.refuses_to_attach(PDF_BYTES, "/sha256", sha256="0" * 64)
    await door.refuses(await door.papers.desk.ask(door.id, "files", declared(sha256="0" * 63)), "/sha256")


@pytest.mark.parametrize("media_type", GOOD)
async def test_a_type_is_judged_by_the_bytes_and_not_by_what_is_said_of_it(door: Door, media_type: str) -> None:
    other = JPEG_BYTES if media_type == PDF else PDF_BYTES
    await door.refuses_to_attach(other, "/media_type", **named(media_type))


BOMB: Final = archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": bytes(60 * 1024 * 1024)})
TRAPS: Final = {
    "a bomb": BOMB,
    "a bomb that says it is small": BOMB.replace((60 * 1024 * 1024).to_bytes(4, "little"), (900).to_bytes(4, "little")),
    "a bomb of many entries": archive({"word/document.xml": b""} | {f"word/{n}": b"" for n in range(2001)}),
    "a path that leads out": office(**{"../../etc/cron.d/x": b"x"}),
    "a path from the root": office(**{"/etc/passwd": b"x"}),
    "a path of Windows": office(**{"C:\\Windows\\x": b"x"}),
    "a program": office(**{"word/vbaProject.bin": b"x"}),
    "an archive that is no paper": archive({"readme.txt": b"x"}),
    "an archive that is cut": office()[:-30],
    "an archive that is altered": office().replace(b"[Content_Types].xml", b"[Content_Typez].xml", 1),
    "packed so that few bytes fill the memory": archive({"word/document.xml": bytes(1024 * 1024)}, zipfile.ZIP_BZIP2),
}


@pytest.mark.parametrize("trap", TRAPS)
async def test_an_office_paper_that_is_a_trap_is_refused(door: Door, trap: str) -> None:
    await door.refuses_to_attach(TRAPS[trap], "/media_type", **named(DOCX))


NAMES: Final = [
    *("../../etc/passwd.pdf", "..\\x.pdf", "/etc/x.pdf", "C:\\x.pdf", "C:x.pdf", "a/b.pdf", "..", ".", "a\x00.pdf", "a\n.pdf", ".pdf"),
    *("con.pdf", "NUL", "lpt1.x.pdf", "don.pdf.", "don\u202efdp.pdf", "don\u200b.pdf", "a|b.pdf", 'a".pdf', "a?.pdf", "", "   "),
    *("x" * 201 + ".pdf", "ằ" * 90 + ".pdf", "don.exe", "don.pdf.exe", "don", "don.docx"),
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_a_name_that_plays_tricks_is_refused(door: Door, name: str) -> None:
    await door.refuses(await door.papers.desk.ask(door.id, "files", declared(file_name=name)), "/file_name")


async def test_a_name_in_parts_is_put_together_and_no_address_is_made_of_it(door: Door) -> None:
    apart = unicodedata.normalize("NFD", NAME)
    assert apart != NAME
    upload = await door.papers.declare(door.id, file_name=f"  {apart} ")
    assert "Ánh" not in upload
    await door.papers.patch(upload, 0, PDF_BYTES)
    file = Desk.done(await door.papers.complete(upload))["file"]["id"]
    assert set(kept_in(door.folder)) == {f"files/{file}"}


async def test_what_is_declared_must_be_known(door: Door) -> None:
    ask = door.papers.desk.ask
    await door.refuses(await ask(door.id, "files", declared(component="khong-co")), "/component")
    await door.refuses(await ask(door.id, "files", declared(**named(ZIP))), "/media_type")
    await door.refuses(await ask(door.id, "files", declared(media_type="text/html", file_name="a.html")), "/media_type")
    await door.refuses(await ask(door.id, "files", declared(note="x")), "/note")
    desk, json = door.papers.desk, {"Content-Type": "application/json"}
    problem(await desk.intake.ask("POST", f"/v1/dossiers/{door.id}/files", desk.officer, json, content=b"{"), 400, "malformed-body")
    assert await door.left() == door.before


async def test_archives_are_taken_where_the_settings_say_so(rig: Rig) -> None:
    async with rig.running(SERVICE, file_types=[ZIP, PDF]) as intake:
        papers = Papers(Desk(intake))
        id = await papers.desk.submit()
        await papers.attach(id, archive({"ban-ve.pdf": PDF_BYTES}), **named(ZIP))
        problem(await papers.desk.ask(id, "files", declared(GOOD[DOCX], **named(DOCX))), 422, "invalid-input")
        upload = await papers.send(id, archive({"../x": b"x"}), **named(ZIP))
        assert pointers(problem(await papers.complete(upload), 422, "invalid-input")) == ["/media_type"]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "\\x", "..\\x", "C:x", "a/C:\\x", "x\0"])
def test_an_entry_that_leads_out_is_seen(name: str) -> None:
    assert leads_out(name)
    assert not leads_out("word/media/image1.png")


@pytest.mark.parametrize("content", [b"", b"P", b"PK\x03\x04", PDF_BYTES[:4], HEIC_BYTES[:8]])
def test_a_few_bytes_are_no_file_of_any_type(content: bytes) -> None:
    assert {wrong_with(content, media_type) for media_type in ENDINGS} == {"not-what-it-says"}


def test_what_is_said_of_bad_names_has_its_words(intake: Running) -> None:
    assert intake.service.words.faults.keys() >= {"file-name-not-plain", "file-name-reserved", "file-name-too-long", "file-name-other-type"}
