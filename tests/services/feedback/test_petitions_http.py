"""Petitions over HTTP: entered, sorted, answered, followed by code; and of a denunciation nothing leads to anybody."""

from __future__ import annotations

import io
from typing import Any, Final
from uuid import uuid4

import pytest

from contracts.feedback_petitions import PetitionClassified, PetitionJoined, PetitionMerged, PetitionReceived
from kernel.edge import logs
from tests.services.feedback.listening import Listening
from tests.services.feedback.petitioning import PETITION, REPLY, TEXT, WHO, act, answered, by_code, done, enter, follow, read_tables
from tests.services.rig import problem


async def test_a_petition_is_answered_followed_by_code_and_opened_again(ear: Listening) -> None:
    made = await enter(ear)
    id, code = made["id"], made["code"]
    dossier = str(uuid4())
    assert (await follow(ear, code, made["position"]))["state"] == "open"
    reply = await answered(ear, id, "so-y-te", dossier=dossier)
    seen = await follow(ear, code, reply["position"])
    assert (seen["state"], seen["written"][-1]["text"], seen["may"]) == ("answered", REPLY, ["judge", "message"])
    problem(await by_code(ear, "reopening", code, text="Chưa rõ."), 409, "not-dissatisfied")
    assert (await by_code(ear, "verdict", code, verdict="dissatisfied")).status_code == 200
    again = await by_code(ear, "reopening", code, text="Chưa nêu căn cứ.")
    assert again.status_code == 200, again.text
    position = again.json()["position"]
    token = ear.running.token("officer")
    (row,) = (await ear.running.get("/v1/petitions", token, dossier=dossier, after=position)).json()["items"]
    assert (row["state"], row["round"], row["unit"], row["partners"]) == ("open", 2, "phong-quan-ly-thuong-mai", ["so-y-te"])
    view = (await ear.running.get(f"/v1/petitions/{id}", token, purpose="answering")).json()
    assert (view["text"], view["contact"]) == (TEXT, WHO)
    assert [one["what"] for one in view["written"]] == ["answer", "dissatisfied", "reopening"]
    stored = (await ear.running.bodies()).decode()
    assert not [text for text in (TEXT, REPLY, code, *WHO.values()) if text in stored]


@pytest.mark.parametrize("missing", ["name", "address", "phone"])
async def test_without_its_particulars_it_is_no_petition(ear: Listening, missing: str) -> None:
    contact = {name: value for name, value in WHO.items() if name != missing}
    answer = await ear.running.post("/v1/petitions", PETITION | {"contact": contact, "channel": "web"})
    assert [error["pointer"] for error in problem(answer, 422, "invalid-input")["errors"]] == [f"/contact/{missing}"]
    assert await ear.running.kept() == {"log.event": 0, "vault.entry": 0, "edge.command": 0}


async def test_the_same_command_again_gives_the_same_code(ear: Listening) -> None:
    body = PETITION | {"channel": "web"}
    first, again = [await ear.running.post("/v1/petitions", body, key="once") for _ in range(2)]
    assert first.json() == again.json()
    async with ear.running.connected() as connection:
        kept = await connection.fetchval("SELECT string_agg(convert_from(response, 'UTF8'), '') FROM edge.command")
    assert first.json()["code"] not in kept
    wrong = await ear.running.client.get("/v1/follow-up", headers={"Motcua-Code": "0000-0000-0000-0000"})
    problem(wrong, 404, "no-such-petition")


async def test_both_ends_of_a_merger_are_told_and_neither_reads_the_others_words(ear: Listening) -> None:
    first, second = await enter(ear), await enter(ear, text="Cùng nội dung, người khác gửi.")
    await done(ear, first["id"], "classification", kind="petition", topic="difficulty")
    await done(ear, second["id"], "merger", into=first["id"])
    merged, joined = [event.fact for event in await ear.running.events(PetitionMerged, PetitionJoined)][::-1]
    assert (str(merged.into), str(joined.duplicate)) == (first["id"], second["id"])
    await done(ear, first["id"], "messages", text="Chỉ dành cho người gửi đầu tiên.")
    reply = await answered(ear, first["id"])
    own, other = [await follow(ear, made["code"], reply["position"]) for made in (first, second)]
    assert (own["duplicates"], other["merged"], other["may"]) == (1, True, [])
    assert [one["what"] for one in own["written"]] == ["message", "answer"]
    assert [one["text"] for one in other["written"]] == [REPLY]


async def test_what_is_public_was_published_and_names_nobody(ear: Listening) -> None:
    id = (await enter(ear))["id"]
    problem(await ear.running.get(f"/v1/published-petitions/{id}"), 404, "no-such-petition")
    await answered(ear, id)
    made = await done(ear, id, "publication", question="Vì sao phải bổ sung nhiều lần?", answer=REPLY)
    (item,) = (await ear.running.get("/v1/published-petitions", after=made["position"])).json()["items"]
    assert item["id"] == id
    assert (await ear.running.get(f"/v1/published-petitions/{id}")).json()["answer"] == REPLY


SECRETS: Final = ("Người Tố Cáo", "0987 654 321", "3 Phố Kín", "nhận tiền ngoài quy định")


async def test_the_identity_of_a_denouncer_is_in_no_event_log_line_or_read_table(ear: Listening) -> None:
    out, contact = io.StringIO(), {"name": SECRETS[0], "phone": SECRETS[1], "address": SECRETS[2]}
    logs.configure("feedback", "DEBUG", out=out)
    mixed = await enter(ear, text="Hồ sơ trễ hẹn.", contact=contact)
    dossier = str(uuid4())
    await done(ear, mixed["id"], "classification", kind="petition", topic="procedure", dossier=dossier)
    problem(await act(ear, mixed["id"], "classification", kind="denunciation", topic="conduct"), 409, "already-linked")
    part = await done(ear, mixed["id"], "parts", kind="denunciation", topic="conduct", text=f"Cán bộ {SECRETS[3]}.")
    position = (await done(ear, part["id"], "assignment", "inspector", unit="thanh-tra", partners=[]))["position"]
    # Officers neither see it nor learn that it is there; inspectors read it, and that is recorded.
    for what in ("answer", "messages"):
        problem(await act(ear, part["id"], what, text=REPLY), 404, "no-such-petition")
    officer, inspector = ear.running.token("officer"), ear.running.token("inspector")
    assert part["id"] not in (await ear.running.get("/v1/petitions", officer, after=position)).text
    assert part["id"] in (await ear.running.get("/v1/petitions", inspector, kind="denunciation", after=position)).text
    problem(await ear.running.get(f"/v1/petitions/{part['id']}", officer, purpose="answering"), 404, "no-such-petition")
    view = (await ear.running.get(f"/v1/petitions/{part['id']}", inspector, purpose="inspection")).json()
    assert (view["contact"]["name"], view["kind"]) == (SECRETS[0], "denunciation")
    assert ("inspector", "inspection") in await ear.running.readings()
    read_by = f"/v1/petitions/{part['id']}/readings"
    assert [one["by"] for one in (await ear.running.get(read_by, inspector)).json()["items"]] == ["inspector"]
    problem(await ear.running.get(read_by, ear.running.token("data-protection")), 404, "no-such-petition")
    events = await ear.running.events(stream=part["id"])
    told = "".join(event.fact.model_dump_json() for event in events)
    assert [event.fact.kind for event in events if isinstance(event.fact, PetitionClassified)] == ["denunciation"]
    # Nothing in it leads back: not the link, not the message that it was a part of, not that one's channel.
    for trace in (mixed["id"], dossier, mixed["code"], "hotline", "desk"):
        assert trace not in told + "".join(event.actor for event in events)
    assert part["id"] not in "".join(event.fact.model_dump_json() for event in await ear.running.events(stream=mixed["id"]))
    stored = (await ear.running.bodies()).decode() + out.getvalue() + await read_tables(ear)
    assert out.getvalue()
    assert not [secret for secret in SECRETS if secret in stored]


async def test_an_erased_petitioner_is_gone_and_the_register_stays(ear: Listening) -> None:
    made = await enter(ear)
    before: list[Any] = await ear.running.events(PetitionReceived)
    await ear.running.forget(frozenset({"answering"}), made["id"])
    view = (await ear.running.get(f"/v1/petitions/{made['id']}", ear.running.token("officer"), purpose="answering")).json()
    assert (view["text"], view["contact"], await ear.running.events(PetitionReceived)) == (None, None, before)


async def test_who_has_read_a_petition_is_told_to_whoever_answers_for_it(ear: Listening) -> None:
    petition, dpo = (await enter(ear))["id"], ear.running.token("data-protection", sub="dpo")
    officer = ear.running.token("officer", sub="nv-tt-01")
    (await ear.running.get(f"/v1/petitions/{petition}", officer, purpose="answering")).raise_for_status()
    told = (await ear.running.get(f"/v1/petitions/{petition}/readings", dpo)).json()["items"]
    assert [(one["by"], one["purpose"], one["of"]) for one in told] == [("nv-tt-01", "answering", "text")]
    elsewhere = ear.running.token("data-protection", agencies=("H10.5",))
    problem(await ear.running.get(f"/v1/petitions/{petition}/readings", elsewhere), 403, "other-agency")
    problem(await ear.running.get(f"/v1/petitions/{petition}/readings", officer), 403, "not-allowed")
