"""Step 8 of 8, query: an overview as a file: a PDF with the page's pictures as they are, or a workbook with pictures drawn from them."""

from __future__ import annotations

import io
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from pydantic import BaseModel, ConfigDict

from kernel.paper.press import Press
from kernel.paper.typeset import picture
from services.reporting import wording
from services.reporting.overview import Chart, Overview
from services.reporting.wording import Tongue, Words
from services.reporting.workbook import A4, COUNT_WIDTH, NAME_WIDTH, OPTIONS

TEMPLATE: Final = (Path(__file__).parent / "templates" / "overview.typ").read_bytes()
ALONE: Final = b"""#let data = json(bytes(sys.inputs.data))
#set page(width: 190mm, height: auto, margin: 0pt)
#set text(font: "Liberation Serif")
#image(bytes(data.svg), format: "svg", width: 100%, alt: data.title)
"""
"""A sheet that holds one picture and nothing else."""
PPI: Final = 144.0
CHART_ROWS: Final = 21
"""Rows that a picture is as high as."""
TITLE: Final = Words("Kết quả giải quyết thủ tục hành chính", "How administrative procedures were dealt with")
SHEET: Final = Words("Tổng quan", "Overview")


class Printed(BaseModel):
    """An overview with the words that only its printed form has."""

    model_config = ConfigDict(frozen=True)

    overview: Overview
    title: str
    columns: tuple[str, ...]
    groups: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


async def as_pdf(overview: Overview, press: Press) -> bytes:
    """Make a PDF/A; the same overview gives the same bytes."""
    tongue = Tongue(overview.language)
    printed = Printed(
        overview=overview,
        title=tongue.say(TITLE),
        columns=tuple(tongue.say(words) for words in wording.COLUMNS.values()),
        groups=tuple((tongue.say(words), n) for words, n in wording.GROUPS),
        notes=tuple(tongue.say(words) for words in wording.NOTES),
    )
    return await press.typeset(TEMPLATE, printed, overview.made_at)


def drawn(chart: Chart) -> bytes:
    """Draw a picture as PNG: spreadsheets know no other that stays sharp enough and opens everywhere."""
    return picture(ALONE, chart, PPI)[0]


def as_xlsx(overview: Overview) -> bytes:
    """Make a workbook: a sheet of figures, and one for each picture with its numbers below; the same overview gives the same bytes."""
    out, tongue = io.BytesIO(), Tongue(overview.language)
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        book.set_properties({"title": tongue.say(TITLE), "author": overview.agency or "", "created": overview.made_at.astimezone(UTC)})
        formats = {
            "bold": book.add_format({"bold": True}),
            "number": book.add_format({"num_format": "#,##0.##"}),
        }
        first_sheet(book.add_worksheet(tongue.say(SHEET)), overview, tongue, formats)
        for chart in overview.charts:
            chart_sheet(book.add_worksheet(chart.name), chart, formats)
    return out.getvalue()


def first_sheet(sheet: Any, overview: Overview, tongue: Tongue, formats: dict[str, Any]) -> None:
    """Write the figures, the form by field, and what all is good for."""
    prepare(sheet)
    sheet.write_string(0, 0, tongue.say(TITLE), formats["bold"])
    sheet.write_string(1, 0, f"{overview.agency or ''} {overview.period_from or ''} – {overview.period_to or ''}".strip())
    row = 3
    for one in overview.figures:
        sheet.write_string(row, 0, one.words)
        sheet.write_string(row, 1, f"{one.value} {one.note}".strip())
        row += 1
    row += 1
    for n, words in enumerate(wording.COLUMNS.values(), 1):
        sheet.write_string(row, n, tongue.say(words), formats["bold"])
    for line in overview.fields:
        row += 1
        sheet.write_string(row, 0, line.words)
        for n, count in enumerate(line.counts, 1):
            sheet.write_number(row, n, count, formats["number"])
    places = ", ".join(f"{source}/{pos}" for source, pos in overview.positions.items())
    for said in (*(tongue.say(words) for words in wording.NOTES), places, overview.definition_hash):
        row += 1
        sheet.write_string(row + 1, 0, said)


def chart_sheet(sheet: Any, chart: Chart, formats: dict[str, Any]) -> None:
    """Put a picture on a sheet, and its numbers below it."""
    prepare(sheet)
    sheet.write_string(0, 0, chart.title, formats["bold"])
    placed = {"image_data": io.BytesIO(drawn(chart)), "description": chart.title, "x_scale": 0.75, "y_scale": 0.75}
    sheet.insert_image(1, 0, f"{chart.name}.png", placed)
    row = CHART_ROWS
    for n, heading in enumerate(chart.headings):
        sheet.write_string(row, n, heading, formats["bold"])
    for line in chart.rows:
        row += 1
        for n, value in enumerate(line):
            if isinstance(value, str):
                sheet.write_string(row, n, value)
            elif value is not None:
                sheet.write_number(row, n, value, formats["number"])


def prepare(sheet: Any) -> None:
    """Let a sheet fit on A4."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, NAME_WIDTH)
    sheet.set_column(1, len(wording.COLUMNS), COUNT_WIDTH)
