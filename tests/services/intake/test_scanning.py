"""Each file is judged by a scanner, once, and only what is clean is given out, to whom it concerns and with a trace."""

from __future__ import annotations

import asyncio
import hashlib
import io
import shutil
import zipfile
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from contracts.intake_files import DossierFileScanned
from services.intake import scanner
from services.intake.file_contents import DOCX
from services.intake.handle_files import STORAGE
from services.intake.main import SERVICE
from services.intake.scanner import BOMB, BuiltIn, Clamd, Judgement, ScannerAway, Search, said
from services.intake.settings import IntakeSettings
from tests.services.intake.desk import Desk
from tests.services.intake.papers import NAME, PDF_BYTES, Papers, archive, judged, office
from tests.services.rig import Rig, problem

# The test file of the European Institute for Computer Antivirus Research, in two halves: together they would alarm a scanner here.
EICAR: Final = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + rb"ANTIVIRUS-TEST-FILE!$H+H*"
QUICK: Final[dict[str, Any]] = {"scan_look_seconds": 0.05}


@pytest.fixture
async def quick(rig: Rig) -> AsyncGenerator[Papers]:
    async with rig.running(SERVICE, **QUICK) as running:
        yield Papers(Desk(running))


async def test_a_clean_file_is_given_to_an_officer_with_a_purpose_and_the_reading_is_recorded(quick: Papers) -> None:
    desk, intake = quick.desk, quick.desk.intake
    id = await desk.submit()
    file = await quick.attach(id)
    assert await judged(quick, id) == ["clean"]
    path, officer = f"/v1/dossiers/{id}/files/{file}", intake.token("officer")
    given = await intake.get(path, officer, purpose="appraisal")
    assert (given.status_code, given.content, given.headers["content-type"]) == (200, PDF_BYTES, "application/pdf")
    assert given.headers["content-disposition"] == f"attachment; filename=\"Don cua ba Anh.pdf\"; filename*=UTF-8''{quote(NAME)}"
    assert given.headers["repr-digest"] == f"sha-256=:{b64encode(hashlib.sha256(PDF_BYTES).digest()).decode()}:"
    assert (given.headers["x-content-type-options"], given.headers["cache-control"]) == ("nosniff", "no-store")
    assert given.headers["content-security-policy"].startswith("default-src 'none'")
    readings = await desk.readings()
    assert readings[-1] == ("officer", "appraisal")
    assert ("system:intake", STORAGE) in readings
    problem(await intake.get(path, officer), 422, "invalid-input")
    problem(await intake.get(path, officer, purpose="curiosity"), 422, "invalid-input")
    problem(await intake.get(path, intake.token("leader"), purpose="appraisal"), 403, "not-allowed")
    problem(await intake.get(path, intake.token("officer", agencies=("H01.01",)), purpose="appraisal"), 403, "other-agency")
    problem(await intake.get(path[:-1] + ("0" if path[-1] != "0" else "1"), officer, purpose="appraisal"), 404, "not-found")
    assert await desk.readings() == readings


async def test_what_files_are_called_is_told_to_an_officer_with_a_purpose_and_recorded(quick: Papers) -> None:
    desk, intake = quick.desk, quick.desk.intake
    id = await desk.submit()
    one, two = await quick.attach(id), await quick.attach(id, file_name="Bản kê.pdf")
    await judged(quick, id)
    path, officer, before = f"/v1/dossiers/{id}/file-names", intake.token("officer"), await desk.readings()
    told = (await intake.get(path, officer, purpose="appraisal")).json()["items"]
    assert told == [{"id": one, "file_name": NAME}, {"id": two, "file_name": "Bản kê.pdf"}]
    assert await desk.readings() == [*before, ("officer", "appraisal"), ("officer", "appraisal")]
    problem(await intake.get(path, officer), 422, "invalid-input")
    problem(await intake.get(path, intake.token("portal"), purpose="appraisal"), 403, "not-allowed")
    problem(await intake.get(path, intake.token("officer", agencies=("H01.01",)), purpose="appraisal"), 403, "other-agency")


@pytest.mark.parametrize(
    ("content", "members", "finding"),
    [
        (PDF_BYTES + EICAR, {}, "EICAR-Test-File"),
        (office(**{"word/media/x": EICAR}), {"media_type": DOCX, "file_name": "a.docx"}, "EICAR-Test-File"),
    ],
    ids=["in a PDF", "in a paper of an office program"],
)
async def test_an_infected_file_is_attached_judged_and_given_to_nobody(
    quick: Papers, content: bytes, members: dict[str, Any], finding: str
) -> None:
    desk, intake = quick.desk, quick.desk.intake
    id = await desk.submit()
    file = await quick.attach(id, content, **members)
    assert await judged(quick, id) == ["infected"]
    (event,) = await intake.events(DossierFileScanned)
    assert (event.fact.scanner, event.fact.finding, event.actor) == ("built-in", finding, "system:intake")
    readings = await desk.readings()
    for role in ("desk", "officer"):
        for purpose in ("appraisal", "identity-check"):
            problem(await intake.get(f"/v1/dossiers/{id}/files/{file}", intake.token(role), purpose=purpose), 409, "file-infected")
    assert await desk.readings() == readings


async def test_before_a_verdict_a_file_is_given_to_nobody(rig: Rig) -> None:
    async with rig.running(SERVICE, scan_look_seconds=3600) as intake:
        papers = Papers(Desk(intake))
        id = await papers.desk.submit()
        file = await papers.attach(id)
        problem(await intake.get(f"/v1/dossiers/{id}/files/{file}", papers.desk.officer, purpose="appraisal"), 409, "file-not-scanned")
        assert [one["verdict"] for one in await papers.files(id)] == [None]


def alter(file: Path) -> None:
    """Change a bit of what is in the store."""
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


async def test_what_was_altered_in_the_store_is_unreadable_or_if_it_was_clean_before_not_given_out(rig: Rig, folder: Path) -> None:
    async with rig.running(SERVICE, scan_look_seconds=3600) as intake:
        papers = Papers(Desk(intake))
        early, late = await papers.desk.submit(), await papers.desk.submit()
        alter(folder / "files" / await papers.attach(early))
        file = await papers.attach(late)
        async with rig.running(SERVICE, intake.database, **QUICK):
            assert (await judged(papers, early), await judged(papers, late)) == (["unreadable"], ["clean"])
        (event,) = [one for one in await intake.events(DossierFileScanned) if str(one.stream) == early]
        assert (event.fact.scanner, event.fact.finding) == ("store", "damaged")
        alter(folder / "files" / file)
        answer = await intake.get(f"/v1/dossiers/{late}/files/{file}", papers.desk.officer, purpose="appraisal")
        assert answer.status_code == 500
        assert b"Catalog" not in answer.content


async def test_two_workers_that_judge_the_same_files_record_each_once(rig: Rig) -> None:
    async with rig.running(SERVICE, **QUICK) as intake, rig.running(SERVICE, intake.database, **QUICK):
        papers = Papers(Desk(intake))
        id = await papers.desk.submit()
        for _ in range(5):
            await papers.attach(id)
        await judged(papers, id)
        assert len(await intake.events(DossierFileScanned)) == 5
        assert await intake.parked() == []


@dataclass
class Daemon:
    """Speaks clamd's side of VERSION and INSTREAM on a real socket."""

    answer: str = "stream: OK"
    most: int = 25 * 1024 * 1024
    port: int = 0
    heard: list[bytes] = field(default_factory=list[bytes])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        answer = "ClamAV 1.4.3/27500/Mon Mar  2 08:00:00 2026"
        if command == b"zINSTREAM\0":
            content = b""
            while (length := int.from_bytes(await reader.readexactly(4), "big")) and len(content) <= self.most:
                content += await reader.readexactly(length)
            self.heard.append(content)
            answer = self.answer if len(content) <= self.most else "INSTREAM size limit exceeded. ERROR"
        writer.write(answer.encode() + b"\0")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def daemon(**of: Any) -> AsyncGenerator[Daemon]:
    """Run one."""
    made = Daemon(**of)
    server = await asyncio.start_server(made.serve, "127.0.0.1", made.port)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.mark.parametrize(
    ("answer", "verdict", "finding"),
    [
        ("stream: OK", "clean", None),
        ("stream: Win.Test.EICAR_HDB-1 FOUND", "infected", "Win.Test.EICAR_HDB-1"),
        ("stream: Heuristics.Encrypted.PDF FOUND", "unreadable", "Heuristics.Encrypted.PDF"),
        ("stream: Can't allocate memory ERROR", "unreadable", "Can't allocate memory"),
    ],
)
async def test_clamd_is_sent_the_whole_file_and_its_word_and_engine_stand_in_the_verdict(
    answer: str, verdict: Any, finding: str | None
) -> None:
    content = bytes(range(256)) * 1000
    async with daemon(answer=answer) as clamd:
        assert await Clamd("127.0.0.1", clamd.port).judge(content) == Judgement(verdict, "ClamAV 1.4.3/27500", finding)
        assert clamd.heard == [content]


async def test_what_clamd_will_not_take_is_unreadable_and_not_clean() -> None:
    async with daemon(most=1000) as clamd:
        found = await Clamd("127.0.0.1", clamd.port).judge(bytes(2 * 1024 * 1024))
        assert (found.verdict, found.finding) == ("unreadable", "INSTREAM size limit exceeded")


@pytest.mark.parametrize("answer", ["", "stream: ", "PONG", "stream: OK?", "UNKNOWN COMMAND"])
def test_what_is_no_verdict_counts_as_not_looked_at(answer: str) -> None:
    with pytest.raises(ScannerAway):
        said(answer)


async def test_files_wait_while_clamd_is_away_and_are_judged_when_it_is_back(rig: Rig) -> None:
    async with daemon() as gone:
        port = gone.port
    with pytest.raises(ScannerAway):
        await Clamd("127.0.0.1", port).judge(b"x")
    async with rig.running(SERVICE, clamd_url=f"tcp://127.0.0.1:{port}", **QUICK) as intake:
        papers = Papers(Desk(intake))
        id = await papers.desk.submit()
        await papers.attach(id)
        assert [one["verdict"] for one in await papers.files(id)] == [None]
        async with daemon(port=port, answer="stream: Win.Trojan.X FOUND"):
            assert await judged(papers, id) == ["infected"]
        (event,) = await intake.events(DossierFileScanned)
        assert event.fact.scanner == "ClamAV 1.4.3/27500"


async def test_a_clamd_that_says_nothing_is_away() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ScannerAway):
            await Clamd("127.0.0.1", port, seconds=0.2).judge(b"x")


def encrypted() -> bytes:
    """Make an archive whose entry says that it is encrypted."""
    plain = bytearray(archive({"a": b"x"}, zipfile.ZIP_STORED))
    plain[6] |= 1
    plain[plain.index(b"PK\x01\x02") + 8] |= 1
    return bytes(plain)


def nested(depth: int) -> bytes:
    content = b"x"
    for _ in range(depth):
        content = archive({"a.zip": content})
    return content


async def test_the_built_in_rule_finds_the_test_file_and_bombs_and_says_what_it_cannot_read() -> None:
    judge = BuiltIn().judge
    assert await judge(PDF_BYTES) == Judgement("clean", "built-in")
    assert (await judge(archive({"a": archive({"b": EICAR})}))).verdict == "infected"
    assert (await judge(nested(3))).verdict == "clean"
    assert (await judge(nested(10))).finding == BOMB[1]
    assert (await judge(archive({str(n): b"" for n in range(2001)}))).finding == BOMB[1]
    many = archive({str(n): archive({"a": bytes(30 * 1024 * 1024)}) for n in range(4)})
    assert len(many) < 1024 * 1024
    assert (await judge(many)).finding == BOMB[1]
    assert (await judge(encrypted())).verdict == "unreadable"
    assert (await judge(archive({"a": bytes(1000)}, zipfile.ZIP_BZIP2))).verdict == "unreadable"
    assert (await judge(archive({"a": b"x"})[:-10])).verdict == "unreadable"
    assert (await judge(archive({"a": b"x", "b": EICAR}))).verdict == "infected"


def test_an_entry_that_is_longer_than_it_says_is_not_unpacked_further() -> None:
    liar = archive({"a": bytes(50 * 1024 * 1024)}).replace((50 * 1024 * 1024).to_bytes(4, "little"), (7).to_bytes(4, "little"))
    with zipfile.ZipFile(io.BytesIO(liar)) as made:
        assert made.infolist()[0].file_size == 7
    search = Search()
    assert search.look(liar) == ("unreadable", "damaged-archive")
    assert scanner.UNPACKED_BYTES_MAX - search.left == 7


REAL: Final = {
    "database_url": "postgresql://intake@localhost/intake",
    "issuer": "https://id.example.vn",
    "jwks_url": "https://id.example.vn/keys",
    "cursor_secret": "c" * 40,
    "token_secret": "t" * 40,
}


def settings(**given: Any) -> IntakeSettings:
    return IntakeSettings.model_validate(REAL | given)


def test_beside_a_real_issuer_no_files_are_taken_without_a_real_scanner() -> None:
    settings()
    settings(files_url="s3://tep/motcua", clamd_url="tcp://clamd:3310")
    with pytest.raises(ValidationError, match="clamd_url must be set"):
        settings(files_url="s3://tep/motcua")
    with pytest.raises(ValidationError, match="go together"):
        settings(files_s3_key_id="k")
    for url in ("ftp://x/y", "file://relative", "s3://bucket?x=1", "s3://key:secret@bucket"):
        with pytest.raises(ValidationError):
            settings(files_url=url, clamd_url="tcp://clamd:3310")


async def test_a_file_that_is_not_in_the_store_waits_and_the_others_do_not_wait_for_it(rig: Rig, folder: Path) -> None:
    async with rig.running(SERVICE, scan_look_seconds=3600) as first:
        papers = Papers(Desk(first))
        id = await papers.desk.submit()
        file = await papers.attach(id)
        moved = await asyncio.to_thread(shutil.move, folder / "files" / file, folder.with_name("elsewhere"))
        async with rig.running(SERVICE, first.database, files_look_seconds=0.2, **QUICK):
            other = await papers.desk.submit()
            await papers.attach(other)
            assert await judged(papers, other) == ["clean"]
            assert [one["verdict"] for one in await papers.files(id)] == [None]
            await asyncio.to_thread(shutil.move, moved, folder / "files" / file)
            assert await judged(papers, id) == ["clean"]
