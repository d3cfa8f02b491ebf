"""The measures of indicators: cases computed by hand, and two computations that agree on any history."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from hypothesis import example, given, settings

from contracts.fact import Fact
from services.reporting.domain.measure_names import MEASURES
from services.reporting.domain.measures import Counts, measured
from services.reporting.domain.period import Period
from services.reporting.query_measures import measures
from tests.services.reporting.facts import Paper
from tests.services.reporting.tables import Tables
from tests.services.reporting.test_figures import ANY_HISTORY, MARCH, scopes
from tests.services.reporting.worlds import asked, filed, opined, paid, periods, revised, seen, version, worked, worlds

P: Final = Paper("p")
ASKED_ONCE: Final = (P.submitted(0), P.accepted(0, due=7), P.supplement_requested(3), P.rescheduled(15, due=22))


def counted(*facts: Fact, period: Period = MARCH) -> Counts:
    return measured(seen(facts), period, None, worked)


def some(*facts: Fact, period: Period = MARCH) -> dict[str, int | None]:
    return {name: number for name, number in counted(*facts, period=period).items() if number}


def test_qd_766_takes_the_days_of_waiting_off_where_the_decree_lets_the_limit_begin_anew() -> None:
    # Waited 12 days, so day 19 is as good as day 7. The decree gave day 22.
    assert counted(*ASKED_ONCE, P.ready(19))["qd766_in_time"] == 1
    late = counted(*ASKED_ONCE, P.ready(20))
    assert (late["qd766_in_time"], late["resolved_early"], late["resolved_late"]) == (0, 1, 0)


def test_qd_766_calls_late_who_had_to_ask_twice_however_quick_he_was() -> None:
    facts = (
        P.submitted(0),
        P.supplement_requested(0, stage="desk"),
        P.accepted(1, due=9),
        P.supplement_requested(2),
        P.rescheduled(3, due=11),
    )
    found = counted(*facts, P.ready(4))
    assert (found["qd766_in_time"], found["resolved_early"], found["supplements_more"]) == (0, 1, 1)


def test_qd_766_counts_from_the_appointment_that_law_moved_and_only_what_was_waited_since() -> None:
    moved = P.rescheduled(10, due=14).model_copy(update={"reason": "extension"})
    facts = (P.submitted(0), P.accepted(0, due=7), P.supplement_requested(2), P.rescheduled(6, due=11), moved)
    assert counted(*facts, P.ready(14))["qd766_in_time"] == 1
    assert counted(*facts, P.ready(15))["qd766_in_time"] == 0


def test_the_applicants_working_days_are_not_the_departments() -> None:
    # Days 5, 6, 12 and 13 are weekends: 14 working days from 0 to 18, of which 8 from 3 to 15 were waited.
    found = counted(*ASKED_ONCE, P.ready(18))
    assert (found["limit_days_allowed"], found["limit_days_used"]) == (5, 14 - 8)


def test_a_dossier_is_digitised_once_every_paper_of_it_has_a_file() -> None:
    two = P.submitted(0).model_copy(update={"components": ("don-de-nghi", "ho-so-khac")})
    facts = (two, P.accepted(0, due=7), filed(two, "a", 1))
    assert (counted(*facts)["digitisable"], counted(*facts)["digitised"]) == (1, 0)
    assert counted(*facts, filed(two, "b", 2, "ho-so-khac"))["digitised"] == 1
    assert counted(*facts, filed(two, "b", 31, "ho-so-khac"))["digitised"] == 0


def test_the_door_is_measured_by_what_was_paid_published_and_asked() -> None:
    submitted = P.submitted(0)
    # From Friday, day 4, five working days are over with Friday, day 11.
    facts = [paid(submitted, 1, "online"), paid(submitted, 2, "cash"), revised(11, 4), revised(14, 4), version("2.000001", 3, whole=False)]
    facts += [asked("a", 1, due=5), opined("a", 4), asked("b", 1, due=5), opined("b", 5), asked("c", 1, due=5), asked("d", 20, due=29)]
    assert some(*facts) == {
        "payments": 2,
        "payments_online": 1,
        "revisions": 2,
        "revisions_in_time": 1,
        "procedures": 1,
        "consultations_early": 1,
        "consultations_on_time": 1,
        "consultations_late": 1,
    }


def test_what_hangs_on_days_that_no_calendar_knows_is_none_and_no_zero() -> None:
    found = counted(revised(0, -9000))
    assert (found["revisions"], found["revisions_in_time"]) == (1, None)


@settings(ANY_HISTORY, max_examples=40)
@given(facts=worlds(), period=periods, scope=scopes)
@example(facts=[revised(0, -9000), *ASKED_ONCE, P.ready(18)], period=MARCH, scope=None)
async def test_sql_and_the_fold_find_the_same_measures(mirror: Tables, facts: list[Fact], period: Period, scope: Any) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    async with mirror.reading() as reading:
        found = await measures(reading, period, scope)
    folded = measured(seen(facts), period, scope, worked)
    assert {name: (found[name], folded[name]) for name in MEASURES if found[name] != folded[name]} == {}
    assert list(found) == list(MEASURES)


async def test_where_no_calendar_reaches_both_say_that_they_do_not_know(mirror: Tables) -> None:
    old = [P.submitted(0), P.accepted(0, due=7), P.ready(3)]
    long_ago = [fact.model_copy(update={name: moment.replace(year=1990) for name, moment in fact if name.endswith("_at")}) for fact in old]
    await mirror.tell(*long_ago)
    async with mirror.reading() as reading:
        found = await measures(reading, Period(date(1990, 1, 1), date(1990, 12, 31)), None)
    assert found["limit_days_used"] is None
    assert found == measured(seen(long_ago), Period(date(1990, 1, 1), date(1990, 12, 31)), None, worked)
