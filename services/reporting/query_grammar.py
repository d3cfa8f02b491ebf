"""Step 8 of 8, query: questions with a closed grammar. Words of a catalogue are put together to SQL; a caller's values are parameters.

A question names measures, by what lines are told apart, windows of time, filters, and as of which positions. What satisfied people is no
measure here: it is counted in groups that are never taken apart, and filters put together freely would take them apart (ADR 26).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import asyncpg
import orjson

from kernel.edge.pages import Page
from kernel.edge.wall import let_see
from kernel.eventlog.sql import read_queries
from kernel.legalclock import load_calendar
from services.reporting.domain.dwell import HOLDERS, worked_until
from services.reporting.domain.period import Period
from services.reporting.domain.shares import share
from services.reporting.query import AT_ONCE, DAYS_ALONE, LOOKING_BACK, NOW, QUERY, THEN, Line, Reading, Scope
from services.reporting.query_books import Cut

GRAMMAR: Final = read_queries(Path(__file__).with_name("grammar.sql"))
BY_DAY: Final = QUERY["within"].format(**AT_ONCE, **DAYS_ALONE)
BY_DAY_THEN: Final = QUERY["within"].format(**LOOKING_BACK, **DAYS_ALONE)

WindowOf: TypeAlias = Literal["day", "month", "quarter", "year"]
Flow: TypeAlias = Literal[
    "submitted",
    "accepted",
    "accepted_online",
    "resolved",
    "resolved_early",
    "resolved_on_time",
    "resolved_late",
    "missed",
    "refused",
    "withdrawn",
    "returned",
]
Stock: TypeAlias = Literal["in_progress", "in_progress_late"]
Ratio: TypeAlias = Literal["on_time_rate"]
Duration: TypeAlias = Literal[
    "desk_days",
    "desk_working_days",
    "department_days",
    "department_working_days",
    "applicant_days",
    "applicant_working_days",
    "total_days",
    "total_working_days",
]
Measure: TypeAlias = Literal[Flow, Stock, Ratio, Duration]

FLOWS: Final[Mapping[Flow, str]] = {
    "submitted": "what = 'submitted'",
    "accepted": "what = 'accepted'",
    "accepted_online": "what = 'accepted' AND channel = 'online'",
    "resolved": "what IN ('early', 'on-time', 'late')",
    "resolved_early": "what = 'early'",
    "resolved_on_time": "what = 'on-time'",
    "resolved_late": "what = 'late'",
    "missed": "what = 'missed'",
    "refused": "what = 'refused'",
    "withdrawn": "what = 'withdrawn'",
    "returned": "what = 'returned'",
}
"""What happened within a window."""
STOCKS: Final[Mapping[Stock, str]] = {
    "in_progress": "CASE WHEN what = 'accepted' THEN n WHEN what IN ('early', 'on-time', 'late') THEN -n END",
    "in_progress_late": "CASE what WHEN 'missed' THEN n WHEN 'late' THEN -n END",
}
"""What stood at the close of a window, as the sum of what has changed it since the first day that anything is known of."""
DURATIONS: Final[Mapping[Duration, str]] = {
    name: name.removesuffix("_days").removesuffix("_working") + ("_working" if "_working" in name else "") for name in get_args(Duration)
}
"""The column of `lain` of each."""
RATIOS: Final[Mapping[Ratio, tuple[Flow, ...]]] = {"on_time_rate": ("resolved", "resolved_late")}
"""What each is made of."""
COLUMNS: Final[Mapping[Cut, str]] = {
    one: "coalesce(to_char(month, 'YYYY-MM'), '')" if one == "month" else f"coalesce({one}, '')" for one in get_args(Cut)
}
"""What lines can be told apart by; what is not known is an empty text, which nothing is called."""
WINDOWS: Final[Mapping[WindowOf | None, str]] = {
    None: "$1::date",
    **{name: f"date_trunc('{name}', {{day}}::timestamp)::date" for name in get_args(WindowOf)},
}
MEASURES_SAID: Final[Mapping[Measure, str]] = {
    "submitted": "Hồ sơ nộp trong kỳ",
    "accepted": "Hồ sơ được tiếp nhận trong kỳ",
    "accepted_online": "Hồ sơ nộp trực tuyến được tiếp nhận trong kỳ",
    "resolved": "Hồ sơ giải quyết xong trong kỳ (biểu II.06a, cột 7)",
    "resolved_early": "Hồ sơ giải quyết trước hạn (cột 8)",
    "resolved_on_time": "Hồ sơ giải quyết đúng hạn (cột 9)",
    "resolved_late": "Hồ sơ giải quyết quá hạn (cột 10)",
    "missed": "Hồ sơ bị quá hạn từ một ngày trong kỳ",
    "refused": "Hồ sơ bị từ chối tiếp nhận trong kỳ",
    "withdrawn": "Hồ sơ được rút trong kỳ",
    "returned": "Hồ sơ đã trả kết quả trong kỳ",
    "in_progress": "Hồ sơ đang giải quyết cuối kỳ (cột 11)",
    "in_progress_late": "Hồ sơ đang giải quyết đã quá hạn cuối kỳ (cột 13)",
    "on_time_rate": "Tỷ lệ giải quyết trước hạn và đúng hạn, phần trăm",
    **{name: f"Thời gian hồ sơ nằm ở {name.split('_')[0]}, ngày{' làm việc' if 'working' in name else ''}" for name in get_args(Duration)},
}
DAYS_MAX: Final = 400
"""Windows of a day that are told at once."""
PERCENTILES: Final = (50, 90)


class TooCostly(Exception):  # noqa: N818 - says what the question is
    """The database would read more for the answer than anybody may ask of it, or has read for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked; its words are of the catalogue. All measures are counts, stocks and ratios, or all are durations.

    `where`: lines whose dimension says one of these values (an empty text: it is not known).
    """

    measures: tuple[Measure, ...]
    by: tuple[Cut, ...] = ()
    window: WindowOf | None = None
    where: Mapping[Cut, Sequence[str]]
    percentiles: tuple[int, ...] = PERCENTILES

    @property
    def of_durations(self) -> bool:
        """Whether it asks how long dossiers lay."""
        return any(one in DURATIONS for one in self.measures)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the sort key after the window; the last is there so that there is always one."""
        return tuple(f"by_{one}" for one in self.by) or ("by_nothing",)

    @property
    def dimensions(self) -> str:
        """The columns as they are made."""
        return "".join(f"{COLUMNS[one]} AS by_{one}, " for one in self.by) or "'' AS by_nothing, "

    def window_of(self, day: str) -> str:
        """The window in which a day lies."""
        return WINDOWS[self.window].format(day=day)


@dataclass
class Parameters:
    """What goes in as a parameter, and under which number."""

    values: list[Any]

    def place(self, value: Any, type_: str) -> str:
        """Take one in and give its place."""
        self.values.append(value)
        return f"${len(self.values)}::{type_}"


def filters_of(question: Question, parameters: Parameters) -> str:
    """Say which lines are wanted."""
    return " AND ".join(f"{COLUMNS[one]} = ANY ({parameters.place(list(of), 'text[]')})" for one, of in question.where.items()) or "true"


def behind(question: Question, page: Page, parameters: Parameters) -> str:
    """Say which lines come after the last of the page before."""
    if page.after is None:
        return "true"
    at, *of = page.after
    places = [parameters.place(date.fromisoformat(at), "date"), *(parameters.place(one, "text") for one in of)]
    return f"(at, {', '.join(question.names)}) > ({', '.join(places)})"


def counts(question: Question, page: Page, parameters: Parameters, then: tuple[int, int] | None) -> str:
    """Write the statement of a question about counts."""
    wanted: tuple[str, ...] = question.measures
    parts = {part for ratio, of in RATIOS.items() if ratio in wanted for part in of}
    flows = {one: rule for one, rule in FLOWS.items() if one in wanted or one in parts}
    stocks = {one: change for one, change in STOCKS.items() if one in wanted}
    made = [f"coalesce(sum(n) FILTER (WHERE NOT before AND {rule}), 0) AS {one}" for one, rule in flows.items()]
    made += [f"coalesce(sum({change}), 0) AS {one}" for one, change in stocks.items()]
    sums = "".join(f", coalesce({one}, 0)::bigint AS {one}" for one in flows)
    sums += "".join(f", coalesce(sum({one}) OVER up_to, 0)::bigint AS {one}" for one in stocks)
    begin = (BY_DAY if then is None else BY_DAY_THEN) if question.window == "day" else (NOW if then is None else THEN)
    names = ", ".join(question.names)
    return begin + GRAMMAR["counts"].format(
        window=question.window_of("day"),
        dimensions=question.dimensions,
        counts=",\n        ".join(made),
        filters=filters_of(question, parameters),
        keys=f"1, {', '.join(str(n) for n in range(2, 2 + len(question.names)))}",
        names=names,
        sums=sums,
        something=" OR ".join(f"{one} <> 0" for one in (*flows, *stocks)),
        behind=behind(question, page, parameters),
        limit=parameters.place(page.fetch, "bigint"),
    )


def durations(question: Question, page: Page, parameters: Parameters) -> str:
    """Write the statement of a question about how long dossiers lay."""
    ranks = parameters.place([percent / 100 for percent in question.percentiles], "float8[]")
    columns = [
        f"percentile_disc({ranks}) WITHIN GROUP (ORDER BY {column}) AS {one}"
        for one, column in DURATIONS.items()
        if one in question.measures
    ]
    return GRAMMAR["durations"].format(
        window=question.window_of("ended_on"),
        dimensions=question.dimensions,
        names=", ".join(question.names),
        percentiles=",\n        ".join(columns),
        lain=QUERY["lain"],
        filters=filters_of(question, parameters),
        behind=behind(question, page, parameters),
        limit=parameters.place(page.fetch, "bigint"),
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one question may cost: by the database's own estimate, in its units, and in milliseconds."""

    cost_max: float
    timeout_ms: int


async def asked(reading: Reading, question: Question, period: Period, scope: Scope, page: Page, bounds: Bounds) -> list[Line]:
    """Answer a question with a page of lines.

    Raises:
        TooCostly: if the database would have to read too much for it.
    """
    if question.of_durations:
        calendar = load_calendar()
        known = await reading.known() or period
        span = Period(min(known.first, period.first), max(known.last, period.last))
        parameters = Parameters([period.first, period.last, scope, span.first, worked_until(calendar, span)])
        statement = durations(question, page, parameters)
    else:
        parameters = Parameters([period.first, period.last, scope, *(reading.then or ())])
        statement = counts(question, page, parameters, reading.then)
    connection = reading.connection
    await let_see(connection, scope)
    plan = orjson.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *parameters.values))
    if plan[0]["Plan"]["Total Cost"] > bounds.cost_max:
        raise TooCostly
    await connection.execute("SELECT set_config('statement_timeout', $1, true)", str(bounds.timeout_ms))
    try:
        rows = await connection.fetch(statement, *parameters.values)
    except asyncpg.QueryCanceledError as error:
        raise TooCostly from error
    return [dict(row) for row in rows]


def key_of(question: Question, row: Line) -> Sequence[Any]:
    """Give what lines are sorted by."""
    return row["at"], *(row[name] for name in question.names)


def line_of(question: Question, row: Line) -> Line:
    """Show a line."""
    line: Line = {} if question.window is None else {"window": label(question.window, row["at"])}
    line |= {one: row[f"by_{one}"] or None for one in question.by}
    if question.of_durations:
        named = {
            one: None if None in row[one] else {f"p{percent}": value for percent, value in zip(question.percentiles, row[one], strict=True)}
            for one in question.measures
        }
        return {**line, "dossiers": row["dossiers"], **named}
    ratios = {"on_time_rate": share(row["resolved"] - row["resolved_late"], row["resolved"])} if "on_time_rate" in question.measures else {}
    return {**line, **{one: ratios.get(one) if one in RATIOS else row[one] for one in question.measures}}


def label(window: WindowOf, at: date) -> str:
    """Name a window."""
    match window:
        case "day":
            return at.isoformat()
        case "month":
            return f"{at:%Y-%m}"
        case "quarter":
            return f"{at:%Y}-Q{(at.month + 2) // 3}"
        case _:
            return f"{at:%Y}"


def catalogue() -> Line:
    """Say what can be asked."""
    kinds = {**dict.fromkeys(FLOWS, "flow"), **dict.fromkeys(STOCKS, "stock"), **dict.fromkeys(RATIOS, "ratio")}
    return {
        "measures": [{"id": one, "kind": kinds.get(one, "duration"), "says": MEASURES_SAID[one]} for one in get_args(Measure)],
        "dimensions": list(get_args(Cut)),
        "windows": list(get_args(WindowOf)),
        "holders": list(HOLDERS),
        "percentiles": {"least": 1, "most": 99, "unless_said": list(PERCENTILES)},
        "bounds": {"days": DAYS_MAX},
        "left_out": {"satisfaction": "counted in groups that are never taken apart: GET /v1/satisfaction (ADR 26)"},
    }
