"""Petitions and meetings in figures: what each means, counted twice, and traced to the facts that it counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contracts.catalogue import FACTS
from contracts.fact import Fact
from services.reporting.domain.figures import in_scope
from services.reporting.domain.period import Period
from services.reporting.domain.petitions import FIGURES, PetitionCut, day_told, lines, meetings
from services.reporting.query_petitions import denunciations
from services.reporting.query_petitions import meetings as meetings_by_sql
from services.reporting.query_petitions import petitions as petitions_by_sql
from tests.contracts.golden import golden
from tests.services.reporting.facts import day, deadline, id_of, moment
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.tables import Tables
from tests.services.rig import problem

PERIOD: Final = Period(day(0), day(29))
AGENCIES: Final = ("H09.13", "H09.13.01", "H10")
CLOSED: Final = ("answered_in_time", "answered_late", "open_in_time", "open_overdue", "refused", "forwarded", "merged", "withdrawn")
"""Where what was in hand stands at the close of the period: in exactly one of these."""
LINE: Final[tuple[PetitionCut, ...]] = ("month", "agency", "unit", "kind")
ANY: Final = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def fact(name: str, what: str, on: int, due: int | None = None, **more: Any) -> Fact:
    """Make a fact of a petition, of a day; `due` = the day of its limit."""
    type_ = f"feedback.petition.{what}.v1"
    own = {"petition_id": id_of("petition", name), "agency": "H09.13", f"{what}_at": moment(on, "23:58")}
    limit = {} if due is None else {"deadline": deadline(due)}
    return FACTS[type_].model_validate(golden(type_)["data"] | own | limit | more)


def met(name: str, on: int, kind: str = "visit", agency: str = "H09.13") -> Fact:
    """Make the fact of a meeting."""
    data = golden("feedback.engagement.held.v1")["data"]
    return FACTS["feedback.engagement.held.v1"].model_validate(
        data | {"engagement_id": id_of("meeting", name), "agency": agency, "kind": kind, "held_on": day(on), "recorded_at": moment(on)}
    )


def struck(name: str, on: int, agency: str = "H09.13") -> Fact:
    """Make the fact that it was put down by mistake."""
    data = golden("feedback.engagement.struck.v1")["data"]
    own = {"engagement_id": id_of("meeting", name), "agency": agency, "struck_at": moment(on)}
    return FACTS["feedback.engagement.struck.v1"].model_validate(data | own)


def told(facts: Iterable[Fact]) -> list[tuple[int, Any]]:
    """Give facts with the positions that feedback's log would give them."""
    return list(enumerate(facts, 1))


OPENED_AGAIN: Final = [fact("p", "received", -9, due=5), fact("p", "answered", -3, late=False), fact("p", "reopened", 3, due=20)]
"""Answered before the period, and opened again in it."""


def counted(*facts: Fact, period: Period = PERIOD) -> set[str]:
    """Give the figures that count one petition."""
    found = lines(told(facts), period, ("agency",))
    return {name for line in found.values() for name, positions in line.items() if positions}


def test_open_until_the_close_of_its_last_day_a_petition_is_in_time_and_then_it_is_overdue() -> None:
    assert counted(fact("p", "received", 5, due=29)) == {"in_hand", "received", "open_in_time"}
    assert counted(fact("p", "received", 5, due=28)) == {"in_hand", "received", "open_overdue"}
    assert counted(fact("p", "received", 5, due=8), fact("p", "extended", 7, due=40)) == {"in_hand", "received", "open_in_time"}


def test_what_was_answered_before_the_period_is_not_in_hand_until_it_is_opened_again() -> None:
    assert counted(*OPENED_AGAIN[:2]) == set()
    assert counted(*OPENED_AGAIN) == {"in_hand", "open_overdue"}
    assert counted(*OPENED_AGAIN, fact("p", "answered", 4, late=False)) == {"in_hand", "answered_in_time"}


def test_late_once_is_late_though_the_next_answer_comes_in_time() -> None:
    life = [
        fact("p", "received", 0, due=5),
        fact("p", "classified", 1, due=5, kind="petition"),
        fact("p", "answered", 9, late=True),
        fact("p", "reopened", 10, due=25),
        fact("p", "answered", 12, late=False),
    ]
    assert counted(*life) == {"in_hand", "received", "receivable", "answered_late"}
    assert counted(*life, period=Period(day(0), day(10))) == {"in_hand", "received", "receivable", "open_in_time"}


def test_what_was_ever_called_a_denunciation_is_in_no_figure() -> None:
    denounced = fact("p", "classified", 3, due=30, kind="denunciation")
    assert counted(fact("p", "received", 1, due=20), denounced) == set()
    assert counted(fact("p", "received", 1, due=20), denounced, fact("p", "classified", 4, due=20, kind="petition")) == set()


# Counted twice. ---------------------------------------------------------------------------------------------------------


@st.composite
def lives(draw: st.DrawFn, name: str) -> list[Fact]:
    """What may become of one petition."""
    on = draw(st.integers(-20, 30))
    common: dict[str, Any] = {"agency": draw(st.sampled_from(AGENCIES))}
    facts = [fact(name, "received", on, due=on + draw(st.integers(0, 15)), **common)]
    is_open = True
    for _ in range(draw(st.integers(0, 6))):
        on += draw(st.integers(0, 9))
        due = on + draw(st.integers(0, 15))
        if not is_open:
            facts.append(fact(name, "reopened", on, due=due, round=2, **common))
            is_open = True
            continue
        match what := draw(st.sampled_from(["classified"] * 3 + ["assigned"] * 2 + ["extended", "answered", "answered", "ended"])):
            case "classified":
                facts.append(fact(name, what, on, due=due, kind=draw(st.sampled_from(["petition", "complaint", "denunciation"])), **common))
            case "assigned":
                facts.append(fact(name, what, on, unit=draw(st.sampled_from(["van-phong", "thanh-tra"])), **common))
            case "extended":
                facts.append(fact(name, what, on, due=due, **common))
            case "answered":
                facts.append(fact(name, what, on, late=draw(st.booleans()), **common))
                is_open = False
            case _:
                return [*facts, fact(name, draw(st.sampled_from(["refused", "forwarded", "merged", "withdrawn"])), on, **common)]
    return facts


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Some petitions and meetings, mixed as a log mixes them."""
    found = [draw(lives(str(n))) for n in range(draw(st.integers(1, 5)))]
    for n in range(draw(st.integers(0, 3))):
        on, agency, kind = draw(st.integers(-5, 35)), draw(st.sampled_from(AGENCIES)), draw(st.sampled_from(["visit", "work-session"]))
        found.append(
            [met(str(n), on, kind, agency), *([struck(str(n), on + draw(st.integers(0, 9)), agency)] if draw(st.booleans()) else [])]
        )
    order = draw(st.permutations([n for n, facts in enumerate(found) for _ in facts]))
    waiting = [iter(facts) for facts in found]
    return [next(waiting[n]) for n in order]


periods: Final = st.tuples(st.integers(-10, 40), st.integers(0, 30)).map(lambda p: Period(day(p[0]), day(p[0] + p[1])))
scopes: Final = st.one_of(st.none(), st.lists(st.sampled_from(AGENCIES), min_size=1, max_size=2))
cuts: Final = st.lists(st.sampled_from(LINE), unique=True, min_size=1)


@ANY
@given(facts=histories(), period=periods, scope=scopes, cut=cuts)
@example(facts=OPENED_AGAIN, period=PERIOD, scope=None, cut=["agency"])
async def test_sql_and_the_definition_count_the_same_petitions_and_meetings(
    mirror: Tables, facts: list[Any], period: Period, scope: Any, cut: list[PetitionCut]
) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    own = [(position, one) for position, one in told(facts) if in_scope(one.agency, scope)]
    async with mirror.reading() as reading:
        assert await petitions_by_sql(reading.connection, period, scope, cut) == lines(own, period, cut)
        assert await meetings_by_sql(reading.connection, period, scope) == meetings(own, period)


@ANY
@given(facts=histories(), period=periods)
def test_what_is_in_hand_stands_somewhere_and_what_comes_later_never_changes_it(facts: list[Any], period: Period) -> None:
    found = lines(told(facts), period, LINE)
    for line in found.values():
        assert sorted(position for name in CLOSED for position in line[name]) == sorted(line["in_hand"])
        assert set(line["in_hand"]) >= set(line["received"]) | set(line["receivable"])
    known = [(position, one) for position, one in told(facts) if (day_told(one) or day(0)) <= period.last]
    assert lines(known, period, LINE) == found


async def test_fewer_denunciations_than_five_of_an_agency_and_month_are_not_counted_and_a_group_stays_what_it_was(mirror: Tables) -> None:
    months = Period(day(0).replace(day=1), day(40)).whole_months()

    async def denounce(names: range, on: int, agency: str = "H09.13") -> dict[str, Any]:
        for n in names:
            await mirror.tell(fact(f"{agency}{n}", "received", on, due=60, agency=agency))
            await mirror.tell(fact(f"{agency}{n}", "classified", on, due=60, kind="denunciation", agency=agency))
        async with mirror.reading() as reading:
            return await denunciations(reading.connection, months, None)

    assert [(await denounce(range(4), 1))[name] for name in ("counted", "waiting")] == [0, True]
    assert [(await denounce(range(4, 7), 2))[name] for name in ("counted", "waiting")] == [5, True]
    # The month is over: the two that were left wait for nobody any more, and are never told.
    assert (await denounce(range(7, 12), 35))["counted"] == 10
    assert (await denounce(range(4), 35, "H10"))["counted"] == 10
    async with mirror.reading() as reading:
        assert (await denunciations(reading.connection, months, ["H10"]))["counted"] == 0
        assert await petitions_by_sql(reading.connection, PERIOD, None, LINE) == {}


# Over HTTP. -------------------------------------------------------------------------------------------------------------


async def test_figures_of_petitions_name_the_facts_that_they_count(mirrored: Mirrored) -> None:
    await mirrored.tell(
        fact("a", "received", 1, due=20),
        fact("a", "classified", 2, due=20, kind="petition"),
        fact("a", "assigned", 2, unit="van-phong"),
        fact("a", "answered", 5, late=False),
        fact("b", "received", 3, due=9),
        fact("c", "received", 4, due=20),
        fact("c", "classified", 4, due=30, kind="denunciation"),
        met("m", 6),
        met("n", 7, "dialogue-conference"),
        struck("n", 8),
    )
    await mirrored.level()
    found = await mirrored.answer("/v1/petitions", "officer", **MARCH, traced="true", after=mirrored.said["feedback"])
    assert {name: found["total"][name] for name in FIGURES if found["total"][name]} == {
        "in_hand": 2,
        "received": 2,
        "receivable": 1,
        "answered_in_time": 1,
        "open_overdue": 1,
    }
    assert found["total"]["traced"]["answered_in_time"] == ["feedback/1"]
    assert found["total"]["traced"]["open_overdue"] == ["feedback/5"]
    assert [(item["unit"], item["kind"], item["in_hand"]) for item in found["items"]] == [("van-phong", "petition", 1), (None, None, 1)]
    assert {name: found["meetings"][name] for name in ("visits", "dialogue_conferences")} == {"visits": 1, "dialogue_conferences": 0}
    assert found["meetings"]["traced"]["visits"] == ["feedback/8"]
    assert (found["denunciations"]["counted"], found["denunciations"]["waiting"]) == (0, True)
    assert found["positions"]["feedback"] == 10
    by_month = await mirrored.answer("/v1/petitions", **MARCH, cut="month")
    assert [(item["month"], item["in_hand"], "traced" in item) for item in by_month["items"]] == [("2026-03", 2, False)]
    problem(await mirrored.get("/v1/petitions", "desk"), 403, "not-allowed")
    problem(await mirrored.get("/v1/petitions", "leader", agencies=("H10",), agency="H09.13"), 403, "other-agency")
    wrong = problem(await mirrored.get("/v1/petitions", "leader", cut="channel"), 422, "invalid-input")
    assert [error["pointer"] for error in wrong["errors"]] == ["/cut/0"]
