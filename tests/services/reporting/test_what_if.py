"""What if: nothing changed gives what was published, ten days instead of fifteen gives another figure, and no log hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.fact import Fact
from contracts.intake import DossierAccepted, DossierRescheduled
from contracts.vocabulary import Deadline
from kernel.legalclock import Begun, Limit, Moment, Paused, Prolonged, Restated, Resumed, load_calendar, reckon, rule_pack_on
from services.reporting import query_what_if
from services.reporting.domain.figures import dossiers_of, verdict
from services.reporting.domain.figures import lines as defined_lines
from services.reporting.domain.period import Period
from services.reporting.domain.what_if import Life, Scenario, Turn, judged
from services.reporting.query_what_if import facts_for, played, scenario_hash
from tests.services.reporting.facts import PROCEDURES, Paper, day, moment, procedure
from tests.services.reporting.mirror import MARCH, Mirrored, some_weeks
from tests.services.reporting.tables import Tables
from tests.services.reporting.test_figures import ANY_HISTORY, histories, periods
from tests.services.rig import problem

CALENDAR: Final = load_calendar()
PERIOD: Final = Period(day(0), day(40))
NOTHING: Final = Scenario(limits={})
FIELDS: Final = tuple(PROCEDURES)


def due_of(moments: Sequence[Moment]) -> Deadline:
    """Count a deadline as the department does."""
    return Deadline.model_validate(reckon(moments, CALENDAR).deadline)


def begun(paper: Paper, on: int, days: int, clock: str = "08:30", mode: Any = "restart") -> tuple[Begun, DossierAccepted]:
    """Let a dossier be accepted with a limit of so many working days."""
    at = moment(on, clock)
    first = Begun(at=at, cause="", limit=Limit(days, "working-days"), start_rule="complete", rule_pack=rule_pack_on(day(on)).id)
    return first, paper.accepted(on, 1, clock).model_copy(update={"deadline": due_of([first]), "supplement_mode": mode})


def rescheduled(paper: Paper, at: datetime, moments: Sequence[Moment], reason: Any = None) -> DossierRescheduled:
    """Let the appointment move with the limit."""
    told = paper.rescheduled(0, 1)
    return told.model_copy(update={"deadline": due_of(moments), "rescheduled_at": at, "reason": reason})


def life(paper: Paper, on: int, days: int, ended: int | None, mode: Any = "restart", stops: Sequence[tuple[str, int]] = ()) -> list[Fact]:
    """Tell the life of a dossier as the services do: what stopped its clock, and what moved its limit, on which day."""
    first, accepted = begun(paper, on, days, mode=mode)
    moments: list[Moment] = [first]
    facts: list[Fact] = [paper.submitted(on), accepted]
    stands = False
    for what, after in stops:
        at = moment(on + after, "10:15")
        match what:
            case "supplement" if not stands:
                moments.append(Paused(at=at, cause=""))
                facts.append(paper.supplement_requested(on + after, "10:15"))
                stands = True
            case "supplement":
                moments.append(Resumed(at=at, cause="", mode=mode))
                facts.append(rescheduled(paper, at, moments))
                stands = False
            case "extension" if not stands and reckon(moments, CALENDAR).deadline.due_at > at:
                moments.append(Prolonged(at=at, cause="", amount=3, source=""))
                facts.append(rescheduled(paper, at, moments, "extension"))
            case "calendar" if not stands:
                moments.append(Restated(at=at, cause=""))
                facts.append(rescheduled(paper, at, moments, "calendar"))
            case _:
                pass
    return [*facts, paper.ready(ended)] if ended is not None else facts


@st.composite
def departments(draw: st.DrawFn) -> list[Fact]:
    """Draw lives as the services tell them."""
    facts = list[Fact]()
    for n in range(draw(st.integers(1, 6))):
        paper = Paper(f"d{n}", field=draw(st.sampled_from(FIELDS)), channel=draw(st.sampled_from(("online", "desk", "post"))))
        after = sorted(draw(st.lists(st.integers(1, 12), max_size=4, unique=True)))
        stops = [(draw(st.sampled_from(("supplement", "supplement", "extension", "calendar"))), one) for one in after]
        on, took = draw(st.integers(0, 25)), draw(st.none() | st.integers(13, 30))
        mode = draw(st.sampled_from(("restart", "pause")))
        facts += life(paper, on, draw(st.integers(1, 15)), None if took is None else on + took, mode, stops)
    return facts


async def asked(mirror: Tables, scenario: Scenario, period: Period = PERIOD) -> dict[str, Any]:
    """Play a scenario over what was told."""
    async with mirror.reading() as reading:
        reading.freshness.update({"positions": dict(mirror.heads)})
        return played(await facts_for(reading, period, None, scenario), scenario)


def added(facts: list[Fact], period: Period) -> dict[str, int]:
    """Give the form's totals as they are defined."""
    found = list(defined_lines(dossiers_of(facts).values(), period).values())
    return {name: sum(line[name] for line in found) for name in (found[0] if found else {})}


@settings(ANY_HISTORY, max_examples=60)
@given(facts=departments(), period=periods)
async def test_where_nothing_is_changed_all_is_counted_anew_and_is_what_was_published(
    mirror: Tables, facts: list[Fact], period: Period
) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    found = await asked(mirror, NOTHING, period)
    assert (found["kept"], found["moved"], found["by_procedure"]) == (0, 0, [])
    assert found["supposed"] == found["published"]
    expected = added(facts, period)
    assert {name: found["supposed"][name] for name in expected} == expected


@settings(ANY_HISTORY, max_examples=40)
@given(facts=histories(), period=periods)
async def test_whatever_the_facts_say_nothing_changed_gives_what_was_published(mirror: Tables, facts: list[Fact], period: Period) -> None:
    # Deadlines here are made up: the clock does not find them again, so those dossiers stay as they are, and the answer says so.
    await mirror.clear()
    await mirror.tell(*facts)
    found = await asked(mirror, NOTHING, period)
    assert found["supposed"] == found["published"]
    assert found["moved"] == 0


@settings(ANY_HISTORY, max_examples=60)
@given(facts=departments(), days=st.integers(1, 30))
async def test_another_limit_is_what_would_have_been_had_it_been_promised(mirror: Tables, facts: list[Fact], days: int) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    code = PROCEDURES["hoa-chat"]
    found = await asked(mirror, Scenario(limits={code: Limit(days, "working-days")}))
    assert found["supposed"]["received"] == found["published"]["received"]
    assert found["supposed"]["resolved"] == found["published"]["resolved"]
    assert {line["procedure"] for line in found["by_procedure"]} <= {code}
    # Every day more in the limit makes nothing late that was not.
    more = await asked(mirror, Scenario(limits={code: Limit(days + 5, "working-days")}))
    assert more["supposed"]["resolved_late"] <= found["supposed"]["resolved_late"]


@given(facts=histories())
def test_a_dossier_is_judged_as_the_figures_are_defined(facts: list[Fact]) -> None:
    for id, dossier in dossiers_of(facts).items():
        if dossier.accepted_on is None or not dossier.clock:
            continue
        turns = tuple(Turn("begun" if one.runs else "paused", one.on, moment(0), one.due_on, None) for one in dossier.clock)
        of = Life(
            id=id,
            code="",
            agency="A",
            procedure="2.000648",
            online=False,
            accepted_on=dossier.accepted_on,
            ended_on=dossier.ended_on,
            withdrawn_on=dossier.withdrawn_on,
            turns=turns,
        )
        found = judged(of, [one.due_on for one in dossier.clock])
        if dossier.ended_on is not None:
            assert found.verdict == verdict(dossier, dossier.ended_on)
        else:
            assert found.verdict is None
            for n in range(60):
                assert dossier.late_by(day(n)) == (found.late_from is not None and found.late_from <= day(n) >= dossier.accepted_on)


async def test_this_procedure_in_ten_days_instead_of_fifteen(mirror: Tables) -> None:
    # Day 0 is a Monday; fifteen working days from there end on day 21, ten on day 14. One took two weeks and a day, the other a week.
    slow, quick, other = Paper("slow"), Paper("quick"), Paper("other", field="dien")
    for paper, ended in ((slow, 15), (quick, 7), (other, 15)):
        await mirror.tell(*life(paper, 0, 15, ended))
    found = await asked(mirror, Scenario(limits={PROCEDURES["hoa-chat"]: Limit(10, "working-days")}))
    assert (found["published"]["on_time_rate"], found["supposed"]["on_time_rate"]) == (100.0, 66.67)
    (line,) = found["by_procedure"]
    assert (line["procedure"], line["supposed"]["resolved_late"], line["supposed"]["resolved_early"]) == (PROCEDURES["hoa-chat"], 1, 1)
    (one,) = [one for one in found["examples"] if one["dossier_id"] == slow.id]
    assert (one["published"]["due_on"], one["supposed"]["due_on"], one["supposed"]["late_from"]) == (day(21), day(14), day(15))
    assert (found["counted_anew"], found["kept"], found["moved"]) == (2, 0, 2)


async def test_another_calendar_moves_what_lies_over_its_days_off(mirror: Tables) -> None:
    await mirror.tell(*life(Paper("p"), 0, 5, 8))
    published = await asked(mirror, NOTHING)
    assert published["supposed"]["resolved_late"] == 1
    off = await asked(mirror, Scenario(limits={}, off=frozenset({day(2)})))
    assert off["supposed"]["resolved_late"] == 0
    # A Saturday that is worked has a weekday's hours, and the limit ends a day earlier.
    work = await asked(mirror, Scenario(limits={}, work=frozenset({day(5)})))
    assert work["examples"][0]["supposed"]["due_on"] == day(5)


async def test_another_rule_on_supplements_moves_who_waited(mirror: Tables) -> None:
    await mirror.tell(*life(Paper("p"), 0, 5, 16, "restart", [("supplement", 3), ("supplement", 8)]))
    assert (await asked(mirror, NOTHING))["supposed"]["resolved_late"] == 1 - (await asked(mirror, NOTHING))["published"][
        "resolved_on_time"
    ]
    found = await asked(mirror, Scenario(limits={}, mode="pause"))
    (one,) = found["examples"]
    assert one["supposed"]["due_on"] < one["published"]["due_on"]
    assert found["supposed"]["resolved_late"] == 1


async def test_what_a_decision_left_out_cannot_be_counted_anew_and_is_kept(mirror: Tables) -> None:
    facts = life(Paper("p"), 0, 5, 20)
    first, _ = begun(Paper("p"), 0, 5)
    await mirror.tell(*facts[:2], rescheduled(Paper("p"), moment(3), [first], "decision"), facts[2])
    found = await asked(mirror, Scenario(limits={PROCEDURES["hoa-chat"]: Limit(30, "working-days")}))
    assert (found["kept"], found["counted_anew"], found["supposed"]) == (1, 0, found["published"])


def test_a_scenario_is_known_by_its_hash_however_it_is_said() -> None:
    one = Scenario(limits={"2.000001": Limit(3, "working-days"), "2.000002": Limit(4, "working-days")})
    other = Scenario(limits={"2.000002": Limit(4, "working-days"), "2.000001": Limit(3, "working-days")})
    assert scenario_hash(one) == scenario_hash(other) != scenario_hash(NOTHING)


def test_the_calendar_of_a_scenario_is_not_the_one_that_is_known() -> None:
    calendar = Scenario(limits={}, off=frozenset({day(2)}), work=frozenset({day(5)})).calendar(CALENDAR)
    assert (calendar.is_working(day(2)), calendar.is_working(day(5))) == (False, True)
    assert (CALENDAR.is_working(day(2)), CALENDAR.is_working(day(5))) == (True, False)
    hours = [(end - start) for start, end in calendar.windows(day(5))]
    assert sum(hours, timedelta()) == timedelta(hours=8)


# Asked over HTTP. --------------------------------------------------------------------------------------------------------


async def ask(mirrored: Mirrored, *roles: str, agencies: tuple[str, ...] = ("*",), **body: Any) -> Any:
    """Ask what if of March."""
    token = mirrored.service.token(*(roles or ("analyst",)), agencies=agencies)
    return await mirrored.service.post("/v1/what-if", {**MARCH, **body}, token)


async def logs(mirrored: Mirrored) -> list[Any]:
    """Give all that every log holds, and how far it is."""
    found = list[Any]()
    for pool in [neighbour.log.pool for neighbour in mirrored.neighbours.values()]:
        found += [await pool.fetch("SELECT pos, body FROM log.event ORDER BY pos"), await pool.fetch("SELECT * FROM log.head")]
    async with mirrored.service.connected() as connection:
        found += [await connection.fetch("SELECT pos, body FROM log.event ORDER BY pos"), await connection.fetch("SELECT * FROM log.head")]
    return found


async def test_asking_changes_no_log_and_the_same_question_has_the_same_answer(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    for facts in (life(Paper("real"), 0, 15, 15), life(Paper("quick"), 0, 15, 4)):
        await mirrored.tell(*facts)
    await mirrored.level()
    published = (await mirrored.publish(MARCH)).json()
    await mirrored.answer("/v1/figures", after=published["position"])
    before = await logs(mirrored)
    same = (await ask(mirrored)).json()
    report = (await mirrored.get(f"/v1/reports/{published['id']}", "leader")).json()
    own = (await ask(mirrored, agency="H09.13")).json()
    assert own["supposed"] == own["published"]
    assert {name: own["supposed"][name] for name in ("received", "resolved_late", "in_progress_late")} == {
        name: sum(line[name] for line in report["lines"]) for name in ("received", "resolved_late", "in_progress_late")
    }
    assert same["supposed"] == same["published"]
    assert (same["kept"], same["counted_anew"]) == (7, 2)  # the deadlines of those weeks are made up
    limits = [{"procedure": PROCEDURES["hoa-chat"], "amount": 10}]
    answers = [(await ask(mirrored, limits=limits)).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["supposed"]["resolved_late"] == answers[0]["published"]["resolved_late"] + 1
    assert answers[0]["positions"]["intake"] > 0
    assert await logs(mirrored) == before


async def test_the_snapshot_that_a_scenario_is_played_over_cannot_write(mirror: Tables) -> None:
    async with mirror.reading() as reading:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await reading.connection.execute("INSERT INTO log.event DEFAULT VALUES")


async def test_what_cannot_be_supposed_is_said_by_field(mirrored: Mirrored) -> None:
    await mirrored.tell(procedure("hoa-chat", "Hóa chất"))
    await mirrored.level()
    limit = {"procedure": PROCEDURES["hoa-chat"], "amount": 3}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"limits": [{"procedure": "1.999999", "amount": 3}]}, "/limits/0/procedure"),
        ({"limits": [limit, limit]}, "/limits/1/procedure"),
        ({"limits": [{**limit, "amount": 0}]}, "/limits/0/amount"),
        ({"off": [day(5).isoformat()]}, "/off/0"),
        ({"work": [day(2).isoformat()]}, "/work/0"),
        ({"off": ["1990-01-01"]}, "/off/0"),
        ({"off": [day(2).isoformat()] * 2}, "/off/1"),
        ({"staff": 7}, "/staff"),
        ({"to": "2020-01-01"}, "/to"),
    ]
    for body, pointer in wrong:
        body_ = problem(await ask(mirrored, **body), 422, "invalid-input")
        assert [error["pointer"] for error in body_["errors"]] == [pointer], body
    problem(await ask(mirrored, "officer"), 403, "not-allowed")
    problem(await ask(mirrored, agencies=("H10",), agency="H09.13"), 403, "other-agency")


async def test_a_question_about_too_many_dossiers_is_refused(mirrored: Mirrored, monkeypatch: pytest.MonkeyPatch) -> None:
    await some_weeks(mirrored)
    monkeypatch.setattr(query_what_if, "DOSSIERS_MAX", 3)
    body = problem(await ask(mirrored), 422, "invalid-input")
    assert [error["pointer"] for error in body["errors"]] == ["/from"]
