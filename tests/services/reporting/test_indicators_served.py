"""Sets of indicators over HTTP: what they come to by hand, computed twice from what was really recorded, and what leaders sign for."""

from __future__ import annotations

from typing import Any, Final

import pytest

from services.reporting.domain.measures import Counts
from services.reporting.domain.scoring import Pack, valued, view
from services.reporting.packs import SHIPPED, shelf
from tests.services.reporting.facts import Paper, mixed
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.test_petitions import fact as petition
from tests.services.reporting.worlds import asked, filed, opined, paid, revised, version
from tests.services.rig import eventually, problem

OURS: Final[dict[str, Any]] = {**MARCH, "agency": "H09.13"}
SAID: Final[dict[str, Any]] = {
    **OURS,
    "indicator": "4.1",
    "value": "82.5",
    "reason": "external-source",
    "decision": "Biên bản kiểm tra số 12/BB-SCT ngày 05/04/2026",
    "evidence": ["Báo cáo số 45/BC-VPUB ngày 02/04/2026"],
}


async def some_of_everything(mirrored: Mirrored) -> None:
    """Tell what can be counted by hand: four dossiers of ours and one of another agency, papers, fees, petitions, six answers."""
    one, two, three, four = (Paper(f"p{n}", channel="online" if n else "desk") for n in range(4))
    await mirrored.tell(one.submitted(0), one.accepted(0, due=7), filed(one.submitted(0), "f", 0), one.ready(5))
    await mirrored.tell(two.submitted(0), two.accepted(0, due=7), paid(two.submitted(0), 1, "online"), two.ready(9))
    await mirrored.tell(three.submitted(1), three.accepted(1, due=8), three.supplement_requested(3), three.rescheduled(15, due=22))
    await mirrored.tell(three.ready(22), paid(three.submitted(1), 1, "cash"), four.submitted(2), four.accepted(2, due=40))
    await mirrored.tell(Paper("other", agency="H10").submitted(1), Paper("other", agency="H10").accepted(1, due=8))
    await mirrored.tell(version("2.000648", 0), version("2.000001", 0, whole=False), revised(11, 4), revised(14, 4))
    await mirrored.tell(asked("a", 1, due=5), opined("a", 4), asked("b", 1, due=5), opined("b", 5))
    await mirrored.tell(petition("a", "received", 1, due=20), petition("a", "answered", 5, late=False))
    await mirrored.tell(petition("b", "received", 1, due=4), petition("b", "answered", 26, late=True))
    points = {"time": 2, "attitude": 2, "agencies-contacted": 1, "contacts-to-complete": 0}
    await mirrored.tell(*(mixed(f"m{n}", 6, 5 if n else 1, points) for n in range(6)))
    await mirrored.level()


def by_id(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}

    def walk(parts: list[dict[str, Any]]) -> None:
        for part in parts:
            found[part["id"]] = part
            walk(part.get("parts", []))

    walk(answer["parts"])
    return found


async def test_qd_766_is_told_as_far_as_facts_carry_it_and_what_no_fact_says_is_named_and_no_zero(mirrored: Mirrored) -> None:
    await some_of_everything(mirrored)
    answer = await mirrored.answer("/v1/indicators/qd-766", **OURS)
    found = by_id(answer)
    # In hand: four. Late by QĐ 766: the second, two days beyond, and the third, whose day 22 is beyond 8 + 12 of waiting.
    values = {id: part["value"] for id, part in found.items() if part.get("value") is not None}
    assert values == {
        "1.2": "50.00",
        "1.3": "50.00",
        "2.1": "50.00",
        # Days allowed 5 each; used: 4 from Monday to Saturday, 7 to the second Wednesday, and 15 less 8 of waiting.
        "2.2": "120.00",
        "3.3": "75.00",
        "pay.1": "50.00",
        "4.2": "25.00",
        "5.1": "50.00",
        # Late: one of three; disliked by one of five. The sixth waits for others to be counted with.
        "5.4": "46.67",
    }
    states = {state: sorted(id for id, part in found.items() if part.get("state") == state) for state in ("no-data", "not-applicable")}
    assert states == {"no-data": ["1.1", "1.4", "3.1", "4.1", "4.3", "5.2"], "not-applicable": ["5.1-refused"]}
    assert all(found[id]["needs"] and found[id]["value"] is None for id in states["no-data"])
    assert (found["3.3"]["part_of_full"], found["4.2"]["part_of_full"]) == ("100.00", "31.25")
    assert found["2.1"]["measures"] == {"qd766_in_time": 2, "received": 4}
    assert [answer["total"][name] for name in ("score", "lowest", "highest")] == [None, "0.00", "100.00"]
    assert len(answer["definition_hash"]) == 64
    assert answer["positions"]["intake"] > 0


async def test_the_nine_indicators_of_an_agency_and_what_is_left_out(mirrored: Mirrored) -> None:
    await some_of_everything(mirrored)
    answer = await mirrored.answer("/v1/indicators/tt-01-2018", **OURS)
    found = {id: (part["value"], part["score"]) for id, part in by_id(answer).items()}
    assert found == {
        "1": ("2.0", "2.0"),
        "2": ("1.5", "1.5"),
        "3": ("0.0", "0.0"),
        "4": ("1.0", "1.0"),
        "5": (None, None),
        "6": (None, None),
        "7": ("2.0", "2.0"),
        "8": ("0.0", "0.0"),
        "9": ("0.0", "0.0"),
    }
    assert answer["total"] == {"score": None, "lowest": "6.5", "highest": "10.5", "class": None, "left_out": ["5", "6"], "overridden": []}


async def test_both_computations_of_what_was_recorded_agree_and_a_row_that_was_changed_by_hand_is_found(mirrored: Mirrored) -> None:
    await some_of_everything(mirrored)

    async def checked(pack: str) -> dict[str, Any]:
        return await mirrored.answer(f"/v1/indicators/{pack}/check", "analyst", **OURS)

    for pack in ("qd-766", "tt-01-2018", "sipas", "reform-index"):
        found = await checked(pack)
        assert (found["agree"], found["differ"]) == (True, {}), found
        assert found["facts"] == sum(found["positions"][source] for source in ("intake", "processing", "feedback"))
    async with mirrored.service.connected() as connection:
        await connection.execute("UPDATE read.payment SET online = false")
    found = await checked("qd-766")
    assert (found["agree"], found["differ"]) == (False, {"payments_online": {"sql": 0, "fold": 1}})
    assert [one for one in found["indicators"] if one["sql"] != one["fold"]] == [{"id": "pay.1", "sql": "0.00", "fold": "50.00"}]


async def test_a_value_that_a_leader_signed_for_stands_beside_the_computed_one_and_can_be_withdrawn(mirrored: Mirrored) -> None:
    await some_of_everything(mirrored)

    async def say(**more: Any) -> Any:
        token = mirrored.service.token("leader", agencies=("H09.13",))
        return await mirrored.service.post("/v1/indicators/qd-766/overrides", {**SAID, **more}, token)

    assert (await say()).status_code == 201
    made = (await say(indicator="4.2")).json()
    answer = await mirrored.answer("/v1/indicators/qd-766", "officer", **{**OURS, "after": made["position"]})
    found = by_id(answer)
    assert [(found[id]["state"], found[id]["value"], found[id]["computed"]) for id in ("4.1", "4.2")] == [
        ("overridden", "82.50", None),
        ("overridden", "82.50", "25.00"),
    ]
    signed = found["4.2"]["overridden"]
    assert {name: signed[name] for name in ("value", "computed_then", "reason", "decision", "evidence")} == {
        "value": "82.5",
        "computed_then": "25.00",
        **{name: SAID[name] for name in ("reason", "decision", "evidence")},
    }
    assert signed["by"]
    assert signed["position"] == made["position"]
    assert answer["total"]["overridden"] == ["4.1", "4.2"]
    # Of another period, or of more agencies, nobody signed anything.
    others: list[dict[str, Any]] = [{**OURS, "to": "2026-03-30"}, MARCH]
    for elsewhere in others:
        assert by_id(await mirrored.answer("/v1/indicators/qd-766", **elsewhere))["4.2"]["state"] == "computed"
    # What is computed is compared, whatever was signed.
    assert (await mirrored.answer("/v1/indicators/qd-766/check", **OURS))["agree"] is True

    leader = mirrored.service.token("leader", agencies=("H09.13",))
    withdrawal = {"decision": "Công văn số 61/SCT-VP ngày 20/04/2026"}
    gone = (await mirrored.service.post(f"/v1/indicator-overrides/{made['id']}/withdrawal", withdrawal, leader)).json()
    found = by_id(await mirrored.answer("/v1/indicators/qd-766", **{**OURS, "after": gone["position"]}))
    assert (found["4.2"]["state"], found["4.2"]["value"], found["4.2"]["overridden"]) == ("computed", "25.00", None)
    history = await mirrored.answer(f"/v1/indicator-overrides/{made['id']}", "analyst")
    assert (history["stands"], [item.get("value") for item in history["items"]]) == (False, ["82.5", None])


async def test_only_a_leader_of_the_agency_overrides_and_what_he_says_is_checked(mirrored: Mirrored) -> None:
    async def say(role: str, agency: str = "H09.13", pack: str = "qd-766", **more: Any) -> Any:
        token = mirrored.service.token(role, agencies=(agency,))
        return await mirrored.service.post(f"/v1/indicators/{pack}/overrides", {**SAID, **more}, token)

    problem(await say("officer"), 403, "not-allowed")
    problem(await say("leader", "H10"), 403, "other-agency")
    problem(await say("leader", pack="no-such-set"), 404, "not-found")
    wrongs: list[tuple[str, Any, str]] = [
        ("indicator", "9.9", "/indicator"),
        ("value", "82,5", "/value"),
        ("value", "-1", "/value"),
        ("evidence", [], "/evidence"),
        ("to", "2026-02-01", "/to"),
    ]
    for name, value, pointer in wrongs:
        wrong = problem(await say("leader", **{name: value}), 422, "invalid-input")
        assert [error["pointer"] for error in wrong["errors"]] == [pointer], name
    leader = mirrored.service.token("leader")
    nobody = "/v1/indicator-overrides/11111111-1111-4111-8111-111111111111"
    problem(await mirrored.service.post(f"{nobody}/withdrawal", {"decision": "x"}, leader), 404, "no-such-override")
    problem(await mirrored.get(nobody, "leader"), 404, "not-found")


async def test_the_same_answer_is_not_sent_twice(mirrored: Mirrored) -> None:
    await some_of_everything(mirrored)
    first = await mirrored.get("/v1/indicators/sipas", "analyst", **MARCH)
    token = mirrored.service.token("analyst", agencies=("*",))
    again = await mirrored.service.ask("GET", "/v1/indicators/sipas", token, {"If-None-Match": first.headers["etag"]}, params=MARCH)
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    await mirrored.tell(Paper("new").submitted(0))
    await mirrored.level()

    async def asked_again() -> int:
        return (
            await mirrored.service.ask("GET", "/v1/indicators/sipas", token, {"If-None-Match": first.headers["etag"]}, params=MARCH)
        ).status_code

    await eventually(asked_again, lambda status: status == 200)


def test_a_set_with_weights_adds_up_and_its_class_is_told_only_where_nothing_left_out_could_change_it() -> None:
    def leaf(id: str, formula: str | None) -> dict[str, Any]:
        name = {"vi": id, "en": id}
        return {"id": id, "name": name, "target": 10, "weight": 10, **({"formula": formula} if formula else {"needs": "a fact"})}

    made = Pack.model_validate(
        {
            "id": "made",
            "version": 1,
            "title": {"vi": "Thử", "en": "Made"},
            "source": "none",
            "digits": 1,
            "classes": [{"least": 15, "name": "high"}, {"least": 0, "name": "low"}],
            "parts": [leaf("a", "received"), leaf("b", None)],
        }
    )
    counts: Counts = {"received": 5}
    total = view(made, counts, {})["total"]
    assert (total["score"], total["lowest"], total["highest"], total["class"]) == (None, "5.0", "15.0", None)
    signed: Any = {"b": {"value": "9.95"}}
    total = view(made, counts, signed)["total"]
    # 14.95 is 15, and 15 is high (E-36, E-37).
    assert (total["score"], total["class"]) == ("15.0", "high")
    assert valued(made.indicators()["b"], counts).state == "no-data"


def test_a_file_that_is_no_set_is_named_when_the_program_starts(tmp_path: Any) -> None:
    (tmp_path / "wrong.yaml").write_text("id: x\nversion: 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"wrong\.yaml"):
        shelf([tmp_path])
    newer = (SHIPPED / "sipas.yaml").read_text(encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(newer, encoding="utf-8")
    with pytest.raises(ValueError, match="version 1 of sipas is there already"):
        shelf([tmp_path])
    (tmp_path / "wrong.yaml").write_text(newer.replace("version: 1", "version: 2"), encoding="utf-8")
    found = shelf([tmp_path])
    assert [one.pack.version for one in (found.find("sipas", None), found.find("sipas", 1)) if one] == [2, 1]
    assert len({one.definition_hash for one in found.packs.values()}) == len(found.packs)
