"""Questions with a closed grammar: any question is what somebody would count by hand, and nothing that a caller writes becomes SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.fact import Fact
from kernel.edge.pages import Page
from services.reporting.domain.dwell import lain, percentile
from services.reporting.domain.figures import Dossier, dossiers_of, in_scope, resolved, verdict
from services.reporting.domain.period import Period, month_of
from services.reporting.domain.shares import share
from services.reporting.query_books import Cut
from services.reporting.query_dwell import UNITS
from services.reporting.query_grammar import (
    DURATIONS,
    FLOWS,
    RATIOS,
    STOCKS,
    Bounds,
    Duration,
    Measure,
    Parameters,
    Question,
    TooCostly,
    WindowOf,
    asked,
    catalogue,
    counts,
    durations,
    key_of,
    label,
    line_of,
)
from tests.services.reporting.facts import PROCEDURES, Paper, day
from tests.services.reporting.mirror import MARCH, Mirrored, some_weeks
from tests.services.reporting.tables import Tables, source_of
from tests.services.reporting.test_dwell import plain, worked
from tests.services.reporting.test_figures import AGENCIES, ANY_HISTORY, histories, periods, scopes
from tests.services.rig import problem

FREE: Final = Bounds(cost_max=1e12, timeout_ms=60_000)
KNOWN: Final[tuple[Cut, ...]] = ("month", "agency", "field", "unit", "procedure")
VALUES: Final[dict[Cut, tuple[str, ...]]] = {
    "agency": AGENCIES,
    "field": ("hoa-chat", "dien", "xang-dau"),
    "month": ("2026-03", "2026-04", ""),
    "unit": ("", "van-phong"),
    "procedure": tuple(PROCEDURES.values()),
}


def window_of(window: WindowOf | None, on: date) -> str:
    """Name the window of a day, as somebody would who looks at a calendar."""
    named = {"day": f"{on}", "month": f"{on}"[:7], "quarter": f"{on.year}-Q{1 + (on.month - 1) // 3}", "year": f"{on.year}"}
    return "" if window is None else named[window]


def traits(dossier: Dossier, by: Sequence[Cut]) -> tuple[str | None, ...]:
    """Say what a dossier says under each dimension."""
    said: dict[Cut, str | None] = {
        "month": month_of(dossier.accepted_on) if dossier.accepted_on else None,
        "agency": dossier.agency,
        "field": dossier.field,
        "unit": None,
        "procedure": PROCEDURES[dossier.field],
    }
    return tuple(said[one] for one in by)


def happened(dossier: Dossier, last: date) -> list[tuple[str, date]]:
    """Give what a flow counts, each with its day."""
    found = [("submitted", dossier.submitted_on), ("refused", dossier.refused_on)]
    found += [("withdrawn", dossier.withdrawn_on), ("returned", dossier.returned_on)]
    if (on := dossier.accepted_on) is not None:
        found += [("accepted", on), *([("accepted_online", on)] if dossier.online else [])]
        if (ended := dossier.ended_on) is not None:
            found += [("resolved", ended), (f"resolved_{(verdict(dossier, ended) or '').replace('-', '_')}", ended)]
        missed = next((one for one in Period(on, max(on, last)).days() if dossier.late_by(one)), None)
        found.append(("missed", missed))
    return [(what, on) for what, on in found if on is not None]


def counted(facts: list[Fact], question: Question, period: Period, scope: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Answer a question about counts dossier by dossier and day by day; lines in which nothing is counted are left out."""
    own = [one for one in dossiers_of(facts).values() if in_scope(one.agency, scope)]
    own = [one for one in own if all((traits(one, [cut])[0] or "") in of for cut, of in question.where.items())]
    needed: set[str] = {*question.measures, *(part for ratio, of in RATIOS.items() if ratio in question.measures for part in of)}
    lines: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(needed, 0))
    closes = {window_of(question.window, on): on for on in period.days()}
    for dossier in own:
        line = traits(dossier, question.by)
        for what, on in happened(dossier, period.last):
            if on in period and what in needed:
                lines[window_of(question.window, on), *line][what] += 1
        for window, close in closes.items():
            if dossier.accepted_on is not None and dossier.accepted_on <= close and not dossier.ended_by(close):
                for what, stands in (("in_progress", True), ("in_progress_late", dossier.late_by(close))):
                    if what in needed and stands:
                        lines[window, *line][what] += 1
    return {key: shown(line, question) for key, line in lines.items() if any(line.values())}


def shown(line: dict[str, int], question: Question) -> dict[str, Any]:
    return {
        one: share(line["resolved"] - line["resolved_late"], line["resolved"]) if one == "on_time_rate" else line[one]
        for one in question.measures
    }


def lasted(facts: list[Fact], question: Question, period: Period, scope: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Answer a question about durations dossier by dossier."""
    lines: dict[tuple[Any, ...], list[dict[str, int]]] = defaultdict(list)
    for dossier in dossiers_of(facts).values():
        if not (resolved(dossier, period) and in_scope(dossier.agency, scope) and dossier.ended_on):
            continue
        if all((traits(dossier, [cut])[0] or "") in of for cut, of in question.where.items()):
            days, working = lain(dossier, plain) or {}, lain(dossier, worked) or {}
            names = {f"{holder}_{unit}": of[holder] for unit, of in zip(UNITS, (days, working), strict=True) for holder in of}
            lines[window_of(question.window, dossier.ended_on), *traits(dossier, question.by)].append(names)
    return {
        key: {
            "dossiers": len(of),
            **{one: {f"p{p}": percentile([each[one] for each in of], p) for p in question.percentiles} for one in question.measures},
        }
        for key, of in lines.items()
    }


async def answered(mirror: Tables, question: Question, period: Period, scope: Any, limit: int, then: Any = None) -> dict[Any, Any]:
    """Answer by SQL, page after page; insist that no line comes twice and that they come in order."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    after: tuple[Any, ...] | None = None
    keys: list[Any] = []
    while True:
        page = Page(after, limit)
        async with mirror.reading(then) as reading:
            rows = await asked(reading, question, period, scope, page, FREE)
        for row in rows[:limit]:
            line = line_of(question, row)
            key = (line.pop("window", ""), *(line.pop(one) for one in question.by))
            assert key not in found
            found[key] = line
            keys.append(row["at"])
        if len(rows) <= limit:
            assert keys == sorted(keys)
            return found
        at, *of = key_of(question, rows[limit - 1])
        after = (at.isoformat(), *of)


@st.composite
def questions(draw: st.DrawFn, measures: Sequence[Measure]) -> Question:
    """Any question."""
    cuts = st.sampled_from(KNOWN)
    return Question(
        measures=tuple(draw(st.lists(st.sampled_from(measures), min_size=1, max_size=5, unique=True))),
        by=tuple(draw(st.lists(cuts, max_size=3, unique=True))),
        window=draw(st.sampled_from([None, *get_args(WindowOf)])),
        where={cut: draw(st.lists(st.sampled_from(VALUES[cut]), min_size=1, max_size=2)) for cut in draw(st.lists(cuts, max_size=1))},
        percentiles=tuple(draw(st.lists(st.integers(1, 99), min_size=1, max_size=3, unique=True))),
    )


COUNTS: Final[tuple[Measure, ...]] = (*FLOWS, *STOCKS, *RATIOS)
P: Final = Paper("p")


@settings(ANY_HISTORY, max_examples=60)
@given(facts=histories(), question=questions(COUNTS), period=periods, scope=scopes, limit=st.integers(1, 5), data=st.data())
async def test_any_question_about_counts_is_what_somebody_would_count_by_hand_now_and_as_of_any_position(
    mirror: Tables, facts: list[Fact], question: Question, period: Period, scope: Any, limit: int, data: st.DataObject
) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    assert await answered(mirror, question, period, scope, limit) == counted(facts, question, period, scope)
    of_intake = [fact for fact in facts if source_of(fact) == "intake"]
    at = data.draw(st.integers(0, len(of_intake)))
    known = await answered(mirror, question, period, scope, limit, then=(at, 1 << 40))
    assert known == counted(of_intake[:at], question, period, scope)


@settings(ANY_HISTORY, max_examples=40)
@given(facts=histories(), question=questions(get_args(Duration)), period=periods, scope=scopes, limit=st.integers(1, 5))
@example(
    facts=[P.submitted(0), P.accepted(2, due=12), P.supplement_requested(4), P.rescheduled(7, due=17), P.ready(10)],
    question=Question(measures=("applicant_working_days",), where={}, window="quarter"),
    period=Period(day(0), day(29)),
    scope=None,
    limit=1,
)
async def test_any_question_about_durations_is_what_somebody_would_find_by_hand(
    mirror: Tables, facts: list[Fact], question: Question, period: Period, scope: Any, limit: int
) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    assert await answered(mirror, question, period, scope, limit) == lasted(facts, question, period, scope)


@given(st.text(max_size=30), st.text(max_size=30), st.lists(st.text(max_size=10), max_size=2))
def test_nothing_that_a_caller_writes_is_in_the_text_of_a_statement(value: str, key: str, more: list[str]) -> None:
    def text(value: str, key: str, more: list[str], question_of: Any) -> str:
        question = Question(measures=question_of, by=("field",), window="month", where={"agency": [value, *more]})
        parameters = Parameters([day(0), day(9), None, day(0), []])
        page = Page(("2026-03-01", key), 7)
        statement = durations(question, page, parameters) if question.of_durations else counts(question, page, parameters, None)
        assert [value, *more] in parameters.values
        assert key in parameters.values
        return statement

    for of in (("accepted", "in_progress", "on_time_rate"), ("total_days",)):
        assert text(value, key, more, of) == text("", "", [], of)


def test_the_catalogue_has_every_word_and_says_why_satisfaction_is_none_of_them() -> None:
    found = catalogue()
    assert [one["id"] for one in found["measures"]] == [*FLOWS, *STOCKS, *RATIOS, *DURATIONS]
    assert all(one["says"] for one in found["measures"])
    assert found["dimensions"] == list(get_args(Cut))
    assert "satisfaction" in found["left_out"]
    assert [label(one, date(2026, 12, 31)) for one in get_args(WindowOf)] == ["2026-12-31", "2026-12", "2026-Q4", "2026"]


async def test_what_costs_too_much_is_refused_before_it_is_read(mirror: Tables) -> None:
    question = Question(measures=("accepted",), where={})
    async with mirror.reading() as reading:
        with pytest.raises(TooCostly):
            await asked(reading, question, Period(day(0), day(9)), None, Page(None, 5), Bounds(cost_max=0.01, timeout_ms=1000))


# Over HTTP. -------------------------------------------------------------------------------------------------------------


async def test_a_question_is_answered_page_by_page_with_what_it_is_good_for(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    asking: dict[str, Any] = {**MARCH, "measure": ["accepted", "in_progress", "on_time_rate"], "by": "agency", "window": "month"}
    found = await mirrored.answer("/v1/query", **asking)
    assert found["items"] == [
        {"window": "2026-03", "agency": "H09.13", "accepted": 6, "in_progress": 1, "on_time_rate": 80.0},
        {"window": "2026-03", "agency": "H10", "accepted": 1, "in_progress": 1, "on_time_rate": None},
    ]
    assert (found["next"], found["period"], len(found["definition_hash"])) == (None, MARCH, 64)
    first = await mirrored.answer("/v1/query", **asking, limit=1)
    second = await mirrored.answer("/v1/query", **asking, limit=1, cursor=first["next"])
    assert first["items"] + second["items"] == found["items"]
    own = await mirrored.answer("/v1/query", "officer", agencies=("H10",), **asking)
    assert [item["agency"] for item in own["items"]] == ["H10"]
    lain_ = await mirrored.answer(
        "/v1/query", **MARCH, measure="total_days", percentile=[50, 75], where=["field:hoa-chat", "agency:H09.13"]
    )
    assert lain_["items"] == [{"dossiers": 5, "total_days": {"p50": 4, "p75": 4}}]
    before = await mirrored.answer("/v1/query", **MARCH, measure="accepted", as_of=["intake/2", "processing/0"])
    assert (before["items"], before["positions"]) == ([{"accepted": 1}], {"intake": 2, "processing": 0})
    token = mirrored.service.token("analyst", agencies=("*",))
    tag = (await mirrored.get("/v1/query", "analyst", **asking)).headers["etag"]
    again = await mirrored.service.ask("GET", "/v1/query", token, {"If-None-Match": tag}, params=asking)
    other = await mirrored.service.ask("GET", "/v1/query", token, {"If-None-Match": tag}, params={**asking, "window": "year"})
    assert (again.status_code, other.status_code) == (304, 200)


async def test_what_the_grammar_does_not_have_is_refused_and_named(mirrored: Mirrored) -> None:
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"measure": "n; DROP TABLE read.tally"}, "/measure/0"),
        ({"measure": "accepted", "by": "dossier_id"}, "/by/0"),
        ({"measure": "accepted", "where": "officer:x"}, "/where/0"),
        ({"measure": "accepted", "window": "week"}, "/window"),
        ({"measure": "total_days", "percentile": 100}, "/percentile/0"),
        ({"measure": ["accepted", "total_days"]}, "/measure"),
        ({"measure": "total_days", "as_of": "intake/1"}, "/as_of"),
        ({"measure": "accepted", "window": "day", "from": "2024-01-01", "to": "2026-03-01"}, "/window"),
        ({}, "/measure"),
    ]
    for wrong, pointer in wrongs:
        found = problem(await mirrored.get("/v1/query", "analyst", **{**MARCH, **wrong}), 422, "invalid-input")
        assert [error["pointer"] for error in found["errors"]] == [pointer], wrong
    odd = await mirrored.answer("/v1/query", **MARCH, measure="accepted", where="field:' OR true --")
    assert odd["items"] == []
    problem(await mirrored.get("/v1/query", "desk", **MARCH, measure="accepted"), 403, "not-allowed")
    problem(
        await mirrored.get("/v1/query", "officer", agencies=("H10",), **MARCH, measure="accepted", agency="H09.13"), 403, "other-agency"
    )
    assert (await mirrored.answer("/v1/query/catalogue", "officer"))["windows"] == ["day", "month", "quarter", "year"]
