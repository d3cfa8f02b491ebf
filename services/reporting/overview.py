"""Step 8 of 8, query: what the page tells of a period, in one language, before it is written as HTML, JSON, PDF or XLSX.

It is for everybody: nothing that too few stand behind is told, and what is told by the day is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from kernel.legalclock import at
from services.reporting import charts, wording
from services.reporting.charts import Named
from services.reporting.domain import satisfaction
from services.reporting.domain.period import Period
from services.reporting.domain.pooling import DOSSIERS_MIN, OTHER, added, pooled
from services.reporting.domain.shares import share
from services.reporting.form import CLOSE, EARLIEST
from services.reporting.query import Line, Reading, told
from services.reporting.query_pulse import Lain, Level, counts_of, lain_with, levels
from services.reporting.wording import Language, Tongue, Words

MONTHS_MAX: Final = 24
ROUNDED: Final = 5
"""What is told by the day is told to the nearest of these: a neighbour who knows when somebody came does not see him come."""
LABELS_MAX: Final = 8
MONTHS_A_YEAR: Final = 12


class Part(BaseModel):
    """A part of an overview."""

    model_config = ConfigDict(frozen=True)


class Figure(Part):
    """A big figure with its name, and a note where there is something to say."""

    name: str
    words: str
    value: str
    note: str = ""
    is_late: bool = False


class Chart(Part):
    """A picture, and its numbers as a table: a column of words, then numbers (None: there is none)."""

    name: str
    title: str
    svg: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


class Counted(Part):
    """A line of a table: what it is called, in which language (None: the page's), and its counts."""

    words: str
    language: Language | None = None
    counts: tuple[int, ...]


class Overview(Part):
    """Everything that the page tells. `made_at` is the close of the period: no clock is asked."""

    language: Language
    agency: str | None
    period_from: date | None
    period_to: date | None
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...]
    fields: tuple[Counted, ...]
    total: tuple[int, ...]
    ratings: int | None
    criteria: tuple[tuple[str, float | None], ...]
    opinions: tuple[Counted, ...]
    positions: Mapping[str, int]
    lag: Mapping[str, int | None]
    parked: int
    definition_hash: str
    made_at: datetime


async def overview_of(reading: Reading, period: Period, language: Language) -> Overview:
    """Give everything that the page tells of a period of whole months."""
    tongue, names, counts = Tongue(language), await reading.field_names(), await counts_of(reading, period)
    summary = await reading.summary(period, exact=False, whole=counts.whole)
    fields, units = (pooled(coded(lines), "received") for lines in (counts.fields, counts.units))
    answers = satisfaction.view(satisfaction.total(await reading.voices(period.whole_months())))
    meant, freshness = told(period), reading.freshness
    return Overview(
        language=language,
        agency=await reading.agency_name(),
        period_from=meant["from"],
        period_to=meant["to"],
        figures=tuple(figure(name, summary, tongue) for name in wording.FIGURES),
        charts=await pictures(reading, period, months_of(counts.months), units, tongue) if fields else (),
        fields=tuple(
            Counted(
                words=tongue.say(wording.OTHER_FIELDS) if field == OTHER else names.get(field, field),
                language=None if field == OTHER else "vi",
                counts=tuple(line[name] for name in wording.COLUMNS),
            )
            for field, line in sorted(fields.items(), key=lambda one: (one[0] == OTHER, one[0]))
        ),
        total=tuple(added(list(fields.values())).get(name, 0) for name in wording.COLUMNS),
        ratings=summary["ratings"],
        criteria=tuple((tongue.say(words), answers["points"][name]) for name, words in wording.CRITERIA.items()),
        opinions=opinion_lines(await reading.opinions(period, None), tongue),
        positions=dict(sorted(freshness["positions"].items())),
        lag=freshness["lag"],
        parked=freshness["parked"],
        definition_hash=freshness["definition_hash"],
        made_at=at(max(period.last, EARLIEST), CLOSE),
    )


async def pictures(
    reading: Reading, period: Period, months: Mapping[str, Mapping[str, int]], units: Mapping[str, Mapping[str, int]], tongue: Tongue
) -> tuple[Chart, ...]:
    """Draw what there is to be drawn."""
    drawn = [months_chart(months, tongue), backlog_chart(rounded(await levels(reading, period, None)), tongue)]
    return (*drawn, dwell_chart(await lain_with(reading, period.whole_months(), None), tongue), units_chart(units, tongue))


def coded(lines: Mapping[str | None, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    """Name what has no name by a space: no code is one."""
    return {(" " if line is None else line): counts for line, counts in lines.items()}


def figure(name: str, summary: Line, tongue: Tongue) -> Figure:
    """Make one big figure; what cannot be told is a dash that says why."""
    words, value, is_late = tongue.say(wording.FIGURES[name]), summary[name], name in wording.LATE
    if value is None:
        why = wording.WITHHELD if wording.WITHHELD_WITH.get(name, "dossiers") in summary["withheld"] else wording.NONE_YET
        return Figure(name=name, words=words, value=wording.DASH, note=tongue.say(why), is_late=is_late)
    return Figure(name=name, words=words, value=(tongue.share if name in wording.SHARES else tongue.number)(value), is_late=is_late)


def months_of(lines: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Give what was resolved by month, the last `MONTHS_MAX` apart; months with too little, and those before, are put together."""
    months = pooled(lines, "all")
    apart = months.pop(OTHER, None)
    old = sorted(months)[:-MONTHS_MAX]
    rest = [months.pop(month) for month in old] + ([apart] if apart else [])
    return ({OTHER: added(rest)} if rest else {}) | dict(sorted(months.items()))


def rounded(found: Sequence[Level]) -> list[Level]:
    """Round levels, the late part never above the whole."""
    to = [Level(one.on, nearest(one.in_progress), nearest(one.late)) for one in found]
    return [one._replace(late=min(one.late, one.in_progress)) for one in to]


def nearest(value: int) -> int:
    """Give the nearest multiple of `ROUNDED`; what is too little to be told is none."""
    return 0 if value < DOSSIERS_MIN else (value + ROUNDED // 2) // ROUNDED * ROUNDED


def chart(name: str, title: Words, svg: str, rows: Sequence[tuple[str | float | None, ...]], tongue: Tongue) -> Chart:
    """Put a picture beside its numbers."""
    headings = tuple(tongue.say(words) for words in wording.HEADINGS[name])
    return Chart(name=name, title=tongue.say(title), svg=svg, headings=headings, rows=tuple(rows))


def months_chart(months: Mapping[str, Mapping[str, int]], tongue: Tongue) -> Chart:
    """Draw what was resolved by month."""
    named = Named("months", tongue.say(wording.MONTHS_CHART), tongue.say(wording.MONTHS_ABOUT))
    short = len(months) > MONTHS_A_YEAR
    drawn = [
        charts.Bar(
            tongue.say(wording.OTHER_SHORT) if month == OTHER else f"{month[5:]}/{month[2:4] if short else month[:4]}",
            counts["in_time"],
            counts["late"],
            tongue.number(counts["in_time"]) + (f" + {tongue.number(counts['late'])}" if counts["late"] else ""),
        )
        for month, counts in months.items()
    ] or [charts.Bar(wording.DASH, 0, 0, wording.DASH)]
    svg = charts.bars(named, drawn, ticks(max(one.good + one.bad for one in drawn), tongue), pair(wording.MONTHS_LEGEND, tongue))
    rows = [
        (
            tongue.say(wording.OTHER_MONTHS) if month == OTHER else tongue.say(wording.MONTH, month=f"{month[5:]}/{month[:4]}"),
            counts["in_time"],
            counts["late"],
        )
        for month, counts in months.items()
    ]
    return chart("months", wording.MONTHS_CHART, svg, rows, tongue)


def backlog_chart(found: Sequence[Level], tongue: Tongue) -> Chart:
    """Draw what was in progress at the close of each day; the table has the last day of each month."""
    highest, last = max(found, key=lambda one: one.in_progress), found[-1]
    about = tongue.say(
        wording.BACKLOG_ABOUT,
        rounded=ROUNDED,
        whole=tongue.number(last.in_progress),
        late=tongue.number(last.late),
        highest=tongue.number(highest.in_progress),
        on=tongue.day(highest.on),
    )
    named = Named("backlog", tongue.say(wording.BACKLOG_CHART), about)
    apart = -(-len(found) // LABELS_MAX)
    labels = [(n, f"{one.on.day:02d}/{one.on.month:02d}") for n, one in enumerate(found) if n % apart == 0 and n + apart / 2 <= len(found)]
    days = [charts.Day(*one) for one in found]
    svg = charts.levels(named, days, ticks(highest.in_progress, tongue), labels, pair(wording.BACKLOG_LEGEND, tongue))
    closes = [one for one, then in zip(found, [*found[1:], None], strict=True) if then is None or then.on.month != one.on.month]
    rows = [(tongue.day(one.on), one.in_progress, one.late) for one in closes]
    return chart("backlog", wording.BACKLOG_CHART, svg, rows, tongue)


def dwell_chart(lain: Mapping[str, Lain], tongue: Tongue) -> Chart:
    """Draw with whom dossiers lay; of too few nothing is told."""
    named = Named("dwell", tongue.say(wording.DWELL_CHART), tongue.say(wording.DWELL_ABOUT))
    shown = {holder: one for holder, one in lain.items() if one.dossiers >= DOSSIERS_MIN}
    drawn = [
        charts.Range(
            tongue.say(wording.HOLDERS[holder]),
            one.days[0],
            one.days[1],
            tongue.say(wording.DWELL_NUMBER, half=tongue.number(one.days[0]), most=tongue.number(one.days[1])),
        )
        for holder, one in shown.items()
    ] or [charts.Range(tongue.say(wording.HOLDERS["total"]), 0, 0, wording.DASH)]
    svg = charts.ranges(named, drawn, pair(wording.DWELL_LEGEND, tongue))
    rows = [(tongue.say(wording.HOLDERS[holder]), one.dossiers, *one.days) for holder, one in shown.items()]
    return chart("dwell", wording.DWELL_CHART, svg, rows, tongue)


def units_chart(units: Mapping[str, Mapping[str, int]], tongue: Tongue) -> Chart:
    """Draw the units as tiles."""
    named = Named("units", tongue.say(wording.UNITS_CHART), tongue.say(wording.UNITS_ABOUT))
    special = {OTHER: tongue.say(wording.OTHER_UNITS), " ": tongue.say(wording.NO_UNIT)}
    rows, drawn = list[tuple[str | float | None, ...]](), list[charts.Tile]()
    for unit, counts in sorted(units.items(), key=lambda one: (-one[1]["received"], one[0])):
        name, in_time = special.get(unit, unit), share(counts["resolved"] - counts["resolved_late"], counts["resolved"])
        number = tongue.say(wording.UNITS_NUMBER, share=tongue.share(in_time), open=tongue.number(counts["in_progress"]))
        drawn.append(charts.Tile(name, counts["received"], in_time, number))
        rows.append((name, counts["received"], in_time, counts["in_progress"], counts["in_progress_late"]))
    svg = charts.tiles(named, drawn, [tongue.say(words) for words in wording.UNITS_LEGEND])
    return chart("units", wording.UNITS_CHART, svg, rows, tongue)


def ticks(highest: int, tongue: Tongue) -> list[charts.Tick]:
    """Give the scale of a picture."""
    return [charts.Tick(value, tongue.number(value)) for value in charts.ticks_over(highest)]


def pair(words: tuple[Words, Words], tongue: Tongue) -> tuple[str, str]:
    """Say what is plain and what is hatched."""
    return tongue.say(words[0]), tongue.say(words[1])


def opinion_lines(lines: Sequence[Line], tongue: Tongue) -> tuple[Counted, ...]:
    """Add opinions up by topic; topics with too few are put together."""
    columns = ("received", "answered", "open")
    by_topic = {
        topic: {name: sum(line[name] for line in lines if line["topic"] == topic) for name in columns}
        for topic in {line["topic"] for line in lines}
    }
    shown = pooled(by_topic, "received")
    return tuple(
        Counted(words=tongue.say(words), counts=tuple(shown[topic][name] for name in columns))
        for topic, words in wording.TOPICS.items()
        if topic in shown
    )
