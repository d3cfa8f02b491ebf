"""With whom dossiers lay: by hand, two computations that agree, and parts that add up to the whole."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, Final

from hypothesis import given, settings

from contracts.fact import Fact
from kernel.legalclock import load_calendar
from services.reporting.domain.dwell import HOLDERS, PERCENTILES, lain, percentile
from services.reporting.domain.figures import dossiers_of, in_scope, resolved
from services.reporting.domain.period import Period
from services.reporting.query_dwell import dwell
from tests.services.reporting.facts import Paper, day
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.tables import Tables
from tests.services.reporting.test_figures import ANY_HISTORY, histories, periods, scopes
from tests.services.rig import problem

P: Final = Paper("p")
CALENDAR: Final = load_calendar()


def plain(since: date, until: date) -> int:
    """Count all days."""
    return (until - since).days


def worked(since: date, until: date) -> int:
    """Count those that are worked, day by day."""
    return sum(CALENDAR.is_working(since + timedelta(days=n)) for n in range(1, (until - since).days + 1))


def test_the_applicants_time_is_that_in_which_the_clock_stood_still() -> None:
    # Day 0 is a Monday: 5 and 6 are a weekend.
    (dossier,) = dossiers_of(
        [P.submitted(0), P.accepted(2, due=12), P.supplement_requested(4), P.rescheduled(7, due=17), P.ready(10)]
    ).values()
    assert lain(dossier, plain) == {"desk": 2, "department": 5, "applicant": 3, "total": 10}
    assert lain(dossier, worked) == {"desk": 2, "department": 5, "applicant": 1, "total": 8}


def test_what_is_in_progress_or_was_refused_has_not_lain_yet() -> None:
    for facts in ([P.submitted(0), P.accepted(2, due=12)], [P.submitted(0), P.refused(1)], [P.submitted(0), P.withdrawn(1)]):
        (dossier,) = dossiers_of(facts).values()
        assert lain(dossier, plain) is None


@ANY_HISTORY
@given(facts=histories())
def test_the_parts_add_up_to_the_whole(facts: list[Fact]) -> None:
    for dossier in dossiers_of(facts).values():
        for days in (plain, worked):
            if (found := lain(dossier, days)) is not None:
                assert sum(found[holder] for holder in HOLDERS) == found["total"]
                assert min(found.values()) >= 0


@settings(ANY_HISTORY, max_examples=40)
@given(facts=histories(), period=periods, scope=scopes)
async def test_sql_and_the_definition_find_the_same_percentiles(mirror: Tables, facts: list[Fact], period: Period, scope: Any) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    async with mirror.reading() as reading:
        found = await dwell(reading, period, scope, ["field", "agency"])
    lines = defaultdict[tuple[str, str], list[tuple[dict[str, int], dict[str, int]]]](list)
    for dossier in dossiers_of(facts).values():
        days, working = lain(dossier, plain), lain(dossier, worked)
        if days and working and resolved(dossier, period) and in_scope(dossier.agency, scope):
            lines[dossier.field, dossier.agency].append((days, working))
    expected = [
        {
            "field": field,
            "agency": agency,
            "dossiers": len(line),
            **{
                holder: {
                    name: {f"p{percent}": percentile([one[n][holder] for one in line], percent) for percent in PERCENTILES}
                    for n, name in enumerate(("days", "working_days"))
                }
                for holder in (*HOLDERS, "total")
            },
        }
        for (field, agency), line in sorted(lines.items())
    ]
    assert sorted(found["items"], key=lambda item: (item["field"], item["agency"])) == expected


async def test_days_that_no_calendar_knows_are_told_as_days_only(mirror: Tables) -> None:
    await mirror.tell(P.submitted(0), P.accepted(1, due=12), P.ready(4))
    async with mirror.reading() as reading:
        found = await dwell(reading, Period(date(1990, 1, 1), day(10)), None, ["unit"])
    assert found["calendar"] is None
    (line,) = found["items"]
    assert (line["total"]["days"], line["total"]["working_days"], line["applicant"]["working_days"]) == ({"p50": 4, "p90": 4}, None, None)


async def test_dwell_is_told_to_readers_of_their_own_agencies(mirrored: Mirrored) -> None:
    other = Paper("other", agency="H10")
    for paper in (P, other):
        await mirrored.tell(paper.submitted(0), paper.accepted(1, due=12), paper.ready(4))
    await mirrored.level()
    found = await mirrored.answer("/v1/dwell", "officer", agencies=("H09.13",), **MARCH, cut="agency")
    assert [(item["agency"], item["dossiers"], item["desk"]["days"]["p50"]) for item in found["items"]] == [("H09.13", 1, 1)]
    assert (found["calendar"], found["period"]) == (CALENDAR.version, MARCH)
    problem(await mirrored.get("/v1/dwell", "portal"), 403, "not-allowed")
