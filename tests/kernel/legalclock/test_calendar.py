"""The calendar's data, its states of knowledge and its edges."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from kernel.legalclock import VIETNAM, Entry, NaiveInstant, OutsideCalendar, Week, calendar_of_version, load_calendar
from kernel.legalclock.load import parse_calendar
from tests.kernel.legalclock.lunar import lunar_day
from tests.kernel.legalclock.moments import ALL_KNOWN, due, local, plain
from tests.kernel.legalclock.walker import DAY, works

PUBLISHED = (
    "vn-2018-01-01-fe751196e5f8",
    "vn-2018-07-31-40ed3c86cbc1",
    "vn-2024-04-12-80c838c1b6ec",
    "vn-2024-12-31-e3ce552cfd3d",
    "vn-2025-12-25-9d53d26766e7",
    "vn-2025-12-31-cdc6b16652d1",
    "vn-2026-01-07-0204dbe8a48e",
)


def every_day() -> list[date]:
    return [date.fromordinal(ordinal) for ordinal in range(date(2018, 1, 1).toordinal(), date(2028, 1, 1).toordinal())]


def test_every_day_of_ten_years_is_what_a_list_copied_by_hand_says() -> None:
    assert [day for day in every_day() if ALL_KNOWN.is_working(day) != works(day)] == []


def test_a_version_once_published_never_changes() -> None:
    """A deadline names its calendar. If this fails, data was edited that should have been added to: see the head of vn.toml."""
    assert tuple(calendar.version for calendar in load_calendar().versions())[: len(PUBLISHED)] == PUBLISHED


def test_a_deadline_leads_back_to_the_very_calendar_it_was_computed_with() -> None:
    for calendar in load_calendar().versions():
        assert calendar_of_version(calendar.version) is calendar
    with pytest.raises(LookupError, match="no calendar has version vn-2026-01-07-000000000000"):
        calendar_of_version("vn-2026-01-07-000000000000")
    with pytest.raises(LookupError, match=r"no calendar has version \.\./secrets-1"):
        calendar_of_version("../secrets-1")


def test_a_late_letter_moves_a_date_only_for_those_who_could_know_it() -> None:
    accepted = local("2025-12-24 09:00")
    before = ALL_KNOWN.as_known_at(local("2025-12-24 23:59"))
    after = ALL_KNOWN.as_known_at(local("2025-12-25 00:00"))

    assert due(accepted, 6, "working-days", calendar=before).due_on == date(2026, 1, 2)
    assert due(accepted, 6, "working-days", calendar=after).due_on == date(2026, 1, 5)
    assert before.version != after.version
    assert not before.is_working(date(2026, 1, 10))
    assert after.is_working(date(2026, 1, 10))


def test_knowledge_can_be_asked_for_backwards_and_forwards_and_is_made_once() -> None:
    early = ALL_KNOWN.as_known_at(local("2018-10-05 10:00"))

    assert early.as_known_at(local("2026-11-24 10:00")) is ALL_KNOWN
    assert ALL_KNOWN.as_known_at(local("2018-10-05 10:00")) is early
    assert ALL_KNOWN.as_known_at(local("2018-11-05 10:00")) is early


def test_the_holiday_of_culture_was_not_known_before_it_was_decided() -> None:
    assert ALL_KNOWN.as_known_at(local("2026-01-06 10:00")).is_working(date(2026, 11, 24))
    assert not ALL_KNOWN.is_working(date(2026, 11, 24))


@pytest.mark.parametrize("year", range(2018, 2028))
def test_lunar_holidays_agree_with_moon_and_sun_over_viet_nam(year: int) -> None:
    by_occasion = {
        occasion: {entry.on for entry in ALL_KNOWN.knowledge.entries if entry.occasion == occasion and entry.on.year == year}
        for occasion in ("Tết Nguyên đán", "Giỗ Tổ Hùng Vương")
    }

    first = lunar_day(year, 1, 1)
    assert {first - DAY, first, first + DAY, first + 2 * DAY} <= by_occasion["Tết Nguyên đán"]
    assert lunar_day(year, 3, 10) in by_occasion["Giỗ Tổ Hùng Vương"]


def test_the_moon_over_viet_nam_is_not_the_moon_over_china() -> None:
    assert [lunar_day(year, 1, 1) for year in (2007, 2030, 2053)] == [date(2007, 2, 17), date(2030, 2, 2), date(2053, 2, 18)]


def test_a_day_in_lieu_follows_a_holiday_on_a_weekly_day_of_rest() -> None:
    entries = ALL_KNOWN.knowledge.entries
    holidays = {entry.on for entry in entries if entry.kind == "holiday"}
    made_good = {entry.other for entry in entries if entry.kind == "in-lieu"}

    assert {day for day in holidays if day.weekday() >= 5} == made_good


def test_a_swapped_day_and_its_saturday_come_in_pairs() -> None:
    pairs = {(entry.kind, entry.on, entry.other) for entry in ALL_KNOWN.knowledge.entries if entry.kind.startswith("swapped")}

    assert pairs
    for kind, on, other in pairs:
        assert ("swapped-off" if kind == "swapped-in" else "swapped-in", other, on) in pairs
        assert on.weekday() == 5 if kind == "swapped-in" else on.weekday() < 5


def test_what_is_not_decided_says_that_it_is_provisional() -> None:
    provisional = {entry.on for entry in ALL_KNOWN.knowledge.entries if entry.provisional}

    assert provisional
    assert {day.year for day in provisional} == {2027}
    assert any("(dự kiến)" in segment.why for segment in due(local("2027-02-02 09:00"), 5, "working-days").segments)


@pytest.mark.parametrize("moment", ["2017-12-31 23:59", "2028-01-01 00:00"])
def test_a_moment_outside_the_covered_years_is_refused_not_guessed(moment: str) -> None:
    with pytest.raises(OutsideCalendar, match=r"lies outside the calendar, which covers \[2018-01-01, 2028-01-01\)"):
        ALL_KNOWN.next_opening(local(moment))
    with pytest.raises(OutsideCalendar):
        ALL_KNOWN.time_worked(local(moment))


@pytest.mark.parametrize("unit", ["working-days", "calendar-days"])
def test_a_limit_that_leads_beyond_the_covered_years_is_refused(unit: str) -> None:
    assert due(local("2027-12-30 09:00"), 1, "working-days").due_on == date(2027, 12, 31)
    with pytest.raises(OutsideCalendar):
        due(local("2027-12-30 09:00"), 2, "calendar-days" if unit == "calendar-days" else "working-days")


def test_hours_that_lead_beyond_the_covered_years_are_refused() -> None:
    assert plain(due(local("2027-12-31 07:30"), 8, "working-hours").due_at) == "2027-12-31 17:00"
    with pytest.raises(OutsideCalendar):
        due(local("2027-12-31 07:31"), 8, "working-hours")


def test_an_instant_in_any_zone_is_the_same_instant_and_one_without_a_zone_is_none() -> None:
    utc = datetime(2018, 10, 5, 2, 59, tzinfo=UTC)

    assert due(utc, 5, "working-days") == due(utc.astimezone(VIETNAM), 5, "working-days")
    assert due(utc, 5, "working-days").due_at.tzinfo is UTC
    with pytest.raises(NaiveInstant, match="has no time zone"):
        ALL_KNOWN.next_opening(datetime(2018, 10, 5, 9, 59))  # noqa: DTZ001 - that is the point


def test_a_half_day_is_a_working_day_that_closes_early() -> None:
    half = Entry(on=date(2018, 10, 8), kind="half-day", source="Công văn giả định", occasion="Họp", windows=((time(7, 30), time(11, 30)),))
    calendar = ALL_KNOWN.adding(half)

    assert plain(due(local("2018-10-05 09:00"), 1, "working-days", calendar=calendar).due_at) == "2018-10-08 11:30"
    assert plain(due(local("2018-10-05 16:00"), 6, "working-hours", calendar=calendar).due_at) == "2018-10-09 08:30"
    assert calendar.version != ALL_KNOWN.version


def test_an_agency_keeps_its_own_hours_from_a_day_on() -> None:
    morning, afternoon = (time(7), time(11, 30)), (time(13, 30), time(17))
    days = ((morning, afternoon),) * 5 + ((),) * 2
    usual = tuple(week for week in ALL_KNOWN.knowledge.weeks)
    calendar = ALL_KNOWN.kept_by("vn:h09", *usual, Week(first=date(2026, 6, 1), days=days, source="Nội quy cơ quan"))

    assert plain(calendar.next_opening(local("2026-05-29 06:00"))) == "2026-05-29 07:30"
    assert plain(calendar.next_opening(local("2026-06-01 06:00"))) == "2026-06-01 07:00"
    assert plain(calendar.next_opening(local("2026-06-01 13:00"))) == "2026-06-01 13:30"
    assert calendar.version.startswith("vn:h09-")


def test_a_working_saturday_keeps_the_hours_of_the_day_it_stands_for() -> None:
    windows = [(plain(start), plain(end)) for start, end in ALL_KNOWN.windows(date(2026, 1, 10))]

    assert windows == [("2026-01-10 07:30", "2026-01-10 11:30"), ("2026-01-10 13:00", "2026-01-10 17:00")]


def test_each_day_that_is_not_as_its_weekday_names_its_source() -> None:
    assert all(entry.source and entry.why for entry in ALL_KNOWN.knowledge.entries)


def test_data_that_contradicts_itself_is_refused() -> None:
    head = 'name = "x"\n[sources]\ns = "Luật"\n[occasions]\no = { vi = "Lễ", en = "Feast" }\n'
    head += '[[coverage]]\nfrom = 2026-01-01\nuntil = 2027-01-01\n[[week]]\nfrom = 2026-01-01\nsource = "s"\n'
    day = '{ on = 2026-03-03, occasion = "o", source = "s"'

    with pytest.raises(ValueError, match="two entries hold for 2026-03-03 at once"):
        parse_calendar(f"{head}[holidays]\n2026 = [{day} }}, {day}, known_from = 2026-02-02 }}]")
    with pytest.raises(ValueError, match="'feast' is named but not listed"):
        parse_calendar(f"{head}[holidays]\n2026 = [{day.replace(chr(34) + 'o' + chr(34), chr(34) + 'feast' + chr(34))} }}]")
    with pytest.raises(ValueError, match="are not in order"):
        parse_calendar(f"{head}mon = [[07:30:00, 11:30:00], [11:00:00, 17:00:00]]\n[holidays]\n")


def test_news_replaces_what_was_provisional_from_its_day_on() -> None:
    text = """
        name = "x"
        [sources]
        s = "Luật"
        [occasions]
        o = { vi = "Lễ", en = "Feast" }
        [[coverage]]
        from = 2026-01-01
        until = 2027-01-01
        [[week]]
        from = 2026-01-01
        source = "s"
        mon = [[07:30:00, 11:30:00]]
        tue = [[07:30:00, 11:30:00]]
        [holidays]
        2026 = [
            { on = 2026-03-02, occasion = "o", source = "s", provisional = true, known_until = 2026-02-01 },
            { on = 2026-03-02, occasion = "o", source = "s", known_from = 2026-02-01 },
            { on = 2026-03-03, occasion = "o", source = "s", provisional = true, known_until = 2026-02-01 },
        ]
    """
    decided = parse_calendar(text)
    before = decided.as_known_at(local("2026-01-31 12:00"))

    assert not before.is_working(date(2026, 3, 3))
    assert decided.is_working(date(2026, 3, 3))
    assert not decided.is_working(date(2026, 3, 2))
    assert before.version != decided.version
    without_the_news = parse_calendar(
        "\n".join(line for line in text.replace(", known_until = 2026-02-01", "").splitlines() if "known_from" not in line)
    )
    assert without_the_news.version == before.version, "news must not rename what was known before it"


def test_counting_back_and_forth_by_working_days() -> None:
    assert ALL_KNOWN.add_working_days(date(2018, 10, 15), -3) == date(2018, 10, 10)
    assert ALL_KNOWN.add_working_days(date(2018, 10, 14), -1) == date(2018, 10, 12)
    assert ALL_KNOWN.add_working_days(date(2018, 10, 13), 1) == date(2018, 10, 15)
    assert ALL_KNOWN.working_days(date(2018, 10, 5), date(2018, 10, 12)) == 5
    with pytest.raises(ValueError, match="2018-10-13 is not a working day"):
        ALL_KNOWN.closing(date(2018, 10, 13))
    with pytest.raises(OutsideCalendar):
        ALL_KNOWN.add_working_days(date(2018, 1, 2), -1)
    assert ALL_KNOWN.add_working_days(date(2018, 1, 3), -1) == date(2018, 1, 2)
    assert ALL_KNOWN.add_working_days(date(2018, 1, 1), 0) == date(2018, 1, 1)
    assert ALL_KNOWN.next_opening(local("2018-01-01 00:00")) - local("2018-01-02 07:30") == timedelta()
