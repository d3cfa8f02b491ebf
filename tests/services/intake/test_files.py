"""Files at the door: declared, sent in parts that can be resumed, completed, and given to who may read them."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from uuid import uuid4

from contracts.intake_files import DossierFileAttached
from services.intake.handle_files import STORAGE
from services.intake.main import SERVICE
from tests.services.intake.desk import Desk
from tests.services.intake.papers import COMPONENT, NAME, PDF_BYTES, Papers, completion_of, declared, kept_in
from tests.services.rig import MONDAY, Rig, Running, problem

LONG = PDF_BYTES * 400


async def rows(intake: Running) -> int:
    """Count what the service knows to be in its store, or on the way there."""
    async with intake.connected() as connection:
        return await connection.fetchval("SELECT count(*) FROM files.object")


async def test_a_file_is_declared_sent_and_attached_and_the_fact_holds_no_name_and_no_hash(
    intake: Running, desk: Desk, papers: Papers
) -> None:
    id = await desk.submit()
    upload = await papers.send(id)
    answer = (await papers.complete(upload)).json()
    file = answer["file"]
    assert (file["component"], file["media_type"], file["size_bytes"]) == (COMPONENT, "application/pdf", len(PDF_BYTES))
    assert file["verdict"] is None
    (event,) = await intake.events(DossierFileAttached, stream=id)
    assert (str(event.fact.file_id), event.fact.attached_by, event.fact.attached_at) == (file["id"], "desk", MONDAY)
    assert answer["position"] == f"intake/{event.pos}"
    assert await papers.files(id) == [file]
    said = await intake.bodies()
    for mark in (NAME.removesuffix(".pdf").encode(), hashlib.sha256(PDF_BYTES).hexdigest().encode()):
        assert mark not in said


async def test_an_applicant_attaches_through_the_portal_and_reads_nobodys_file(intake: Running, desk: Desk, papers: Papers) -> None:
    id, portal = await desk.submit(), intake.token("portal")
    upload = await papers.declare(id, token=portal)
    assert (await papers.patch(upload, 0, PDF_BYTES, portal)).status_code == 204
    file = Desk.done(await papers.complete(upload, portal))["file"]["id"]
    problem(await intake.get(f"/v1/dossiers/{id}/files/{file}", portal, purpose="appraisal"), 403, "not-allowed")
    assert Desk.done(await intake.get(f"/v1/dossiers/{id}/files", portal))["items"][0]["id"] == file


async def test_an_upload_is_resumed_where_it_stands(desk: Desk, papers: Papers) -> None:
    id = await desk.submit()
    upload = await papers.declare(id, LONG)
    assert (await papers.patch(upload, 0, LONG[:100])).headers["upload-offset"] == "100"
    where = (await papers.head(upload)).headers
    assert (where["upload-offset"], where["upload-length"], where["upload-complete"]) == ("100", str(len(LONG)), "?0")
    assert (where["tus-resumable"], where["cache-control"]) == ("1.0.0", "no-store")
    for offset, part in ((0, LONG[:100]), (99, LONG[99:]), (101, LONG[101:])):
        refused = await papers.patch(upload, offset, part)
        assert problem(refused, 409, "other-offset")["offset"] == 100
        assert refused.headers["upload-offset"] == "100"
    problem(await papers.complete(upload), 409, "upload-incomplete")
    rest = await papers.patch(upload, 100, LONG[100:], Content_Type="application/partial-upload")
    assert (rest.status_code, rest.headers["upload-complete"]) == (204, "?1")
    Desk.done(await papers.complete(upload))
    assert (await papers.head(upload)).headers["upload-complete"] == "?1"
    problem(await papers.patch(upload, len(LONG), b"more"), 409, "other-offset")


async def test_of_two_parts_that_come_at_once_for_one_offset_one_counts_and_the_file_stays_whole(
    desk: Desk, papers: Papers, folder: Path
) -> None:
    id = await desk.submit()
    upload = await papers.declare(id, LONG)
    answers = await asyncio.gather(*(papers.patch(upload, 0, LONG[:length]) for length in (500, 1000, 1500, 2000)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409]
    at = int((await papers.head(upload)).headers["upload-offset"])
    assert len(kept_in(folder)) == 1
    await papers.patch(upload, at, LONG[at:])
    Desk.done(await papers.complete(upload))


async def test_declaring_and_completing_twice_is_once(intake: Running, desk: Desk, papers: Papers, folder: Path) -> None:
    id = await desk.submit()
    first, again = [await intake.post(f"/v1/dossiers/{id}/files", declared(), desk.officer, key="one") for _ in range(2)]
    assert (first.status_code, again.json()) == (201, first.json())
    problem(await intake.post(f"/v1/dossiers/{id}/files", declared(LONG), desk.officer, key="one"), 422, "idempotency-key-reused")
    upload = first.json()["upload"]
    await papers.patch(upload, 0, PDF_BYTES)
    path = completion_of(upload)
    done, replayed = [Desk.done(await intake.post(path, {}, desk.officer, key="two")) for _ in range(2)]
    assert done == replayed
    assert Desk.done(await intake.post(path, {}, desk.officer))["file"] == done["file"]
    assert len(await intake.events(DossierFileAttached)) == 1
    assert (await rows(intake), set(kept_in(folder))) == (1, {f"files/{done['file']['id']}"})


async def test_completing_at_once_from_two_sides_attaches_once(intake: Running, desk: Desk, papers: Papers) -> None:
    upload = await papers.send(await desk.submit())
    answers = await asyncio.gather(*(papers.complete(upload) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len(await intake.events(DossierFileAttached)) == 1
    Desk.done(await papers.complete(upload))


async def test_an_upload_is_seen_and_continued_only_by_who_declared_it(intake: Running, desk: Desk, papers: Papers) -> None:
    id = await desk.submit()
    upload, other = await papers.declare(id), intake.token("portal", sub="another-portal")
    assert (await papers.head(upload, other)).status_code == 404
    problem(await papers.patch(upload, 0, PDF_BYTES, other), 404, "not-found")
    problem(await papers.complete(upload, other), 404, "not-found")
    elsewhere = upload.replace(id, await desk.submit())
    assert (await papers.head(elsewhere)).status_code == 404
    stranger = intake.token("desk", sub="desk-elsewhere", agencies=("H01.01",))
    problem(await desk.ask(id, "files", declared(), stranger), 403, "other-agency")
    problem(await intake.get(f"/v1/dossiers/{id}/files", stranger), 403, "other-agency")
    problem(await desk.ask(str(uuid4()), "files", declared()), 404, "not-found")


async def test_nothing_in_the_store_can_be_read_or_matched_without_the_vault(
    intake: Running, desk: Desk, papers: Papers, folder: Path
) -> None:
    one, two = await desk.submit(), await desk.submit()
    upload = await papers.declare(one, LONG)
    await papers.patch(upload, 0, LONG[:5000])
    assert not [part for part in kept_in(folder).values() if b"Catalog" in part]
    await papers.patch(upload, 5000, LONG[5000:])
    Desk.done(await papers.complete(upload))
    await papers.attach(two, LONG)
    kept = list(kept_in(folder).values())
    assert len(set(kept)) == len(kept) == 2
    assert not [whole for whole in kept if b"Catalog" in whole or b"%PDF" in whole]
    facts = [event.fact for event in await intake.events(DossierFileAttached)]
    for member in ("file_id", "commitment", "personal_ref"):
        assert len({getattr(fact, member) for fact in facts}) == 2, f"{member} tells that two dossiers hold the same file"


async def test_a_dossier_that_is_over_takes_no_more_files_and_what_was_on_its_way_is_removed(
    intake: Running, desk: Desk, papers: Papers, folder: Path
) -> None:
    id = await desk.submit()
    upload = await papers.send(id)
    await desk.do(id, "withdrawal", {"reason": "no-longer-needed"})
    problem(await desk.ask(id, "files", declared()), 409, "not-now")
    problem(await papers.complete(upload), 409, "not-now")
    assert (await papers.head(upload)).status_code == 404
    assert (await rows(intake), kept_in(folder)) == (0, {})
    assert (await desk.kept())["vault.entry"] == 1


async def test_files_are_attached_to_an_accepted_dossier_and_while_a_supplement_is_awaited(desk: Desk, papers: Papers) -> None:
    accepted, asked = await desk.accepted(), await desk.submit()
    await desk.do(asked, "supplement-request", {"missing": [{"component": COMPONENT, "reason": "illegible"}]})
    for id in (accepted, asked):
        before = (await desk.dossier(id))["state"]
        await papers.attach(id)
        assert (await desk.dossier(id))["state"] == before


async def test_a_dossier_has_as_many_files_as_the_settings_say_begun_or_attached(rig: Rig) -> None:
    async with rig.running(SERVICE, files_max=2) as intake:
        papers = Papers(Desk(intake))
        id = await papers.desk.submit()
        await papers.attach(id)
        await papers.declare(id)
        refused = problem(await papers.desk.ask(id, "files", declared()), 409, "too-many-files")
        assert refused["files_max"] == 2
        assert (await rows(intake), (await papers.desk.kept())["vault.entry"]) == (2, 3)


async def test_without_a_store_no_files_are_taken_and_everything_else_goes_on(rig: Rig) -> None:
    async with rig.running(SERVICE, files_url=None) as intake:
        desk = Desk(intake)
        id = await desk.submit()
        refused = await desk.ask(id, "files", declared())
        problem(refused, 503, "files-not-taken")
        assert refused.headers["retry-after"]
        assert (await rows(intake), (await desk.kept())["vault.entry"]) == (0, 1)


async def test_a_store_that_is_away_is_said_and_nothing_counts_that_is_not_kept(desk: Desk, papers: Papers, folder: Path) -> None:
    id = await desk.submit()
    upload = await papers.declare(id)
    (folder / "parts").mkdir(exist_ok=True)
    (folder / "parts" / upload.split("/")[-2]).write_text("in the way")
    refused = await papers.patch(upload, 0, PDF_BYTES)
    problem(refused, 503, "file-store-away")
    assert refused.headers["retry-after"]
    assert (await papers.head(upload)).headers["upload-offset"] == "0"
    (folder / "parts" / upload.split("/")[-2]).unlink()
    assert (await papers.patch(upload, 0, PDF_BYTES)).status_code == 204
    Desk.done(await papers.complete(upload))


async def test_what_is_kept_is_read_for_the_store_under_a_purpose_of_its_own(desk: Desk, papers: Papers) -> None:
    await papers.attach(await desk.submit())
    assert set(await desk.readings()) == {("desk", STORAGE)}
