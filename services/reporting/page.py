"""Step 8 of 8, query: the page that everybody may read, filled from one reading of the mirror.

`page.html` says what stands where; every value passes Jinja's escaping. No script runs and nothing is fetched: the one style
is allowed by its hash, and everything else is forbidden.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from contracts.feedback import Criterion
from services.reporting.domain import satisfaction
from services.reporting.domain.period import Period
from services.reporting.domain.pooling import OTHER, added, pooled
from services.reporting.query import Line, Reading, told, totals

FOLDER: Final = Path(__file__).parent
STYLE: Final = (FOLDER / "page.css").read_text(encoding="utf-8")
STYLE_HASH: Final = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SECURITY_POLICY: Final = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
MONTHS_MAX: Final = 24
WIDTH, HEIGHT, LEFT, TOP, BASE = 720, 280, 46, 22, 226
TICKS_MAX: Final = 5
DASH: Final = "–"


class Words(NamedTuple):
    """The same in both languages."""

    vi: str
    en: str


class Figure(NamedTuple):
    """A big figure with its name, and a note where there is something to say."""

    vi: str
    en: str
    value: str
    note_vi: str = ""
    note_en: str = ""
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One month of the chart, in the picture's units."""

    label: str
    label_vi: str
    in_time: int
    late: int
    x: float
    width: float
    in_time_height: float
    late_height: float

    @property
    def middle(self) -> float:
        """Where its labels are centred."""
        return self.x + self.width / 2

    @property
    def in_time_y(self) -> float:
        """The top of its lower part."""
        return BASE - self.in_time_height

    @property
    def late_y(self) -> float:
        """The top of the whole."""
        return self.in_time_y - self.late_height


FIGURES: Final[Mapping[str, Words]] = {
    "received": Words("Tổng số hồ sơ tiếp nhận", "Received, with what was carried over"),
    "resolved": Words("Đã giải quyết", "Resolved"),
    "on_time_rate": Words("Trước hạn và đúng hạn", "Early or on time"),
    "late": Words("Giải quyết quá hạn", "Resolved late"),
    "in_progress": Words("Đang giải quyết", "In progress"),
    "in_progress_late": Words("Đang giải quyết, đã quá hạn", "In progress and late"),
    "refused": Words("Từ chối tiếp nhận", "Refused at the desk"),
    "withdrawn": Words("Người nộp rút hồ sơ", "Withdrawn by the applicant"),
    "satisfaction": Words("Hài lòng", "Satisfied"),
    "response_rate": Words("Trả lời khảo sát", "Survey response"),
}
SHARES: Final = frozenset({"on_time_rate", "satisfaction", "response_rate"})
LATE: Final = frozenset({"late", "in_progress_late"})
WITHHELD_WITH: Final[Mapping[str, str]] = {"satisfaction": "ratings", "response_rate": "invitations"}
NONE_YET: Final = Words("không có gì để tính", "nothing to share")
WITHHELD: Final = Words("không công bố vì quá ít", "withheld: too few")

COLUMNS: Final[Mapping[str, Words]] = {
    "received": Words("Tổng", "Total"),
    "received_online": Words("Trực tuyến", "Online"),
    "received_direct": Words("Trực tiếp, bưu chính", "Direct, by post"),
    "carried_over": Words("Kỳ trước", "Carried over"),
    "resolved": Words("Tổng", "Total"),
    "resolved_early": Words("Trước hạn", "Early"),
    "resolved_on_time": Words("Đúng hạn", "On time"),
    "resolved_late": Words("Quá hạn", "Late"),
    "in_progress": Words("Tổng", "Total"),
    "in_progress_in_time": Words("Trong hạn", "In time"),
    "in_progress_late": Words("Quá hạn", "Late"),
}
CRITERIA: Final[Mapping[Criterion, Words]] = {
    "time": Words("Thời gian giải quyết", "Time taken"),
    "agencies-contacted": Words("Số cơ quan phải liên hệ", "Agencies contacted"),
    "contacts-to-complete": Words("Số lần liên hệ để hoàn thiện hồ sơ", "Contacts needed to complete the dossier"),
    "attitude": Words("Thái độ phục vụ", "Attitude"),
}
TOPICS: Final[Mapping[str, Words]] = {
    "attitude": Words("Thái độ phục vụ", "Attitude"),
    "delay": Words("Chậm trễ", "Delay"),
    "procedure": Words("Thủ tục", "Procedure"),
    "fee": Words("Phí, lệ phí", "Fees"),
    "facility": Words("Cơ sở vật chất", "Facilities"),
    "praise": Words("Khen ngợi", "Praise"),
    "other": Words("Nội dung khác", "Other"),
    OTHER: Words("Các nội dung còn lại, gộp chung", "The others together"),
}
OTHER_FIELDS: Final = Words("Các lĩnh vực còn lại, gộp chung", "The other fields together")
NOTES: Final = (
    Words(
        "Đúng hạn xét theo ngày hẹn trả và ngày có kết quả tại bộ phận một cửa, không theo ngày người nộp đến nhận.",
        "Punctuality compares the day of the appointment with the day on which the result lay at the desk, not that of its collection.",
    ),
    Words(
        "Thời gian chờ người nộp bổ sung không tính vào thời hạn; lần hẹn đã lỡ thì vẫn là quá hạn dù sau đó tính lại thời hạn.",
        "While the applicant is awaited no limit runs; an appointment that was missed stays missed, even if the clock begins anew.",
    ),
    Words(
        "Hồ sơ rút sau khi tiếp nhận tính là đã giải quyết: đúng hạn, hoặc quá hạn nếu đã lỡ hẹn. "
        "Hồ sơ không có thời hạn tính là đúng hạn, trong hạn.",
        "Withdrawn after acceptance counts as resolved: on time, or late if an appointment was missed. Without a limit: on time.",
    ),
    Words(
        "Từ chối tiếp nhận không nằm trong cột nào của biểu. Từ chối bằng quyết định là đã giải quyết.",
        "A refusal at the desk is in no column of the form. A refusal by decision is a resolution.",
    ),
    Words(
        "Số có dưới 3 hồ sơ, phiếu hoặc ý kiến được gộp hoặc không công bố, để không ai bị nhận ra.",
        "What fewer than 3 dossiers, answers or opinions stand behind is put together or withheld, so that nobody is recognised.",
    ),
)


def number(value: float | None) -> str:
    """Write a number as Vietnamese has it: 1.200 and 83,33."""
    if value is None:
        return DASH
    whole, _, part = str(Decimal(str(value))).partition(".")
    return f"{int(whole):,}".replace(",", ".") + (f",{part}" if part.strip("0") else "")


def day(value: date) -> str:
    """Write a day as Vietnamese has it: 31/03/2026."""
    return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"


def environment() -> Environment:
    """Make the templates' surroundings: everything is escaped, and a name that is not there is an error."""
    made = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(number=number, day=day)
    return made


TEMPLATES: Final = environment()


def write(view: Mapping[str, Any]) -> str:
    """Fill the page."""
    # The style is ours and must stand as its hash was taken; it is the one text that is not escaped.
    return TEMPLATES.get_template("page.html").render(style=Markup(STYLE), **view)  # noqa: S704 - read from our own file


async def view_of(reading: Reading, period: Period) -> dict[str, Any]:
    """Give everything that the page shows of a period, and nothing that too few stand behind."""
    summary = await reading.summary(period, exact=False)
    lines, names = await reading.figures(period, None), await reading.field_names()
    fields = pooled(
        {field: totals([line for line in lines if line["field"] == field]) for field in {line["field"] for line in lines}}, "received"
    )
    answers = satisfaction.view(satisfaction.total(await reading.voices(period.whole_months())))
    shown = bool(fields)
    return {
        "agency": await reading.agency_name(),
        "period": period if told(period)["to"] else None,
        "figures": [figure(name, summary) for name in FIGURES],
        **chart(months_of(await reading.months(period, None)) if shown else {}),
        "columns": [{"name": name, **words._asdict()} for name, words in COLUMNS.items()],
        "fields": [field_line(field, counts, names) for field, counts in sorted(fields.items(), key=lambda one: (one[0] == OTHER, one[0]))],
        "total": added(list(fields.values())),
        "ratings": summary["ratings"],
        "criteria": [{**words._asdict(), "value": number(answers["points"][name])} for name, words in CRITERIA.items()],
        "opinions": opinion_lines(await reading.opinions(period, None)),
        "notes": NOTES,
        "sources": sources_of(reading.freshness),
        "parked": reading.freshness["parked"],
        "definition_hash": reading.freshness["definition_hash"],
    }


def figure(name: str, summary: Line) -> Figure:
    """Make one big figure; what cannot be told is a dash that says why."""
    words, value = FIGURES[name], summary[name]
    if value is None:
        why = WITHHELD if WITHHELD_WITH.get(name, "dossiers") in summary["withheld"] else NONE_YET
        return Figure(*words, DASH, *why, name in LATE)
    return Figure(*words, f"{number(value)} %" if name in SHARES else number(value), is_late=name in LATE)


def months_of(lines: Sequence[Line]) -> dict[str, dict[str, int]]:
    """Give what was resolved by month, the last `MONTHS_MAX` apart; months with too little, and those before, are put together."""
    months = pooled(
        {line["month"]: {"in_time": line["in_time"], "late": line["late"], "all": line["in_time"] + line["late"]} for line in lines}, "all"
    )
    apart = months.pop(OTHER, None)
    old = sorted(months)[:-MONTHS_MAX]
    rest = [months.pop(month) for month in old] + ([apart] if apart else [])
    return ({OTHER: added(rest)} if rest else {}) | dict(sorted(months.items()))


def chart(months: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Draw the months: bars that stand on one line, and a scale of round numbers."""
    if not months:
        return {"bars": []}
    highest = max(counts["all"] for counts in months.values())
    step = round_step(highest)
    top = -(-highest // step)
    unit, slot = (BASE - TOP) / (step * top), (WIDTH - LEFT) / len(months)
    width = min(64.0, slot * 0.62)
    bars = [
        Bar(
            label="khác" if month == OTHER else f"{month[5:]}/{month[2:4] if len(months) > 12 else month[:4]}",  # noqa: PLR2004 - a year's months
            label_vi="Các tháng còn lại" if month == OTHER else f"Tháng {month[5:]}/{month[:4]}",
            in_time=counts["in_time"],
            late=counts["late"],
            x=round(LEFT + n * slot + (slot - width) / 2, 1),
            width=round(width, 1),
            in_time_height=round(counts["in_time"] * unit, 1),
            late_height=round(counts["late"] * unit, 1),
        )
        for n, (month, counts) in enumerate(months.items())
    ]
    ticks = [{"value": n * step, "y": round(BASE - n * step * unit, 1)} for n in range(1, top + 1)]
    return {"bars": bars, "chart": {"width": WIDTH, "height": HEIGHT, "left": LEFT, "base": BASE, "ticks": ticks}}


def round_step(highest: int) -> int:
    """Give the step of a scale that reaches over the highest bar in at most `TICKS_MAX` steps: 1, 2 or 5 with zeros."""
    step = 1
    while step * TICKS_MAX < highest:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step


def field_line(field: str, counts: Mapping[str, int], names: Mapping[str, str]) -> dict[str, Any]:
    """Name a line of the table by field."""
    if field == OTHER:
        return {"name": OTHER_FIELDS.vi, "name_en": OTHER_FIELDS.en, "counts": counts}
    return {"name": names.get(field, field), "name_en": "", "counts": counts}


def opinion_lines(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Add opinions up by topic; topics with too few are put together."""
    columns = ("received", "answered", "open")
    by_topic = {
        topic: {name: sum(line[name] for line in lines if line["topic"] == topic) for name in columns}
        for topic in {line["topic"] for line in lines}
    }
    shown = pooled(by_topic, "received")
    return [{"name": words.vi, "name_en": words.en, "counts": shown[topic]} for topic, words in TOPICS.items() if topic in shown]


def sources_of(freshness: Line) -> list[dict[str, Any]]:
    """Say how far each service is counted."""
    return [
        {"name": source, "position": position, "lag": freshness["lag"][source]}
        for source, position in sorted(freshness["positions"].items())
    ]
