"""Step 8 of 8, query: a form as a workbook (XLSX): every text is text, never a formula or a link, and every count a number."""

from __future__ import annotations

import io
from datetime import UTC
from itertools import groupby
from typing import Any, Final

import xlsxwriter

from services.reporting.form import Form

OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
NAME_WIDTH: Final = 34
COUNT_WIDTH: Final = 11
TITLE_ROWS: Final = 4
A4: Final = 9


def as_xlsx(form: Form) -> bytes:
    """Write a workbook of one sheet; the same form gives the same bytes."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        # The library would take today's clock.
        book.set_properties({"title": form.title, "author": form.agency, "created": form.made_at.astimezone(UTC)})
        write(book, form)
    return out.getvalue()


def write(book: Any, form: Form) -> None:
    """Write the sheet: title, two rows of headings with the columns' numbers, lines, total, and what stands below."""
    sheet = book.add_worksheet("II.06a")
    head = book.add_format({"bold": True, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True})
    text, number = (book.add_format({"border": 1, **more}) for more in ({"text_wrap": True}, {"num_format": "#,##0"}))
    bold, strong = book.add_format({"bold": True, "border": 1, "num_format": "#,##0"}), book.add_format({"bold": True, "font_size": 14})
    names = len(form.cut)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, names - 1, NAME_WIDTH)
    sheet.set_column(names, names + len(form.columns) - 1, COUNT_WIDTH)
    sheet.write_string(0, 0, f"Biểu số {form.number} ({form.source})")
    sheet.write_string(1, 0, form.title.upper(), strong)
    sheet.write_string(2, 0, f"{form.agency}. Kỳ báo cáo: từ ngày {form.period_from:%d/%m/%Y} đến ngày {form.period_to:%d/%m/%Y}")
    for n, name in enumerate(form.cut):
        sheet.merge_range(TITLE_ROWS, n, TITLE_ROWS + 1, n, "", head)
        sheet.write_string(TITLE_ROWS, n, name, head)
    n = names
    for group, members in groupby(form.columns, key=lambda column: column.group):
        held = list(members)
        sheet.merge_range(TITLE_ROWS, n, TITLE_ROWS, n + len(held) - 1, group, head)
        for column in held:
            sheet.write_string(TITLE_ROWS + 1, n, f"{column.name} ({column.number})", head)
            n += 1
    row = TITLE_ROWS + 2
    sheet.freeze_panes(row, names)
    sheet.repeat_rows(TITLE_ROWS, row - 1)
    for line in form.lines:
        for n, name in enumerate(line.names):
            sheet.write_string(row, n, name, text)
        for n, count in enumerate(line.counts, names):
            sheet.write_number(row, n, count, number)
        row += 1
    sheet.write_string(row, 0, "Tổng cộng", bold)
    for n, count in enumerate(form.total, names):
        sheet.write_number(row, n, count, bold)
    for n, said in enumerate(form.footer, row + 2):
        sheet.write_string(n, 0, said)
