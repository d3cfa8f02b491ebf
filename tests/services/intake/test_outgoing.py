"""What goes out of intake: the public view, webhooks, the stream of events, and the national portal, on real servers."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import nats
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import FastAPI, Request
from pydantic import BaseModel
from standardwebhooks import Webhook
from starlette.responses import Response

from contracts import intake as facts
from contracts.catalogue import FACTS
from contracts.intake_fees import DossierFeePaid, DossierFeeRefunded, DossierFeeWaived, PaymentTaken, ReceiptNumberAllotted
from contracts.intake_originals import DossierOriginalLost, DossierOriginalPassedOn, DossierOriginalReturned, DossierOriginalTaken
from deploy.local import national_portal as simulator
from kernel.eventlog.tail import sequence_of, through
from services.intake import look_up
from services.intake import national_shape as shape
from services.intake.domain.national import Record, is_resolved, record_of
from services.intake.domain.public_view import PUBLIC, PublicEvent, public_view
from services.intake.main import SERVICE
from services.intake.outgoing import QUERY
from services.intake.webhooks import Guarded, is_outside
from tests.contracts.golden import golden
from tests.services.intake.desk import Desk, procedure_of
from tests.services.rig import Rig, Running, eventually, problem
from tests.services.test_surprises import served

QUICK: Final = (0.05,)
PRIVATE: Final = {
    facts.ProcedurePublished: "about no dossier",
    facts.CatalogueRevised: "about no dossier",
    DossierFeePaid: "who paid has the gateway's answer or the desk's receipt; the money is told to whom it concerns",
    DossierFeeWaived: "of the money, likewise",
    DossierFeeRefunded: "of the money, likewise",
    ReceiptNumberAllotted: "the book's own",
    PaymentTaken: "of the money, likewise",
    DossierOriginalTaken: "who brought it was there; the list of originals shows it to whom it concerns",
    DossierOriginalPassedOn: "of the department's inside",
    DossierOriginalReturned: "whoever has it back knows",
    DossierOriginalLost: "the department tells its owner, with an apology (Điều 21.2), and not a stranger before him",
    facts.RegisterNumberAllotted: "the register's own",
    facts.DossierFileAttached: "whoever attached it was answered, and the list of files shows it to whom it concerns",
    facts.DossierFileScanned: "the list of files says how each stands; what a scanner calls a thing is for the desk",
    facts.DossierPersonalDataErased: "of the department's duties, not of the dossier's way",
}
"""Facts of intake without a public side, each with the reason."""


def fact_of(kind: type[Any]) -> Any:
    return FACTS[kind.TYPE].model_validate(golden(kind.TYPE)["data"])


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel | dict):
        items = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        for one in items.values():
            yield from strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings(one)
    else:
        yield str(value)


def test_every_fact_of_intake_is_public_or_has_a_reason_why_not() -> None:
    assert set(PUBLIC) | set(PRIVATE) == set(get_args(facts.IntakeFact))
    assert not set(PUBLIC) & set(PRIVATE)


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.TYPE)
def test_nothing_that_is_internal_leaks_into_the_public_view(kind: type[Any]) -> None:
    fact = fact_of(kind)
    internal = {"accepted_by", "requested_by", "refused_by", "returned_by", "procedure_hash", "personal_ref", "commitment", "enterprise"}
    marked = fact.model_copy(update={name: f"internal-{name}" for name in internal & set(type(fact).model_fields)})
    event = public_view(marked)
    assert event is not None
    assert not [text for text in strings(event.told()) if text.startswith("internal-")]
    assert set(event.told()) <= set(PublicEvent.model_fields)


def test_status_9_needs_a_numbered_result_or_a_refusal() -> None:
    ready = fact_of(facts.DossierResultReady)
    story = [fact_of(facts.DossierSubmitted), fact_of(facts.DossierAccepted)]
    for outcome, number, status in (("granted", "12/GP-SCT", 9), ("granted", None, 2), ("refused", None, 9)):
        record = record_of([*story, ready.model_copy(update={"outcome": outcome, "result_number": number})])
        assert isinstance(record, Record)
        assert (record.status, is_resolved(record)) == (status, status == 9)


def test_the_portal_is_told_of_a_round_of_supplement_with_the_old_day_and_the_new() -> None:
    asked = fact_of(facts.DossierSupplementRequested).model_copy(update={"stage": "appraisal"})
    brought = fact_of(facts.DossierSupplemented).model_copy(update={"stage": "appraisal"})
    moved = fact_of(facts.DossierRescheduled)
    record = record_of([fact_of(facts.DossierSubmitted), fact_of(facts.DossierAccepted), asked, brought, moved])
    assert isinstance(record, Record)
    named = shape.named_of(procedure_of(record.submitted.procedure).content)
    told = shape.dossier(record, "N", named, {"name": "Nguyễn Thị Ánh", "identity_number": "079123456789"})
    (one,) = told["DanhSachHoSoBoSung"]
    assert (one["NgayHenTraTruoc"], one["NgayHenTraMoi"]) == (shape.instant(moved.due_before_at), shape.instant(moved.deadline.due_at))
    assert told["NgayHenTra"] == one["NgayHenTraMoi"]
    assert one["TrangThaiBoSung"] == "1"
    assert told["DinhDanhCHS"] == [{"LoaiDinhDanh": "1", "SoDinhDanh": "079123456789"}]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "fe80::1", "100.64.0.1"],
)
def test_an_address_inside_is_known_in_every_disguise(address: str) -> None:
    assert not is_outside(address)


async def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        with pytest.raises(OSError, match="not on the public internet"):
            await Guarded(inside=False).connect_tcp("localhost", listening.getsockname()[1])
        with pytest.raises(TimeoutError):
            listening.accept()


@dataclass
class Hook:
    """A subscriber's server: keeps what it was sent, and answers what it is told to."""

    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])
    answers: list[int] = field(default_factory=list[int])

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[str]:
        app = FastAPI()

        @app.post("/hook")
        async def hook(request: Request) -> Response:
            status = self.answers.pop(0) if self.answers else 204
            if status < 300:
                self.got.append((dict(request.headers), await request.body()))
            return Response(status_code=status, headers={"Location": "/elsewhere"} if status == 302 else {})

        _ = hook
        async with served(app) as address:
            yield f"{address}/hook"


@pytest.fixture
async def told(rig: Rig) -> AsyncGenerator[Running]:
    async with rig.running(SERVICE, webhooks_inside=True, retry_seconds=QUICK * 3, stream_seconds=0.2) as running:
        yield running


async def subscribed(running: Running, url: str, **more: Any) -> dict[str, Any]:
    answer = await running.post("/v1/webhooks", {"url": url, **more}, running.token("portal"))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def count_of(hook: Hook) -> int:
    return len(hook.got)


async def test_a_webhook_is_verified_by_the_official_library_also_with_the_key_before_a_rotation(told: Running) -> None:
    hook = Hook()
    async with hook.serving() as url:
        made = await subscribed(told, url, signature="v1")
        turned = await told.post(f"/v1/webhooks/{made['id']}/rotation", {"generation": 1}, told.token("portal"))
        assert turned.json()["key"] != made["key"]
        id = await Desk(told).submit()

        async def got() -> int:
            return await count_of(hook)

        await eventually(got)
        headers, body = hook.got[0]
        for key in (made["key"], turned.json()["key"]):
            assert Webhook(key).verify(body, headers)["data"]["dossier_id"] == id


async def test_a_webhook_with_an_asymmetric_key_is_verified_with_what_everybody_may_know(told: Running) -> None:
    hook = Hook()
    async with hook.serving() as url:
        made = await subscribed(told, url)
        await Desk(told).submit()

        async def got() -> int:
            return await count_of(hook)

        await eventually(got)
    headers, body = hook.got[0]
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(made["key"].removeprefix("whpk_")))
    key.verify(base64.b64decode(signature), f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body)


async def test_a_redirect_is_a_failure_what_fails_is_tried_again_and_each_dossier_comes_in_order(told: Running) -> None:
    hook, desk = Hook(answers=[302, 500]), Desk(told)
    async with hook.serving() as url:
        await subscribed(told, url)
        id = await desk.accepted()

        async def got() -> int:
            return await count_of(hook)

        await eventually(got, lambda n: n >= 2)
    kinds = [json.loads(body)["type"] for _, body in hook.got if json.loads(body)["data"]["dossier_id"] == id]
    assert kinds == ["dossier.submitted", "dossier.accepted"]


async def test_what_never_arrives_is_parked_and_comes_when_it_is_replayed(told: Running) -> None:
    hook = Hook(answers=[500] * 4)
    async with hook.serving() as url:
        made = await subscribed(told, url)
        await Desk(told).submit()
        path, portal = f"/v1/webhooks/{made['id']}", told.token("portal")

        async def parked() -> list[Any]:
            return (await told.get(f"{path}/deliveries", portal, state="parked")).json()["items"]

        (one,) = await eventually(parked)
        assert (one["attempts"], one["status"]) == (4, 500)
        assert (await told.post(f"{path}/replay", {}, portal)).json()["deliveries"] == 1

        async def got() -> int:
            return await count_of(hook)

        await eventually(got)


async def test_an_address_that_always_fails_is_disabled_and_misses_nothing_when_it_is_asked_for_again(rig: Rig) -> None:
    hook = Hook(answers=[500] * 100)
    patient: dict[str, Any] = {"retry_seconds": (0.05,) * 1000, "webhook_failing_hours": 0.5 / 3600}
    async with rig.running(SERVICE, webhooks_inside=True, **patient) as running, hook.serving() as url:
        made = await subscribed(running, url)
        path, portal, desk = f"/v1/webhooks/{made['id']}", running.token("portal"), Desk(running)
        ids = [await desk.submit()]

        async def state() -> str:
            return (await running.get(path, portal)).json()["state"]

        await eventually(state, lambda found: found == "disabled")
        ids.append(await desk.submit())
        hook.answers.clear()
        assert (await running.post(f"{path}/replay", {}, portal)).status_code == 200

        async def got() -> set[str]:
            return {json.loads(body)["data"]["dossier_id"] for _, body in hook.got}

        assert await eventually(got, lambda found: len(found) == 2) == set(ids)
        assert (await running.get(path, portal)).json()["state"] == "active"


async def test_an_address_that_fails_now_and_then_stays_subscribed(rig: Rig) -> None:
    hook = Hook(answers=[500, 204, 500, 204])
    often: dict[str, Any] = {"retry_seconds": QUICK * 3, "webhook_failing_hours": 1.0}
    async with rig.running(SERVICE, webhooks_inside=True, **often) as running, hook.serving() as url:
        path, portal = f"/v1/webhooks/{(await subscribed(running, url))['id']}", running.token("portal")

        async def done() -> int:
            return len((await running.get(f"{path}/deliveries", portal, state="done")).json()["items"])

        for n in (1, 2):
            await Desk(running).submit()
            await eventually(done, lambda found, n=n: found == n)
            async with running.connected() as connection:
                moved = await connection.execute("UPDATE portal.subscription SET failing_since = failing_since - interval '1 day'")
            assert moved == "UPDATE 1", "as if it had failed a day ago, for the last time before it arrived"
        found = (await running.get(path, portal)).json()
        assert (found["state"], found["failing_since"] is None) == ("active", False)


async def test_what_was_delivered_to_a_webhook_long_ago_is_thrown_away_and_nothing_else(told: Running) -> None:
    hook = Hook(answers=[204, 500, 500, 500, 500])
    async with hook.serving() as url:
        await subscribed(told, url)
        for _ in range(2):
            await Desk(told).submit()

        async def states() -> list[str]:
            async with told.connected() as connection:
                return sorted(row["state"] for row in await connection.fetch("SELECT state FROM portal.delivery"))

        await eventually(states, lambda found: found == ["done", "parked"])
        async with told.connected() as connection:
            assert await connection.execute(QUERY["trim"], 86400.0, 10) == "DELETE 0"
            await connection.execute("UPDATE portal.delivery SET at = now() - interval '2 days'")
            assert await connection.execute(QUERY["trim"], 86400.0, 10) == "DELETE 1"
        assert await states() == ["parked"]


async def test_gone_ends_the_subscription(told: Running) -> None:
    hook = Hook(answers=[410])
    async with hook.serving() as url:
        made = await subscribed(told, url)
        await Desk(told).submit()

        async def state() -> str:
            return (await told.get(f"/v1/webhooks/{made['id']}", told.token("portal"))).json()["state"]

        await eventually(state, lambda found: found == "gone")


@pytest.mark.parametrize(
    "url", ["http://portal.example.vn/x", "https://127.0.0.1/x", "https://[::1]/x", "https://a:b@portal.vn/", "https://localhost/"]
)
async def test_an_address_that_will_never_be_posted_to_is_refused_at_once(intake: Running, url: str) -> None:
    answer = await intake.post("/v1/webhooks", {"url": url}, intake.token("portal"))
    assert problem(answer, 422, "invalid-input")["errors"][0]["pointer"] == "/url"


def streamed(text: str) -> list[int]:
    return [int(line.removeprefix("id: intake/")) for line in text.splitlines() if line.startswith("id: ")]


async def test_who_changes_from_jetstream_to_the_stream_to_a_webhook_misses_nothing_and_gets_nothing_twice(rig: Rig, told: Running) -> None:
    desk, seen = Desk(told), list[int]()
    public = {kind.TYPE for kind in PUBLIC}
    await desk.accepted()
    client = await nats.connect(rig.nats.url)
    head = (await told.events())[-1].pos
    async for messages in through(client, "intake", 0, head):
        seen += [sequence_of(message) for message in messages if json.loads(message.data)["type"] in public]
    cursor = head
    await client.close()

    await desk.accepted()
    answer = await told.client.get(
        "/v1/events/stream", headers={"Authorization": f"Bearer {told.token('portal')}", "Last-Event-ID": f"intake/{cursor}"}
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    seen += (came := streamed(answer.text))
    cursor = came[-1]

    await desk.accepted()
    hook = Hook()
    async with hook.serving() as url:
        await subscribed(told, url, after=f"intake/{cursor}")

        async def got() -> int:
            return await count_of(hook)

        await eventually(got, lambda n: n >= 2)
    seen += sorted(int(headers["webhook-id"].partition("/")[2]) for headers, _ in hook.got)
    assert seen == [event.pos for event in await told.events(*PUBLIC)]


async def test_code_and_secret_tell_how_far_a_dossier_is_and_a_wrong_secret_tells_nothing(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    known = (await intake.get(f"/v1/dossiers/{id}/look-up-secret", desk.officer)).json()

    async def ask(code: str, secret: str) -> Any:
        return await intake.client.get("/v1/look-up", params={"code": code}, headers={"Look-Up-Secret": secret})

    async def right() -> Any:
        return await ask(known["code"], known["secret"])

    answer = await eventually(right, lambda found: found.status_code == 200)
    assert answer.json() == {"code": known["code"], "done": 2, "of": 4, "words": "Đang giải quyết", "words_en": "Being worked on"}
    unknown, wrong = await ask("H09.13-990101-0001", known["secret"]), await ask(known["code"], "0" * 10)
    assert problem(unknown, 404, "not-found")["detail"] == problem(wrong, 404, "not-found")["detail"]
    last = wrong
    for _ in range(20):
        last = await ask(known["code"], "0" * 10)
    assert int(last.headers["retry-after"]) > 0
    problem(last, 429, "looked-up-too-often")


async def test_what_was_counted_of_look_ups_is_forgotten_when_its_window_is_over(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_up, "WINDOW_SECONDS", 0.5)
    async with rig.running(SERVICE) as running:

        async def asked() -> int:
            answer = await running.client.get("/v1/look-up", params={"code": "H09.13-990101-0001"}, headers={"Look-Up-Secret": "0" * 10})
            return answer.status_code

        async def kept() -> int:
            async with running.connected() as connection:
                return await connection.fetchval("SELECT count(*) FROM portal.look_up")

        # Counted before it was answered.
        assert await eventually(asked, lambda status: status == 404)
        await eventually(kept, lambda count: count == 0)


async def test_a_list_of_subscriptions_shows_no_key(intake: Running) -> None:
    portal = intake.token("portal")
    made = await intake.post("/v1/webhooks", {"url": "https://portal.example.vn/motcua"}, portal)
    assert made.json()["key"].startswith("whpk_")
    (item,) = (await intake.get("/v1/webhooks", portal)).json()["items"]
    assert "key" not in item
    assert (await intake.get(f"/v1/webhooks/{item['id']}", portal)).json()["key"] == made.json()["key"]


async def test_the_timeline_says_in_plain_words_what_happened(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    items = (await intake.get(f"/v1/dossiers/{id}/timeline", intake.token("portal"))).json()["items"]
    assert [item["kind"] for item in items] == ["submitted", "accepted"]
    assert "đã được tiếp nhận, hẹn trả kết quả ngày" in items[1]["words"]


async def test_each_notice_goes_out_once_and_what_became_of_it_is_kept(rig: Rig) -> None:
    folder = rig.folder / "notices"
    async with rig.running(SERVICE, notice_folder=folder) as running:
        desk = Desk(running)

        async def listening() -> int:
            async with running.connected() as connection:
                return await connection.fetchval("SELECT count(*) FROM portal.receiver WHERE name LIKE 'notice/%'")

        await eventually(listening, lambda n: n == 3)
        id = await desk.accepted()

        async def fates() -> list[Any]:
            return (await running.get(f"/v1/dossiers/{id}/notices", desk.officer)).json()["items"]

        items = await eventually(fates, lambda found: len(found) == 6 and all(one["state"] == "done" for one in found))
        assert {one["error"] for one in items if one["channel"] == "email"} == {"no-address"}
        lines = [json.loads(line) for line in (folder / "sms.jsonl").read_text(encoding="utf-8").splitlines()]
        assert [line["to"] for line in lines] == ["0912345678"] * 2
        assert ("system:intake", "notice") in await running.readings()


@asynccontextmanager
async def national(rig: Rig, portal: simulator.Portal, database: Any = None) -> AsyncGenerator[Running]:
    async with (
        served(simulator.create(portal)) as url,
        rig.running(SERVICE, database, national_url=url, national_timeout_seconds=0.3, retry_seconds=QUICK) as running,
    ):
        yield running


SETTLED: Final = """
    SELECT (SELECT pos FROM log.head) = (SELECT max(pos) FROM portal.receiver WHERE name = 'national' AND source = 'intake') AS listed,
        count(*) FILTER (WHERE state IN ('waiting', 'parked')) AS open
    FROM portal.delivery WHERE receiver = 'national'
"""


async def settled(running: Running) -> bool:
    """Tell whether everything that the portal is to know was acknowledged."""
    async with running.connected() as connection:
        numbers = await connection.fetchrow(SETTLED)
    return bool(numbers and numbers["listed"] and not numbers["open"])


async def compare(running: Running) -> list[dict[str, Any]]:
    asked = await running.post("/v1/national-portal/comparisons", {"since": "2026-01-01"}, running.token("admin"))
    number = asked.json()["number"]

    async def done() -> dict[str, Any]:
        return (await running.get(f"/v1/national-portal/comparisons/{number}", running.token("admin"))).json()

    found = await eventually(done, lambda answer: answer["done_at"] is not None)
    return found["result"]["days"]


async def test_a_portal_that_behaves_badly_holds_in_the_end_what_it_was_to_be_told_in_order_and_nothing_twice(rig: Rig) -> None:
    portal = simulator.Portal()
    portal.conduct = simulator.Conduct(every={"slow": 13, "error": 5, "lost-answer": 7, "exists": 4, "session-over": 11}, slow_seconds=0.5)
    database = await rig.database("intake", SERVICE.migrations)
    async with national(rig, portal, database) as running:
        desk = Desk(running)
        for n in range(6):
            id = await desk.accepted()
            if n % 2:
                await desk.do(id, "withdrawal", {"reason": "other"})
    async with national(rig, portal, database) as running:  # begun again in the middle

        async def quiet() -> bool:
            return await settled(running)

        await eventually(quiet)
    assert sorted(one["TrangThaiHoSo"] for one in portal.dossiers.values()) == ["2"] * 3 + ["7"] * 3
    for number, lines in portal.lines.items():
        assert [line["TrangThai"] for line in lines] == ["1", "2", "7"][: len(lines)], number
        statuses = [
            int(one["TrangThaiHoSo"])
            for call in portal.calls
            if call["service"] == "DongBoHoSoMC"
            for one in call["data"]
            if one["MaHoSo"] == number
        ]
        assert statuses == sorted(statuses), number


async def test_one_altered_and_one_lost_record_are_found_and_mended_alone_and_so_is_a_portal_that_lost_all(rig: Rig) -> None:
    portal = simulator.Portal()
    async with national(rig, portal) as running:
        desk = Desk(running)
        for _ in range(5):
            await desk.accepted()

        async def quiet() -> bool:
            return await settled(running)

        await eventually(quiet)
        whole = json.dumps([portal.dossiers, portal.lines], sort_keys=True)
        assert [day["mended"] for day in await compare(running)] == [[]]
        altered, lost, *_ = sorted(portal.dossiers)
        portal.dossiers[altered] = {**portal.dossiers[altered], "ChuHoSo": "Ai đó khác"}
        del portal.dossiers[lost], portal.lines[lost]
        portal.calls.clear()
        assert [day["mended"] for day in await compare(running)] == [[altered, lost]]
        assert {one["MaHoSo"] for call in portal.calls for one in call["data"]} == {altered, lost}
        assert json.dumps([portal.dossiers, portal.lines], sort_keys=True) == whole
        portal.wipe()
        await compare(running)
        assert json.dumps([portal.dossiers, portal.lines], sort_keys=True) == whole
