"""How long cases lay at each step: by hand, minute by minute, and as the mirror tells it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.fact import Fact
from kernel.legalclock import load_calendar
from services.reporting.domain.step_dwell import TURNS, Turn, lain_at, turn_of
from tests.services.reporting.facts import id_of, moment
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.worlds import made
from tests.services.rig import problem

CALENDAR: Final = load_calendar()
PROCEDURE: Final = "2.000648"


def of_case(name: str, what: str, **more: Any) -> Fact:
    """Make a fact of a case."""
    type_ = f"processing.case.{what}.v1"
    own: dict[str, Any] = {"case_id": id_of("case", name), "dossier_id": id_of("dossier", name)}
    return made(type_, **own, **more)


def opened(name: str, on: int, clock: str, agency: str = "H09.13") -> Fact:
    own = {"agency": agency, "procedure": PROCEDURE, "field": "hoa-chat", "step": "B1"}
    return of_case(name, "opened", **own, opened_at=moment(on, clock))


def done(name: str, step: str, then: str | None, on: int, clock: str, open_: tuple[str, ...] = ()) -> Fact:
    rest = {"next_step": then, "next_unit": then and "phong", "next_role": then and "chuyen-vien"}
    steps = tuple({"step": one, "unit": "phong", "role": "chuyen-vien", "officer": None} for one in open_)
    return of_case(name, "step-completed", step=step, **rest, open=steps, completed_at=moment(on, clock))


def life(name: str, agency: str = "H09.13") -> list[Fact]:
    """Monday at eight to the next Monday: B2 and B3 beside each other, and two days of waiting."""
    return [
        opened(name, 0, "08:00", agency),
        done(name, "B1", "B2", 0, "10:00", ("B2", "B3")),
        done(name, "B3", "B2", 1, "09:00"),
        of_case(name, "clock-paused", agency=agency, paused_at=moment(1, "11:00")),
        of_case(name, "clock-resumed", agency=agency, resumed_at=moment(3, "11:00")),
        done(name, "B2", "B4", 4, "16:00"),
        of_case(name, "result-issued", agency=agency, issued_at=moment(7, "08:00")),
    ]


def test_a_step_is_worked_at_while_it_is_open_and_the_clock_runs() -> None:
    turns = [turn for fact in life("p") if (turn := turn_of(fact)) is not None]
    hour = 60
    # A day has eight hours: half past seven to half past eleven, and one to five.
    assert lain_at(turns, CALENDAR) == {
        "B1": (2 * hour, 2 * hour),
        "B3": (23 * hour, hour * 3 // 2 + 4 * hour + hour * 3 // 2),
        "B2": (25 * hour + 29 * hour, 5 * hour + hour // 2 + hour * 7 // 2 + hour // 2 + 4 * hour + 4 * hour + 3 * hour),
        "B4": (64 * hour, hour + hour // 2),
    }


def test_a_step_that_is_sent_back_has_the_time_of_both_times() -> None:
    back = of_case(
        "p",
        "step-reopened",
        step="B1",
        open=({"step": "B1", "unit": "phong", "role": "chuyen-vien", "officer": None},),
        reopened_at=moment(0, "10:00"),
    )
    facts = [opened("p", 0, "08:00"), done("p", "B1", "B2", 0, "09:00"), back, done("p", "B1", None, 0, "10:30")]
    assert lain_at([turn for fact in facts if (turn := turn_of(fact))], CALENDAR) == {"B1": (90, 90), "B2": (60, 60)}


BEGIN: Final = datetime(2026, 4, 28, 1, tzinfo=UTC)
"""Before two holidays."""
CHANGES: Final = st.tuples(
    st.integers(0, 900), st.one_of(st.none(), st.frozensets(st.sampled_from(["B1", "B2", "B3"]))), st.one_of(st.none(), st.booleans())
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=7))
def test_the_time_is_what_somebody_counts_who_looks_every_minute(changes: list[Any]) -> None:
    turns, at = [Turn(BEGIN, frozenset({"B1"}), runs=True)], BEGIN
    for minutes, steps, runs in changes:
        at += timedelta(minutes=minutes)
        turns.append(Turn(at, steps, runs))
    lay, worked = Counter[str](), Counter[str]()
    now, steps, runs, left = BEGIN, frozenset[str](), False, list(turns)
    while now < at:
        while left and left[0].at <= now:
            turn = left.pop(0)
            steps, runs = steps if turn.open is None else turn.open, runs if turn.runs is None else turn.runs
        for step in steps if runs else ():
            lay[step] += 1
            worked[step] += any(since <= now < until for since, until in CALENDAR.windows((now + timedelta(hours=7)).date()))
        now += timedelta(minutes=1)
    found = lain_at(turns, CALENDAR)
    assert {step: minutes for step, (minutes, _) in found.items() if minutes} == dict(lay)
    assert {step: minutes for step, (_, minutes) in found.items() if minutes} == {step: n for step, n in worked.items() if n}


def test_where_no_calendar_reaches_working_time_is_not_known() -> None:
    old = datetime(1990, 1, 1, tzinfo=UTC)
    assert lain_at([Turn(old, frozenset({"B1"}), runs=True), Turn(old + timedelta(hours=3))], CALENDAR) == {"B1": (180, None)}


def test_every_fact_that_opens_or_closes_a_step_is_a_turn() -> None:
    for type_ in TURNS:
        assert turn_of(made(type_.TYPE)) is not None


async def test_the_mirror_tells_how_long_cases_lay_at_each_step_of_the_callers_agencies(mirrored: Mirrored) -> None:
    await mirrored.tell(*life("p"), *life("q"), *life("other", "H10"), opened("open", 1, "08:00"))
    await mirrored.level()
    found = await mirrored.answer("/v1/dwell/steps", "officer", agencies=("H09.13",), **MARCH)
    assert [(item["procedure"], item["step"], item["cases"], item["minutes"]["p50"]) for item in found["items"]] == [
        (PROCEDURE, "B1", 2, 120),
        (PROCEDURE, "B2", 2, 54 * 60),
        (PROCEDURE, "B3", 2, 23 * 60),
        (PROCEDURE, "B4", 2, 64 * 60),
    ]
    assert found["items"][0]["working_minutes"] == {"p50": 120, "p90": 120}
    assert (found["calendar"], found["period"]) == (CALENDAR.version, MARCH)
    every = await mirrored.answer("/v1/dwell/steps", **MARCH, cut="agency")
    assert {item["agency"]: item["cases"] for item in every["items"]} == {"H09.13": 2, "H10": 1}
    problem(await mirrored.get("/v1/dwell/steps", "portal"), 403, "not-allowed")
