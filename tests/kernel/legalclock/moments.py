"""Short words for the tests: local moments, the whole calendar, a deadline in one line, and what several modules generate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from kernel.legalclock import (
    VIETNAM,
    Calendar,
    Deadline,
    DeadlineLike,
    Entry,
    Limit,
    LimitUnit,
    StartRule,
    at,
    day_of,
    deadline,
    load_calendar,
    midnight,
    rule_pack_on,
)
from kernel.legalclock.calendar import Coverage

ALL_KNOWN = load_calendar()
UNITS: tuple[LimitUnit, ...] = ("working-days", "calendar-days", "working-hours")
START_RULES: tuple[StartRule, ...] = ("complete", "arrival")


def local(text: str) -> datetime:
    """Read "2018-10-05 09:59" as a moment in Viet Nam."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def plain(instant: datetime) -> str:
    """Write an instant as local "2018-10-05 09:59"."""
    return f"{instant.astimezone(VIETNAM):%Y-%m-%d %H:%M}"


def due(start_at: datetime, amount: int, unit: LimitUnit, start_rule: StartRule = "complete", calendar: Calendar = ALL_KNOWN) -> Deadline:
    """Compute a deadline under the rules of its day."""
    return deadline(start_at, Limit(amount, unit), start_rule, calendar, rule_pack_on(day_of(start_at)))


def around(day: date, *entries: Entry) -> Calendar:
    """Give a few months around a day with more entries: what-if at a price that a generated test can pay."""
    first = max(day - timedelta(days=160), date(2018, 1, 1))
    few = Coverage(first=first, until=day + timedelta(days=260))
    known = replace(ALL_KNOWN.knowledge, coverage=(few,), made={})
    return Calendar("vn", known, ALL_KNOWN.known_at).adding(*entries)


def counted(it: DeadlineLike) -> int | timedelta:
    """Sum what counts in a deadline's segments, in days or in time."""
    counting = [segment for segment in it.segments if segment.counts]
    if it.limit.unit == "working-hours":
        return sum((segment.end_at - segment.start_at for segment in counting), timedelta())
    days: set[date] = set()
    for segment in counting:
        day = day_of(segment.start_at)
        while midnight(day) < segment.end_at:
            assert day not in days, f"{day} counts twice"
            days.add(day)
            day += timedelta(days=1)
    return len(days)


def assert_explains_itself(it: DeadlineLike, event_at: datetime) -> None:
    """Segments run from the event to the due instant with no gap or overlap, each with a reason and a source, and add up to the limit."""
    assert it.segments[0].start_at == event_at
    assert it.segments[-1].end_at == it.due_at
    for one, other in zip(it.segments, it.segments[1:], strict=False):
        assert one.end_at == other.start_at
    for segment in it.segments:
        assert segment.start_at < segment.end_at
        assert segment.why
        assert segment.source
    assert counted(it) == (timedelta(hours=it.limit.amount) if it.limit.unit == "working-hours" else it.limit.amount)
    assert day_of(it.due_at) == it.due_on


def beside(day: date, clock: time, microseconds: int) -> datetime:
    """Give the instant at which something changes, or its neighbour."""
    return at(day, clock) + timedelta(microseconds=microseconds)


moments = st.datetimes(datetime(2018, 6, 21), datetime(2027, 6, 30)).map(  # noqa: DTZ001 - local, made aware at once
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=VIETNAM)
)
exact_moments = st.datetimes(datetime(2018, 6, 21), datetime(2027, 6, 30)).map(  # noqa: DTZ001 - local, made aware at once
    lambda moment: moment.replace(tzinfo=VIETNAM)
)
edges = st.builds(
    beside,
    st.dates(date(2018, 6, 22), date(2027, 6, 30)),
    st.sampled_from([time(0), time(7, 30), time(11, 30), time(13), time(15), time(17)]),
    st.sampled_from([-1, 0, 1]),
)
any_moment = st.one_of(exact_moments, edges)
