"""Step 8 of 8, query: form II.06a as a sheet, before it is written as JSON, CSV, XLSX or PDF.

A form is made of figures and positions alone and asks no clock: the same positions, definition and layout give the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from contracts.reporting import ReportPublished
from kernel.legalclock import at
from services.reporting.domain.figures import FORM
from services.reporting.domain.period import Period
from services.reporting.domain.switches import SWITCHES
from services.reporting.query import Line
from services.reporting.query_books import Cut
from services.reporting.sheet import MARK, WORDS, cell

FOLDER: Final = Path(__file__).parent
TEMPLATE: Final = (FOLDER / "templates" / "form.typ").read_bytes()
LAYOUT_FILES: Final = ("domain/switches.py", "form.py", "sheet.py", "templates/form.typ", "workbook.py")
LAYOUT_HASH: Final = hashlib.sha256(b"\0".join((FOLDER / file).read_bytes() for file in LAYOUT_FILES)).hexdigest()
"""Of everything that says how a form looks."""

LINES_MAX: Final = 2_000
"""Lines of one form: forty pages."""
EARLIEST: Final = date(1980, 1, 1)
"""No file in a workbook can be older (ZIP)."""
CLOSE: Final = time(23, 59)
UNKNOWN: Final = "Chưa xác định"

NUMBER: Final = "II.06a/VPCP/KSTT"
SOURCE: Final = "Thông tư 02/2017/TT-VPCP"
TITLE: Final = "Tình hình, kết quả giải quyết thủ tục hành chính"
HEADINGS: Final[Mapping[str, tuple[str, str]]] = {
    "received": ("Tiếp nhận", "Tổng số"),
    "received_online": ("Tiếp nhận", "Trực tuyến"),
    "received_direct": ("Tiếp nhận", "Trực tiếp, bưu chính"),
    "carried_over": ("Tiếp nhận", "Từ kỳ trước"),
    "resolved": ("Đã giải quyết", "Tổng số"),
    "resolved_early": ("Đã giải quyết", "Trước hạn"),
    "resolved_on_time": ("Đã giải quyết", "Đúng hạn"),
    "resolved_late": ("Đã giải quyết", "Quá hạn"),
    "in_progress": ("Đang giải quyết", "Tổng số"),
    "in_progress_in_time": ("Đang giải quyết", "Trong hạn"),
    "in_progress_late": ("Đang giải quyết", "Quá hạn"),
}
"""Group and name of each column, from (3) to (13)."""
FIRST_NUMBER: Final = 3
CUTS: Final[Mapping[Cut, str]] = {
    "month": "Tháng tiếp nhận",
    "agency": "Cơ quan",
    "field": "Lĩnh vực",
    "unit": "Đơn vị",
    "procedure": "Thủ tục",
    "channel": "Hình thức nộp",
}


class Part(BaseModel):
    """A part of a form."""

    model_config = ConfigDict(frozen=True)


class Column(Part):
    """A column of counts: the form's number of it, its group and its name."""

    number: int
    group: str
    name: str


class FormLine(Part):
    """A line: what it is about, part by part of the cut, and its counts in the columns' order."""

    names: tuple[str, ...]
    counts: tuple[int, ...]


class Form(Part):
    """Form II.06a of a period; `made_at` is the close of the period, or the instant at which a report was published."""

    number: str = NUMBER
    source: str = SOURCE
    title: str = TITLE
    agency: str
    period_from: date
    period_to: date
    cut: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[FormLine, ...]
    total: tuple[int, ...]
    switches: tuple[str, ...]
    report_id: str | None
    positions: Mapping[str, int]
    definition_hash: str
    layout_hash: str = LAYOUT_HASH
    made_at: datetime

    @property
    def footer(self) -> list[str]:
        """What stands below the table: the switches that form and law leave open, and what the figures are good for."""
        at_ = ", ".join(f"{source}/{pos}" for source, pos in self.positions.items())
        report = [f"Báo cáo đã công bố: {self.report_id}"] if self.report_id else []
        return [
            *self.switches,
            *report,
            f"Số liệu tính đến vị trí: {at_}",
            f"Định nghĩa số liệu (SHA-256): {self.definition_hash}",
            f"Trình bày (SHA-256): {self.layout_hash}",
        ]


def columns() -> tuple[Column, ...]:
    """Give the form's columns of counts."""
    return tuple(Column(number=n, group=HEADINGS[name][0], name=HEADINGS[name][1]) for n, name in enumerate(FORM, FIRST_NUMBER))


def form_of(lines: Sequence[Line], cut: Sequence[Cut], period: Period, names: Mapping[str, str], agency: str, freshness: Line) -> Form:
    """Make the form of figures as they are known; `names` says what fields are called."""
    return Form(
        agency=agency,
        period_from=period.first,
        period_to=period.last,
        cut=tuple(CUTS[one] for one in cut),
        columns=columns(),
        lines=tuple(FormLine(names=tuple(name_of(one, line[one], names) for one in cut), counts=counts_of(line)) for line in lines),
        total=added(counts_of(line) for line in lines),
        switches=tuple(switch.vi for switch in SWITCHES),
        report_id=None,
        positions=dict(sorted(freshness["positions"].items())),
        definition_hash=freshness["definition_hash"],
        made_at=at(max(period.last, EARLIEST), CLOSE),
    )


def form_of_report(report: ReportPublished) -> Form:
    """Make the form of a published report from what it says itself, whatever the catalogue says by now."""
    return Form(
        agency=report.agency_name or report.agency,
        period_from=report.period_from,
        period_to=report.period_to,
        cut=(CUTS["field"],),
        columns=columns(),
        lines=tuple(FormLine(names=(line.field_name or line.field,), counts=counts_of(line.model_dump())) for line in report.lines),
        total=added(counts_of(line.model_dump()) for line in report.lines),
        switches=tuple(switch.vi for switch in SWITCHES),
        report_id=str(report.report_id),
        positions=dict(sorted(report.positions.items())),
        definition_hash=report.definition_hash,
        made_at=report.published_at,
    )


def name_of(cut: Cut, value: Any, names: Mapping[str, str]) -> str:
    """Say what a line is about, in Vietnamese."""
    match cut:
        case "field":
            return names.get(value) or value or UNKNOWN
        case "channel":
            return WORDS.get(value) or UNKNOWN
        case _:
            return value or UNKNOWN


def counts_of(line: Mapping[str, Any]) -> tuple[int, ...]:
    """Give a line's counts in the columns' order."""
    return tuple(line[name] for name in FORM)


def added(counts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Add lines up, column by column."""
    return tuple(map(sum, zip(*counts, strict=True))) or (0,) * len(FORM)


def as_csv(form: Form) -> bytes:
    """Write the lines and their total as CSV (RFC 4180); no text of it is taken for a formula."""
    out = io.StringIO()
    out.write(MARK)
    writer = csv.writer(out)
    writer.writerow([*form.cut, *(f"({column.number}) {column.group}: {column.name}" for column in form.columns)])
    for line in form.lines:
        writer.writerow([*map(cell, line.names), *line.counts])
    writer.writerow(["Tổng cộng", *[""] * (len(form.cut) - 1), *form.total])
    writer.writerows([cell(text)] for text in form.footer)
    return out.getvalue().encode()
