"""The figures: cases computed by hand, invariants, and two implementations that must agree on any history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contracts.fact import Fact
from contracts.feedback_surveys import AnswerRecorded
from services.reporting.domain import figures
from services.reporting.domain.figures import BESIDE, FORM, Dossier, count, dossiers_of, in_scope, lines
from services.reporting.domain.period import Period, month_of
from services.reporting.projections import MIRROR
from tests.services.reporting.facts import Paper, day, mixed, rated, replied, said
from tests.services.reporting.tables import Tables

P = Paper("p")
MARCH: Final = Period(day(0), day(29))
SUMS: Final = (
    ("received", ("received_online", "received_direct", "carried_over")),
    ("received", ("resolved", "in_progress")),
    ("resolved", ("resolved_early", "resolved_on_time", "resolved_late")),
    ("in_progress", ("in_progress_in_time", "in_progress_late")),
)
"""What the form demands of its columns."""


def counted(*facts: Fact, period: Period = MARCH) -> set[str]:
    """Give the columns that one dossier counts in."""
    return {name for name, number in count(dossiers_of(facts).values(), period, {**FORM, **BESIDE}).items() if number}


# Cases computed by hand. Each is asked of the definition; the differential test below ties SQL to the definition.


def test_e_25_a_result_that_is_ready_before_the_appointment_is_early_though_it_is_handed_over_on_its_day() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.ready(4))
    for history in (facts, (*facts, P.returned(7))):
        assert counted(*history) == {"received", "received_direct", "resolved", "resolved_early"}


def test_a_result_on_the_day_of_the_appointment_is_on_time_also_after_office_hours() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.ready(7, "23:59"))
    assert counted(*facts) == {"received", "received_direct", "resolved", "resolved_on_time"}


def test_a_result_at_local_midnight_is_late_by_a_day_though_in_utc_it_is_still_the_day_of_the_appointment() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.ready(8, "00:00"))
    assert counted(*facts) == {"received", "received_direct", "resolved", "resolved_late"}


def test_e_26_ready_in_time_and_collected_two_months_later_is_on_time() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.ready(7), P.returned(67))
    assert counted(*facts) == {"received", "received_direct", "resolved", "resolved_on_time"}
    assert counted(*facts, period=Period(day(30), day(90))) == set()


def test_a_refusal_by_decision_is_a_resolution_and_can_be_late() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.decided(8, "refused"), P.ready(8, outcome="refused"))
    assert counted(*facts) == {"received", "received_direct", "resolved", "resolved_late"}


def test_a_refusal_at_the_desk_is_in_no_column_of_the_form() -> None:
    assert counted(P.submitted(0), P.refused(1)) == {"refused"}


def test_what_is_only_submitted_is_in_no_column() -> None:
    assert counted(P.submitted(0)) == set()


def test_withdrawn_before_acceptance_is_in_no_column_of_the_form() -> None:
    assert counted(P.submitted(0), P.withdrawn(1)) == {"withdrawn"}


def test_withdrawn_before_the_appointment_is_on_time_and_never_early() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.withdrawn(3))
    assert counted(*facts) == {"received", "received_direct", "resolved", "resolved_on_time", "withdrawn"}


def test_withdrawn_after_the_appointment_is_late() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.withdrawn(8))
    assert counted(*facts) == {"received", "received_direct", "resolved", "resolved_late", "withdrawn"}


def test_e_16_what_has_no_limit_is_received_and_resolved_and_on_time_whenever_it_ends() -> None:
    facts = (P.submitted(0), P.accepted(0, due=None), P.ready(25))
    assert counted(*facts) == {"received", "received_direct", "resolved", "resolved_on_time"}
    assert counted(*facts[:2]) == {"received", "received_direct", "in_progress", "in_progress_in_time"}


def test_on_the_day_of_the_appointment_what_is_not_ready_is_still_in_time() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7))
    assert "in_progress_in_time" in counted(*facts, period=Period(day(0), day(7)))
    assert "in_progress_late" in counted(*facts, period=Period(day(0), day(8)))


def test_paused_and_rescheduled_is_judged_by_the_new_appointment() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.supplement_requested(3), P.rescheduled(15, due=22))
    assert "resolved_early" in counted(*facts, P.ready(21))
    assert "resolved_on_time" in counted(*facts, P.ready(22))
    assert "resolved_late" in counted(*facts, P.ready(23))


def test_an_apology_with_a_new_day_changes_no_figure_for_the_limit_stays_what_it_was() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.reappointed(6, due=7, new_due=14))
    assert counted(*facts, P.ready(10)) == {"received", "received_direct", "resolved", "resolved_late"}
    assert "in_progress_late" in counted(*facts, period=Period(day(0), day(8)))


def test_while_the_applicant_is_awaited_nothing_is_late() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.supplement_requested(7))
    assert counted(*facts) == {"received", "received_direct", "in_progress", "in_progress_in_time"}


def test_an_appointment_that_was_missed_stays_missed_when_the_clock_begins_anew() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.supplement_requested(8), P.rescheduled(10, due=24))
    assert "in_progress_late" in counted(*facts, period=Period(day(0), day(12)))
    assert "resolved_late" in counted(*facts, P.ready(12))


def test_a_supplement_asked_for_at_the_desk_stops_no_clock() -> None:
    facts = (P.submitted(0), P.supplement_requested(0, stage="desk"), P.accepted(2, due=9), P.ready(9))
    assert counted(*facts) == {"received", "received_direct", "resolved", "resolved_on_time"}


def test_accepted_just_after_local_midnight_of_the_first_of_april_is_not_in_march() -> None:
    facts = (P.submitted(29), P.accepted(30, due=37, clock="00:01"))
    assert counted(*facts, period=Period(day(0), day(29))) == set()
    assert "received_direct" in counted(*facts, period=Period(day(30), day(59)))


def test_what_was_overdue_in_one_period_and_resolved_in_the_next_is_late_in_both() -> None:
    facts = (P.submitted(0), P.accepted(0, due=7), P.ready(40))
    assert counted(*facts) == {"received", "received_direct", "in_progress", "in_progress_late"}
    assert counted(*facts, period=Period(day(30), day(59))) == {"received", "carried_over", "resolved", "resolved_late"}


@pytest.mark.parametrize(("channel", "column"), [("online", "received_online"), ("desk", "received_direct"), ("post", "received_direct")])
def test_the_post_is_counted_with_the_desk(channel: Any, column: str) -> None:
    paper = replace(P, channel=channel)
    assert counted(paper.submitted(0), paper.accepted(0, due=7)) >= {"received", column}


# Any history.

DAYS_MAX: Final = 40
CLOCKS: Final = ("00:00", "00:01", "06:59", "07:00", "12:00", "17:00", "23:59")
AGENCIES: Final = ("H09.13", "H09.13.2", "H09.1", "H10")


@st.composite
def lives(draw: st.DrawFn, name: str) -> list[Fact]:
    """A dossier's life as intake and processing would record it: in order, and with a gap of some days between two facts."""
    paper = Paper(
        name,
        draw(st.sampled_from(AGENCIES)),
        draw(st.sampled_from(["hoa-chat", "dien"])),
        draw(st.sampled_from(["online", "desk", "post"])),
    )
    gaps, clocks = st.integers(0, 9), st.sampled_from(CLOCKS)
    on = draw(st.integers(0, DAYS_MAX))
    facts: list[Fact] = [paper.submitted(on, "00:00")]

    def later() -> int:
        nonlocal on
        on += draw(gaps)
        return on

    def due() -> int:
        return on + draw(st.integers(0, 12))

    if draw(st.booleans()):
        facts.append(paper.supplement_requested(later(), "00:00", "desk"))
    match draw(st.sampled_from(["wait", "refuse", "withdraw", *["accept"] * 7])):
        case "wait":
            return facts
        case "refuse":
            return [*facts, paper.refused(later())]
        case "withdraw":
            return [*facts, paper.withdrawn(later())]
        case _:
            facts.append(paper.accepted(later(), draw(st.one_of(st.none(), st.just(due()))), "00:00"))
    for _ in range(draw(st.integers(0, 2))):
        facts.append(paper.supplement_requested(later(), "23:58"))
        if draw(st.booleans()):
            return facts
        facts.append(paper.rescheduled(later(), due(), "23:59"))
    if draw(st.booleans()):
        facts.append(paper.reappointed(later(), on, on + 9))
    match draw(st.sampled_from(["wait", "withdraw", *["ready"] * 4])):
        case "withdraw":
            facts.append(paper.withdrawn(later(), "23:59"))
        case "ready":
            facts += [paper.decided(on), paper.ready(later(), draw(clocks) if draw(gaps) else "23:59")]
            if draw(st.booleans()):
                facts.append(paper.returned(later(), "23:59"))
        case _:
            pass
    return facts


@st.composite
def voices(draw: st.DrawFn, name: str) -> list[Fact]:
    """An invitation that may be used, an answer, an opinion that may be answered."""
    paper = Paper(f"v{name}", draw(st.sampled_from(AGENCIES)), draw(st.sampled_from(["hoa-chat", "dien"])))
    on = draw(st.integers(0, DAYS_MAX))
    facts: list[Fact] = [paper.invited(on), *([paper.answered(on)] if draw(st.booleans()) else [])]
    points = draw(st.dictionaries(st.sampled_from(["time", "attitude"]), st.integers(0, 2)))
    facts.append(rated(name, draw(st.integers(0, DAYS_MAX)), draw(st.integers(1, 5)), points, agency=paper.agency, field=paper.field))
    level, of = draw(st.one_of(st.none(), st.integers(1, 5))), draw(st.sampled_from([paper.field, None]))
    facts.append(mixed(name, draw(st.integers(0, DAYS_MAX)), level, points, agency=paper.agency, field=of))
    facts.append(said(name, on, topic=draw(st.sampled_from(["delay", "praise"])), agency=paper.agency))
    return [*facts, *([replied(name, on + draw(st.integers(0, 20)), agency=paper.agency)] if draw(st.booleans()) else [])]


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Facts of some dossiers and some voices, mixed as logs mix them: in order within a dossier, in any order otherwise."""
    count_ = draw(st.integers(1, 6))
    told = [draw(lives(str(n))) for n in range(count_)] + [draw(voices(str(n))) for n in range(draw(st.integers(0, 3)))]
    order = draw(st.permutations([n for n, facts in enumerate(told) for _ in facts]))
    waiting = [iter(facts) for facts in told]
    return [next(waiting[n]) for n in order]


periods: Final = st.tuples(st.integers(-5, DAYS_MAX + 40), st.integers(0, 50)).map(lambda p: Period(day(p[0]), day(p[0] + p[1])))
scopes: Final = st.one_of(st.none(), st.lists(st.sampled_from(AGENCIES), min_size=1, max_size=2))


def summed(found: Iterable[dict[str, int]]) -> Counter[str]:
    """Add lines up."""
    total: Counter[str] = Counter()
    for line in found:
        total.update(line)
    return total


ANY_HISTORY: Final = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@ANY_HISTORY
@given(facts=histories(), period=periods, split=st.integers(0, 49), scope=scopes)
async def test_sql_and_the_definition_count_the_same(mirror: Tables, facts: list[Fact], period: Period, split: int, scope: Any) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    dossiers = list(dossiers_of(facts).values())
    own = [dossier for dossier in dossiers if in_scope(dossier.agency, scope)]
    assert await mirror.lines(period, scope) == lines(own, period)
    part = Period(period.first, min(period.last, day((period.first - day(0)).days + split)))
    assert await mirror.lines(part, scope) == lines(own, part)
    assert await mirror.kept_wrong() == []
    async with mirror.reading() as reading:
        assert await reading.beside(period) == count(dossiers, period, BESIDE)
        assert {m["month"]: (m["in_time"], m["late"]) for m in await reading.months(period, scope)} == resolved_by_month(own, period)


def resolved_by_month(dossiers: Iterable[Dossier], period: Period) -> dict[str, tuple[int, int]]:
    """Count what the chart shows."""
    found: Counter[tuple[str, bool]] = Counter()
    for dossier in dossiers:
        if figures.resolved(dossier, period) and dossier.ended_on is not None:
            found[month_of(dossier.ended_on), figures.resolved_late(dossier, period)] += 1
    return {month: (found[month, False], found[month, True]) for month, _ in found}


@ANY_HISTORY
@given(facts=histories(), period=periods)
def test_the_columns_add_up_and_the_fields_add_up_to_the_whole(facts: list[Fact], period: Period) -> None:
    dossiers = list(dossiers_of(facts).values())
    found = lines(dossiers, period)
    for line in (*found.values(), whole := count(dossiers, period, FORM)):
        assert all(line[total] == sum(line[part] for part in parts) for total, parts in SUMS)
    assert summed(found.values()) == Counter(whole)


@ANY_HISTORY
@given(facts=histories(), period=periods, at=st.integers(0, 49))
def test_a_period_split_in_two_adds_up_and_the_second_begins_where_the_first_ended(facts: list[Fact], period: Period, at: int) -> None:
    middle = day(min((period.last - day(0)).days - 1, (period.first - day(0)).days + at))
    if middle < period.first:
        return
    dossiers = list(dossiers_of(facts).values())
    whole, first, second = (
        count(dossiers, one, {**FORM, **BESIDE})
        for one in (period, Period(period.first, middle), Period(day((middle - day(0)).days + 1), period.last))
    )
    assert first["in_progress"] == second["carried_over"]
    added_up = ("resolved", "resolved_early", "resolved_on_time", "resolved_late", "received_online", "received_direct", *BESIDE)
    assert {name: whole[name] for name in added_up} == {name: first[name] + second[name] for name in added_up}
    assert whole["carried_over"] == first["carried_over"]
    assert whole["in_progress_late"] == second["in_progress_late"]


@ANY_HISTORY
@given(facts=histories(), period=periods)
@example(
    facts=[P.submitted(0), P.accepted(0, due=7), P.supplement_requested(20), P.rescheduled(25, due=35)], period=Period(day(0), day(10))
)
def test_what_happens_after_a_period_never_changes_it(facts: list[Fact], period: Period) -> None:
    known_then = [fact for fact in facts if day_of_fact(fact) <= period.last]
    assert lines(dossiers_of(known_then).values(), period) == lines(dossiers_of(facts).values(), period)


def day_of_fact(fact: Fact) -> date:
    """Give the local day on which a fact happened."""
    if isinstance(fact, AnswerRecorded):
        return fact.recorded_on
    body = fact.model_dump()
    return figures.day_of(next(body[name] for name in MOMENTS if name in body))


MOMENTS: Final = (
    *(
        "submitted_at",
        "requested_at",
        "accepted_at",
        "refused_at",
        "rescheduled_at",
        "reappointed_at",
        "withdrawn_at",
        "decided_at",
        "ready_at",
        "returned_at",
    ),
    *("issued_at", "used_at", "recorded_at", "received_at", "answered_at"),
)


@ANY_HISTORY
@given(facts=histories(), period=periods)
def test_what_is_late_is_never_on_time_afterwards(facts: list[Fact], period: Period) -> None:
    for dossier in dossiers_of(facts).values():
        if dossier.late_by(period.first):
            assert dossier.late_by(period.last)
            assert figures.verdict(dossier, period.last) in {None, "late"}


@settings(ANY_HISTORY, max_examples=25)
@given(facts=histories(), data=st.data(), period=periods)
async def test_the_order_in_which_services_are_heard_does_not_matter(
    mirror: Tables, facts: list[Fact], data: st.DataObject, period: Period
) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    first = await everything(mirror)
    await mirror.clear()
    order = data.draw(st.permutations(["intake", "processing", "feedback"]))
    await mirror.tell(*sorted(facts, key=lambda fact: order.index(fact.TYPE.partition(".")[0])))
    assert await everything(mirror) == first
    assert await mirror.lines(period) == lines(dossiers_of(facts).values(), period)


@settings(ANY_HISTORY, max_examples=20)
@given(
    facts=histories(), cut=st.lists(st.sampled_from(["month", "agency", "field", "unit", "procedure", "channel"]), unique=True, min_size=1)
)
async def test_any_cut_of_the_form_adds_up_to_the_whole_and_its_lines_obey_the_form(mirror: Tables, facts: list[Fact], cut: Any) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    period = Period(day(5), day(35))
    async with mirror.reading() as reading:
        found = [{name: line[name] for name in FORM} for line in await reading.figures(period, None, cut)]
    assert all(line[total] == sum(line[part] for part in parts) for line in found for total, parts in SUMS)
    assert summed(found) == Counter(count(dossiers_of(facts).values(), period, FORM))


@settings(ANY_HISTORY, max_examples=20)
@given(facts=histories())
async def test_what_is_counted_once_at_the_end_is_what_was_kept_all_along(mirror: Tables, facts: list[Fact]) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    kept = await everything(mirror)
    # As `index` does with a version that filled beside the shown one.
    await mirror.pool.execute(f"SET search_path = {MIRROR.consumer}, public; {MIRROR.kept_ddl}; RESET search_path")
    assert await everything(mirror) == kept


async def everything(mirror: Tables) -> dict[str, set[Any]]:
    """Read every row of every table."""
    found: dict[str, set[Any]] = {}
    for table in mirror.projector.model.tables:
        found[table] = {tuple(row) for row in await mirror.pool.fetch(f"SELECT * FROM read.{table}")}  # noqa: S608 - the model's own names
    return found


async def test_an_agency_holds_its_units_and_no_agency_whose_code_only_begins_alike(mirror: Tables) -> None:
    papers = [Paper(agency, agency) for agency in AGENCIES]
    await mirror.tell(*(fact for paper in papers for fact in (paper.submitted(0), paper.accepted(0, due=7))))
    assert {agency for _, agency, _ in await mirror.lines(MARCH, ["H09.13"])} == {"H09.13", "H09.13.2"}
    assert {agency for _, agency, _ in await mirror.lines(MARCH, ["H09.1"])} == {"H09.1"}
    assert await mirror.lines(MARCH, []) == {}


async def test_facts_that_come_twice_are_counted_once(mirror: Tables) -> None:
    facts = [P.submitted(0), P.accepted(0, due=7), P.ready(4), rated("r", 5, 5), said("o", 1)]
    await mirror.tell(*facts)
    first = await everything(mirror)
    # A crash between the rows and the checkpoint cannot be; a database that was restored from a copy is like this.
    await mirror.pool.execute("UPDATE log.checkpoint SET pos = 0")
    for source in mirror.projector.sources:
        await mirror.projector.begin(source)
    mirror.heads.clear()
    mirror.histories.clear()
    await mirror.tell(*facts)
    assert await everything(mirror) == first
