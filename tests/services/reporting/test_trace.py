"""Over HTTP: what was known then, what has changed since a report, and from a figure down to the bytes that it stands on."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from services.reporting.domain.figures import FORM
from services.reporting.main import SERVICE
from services.reporting.query_books import BOOK_OF
from tests.services.reporting.facts import SECRETS, Paper, day
from tests.services.reporting.mirror import MARCH, Mirrored, some_weeks
from tests.services.reporting.tables import source_of
from tests.services.rig import Rig, eventually, problem

TYPES: Final = ("application/json", "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/pdf")
LATE: Final = Paper("late-arrival")
OPEN: Final = Paper("open", field="dien")
"""Of some weeks: it waits for the applicant."""


async def come_late(mirrored: Mirrored) -> None:
    """Tell after March what happened in March, and what did not."""
    await mirrored.tell(LATE.submitted(3), LATE.accepted(3, due=10), OPEN.rescheduled(8, due=20), OPEN.ready(25))
    await mirrored.tell(LATE.ready(40), OPEN.returned(26), Paper("april").submitted(31), Paper("april").accepted(31, due=40))
    await mirrored.level()


async def log_of(mirrored: Mirrored, source: str = "intake") -> list[Any]:
    """Give what a neighbour has recorded, in order."""
    rows = await mirrored.neighbours[source].log.pool.fetch("SELECT body FROM log.event ORDER BY pos")
    return [row["body"] for row in rows]


def tokens(answer: dict[str, Any]) -> list[str]:
    """Write the positions of an answer as one asks for them."""
    return [f"{source}/{answer['positions'][source]}" for source in ("intake", "processing")]


async def test_what_was_known_is_told_in_the_same_words_after_more_has_become_known(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    before = await mirrored.answer("/v1/figures", **MARCH)
    as_of = tokens(before)
    token = mirrored.service.token("leader", agencies=("*",))

    async def files() -> list[bytes]:
        asked = {**MARCH, "as_of": as_of}
        found = [await mirrored.service.client.get("/v1/form", params=asked, headers=bearer(token, type_)) for type_ in TYPES]
        assert {one.status_code for one in found} == {200}
        return [one.content for one in found]

    first = await files()
    await come_late(mirrored)
    then = await mirrored.answer("/v1/figures", **MARCH, as_of=as_of)
    assert then["items"] == before["items"]
    assert await files() == first
    now = await mirrored.answer("/v1/figures", **MARCH)
    assert then["items"] != now["items"]
    assert then["positions"] == {source: before["positions"][source] for source in ("intake", "processing")}
    level = await eventually(lambda: mirrored.answer("/v1/figures", **MARCH, as_of=as_of), lambda found: found["lag"]["intake"] == 8)
    assert level["lag"]["processing"] == 0
    # Of a log that is not named everything counts that is known now.
    one = await mirrored.answer("/v1/figures", **MARCH, as_of=as_of[0])
    assert one["positions"] == {"intake": before["positions"]["intake"], "processing": now["positions"]["processing"]}


def bearer(token: str, accept: str) -> dict[str, str]:
    """Ask as somebody for a kind of file."""
    return {"Authorization": f"Bearer {token}", "Accept": accept}


async def test_an_instant_means_the_facts_that_were_recorded_by_then(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    recorded = {source: [at_of(body) for body in await log_of(mirrored, source)] for source in ("intake", "processing")}
    instants = sorted({at for ats in recorded.values() for at in ats})
    before = [instant - timedelta(microseconds=1) for instant in instants]
    for moment in (*before, *instants, instants[-1] + timedelta(days=1)):
        found = await mirrored.answer("/v1/figures", **MARCH, as_of=moment.isoformat())
        assert found["positions"] == {source: sum(at <= moment for at in ats) for source, ats in recorded.items()}
        again = await mirrored.answer("/v1/figures", **MARCH, as_of=tokens(found))
        assert again["items"] == found["items"]


def at_of(body: bytes) -> datetime:
    """Give when a fact was recorded."""
    return datetime.fromisoformat(orjson.loads(body)["recordedtime"])


async def test_what_is_no_moment_gets_a_reason(mirrored: Mirrored) -> None:
    await mirrored.tell(LATE.submitted(3))
    await mirrored.level()
    for wrong in ("feedback/1", "yesterday", "2026-07-05T10:00:00", ["intake/1", "intake/1"], ["intake/1", "2026-07-05T10:00:00Z"]):
        body = problem(await mirrored.get("/v1/figures", "leader", **MARCH, as_of=wrong), 422, "invalid-input")
        assert [error["pointer"] for error in body["errors"]] == ["/as_of"], wrong
    body = problem(await mirrored.get("/v1/figures", "leader", as_of="intake/1"), 422, "invalid-input")
    assert [error["pointer"] for error in body["errors"]] == ["/from"]
    problem(await mirrored.get("/v1/form", "leader", **MARCH, as_of="intake/2"), 503, "not-there-yet")


async def test_without_the_broker_positions_are_answered_and_instants_and_envelopes_are_not(rig: Rig) -> None:
    async with rig.running(SERVICE) as service:
        async with rig.neighbour("intake") as intake:
            mirrored = Mirrored(rig, service, {"intake": intake})
            await mirrored.tell(LATE.submitted(3), LATE.accepted(3, due=10))
            await mirrored.level()
        rig.nats.kill()
        assert len((await mirrored.answer("/v1/figures", **MARCH, as_of="intake/2"))["items"]) == 1
        response = await mirrored.get("/v1/figures", "leader", **MARCH, as_of="2030-01-01T00:00:00Z")
        problem(response, 503, "busy")
        assert response.headers["retry-after"]
        facts = (await mirrored.answer(f"/v1/dossiers/{LATE.id}/facts"))["items"]
        assert [(fact["position"], fact["sha256"]) for fact in facts] == [("intake/1", None), ("intake/2", None)]
        rig.nats.restart()


# What has changed since a report.


async def test_a_restatement_names_exactly_the_late_facts_that_changed_a_figure_and_the_report_stays(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    at = (await mirrored.publish(MARCH)).headers["location"]
    bytes_ = (await mirrored.get(at, "leader")).content
    assert (await mirrored.answer(f"{at}/restatement", "analyst"))["lines"] == []
    await come_late(mirrored)
    found = await mirrored.answer(f"{at}/restatement", "analyst")
    assert (await mirrored.get(at, "leader")).content == bytes_
    report = orjson.loads(bytes_)
    assert found["published"]["positions"] == report["positions"]

    place = {orjson.loads(body)["id"]: n for n, body in enumerate(await log_of(mirrored), 1)}
    since, names = report["positions"]["intake"], dict[str, str]()
    for body in (await log_of(mirrored))[since:]:
        event = orjson.loads(body)
        names[event["id"]] = f"{event['type'].split('.')[2]} of {'late' if event['subject'] == str(LATE.id) else 'open'}"
    told = {
        (line["field"], column): (
            one["published"],
            one["now"],
            {(fact["position"], names[fact["event_id"]]) for dossier in one["dossiers"] for fact in dossier["facts"]},
        )
        for line in found["lines"]
        for column, one in line["columns"].items()
    }
    accepted, ready = (f"intake/{since + 2}", "accepted of late"), (f"intake/{since + 4}", "result-ready of open")
    # Its clock ran again, and ran out, before its result was ready: late while in progress for a while, which is no difference now.
    rescheduled = (f"intake/{since + 3}", "rescheduled of open")
    assert told == {
        **{("hoa-chat", column): (was, was + 1, {accepted}) for column, was in (("received", 5), ("received_direct", 2))},
        **{("hoa-chat", column): (0, 1, {accepted}) for column in ("in_progress", "in_progress_late")},
        **{("dien", column): (0, 1, {ready}) for column in ("resolved", "resolved_late")},
        ("dien", "in_progress"): (1, 0, {ready}),
        ("dien", "in_progress_in_time"): (1, 0, {rescheduled}),
    }
    for line in found["lines"]:
        for one in line["columns"].values():
            assert (one["published"], one["came"] - one["left"]) == (one["recounted"], one["now"] - one["recounted"])
            for fact in (fact for dossier in one["dossiers"] for fact in dossier["facts"]):
                assert fact["position"] == f"intake/{place[fact['event_id']]}"


async def test_a_restatement_is_for_the_agencys_leaders_and_analysts(mirrored: Mirrored) -> None:
    at = (await mirrored.publish(MARCH)).headers["location"]
    problem(await mirrored.get(f"{at}/restatement", "leader", agencies=("H10",)), 403, "other-agency")
    problem(await mirrored.get(f"{at}/restatement", "officer"), 403, "not-allowed")
    problem(await mirrored.get("/v1/reports/11111111-1111-4111-8111-111111111111/restatement", "leader"), 404, "not-found")


# From a figure to the bytes.


async def test_from_a_figure_one_comes_to_its_dossiers_and_from_each_to_the_bytes_in_its_services_log(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    logs = {source: await log_of(mirrored, source) for source in ("intake", "processing")}
    for item in (await mirrored.answer("/v1/figures", **MARCH, cut=["field", "channel"]))["items"]:
        line = [f"field:{item['field']}", f"channel:{item['channel']}"]
        for column, book in BOOK_OF.items():
            behind = (await mirrored.answer("/v1/register", **MARCH, book=book, line=line))["items"]
            assert len(behind) == item[column], column
            for dossier in behind:
                for fact in (await mirrored.answer(f"/v1/dossiers/{dossier['dossier_id']}/facts"))["items"]:
                    source, _, pos = fact["position"].partition("/")
                    body = logs[source][int(pos) - 1]
                    event = orjson.loads(body)
                    assert event["data"]["dossier_id"] == dossier["dossier_id"]
                    assert (fact["event_id"], fact["type"], fact["sha256"]) == (
                        event["id"],
                        event["type"],
                        hashlib.sha256(body).hexdigest(),
                    )
                    assert (fact["occurred_at"], fact["recorded_at"]) == (event["time"], event["recordedtime"])


async def test_the_facts_of_a_dossier_come_in_pages_in_order_and_say_nothing_of_anybody(mirrored: Mirrored) -> None:
    facts = [LATE.submitted(0), LATE.accepted(0, due=7), LATE.supplement_requested(3), LATE.rescheduled(5, due=12), LATE.ready(9)]
    await mirrored.tell(*facts, LATE.returned(11))
    await mirrored.level()
    found, cursor = list[dict[str, Any]](), None
    while True:
        response = await mirrored.get(f"/v1/dossiers/{LATE.id}/facts", "officer", limit=4, **({"cursor": cursor} if cursor else {}))
        assert [name for name, secret in SECRETS.items() if secret in response.text] == []
        found += response.json()["items"]
        if (cursor := response.json()["next"]) is None:
            break
    what = ["submitted", "accepted", "supplement-requested", "rescheduled", "result-ready", "returned"]
    assert [(one["position"], one["what"]) for one in found] == [(f"intake/{n}", one) for n, one in enumerate(what, 1)]
    assert [one["on"] for one in found] == [day(n).isoformat() for n in (0, 0, 3, 5, 9, 11)]
    assert {source_of(fact) for fact in facts} == {"intake"}


async def test_the_facts_of_another_agencys_dossier_are_not_told_nor_those_of_none(mirrored: Mirrored) -> None:
    await mirrored.tell(LATE.submitted(0))
    await mirrored.level()
    problem(await mirrored.get(f"/v1/dossiers/{LATE.id}/facts", "leader", agencies=("H10",)), 403, "other-agency")
    problem(await mirrored.get(f"/v1/dossiers/{OPEN.id}/facts", "leader"), 404, "not-found")
    problem(await mirrored.get(f"/v1/dossiers/{LATE.id}/facts", "desk"), 403, "not-allowed")


async def test_a_line_that_is_none_gets_a_reason(mirrored: Mirrored) -> None:
    for wrong in ("field", "month:2026-13", "officer:x"):
        body = problem(await mirrored.get("/v1/register", "leader", line=wrong), 422, "invalid-input")
        assert body["errors"][0]["pointer"].startswith("/line"), wrong
    assert set(BOOK_OF) == set(FORM)
