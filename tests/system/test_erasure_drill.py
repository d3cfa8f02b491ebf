"""A person is forgotten: searched for in every table, file, stream and log line of all of Motcua, and at the national portal."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import httpx2
import nats
import pytest

from deploy.local import verify
from deploy.local.stack import SERVICES, Stack
from tests.local.asking import motcua
from tests.services.intake.desk import submission
from tests.services.intake.papers import OCTETS, PDF_BYTES, completion_of, declared, kept_in
from tests.services.rig import MONDAY
from tests.system.test_faults import Story, until
from tests.system.told import told
from tests.traces import folded, found, in_raw_form, in_tables, in_vault, readable

PERSON: Final = {
    "kind": "individual",
    "name": "Đặng Thị Huỳnh Nga",
    "identity_number": "074182003961",
    "phone": "0912348765",
    "email": "huynh.nga@hop-thu.example",
    "address": "Ấp Bến Sắn, xã Vĩnh Tân",
}
MARKS: Final = tuple(value for name, value in PERSON.items() if name != "kind")
SCAN: Final = "Giấy khai sinh của Huỳnh Nga"
SAID: Final = "Cha: Đặng Văn Tới, thường trú tại ấp Bến Sắn"
PAPER: Final = PDF_BYTES + SAID.encode()
NEIGHBOUR: Final = {
    "kind": "individual",
    "name": "Lưu Thị Kim Thoa",
    "identity_number": "074185001234",
    "phone": "0912000111",
    "email": "thoa@hop-thu.example",
    "address": "Khu phố Ba, phường Lái Thiêu",
}
SETTINGS: Final = {"INTAKE_LOG_LEVEL": "DEBUG", "INTAKE_RETRY_SECONDS": "[0.05, 0.1, 0.2]"}
OFFICER: Final = ("nv-mc-01", "desk")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with told(SETTINGS), Stack(tmp_path_factory.mktemp("motcua"), fast=True, demo_clock=True, portal=True) as running:
        yield running


@dataclass
class Life:
    """What people do with one dossier, over HTTP."""

    stack: Stack
    at: datetime = MONDAY
    id: str = ""

    def ask(
        self, method: str, path: str, *, by: tuple[str, str] = OFFICER, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        """Ask intake for something, as somebody with a role."""
        sub, role = by
        given = {"Authorization": f"Bearer {self.stack.token(sub, [role])}", "Motcua-Demo-Time": self.at.isoformat()}
        given |= {"Idempotency-Key": os.urandom(8).hex()} | (headers or {})
        answer = httpx2.request(method, self.stack.urls["intake"] + path, headers=given, timeout=30, **more)
        assert answer.is_success, answer.text
        return answer

    def do(self, what: str, body: dict[str, Any] | None = None, by: tuple[str, str] = OFFICER) -> Any:
        """Have something done with the dossier."""
        return self.ask("POST", f"/v1/dossiers/{self.id}/{what}", by=by, json=body or {}).json()

    def attach(self, file_name: str, *, whole: bool) -> None:
        """Send the paper, all of it or not."""
        upload = self.do("files", declared(PAPER, file_name=file_name))["upload"]
        sent = PAPER if whole else PAPER[:-5]
        self.ask("PATCH", upload, headers=OCTETS | {"Upload-Offset": "0"}, content=sent)
        if whole:
            self.ask("POST", completion_of(upload), json={})

    def begin(self, applicant: dict[str, Any], file_name: str) -> None:
        """Hand in, with papers; be received, read about, looked up; take it back."""
        self.id = self.ask("POST", "/v1/dossiers", json=submission(applicant=applicant)).json()["id"]
        self.attach(file_name, whole=True)
        self.attach(file_name, whole=False)
        until(lambda: all(one["verdict"] for one in self.ask("GET", f"/v1/dossiers/{self.id}/files").json()["items"]), "it is judged")
        self.do("acceptance")
        personal = self.ask("GET", f"/v1/dossiers/{self.id}/personal", params={"purpose": "contact"}).json()
        assert personal == applicant
        self.ask("GET", f"/v1/dossiers/{self.id}/file-names", params={"purpose": "contact"})
        self.ask("GET", f"/v1/dossiers/{self.id}/duplicates")
        self.do("withdrawal", {"reason": "no-longer-needed"})


async def everything(stack: Stack) -> dict[str, str]:
    """Give all that is kept in databases and streams, by where; of each vault also what its keys open."""
    where = dict[str, str]()
    for service in SERVICES:
        connection = await asyncpg.connect(f"{stack.postgres.admin_dsn.rpartition('/')[0]}/{service}")
        try:
            where |= {f"{service}: {table}": content for table, content in (await in_tables(connection)).items()}
            if f"{service}: vault.entry" in where:
                where[f"{service}: vault, opened"] = await in_vault(connection, stack.environment(service)[f"{service.upper()}_VAULT_KEYS"])
        finally:
            await connection.close()
    client = await nats.connect(stack.nats_url())
    try:
        context = client.jetstream()
        for info in await context.streams_info():
            name = info.config.name or ""
            kept = [await context.get_msg(name, at) for at in range(info.state.first_seq, info.state.last_seq + 1)]
            where[f"stream {name}"] = " ".join(readable((one.subject or "").encode() + (one.data or b"")) for one in kept)
    finally:
        await client.close()
    return where


def places(stack: Stack) -> dict[str, str]:
    """Give all that is kept, by where: tables, streams, what each process printed, and what the national portal holds."""
    where = asyncio.run(everything(stack))
    where |= {f"log {file.name}": folded(file.read_text(errors="replace")) for file in (stack.data / "logs").glob("*.log")}
    return where | {"portal": at_portal(stack)}


def at_portal(stack: Stack) -> str:
    """Give all that the national portal holds."""
    return folded(json.dumps(httpx2.get(f"{stack.portal_url}/control/held").json(), ensure_ascii=False))


def in_files(stack: Stack, *texts: str) -> set[str]:
    """Say in which files of the whole data folder one of the texts stands, in whatever form: the servers' own files are among them."""
    forms, where = [form for text in texts for form in in_raw_form(text)], set[str]()
    for file in stack.data.rglob("*"):
        with contextlib.suppress(OSError):  # a server has removed it, or it is a socket
            content = file.read_bytes()
            if any(form in content for form in forms):
                where.add(str(file.relative_to(stack.data)))
    return where


def is_told(stack: Stack) -> bool:
    """Tell whether the national portal was told everything."""
    headers = {"Authorization": f"Bearer {stack.token('operator', ['admin'])}"}
    deliveries = httpx2.get(f"{stack.urls['intake']}/v1/national-portal", headers=headers).json()["deliveries"]["national"]
    return deliveries.get("done", 0) > 0 and not deliveries.get("waiting", 0)


def assert_verified(stack: Stack) -> dict[str, int]:
    """Insist that `./motcua verify` is green; give how many facts each log has."""
    verify.wait_until_level(stack)
    said = motcua("verify", "--json", "--data", stack.data)
    assert said.returncode == 0, said.stdout + said.stderr
    return json.loads(said.stdout)["events"]


@pytest.mark.slow
def test_whoever_was_forgotten_is_found_in_no_table_file_stream_or_log_line_of_any_service_and_verify_is_green(stack: Stack) -> None:
    story = Story(stack, seed=500, dossiers=6)
    story.start()
    life, neighbour = Life(stack), Life(stack)
    life.begin(PERSON, f"{SCAN}.pdf")
    neighbour.begin(NEIGHBOUR, "Giấy tờ khác.pdf")
    story.join(110)
    assert story.error is None
    verify.wait_until_level(stack)
    until(lambda: is_told(stack), "the portal knows")

    before, events = places(stack), assert_verified(stack)
    for mark in MARKS:
        assert found(before, mark) == {"intake: vault, opened", "portal"}, mark
    assert found(before, SCAN) == {"intake: vault, opened"}
    assert found(before, life.id) >= {"intake: log.event", "stream INTAKE", "processing: log.event"}, "it finds what is there"
    assert in_files(stack, life.id), "it looks into the files"
    assert in_files(stack, *MARKS, SCAN, SAID, hashlib.sha256(PAPER).hexdigest()) == set(), "not even now"
    lying = kept_in(stack.data / "files")

    life.at += timedelta(days=92)
    assert life.do("erasure", {"ground": "on-demand"}, ("dpo", "data-protection"))["erased"]
    until(lambda: not found({"portal": at_portal(stack)}, PERSON["name"]), "the portal is told")

    after = places(stack)
    for text in (*MARKS, SCAN):
        assert found(after, text) == set(), text
    assert in_files(stack, *MARKS, SCAN, SAID) == set()
    left = kept_in(stack.data / "files")
    assert (len(lying), len(left), left.items() <= lying.items()) == (4, 2, True), (
        "a paper and a part of one are gone, the neighbour's are not"
    )
    assert found(after, life.id) >= found(before, life.id) - {"intake: vault.entry", "intake: files.object", "intake: likeness.applicant"}
    # The neighbour handed in the same paper under another name, and keeps it.
    assert found(after, NEIGHBOUR["name"]) == {"intake: vault, opened", "portal"}
    assert neighbour.ask("GET", f"/v1/dossiers/{neighbour.id}/personal", params={"purpose": "contact"}).json() == NEIGHBOUR
    counted = assert_verified(stack)
    assert counted["intake"] == events["intake"] + 1, "one fact more, and none less"
    assert {name: count for name, count in counted.items() if name != "intake"} == {n: c for n, c in events.items() if n != "intake"}
